"""Who cares for a patient. Parse, allow, act, match, render."""

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.access import may_arrange_care, may_follow, require
from tracker.actions.arrange_care import Arranged, NobodyLeft, arrange_care
from tracker.actions.show_care_team import CareTeam, show_care_team
from web.care_team_pages import care_team_page
from web.clinic_forms import read_turn
from web.forms import sentence
from web.pages import render
from web.session import Visit, signed_in

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
    """Let somebody join, leave, or take another turn."""
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
            trouble = f"{person.name} is the only practitioner here. Let somebody else join first."
            return render(care_team_page(team, visit.person, trouble)), 409


def _team(visit: Visit, patient_id: str) -> CareTeam:
    return show_care_team(visit.db, patient_id) or abort(404)
