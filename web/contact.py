"""The numbers to call, and when the clinic is open."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask, g
from flask_login import current_user

from tracker.actions.clinic.clinic import show_clinic, show_contact
from tracker.domain.clinic.clinic import Clinic, dialled
from tracker.domain.clinic.opening_hours import (
    WEEKDAYS,
    Closed,
    Open,
    OpeningHours,
    at_hand,
    spans_words,
)
from tracker.domain.people.access import may_open_own_data
from tracker.domain.people.people import Person
from web import session
from web.words.times import moment_words


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number as people read it and as a phone dials it."""

    words: str
    href: str


@dataclass(frozen=True, slots=True)
class ClinicContact:
    """What a page shows with "call your clinic"; what the clinic has not entered is None or empty.

    `now` says whether it is open, `is_closed` that it is closed; `week` are the hours in the
    clinic's zone, for a page that is read much later than it was made.
    """

    phone: PhoneNumber | None
    emergency: PhoneNumber | None
    now: str
    is_closed: bool
    week: tuple[tuple[str, str], ...]


NO_CONTACT = ClinicContact(None, None, "", False, ())


def contact(clinic: Clinic, now: datetime, zone: ZoneInfo) -> ClinicContact:
    """In the words and the zone of the patient."""
    standing = at_hand(clinic.hours, now) if clinic.hours.are_known else None
    return ClinicContact(
        phone=_number(clinic.phone),
        emergency=_number(clinic.emergency_number),
        now=_standing_words(standing, now, zone),
        is_closed=isinstance(standing, Closed),
        week=_week(clinic.hours) if clinic.hours.are_known else (),
    )


def _number(number: str) -> PhoneNumber | None:
    return PhoneNumber(number, f"tel:{dialled(number)}") if number else None


def _standing_words(standing: Open | Closed | None, now: datetime, zone: ZoneInfo) -> str:
    match standing:
        case Open(until):
            return f"Open now, until {moment_words(until, now, zone)}."
        case Closed(opens):
            words = f"; opens {moment_words(opens, now, zone)}" if opens else ""
            return f"Closed now{words}."
        case None:
            return ""


def _week(hours: OpeningHours) -> tuple[tuple[str, str], ...]:
    return tuple(
        (day, spans_words(spans) or "closed")
        for day, spans in zip(WEEKDAYS, hours.week, strict=True)
    )


def init_app(app: Flask) -> None:
    """Give templates `contact()`, `clinic_name()`, and what tells who must enter a number."""
    app.jinja_env.globals.update(
        contact=_contact, clinic_name=_name, lacks_emergency_number=_lacks_emergency_number
    )


def _name() -> str:
    return show_clinic(session.resources().db).name


def _lacks_emergency_number() -> bool:
    return not show_clinic(session.resources().db).emergency_number


def _contact() -> ClinicContact:
    """For the patient who reads; computed once a request, by the pages that say "call"."""
    if "contact" not in g:
        g.contact = _found()
    found: ClinicContact = g.contact
    return found


def _found() -> ClinicContact:
    if not session.is_signed_in() or not may_open_own_data(current_user.viewer):
        return NO_CONTACT
    return contact_for(current_user.person)


def contact_for(patient: Person) -> ClinicContact:
    """How this patient reaches the clinic now; also for one who is invited and not signed in."""
    resources = session.resources()
    clinic = show_contact(resources.db, patient.id)
    return contact(clinic, resources.now, patient.zone) if clinic else NO_CONTACT
