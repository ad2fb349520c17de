"""A report is made and put on record: what areas and the command line call."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response
from PIL import UnidentifiedImageError

from tracker.actions.alerts.showing import AlertCase, show_alert
from tracker.actions.clinic.audit import record_export
from tracker.actions.clinic.clinic import show_clinic
from tracker.actions.course.pictures import show_picture
from tracker.actions.course.progress import (
    CourseSoFar,
    NoSuchCourse,
    NotTreated,
    judged,
    show_course,
    show_courses,
    show_numbered_course,
)
from tracker.domain.people.people import Person
from tracker.domain.protocols.protocols import ProtocolError
from tracker.wires.photo_files import PhotoUnreadable, Picture
from tracker.world import Database, World
from web.report.asking import Kind, Reader, Wanted
from web.report.contents import Material, contents_of, file_name, pair_of, pictures_of, within
from web.report.told import printed_alerts
from web.report.typesetting import framed, typeset
from web.words.telling import open_things, sure_standing, telling_of


@dataclass(frozen=True, slots=True)
class Report:
    """The file; its name says nothing about a person."""

    data: bytes
    kind: Kind

    @property
    def name(self) -> str:
        """What a browser calls the file."""
        return f"afterglow-report.{self.kind}"

    def response(self) -> Response:
        """The file to keep."""
        mimetype = "application/pdf" if self.kind is Kind.PDF else "image/png"
        disposition = {"Content-Disposition": f"attachment; filename={self.name}"}
        return Response(self.data, mimetype=mimetype, headers=disposition)


@dataclass(frozen=True, slots=True)
class NothingToPrint:
    """Why there is no report, in a sentence."""

    words: str


def make_report(
    db: Database, world: World, patient_id: str, wanted: Wanted, by: Person | None, now: datetime
) -> Report | NothingToPrint | None:
    """The report, on record before it is handed out; None when there is no such patient.

    `by` is None for the command line. A photo in it counts as looked at by `by`, and stays new: no
    one may have read the paper. Raises PlaceUnreachable without the store.
    """
    try:
        current = show_course(db, world.protocols, patient_id, now)
        course = _course(db, world, patient_id, wanted, current, now)
    except ProtocolError as error:
        return NothingToPrint(f"The course cannot be judged: {error}.")
    if not isinstance(course, CourseSoFar):
        return course
    what = f"report as {wanted.kind.upper()}, for a {wanted.reader}"
    record_export(db, by.id if by else None, patient_id, what, now)
    pictures = _pictures(db, world, within(course, wanted), by, now)
    series = [each.id for each in show_courses(db, patient_id)]
    found = Material(
        course=course,
        number=series.index(course.treatment.id) + 1,
        of=len(series),
        cases=_cases(db, world, within(course, wanted)),
        clinic=show_clinic(db),
        by=by,
        files=frozenset(pictures),
        **_own_words(current, course, wanted, now),
    )
    named = {file_name(*which): data for which, data in pictures.items()}
    return Report(
        typeset(contents_of(found, wanted, now), named, wanted.paper, wanted.kind, now),
        wanted.kind,
    )


def _course(
    db: Database,
    world: World,
    patient_id: str,
    wanted: Wanted,
    current: CourseSoFar | NotTreated | None,
    now: datetime,
) -> CourseSoFar | NothingToPrint | None:
    """The course that is wanted, whole."""
    match current:
        case None:
            return None
        case NotTreated():
            words = "No treatment is on record, so there is no course to print."
            return NothingToPrint(f"{words} Enter the treatment first.")
    if wanted.course is None:
        return current
    match show_numbered_course(db, world.protocols, patient_id, wanted.course, now):
        case NoSuchCourse(courses=1):
            return NothingToPrint("There is only one course; leave its number out.")
        case NoSuchCourse(courses=count):
            return NothingToPrint(f"There are {count} courses; choose a number from 1 to {count}.")
        case found:
            return found


def _pictures(
    db: Database, world: World, course: CourseSoFar, by: Person | None, now: datetime
) -> dict[tuple[str, Picture], bytes]:
    """Those that can be read, as SVG.

    The command line is no person whose look could be on record; its report is.
    """
    found = {}
    for photo, picture in pictures_of(pair_of(course)):
        viewer, about = (by.id if by else photo.patient_id), (photo.patient_id, photo.id)
        try:
            data = show_picture(db, world.files, viewer, *about, picture, now)
            found[photo.id, picture] = framed(data)
        except (PhotoUnreadable, UnidentifiedImageError):
            continue  # the report says so in its place
    return found


def _cases(db: Database, world: World, course: CourseSoFar) -> tuple[AlertCase, ...]:
    """The alerts to print, each with its history."""
    cases = (show_alert(db, world.protocols, each.id) for each in printed_alerts(course))
    return tuple(case for case in cases if case is not None)


def _own_words(
    current: CourseSoFar | NotTreated | None, course: CourseSoFar, wanted: Wanted, now: datetime
) -> dict[str, Any]:
    """What the patient reads now. How the skin recovers is said of the current course alone."""
    if wanted.reader is not Reader.PATIENT or not isinstance(current, CourseSoFar):
        return {}
    progress = judged(current, now)
    telling = telling_of(progress, now)
    is_now = current.treatment.id == course.treatment.id and wanted.is_whole
    is_told = is_now and current.care_withdrawn_at is None
    return {
        "open": open_things(telling, progress, now),
        "standing": sure_standing(progress, telling, now) if is_told else None,
    }
