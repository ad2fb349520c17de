"""Signing in, by one step or two, and out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from flask import Blueprint, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadSignature, URLSafeSerializer
from markupsafe import Markup

from tracker.actions.people.second_step import (
    CodeRefused,
    SetUp,
    Waiting,
    give_code,
    proven_app,
    set_up_first,
    show_waiting,
)
from tracker.actions.people.signing_in import show_passkeys, sign_in, sign_out
from tracker.domain.people.people import Person
from tracker.domain.people.second_step import (
    Authenticator,
    HalfSignedIn,
    SecondStep,
    app_address,
    new_secret,
)
from tracker.domain.people.sessions import has_just_begun
from web import session
from web.invited import code_of
from web.pages import SignInPage, render
from web.session import Resources, Visit, signed_in
from web.words.times import moment_words

blueprint = Blueprint("sign_in", __name__)

YEAR_DIGITS = 4
KEY_GROUP = 4  # letters of the app's key between blanks
WRONG_CODE = (
    "That code does not fit. Wait until the app shows the next one, and type that. Each code works"
    " once."
)


@blueprint.get("/sign-in")
def show() -> ResponseReturnValue:
    """The form."""
    target = safe_target(request.args.get("next", ""))
    if session.is_signed_in():
        return redirect(target, code=303)
    may_sign_up = session.resources().world.settings.open_sign_up is not None
    lost, renewed = request.args.get("lost", ""), request.args.get("renewed") == "yes"
    return render(SignInPage(target, may_sign_up=may_sign_up, lost=lost, renewed=renewed))


@dataclass(frozen=True, slots=True)
class SecondStepPage:
    """The form for the code. `again_at` is when to try again after too many tries, else empty."""

    template: ClassVar[str] = "second_step.html"
    place: ClassVar[str] = ""

    target: str
    has_app: bool
    has_passkey: bool
    has_codes: bool
    trouble: str = ""
    again_at: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "The second step"


@dataclass(frozen=True, slots=True)
class SetUpPage:
    """How to connect an app: `code` to scan, `key` to type, `kept` to send back with a code.

    `is_first` for a person who has signed in with the passphrase alone so far, and must choose app
    or passkey to go on.
    """

    template: ClassVar[str] = "second_step_set_up.html"
    place: ClassVar[str] = "settings"

    target: str
    is_first: bool
    code: Markup
    key: str
    kept: str
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "A second step for your sign-in" if self.is_first else "An authenticator app"


@dataclass(frozen=True, slots=True)
class CodesPage:
    """Fresh recovery codes, shown once."""

    template: ClassVar[str] = "recovery_codes.html"
    place: ClassVar[str] = "settings"

    codes: tuple[str, ...]
    target: str

    @property
    def title(self) -> str:
        """The page's name."""
        return "Write these codes down"


@dataclass(frozen=True, slots=True)
class ProvePage:
    """The form by which a person who signed in a while ago proves again who they are."""

    template: ClassVar[str] = "prove.html"
    place: ClassVar[str] = "settings"

    email: str
    target: str
    has_passkey: bool

    @property
    def title(self) -> str:
        """The page's name."""
        return "First show that it is you"


@blueprint.get("/prove")
@signed_in
def prove(visit: Visit) -> ResponseReturnValue:
    """Ask for passphrase or passkey once more, then lead on."""
    target = safe_target(request.args.get("next", ""))
    if has_just_begun(visit.session, visit.now):
        return redirect(target, code=303)
    has_passkey = bool(show_passkeys(visit.db, visit.person.id))
    return render(ProvePage(visit.person.email, target, has_passkey))


@blueprint.get("/still-here")
@signed_in
def still_here(visit: Visit) -> ResponseReturnValue:
    """For the script of a page: who is signed in, for how long, and the token for its forms."""
    return {
        "person": visit.person.id,
        "seconds": session.seconds_left(),
        "token": generate_csrf(),
    }


@blueprint.post("/sign-in")
def enter() -> ResponseReturnValue:
    """Sign a person in, or ask for the second step; the page does not say what was wrong."""
    email, passphrase = request.form.get("email", ""), request.form.get("passphrase", "")
    target = safe_target(request.form.get("next", ""))
    resources = session.resources()
    known = sign_in(
        resources.db,
        email,
        passphrase,
        resources.now,
        second_step=resources.world.settings.second_step,
        already=session.person_id(),
    )
    if known is None:
        lost = request.form.get("lost", "")
        return render(SignInPage(target=target, email=email, failed=True, lost=lost)), 401
    return let_in(known, target)


def let_in(known: tuple[Person, str] | HalfSignedIn, target: str) -> ResponseReturnValue:
    """The answer to the right passphrase: on to the target, or to the second step before it."""
    if isinstance(known, HalfSignedIn):
        session.begin_half(known.token)
        return redirect(url_for("sign_in.second_step", next=target), code=303)
    session.enter(*known)
    return redirect(target, code=303)


@blueprint.get("/second-step")
def second_step() -> ResponseReturnValue:
    """The form for the code, or what to set up."""
    resources, target = session.resources(), safe_target(request.args.get("next", ""))
    match waiting_here(resources):
        case Waiting(person, SecondStep.SET_UP):
            return render(set_up_page(person, target, is_first=True), with_person=False)
        case Waiting() as waiting:
            return render(_code_page(waiting, target), with_person=False)
        case None:
            return redirect(url_for("sign_in.show", next=target), code=303)


@blueprint.post("/second-step")
def give() -> ResponseReturnValue:
    """Check the code, and sign in."""
    resources, target = session.resources(), safe_target(request.form.get("next", ""))
    waiting = waiting_here(resources)
    code = request.form.get("code", "")
    given = give_code(resources.db, session.half_token(), code, resources.now)
    if waiting is None or given is None:
        return redirect(url_for("sign_in.show", next=target), code=303)
    if isinstance(given, CodeRefused):
        page, status = _code_page(waiting, target, WRONG_CODE), 401
        if given.again_at is not None:
            at = moment_words(given.again_at, resources.now, waiting.person.zone)
            page, status = _code_page(waiting, target, again_at=at), 429
        return render(page, with_person=False), status
    session.enter(*given)
    return redirect(target, code=303)


@blueprint.post("/second-step/set-up")
def set_up() -> ResponseReturnValue:
    """Keep the first app, sign in, and show the recovery codes."""
    resources, target = session.resources(), safe_target(request.form.get("next", ""))
    waiting = waiting_here(resources)
    if waiting is None:
        return redirect(url_for("sign_in.show", next=target), code=303)
    app = read_app(waiting.person, resources)
    if app is None:
        page = set_up_page(waiting.person, target, is_first=True, again=True)
        return render(page, with_person=False), 422
    done = set_up_first(resources.db, session.half_token(), app, resources.now)
    return first_codes(done, target)


def first_codes(done: SetUp | None, target: str) -> ResponseReturnValue:
    """The session that began and its recovery codes; back to the sign-in when it waits no more."""
    if done is None:
        return redirect(url_for("sign_in.show", next=target), code=303)
    session.enter(done.person, done.token)
    return render(CodesPage(done.codes, target), with_person=False)


def waiting_here(resources: Resources) -> Waiting | None:
    """The sign-in of this browser that waits for its second step."""
    return show_waiting(resources.db, session.half_token(), resources.now)


def set_up_page(
    person: Person, target: str, *, is_first: bool = False, again: bool = False
) -> SetUpPage:
    """The page with a fresh secret, or `again` with the one that was sent and a wrong code."""
    secret = _sent_secret(person) if again else None
    known = secret or new_secret()
    groups = (known[i : i + KEY_GROUP] for i in range(0, len(known), KEY_GROUP))
    return SetUpPage(
        target=target,
        is_first=is_first,
        code=code_of(app_address(known, person)),
        key=" ".join(groups),
        kept=str(_signer().dumps([person.id, known])),
        trouble=WRONG_CODE if again else "",
    )


def read_app(person: Person, resources: Resources) -> Authenticator | None:
    """The app that shows the code in the form for the secret in it."""
    secret = _sent_secret(person)
    code = request.form.get("code", "")
    return proven_app(person, secret, code, resources.now) if secret else None


def _sent_secret(person: Person) -> str | None:
    """The secret of the page, which we signed for this person."""
    try:
        owner, secret = _signer().loads(request.form.get("kept", ""))
    except BadSignature:
        return None
    return str(secret) if owner == person.id else None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="authenticator")


def _code_page(
    waiting: Waiting, target: str, trouble: str = "", again_at: str = ""
) -> SecondStepPage:
    ways = waiting.ways
    return SecondStepPage(
        target, ways.has_app, ways.passkeys > 0, ways.recovery_codes > 0, trouble, again_at
    )


@blueprint.post("/sign-out")
@signed_in
def leave(visit: Visit) -> ResponseReturnValue:
    """End the session, and have the browser forget its pages and its cookie.

    Its storage stays: photos and answers that have not been sent yet are there. So does the cookie
    that keeps guessers from locking this browser out, which opens nothing. A patient without a way
    to sign in is asked before: only a new link would let them in again.
    """
    if visit.session.by_link and request.form.get("sure") != "yes":
        return redirect(url_for("passkeys.show", leaving="yes"), code=303)
    sign_out(visit.db, visit.person, session.token(), visit.now)
    session.leave()
    answer = redirect(url_for("sign_in.show"), code=303)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def read_year(form: Mapping[str, str]) -> int:
    """The year of birth in a form. Raises ValueError for what is no year, which is no try."""
    text = form.get("birth_year", "").strip()
    if len(text) != YEAR_DIGITS or not (text.isascii() and text.isdecimal()):
        raise ValueError("write the year in which you were born with four digits, such as 1985")
    return int(text)


def wrong_year_words(left: int) -> str:
    """What a person reads who gave another year than the clinic has on record."""
    tries = "once more" if left == 1 else f"{left} more times"
    return (
        f"that is not the year that your clinic has entered. Check it: you can try {tries}. If it"
        " is right, call your clinic, which may have written it down wrong"
    )


def safe_target(target: str) -> str:
    """The path to open after signing in: one of these pages, else the first page.

    Browsers drop control characters and read a backslash as a slash, so both could hide another
    host.
    """
    parts = urlsplit(target)
    ours = target.startswith("/") and not target.startswith("//")
    odd = any(c == "\\" or c <= " " for c in target)
    return target if ours and not odd and not parts.scheme and not parts.netloc else "/"
