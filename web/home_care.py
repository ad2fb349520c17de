"""The way of people without a clinic: sign up, be screened, begin, and let somebody in later."""

from dataclasses import replace

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.access import may_accept_share_codes, may_treat_themselves, require
from tracker.actions.accept_share_code import accept_share_code
from tracker.actions.begin_own_treatment import begin_own_treatment
from tracker.actions.is_address_confirmed import is_address_confirmed
from tracker.actions.make_share_code import make_share_code
from tracker.actions.open_account import open_account
from tracker.actions.show_own_data import show_own_data
from tracker.actions.show_progress import Progress, show_progress
from tracker.own_treatments import Cautioned, OwnTreatment, Stopped
from tracker.protocols import Protocol, ProtocolError
from tracker.settings import Settings
from tracker.treatments import Treatment
from web import session
from web.forms import Errors, read_own_treatment
from web.home_care_pages import AcceptPage, SharePage, SignUpPage, StoppedPage, begin_page
from web.pages import render
from web.screening_pages import caveat_rows
from web.session import Visit, signed_in
from web.telling_pages import OpenThing, open_things, telling_of

blueprint = Blueprint("home_care", __name__)


@blueprint.get("/sign-up")
def sign_up() -> ResponseReturnValue:
    """The form for a new account."""
    _open_kind(session.reach().world.settings)
    return render(SignUpPage(), with_person=False)


@blueprint.post("/sign-up")
def open_own_account() -> ResponseReturnValue:
    """Open the account and go on to the questions."""
    reach = session.reach()
    _open_kind(reach.world.settings)
    name, email = request.form.get("name", ""), request.form.get("email", "")
    passphrase, zone = request.form.get("passphrase", ""), request.form.get("time_zone", "")
    try:
        opened = open_account(reach.db, name, email, passphrase, zone or "UTC", reach.now)
    except ValueError as error:
        return render(SignUpPage(name, email, str(error)), with_person=False), 422
    session.enter(*opened)
    return redirect(url_for(".begin"), code=303)


@blueprint.get("/begin")
@signed_in
def begin(visit: Visit) -> ResponseReturnValue:
    """Advice and questions before the needles."""
    protocol = _own_protocol(visit)
    if told := _waiting_for_a_doctor(visit):
        return render(StoppedPage(told=told))
    return render(begin_page(protocol, visit.person, visit.now))


@blueprint.post("/begin")
@signed_in
def begin_now(visit: Visit) -> ResponseReturnValue:
    """Begin the treatment, or say what speaks against it."""
    protocol = _own_protocol(visit)
    if told := _waiting_for_a_doctor(visit):
        return render(StoppedPage(told=told)), 409
    page = replace(begin_page(protocol, visit.person, visit.now), chosen=request.form)
    own = read_own_treatment(request.form, protocol, visit.person.zone)
    if isinstance(own, Errors):
        return render(replace(page, errors=own.by_field)), 422
    match _begun(visit, own):
        case Treatment():
            return redirect(url_for("patient.upload"), code=303)
        case Stopped(caveats):
            return render(StoppedPage(caveat_rows(caveats))), 409
        case Cautioned(caveats, waits):
            too_soon = tuple(each.words for each in waits)
            return render(replace(page, cautions=caveat_rows(caveats), too_soon=too_soon)), 409
        case Errors(by_field):
            return render(replace(page, errors=by_field)), 422


@blueprint.get("/my-data/share")
@signed_in
def share(visit: Visit) -> ResponseReturnValue:
    """What a practitioner would see, and a button."""
    require(may_treat_themselves(visit.viewer))
    return render(SharePage(is_address_confirmed(visit.db, visit.person.id)))


@blueprint.post("/my-data/share")
@signed_in
def make_code(visit: Visit) -> ResponseReturnValue:
    """Show the code, once."""
    require(may_treat_themselves(visit.viewer))
    code = make_share_code(visit.db, visit.person.id, visit.now)
    return render(SharePage(code is not None, code))


@blueprint.get("/accept")
@signed_in
def accept(visit: Visit) -> ResponseReturnValue:
    """Where a code is entered."""
    require(may_accept_share_codes(visit.viewer))
    return render(AcceptPage())


@blueprint.post("/accept")
@signed_in
def enter_code(visit: Visit) -> ResponseReturnValue:
    """Take the patient into one's care, if the code works."""
    require(may_accept_share_codes(visit.viewer))
    code = request.form.get("code", "")
    patient = accept_share_code(visit.db, visit.person.id, code, visit.now)
    if patient is None:
        return render(AcceptPage(code, failed=True)), 422
    return redirect(url_for("practitioner.patient", patient_id=patient.id), code=303)


def _open_kind(settings: Settings) -> str:
    """The kind of treatment that people may begin without a clinic; 404 where they may not."""
    return settings.open_sign_up or abort(404)


def _own_protocol(visit: Visit) -> Protocol:
    """The protocol of those whom no clinic treats; for all others there is no such page."""
    require(may_treat_themselves(visit.viewer))
    kind = _open_kind(visit.world.settings)
    if show_own_data(visit.db, visit.person, visit.now).care_team:
        abort(404)
    return visit.world.protocols.of(kind)


def _waiting_for_a_doctor(visit: Visit) -> tuple[OpenThing, ...]:
    """What is open about the skin that a doctor must look at before it is rolled again."""
    match show_progress(visit.db, visit.world.protocols, visit.person.id, visit.now):
        case Progress() as progress:
            telling = telling_of(progress, visit.now)
            must_wait = any(told.level.is_mailed for told in telling.open)
            return open_things(telling, progress, visit.now) if must_wait else ()
        case _:
            return ()


def _begun(visit: Visit, own: OwnTreatment) -> Treatment | Stopped | Cautioned | Errors:
    protocols = visit.world.protocols
    try:
        return begin_own_treatment(visit.db, protocols, visit.person.id, own, visit.now)
    except ProtocolError as error:
        return Errors({"depth": _sentence(error)})
    except ValueError as error:
        return Errors({"performed_at": _sentence(error)})


def _sentence(error: ValueError) -> str:
    words = str(error)
    return f"{words[:1].upper()}{words[1:]}."
