"""Everything that is kept about a patient, as files for the patient to download."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from tracker.domain.alerts.alerts import Alert
from tracker.domain.clinic.audit import Search
from tracker.domain.course.annotations import Annotation
from tracker.domain.course.check_ins import CheckIn
from tracker.domain.course.outlines import Marking
from tracker.domain.course.photos import EarlyPhoto, Photo, View
from tracker.domain.course.readings import Reading
from tracker.domain.course.sides import SidesAnswer
from tracker.domain.course.treatments import Correction, Treatment
from tracker.domain.mail.mails import Mail
from tracker.domain.own_data.consents import Consent
from tracker.domain.own_data.course_folders import (
    COURSE_FILE,
    CourseCheckIn,
    CourseFolder,
    CourseOutlines,
    CoursePhoto,
    course_text,
)
from tracker.domain.own_data.looks import Look
from tracker.domain.own_data.own_data import (
    READ_ME,
    Named,
    Row,
    ahead_row,
    alert_row,
    annotation_row,
    care_line_row,
    is_told_elsewhere,
    local_time,
    log_row,
    note_row,
    reading_rows,
    step_row,
)
from tracker.domain.people.people import Person
from tracker.domain.protocols.ahead import AheadAnswer
from tracker.domain.protocols.screening import Edition
from tracker.domain.talk.conversation import Message
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.clinic import audit_log
from tracker.storage.course import (
    ahead_answers,
    annotations,
    care_lines,
    check_ins,
    corrections,
    early_photos,
    outlines,
    photos,
    readings,
    screenings,
    sides,
    treatments,
)
from tracker.storage.mail import mails
from tracker.storage.own_data import consents, looks, records
from tracker.storage.people import people
from tracker.storage.talk import conversation, notes
from tracker.wires.archives import Entry
from tracker.wires.photo_files import PhotoFiles, PhotoUnreadable, Picture


@dataclass(frozen=True, slots=True)
class _Course:
    """All rows about one treatment."""

    treatment: Treatment
    photos: tuple[Photo, ...]
    readings: tuple[Reading, ...]
    check_ins: tuple[CheckIn, ...]
    alerts: tuple[Alert, ...]
    screenings: tuple[Edition, ...]
    annotations: tuple[Annotation, ...]
    steps: tuple[Row, ...]
    superseded: tuple[Reading, ...]
    corrections: tuple[Correction, ...]
    markings: Mapping[str, list[Marking]]
    sides_said: tuple[SidesAnswer, ...]
    ahead: tuple[AheadAnswer, ...]


def export_own_data(db: Database, files: PhotoFiles, patient: Person) -> Iterator[Entry]:
    """The files, one after the other; a course's folder is what `afterglow replay` reads.

    All rows are read before this returns: afterwards the database is no longer needed.
    """
    who = _people_named(db, patient)
    given = ahead_answers.of_patient(db, patient.id)
    courses = [
        _course(db, each, who, patient.zone, given)
        for each in treatments.of_patient(db, patient.id)
    ]
    about = _about(
        patient,
        [person for person, _ in people.care_team_of(db, patient.id)],
        looks.of_patient(db, patient.id),
        consents.of_patient(db, patient.id),
        photos.of_patient(db, patient.id),
        mails.of_recipient(db, patient.id),
    )
    said = conversation.of_patient(db, patient.id)
    early = early_photos.of_patient(db, patient.id)
    beside = [
        _json("notes.json", [note_row(n, patient.zone) for n in notes.of_patient(db, patient.id)]),
        _json("care-lines.json", _care_lines(db, patient, who)),
        _json("answers-ahead.json", _ahead(given, courses, patient.zone)),
        _json("log.json", _log(db, patient, who)),
    ]
    return _entries(files, patient, courses, about, said, beside, early)


def _people_named(db: Database, patient: Person) -> Named:
    """Everyone who may have said or done something about the patient, by id."""
    here = {person.id: person for person, *_ in people.staff(db)}
    return here | people.by_ids(db, records.elsewhere_of(db, patient.id)) | {patient.id: patient}


def _care_lines(db: Database, patient: Person, who: Named) -> list[Row]:
    given = care_lines.ever_of_patient(db, patient.id)
    return [care_line_row(line, ended_at, who, patient.zone) for line, ended_at in given]


def _log(db: Database, patient: Person, who: Named) -> list[Row]:
    """The oldest first."""
    by_and_about = {
        *audit_log.search(db, Search(by=patient.id)),
        *audit_log.search(db, Search(about=frozenset({patient.id}))),
    }
    told = sorted(by_and_about, key=lambda entry: (entry.at, entry.act))
    return [log_row(each, who, patient.zone) for each in told if not is_told_elsewhere(each)]


def _ahead(given: list[AheadAnswer], courses: list[_Course], zone: ZoneInfo) -> list[Row]:
    editions = {each.treatment.id: each.screenings for each in courses}
    return [ahead_row(each, editions.get(each.treatment_id or "", ()), zone) for each in given]


def _course(
    db: Database, treatment: Treatment, who: Named, zone: ZoneInfo, given: list[AheadAnswer]
) -> _Course:
    taken, told = photos.of_treatment(db, treatment.id), alerts.of_treatment(db, treatment.id)
    return _Course(
        treatment=treatment,
        photos=tuple(taken),
        readings=tuple(readings.of_treatment(db, treatment.id)),
        check_ins=tuple(check_ins.of_treatment(db, treatment.id)),
        alerts=tuple(told),
        screenings=tuple(screenings.editions(db, treatment.id)),
        annotations=tuple(annotations.of_treatment(db, treatment.id)),
        steps=tuple(
            step_row(alert, step, who, zone)
            for alert in told
            for step in alert_history.of_alert(db, alert.id)
        ),
        superseded=tuple(readings.superseded(db, treatment.id)),
        corrections=tuple(corrections.of_treatment(db, treatment.id)),
        markings={photo.id: outlines.of_baseline(db, photo.id) for photo in taken},
        sides_said=tuple(each for photo in taken for each in sides.of_photo(db, photo.id)),
        ahead=tuple(each for each in given if each.treatment_id == treatment.id),
    )


def _entries(
    files: PhotoFiles,
    patient: Person,
    courses: list[_Course],
    about: Mapping[str, object],
    said: list[Message],
    beside: list[Entry],
    early: list[EarlyPhoto],
) -> Iterator[Entry]:
    yield Entry("READ-ME.txt", READ_ME.encode())
    yield _json("about-me.json", about)
    yield from beside
    unreadable: list[str] = []
    yield from _conversation(files, patient, said, unreadable)
    for number, course in enumerate(courses, 1):
        day = patient.date_at(course.treatment.performed_at)
        folder = f"course-{number}-{course.treatment.kind.replace('_', '-')}-{day}"
        yield from _folder(files, patient, course, folder, unreadable)
    for number, photo in enumerate(early, 1):
        path = f"waiting/{number:03d}-{patient.date_at(photo.taken_at)}-{photo.view}.jpg"
        yield from _picture(files, photo.id, path, unreadable)
    if unreadable:
        missing = "These photos could not be read; please tell your clinic:\n"
        yield Entry("UNREADABLE.txt", (missing + "\n".join(unreadable) + "\n").encode())


def _conversation(
    files: PhotoFiles, patient: Person, said: list[Message], unreadable: list[str]
) -> Iterator[Entry]:
    lines: list[Row] = []
    for number, message in enumerate(said, 1):
        path = f"conversation/{number:03d}.jpg" if message.has_photo else None
        if path is not None:
            yield from _picture(files, message.id, path, unreadable)
        seen = [
            {"who": r.name, "at": local_time(r.seen_at, patient.zone)} for r in message.receipts
        ]
        at = local_time(message.at, patient.zone)
        words: Row = {"who": message.author, "at": at, "text": message.text, "photo": path}
        lines.append({**words, "seen_by": seen})
    yield _json("conversation.json", lines)


def _picture(files: PhotoFiles, kept_as: str, path: str, unreadable: list[str]) -> Iterator[Entry]:
    """One photo; one that storage has lost is named and left out, the others are saved."""
    try:
        yield Entry(path, files.load(kept_as, Picture.PHOTO), kept_as)
    except PhotoUnreadable:
        unreadable.append(path)


def _folder(
    files: PhotoFiles, patient: Person, course: _Course, folder: str, unreadable: list[str]
) -> Iterator[Entry]:
    named = {photo.id: _file_name(n, photo, patient) for n, photo in enumerate(course.photos, 1)}
    for photo in course.photos:
        yield from _picture(files, photo.id, f"{folder}/{named[photo.id]}", unreadable)
    kept = [
        photo
        for photo in course.photos
        if photo.view is View.FRONT and f"{folder}/{named[photo.id]}" not in unreadable
    ]
    story = CourseFolder(
        time_zone=patient.time_zone,
        skin_type=patient.skin_type,
        history=patient.history,
        treatment=course.treatment,
        photos=tuple(
            CoursePhoto(named[p.id], p.taken_at, p.role, p.skin_state, p.sides) for p in kept
        ),
        check_ins=tuple(
            CourseCheckIn(given.at, given.answers, given.is_as_before) for given in course.check_ins
        ),
        outlines=tuple(
            CourseOutlines(named[photo.id], version.at, version.outlines)
            for photo in kept
            for version in course.markings[photo.id]
        ),
        screening=course.screenings[-1].screening.answers if course.screenings else {},
    )
    yield Entry(f"{folder}/{COURSE_FILE}", course_text(story).encode())
    zone = patient.zone
    yield _csv(f"{folder}/readings.csv", reading_rows(course.readings, named, zone))
    yield _csv(f"{folder}/alerts.csv", (alert_row(alert, zone) for alert in course.alerts))
    if course.steps:
        yield _json(f"{folder}/alert-steps.json", course.steps)
    if course.superseded:
        earlier = reading_rows(course.superseded, named, zone)
        yield _csv(f"{folder}/earlier-readings.csv", earlier)
    yield _json(f"{folder}/treatment.json", _treatment_row(course, named, zone))
    if course.screenings:
        yield _json(f"{folder}/screening.json", course.screenings[-1].screening.answers)
    if course.annotations:
        drawn = [annotation_row(each, named, zone) for each in course.annotations]
        yield _json(f"{folder}/annotations.json", drawn)


def _treatment_row(course: _Course, named: Mapping[str, str], zone: ZoneInfo) -> Row:
    ending = course.treatment.ending
    screening = course.screenings[-1].screening if course.screenings else None
    return {
        "ended_early_at": local_time(ending.at if ending else None, zone),
        "ended_early_because": ending.why if ending else None,
        "was_entered_for_the_wrong_patient": course.treatment.is_withdrawn,
        "answers_entered_by": course.screenings[-1].by or "you" if screening else None,
        "answers_entered_at": local_time(screening.at if screening else None, zone),
        "answered_on_the_phone": [ahead_row(e, course.screenings, zone) for e in course.ahead],
        "done_all_the_same_because": (screening.reason if screening else "") or None,
        "shown_before_it_was_done": list(screening.warned) if screening else [],
        "earlier_screenings": [
            {
                "who": each.by or "you",
                "at": local_time(each.screening.at, zone),
                "why": each.screening.why,
                "answers": dict(each.screening.answers),
            }
            for each in course.screenings[:-1]
        ],
        "corrections": [
            {
                "who": each.by,
                "at": local_time(each.at, zone),
                "why": each.why,
                "before": treatments.columns_of(each.before),
            }
            for each in course.corrections
        ],
        "drawn": [
            {
                "file": named[photo_id],
                "who": version.by,
                "at": local_time(version.at, zone),
                "treated": version.outlines.treated,
                "untreated": version.outlines.untreated,
            }
            for photo_id, versions in course.markings.items()
            for version in versions
        ],
        "said_about_left_and_right": [
            {
                "file": named[each.photo_id],
                "who": each.said_by,
                "at": local_time(each.at, zone),
                "said": each.said,
            }
            for each in course.sides_said
        ],
    }


def _file_name(number: int, photo: Photo, patient: Person) -> str:
    name = f"{number:03d}-{photo.role.replace('_', '-')}-{patient.date_at(photo.taken_at)}"
    return f"{name}.jpg" if photo.view is View.FRONT else f"sides/{name}-{photo.view}.jpg"


def _about(
    patient: Person,
    team: list[Person],
    seen: list[Look],
    decided: list[Consent],
    owned: list[Photo],
    mails: list[Mail],
) -> dict[str, object]:
    zone, taken = patient.zone, {photo.id: photo.taken_at for photo in owned}
    return {
        "name": patient.name,
        "email": patient.email,
        "birth_date": patient.birth_date.isoformat() if patient.birth_date else None,
        "record_number": patient.record_number,
        "time_zone": patient.time_zone,
        "skin_type": patient.skin_type,
        "history": sorted(patient.history),
        "reminder_hour": patient.reminder_hour,
        "cared_for_by": [person.name for person in team],
        "who_opened_my_photos": [
            {
                "who": look.name,
                "photo_taken_at": local_time(look.taken_at, zone),
                "first_at": local_time(look.first_at, zone),
                "last_at": local_time(look.last_at, zone),
            }
            for look in seen
        ],
        "consents": [
            {
                "purpose": consent.purpose,
                "decision": consent.decision,
                "at": local_time(consent.at, zone),
                "photo_taken_at": local_time(taken.get(consent.photo_id or ""), zone),
            }
            for consent in decided
        ],
        "mails_to_me": [
            {
                "kind": mail.kind,
                "to": mail.to_address,
                "written_at": local_time(mail.created_at, zone),
                "sent_at": local_time(mail.sent_at, zone),
            }
            for mail in mails
        ],
    }


def _csv(path: str, rows: Iterable[Row]) -> Entry:
    """A table with a line of headings; an empty file when there are no rows."""
    table, filled = io.StringIO(), list(rows)
    writer = csv.DictWriter(table, filled[0].keys() if filled else ())
    if filled:
        writer.writeheader()
    writer.writerows(filled)
    return Entry(path, table.getvalue().encode())


def _json(path: str, value: object) -> Entry:
    return Entry(path, (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode())
