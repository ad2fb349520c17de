"""Templates of messages to patients: what the clinic says often, with places to fill in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tracker.domain.alerts.alerts import Concern
from tracker.domain.course.treatments import Treatment, day_number
from tracker.domain.people.people import Person

MAX_TITLE_LENGTH = 80
MAX_TEXT_LENGTH = 2000
PLACES: Mapping[str, str] = {
    "first name": "the first word of the patient’s name",
    "day": "how many days ago the treatment was, as in day 3",
    "me": "your name",
}
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class ReplyText:
    """What a template says; `concerns` are those it fits, none for any.

    Raises ValueError, with the remedy, for what cannot be a template.
    """

    title: str
    text: str
    concerns: frozenset[Concern] = frozenset()

    def __post_init__(self) -> None:
        if not 0 < len(self.title) <= MAX_TITLE_LENGTH:
            raise ValueError(f"write a title of at most {MAX_TITLE_LENGTH} characters")
        if not 0 < len(self.text) <= MAX_TEXT_LENGTH:
            raise ValueError(f"write a message of at most {MAX_TEXT_LENGTH} characters")
        known = ", ".join(f"{{{name}}}" for name in PLACES)
        for name in _PLACE.findall(self.text):
            if name.strip() not in PLACES:
                raise ValueError(f"{{{name}}} cannot be filled in; use {known} or no brackets")

    def fits(self, concern: Concern) -> bool:
        """Whether it is meant for an alert about this concern."""
        return not self.concerns or concern in self.concerns


@dataclass(frozen=True, slots=True)
class ReplyVersion:
    """What somebody made of a template at a moment; `number` grows over all templates."""

    number: int
    says: ReplyText
    author: str
    at: datetime
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class ReplyTemplate:
    """A template: as shipped with Afterglow, or as the clinic's latest version has it.

    `versions` oldest first; none where the clinic has left the shipped one as it is.
    """

    id: str
    shipped: ReplyText | None
    versions: tuple[ReplyVersion, ...] = ()

    @property
    def says(self) -> ReplyText:
        """How it stands."""
        if self.versions:
            return self.versions[-1].says
        if self.shipped is None:
            raise ValueError(f"template {self.id} has no text; it is neither shipped nor written")
        return self.shipped

    @property
    def read(self) -> int:
        """The number of the version that stands, 0 for the shipped one."""
        return self.versions[-1].number if self.versions else 0

    @property
    def is_withdrawn(self) -> bool:
        """Whether the clinic does not use it."""
        return bool(self.versions) and self.versions[-1].is_withdrawn


def filled(
    says: ReplyText, patient: Person, treatment: Treatment, writer: Person, now: datetime
) -> str:
    """The text for one patient; nothing but the known places is replaced."""
    day = day_number(treatment, now, patient.zone)
    values = {
        "first name": patient.name.split(maxsplit=1)[0],
        "day": f"day {day}" if day > 0 else "the day of your treatment",
        "me": writer.name,
    }
    return _PLACE.sub(lambda place: values.get(place[1].strip(), place[0]), says.text)
