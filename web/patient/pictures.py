"""Pictures of one photo, for the patient and the people who care for them; the card to print."""

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from tracker.actions.course.pictures import show_card, show_picture
from tracker.domain.people.access import may_see_patient, require
from tracker.wires.photo_files import Picture
from web.session import Visit, is_fetched_ahead, signed_in

blueprint = Blueprint("pictures", __name__)


@blueprint.get("/card-<paper>.pdf")
@signed_in
def card(visit: Visit, paper: str) -> ResponseReturnValue:  # noqa: ARG001  (it is for all)
    """The page with the reference card, to print."""
    page = show_card(paper)
    return Response(page, mimetype="application/pdf") if page else abort(404)


@blueprint.get("/patients/<patient_id>/photos/<photo_id>/<picture>")
@signed_in
def show(visit: Visit, patient_id: str, photo_id: str, picture: str) -> ResponseReturnValue:
    """The picture as JPEG; the address says whether its page shows it large (`?large=1`)."""
    require(may_see_patient(visit.viewer, patient_id))
    if picture not in set(Picture):
        abort(404)
    wanted = (patient_id, photo_id, Picture(picture))
    data = show_picture(
        visit.db,
        visit.world.files,
        visit.person.id,
        *wanted,
        visit.now,
        is_large=request.args.get("large") == "1",
        is_ahead=is_fetched_ahead(),
    )
    return Response(data, mimetype="image/jpeg")
