"""When daily mail comes, and the link that stops it. Parse, allow, act, match, render."""

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.choose_mail import choose_mail
from tracker.actions.is_address_confirmed import is_address_confirmed
from tracker.actions.stop_reminders import stop_reminders
from tracker.people import Person
from tracker.signed_links import LinkPurpose, named_by
from web import session
from web.forms import Errors, read_mail_choice
from web.pages import render
from web.preference_pages import UnsubscribePage, saved_settings_page, settings_page
from web.session import Visit, signed_in

blueprint = Blueprint("preferences", __name__)


@blueprint.get("/settings")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """One's own hours and time zone."""
    saved = request.args.get("saved") == "yes"
    is_confirmed = is_address_confirmed(visit.db, visit.person.id)
    return render(saved_settings_page(visit.person, saved=saved, is_confirmed=is_confirmed))


@blueprint.post("/settings")
@signed_in
def save(visit: Visit) -> ResponseReturnValue:
    """Keep them, or name what is wrong."""
    match read_mail_choice(request.form, visit.person):
        case Errors(by_field):
            is_confirmed = is_address_confirmed(visit.db, visit.person.id)
            page = settings_page(visit.person, request.form, by_field, is_confirmed=is_confirmed)
            return render(page), 422
        case Person() as person:
            choose_mail(visit.db, person)
            return redirect(url_for(".show", saved="yes"), code=303)


@blueprint.get("/unsubscribe/<token>")
def unsubscribe(token: str) -> ResponseReturnValue:
    """A button: opening a link changes nothing, for machines open links too."""
    key = session.reach().world.envelope.link_key
    if named_by(LinkPurpose.UNSUBSCRIBE, token, key) is None:
        abort(404)
    return render(UnsubscribePage(token), with_person=False)


@blueprint.post("/unsubscribe/<token>")
def stop(token: str) -> ResponseReturnValue:
    """Stop the reminders, for whoever holds the signed link (RFC 8058)."""
    reach = session.reach()
    if not stop_reminders(reach.db, token, reach.world.envelope.link_key):
        abort(404)
    return render(UnsubscribePage(token, done=True), with_person=False)
