"""What the forms about the clinic hold, as typed values or errors by field."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import TypeVar

from tracker.audit import Act, Search
from tracker.clinic import Clinic, check_emergency_number, check_phone
from tracker.opening_hours import WEEKDAYS, OpeningHours, read_closed_days, read_spans
from tracker.people import Duty, Person, check_time_zone
from tracker.staff import STAFF_ROLES, Position, Reassignment, Status
from web.forms import Errors, sentence

T = TypeVar("T")
MOST_DIGITS = 6  # of the number of a page


def read_clinic(form: Mapping[str, str]) -> Clinic | Errors:
    """Numbers and hours; `edition` is that of the page on which they were written."""
    errors: dict[str, str] = {}

    def field(name: str, read: Callable[[str], T], otherwise: T) -> T:
        try:
            return read(form.get(name, "").strip())
        except ValueError as error:
            errors[name] = sentence(str(error))
            return otherwise

    hours = OpeningHours(
        time_zone=field("time_zone", check_time_zone, "UTC"),
        week=tuple(field(day.lower(), read_spans, ()) for day in WEEKDAYS),
        closed=field("closed", read_closed_days, ()),
    )
    clinic = Clinic(
        hours=hours,
        phone=field("phone", check_phone, ""),
        emergency_number=field("emergency_number", check_emergency_number, ""),
        edition=field("edition", int, 0),
    )
    return Errors(errors) if errors else clinic


def read_position(form: Mapping[str, str]) -> Position | Errors:
    """What somebody is to be at the clinic."""
    role = next((each for each in STAFF_ROLES if each == form.get("role")), None)
    if role is None:
        return Errors({"role": "Choose what the person is at the clinic."})
    duties = {Duty.ADMINISTRATION} if form.get("administration") == "yes" else set()
    is_suspended = form.get("status") == Status.SUSPENDED
    return Position(role, frozenset(duties), Status.SUSPENDED if is_suspended else Status.ACTIVE)


def read_reassignment(form: Mapping[str, str], person_id: str) -> Reassignment | Errors:
    """A new position, on top of the one that the page showed."""
    match read_position(form):
        case Errors() as errors:
            return errors
        case Position() as to:
            successor = form.get("hand_over_to") or None
            return Reassignment(person_id, form.get("was", ""), to, successor)


def read_turn(form: Mapping[str, str]) -> int | None:
    """Whose turn it is to be told, None for who leaves. Raises ValueError."""
    if form.get("leave") == "yes":
        return None
    turn = form.get("turn", "")
    if not turn.isdecimal():
        raise ValueError("choose a turn")
    return int(turn)


def read_page_number(query: Mapping[str, str]) -> int:
    """Which page of a list, the first is 1; the first for what is no number."""
    asked = query.get("page", "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < MOST_DIGITS else 1


def read_audit_search(
    query: Mapping[str, str], names: Mapping[str, str], reader: Person
) -> Search | Errors:
    """Which entries; days are those of the reader, `names` those that the reader may see, by id.

    Whoever else an entry is about is found by the beginning of the id.
    """
    errors: dict[str, str] = {}

    def midnight(name: str, extra_days: int) -> datetime | None:
        try:
            return _midnight(query.get(name, ""), extra_days, reader)
        except (ValueError, OverflowError):
            errors[name] = "Choose a day, or write it as 2026-12-24."
            return None

    since, until = midnight("since", 0), midnight("until", 1)
    if errors:
        return Errors(errors)
    return Search(
        by=query.get("by") or None,
        act=next((act for act in Act if act == query.get("act")), None),
        about=_about(query.get("about", "").strip(), names),
        since=since,
        until=until,
    )


def _midnight(text: str, extra_days: int, reader: Person) -> datetime | None:
    if not text:
        return None
    day = date.fromisoformat(text) + timedelta(days=extra_days)
    return reader.moment_of(day, hour=0)


def _about(text: str, names: Mapping[str, str]) -> frozenset[str] | None:
    if not text:
        return None
    named = (key for key, name in names.items() if text.casefold() in name.casefold())
    return frozenset(named) | {text.lower()}
