"""The first page, which differs by role."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from tracker.domain.people.people import Role
from web.clinic.clinic import first_page
from web.desk.worklist import worklist
from web.patient.routes import today
from web.session import Visit, signed_in

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
