"""Passkeys: the list, adding one, and signing in with one."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from flask import Blueprint, Response, abort, current_app, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeSerializer

from tracker.actions.people.accounts import change_passphrase
from tracker.actions.people.joining import WrongYear, prove_by_year
from tracker.actions.people.second_step import (
    first_passkey,
    remove_app,
    renew_recovery_codes,
    set_up_app,
    set_up_first,
    show_ways,
)
from tracker.actions.people.signing_in import (
    OpenSession,
    add_passkey,
    ask_for_passkey,
    begin_with_passkey,
    end_other_sessions,
    remove_passkey,
    show_passkeys,
    show_sessions,
    sign_in_with_passkey,
)
from tracker.domain.people.access import may_have_second_step, require
from tracker.domain.people.passkeys import (
    CHALLENGE_GOOD_FOR,
    Challenge,
    Passkey,
    PasskeyRefused,
    Site,
    request_options,
)
from tracker.domain.people.people import MIN_PASSPHRASE_LENGTH, Person, Role
from tracker.domain.people.second_step import SecondStep, Ways
from tracker.domain.people.sessions import has_just_begun
from tracker.world import World
from web import session
from web.accounts.sign_in import (
    CodesPage,
    first_codes,
    read_app,
    read_year,
    safe_target,
    set_up_page,
    waiting_here,
    wrong_year_words,
)
from web.forms import sentence
from web.pages import SignInPage, render
from web.session import Visit, freshly_signed_in, signed_in
from web.words.times import when


@dataclass(frozen=True, slots=True)
class PasskeysPage:
    """How a person signs in, and where they are signed in.

    Keys as id and time added; `sessions` are times of signing in, each with whether it is this one.
    Without `may_change` the person must first prove again who they are. `trouble` says why the
    latest key was not kept, `errors` what is wrong with a passphrase, `saved` that one was kept.
    `ways` are those of the second step, None for patients, who have none; `is_demanded` says
    whether the clinic demands it. `by_link` for a patient who has no way to sign in yet; `why` they
    came here then: something needs one ("needed"), or they want to sign out ("leaving").
    """

    template: ClassVar[str] = "passkeys.html"
    place: ClassVar[str] = "settings"

    keys: tuple[tuple[str, str], ...]
    email: str
    may_change: bool
    sessions: tuple[tuple[str, bool], ...]
    trouble: str = ""
    saved: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)
    ways: Ways | None = None
    is_demanded: bool = False
    by_link: bool = False
    why: str = ""

    shortest: ClassVar[int] = MIN_PASSPHRASE_LENGTH

    @property
    def title(self) -> str:
        """The page's name."""
        return "So that you can come back" if self.by_link else "How you sign in"


def listed(keys: Iterable[Passkey], owner: Person, now: datetime) -> tuple[tuple[str, str], ...]:
    """The id of each key and the time it was added, where its owner lives."""
    return tuple((key.id, when(key.added_at, now, owner.zone)) for key in keys)


blueprint = Blueprint("passkeys", __name__)

CHALLENGE = "passkey_challenge"
WHY = ("needed", "leaving")
ONLY_SECOND_STEP = (
    "your clinic asks for a second step at sign-in, and this is your only one; add another first"
)
ONLY_WAY = (
    "you have no passphrase, and could not sign in without it; choose one, or add another key"
)
NO_MORE_TRIES = (
    "the year was wrong too often; call your clinic for a new link: it may be written down wrong"
)


@blueprint.get("/passkeys")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """One's own keys, and the passphrase."""
    return render(_page(visit, saved=request.args.get("saved") == "yes"))


@blueprint.post("/passkeys/passphrase")
@freshly_signed_in
def change(visit: Visit) -> ResponseReturnValue:
    """Keep a new passphrase, and sign this person out everywhere else."""
    chosen = request.form.get("passphrase", "")
    try:
        token = change_passphrase(visit.db, visit.person, chosen, visit.now)
    except ValueError as error:
        errors = {"passphrase": sentence(str(error))}
        return render(_page(visit, errors=errors)), 422
    session.enter(visit.person, token)
    return redirect(url_for(".show", saved="yes"), code=303)


@blueprint.post("/passkeys/year")
@signed_in
def prove_year(visit: Visit) -> ResponseReturnValue:
    """Let a patient who came by a link a while ago choose a way in, for the next minutes."""
    if not visit.session.by_link:
        abort(404)
    try:
        year = read_year(request.form)
    except ValueError as error:
        return render(_page(visit, trouble=str(error))), 422
    match prove_by_year(visit.db, visit.person, year, session.token(), visit.now):
        case str() as token:
            session.enter(visit.person, token)
            return redirect(url_for(".show"), code=303)
        case WrongYear(left=left) if left > 0:
            return render(_page(visit, trouble=wrong_year_words(left))), 422
        case _:
            return render(_page(visit, trouble=NO_MORE_TRIES)), 422


@blueprint.post("/passkeys/sessions/end")
@signed_in
def end_sessions(visit: Visit) -> ResponseReturnValue:
    """Sign out everywhere else; ending sessions needs no proof, because it opens nothing."""
    end_other_sessions(visit.db, visit.person, session.token(), visit.now)
    return redirect(url_for(".show"), code=303)


@blueprint.post("/passkeys/options")
@freshly_signed_in
def ask(visit: Visit) -> ResponseReturnValue:
    """The options with which the browser makes a key."""
    options, asked = ask_for_passkey(visit.db, _site(visit.world), visit.person)
    return _challenge(options, asked, visit.now)


@blueprint.post("/passkeys")
@freshly_signed_in
def add(visit: Visit) -> ResponseReturnValue:
    """Keep the key that the browser made."""
    made = visit.person, request.form.get("answer", ""), _kept_challenge(), visit.now
    site = _site(visit.world)
    try:
        if visit.session.by_link:
            session.enter(visit.person, begin_with_passkey(visit.db, site, *made))
        else:
            add_passkey(visit.db, site, *made)
    except PasskeyRefused as error:
        return _answered((render(_page(visit, trouble=str(error))), 422))
    return _answered(redirect(url_for(".show"), code=303))


@blueprint.post("/passkeys/remove")
@freshly_signed_in
def remove(visit: Visit) -> ResponseReturnValue:
    """Forget a key."""
    key, demanded = request.form.get("key", ""), visit.world.settings.second_step
    why_not = ONLY_WAY if visit.person.role is Role.PATIENT else ONLY_SECOND_STEP
    if not remove_passkey(visit.db, visit.person, key, visit.now, second_step=demanded):
        return render(_page(visit, trouble=why_not)), 409
    return redirect(url_for(".show"), code=303)


@blueprint.get("/passkeys/app")
@freshly_signed_in
def app(visit: Visit) -> ResponseReturnValue:
    """The code with which an app is connected."""
    require(may_have_second_step(visit.viewer))
    return render(set_up_page(visit.person, url_for(".show")))


@blueprint.post("/passkeys/app")
@freshly_signed_in
def keep_app(visit: Visit) -> ResponseReturnValue:
    """Keep the app in place of the one before."""
    require(may_have_second_step(visit.viewer))
    found = read_app(visit.person, visit)
    if found is None:
        return render(set_up_page(visit.person, url_for(".show"), again=True)), 422
    codes = set_up_app(visit.db, visit.person, found, session.token(), visit.now)
    if codes:
        return render(CodesPage(codes, url_for(".show")))
    return redirect(url_for(".show"), code=303)


@blueprint.post("/passkeys/app/remove")
@freshly_signed_in
def forget_app(visit: Visit) -> ResponseReturnValue:
    """Forget the app."""
    require(may_have_second_step(visit.viewer))
    demanded = visit.world.settings.second_step
    if not remove_app(visit.db, visit.person, visit.now, is_demanded=demanded):
        return render(_page(visit, trouble=ONLY_SECOND_STEP)), 409
    return redirect(url_for(".show"), code=303)


@blueprint.post("/passkeys/recovery-codes")
@freshly_signed_in
def renew_codes(visit: Visit) -> ResponseReturnValue:
    """Make fresh recovery codes, and show them once."""
    require(may_have_second_step(visit.viewer))
    codes = renew_recovery_codes(visit.db, visit.person, visit.now)
    return render(CodesPage(codes, url_for(".show")))


@blueprint.post("/second-step/passkey/options")
def ask_first() -> ResponseReturnValue:
    """The options with which the browser makes the first key of a person who waits for it."""
    resources = session.resources()
    waiting = waiting_here(resources)
    if waiting is None or waiting.step is not SecondStep.SET_UP:
        return redirect(url_for("sign_in.show"), code=303)
    options, asked = ask_for_passkey(resources.db, _site(resources.world), waiting.person)
    return _challenge(options, asked, resources.now)


@blueprint.post("/second-step/passkey")
def add_first() -> ResponseReturnValue:
    """Keep this first key, sign in, and show the recovery codes."""
    resources, target = session.resources(), safe_target(request.form.get("next", ""))
    waiting = waiting_here(resources)
    if waiting is None:
        return redirect(url_for("sign_in.show", next=target), code=303)
    answer, challenge = request.form.get("answer", ""), _kept_challenge()
    site = _site(resources.world)
    try:
        key = first_passkey(waiting.person, site, answer, challenge, resources.now)
    except PasskeyRefused as error:
        page = replace(
            set_up_page(waiting.person, target, is_first=True), trouble=sentence(str(error))
        )
        return _answered((render(page, with_person=False), 422))
    done = set_up_first(resources.db, session.half_token(), key, resources.now)
    return _answered(first_codes(done, target))


@blueprint.post("/sign-in/passkey/options")
def ask_at_sign_in() -> ResponseReturnValue:
    """The options with which the browser proves that it holds a key."""
    resources = session.resources()
    return _challenge(*request_options(_site(resources.world)), resources.now)


@blueprint.post("/sign-in/passkey")
def enter() -> ResponseReturnValue:
    """Sign in the person who holds the key."""
    resources, target = session.resources(), safe_target(request.form.get("next", ""))
    answer, challenge = request.form.get("answer", ""), _kept_challenge()
    try:
        known = sign_in_with_passkey(
            resources.db, _site(resources.world), answer, challenge, resources.now
        )
    except PasskeyRefused as error:
        page = SignInPage(target=target, trouble=str(error), lost=request.form.get("lost", ""))
        return _answered((render(page), 401))
    session.enter(*known)
    return _answered(redirect(target, code=303))


def _page(
    visit: Visit,
    trouble: str = "",
    *,
    saved: bool = False,
    errors: Mapping[str, str] | None = None,
) -> PasskeysPage:
    return PasskeysPage(
        keys=listed(show_passkeys(visit.db, visit.person.id), visit.person, visit.now),
        email=visit.person.email,
        may_change=has_just_begun(visit.session, visit.now),
        sessions=tuple(
            (_times(each, visit), each.is_this)
            for each in show_sessions(visit.db, visit.person, session.token(), visit.now)
        ),
        trouble=trouble,
        saved=saved,
        errors=errors or {},
        ways=(show_ways(visit.db, visit.person.id) if may_have_second_step(visit.viewer) else None),
        is_demanded=visit.world.settings.second_step,
        by_link=visit.session.by_link,
        why=next((each for each in WHY if request.args.get(each) == "yes"), ""),
    )


def _times(each: OpenSession, visit: Visit) -> str:
    began, seen = (when(at, visit.now, visit.person.zone) for at in (each.began_at, each.seen_at))
    return began if each.is_this or began == seen else f"{began}, last used {seen}"


def _site(world: World) -> Site:
    return Site(world.settings.base_url)


def _challenge(options: str, asked: bytes, now: datetime) -> Response:
    """The options; the challenge in them stays in a signed cookie until the browser answers.

    It has its own cookie. Otherwise a response to another request of the page, still on its way,
    could reset the session's cookie to its earlier content.
    """
    response = Response(options, mimetype="application/json")
    response.set_cookie(
        CHALLENGE,
        _signer().dumps([base64.b64encode(asked).decode(), now.isoformat()]),
        max_age=CHALLENGE_GOOD_FOR,
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response


def _kept_challenge() -> Challenge | None:
    """The challenge; None when none was issued."""
    try:
        asked, asked_at = _signer().loads(request.cookies.get(CHALLENGE, ""))
    except BadSignature:
        return None
    return Challenge(base64.b64decode(asked), datetime.fromisoformat(asked_at))


def _answered(answer: ResponseReturnValue) -> Response:
    """The same response, after which the challenge cannot be used again."""
    response = make_response(answer)
    response.delete_cookie(CHALLENGE, secure=request.is_secure, httponly=True, samesite="Strict")
    return response


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=CHALLENGE)
