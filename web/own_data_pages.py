"""The pages about a patient's own data."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import ClassVar

from tracker.actions.show_own_data import OwnData
from tracker.looks import Look
from web.times import when


@dataclass(frozen=True, slots=True)
class LookerRow:
    """One person who looked: how many photos, when last, and each photo's line."""

    name: str
    photos: int
    last: str
    each: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnDataPage:
    """Who may see the patient's data, and who has looked at the photos."""

    template: ClassVar[str] = "patient_own_data.html"
    place: ClassVar[str] = "own_data"

    care_team: tuple[str, ...]
    lookers: tuple[LookerRow, ...]

    @property
    def title(self) -> str:
        """The page's name."""
        return "My data"


def own_data_page(own: OwnData, now: datetime) -> OwnDataPage:
    """My data, as it stands now."""
    by_person = sorted(own.looks, key=lambda look: look.person_id)  # stable: the latest stays first
    people = [tuple(of_one) for _, of_one in groupby(by_person, lambda look: look.person_id)]
    people.sort(key=lambda of_one: of_one[0].last_at, reverse=True)
    return OwnDataPage(
        care_team=tuple(person.name for person in own.care_team),
        lookers=tuple(_looker(of_one, own, now) for of_one in people),
    )


def _looker(looks: tuple[Look, ...], own: OwnData, now: datetime) -> LookerRow:
    zone = own.patient.zone
    return LookerRow(
        name=looks[0].name,
        photos=len(looks),
        last=when(looks[0].last_at, now, zone),
        each=tuple(_look_words(look, own, now) for look in looks),
    )


def _look_words(look: Look, own: OwnData, now: datetime) -> str:
    first, last, taken = (
        when(at, now, own.patient.zone) for at in (look.first_at, look.last_at, look.taken_at)
    )
    opened = f"opened {first}" if first == last else f"first opened {first}, last {last}"
    return f"Photo of {taken}: {opened}"
