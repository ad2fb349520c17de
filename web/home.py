"""The first page, which is another one for each role."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from tracker.people import Role
from web.clinic import first_page
from web.patient import today
from web.session import Visit, signed_in
from web.worklist import worklist

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """Today for a patient, the work list for the care team, the clinic for its office."""
    match visit.viewer.role:
        case Role.PATIENT:
            return today(visit)
        case Role.PRACTITIONER | Role.ASSISTANT:
            return worklist(visit)
        case Role.OFFICE:
            return first_page(visit)
