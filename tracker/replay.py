"""Replay a course through the same actions that the web uses, with the clock set to each event."""

import secrets
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from tracker.actions.course.checking_in import record_check_in
from tracker.actions.course.drawing import (
    Drawn,
    DrawnMeanwhile,
    NothingToDrawOn,
    Undrawable,
    draw_areas,
)
from tracker.actions.course.measuring import Measured, Unmeasured
from tracker.actions.course.receiving import (
    Accepted,
    AlreadyReceived,
    Early,
    NoTreatment,
    Refused,
    receive_photo,
)
from tracker.actions.course.treatments import begin_treatment
from tracker.domain.alerts.alerts import Alert
from tracker.domain.course.photos import Photo, Upload
from tracker.domain.course.readings import Estimate, FocalChanges
from tracker.domain.course.treatments import Treatment
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.domain.own_data.course_folders import (
    COURSE_FILE,
    CourseCheckIn,
    CourseError,
    CourseFolder,
    CourseOutlines,
    CoursePhoto,
    parse_course,
)
from tracker.domain.people.people import Person, Role
from tracker.domain.protocols.protocols import ProtocolError
from tracker.domain.protocols.screening import Screening
from tracker.environment import SECRET_BYTES
from tracker.settings import Settings
from tracker.storage.course import outlines, photos
from tracker.worker import send_once, work_once
from tracker.world import World, open_world

Line = Mapping[str, Any]


def read_course(folder: Path) -> CourseFolder:
    """Read a course folder; CourseError names file, field and remedy."""
    path = folder / COURSE_FILE
    try:
        story = parse_course(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CourseError(f"{path}: {error.strerror}; name a folder with a course.toml") from error
    except UnicodeDecodeError as error:
        raise CourseError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    for photo in story.photos:
        if not (folder / photo.file).is_file():
            message = f"{COURSE_FILE}: photos.file {photo.file} is missing; add it to the folder"
            raise CourseError(message)
    return story


@dataclass(frozen=True, slots=True)
class Replay:
    """A course that is fed into a world, for a patient who already exists."""

    world: World
    db: Database
    compute: Executor
    folder: Path
    story: CourseFolder
    patient_id: str

    def lines(self) -> Iterator[Line]:
        """Feed every event in time order and report its result, as the JSON Lines of a replay.

        Raises CourseError when no protocol fits the treatment or the answers before it.
        """
        treatment = self._begun()
        for event in self.story.events:
            match event:
                case CoursePhoto():
                    yield from self._photo(event, treatment)
                case CourseOutlines():
                    yield self._drawn(event, treatment)
                    yield from self._work(treatment, event.at, None)
                case CourseCheckIn(at, answers, is_as_before):
                    record_check_in(
                        self.db,
                        self.world.protocols,
                        self.patient_id,
                        answers,
                        at,
                        is_as_before=is_as_before,
                    )
                    yield from self._work(treatment, at, None)

    def _begun(self) -> Treatment:
        planned = replace(self.story.treatment, patient_id=self.patient_id)
        answers = self.story.screening
        screening = Screening(answers, planned.performed_at, by=None) if answers else None
        try:
            return begin_treatment(self.db, self.world.protocols, planned, screening)
        except ProtocolError as error:
            raise CourseError(f"{COURSE_FILE}: treatment.kind: {error}") from error
        except ValueError as error:
            raise CourseError(f"{COURSE_FILE}: treatment.screening: {error}") from error

    def _drawn(self, event: CourseOutlines, treatment: Treatment) -> Line:
        """Draw on the photo from before; the drawing is the patient's here, who is alone."""
        world, at = self.world, event.at
        head = {"type": "outlines", "file": event.file, "at": at.isoformat()}
        baseline = photos.baseline(self.db, treatment.id)
        if baseline is None:
            return head | {"status": "no_baseline"}
        done = draw_areas(
            self.db,
            world.files,
            treatment,
            baseline,
            event.drawn,
            self.patient_id,
            at,
            known=len(outlines.of_baseline(self.db, baseline.id)),
            find=world.find_face,
            apart=world.apart,
        )
        match done:
            case Drawn():
                return head | {"status": "drawn"}
            case Undrawable(troubles):
                faults = [f"{outline}: {fault}" for outline, fault in troubles]
                return head | {"status": "refused", "faults": faults}
            case DrawnMeanwhile() | NothingToDrawOn() | CareWithdrawn():
                return head | {"status": "refused", "faults": ["cannot_be_drawn_on"]}

    def _photo(self, event: CoursePhoto, treatment: Treatment) -> Iterator[Line]:
        upload = Upload(
            data=(self.folder / event.file).read_bytes(),
            role=event.role,
            taken_at=event.taken_at,
            skin_state=event.skin_state,
            sides=event.sides,
        )
        world = self.world
        outcome = receive_photo(
            self.db, world.files, self.patient_id, upload, event.at, world.find_face, world.apart
        )
        head = {
            "type": "photo",
            "file": event.file,
            "role": str(event.role),
            "taken_at": event.taken_at.isoformat(),
        }
        match outcome:
            case Refused(faults):
                yield head | {"status": "refused", "faults": list(faults)}
            case AlreadyReceived():
                yield head | {"status": "already_received"}
            case NoTreatment() | Early():
                yield head | {"status": "refused", "faults": ["no_treatment"]}
            case CareWithdrawn():
                yield head | {"status": "refused", "faults": ["care_withdrawn"]}
            case Accepted(photo):
                yield from self._work(treatment, event.at, (photo, head))

    def _work(
        self, treatment: Treatment, now: datetime, sent: tuple[Photo, Line] | None
    ) -> Iterator[Line]:
        done = work_once(self.world, self.db, self.compute, now, only_treatment=treatment.id)
        send_once(self.world, self.db, lambda: now)
        if sent is not None:
            photo, head = sent
            outcomes = [o for o in done.photos if o.photo.id == photo.id]
            yield {**head, **(_outcome(outcomes[0]) if outcomes else {"status": "waiting"})}
        for alert in done.alerts:
            yield _alert_line(alert, now.isoformat())


@contextmanager
def throw_away_world(protocols: Path | None) -> Iterator[World]:
    """A world in a temporary data folder that is deleted at the end; `protocols` as in Settings."""
    with tempfile.TemporaryDirectory(prefix="afterglow-replay-") as data:
        yield open_world(
            Settings(
                data=Path(data),
                secret=secrets.token_bytes(SECRET_BYTES),
                host="127.0.0.1",
                port=8000,
                base_url="http://127.0.0.1:8000",
                smtp_url=None,
                mail_from="Afterglow <afterglow@localhost>",
                protocols=protocols,
            )
        )


def patient_of(story: CourseFolder, name: str, email: str) -> Person:
    """The person whom a course is about, not yet stored."""
    return Person(
        id="",
        role=Role.PATIENT,
        name=name,
        email=email,
        time_zone=story.time_zone,
        skin_type=story.skin_type,
        history=story.history,
    )


def _outcome(outcome: Measured | Unmeasured) -> Line:
    if isinstance(outcome, Unmeasured):
        return {"status": "unmeasurable", "faults": list(outcome.photo.faults)}
    return {
        "status": "measured",
        "reference": str(outcome.reading.reference),
        "warnings": list(outcome.photo.warnings),
        "regions": {
            str(region): {
                "redness": _estimate(measured.redness),
                "pigment": _estimate(measured.pigment),
                **(_focal(measured.focal) if measured.focal else {}),
            }
            for region, measured in outcome.reading.regions.items()
        },
        "asymmetry": _estimate(outcome.reading.asymmetry) if outcome.reading.asymmetry else None,
    }


def _focal(focal: FocalChanges) -> Line:
    return {
        "affected": round(focal.affected, 4),
        "spots": {
            kind: {"count": spots.count, "share": round(spots.share, 4)}
            for kind, spots in (("redder", focal.redder), ("darker", focal.darker))
        },
    }


def _estimate(estimate: Estimate) -> Line:
    return {"value": round(estimate.value, 4), "sd": round(estimate.sd, 4)}


def _alert_line(alert: Alert, raised_at: str) -> Line:
    return {
        "type": "alert",
        "concern": str(alert.concern),
        "level": str(alert.level),
        "raised_at": raised_at,
        "regions": [str(region) for region in alert.regions],
        "probability": round(alert.probability, 4),
        "evidence": [{"what": f.what, "factor": f.factor} for f in alert.evidence],
    }
