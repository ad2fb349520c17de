"""The first page, which differs by role, and two words for programs that watch the service."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from tracker.domain.people.people import Role
from web.clinic.clinic import first_page
from web.desk.worklist import worklist
from web.patient.routes import today
from web.session import Visit, is_ready, signed_in

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


@blueprint.get("/healthz")
def alive() -> ResponseReturnValue:
    """That the server answers; a program restarts it when this stays away."""
    return Response("alive\n", mimetype="text/plain")


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """Whether the database can be read; the state of the duties is told by `afterglow health`."""
    is_it = is_ready()
    return Response(
        "ready\n" if is_it else "not ready\n", 200 if is_it else 503, mimetype="text/plain"
    )
