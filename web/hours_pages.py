"""The page on which administrators enter how the clinic is reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tracker.clinic import Clinic
from tracker.opening_hours import WEEKDAYS, spans_words
from tracker.people import Person, known_time_zones


@dataclass(frozen=True, slots=True)
class HoursPage:
    """Numbers and opening hours; `chosen` is what the form holds.

    `meanwhile` tells that somebody else has changed them since the page was opened.
    """

    template: ClassVar[str] = "clinic_hours.html"
    place: ClassVar[str] = "clinic"
    weekdays: ClassVar[Sequence[str]] = WEEKDAYS

    chosen: Mapping[str, str]
    zones: Sequence[str]
    errors: Mapping[str, str] = field(default_factory=dict)
    saved: bool = False
    meanwhile: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The page's name."""
        return "Opening hours and numbers"


def hours_page(clinic: Clinic, reader: Person, *, saved: bool) -> HoursPage:
    """What is kept; the clock is the reader's until the clinic's is known."""
    chosen = fields(clinic)
    if not clinic.edition:
        chosen["time_zone"] = reader.time_zone
    return HoursPage(chosen, known_time_zones(), saved=saved)


def wrong_hours_page(chosen: Mapping[str, str], errors: Mapping[str, str]) -> HoursPage:
    """The form as it was sent, with what is wrong."""
    return HoursPage(chosen, known_time_zones(), errors)


def outdated_hours_page(chosen: Mapping[str, str], theirs: Clinic) -> HoursPage:
    """The form as it was sent, beside what somebody else has kept meanwhile."""
    known = fields(theirs)
    differs = {name: words for name, words in known.items() if words != chosen.get(name, "")}
    return HoursPage(
        {**chosen, "edition": known["edition"]},
        known_time_zones(),
        meanwhile={name: words for name, words in differs.items() if name != "edition"},
    )


def fields(clinic: Clinic) -> dict[str, str]:
    """As the form writes them."""
    hours = clinic.hours
    days = zip(WEEKDAYS, hours.week, strict=True)
    return {
        "phone": clinic.phone,
        "emergency_number": clinic.emergency_number,
        "time_zone": hours.time_zone,
        **{day.lower(): spans_words(spans) for day, spans in days},
        "closed": "\n".join(str(days) for days in hours.closed),
        "edition": str(clinic.edition),
    }
