"""Everything that is kept about a patient, as files that the patient can take away."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from tracker.alerts import Alert
from tracker.annotations import Annotation, Place
from tracker.archives import Entry
from tracker.check_ins import CheckIn
from tracker.consents import Consent
from tracker.conversation import Remark
from tracker.courses import COURSE_FILE, CourseCheckIn, CoursePhoto, CourseStory, course_text
from tracker.looks import Look
from tracker.messages import Message
from tracker.notes import Note
from tracker.outlines import Marking
from tracker.people import Person
from tracker.photo_files import PhotoFiles, PhotoMissing, Picture
from tracker.photos import Photo, View
from tracker.readings import Reading
from tracker.screening import Screening
from tracker.storage import (
    alerts,
    annotations,
    check_ins,
    consents,
    conversation,
    corrections,
    looks,
    messages,
    notes,
    outlines,
    people,
    photos,
    readings,
    screenings,
    treatments,
)
from tracker.treatments import Correction, Treatment

Row = Mapping[str, object]

READ_ME = """\
This is everything that Afterglow keeps about you.

about-me.json      your account, who cares for you, who opened your photos, what you allowed,
                   mails to you
notes.json         what your clinic noted about you, with every version
conversation.json  what you and your clinic wrote to each other; its photos are in conversation/
course-*/          one folder for each treatment:
  course.toml      the treatment, your photos and your answers
  *.jpg            your photos as they were kept: without place and camera data
  sides/           photos from the side, which are looked at but not measured
  readings.csv     what was measured, by photo and region. Redness and pigment are doublings
                   against your photo from before: 0 is as before, 1 is twice as much; sd is the
                   error (one standard deviation)
  alerts.csv       what the clinic was told, and why
  earlier-readings.csv
                   what was measured before the method or the areas changed; it counts no more
  screening.json   what was asked before the treatment
  treatment.json   what was corrected about the treatment, why it ended early if it did, why it was
                   done though an answer spoke against it, and the areas drawn on your photo from
                   before (corners as shares of its width and height), with every version
  annotations.json what the clinic drew on your photos, with every version. Places are shares of the
                   picture from its left and top: of a photo from the side the photo itself, else
                   the crop of the face in which all days lie alike

Heat maps are drawn from the photos and not included.
Anyone with Afterglow can measure a course again: afterglow replay course-...
"""


@dataclass(frozen=True, slots=True)
class _Course:
    """All rows about one treatment."""

    treatment: Treatment
    photos: tuple[Photo, ...]
    readings: tuple[Reading, ...]
    check_ins: tuple[CheckIn, ...]
    alerts: tuple[Alert, ...]
    screening: Screening | None
    annotations: tuple[Annotation, ...]
    superseded: tuple[Reading, ...]
    corrections: tuple[Correction, ...]
    markings: Mapping[str, list[Marking]]


def export_own_data(db: Database, files: PhotoFiles, patient: Person) -> Iterator[Entry]:
    """The files, one after the other; a course's folder is what `afterglow replay` reads.

    All rows are read before this returns: afterwards the database is not needed any more.
    """
    courses = [_course(db, each) for each in treatments.of_patient(db, patient.id)]
    about = _about(
        patient,
        [person for person, _ in people.care_team_of(db, patient.id)],
        looks.of_patient(db, patient.id),
        consents.of_patient(db, patient.id),
        photos.of_patient(db, patient.id),
        messages.of_recipient(db, patient.id),
    )
    said = conversation.of_patient(db, patient.id)
    noted = [_note_row(note, patient.zone) for note in notes.of_patient(db, patient.id)]
    return _entries(files, patient, courses, about, said, noted)


def _course(db: Database, treatment: Treatment) -> _Course:
    taken = photos.of_treatment(db, treatment.id)
    return _Course(
        treatment=treatment,
        photos=tuple(taken),
        readings=tuple(readings.of_treatment(db, treatment.id)),
        check_ins=tuple(check_ins.of_treatment(db, treatment.id)),
        alerts=tuple(alerts.of_treatment(db, treatment.id)),
        screening=screenings.of_treatment(db, treatment.id),
        annotations=tuple(annotations.of_treatment(db, treatment.id)),
        superseded=tuple(readings.superseded(db, treatment.id)),
        corrections=tuple(corrections.of_treatment(db, treatment.id)),
        markings={photo.id: outlines.of_baseline(db, photo.id) for photo in taken},
    )


def _entries(
    files: PhotoFiles,
    patient: Person,
    courses: list[_Course],
    about: Mapping[str, object],
    said: list[Remark],
    noted: list[Row],
) -> Iterator[Entry]:
    yield Entry("READ-ME.txt", READ_ME.encode())
    yield _json("about-me.json", about)
    yield _json("notes.json", noted)
    unreadable: list[str] = []
    yield from _conversation(files, patient, said, unreadable)
    for number, course in enumerate(courses, 1):
        day = patient.date_at(course.treatment.performed_at)
        folder = f"course-{number}-{course.treatment.kind.replace('_', '-')}-{day}"
        yield from _folder(files, patient, course, folder, unreadable)
    if unreadable:
        missing = "These photos could not be read; please tell your clinic:\n"
        yield Entry("UNREADABLE.txt", (missing + "\n".join(unreadable) + "\n").encode())


def _conversation(
    files: PhotoFiles, patient: Person, said: list[Remark], unreadable: list[str]
) -> Iterator[Entry]:
    lines: list[Row] = []
    for number, remark in enumerate(said, 1):
        path = f"conversation/{number:03d}.jpg" if remark.has_photo else None
        if path is not None:
            yield from _picture(files, remark.id, path, unreadable)
        seen = [{"who": r.name, "at": _time(r.seen_at, patient.zone)} for r in remark.receipts]
        at = _time(remark.at, patient.zone)
        words: Row = {"who": remark.author, "at": at, "text": remark.text, "photo": path}
        lines.append({**words, "seen_by": seen})
    yield _json("conversation.json", lines)


def _picture(files: PhotoFiles, kept_as: str, path: str, unreadable: list[str]) -> Iterator[Entry]:
    """One photo; one that the store has lost is named and left out, the others are saved."""
    try:
        yield Entry(path, files.load(kept_as, Picture.PHOTO))
    except PhotoMissing:
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
    story = CourseStory(
        time_zone=patient.time_zone,
        skin_type=patient.skin_type,
        history=patient.history,
        treatment=course.treatment,
        photos=tuple(CoursePhoto(named[p.id], p.taken_at, p.role, p.skin_state) for p in kept),
        check_ins=tuple(CourseCheckIn(given.at, given.answers) for given in course.check_ins),
    )
    yield Entry(f"{folder}/{COURSE_FILE}", course_text(story).encode())
    zone = patient.zone
    yield _csv(f"{folder}/readings.csv", _reading_rows(course.readings, named, zone))
    yield _csv(f"{folder}/alerts.csv", (_alert_row(alert, zone) for alert in course.alerts))
    if course.superseded:
        earlier = _reading_rows(course.superseded, named, zone)
        yield _csv(f"{folder}/earlier-readings.csv", earlier)
    yield _json(f"{folder}/treatment.json", _treatment_row(course, named, zone))
    if course.screening is not None:
        yield _json(f"{folder}/screening.json", course.screening.answers)
    if course.annotations:
        drawn = [_annotation_row(each, named, zone) for each in course.annotations]
        yield _json(f"{folder}/annotations.json", drawn)


def _treatment_row(course: _Course, named: Mapping[str, str], zone: ZoneInfo) -> Row:
    ending = course.treatment.ending
    return {
        "ended_early_at": _time(ending.at if ending else None, zone),
        "ended_early_because": ending.why if ending else None,
        "done_all_the_same_because": (course.screening.reason if course.screening else "") or None,
        "corrections": [
            {
                "who": each.by,
                "at": _time(each.at, zone),
                "why": each.why,
                "before": treatments.columns_of(each.before),
            }
            for each in course.corrections
        ],
        "drawn": [
            {
                "file": named[photo_id],
                "who": version.by,
                "at": _time(version.at, zone),
                "treated": version.outlines.treated,
                "untreated": version.outlines.untreated,
            }
            for photo_id, versions in course.markings.items()
            for version in versions
        ],
    }


def _file_name(number: int, photo: Photo, patient: Person) -> str:
    name = f"{number:03d}-{photo.role.replace('_', '-')}-{patient.date_at(photo.taken_at)}"
    return f"{name}.jpg" if photo.view is View.FRONT else f"sides/{name}-{photo.view}.jpg"


def _reading_rows(
    read: tuple[Reading, ...], named: Mapping[str, str], zone: ZoneInfo
) -> Iterator[Row]:
    for reading in read:
        for region, seen in reading.regions.items():
            yield {
                "file": named.get(reading.photo_id, ""),
                "taken_at": _time(reading.taken_at, zone),
                "region": region,
                "redness": seen.redness.value,
                "redness_sd": seen.redness.sd,
                "pigment": seen.pigment.value,
                "pigment_sd": seen.pigment.sd,
                "lab_l": seen.lab[0],
                "lab_a": seen.lab[1],
                "lab_b": seen.lab[2],
                "ita": seen.ita,
                "erythema_index": seen.erythema_index,
                "melanin_index": seen.melanin_index,
                "share": seen.share,
                "reference": reading.reference,
                "method": reading.method,
            }


def _alert_row(alert: Alert, zone: ZoneInfo) -> Row:
    return {
        "raised_at": _time(alert.raised_at, zone),
        "concern": alert.concern.words,
        "level": alert.level,
        "probability": alert.probability,
        "why": "; ".join(factor.what for factor in alert.evidence),
        "seen_at": _time(alert.acknowledged_at, zone),
        "resolved_at": _time(alert.resolved_at, zone),
        "outcome": alert.outcome,
    }


def _annotation_row(drawn: Annotation, named: Mapping[str, str], zone: ZoneInfo) -> Row:
    return {
        "file": named.get(drawn.photo_id, ""),
        "versions": [
            {
                "shape": version.drawing.shape,
                "places": [_shares(place) for place in version.drawing.places],
                "note": version.drawing.note,
                "who": version.author,
                "at": _time(version.at, zone),
                "withdrawn": version.is_withdrawn,
            }
            for version in drawn.versions
        ],
    }


def _note_row(note: Note, zone: ZoneInfo) -> Row:
    return {
        "versions": [
            {
                "text": version.says.text,
                "pinned": version.says.is_pinned,
                "who": version.author,
                "at": _time(version.at, zone),
                "withdrawn": version.is_withdrawn,
            }
            for version in note.versions
        ]
    }


def _shares(place: Place) -> dict[str, float]:
    return {"from_left": place[0], "from_top": place[1]}


def _about(
    patient: Person,
    team: list[Person],
    seen: list[Look],
    decided: list[Consent],
    owned: list[Photo],
    mails: list[Message],
) -> dict[str, object]:
    zone, taken = patient.zone, {photo.id: photo.taken_at for photo in owned}
    return {
        "name": patient.name,
        "email": patient.email,
        "time_zone": patient.time_zone,
        "skin_type": patient.skin_type,
        "history": sorted(patient.history),
        "reminder_hour": patient.reminder_hour,
        "cared_for_by": [person.name for person in team],
        "who_opened_my_photos": [
            {
                "who": look.name,
                "photo_taken_at": _time(look.taken_at, zone),
                "first_at": _time(look.first_at, zone),
                "last_at": _time(look.last_at, zone),
            }
            for look in seen
        ],
        "consents": [
            {
                "purpose": consent.purpose,
                "decision": consent.decision,
                "at": _time(consent.at, zone),
                "photo_taken_at": _time(taken.get(consent.photo_id or ""), zone),
            }
            for consent in decided
        ],
        "mails_to_me": [
            {
                "kind": mail.kind,
                "to": mail.to_address,
                "written_at": _time(mail.created_at, zone),
                "sent_at": _time(mail.sent_at, zone),
            }
            for mail in mails
        ],
    }


def _time(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat()


def _csv(path: str, rows: Iterable[Row]) -> Entry:
    """A table with a line of headings; an empty file when there is nothing to tell."""
    table, filled = io.StringIO(), list(rows)
    writer = csv.DictWriter(table, filled[0].keys() if filled else ())
    if filled:
        writer.writeheader()
    writer.writerows(filled)
    return Entry(path, table.getvalue().encode())


def _json(path: str, value: object) -> Entry:
    return Entry(path, (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode())
