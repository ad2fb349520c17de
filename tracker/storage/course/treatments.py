"""Treatments, and whether new data waits to be judged."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database

from tracker.domain.course.photos import PhotoRole
from tracker.domain.course.procedures import Ending, Procedure, Product, ProductUse
from tracker.domain.course.session_plans import SessionPlan
from tracker.domain.course.treatments import Region, Setting, Treatment
from tracker.storage.columns import (
    names_text,
    optional_time_text,
    read_names,
    read_optional_time,
    read_time,
    time_text,
)

log = logging.getLogger(__name__)
SOMETHING_HANGS = """(EXISTS (SELECT 1 FROM photos WHERE treatment_id = treatments.id)
    OR EXISTS (SELECT 1 FROM check_ins WHERE treatment_id = treatments.id)
    OR EXISTS (SELECT 1 FROM alerts
        WHERE patient_id = treatments.patient_id AND treatment_id = treatments.id))"""


def insert(db: Database, treatment: Treatment) -> None:
    """Add a treatment."""
    db.table("treatments").insert({"id": treatment.id, **columns_of(treatment)})


def update(db: Database, treatment: Treatment) -> None:
    """Replace the facts on record by these; `corrections` keeps the earlier ones."""
    db.table("treatments").update(treatment.id, columns_of(treatment))


def get(db: Database, treatment_id: str) -> Treatment:
    """The treatment with this id; KeyError if there is none."""
    for row in db.query("SELECT * FROM treatments WHERE id = ?", [treatment_id]):
        return read(row)
    raise KeyError(treatment_id)


def by_ids(db: Database, ids: Iterable[str]) -> dict[str, Treatment]:
    """The treatments with these ids, by id."""
    sql = "SELECT * FROM treatments WHERE id IN (SELECT value FROM json_each(?))"
    return {row["id"]: read(row) for row in db.query(sql, [names_text(ids)])}


def current(db: Database, patient_id: str, now: datetime) -> Treatment | None:
    """The patient's latest treatment, or the next one planned if none has been done yet.

    One that was withdrawn counts only without any of these, while something hangs on it: what was
    sent for it and its alerts must not leave the pages.
    """
    given = next(iter(done(db, patient_id, now)), None) or planned(db, patient_id, now)
    if given is not None:
        return given
    sql = f"""SELECT * FROM treatments WHERE patient_id = ? AND {SOMETHING_HANGS}
              ORDER BY performed_at DESC, id LIMIT 1"""  # noqa: S608 (text of ours)
    return next((read(row) for row in db.query(sql, [patient_id])), None)


def for_answers(db: Database, patient_id: str, now: datetime) -> Treatment | None:
    """The treatment to which answers given at `now` belong.

    A phone may send answers after their treatment was withdrawn; they are judged all the same.
    """
    sql = "SELECT * FROM treatments WHERE patient_id = ? ORDER BY performed_at DESC, id LIMIT 1"
    rows = db.query(sql, [patient_id])
    return current(db, patient_id, now) or next((read(row) for row in rows), None)


def done(db: Database, patient_id: str, now: datetime) -> list[Treatment]:
    """All treatments that this patient has had, the latest first; without those withdrawn."""
    sql = """SELECT * FROM treatments WHERE patient_id = ? AND performed_at <= ?
             AND NOT ended_as_mistake ORDER BY performed_at DESC, id"""
    return [read(row) for row in db.query(sql, [patient_id, time_text(now)])]


def of_patient(db: Database, patient_id: str) -> list[Treatment]:
    """All treatments of a patient, done, planned or withdrawn, oldest first."""
    sql = "SELECT * FROM treatments WHERE patient_id = ? ORDER BY performed_at, id"
    return [read(row) for row in db.query(sql, [patient_id])]


def cared_for(db: Database, patient_id: str | None) -> list[Treatment]:
    """All treatments, or those of one patient, whose photos may be measured."""
    sql = """SELECT * FROM treatments WHERE (:patient IS NULL OR patient_id = :patient)
             AND patient_id NOT IN (SELECT patient_id FROM care_withdrawn)
             ORDER BY performed_at, id"""
    return [treatment for _, treatment in _readable(db.query(sql, {"patient": patient_id}))]


def kinds(db: Database) -> frozenset[str]:
    """The kinds of treatment on record."""
    return frozenset(row["kind"] for row in db.query("SELECT DISTINCT kind FROM treatments"))


def of_kind(db: Database, kind: str) -> list[Treatment]:
    """All treatments of a kind, oldest first."""
    sql = "SELECT * FROM treatments WHERE kind = ? ORDER BY performed_at, id"
    return [read(row) for row in db.query(sql, [kind])]


def heard_since(db: Database, kind: str, since: datetime) -> list[Treatment]:
    """The treatments of a kind with a photo or answer since, the latest first.

    One without any photo or answer counts from the day it was done.
    """
    sql = """SELECT * FROM treatments WHERE kind = :kind AND NOT ended_as_mistake AND (
                 EXISTS (SELECT 1 FROM photos
                     WHERE treatment_id = treatments.id AND received_at >= :since)
                 OR EXISTS (SELECT 1 FROM check_ins
                     WHERE treatment_id = treatments.id AND received_at >= :since)
                 OR performed_at >= :since
                     AND NOT EXISTS (SELECT 1 FROM photos WHERE treatment_id = treatments.id)
                     AND NOT EXISTS (SELECT 1 FROM check_ins WHERE treatment_id = treatments.id))
             ORDER BY performed_at DESC, id"""
    return [read(row) for row in db.query(sql, {"kind": kind, "since": time_text(since)})]


def planned(db: Database, patient_id: str, now: datetime) -> Treatment | None:
    """The patient's next treatment after `now`; none that was withdrawn."""
    sql = """SELECT * FROM treatments WHERE patient_id = ? AND performed_at > ?
             AND NOT ended_as_mistake ORDER BY performed_at, id LIMIT 1"""
    rows = db.query(sql, [patient_id, time_text(now)])
    return next((read(row) for row in rows), None)


def for_photo(db: Database, patient_id: str, role: PhotoRole, now: datetime) -> Treatment | None:
    """The treatment to which a photo that comes now belongs.

    One from before belongs to the session that is planned, if one is.
    """
    next_one = planned(db, patient_id, now) if role is PhotoRole.BASELINE else None
    return next_one or current(db, patient_id, now)


def planned_until(db: Database, now: datetime, until: datetime) -> list[Treatment]:
    """Each patient's next treatment after `now`, if it is planned for `until` or earlier.

    Patients who have withdrawn consent to care are left out, and rows that cannot be read.
    """
    sql = """SELECT * FROM treatments WHERE performed_at > :now AND performed_at <= :until
             AND NOT ended_as_mistake
             AND patient_id NOT IN (SELECT patient_id FROM care_withdrawn)
             ORDER BY performed_at DESC, id DESC"""
    rows = db.query(sql, {"now": time_text(now), "until": time_text(until)})
    return list({each.patient_id: each for _, each in _readable(rows)}.values())


def plan_of(db: Database, patient_id: str) -> SessionPlan | None:
    """The plan of the patient's sessions."""
    for row in db.query("SELECT * FROM session_plans WHERE patient_id = ?", [patient_id]):
        return SessionPlan(**{**row, "made_at": read_time(row["made_at"])})
    return None


def keep_plan(db: Database, plan: SessionPlan) -> None:
    """Put the plan in the place of an earlier one."""
    row = {**asdict(plan), "made_at": time_text(plan.made_at)}
    db.table("session_plans").insert(row, pk="patient_id", replace=True)


def latest_between(db: Database, earliest: datetime, now: datetime) -> list[Treatment]:
    """Each patient's latest treatment up to `now`, if it was done at `earliest` or later.

    A course that was ended early is left out, and so are all before it. Also left out are patients
    who have withdrawn consent to care, and rows that cannot be read.
    """
    sql = """SELECT * FROM treatments WHERE performed_at BETWEEN :earliest AND :now
             AND NOT EXISTS (SELECT 1 FROM treatments AS later
                 WHERE later.patient_id = treatments.patient_id AND NOT later.ended_as_mistake
                   AND later.performed_at > treatments.performed_at AND later.performed_at <= :now)
             AND ended_at IS NULL
             AND patient_id NOT IN (SELECT patient_id FROM care_withdrawn)
             ORDER BY performed_at, id"""
    values = {"earliest": time_text(earliest), "now": time_text(now)}
    return [each for _, each in _readable(db.query(sql, values))]


def last_heard(db: Database, treatment_id: str) -> datetime | None:
    """When the latest photo or answer of a treatment arrived; None when there is none."""
    sql = """SELECT max(at) AS at FROM (
                 SELECT received_at AS at FROM photos WHERE treatment_id = :id
                 UNION ALL SELECT received_at AS at FROM check_ins WHERE treatment_id = :id)"""
    (row,) = db.query(sql, {"id": treatment_id})
    return read_optional_time(row["at"])


def tell_news(db: Database, treatment_id: str) -> None:
    """Record that a reading or an answer has arrived that is not judged yet."""
    db.execute("UPDATE treatments SET news = news + 1 WHERE id = ?", [treatment_id])


def with_news(db: Database, only: str | None) -> list[tuple[Treatment, int]]:
    """The treatments to be judged (or just the one named), each with its count of new data.

    Those of patients who have withdrawn consent to care wait. A row that cannot be read is logged
    and left out, so that it holds up no other; it stays unjudged, which the health page shows.
    """
    sql = """SELECT * FROM treatments WHERE news > judged AND (:only IS NULL OR id = :only)
             AND patient_id NOT IN (SELECT patient_id FROM care_withdrawn)
             ORDER BY performed_at, id"""
    return [(each, row["news"]) for row, each in _readable(db.query(sql, {"only": only}))]


def unjudged_since(db: Database, treatment_id: str) -> datetime | None:
    """When all data that had arrived was last judged; None if that is not on record."""
    sql = "SELECT judged, judged_at FROM treatments WHERE id = ?"
    for row in db.query(sql, [treatment_id]):
        if row["judged"] == 0:
            return datetime.min.replace(tzinfo=UTC)
        return read_optional_time(row["judged_at"])
    return None


def judged(db: Database, treatment_id: str, news: int, at: datetime) -> bool:
    """Record that the first `news` pieces were judged `at`; later ones stay unjudged.

    False when another worker has judged as many or more: a result without those is outdated.
    """
    sql = """UPDATE treatments SET judged = :news, judged_at = :at
             WHERE id = :id AND judged < :news"""
    values = {"news": news, "id": treatment_id, "at": time_text(at)}
    return bool(db.execute(sql, values).rowcount == 1)


def last_entered_by(db: Database, person_id: str, kind: str) -> Treatment | None:
    """The treatment of this kind that a person entered last, for whichever patient."""
    sql = """SELECT treatments.* FROM treatments
             JOIN screening_editions ON treatment_id = treatments.id AND edition = 1
             WHERE kind = ? AND by_id = ? AND NOT ended_as_mistake ORDER BY at DESC LIMIT 1"""
    return next((read(row) for row in db.query(sql, [kind, person_id])), None)


def devices(db: Database) -> list[tuple[str, str]]:
    """Every device that was used here, with its maker, the latest used first."""
    sql = """SELECT device, maker, max(performed_at) AS used FROM treatments WHERE device <> ''
             GROUP BY device, maker ORDER BY used DESC, device, maker"""
    return [(row["device"], row["maker"]) for row in db.query(sql)]


def _readable(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Treatment]]:
    """The rows that can be read, each with its treatment; the others are logged by their id."""
    for row in rows:
        try:
            yield row, read(row)
        except Exception as error:  # noqa: BLE001  (whatever it is, the other courses need their turn)
            log.error("treatment %s cannot be read: %s", row["id"], type(error).__name__)  # noqa: TRY400


def columns_of(treatment: Treatment) -> dict[str, Any]:
    """All facts about a treatment as they are written; `read` reads them."""
    procedure, ending = treatment.procedure, treatment.ending
    return {
        "patient_id": treatment.patient_id,
        "kind": treatment.kind,
        "performed_at": time_text(treatment.performed_at),
        "setting": str(treatment.setting),
        "needle_depth_mm": treatment.needle_depth_mm,
        "areas": names_text(sorted(treatment.areas)),
        "variant": treatment.variant,
        "device": procedure.device,
        "maker": procedure.maker,
        "passes": procedure.passes,
        "products": json.dumps([asdict(each) for each in procedure.products], ensure_ascii=False),
        "performed_by": procedure.performed_by,
        "ended_at": optional_time_text(ending.at if ending else None),
        "ended_by": ending.by if ending else None,
        "ended_why": ending.why if ending else "",
        "ended_as_mistake": int(ending.is_mistake) if ending else 0,
    }


def read(row: Mapping[str, Any]) -> Treatment:
    """The treatment that `columns_of` wrote, under its id."""
    ended_at = read_optional_time(row["ended_at"])
    return Treatment(
        id=row["id"],
        patient_id=row["patient_id"],
        kind=row["kind"],
        performed_at=read_time(row["performed_at"]),
        setting=Setting(row["setting"]),
        needle_depth_mm=row["needle_depth_mm"],
        areas=frozenset(Region(name) for name in read_names(row["areas"])),
        variant=row["variant"],
        procedure=Procedure(
            device=row["device"],
            maker=row["maker"],
            passes=row["passes"],
            products=tuple(
                Product(each["name"], ProductUse(each["use"]), each["batch"])
                for each in json.loads(row["products"])
            ),
            performed_by=row["performed_by"],
        ),
        ending=Ending(
            ended_at, row["ended_by"], row["ended_why"], bool(row.get("ended_as_mistake", 0))
        )
        if ended_at
        else None,
    )
