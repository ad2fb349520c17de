"""Signing in and out."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.people.signing_in import sign_in
from web import session
from web.pages import SignInPage, render

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
def show() -> ResponseReturnValue:
    """The form."""
    target = safe_target(request.args.get("next", ""))
    if session.is_signed_in():
        return redirect(target, code=303)
    may_sign_up = session.resources().world.settings.open_sign_up is not None
    lost = request.args.get("lost", "")
    return render(SignInPage(target=target, may_sign_up=may_sign_up, lost=lost))


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
def leave() -> ResponseReturnValue:
    """End the session."""
    session.leave()
    return redirect(url_for("sign_in.show"), code=303)


def safe_target(target: str) -> str:
    """The path to open after signing in: one of these pages, else the first page.

    Browsers drop control characters and read a backslash as a slash, so both could hide another
    host.
    """
    parts = urlsplit(target)
    ours = target.startswith("/") and not target.startswith("//")
    odd = any(c == "\\" or c <= " " for c in target)
    return target if ours and not odd and not parts.scheme and not parts.netloc else "/"
