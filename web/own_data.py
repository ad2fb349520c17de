"""What a patient may know and decide about their own data. Parse, allow, act, match, render."""

from dataclasses import replace

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.access import may_open_own_data, require
from tracker.actions.close_account import close_account
from tracker.actions.decide_consent import decide_consent
from tracker.actions.export_own_data import export_own_data
from tracker.actions.note_export import note_export
from tracker.actions.show_own_data import show_own_data
from tracker.archives import zipped
from tracker.consents import Consent
from web import session
from web.forms import Errors, read_consent
from web.own_data_pages import (
    NOT_UNDERSTOOD,
    WRONG_PASSPHRASE,
    ClosedPage,
    closing_page,
    own_data_page,
    own_photos_page,
)
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("own_data", __name__)


@blueprint.get("/my-data")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """What is kept and who has seen it."""
    require(may_open_own_data(visit.viewer))
    return render(own_data_page(show_own_data(visit.db, visit.person, visit.now), visit.now))


@blueprint.get("/my-data/afterglow-my-data.zip")
@signed_in
def download(visit: Visit) -> ResponseReturnValue:
    """Everything that is kept, as an archive that is made while it is sent."""
    require(may_open_own_data(visit.viewer))
    note_export(visit.db, visit.person.id, visit.person.id, "own data", visit.now)
    entries = export_own_data(visit.db, visit.world.files, visit.person)
    pieces = zipped(entries, visit.now.astimezone(visit.person.zone))
    disposition = {"Content-Disposition": "attachment"}
    return Response(pieces, mimetype="application/zip", headers=disposition)


@blueprint.get("/my-data/photos")
@signed_in
def own_photos(visit: Visit) -> ResponseReturnValue:
    """Every photo, and what it may be used for."""
    require(may_open_own_data(visit.viewer))
    return render(own_photos_page(show_own_data(visit.db, visit.person, visit.now), visit.now))


@blueprint.post("/my-data/uses")
@signed_in
def decide(visit: Visit) -> ResponseReturnValue:
    """Allow a use, or withdraw it."""
    require(may_open_own_data(visit.viewer))
    match read_consent(request.form, visit.now):
        case Errors(by_field):
            own = show_own_data(visit.db, visit.person, visit.now)
            return render(own_data_page(own, visit.now, by_field)), 422
        case Consent(photo_id=photo_id) as consent:
            if not decide_consent(visit.db, visit.person.id, consent):
                abort(404)
            if photo_id is None:
                return redirect(url_for(".show", _anchor=consent.purpose), code=303)
            return redirect(url_for(".own_photos", _anchor=photo_id), code=303)


@blueprint.get("/my-data/close")
@signed_in
def closing(visit: Visit) -> ResponseReturnValue:
    """What goes, what stays and why, before the account is closed."""
    require(may_open_own_data(visit.viewer))
    return render(closing_page(visit.person, visit.world.settings.keep_records_years, visit.now))


@blueprint.post("/my-data/close")
@signed_in
def close(visit: Visit) -> ResponseReturnValue:
    """Close the account for good, if the passphrase is right."""
    require(may_open_own_data(visit.viewer))
    keep_years, passphrase = visit.world.settings.keep_records_years, request.form.get("passphrase")
    page = closing_page(visit.person, keep_years, visit.now)
    if request.form.get("understood") != "yes":
        return render(replace(page, errors=NOT_UNDERSTOOD)), 422
    if close_account(visit.db, visit.person.id, passphrase or "", keep_years, visit.now) is None:
        return render(replace(page, errors=WRONG_PASSPHRASE)), 422
    session.leave()
    return render(ClosedPage(visit.person.id, page.kept_until), with_person=False)
