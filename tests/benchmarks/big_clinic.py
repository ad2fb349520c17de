"""A clinic with years of data, made in a minute: many patients, courses, photos and alerts.

Rows are written in bulk and no photo is taken: it serves to measure the pages, not the pixels.
"""

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from uuid import UUID

from sqlite_utils import Database

from tracker.actions.people.accounts import add_person
from tracker.domain.alerts.alerts import Concern, Level, Source
from tracker.domain.course.treatments import AREAS, Region
from tracker.domain.people.people import Person, Role
from tracker.storage.columns import time_text
from tracker.storage.connection import writing
from tracker.world import World

Cell = str | int | float | None

PASSPHRASE = "only for this benchmark"
NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
COURSES = 4
CACHE_KB = 2_000_000
APART = timedelta(days=35)
OLDEST_DAYS = 400  # how long ago the latest course may have begun
FRESH = timedelta(days=60)  # courses that may still have a problem
OPEN_SHARE, IN_HAND_SHARE = 0.3, 0.3  # of those, with an alert that is not resolved
UNSEEN_SHARE, UNREAD_SHARE = 0.4, 0.03  # of those, and of all patients
MESSAGES = 10
ALERT_EVERY = 20  # photos of a long course, of which the first alert stays open
LATE = 4  # the first photo of a long course that came at once again
FIRST_NAMES = (
    "Amara", "Bjørn", "Chloé", "Devi", "Esther", "Fatou", "Grace", "Hồng", "Ingrid", "José",
    "Katarzyna", "Łukasz", "Marta", "Ngozi", "Olga", "Priya", "Quinn", "Rosa", "Søren", "Thandiwe",
    "Uma", "Valérie", "Wei", "Ximena", "Yusuf", "Zoë", "زينب", "יעל", "Александра", "美咲",
)  # fmt: skip
LAST_NAMES = (
    "Adeyemi", "Björk", "Castro", "Diallo", "Eze", "Ferreira", "García", "Hoang", "Ivanova",
    "Jansen", "Kowalski", "Lindqvist", "Mensah-Featherstonehaugh", "Nakamura", "Okafor", "Petrov",
    "Raghunathan", "Šimůnek", "Tran", "Weiß", "العلي", "כהן", "de la Fuente y Montenegro",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BigClinic:
    """The people who sign in: the practitioner of all patients, and one patient in mid-course."""

    practitioner: Person
    patient: Person


@dataclass(frozen=True, slots=True)
class _Course:
    patient_id: str
    id: str
    performed_at: datetime
    is_latest: bool
    is_fresh: bool
    photos: tuple[tuple[str, datetime], ...]


def found_clinic(
    world: World, patients: int, readings: int, seed: int, courses_each: int = COURSES
) -> BigClinic:
    """Fill an empty clinic; the same numbers and seed give the same clinic."""
    rng = random.Random(seed)  # noqa: S311  (a clinic to look at, no secret)
    with closing(world.connect()) as db:
        db.execute(
            f"PRAGMA cache_size = -{CACHE_KB}"
        )  # ids are random: each row is in another page
        dana, alice = _who_sign_in(db)
        ids = [alice.id, *(_id(rng) for _ in range(patients - 1))]
        with writing(db):
            _fill(db, "people", _people(ids[1:], rng))
            _fill(db, "care_team", _under(_CARE, ((dana.id, patient, 1) for patient in ids[1:])))
            photos = readings // patients // courses_each
            courses = list(_courses(ids, courses_each, photos, rng))
            _write_courses(db, courses, rng)
            _mark_seen(db, courses, rng)
            _write_alerts(db, courses, dana.id, rng)
            _write_messages(db, ids, dana.id, rng)
        db.execute("ANALYZE")
    return BigClinic(dana, alice)


def found_course(world: World, photos: int) -> BigClinic:
    """Fill an empty clinic with one patient, who sent a photo and answers on each of many days.

    An alert was raised every ALERT_EVERY photos. All are resolved but the first, the oldest. The
    photos after the first came late, so that no one has opened them.
    """
    rng = random.Random(photos)  # noqa: S311  (a clinic to look at, no secret)
    with closing(world.connect()) as db:
        dana, alice = _who_sign_in(db)
        began = NOW - timedelta(days=photos)
        taken = tuple((_id(rng), began + timedelta(days=n + 0.5)) for n in range(photos))
        course = _Course(alice.id, _id(rng), began, is_latest=True, is_fresh=True, photos=taken)
        with writing(db):
            _write_courses(db, [course], rng)
            _fill(db, "check_ins", _check_in_rows(course.photos[1::2], course, rng))
            db.execute("UPDATE photos SET seen_at = taken_at")
            came_late = [photo_id for photo_id, _ in taken[1:LATE]]
            db.execute(
                "UPDATE photos SET seen_at = NULL WHERE id IN (SELECT value FROM json_each(?))",
                [json.dumps(came_late)],
            )
            alerts = [
                _alert_row(course, photo, Concern.INFECTION, Level.REVIEW, rng)
                for photo in taken[::ALERT_EVERY]
            ]
            over = {"acknowledged_by": dana.id, "outcome": "false"}
            over |= dict.fromkeys(("acknowledged_at", "resolved_at"), time_text(NOW))
            _fill(db, "alerts", (alert | over for alert in alerts[1:]))
            _fill(db, "alerts", alerts[:1])
            _write_messages(db, [alice.id], dana.id, rng)
    return BigClinic(dana, alice)


def _who_sign_in(db: Database) -> tuple[Person, Person]:
    dana = Person("", Role.PRACTITIONER, "Dr Dana", "dana@clinic.example", "Europe/Berlin")
    alice = Person("", Role.PATIENT, "Alice", "alice@home.example", "Europe/Berlin")
    dana = add_person(db, dana, PASSPHRASE)
    return dana, add_person(db, alice, PASSPHRASE, cared_for_by=dana.id)


_HOW_MEASURED = ("method", "opencv", "reference", "residual")
_CARE = ("practitioner_id", "patient_id", "turn")


def _id(rng: random.Random) -> str:
    return UUID(int=rng.getrandbits(128), version=4).hex


def _fill(db: Database, table: str, rows: Iterable[Mapping[str, Cell]]) -> None:
    """Insert rows at once; all have the columns of the first."""
    listed = iter(rows)
    first = next(listed, None)
    if first is None:
        return
    names, places = ", ".join(first), ", ".join(f":{name}" for name in first)
    sql = f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608 (no input in it)
    db.conn.executemany(sql, chain([first], listed))


def _under(names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[dict[str, Cell]]:
    return (dict(zip(names, row, strict=True)) for row in rows)


def _people(ids: Sequence[str], rng: random.Random) -> Iterator[dict[str, Cell]]:
    for number, person_id in enumerate(ids):
        yield {
            "id": person_id,
            "role": "patient",
            "name": f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
            "email": f"patient{number:05}@home.example",
            "time_zone": rng.choice(("Europe/Berlin", "Africa/Lagos", "America/New_York")),
            "history": "[]",
        }


def _courses(
    ids: Sequence[str], courses_each: int, photos: int, rng: random.Random
) -> Iterator[_Course]:
    for number, patient_id in enumerate(ids):
        began = NOW - timedelta(days=3 if number == 0 else rng.uniform(0.3, OLDEST_DAYS))
        for back in range(courses_each):
            performed_at = began - back * APART
            days = min(30.0, (NOW - performed_at) / timedelta(days=1))
            taken = [
                performed_at + timedelta(days=days * (n + 0.5) / photos) for n in range(photos)
            ]
            pictures = tuple((_id(rng), at) for at in taken)
            is_fresh = back == 0 and NOW - began < FRESH
            yield _Course(patient_id, _id(rng), performed_at, back == 0, is_fresh, pictures)


def _write_courses(db: Database, courses: Sequence[_Course], rng: random.Random) -> None:
    areas = json.dumps(sorted(AREAS))
    treatments = (
        (c.id, c.patient_id, "microneedling", time_text(c.performed_at), "clinic", 1.5, areas)
        for c in courses
    )
    named = ("id", "patient_id", "kind", "performed_at", "setting", "needle_depth_mm", "areas")
    _fill(db, "treatments", _under(named, treatments))
    _fill(db, "photos", (row for course in courses for row in _photo_rows(course, rng)))
    photos = [photo for course in courses for photo in _measured(course)]
    _fill(
        db,
        "readings",
        _under(
            (*("id", "photo_id", "baseline_id", "areas"), *_HOW_MEASURED),
            (
                (n, photo, base, areas, "1", "4", "skin", 0.01)
                for n, (photo, base, _) in enumerate(photos)
            ),
        ),
    )
    _write_regions(db, photos)
    answered = (_check_in_rows(course.photos[::2], course, rng) for course in courses)
    _fill(db, "check_ins", chain.from_iterable(answered))


def _photo_rows(course: _Course, rng: random.Random) -> Iterator[dict[str, Cell]]:
    before = (_id_of_baseline(course), course.performed_at - timedelta(hours=1))
    for photo_id, taken_at in (before, *course.photos):
        at = time_text(taken_at)
        yield {
            "id": photo_id,
            "treatment_id": course.id,
            "patient_id": course.patient_id,
            "role": "baseline" if taken_at < course.performed_at else "follow_up",
            "status": "measured",
            "taken_at": at,
            "received_at": at,
            "skin_state": "clean",
            "digest": photo_id,
        }


def _id_of_baseline(course: _Course) -> str:
    return f"b{course.id[1:]}"


def _measured(course: _Course) -> Iterator[tuple[str, str, float]]:
    """Each photo with its baseline and its day."""
    for photo_id, taken_at in course.photos:
        day = (taken_at - course.performed_at) / timedelta(days=1)
        yield photo_id, _id_of_baseline(course), day


def _write_regions(db: Database, photos: Sequence[tuple[str, str, float]]) -> None:
    """All regions of a photo by one statement; what they differ by follows from their numbers."""
    same = {
        "redness_sd": 0.05,
        "pigment_sd": 0.04,
        "lab_l": 60.0,
        "lab_a": 14.0,
        "lab_b": 16.0,
        "ita": 30.0,
        "erythema_index": 0.2,
        "melanin_index": 0.3,
        "share": 1.0,
        "redder_spots": 2,
        "redder_share": 0.01,
        "darker_spots": 1,
        "darker_share": 0.005,
    }
    regions = ", ".join(f"({n}, '{region}')" for n, region in enumerate(Region))
    noise = "((:reading * 7919 + column1 * 104729) % 1009 / 1009.0 - 0.5)"
    sql = f"""
        INSERT INTO region_readings
            (reading_id, region, redness, pigment, affected, {", ".join(same)})
        SELECT :reading, column2, :redness + 0.14 * {noise}, 0.1 * {noise}, :affected,
            {", ".join(map(str, same.values()))}
        FROM (VALUES {regions})"""  # noqa: S608 (no input in it)
    days = (day for _, _, day in photos)
    db.conn.executemany(
        sql,
        (
            {"reading": n, "redness": 1.4 * 0.5 ** (day / 1.5), "affected": 0.3 * 0.5 ** (day / 3)}
            for n, day in enumerate(days)
        ),
    )


def _check_in_rows(
    photos: Sequence[tuple[str, datetime]], course: _Course, rng: random.Random
) -> Iterator[dict[str, Cell]]:
    answers = json.dumps({"pain": 1, "itch": 1, "swelling": 0, "trend": "same", "note": ""})
    for _, taken_at in photos:
        at = time_text(taken_at)
        yield {
            "id": _id(rng),
            "treatment_id": course.id,
            "patient_id": course.patient_id,
            "at": at,
            "answers": answers,
            "received_at": at,
        }


def _mark_seen(db: Database, courses: Sequence[_Course], rng: random.Random) -> None:
    """Everything was opened, except the last photos of a few."""
    new = []
    for course in courses:
        left = rng.randint(1, 3) if course.is_fresh and rng.random() < UNSEEN_SHARE else 0
        new += [photo_id for photo_id, _ in course.photos[len(course.photos) - left :]]
    db.execute(
        "UPDATE photos SET seen_at = taken_at WHERE id NOT IN (SELECT value FROM json_each(?))",
        [json.dumps(new)],
    )


def _write_alerts(
    db: Database, courses: Sequence[_Course], reader_id: str, rng: random.Random
) -> None:
    concerns = [concern for concern in Concern if concern is not Concern.SILENCE]
    rows: list[dict[str, Cell]] = []
    for course in courses:
        fate = rng.random() if course.is_fresh else 1.0
        if course.is_latest and fate >= OPEN_SHARE + IN_HAND_SHARE:
            continue
        is_open, is_silent = fate < OPEN_SHARE, fate < OPEN_SHARE / 4
        is_resolved = fate >= OPEN_SHARE + IN_HAND_SHARE
        photo_id, taken_at = course.photos[-1]
        raised_at = taken_at - timedelta(minutes=rng.randrange(3000))
        concern = Concern.SILENCE if is_silent else rng.choice(concerns)
        level = Level.WATCH if is_silent else rng.choice(list(Level))
        answered_at = time_text(raised_at)
        rows.append(
            _alert_row(course, (photo_id, raised_at), concern, level, rng)
            | {
                "photo_id": None,
                "acknowledged_at": None if is_open else answered_at,
                "acknowledged_by": None if is_open else reader_id,
                "resolved_at": answered_at if is_resolved else None,
                "outcome": rng.choice(("true", "false", "unclear")) if is_resolved else None,
            }
        )
    _fill(db, "alerts", rows)


def _alert_row(
    course: _Course,
    photo: tuple[str, datetime],
    concern: Concern,
    level: Level,
    rng: random.Random,
) -> dict[str, Cell]:
    """An alert that nobody has opened, raised when the photo was taken."""
    evidence = [("second rise, left cheek, since day 3", 14.0), ("pain worse", 5.0)] * 2
    return {
        "id": _id(rng),
        "patient_id": course.patient_id,
        "treatment_id": course.id,
        "concern": str(concern),
        "level": str(level),
        "raised_at": time_text(photo[1]),
        "probability": 0.8,
        "onset_day": 3.0,
        "regions": json.dumps(["left_cheek"]),
        "evidence": json.dumps([[*e, Source.PHOTOS] for e in evidence]),
        "photo_id": photo[0],
        "engine": "1",
        "protocol": "microneedling 1",
    }


def _write_messages(db: Database, ids: Sequence[str], reader_id: str, rng: random.Random) -> None:
    messages, receipts = [], []
    for patient_id in ids:
        waits = rng.random() < UNREAD_SHARE
        for number in range(MESSAGES):
            message_id, at = _id(rng), NOW - timedelta(hours=5 * (MESSAGES - number))
            author, reader = (patient_id, reader_id) if number % 2 else (reader_id, patient_id)
            messages.append(
                (message_id, patient_id, author, time_text(at), "Is this normal?", 0, message_id)
            )
            if number < MESSAGES - 1 or not waits:
                receipts.append((message_id, reader, time_text(at)))
    named = ("id", "patient_id", "author_id", "at", "text", "has_photo", "key")
    _fill(db, "remarks", _under(named, messages))
    _fill(db, "remark_receipts", _under(("remark_id", "person_id", "seen_at"), receipts))
