"""Who a patient is, who cares for the patient, and in which order they are notified."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.people.care_team import (
    TURNS,
    Arranged,
    CareTeam,
    IdentityChanged,
    NobodyLeft,
    arrange_care,
    correct_identity,
    identity_mark,
    show_care_team,
)
from tracker.domain.people.access import may_arrange_care, may_follow, require
from tracker.domain.people.people import (
    MAX_NAME_LENGTH,
    MAX_RECORD_NUMBER_LENGTH,
    Person,
    read_birth_date,
)
from web.clinic.clinic import read_turn
from web.clinic.staff import ROLE_WORDS
from web.forms import sentence
from web.pages import render
from web.session import Visit, signed_in

SHOWN_TURNS = 4  # more rounds than an urgent alert is escalated


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A person in the care team."""

    id: str
    name: str
    role: str
    turn: int
    is_self: bool


@dataclass(frozen=True, slots=True)
class CareTeamPage:
    """The members in turn, who could join, and any error."""

    template: ClassVar[str] = "care_team.html"
    place: ClassVar[str] = "patients"

    patient_id: str
    patient: str
    members: tuple[MemberRow, ...]
    others: tuple[tuple[str, str], ...]
    turns: Sequence[int]
    trouble: str

    @property
    def title(self) -> str:
        """The page's name."""
        return f"Who cares for {self.patient}"


@dataclass(frozen=True, slots=True)
class IdentityPage:
    """The form with what tells a patient from another, as it was sent if it could not be kept.

    `shown` is the mark of what is on record.
    """

    template: ClassVar[str] = "patient_identity.html"
    place: ClassVar[str] = "patients"
    longest_name: ClassVar[int] = MAX_NAME_LENGTH
    longest_number: ClassVar[int] = MAX_RECORD_NUMBER_LENGTH

    patient_id: str
    patient: str
    name: str
    birth_date: str
    record_number: str
    shown: str
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Name, birth date and record number"


CHANGED = (
    "Somebody has changed this meanwhile. On record now: name {}, date of birth {}, record number"
    " {}. Check what you typed, then save again."
)


def identity_page(patient: Person) -> IdentityPage:
    """What is on record."""
    born = patient.birth_date.isoformat() if patient.birth_date else ""
    name, number, mark = patient.name, patient.record_number, identity_mark(patient)
    return IdentityPage(patient.id, name, name, born, number, mark)


def care_team_page(team: CareTeam, reader: Person, trouble: str = "") -> CareTeamPage:
    """The current team."""
    latest = max((turn for _, turn in team.members), default=1)
    return CareTeamPage(
        patient_id=team.patient.id,
        patient=team.patient.name,
        members=tuple(
            MemberRow(person.id, person.name, ROLE_WORDS[person.role], turn, person.id == reader.id)
            for person, turn in team.members
        ),
        others=tuple((each.id, f"{each.name} ({ROLE_WORDS[each.role]})") for each in team.others),
        turns=TURNS[: max(SHOWN_TURNS, latest)],
        trouble=trouble,
    )


blueprint = Blueprint("care_team", __name__)


@blueprint.get("/patients/<patient_id>/care-team")
@signed_in
def show(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """The members in turn."""
    require(may_follow(visit.viewer, patient_id))
    return render(care_team_page(_team(visit, patient_id), visit.person))


@blueprint.post("/patients/<patient_id>/care-team")
@signed_in
def arrange(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Let a person join, leave, or take another turn."""
    require(may_arrange_care(visit.viewer, patient_id))
    team = _team(visit, patient_id)
    staff = [*(person for person, _ in team.members), *team.others]
    person = next((each for each in staff if each.id == request.form.get("person")), None)
    if person is None:
        return render(care_team_page(team, visit.person, "Choose who.")), 422
    try:
        turn = read_turn(request.form)
        outcome = arrange_care(visit.db, patient_id, person, turn, visit.person.id, visit.now)
    except ValueError as error:
        return render(care_team_page(team, visit.person, sentence(str(error)))), 422
    match outcome:
        case Arranged() if turn is None and person.id == visit.person.id:
            return redirect("/", code=303)
        case Arranged():
            return redirect(url_for(".show", patient_id=patient_id), code=303)
        case NobodyLeft():
            trouble = (
                f"{person.name} is the only practitioner here. Add another practitioner first."
            )
            return render(care_team_page(team, visit.person, trouble)), 409


@blueprint.get("/patients/<patient_id>/identity")
@signed_in
def identity(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """What tells the patient from another, to be corrected."""
    require(may_follow(visit.viewer, patient_id))
    return render(identity_page(_team(visit, patient_id).patient))


@blueprint.post("/patients/<patient_id>/identity")
@signed_in
def save_identity(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Keep it, or say what is wrong or was changed meanwhile; nothing typed is lost."""
    require(may_follow(visit.viewer, patient_id))
    page = identity_page(_team(visit, patient_id).patient)
    sent = {field: request.form.get(field, "") for field in ("name", "birth_date", "record_number")}
    try:
        born = read_birth_date(sent["birth_date"])
        outcome = correct_identity(
            visit.db,
            patient_id,
            sent["name"],
            born,
            sent["record_number"],
            visit.person,
            visit.now,
            shown=request.form.get("shown", ""),
        )
    except ValueError as error:
        shown = request.form.get("shown", "")
        return render(replace(page, **sent, shown=shown, trouble=sentence(str(error)))), 422
    if isinstance(outcome, IdentityChanged):
        now = identity_page(outcome.patient)
        trouble = CHANGED.format(now.name, now.birth_date or "none", now.record_number or "none")
        return render(replace(now, **sent, trouble=trouble)), 409
    return redirect(url_for("practitioner.patient", patient_id=patient_id), code=303)


def _team(visit: Visit, patient_id: str) -> CareTeam:
    return show_care_team(visit.db, patient_id) or abort(404)
