"""A photo's parts on their way in; its pictures, for all who may see them; the card to print."""

from base64 import b64decode

from flask import Blueprint, Response, abort, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.course.arriving import reached, receive_part
from tracker.actions.course.pictures import show_card, show_picture
from tracker.domain.course.photos import EarlyPhoto, Photo, PhotoRole
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.domain.people.access import may_record_for_patient, may_see_patient, require
from tracker.wires.photo_files import Picture
from tracker.wires.upload_parts import (
    Arriving,
    Part,
    TooManyUploads,
    WrongPartError,
)
from web.forms import one_of
from web.security import is_fetched_ahead
from web.session import Visit, signed_in

UPLOAD_OFFSET = "Upload-Offset"  # headers, as in the protocol tus
UPLOAD_CHECKSUM = "Upload-Checksum"

blueprint = Blueprint("pictures", __name__)


@blueprint.route("/photo/parts/<upload>", methods=["HEAD"])
@signed_in
def ask_for_part(visit: Visit, upload: str) -> ResponseReturnValue:
    """Where the next part of a photo begins, or the page of the photo that is here."""
    require(may_record_for_patient(visit.viewer, visit.person.id))
    arriving, world = Arriving.read(upload) or abort(404), visit.world
    parts, patient_id = world.parts, visit.person.id
    match reached(visit.db, world.files, parts, patient_id, _role(), arriving, visit.now):
        case Photo() | EarlyPhoto() as photo:
            page = url_for("patient.photo", photo_id=photo.id, already="yes")
            return Response(headers={"Content-Location": page})
        case CareWithdrawn():
            return Response(status=409)
        case offset:
            return Response(headers={UPLOAD_OFFSET: str(offset)})


@blueprint.patch("/photo/parts/<upload>")
@signed_in
def send_part(visit: Visit, upload: str) -> ResponseReturnValue:
    """Keep the next part of a photo. 409 says where that begins if it is another one."""
    require(may_record_for_patient(visit.viewer, visit.person.id))
    arriving, parts = Arriving.read(upload) or abort(404), visit.world.parts
    try:
        kept = receive_part(visit.db, parts, visit.person.id, arriving, _part())
    except WrongPartError:
        so_far = parts.reached(visit.person.id, arriving)
        return Response(status=409, headers={UPLOAD_OFFSET: str(so_far)})
    except TooManyUploads:
        return Response(status=507)
    match kept:
        case CareWithdrawn():
            return Response(status=409)
        case offset:
            return Response(status=204, headers={UPLOAD_OFFSET: str(offset)})


def _part() -> Part:
    offset = request.headers.get(UPLOAD_OFFSET, type=int, default=-1)
    _, _, digest = request.headers.get(UPLOAD_CHECKSUM, "").partition("sha256 ")
    try:
        return Part(offset, request.get_data(), b64decode(digest, validate=True))
    except ValueError:  # not base64, or letters that no base64 has
        abort(400)


def _role() -> PhotoRole:
    """Of the photo whose parts come: it says to which treatment the photo belongs."""
    return one_of(PhotoRole, request.args.get("role", "")) or PhotoRole.FOLLOW_UP


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
