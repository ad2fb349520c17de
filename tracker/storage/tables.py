"""Tables for analysis: views of the clinic, each column with its meaning.

One declaration makes the views, the heads of files, their types, the dictionary and what a copy
without identities leaves out, so that they cannot differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from sqlite_utils import Database

from tracker.domain.course.check_ins import SCALES, Answers


class Holds(StrEnum):
    """What a column holds; the value is SQLite's name for it."""

    TEXT = "TEXT"
    WHOLE = "INTEGER"
    REAL = "REAL"


class Keeps(StrEnum):
    """What a copy without identities has in the place of a column."""

    AS_IS = "as it is"
    PSEUDONYM = "a pseudonym"
    NOTHING = "left out"


@dataclass(frozen=True, slots=True)
class Column:
    """`sql` is the expression behind it, `meaning` says what it is, with its unit and range."""

    name: str
    holds: Holds
    meaning: str
    sql: str
    keeps: Keeps = Keeps.AS_IS


@dataclass(frozen=True, slots=True)
class Table:
    """One view; `rows` says what a row is, `source` is the SQL after FROM."""

    name: str
    rows: str
    columns: tuple[Column, ...]
    source: str

    @property
    def kept(self) -> tuple[Column, ...]:
        """The columns of a copy without identities."""
        return tuple(each for each in self.columns if each.keeps is not Keeps.NOTHING)


def _text(name: str, meaning: str, sql: str, keeps: Keeps = Keeps.AS_IS) -> Column:
    return Column(name, Holds.TEXT, meaning, sql, keeps)


def _real(name: str, meaning: str, sql: str) -> Column:
    return Column(name, Holds.REAL, meaning, sql)


def _whole(name: str, meaning: str, sql: str) -> Column:
    return Column(name, Holds.WHOLE, meaning, sql)


def _id(name: str, of: str, sql: str) -> Column:
    return Column(name, Holds.TEXT, f"id of the {of}", sql, Keeps.PSEUDONYM)


def _time(name: str, meaning: str, sql: str) -> Column:
    return Column(name, Holds.TEXT, f"{meaning}, UTC, ISO 8601", sql, Keeps.NOTHING)


def _day(name: str, meaning: str, at: str) -> Column:
    """Days, with a fraction, between the treatment and a time."""
    sql = f"round(julianday({at}) - julianday(treatments.performed_at), 3)"
    return Column(name, Holds.REAL, f"{meaning}, days since the treatment", sql)


def _hours(name: str, until: str, at: str) -> Column:
    sql = f"round((julianday({at}) - julianday(alerts.raised_at)) * 24, 2)"
    return Column(name, Holds.REAL, f"hours from the alert until {until}; empty if not yet", sql)


_OUT = Keeps.NOTHING
_CARED_FOR = "NOT IN (SELECT patient_id FROM care_withdrawn)"
_PATIENT = _id("patient", "patient", "treatments.patient_id")
_COURSE = _id("course", "course", "treatments.id")
_OF_COURSES = f"JOIN treatments ON treatments.patient_id {_CARED_FOR} AND treatments.id ="
# The newest reading of a photo that is not to be measured again; as courses are judged.
_NEWEST = "(SELECT max(id) FROM main.readings AS newest WHERE newest.photo_id = photos.id)"
_BAND = "doublings relative to the photo from before; 1 is twice as much"


def _answer(name: str) -> Column:
    sql = f"json_extract(check_ins.answers, '$.{name}')"
    if name == "trend":
        return _text(name, "against the day before: better, same, worse", sql)
    if name == "note":
        return _text(name, "the patient's own words", sql, _OUT)
    if name in SCALES:
        return _whole(name, f"0 to {SCALES[name]}; empty if not answered", sql)
    return _whole(name, "1 yes, 0 no; empty if not answered", sql)


TABLES: Final = (
    Table(
        "patients",
        "a patient with consent to care",
        (
            _id("patient", "patient", "people.id"),
            _text("name", "as the clinic writes it", "people.name", _OUT),
            _text("record_number", "of the clinic", "people.record_number", _OUT),
            _text("birth_date", "ISO 8601", "people.birth_date", _OUT),
            _text(
                "age",
                "ten years in which the age at the first treatment lies, such as 30-39; 80+ from 80"
                " on",
                "CASE WHEN age >= 80 THEN '80+'"
                " ELSE (age / 10 * 10) || '-' || (age / 10 * 10 + 9) END",
            ),
            _whole("skin_type", "Fitzpatrick, 1 to 6", "people.skin_type"),
            _text("history", "risks on record, a JSON list", "people.history"),
        ),
        f"""(SELECT *, CAST(strftime('%Y.%m%d', (SELECT min(performed_at) FROM treatments
             WHERE patient_id = people.id)) - strftime('%Y.%m%d', birth_date) AS INTEGER) AS age
             FROM people WHERE role = 'patient' AND id {_CARED_FOR}) AS people""",  # noqa: S608
    ),
    Table(
        "courses",
        "a treatment and what follows it",
        (
            _COURSE,
            _PATIENT,
            _whole(
                "session",
                "1 for the patient's first treatment of this kind",
                "row_number() OVER (PARTITION BY treatments.patient_id, kind"
                " ORDER BY performed_at, treatments.id)",
            ),
            _text("kind", "of treatment; its protocol has the same name", "kind"),
            _text("variant", "such as the depth of a peel", "variant"),
            _text("setting", "clinic or home", "setting"),
            _text("device", "as typed", "device", _OUT),
            _real("needle_depth_mm", "millimetres", "needle_depth_mm"),
            _whole("passes", "of the device", "passes"),
            _text("areas", "treated parts of the face, a JSON list", "areas"),
            _text("products", "used in the session, as typed, a JSON list", "products", _OUT),
            _time("performed_at", "when", "performed_at"),
            _day("ended_day", "when a person ended the course early", "ended_at"),
            _whole("is_mistake", "1 if it was entered by mistake", "ended_as_mistake"),
        ),
        f"treatments WHERE treatments.patient_id {_CARED_FOR}",
    ),
    Table(
        "photos",
        "a photo of a course, whatever became of it",
        (
            _id("photo", "photo", "photos.id"),
            _COURSE,
            _PATIENT,
            _day("day", "when it was taken", "photos.taken_at"),
            _time("taken_at", "when it was taken", "photos.taken_at"),
            _time("received_at", "when it came", "photos.received_at"),
            _text("role", "baseline or follow_up", "role"),
            _text("view", "front, left or right", "view"),
            _text("status", "such as measured or unmeasurable", "status"),
            _text("skin_state", "what was on the skin", "skin_state"),
            _text("faults", "why it was not measured, a JSON list", "faults"),
            _text("warnings", "what makes it less certain, a JSON list", "warnings"),
        ),
        f"main.photos {_OF_COURSES} photos.treatment_id",
    ),
    Table(
        "readings",
        "a region of a measured photo, by the newest method that measured it",
        (
            _id("photo", "photo", "photos.id"),
            _COURSE,
            _PATIENT,
            _day("day", "when the photo was taken", "photos.taken_at"),
            _text("region", "of the face; face is all of it", "region"),
            _real("redness", f"blood, {_BAND}", "redness"),
            _real("redness_sd", "its standard error, doublings", "redness_sd"),
            _real("pigment", f"melanin, {_BAND}", "pigment"),
            _real("pigment_sd", "its standard error, doublings", "pigment_sd"),
            _real("share", "part of the region that was seen, 0 to 1", "share"),
            _real("affected", "part of it that is clearly redder, 0 to 1", "affected"),
            _whole("redder_spots", "count", "redder_spots"),
            _whole("darker_spots", "count", "darker_spots"),
            _real("ita", "individual typology angle of the skin, degrees", "ita"),
            _real("asymmetry", "left cheek against right cheek, doublings", "asymmetry"),
            _text("reference", "what the light was compared by: card, skin, history", "reference"),
            _text("method", "version of the measurement", "method"),
        ),
        f"""region_readings JOIN main.readings ON readings.id = region_readings.reading_id
            JOIN main.photos ON photos.id = readings.photo_id AND photos.status = 'measured'
            AND readings.id = {_NEWEST} {_OF_COURSES} photos.treatment_id""",
    ),
    Table(
        "answers",
        "a check-in",
        (
            _id("check_in", "check-in", "check_ins.id"),
            _COURSE,
            _PATIENT,
            _day("day", "when the answers were given", "check_ins.at"),
            _time("given_at", "when they were given", "check_ins.at"),
            _time("received_at", "when they came", "check_ins.received_at"),
            *(_answer(each.name) for each in fields(Answers)),
        ),
        f"check_ins {_OF_COURSES} check_ins.treatment_id",
    ),
    Table(
        "alerts",
        "an alert",
        (
            _id("alert", "alert", "alerts.id"),
            _COURSE,
            _PATIENT,
            _text("concern", "what it names", "concern"),
            _text("level", "watch, review or urgent", "level"),
            _day("day", "when it was raised", "raised_at"),
            _time("raised_at", "when it was raised", "raised_at"),
            _real("probability", "of the concern when last judged, 0 to 1", "probability"),
            _real("onset_day", "when it is thought to have begun", "onset_day"),
            _text("regions", "a JSON list", "regions"),
            _hours("opened_after", "a person opened its page", "read_at"),
            _hours("seen_after", "a person marked it as seen", "acknowledged_at"),
            _hours("resolved_after", "it was resolved", "resolved_at"),
            _whole("escalations", "how often it was passed on", "escalations"),
            _text("outcome", "true, false or unclear; empty if no one said", "outcome"),
        ),
        f"main.alerts {_OF_COURSES} alerts.treatment_id",
    ),
)


def open_views(db: Database) -> None:
    """Make the views, for this connection alone."""
    for table in TABLES:
        named = ", ".join(f"{each.sql} AS {each.name}" for each in table.columns)
        sql = f"CREATE TEMP VIEW {table.name} AS SELECT {named} FROM {table.source}"  # noqa: S608
        db.execute(sql)


def rows_of(db: Database, table: Table, columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    """The rows of a view in a steady order, one after the other."""
    names = ", ".join(each.name for each in columns)
    sql = f"SELECT {names} FROM temp.{table.name} ORDER BY 1, 2, 3, 4"  # noqa: S608 (no input)
    yield from db.execute(sql)


def dictionary() -> str:
    """What each table and column is, in Markdown."""
    lines = []
    for table in TABLES:
        lines += [f"## {table.name}", f"A row is {table.rows}.", ""]
        lines += ["| column | type | meaning | in a copy without identities |", "|---|---|---|---|"]
        lines += [
            f"| `{each.name}` | {each.holds.name.lower()} | {each.meaning} | {each.keeps} |"
            for each in table.columns
        ]
        lines.append("")
    return "\n".join(lines)
