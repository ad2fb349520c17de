"""The work list, the ward round through it, and whether the list has changed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from tracker.domain.alerts.alerts import CourseAlert, Stage, worst_first
from tracker.domain.course.treatments import Treatment, day_number
from tracker.domain.desk.ward_round import Standing
from tracker.domain.desk.worklist import (
    Excerpt,
    Group,
    LatestPhotos,
    Place,
    RankedPatient,
    WorklistQuery,
    excerpt,
    gauge,
    next_waiting,
    ranked_all,
    waiting_of,
)
from tracker.domain.people.absences import Absence
from tracker.domain.people.people import Person
from tracker.domain.protocols.protocols import Protocols
from tracker.storage.alerts import alerts
from tracker.storage.course import check_ins, early_photos, photos, treatments
from tracker.storage.desk import worklist
from tracker.storage.mail import mails
from tracker.storage.own_data import records
from tracker.storage.people import absences, people
from tracker.storage.talk import conversation

LATELY = timedelta(days=14)  # so long a row says that its record came from elsewhere


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One patient in care.

    `day` counts calendar days since the treatment; `alerts` are those not resolved yet, of any
    treatment, worst first; `mail_trouble` means that a mail to or about the patient has not been
    sent; `came_from` is the clinic from which the record came in the last two weeks, else empty;
    `photos` is None before the first one since the treatment.
    """

    patient: Person
    ranked: RankedPatient
    treatment: Treatment | None
    day: int | None
    alerts: tuple[CourseAlert, ...]
    photos: LatestPhotos | None
    mail_trouble: bool
    came_from: str


@dataclass(frozen=True, slots=True)
class StoodIn:
    """An absent person for whom the reader deputises, with how many patients that brings."""

    absent: Person
    absence: Absence
    patients: int


@dataclass(frozen=True, slots=True)
class Worklist:
    """The page that was asked for, with rows for all that it shows.

    `coming` are absences for which the reader will deputise; `own_absence` is the reader's own,
    while it lasts. All people named in one of them, or who handled an alert, are in `named`, by id.
    """

    excerpt: Excerpt
    stood_in: tuple[StoodIn, ...]
    coming: tuple[Absence, ...]
    own_absence: Absence | None
    named: Mapping[str, Person]
    rows: tuple[WorklistRow, ...]
    folded: Mapping[Group, tuple[WorklistRow, ...]]


def show_worklist(
    db: Database, protocols: Protocols, reader: Person, query: WorklistQuery, now: datetime
) -> Worklist:
    """One page of the patients in a person's care, or of those for whom the reader deputises."""
    absent_ids = absences.stood_in_for_by(db, reader, now)
    known = worklist.facts_of(db, reader.id, absent_ids, now)
    part = excerpt(ranked_all(known, protocols, now), query, reader.id)
    not_over = absences.not_over(db, now)
    lasting = {each.person_id: each for each in not_over if each.lasts_at(now)}
    deputies = {each.deputy_id for each in not_over if each.deputy_id is not None}
    shown = [*part.rows, *(each for group in part.folded.values() for each in group)]
    handlers = {who for each in shown for alert in each.facts.alerts for who in alert.handled_by}
    named = people.by_ids(db, {each.person_id for each in not_over} | deputies | handlers)
    lent = Counter(facts.in_place_of for facts in known)
    rows = _rows(db, shown, now)
    return Worklist(
        excerpt=part,
        stood_in=tuple(StoodIn(named[each], lasting[each], lent[each]) for each in absent_ids),
        coming=tuple(e for e in not_over if e.deputy_id == reader.id and not e.lasts_at(now)),
        own_absence=lasting.get(reader.id),
        named=named,
        rows=tuple(rows[each.facts.patient_id] for each in part.rows),
        folded={
            group: tuple(rows[each.facts.patient_id] for each in folded)
            for group, folded in part.folded.items()
        },
    )


def _rows(db: Database, shown: Iterable[RankedPatient], now: datetime) -> dict[str, WorklistRow]:
    """What the page shows about each patient, read for all of them at once."""
    by_patient = {each.facts.patient_id: each for each in shown}
    gauges = {
        e.facts.treatment_id: gauge(e.facts) for e in by_patient.values() if e.facts.treatment_id
    }
    alerted = {alert.treatment_id for e in by_patient.values() for alert in e.facts.alerts}
    patients = people.by_ids(db, by_patient)
    courses = treatments.by_ids(db, gauges.keys() | alerted)
    latest = worklist.latest_photos(db, gauges)
    in_trouble = mails.with_trouble(db)
    came_from = records.came_since(db, now - LATELY)
    rows = {}
    for patient_id, each in by_patient.items():
        facts, patient = each.facts, patients[patient_id]
        treatment = courses[facts.treatment_id] if facts.treatment_id else None
        rows[patient_id] = WorklistRow(
            patient=patient,
            ranked=each,
            treatment=treatment,
            day=None if treatment is None else day_number(treatment, now, patient.zone),
            alerts=tuple(
                CourseAlert(alert, courses[alert.treatment_id])
                for alert in worst_first(facts.alerts)
            ),
            photos=latest.get(facts.treatment_id or ""),
            mail_trouble=patient_id in in_trouble,
            came_from=came_from.get(patient_id, ""),
        )
    return rows


def find_next_waiting(
    db: Database, protocols: Protocols, reader: Person, patient_id: str, now: datetime
) -> str | None:
    """The id of the patient after this one who waits, or of the first; None when no other does."""
    return next_waiting(_ranked(db, protocols, reader, now), patient_id)


def _ranked(
    db: Database, protocols: Protocols, reader: Person, now: datetime
) -> list[RankedPatient]:
    absent_ids = absences.stood_in_for_by(db, reader, now)
    return ranked_all(worklist.facts_of(db, reader.id, absent_ids, now), protocols, now)


@dataclass(frozen=True, slots=True)
class RoundStop:
    """The patient whom a ward round goes on to, None after the last; `waiting` counts all."""

    patient_id: str | None
    place: Place | None
    waiting: int


def find_round_stop(
    db: Database, protocols: Protocols, reader: Person, after: Place | None, now: datetime
) -> RoundStop:
    """The first patient who waits after a place in the list, so that a round ends."""
    waiting = waiting_of(_ranked(db, protocols, reader, now))
    found = next((each for each in waiting if after is None or each.place > after), None)
    if found is None:
        return RoundStop(None, None, len(waiting))
    return RoundStop(found.facts.patient_id, found.place, len(waiting))


@dataclass(frozen=True, slots=True)
class RoundCase:
    """A patient in a ward round: the row of the list, and what an answer must know.

    `named` are the staff who handled an alert, by id; `earlier` and `later` count those who wait
    and come before and after this patient in the list.
    """

    row: WorklistRow
    standing: Standing
    named: Mapping[str, Person]
    earlier: int
    later: int


def show_round_case(
    db: Database, protocols: Protocols, reader: Person, patient_id: str, now: datetime
) -> RoundCase | None:
    """A patient in the reader's care, waiting or not; None for any other."""
    ranked = _ranked(db, protocols, reader, now)
    found = next((each for each in ranked if each.facts.patient_id == patient_id), None)
    if found is None:
        return None
    standing = read_standing(db, protocols, patient_id)
    waiting = waiting_of(ranked)
    handlers = {who for alert in standing.alerts for who in alert.handled_by}
    absent = {found.facts.in_place_of} if found.facts.in_place_of else set()
    return RoundCase(
        row=_rows(db, [found], now)[patient_id],
        standing=standing,
        named=people.by_ids(db, handlers | absent),
        earlier=sum(each.place < found.place for each in waiting),
        later=sum(each.place > found.place for each in waiting),
    )


def read_standing(db: Database, protocols: Protocols, patient_id: str) -> Standing:
    """What an answer in the round must know; within a transaction, as it is then."""
    about = alerts.of_patient(db, patient_id)
    courses = treatments.of_patient(db, patient_id)
    return Standing(
        alerts=tuple(worst_first(a for a in about if a.stage is not Stage.RESOLVED)),
        courses={each.id: each for each in courses},
        check_ins=tuple(check_ins.of_patient(db, patient_id)),
        memory=max(each.answer_memory for each in protocols.by_kind.values()),
        messages=tuple(conversation.of_patient(db, patient_id)),
        unseen=(*photos.unseen(db, patient_id), *early_photos.unseen(db, patient_id)),
        photos=tuple(p for course in courses for p in photos.of_treatment(db, course.id)),
        given_up=tuple(each for each in photos.given_up(db) if each.patient_id == patient_id),
        early=tuple(early_photos.of_patient(db, patient_id)),
    )


def tell_worklist_version(db: Database, reader: Person, now: datetime) -> str:
    """A text that changes when anything changes that the list may show.

    A new day, and an absence that begins or ends, change it too, although nothing is written then.
    """
    absent = absences.stood_in_for_by(db, reader, now)
    return "-".join([str(worklist.version(db)), reader.date_at(now).isoformat(), *absent])
