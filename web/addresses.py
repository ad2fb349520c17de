"""Whether an address is that of who signed up with it. Parse, allow, act, match, render."""

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue

from tracker.access import may_treat_themselves, require
from tracker.actions.ask_to_confirm_address import ask_to_confirm_address
from tracker.actions.confirm_address import confirm_address
from tracker.signed_links import LinkPurpose, named_by
from web import session
from web.address_pages import ConfirmPage, SentPage
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("addresses", __name__)


@blueprint.get("/confirm/<token>")
def ask(token: str) -> ResponseReturnValue:
    """A button: opening a link changes nothing, for machines open links too."""
    key = session.reach().world.envelope.link_key
    if named_by(LinkPurpose.ADDRESS, token, key) is None:
        abort(404)
    return render(ConfirmPage(), with_person=False)


@blueprint.post("/confirm/<token>")
def confirm(token: str) -> ResponseReturnValue:
    """The address is theirs who hold the link that was mailed there."""
    reach = session.reach()
    if not confirm_address(reach.db, token, reach.world.envelope.link_key):
        abort(404)
    return render(ConfirmPage(done=True), with_person=False)


@blueprint.post("/my-data/confirm")
@signed_in
def send_again(visit: Visit) -> ResponseReturnValue:
    """Mail the link once more."""
    require(may_treat_themselves(visit.viewer))
    ask_to_confirm_address(visit.db, visit.person, visit.now)
    return render(SentPage(visit.person.email))
