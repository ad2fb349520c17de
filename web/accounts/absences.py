"""Absences of people of the clinic, and who deputises."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.people.staff import Absences, end_absence, enter_absence, show_absences
from tracker.domain.people.absences import Absence, Leave
from tracker.domain.people.access import may_be_absent, require
from tracker.domain.people.people import Person
from web.forms import Errors, read_leave, sentence
from web.pages import render
from web.session import Visit, signed_in
from web.words.times import when


@dataclass(frozen=True, slots=True)
class AbsenceRow:
    """One absence; `clashes` name the days on which the deputy is away too."""

    id: str
    days: str
    who: str
    state: str
    clashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AbsencesPage:
    """The reader's own absences, the form for another, and those the reader deputises for.

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
    """The page, days as they were entered and times in the reader's zone."""
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
        return "No one stands in; the next in turn is asked"
    deputy = known.people[absence.deputy_id]
    if absence.is_over(now) or deputy.answers_alerts:
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


blueprint = Blueprint("absences", __name__, template_folder="templates")


@blueprint.get("/settings/absences")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """One's own absences, and those one deputises for."""
    require(may_be_absent(visit.viewer))
    known = show_absences(visit.db, visit.person, visit.now)
    return render(absences_page(known, visit.person, visit.now, {}, {}))


@blueprint.post("/settings/absences")
@signed_in
def enter(visit: Visit) -> ResponseReturnValue:
    """Keep an absence, or name what is wrong with it."""
    require(may_be_absent(visit.viewer))
    match read_leave(request.form):
        case Errors(by_field):
            return _refused(visit, by_field)
        case Leave() as leave:
            try:
                enter_absence(visit.db, visit.person, leave, visit.now)
            except ValueError as error:
                return _refused(visit, {"first_day": sentence(str(error))})
            return redirect(url_for(".show"), code=303)


@blueprint.post("/settings/absences/<absence_id>/end")
@signed_in
def end(visit: Visit, absence_id: str) -> ResponseReturnValue:
    """End the absence now, or cancel it."""
    require(may_be_absent(visit.viewer))
    if not end_absence(visit.db, absence_id, visit.person.id, visit.now):
        abort(404)
    return redirect(url_for(".show"), code=303)


def _refused(visit: Visit, errors: Mapping[str, str]) -> ResponseReturnValue:
    known = show_absences(visit.db, visit.person, visit.now)
    return render(absences_page(known, visit.person, visit.now, request.form, errors)), 422
