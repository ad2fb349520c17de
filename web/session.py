"""This request's visit: who is signed in, and what the request works with."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Request, abort, current_app, g, redirect, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user, login_user, logout_user
from flask_wtf.csrf import generate_csrf
from werkzeug.exceptions import SecurityError

from tracker.actions.people.signing_in import (
    end_session,
    resume_session,
    use_session,
)
from tracker.actions.people.tokens import resume_by_token
from tracker.domain.people import access
from tracker.domain.people.access import Viewer
from tracker.domain.people.people import Person
from tracker.domain.people.sessions import SEEN_EVERY, Session, ends_at, has_just_begun
from tracker.domain.people.tokens import Token
from tracker.wires.processes import Busy
from tracker.world import Database, DiskFull, World
from web.security import (
    API,
    MAX_WORDS_BYTES,
    NO_ROOM,
    SAME_FOR_ALL,
    UPLOAD_LENGTH,
    remember_browser,
)

P = ParamSpec("P")

# Writing a mail takes some milliseconds longer than writing none; all answers take this time.
ANSWERS_AFTER_SECONDS = 0.3
HALF = "half"  # the field of the cookie that names a sign-in without its second step

PUBLIC = frozenset(
    {
        "sign_in.show",
        "sign_in.enter",
        "sign_in.second_step",
        "sign_in.give",
        "sign_in.set_up",
        "static",
        "app_shell.static",
        "app_shell.manifest",
        "app_shell.service_worker",
        "app_shell.framing_cascade",
        "home.alive",
        "home.ready",
        "invitations.welcome",
        "invitations.accept",
        "links.lost",
        "links.mail_link",
        "links.open_link",
        "links.renew",
        "home_care.sign_up",
        "home_care.ask_for_account",
        "passkeys.ask_at_sign_in",
        "passkeys.enter",
        "passkeys.ask_first",
        "passkeys.add_first",
        "passphrases.tell",
        "preferences.unsubscribe",
        "preferences.stop",
    }
)
# What a patient may do who came by the link of the invitation and has no way to sign in yet: send,
# answer, read, write to the clinic, decide about consent, and choose a way in. All else waits.
BY_LINK = frozenset(
    {
        "home.show",
        "patient.one_day",
        "patient.upload",
        "patient.send_photo",
        "patient.photo",
        "patient.sides",
        "patient.say_sides",
        "ahead.show",
        "ahead.send",
        "patient.check_in",
        "patient.send_check_in",
        "patient.check_in_result",
        "patient.progress",
        "patient.offline",
        "pictures.ask_for_part",
        "pictures.send_part",
        "pictures.show",
        "pictures.card",
        "conversation.show",
        "conversation.say",
        "conversation.photo",
        "own_data.show",
        "own_data.own_photos",
        "own_data.decide",
        "passkeys.show",
        "passkeys.ask",
        "passkeys.add",
        "passkeys.change",
        "passkeys.prove_year",
        "sign_in.leave",
        "sign_in.still_here",
    }
)
# A page that asks by itself says so in this header: an unwatched screen is not in use.
UNATTENDED = "Afterglow-Unattended"
STILL_HERE = "sign_in.still_here"
CARRIES_PHOTO = frozenset(
    {"patient.send_photo", "pictures.send_part", "conversation.say", "api.send_photo"}
)
# What is lost, as `web.words` names it, when such a form arrives after its session; else a form.
LOSES = {
    "patient.send_photo": "photo",
    "patient.send_check_in": "answers",
    "conversation.say": "message",
}


@dataclass(frozen=True, slots=True)
class Installation:
    """What the application was made from."""

    world: World
    now: Callable[[], datetime]

    def resources(self) -> "Resources":
        """Those of a new request, with a fresh connection."""
        now, db = self.now(), self.world.connect()
        return Resources(self.world.renewed(db), db, now)


@dataclass(frozen=True, slots=True)
class Resources:
    """What a request works with: the world, one database connection and one moment, `now`."""

    world: World
    db: Database
    now: datetime


@dataclass(slots=True)
class Account:
    """A person in the form that flask-login needs; its cookie keeps only the session's `token`."""

    person: Person
    viewer: Viewer | None
    token: str
    session: Session | None = None
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """What the cookie keeps."""
        return self.token


@dataclass(frozen=True, slots=True)
class Visit(Resources):
    """The request of a signed-in person."""

    person: Person
    viewer: Viewer
    session: Session


def init_app(app: Flask, world: World, now: Callable[[], datetime]) -> None:
    """Give every request its resources, and let only signed-in people past the public pages."""
    app.extensions["afterglow"] = Installation(world, now)
    manager = LoginManager(app)
    manager.session_protection = None  # phones change networks
    manager.user_loader(_resume)
    manager.request_loader(_resume_by_token)
    app.before_request(_guard)
    app.teardown_appcontext(_close)
    app.jinja_env.globals.update(access=access, viewer=_viewer, seconds_left=seconds_left)
    app.jinja_env.globals.update(came_by_link=came_by_link)


def resources() -> Resources:
    """This request's resources, opened at their first use."""
    if "resources" not in g:
        installation: Installation = current_app.extensions["afterglow"]
        g.resources = installation.resources()
    opened: Resources = g.resources
    return opened


def signed_in(
    view: Callable[Concatenate[Visit, P], ResponseReturnValue],
) -> Callable[P, ResponseReturnValue]:
    """Pass the visit to a route as its first argument."""

    @wraps(view)
    def with_visit(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            abort(401)
        account, its = current_user, resources()
        visit = Visit(
            its.world,
            its.db,
            its.now,
            person=account.person,
            viewer=account.viewer,
            session=account.session,
        )
        return view(visit, *args, **kwargs)

    return with_visit


def freshly_signed_in(
    view: Callable[Concatenate[Visit, P], ResponseReturnValue],
) -> Callable[P, ResponseReturnValue]:
    """Send people who signed in a while ago to the page that asks once more who they are.

    Otherwise anyone who finds an unlocked phone or desk could make a lasting way in.
    """

    @signed_in
    @wraps(view)
    def with_proof(visit: Visit, /, *args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if has_just_begun(visit.session, visit.now):
            return view(visit, *args, **kwargs)
        if visit.session.by_link:  # that page asks for the year of birth
            return redirect(url_for("passkeys.show"), code=303)
        page = request.full_path.rstrip("?") if request.method == "GET" else _page_of_form()
        return redirect(url_for("sign_in.prove", next=page), code=303)

    return with_proof


def enter(person: Person, token: str) -> None:
    """Put this person's session into a fresh cookie; any session in the old one ends.

    The form token comes with it, so that no later page has to write the cookie.
    """
    leave()
    cookie.permanent = True
    login_user(Account(person, None, token))
    generate_csrf()
    remember_browser(person.email)


def begin_half(token: str) -> None:
    """Put a sign-in that waits for its second step into a fresh cookie; it opens no page."""
    leave()
    cookie.permanent = True
    cookie[HALF] = token
    generate_csrf()


def half_token() -> str:
    """The token of the sign-in that waits; empty when none does."""
    return str(cookie.get(HALF, ""))


def leave() -> None:
    """End the session, on the server and in the cookie."""
    if is_signed_in():
        end_session(resources().db, current_user.token)
    logout_user()
    cookie.clear()


def token() -> str:
    """The token of the session that this request belongs to."""
    return str(current_user.token)


def answer_after(began: float) -> None:
    """Wait until the time has passed that every such answer takes since `began` (monotonic)."""
    time.sleep(max(0.0, ANSWERS_AFTER_SECONDS - (time.monotonic() - began)))


def used_token() -> Token:
    """The token of the HTTP API that this request was sent with."""
    found: Token = g.token
    return found


def person_id() -> str | None:
    """The id of the person who is signed in; None when nobody is."""
    return current_user.person.id if is_signed_in() else None


def is_signed_in() -> bool:
    """Whether a person is signed in."""
    return bool(current_user.is_authenticated)


def came_by_link() -> bool:
    """Whether the person who is signed in has no passphrase or passkey yet; see `BY_LINK`."""
    return is_signed_in() and current_user.session is not None and current_user.session.by_link


def is_ready() -> bool:
    """Whether the database of this clinic can be read."""
    installation: Installation = current_app.extensions["afterglow"]
    return installation.world.is_ready()


def _viewer() -> Viewer | None:
    """The viewer of the page, so that it offers only what `access` allows."""
    return current_user.viewer if is_signed_in() else None


def _resume(token: str) -> Account | None:
    resumed = resume_session(resources().db, token, resources().now)
    if resumed is None:
        return None
    person, viewer, session = resumed
    return Account(person, viewer, token, session)


def _resume_by_token(sent: Request) -> Account | None:
    """For the HTTP API alone: pages are opened by sessions."""
    scheme, _, secret = sent.headers.get("Authorization", "").partition(" ")
    if not sent.path.startswith(API) or scheme.lower() != "bearer":
        return None
    known = resume_by_token(resources().db, secret.strip(), resources().now)
    if known is None:
        return None
    person, viewer, g.token = known
    return Account(person, viewer, token="")


def _guard() -> ResponseReturnValue | None:
    """Closed by default: a new route is for signed-in people until it is named in PUBLIC."""
    if isinstance(request.routing_exception, SecurityError):
        raise request.routing_exception
    if request.environ.get(NO_ROOM):
        raise Busy("too many uploads arrive")
    if request.endpoint not in CARRIES_PHOTO:
        request.max_content_length = MAX_WORDS_BYTES
    elif _carries_more_than_words() and not resources().world.has_room():
        raise DiskFull
    if request.path.startswith(API):  # each operation asks for a token by itself
        return None
    if is_signed_in():
        _note_use()
        if came_by_link() and request.endpoint not in PUBLIC | BY_LINK:
            return redirect(url_for("passkeys.show", needed="yes"), code=303)
        return None
    if request.endpoint in PUBLIC:
        return None
    if request.method in {"GET", "HEAD"}:
        return redirect(url_for("sign_in.show", next=request.full_path.rstrip("?")), code=303)
    lost = None if request.endpoint == "sign_in.leave" else LOSES.get(str(request.endpoint), "form")
    return redirect(url_for("sign_in.show", next=_page_of_form(), lost=lost), code=303)


def _note_use() -> None:
    """Note that this session is used, but not for each of many requests."""
    if UNATTENDED in request.headers or request.endpoint in SAME_FOR_ALL:
        return
    now = resources().now
    if now - current_user.session.last_seen >= SEEN_EVERY or request.endpoint == STILL_HERE:
        use_session(resources().db, current_user.token, now)
        current_user.session = replace(current_user.session, seen_at=now)


def seconds_left() -> int:
    """How long this session lasts if nothing more is done."""
    end = ends_at(current_user.session, current_user.person.role)
    return int((end - resources().now).total_seconds())


def _carries_more_than_words() -> bool:
    if request.method == "PATCH" or UPLOAD_LENGTH in request.headers:
        return True
    size = request.content_length  # None where the body does not say its size
    return request.method == "POST" and (size is None or size > MAX_WORDS_BYTES)


def _page_of_form() -> str | None:
    """The page from which a form was sent, as far as its address tells; None where none can."""
    came_from = urlsplit(request.referrer or "")
    own = came_from.netloc == request.host
    paths = [request.path]
    if own:
        paths.insert(0, urlunsplit(("", "", came_from.path, came_from.query, "")))
    adapter = current_app.create_url_adapter(request)
    return next((p for p in paths if adapter and adapter.test(urlsplit(p).path, "GET")), None)


def _close(error: BaseException | None) -> None:  # noqa: ARG001  (the signature is Flask's)
    opened: Resources | None = g.pop("resources", None)
    if opened is not None:
        opened.db.close()
