"""What the forms about the clinic hold, as typed values or errors by field."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from tracker.clinic import Clinic, check_emergency_number, check_phone
from tracker.opening_hours import WEEKDAYS, OpeningHours, read_closed_days, read_spans
from tracker.people import check_time_zone
from web.forms import Errors, sentence

T = TypeVar("T")


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
