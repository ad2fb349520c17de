"""Confirm that an address belongs to the person who entered it."""

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue

from tracker.actions.people.accounts import ask_to_confirm_address, confirm_address
from tracker.domain.people.access import may_treat_themselves, require
from tracker.domain.people.signed_links import LinkPurpose, named_by
from web import session
from web.pages import render
from web.session import Visit, signed_in


@dataclass(frozen=True, slots=True)
class ConfirmPage:
    """The page behind the link in the mail; `done` after the button."""

    template: ClassVar[str] = "address_confirm.html"
    place: ClassVar[str] = ""

    done: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        return "Your address is confirmed" if self.done else "Is this your address?"


@dataclass(frozen=True, slots=True)
class SentPage:
    """The page after the mail was requested once more."""

    template: ClassVar[str] = "address_sent.html"
    place: ClassVar[str] = "own_data"

    email: str

    @property
    def title(self) -> str:
        """The page's name."""
        return "Look at your mail"


blueprint = Blueprint("addresses", __name__)


@blueprint.get("/confirm/<token>")
def ask(token: str) -> ResponseReturnValue:
    """A button: opening a link changes nothing, because machines open links too."""
    key = session.resources().world.envelope.link_key
    if named_by(LinkPurpose.ADDRESS, token, key) is None:
        abort(404)
    return render(ConfirmPage(), with_person=False)


@blueprint.post("/confirm/<token>")
def confirm(token: str) -> ResponseReturnValue:
    """Confirm the address for the person who holds the link that was mailed there."""
    resources = session.resources()
    if not confirm_address(resources.db, token, resources.world.envelope.link_key):
        abort(404)
    return render(ConfirmPage(done=True), with_person=False)


@blueprint.post("/my-data/confirm")
@signed_in
def send_again(visit: Visit) -> ResponseReturnValue:
    """Mail the link once more."""
    require(may_treat_themselves(visit.viewer))
    ask_to_confirm_address(visit.db, visit.person, visit.now)
    return render(SentPage(visit.person.email))
