"""Measuring again: what another method would make of photos, letting it count, trying once more.

A method that changes must not change old courses unseen: it reads their photos on trial first.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from statistics import median
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from analysis import VERSION
from analysis.face.faces import FindFace, find_face
from tracker.domain.alerts.alerts import Concern
from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.course.outlines import Basis
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus
from tracker.domain.course.readings import Reading, RegionReading, Trial
from tracker.domain.course.treatments import Treatment, days_since
from tracker.domain.people.people import Role, check_email
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.protocols.screening import risk_factors_of
from tracker.domain.recovery.recovery import Course, conclude
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.course import check_ins, outlines, photos, readings, screenings, treatments
from tracker.storage.people import people
from tracker.wires.compute import Analysed, NotMeasurable, analyse_bytes, analyse_stored
from tracker.wires.photo_files import PhotoFiles, PhotoUnreadable, Picture
from tracker.wires.processes import at_once, reads_store

DARKEST_FIRST = (-90.0, -30.0, 10.0, 28.0, 41.0, 55.0)  # classes of ITA, degrees (Chardin 1991)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Old:
    """A photo whose reading an earlier method made, and what it was measured against."""

    photo: Photo
    baseline: Photo
    basis: Basis


@dataclass(frozen=True, slots=True)
class Moved:
    """How far the readings of photos of one class of skin move.

    `ita` are the bounds of the class in degrees. Moves are medians and maxima over photos of the
    mean over regions, in doublings.
    """

    ita: tuple[float, float]
    photos: int
    refused: int
    redness: tuple[float, float]
    pigment: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Difference:
    """What would change if the present method counted.

    `opened` and `closed` are how many courses would have an alert about a concern, today, that they
    have not now, and the other way round. `untried` photos have not been read on trial, `unjudged`
    courses could not be judged. `refused_before` are photos of these courses that an earlier method
    refused, and that would be measured again with the others.
    """

    courses: int
    untried: int
    unjudged: int
    refused_before: int
    moved: tuple[Moved, ...]
    opened: Counter[Concern]
    closed: Counter[Concern]


def patient_of_address(db: Database, email: str) -> str:
    """The id of the patient who signs in with this address. Raises ValueError if there is none."""
    person = people.by_email(db, check_email(email))
    if person is None or person.role is not Role.PATIENT:
        raise ValueError(f"no patient signs in as {email}")
    return person.id


def old_photos(
    db: Database, patient_id: str | None = None, since: datetime | None = None
) -> list[Old]:
    """Photos that an earlier method measured and the present one has not read on trial yet."""
    return [
        old
        for treatment in treatments.cared_for(db, patient_id)
        for old in _old(db, treatment)
        if since is None or old.photo.taken_at >= since
        if readings.trial(db, old.photo.id, VERSION, old.basis) is None
    ]


def read_on_trial(
    db: Database,
    files: PhotoFiles,
    compute: Executor,
    waiting: Sequence[Old],
    find: FindFace = find_face,
) -> Iterator[Photo | Exception]:
    """Read photos by the present method, keep what it reads, and yield each photo that is done.

    Of one that could not be read the error is yielded; it is tried again the next time. It may be
    broken off and repeated: what is done stays done.
    """
    left = list(reversed(waiting))
    running: dict[Future[Analysed | NotMeasurable], Old] = {}
    while left or running:
        while left and len(running) < max(1, at_once(compute, files.url)):
            old = left.pop()
            if not _may_be_read(db, old.photo):
                continue
            try:
                running[_start(files, compute, old, find)] = old
            except (PhotoUnreadable, OSError) as error:
                yield error
        ended, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in ended:
            old = running.pop(future)
            failure = future.exception()
            if isinstance(failure, Exception):
                yield failure
                continue
            with writing(db):
                if _may_be_read(db, old.photo):
                    readings.keep_trial(db, old.photo.id, old.basis, _trial(future.result()))
            yield old.photo


def what_would_change(
    db: Database, protocols: Protocols, now: datetime, patient_id: str | None = None
) -> Difference:
    """Compare what counts with what was read on trial; nothing is written."""
    pairs: list[tuple[Reading, Trial]] = []
    opened: Counter[Concern] = Counter()
    closed: Counter[Concern] = Counter()
    courses = untried = unjudged = refused_before = 0
    for treatment in treatments.cared_for(db, patient_id):
        tried = {
            old.photo.id: readings.trial(db, old.photo.id, VERSION, old.basis)
            for old in _old(db, treatment)
        }
        known = {photo_id: trial for photo_id, trial in tried.items() if trial is not None}
        untried += len(tried) - len(known)
        if not known:
            continue
        courses += 1
        course = _course(db, treatment)
        pairs += [(r, known[r.photo_id]) for r in course.readings if r.photo_id in known]
        refused_before += sum(
            photo.status is PhotoStatus.UNMEASURABLE and photo.role is PhotoRole.FOLLOW_UP
            for photo in photos.of_treatment(db, treatment.id)
        )
        try:
            before, after = (
                _alerts(db, protocols, each, now) for each in (course, _changed(course, known))
            )
        except Exception:  # whatever it is, the other courses are reported
            log.exception("treatment %s could not be judged", treatment.id)
            unjudged += 1
            continue
        opened.update(after - before)
        closed.update(before - after)
    return Difference(courses, untried, unjudged, refused_before, _moves(pairs), opened, closed)


def let_it_count(db: Database, now: datetime, patient_id: str | None = None) -> int:
    """Let the worker measure all photos of an earlier method again; how many.

    Open alerts stay open while the photos of their course wait.
    """
    count = 0
    for treatment in treatments.cared_for(db, patient_id):
        if _old(db, treatment):
            with writing(db):
                count += photos.measure_again(db, treatment.id)
                entry = Entry(
                    Act.RECORD_CHANGED, now, None, treatment.patient_id, f"measured by {VERSION}"
                )
                audit_log.add(db, entry)
    return count


def try_photos_again(db: Database, patient_id: str) -> int:
    """How many photos of the patient wait to be measured now."""
    with writing(db):
        courses = {photo.treatment_id for photo in photos.of_patient(db, patient_id)}
        return sum(photos.try_again(db, treatment_id) for treatment_id in courses)


def _old(db: Database, treatment: Treatment) -> list[Old]:
    baseline = photos.baseline(db, treatment.id)
    methods = {r.photo_id: r.method for r in readings.of_treatment(db, treatment.id)}
    if baseline is None:
        return []
    return [
        Old(photo, baseline, outlines.basis_of(db, photo, baseline.id))
        for photo in photos.of_treatment(db, treatment.id)
        if photo.status is PhotoStatus.MEASURED and methods.get(photo.id, VERSION) != VERSION
    ]


def _start(
    files: PhotoFiles, compute: Executor, old: Old, find: FindFace
) -> Future[Analysed | NotMeasurable]:
    basis, is_turned = old.basis, old.basis.is_turned
    if reads_store(compute, files.url):
        both = files.one(old.photo.id), files.one(old.baseline.id)
        return compute.submit(
            analyse_stored,
            *both,
            basis.areas,
            basis.outlines,
            find,
            is_turned=is_turned,
            is_recalling=False,
        )
    baseline = files.load(old.baseline.id, Picture.PHOTO)
    is_itself = old.photo.id == old.baseline.id
    photo = baseline if is_itself else files.load(old.photo.id, Picture.PHOTO)
    return compute.submit(
        analyse_bytes, photo, baseline, basis.areas, basis.outlines, find, is_turned=is_turned
    )


def _may_be_read(db: Database, photo: Photo) -> bool:
    """Not when the patient was erased or withdrew consent meanwhile."""
    allowed = treatments.cared_for(db, photo.patient_id)
    return photos.get(db, photo.id) is not None and bool(allowed)


def _trial(result: Analysed | NotMeasurable) -> Trial:
    if isinstance(result, NotMeasurable):
        return Trial(VERSION, {}, result.fault)
    return Trial(result.method, result.regions)


def _course(db: Database, treatment: Treatment) -> Course:
    person = people.get(db, treatment.patient_id)
    return Course(
        treatment=treatment,
        readings=tuple(readings.of_treatment(db, treatment.id)),
        check_ins=tuple(check_ins.of_treatment(db, treatment.id)),
        zone=person.zone if person else ZoneInfo("UTC"),
    )


def _changed(course: Course, known: dict[str, Trial]) -> Course:
    """The course with the readings of the trial; a photo that it refuses has none."""
    by_trial = (
        replace(r, method=known[r.photo_id].method, regions=known[r.photo_id].regions)
        if r.photo_id in known
        else r
        for r in course.readings
    )
    return replace(course, readings=tuple(r for r in by_trial if r.regions))


def _alerts(
    db: Database, protocols: Protocols, course: Course, now: datetime
) -> frozenset[Concern]:
    """The concerns that are found today at the level of a mail."""
    treatment = course.treatment
    person = people.get(db, treatment.patient_id)
    risks = (
        risk_factors_of(person, screenings.of_treatment(db, treatment.id))
        if person
        else frozenset[str]()
    )
    protocol = protocols.of(treatment.kind).adapted_to(risks)
    return frozenset(
        finding.concern
        for finding in conclude(course, protocol, days_since(treatment, now))
        if finding.level is not None and finding.level.is_mailed
    )


def _moves(pairs: Iterable[tuple[Reading, Trial]]) -> tuple[Moved, ...]:
    """By class of skin, the darkest first; the class is that of the earlier reading."""
    by_class: dict[int, list[tuple[Reading, Trial]]] = {}
    for reading, trial in pairs:
        ita = median(region.ita for region in reading.regions.values())
        place = max((i for i, lowest in enumerate(DARKEST_FIRST) if ita >= lowest), default=0)
        by_class.setdefault(place, []).append((reading, trial))
    bounds = (*DARKEST_FIRST, 90.0)
    return tuple(
        Moved(
            ita=(bounds[place], bounds[place + 1]),
            photos=len(found),
            refused=sum(bool(trial.fault) for _, trial in found),
            redness=_move(found, attrgetter("redness.value")),
            pigment=_move(found, attrgetter("pigment.value")),
        )
        for place, found in sorted(by_class.items())
    )


def _move(
    found: Sequence[tuple[Reading, Trial]], value: Callable[[RegionReading], float]
) -> tuple[float, float]:
    moves = [
        sum(
            abs(value(trial.regions[name]) - value(region))
            for name, region in reading.regions.items()
            if name in trial.regions
        )
        / len(reading.regions)
        for reading, trial in found
        if not trial.fault
    ]
    return (median(moves), max(moves)) if moves else (0.0, 0.0)
