"""Absences: when a person who cares for patients is away, and who deputises."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tracker.domain.people.people import Person

LONGEST = timedelta(days=366)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Absence:
    """A person is away from `begins_at` until `ends_at`, which are whole days in `time_zone`.

    `deputy_id` is the deputy; None when the next in turn is to be asked. `ended_at` is when it was
    ended early, None if it was not.
    """

    id: str
    person_id: str
    deputy_id: str | None
    begins_at: datetime
    ends_at: datetime
    time_zone: str
    entered_at: datetime
    ended_at: datetime | None = None

    @property
    def first_day(self) -> date:
        """The first day away, in the time zone in which it was entered."""
        return self.begins_at.astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def last_day(self) -> date:
        """The last day away, or the day on which it was ended early."""
        last = self.ends_at - timedelta(microseconds=1)
        return max(last, self.begins_at).astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def was_called_off(self) -> bool:
        """Whether it was ended before it began."""
        return self.ends_at <= self.begins_at

    def lasts_at(self, moment: datetime) -> bool:
        """Whether the person is away at a given time."""
        return self.begins_at <= moment < self.ends_at

    def is_over(self, now: datetime) -> bool:
        """Whether it has ended, or was called off before it began."""
        return self.ends_at <= now or self.was_called_off

    def overlaps(self, other: "Absence") -> bool:
        """Whether there is a time at which both last."""
        return max(self.begins_at, other.begins_at) < min(self.ends_at, other.ends_at)


@dataclass(frozen=True, slots=True)
class Leave:
    """The days that a person wants to be away, both included, and who shall deputise."""

    first_day: date
    last_day: date
    deputy_id: str | None


def planned(absence_id: str, person: Person, leave: Leave, now: datetime) -> Absence:
    """The absence; ValueError with the remedy when the days are not valid."""
    if leave.last_day < leave.first_day:
        raise ValueError("the last day comes before the first; swap them")
    if leave.last_day < person.date_at(now):
        raise ValueError("these days are over; choose days from today on")
    if leave.last_day - leave.first_day >= LONGEST:
        raise ValueError("that is longer than a year; enter a shorter one")
    if leave.first_day - person.date_at(now) > LONGEST:
        raise ValueError("that begins more than a year from now; check the days")
    return Absence(
        id=absence_id,
        person_id=person.id,
        deputy_id=leave.deputy_id,
        begins_at=max(person.moment_of(leave.first_day, 0), now),
        ends_at=person.moment_of(leave.last_day + _DAY, 0),
        time_zone=person.time_zone,
        entered_at=now,
    )


def ended(absence: Absence, now: datetime) -> Absence:
    """The absence ended now, or called off before it began; one that is over stays as it is."""
    if absence.is_over(now):
        return absence
    return replace(absence, ends_at=max(now, absence.begins_at), ended_at=now)


def deputies_of(person_id: str, away: Mapping[str, Absence]) -> list[str]:
    """A person's deputies, one after the other: a deputy who is away has a deputy too.

    `away` are the absences that last now, by person. The last one named is present, unless the
    chain ends with a person who is away without a deputy, or forms a circle.
    """
    chain: list[str] = []
    at: str | None = person_id
    while at is not None and at in away:
        at = away[at].deputy_id
        if at is None or at in chain or at == person_id:
            break
        chain.append(at)
    return chain


def stood_in_for(deputy_id: str, away: Mapping[str, Absence]) -> list[str]:
    """Everyone for whom this person deputises now, also in place of another deputy."""
    return sorted(person_id for person_id in away if deputy_id in deputies_of(person_id, away))


def on_duty(
    team: Sequence[tuple[Person, int]],
    away: Mapping[str, Absence],
    deputies: Mapping[str, Person],
) -> list[tuple[Person, int]]:
    """The care team as it is to be asked now, each with the turn, lowest first.

    Deputies take the turn of the people they replace. People who are away come last, so that an
    alert about their patients always has a recipient. `deputies` are by id.
    """
    turns: dict[str, tuple[Person, int]] = {}
    last = max((turn for _, turn in team), default=0) + 1
    for person, turn in team:
        if person.id in away:
            there = [d for d in deputies_of(person.id, away) if d not in away and d in deputies]
            _take(turns, (deputies[deputy] for deputy in there), turn)
        else:
            _take(turns, [person], turn)
    _take(turns, (person for person, _ in team if person.id in away), last)
    return sorted(turns.values(), key=lambda taken: (taken[1], taken[0].name, taken[0].id))


def _take(turns: dict[str, tuple[Person, int]], people: Iterable[Person], turn: int) -> None:
    """Give people a turn; anyone who has an earlier one keeps it."""
    for person in people:
        known = turns.get(person.id)
        if known is None or turn < known[1]:
            turns[person.id] = (person, turn)
