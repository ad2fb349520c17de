"""Signing in and out."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.people.signing_in import show_passkeys, sign_in, sign_out
from tracker.domain.people.sessions import has_just_begun
from web import session
from web.pages import SignInPage, render
from web.session import Visit, signed_in

blueprint = Blueprint("sign_in", __name__)


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


@blueprint.post("/sign-in")
def enter() -> ResponseReturnValue:
    """Sign a person in; the page does not say what was wrong."""
    email, passphrase = request.form.get("email", ""), request.form.get("passphrase", "")
    target = safe_target(request.form.get("next", ""))
    resources = session.resources()
    known = sign_in(resources.db, email, passphrase, resources.now)
    if known is None:
        lost = request.form.get("lost", "")
        return render(SignInPage(target=target, email=email, failed=True, lost=lost)), 401
    session.enter(*known)
    return redirect(target, code=303)


@blueprint.post("/sign-out")
@signed_in
def leave(visit: Visit) -> ResponseReturnValue:
    """End the session, and have the browser forget pages and cookies of it.

    Its storage stays: photos and answers that have not been sent yet are there.
    """
    sign_out(visit.db, visit.person, session.token(), visit.now)
    session.leave()
    answer = redirect(url_for("sign_in.show"), code=303)
    answer.headers["Clear-Site-Data"] = '"cache", "cookies"'
    return answer


def safe_target(target: str) -> str:
    """The path to open after signing in: one of these pages, else the first page.

    Browsers drop control characters and read a backslash as a slash, so both could hide another
    host.
    """
    parts = urlsplit(target)
    ours = target.startswith("/") and not target.startswith("//")
    odd = any(c == "\\" or c <= " " for c in target)
    return target if ours and not odd and not parts.scheme and not parts.netloc else "/"
