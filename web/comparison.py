"""Two photos beside each other, for the care team. Parse, allow, act, match, render."""

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from tracker.access import may_follow, require
from tracker.actions.show_comparison import show_comparison
from web.comparison_forms import read_choices
from web.comparison_pages import compare_page
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("comparison", __name__)


@blueprint.get("/patients/<patient_id>/compare")
@signed_in
def show(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Any two days of a treatment."""
    require(may_follow(visit.viewer, patient_id))
    choices = read_choices(request.args)
    shown = show_comparison(visit.db, visit.world.files, patient_id, choices.asked, visit.now)
    return render(compare_page(shown or abort(404), choices, visit.now, visit.person.zone))
