"""The page about absences: what its template is given, made from what the action answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from tracker.absences import Absence, may_stand_in
from tracker.actions.show_absences import Absences
from tracker.people import Person
from web.times import when


@dataclass(frozen=True, slots=True)
class AbsenceRow:
    """One absence; `clashes` tell when the deputy is away too."""

    id: str
    days: str
    who: str
    state: str
    clashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AbsencesPage:
    """One's own absences, the form for another, and those in which one stands in.

    `chosen` is what the form holds, `errors` what is wrong with it, by field.
    """

    template: ClassVar[str] = "absences.html"
    place: ClassVar[str] = "settings"

    coming: tuple[AbsenceRow, ...]
    over: tuple[AbsenceRow, ...]
    others: tuple[AbsenceRow, ...]
    deputies: tuple[tuple[str, str], ...]
    today: str
    time_zone: str
    chosen: Mapping[str, str]
    errors: Mapping[str, str]

    @property
    def title(self) -> str:
        """The page's name."""
        return "Absences"


def absences_page(
    known: Absences,
    person: Person,
    now: datetime,
    chosen: Mapping[str, str],
    errors: Mapping[str, str],
) -> AbsencesPage:
    """The page, days as they were entered and moments in the reader's zone."""
    coming = [each for each in known.own if not each.is_over(now)]
    over = [each for each in known.own if each.is_over(now)]
    return AbsencesPage(
        coming=tuple(_row(each, known, person, now) for each in reversed(coming)),
        over=tuple(_row(each, known, person, now) for each in over),
        others=tuple(_row(each, known, person, now) for each in known.others),
        deputies=tuple((each.id, each.name) for each in known.deputies),
        today=person.date_at(now).isoformat(),
        time_zone=person.time_zone,
        chosen=chosen,
        errors=errors,
    )


def _row(absence: Absence, known: Absences, reader: Person, now: datetime) -> AbsenceRow:
    return AbsenceRow(
        id=absence.id,
        days=_days(absence.first_day, absence.last_day),
        who=_who(absence, known, reader, now),
        state=_state(absence, reader, now),
        clashes=tuple(
            f"{known.people[other.person_id].name} is away too,"
            f" {_days(other.first_day, other.last_day)}."
            for other in known.clashes.get(absence.id, ())
        ),
    )


def _who(absence: Absence, known: Absences, reader: Person, now: datetime) -> str:
    if absence.person_id != reader.id:
        return f"You stand in for {known.people[absence.person_id].name}"
    if absence.deputy_id is None:
        return "Nobody stands in; the next in turn is asked"
    deputy = known.people[absence.deputy_id]
    if absence.is_over(now) or may_stand_in(deputy):
        return f"{deputy.name} stands in"
    return f"{deputy.name} cannot stand in any more; the next in turn is asked"


def _state(absence: Absence, reader: Person, now: datetime) -> str:
    if absence.was_called_off:
        return "called off"
    if absence.ended_at is not None:
        return f"ended early, {when(absence.ended_at, now, reader.zone)}"
    if absence.lasts_at(now):
        return "now"
    return "over" if absence.is_over(now) else "to come"


def _days(first: date, last: date) -> str:
    """`Mon 2 Mar – Fri 6 Mar 2026`, or one day."""
    end = f"{last:%a} {last.day} {last:%b} {last.year}"
    return end if first == last else f"{first:%a} {first.day} {first:%b} – {end}"
