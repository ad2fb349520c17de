"""What a patient and the care team write to each other. Parse, allow, act, match, render."""

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.access import may_take_part, require
from tracker.actions.add_remark import PhotoRefused, Said, add_remark
from tracker.actions.open_conversation import Conversation, open_conversation
from tracker.actions.show_remark_photo import show_remark_photo
from web.conversation_pages import conversation_page
from web.forms import Errors, read_draft
from web.pages import render
from web.session import Visit, signed_in
from web.words import remedy_for

blueprint = Blueprint("conversation", __name__)


@blueprint.get("/patients/<patient_id>/conversation")
@signed_in
def show(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """The conversation and the form to write."""
    require(may_take_part(visit.viewer, patient_id))
    return render(conversation_page(_opened(visit, patient_id), visit.person, visit.now))


@blueprint.post("/patients/<patient_id>/conversation")
@signed_in
def say(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Keep what was written, or say what is wrong with it."""
    require(may_take_part(visit.viewer, patient_id))
    draft = read_draft(request.form, request.files)
    if isinstance(draft, Errors):
        return _again(visit, patient_id, draft)
    with visit.turns_to_decode:
        outcome = add_remark(
            visit.db, visit.world.files, visit.person, patient_id, draft, visit.now
        )
    match outcome:
        case Said():
            there = url_for(".show", patient_id=patient_id, _anchor="latest")
            return redirect(there, code=303)
        case PhotoRefused(fault):
            remedy = remedy_for(fault)
            return _again(visit, patient_id, Errors({"photo": f"{remedy.problem} {remedy.remedy}"}))


@blueprint.get("/patients/<patient_id>/conversation/<remark_id>/photo")
@signed_in
def photo(visit: Visit, patient_id: str, remark_id: str) -> ResponseReturnValue:
    """The photo sent with a remark, as JPEG."""
    require(may_take_part(visit.viewer, patient_id))
    data = show_remark_photo(visit.db, visit.world.files, patient_id, remark_id)
    return Response(data, mimetype="image/jpeg")


def _again(visit: Visit, patient_id: str, errors: Errors) -> ResponseReturnValue:
    opened = _opened(visit, patient_id)
    text = request.form.get("text", "")
    return render(conversation_page(opened, visit.person, visit.now, text, errors.by_field)), 422


def _opened(visit: Visit, patient_id: str) -> Conversation:
    return open_conversation(visit.db, patient_id, visit.person.id, visit.now) or abort(404)
