"""When somebody is away, and for whom the same person stands in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.absences import Absence, may_stand_in
from tracker.people import Person
from tracker.storage import absences, people


@dataclass(frozen=True, slots=True)
class Absences:
    """`own` are the latest first; `others` those that last or are to come, in which this person is
    the deputy; `clashes` are absences of a deputy at the same time, by the id of the own one.

    `deputies` can be chosen, by name; `people` are all those named, by id.
    """

    own: tuple[Absence, ...]
    others: tuple[Absence, ...]
    clashes: Mapping[str, tuple[Absence, ...]]
    deputies: tuple[Person, ...]
    people: Mapping[str, Person]


def show_absences(db: Database, person: Person, now: datetime) -> Absences:
    """Collect them."""
    own = absences.of_person(db, person.id)
    coming = absences.not_over(db, now)
    others = [each for each in coming if each.deputy_id == person.id and may_stand_in(person)]
    staff = [each for each, _, _ in people.staff(db)]
    return Absences(
        own=tuple(own),
        others=tuple(others),
        clashes={
            each.id: tuple(
                other
                for other in coming
                if other.person_id == each.deputy_id and other.overlaps(each)
            )
            for each in own
            if not each.is_over(now)
        },
        deputies=tuple(each for each in staff if each.id != person.id and may_stand_in(each)),
        people={each.id: each for each in staff},
    )
