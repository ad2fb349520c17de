"""What keeps a browser safe: cookies, headers, forged requests, guessed passphrases, sizes."""

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import wraps
from io import BytesIO
from ipaddress import ip_address, ip_network
from typing import IO, Any
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Request,
    Response,
    after_this_request,
    current_app,
    g,
    make_response,
    request,
)
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask.typing import ResponseReturnValue, RouteCallable
from flask_limiter import Limiter
from flask_login import current_user
from flask_wtf import CSRFProtect
from itsdangerous import BadSignature, URLSafeSerializer
from limits import RateLimitItem, parse
from werkzeug.exceptions import TooManyRequests
from werkzeug.middleware.proxy_fix import ProxyFix

from tracker.domain.people.sessions import LONGEST_LIFETIME
from tracker.settings import Settings
from web.typed import ReadableForms

MAX_REQUEST_BYTES = 41 * 1024 * 1024  # a photo of 40 MB and the text around it
MAX_WORDS_BYTES = 64 * 1024  # requests without a photo
NO_ROOM = "afterglow.no_room"  # in the environment of a request whose photo was not received
UPLOAD_LENGTH = "Upload-Length"  # the header that names the size of a photo that came in parts
TRIES_PER_PERSON = "10 per 10 minutes"  # and client: others cannot lock a person out
TRIES_PER_CLIENT = "60 per 10 minutes"  # a whole clinic may sit behind one address
TRIES_PER_ACCOUNT = "100 per hour"  # from all clients together on which nobody signed in as it
KNOWN_ACCOUNTS = 5  # of one browser, where colleagues share a desk
KNOWN_FOR = timedelta(days=365)
MAILS_PER_CLIENT = "10 per hour"  # to the address given
JUDGED_PER_CLIENT = "60 per minute"  # each takes up to half a second
IPV6_HOUSEHOLD_BITS = 64  # the smallest range that one customer gets, within which addresses change

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
        " manifest-src 'self'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",  # the check for forged requests reads it
    "X-Content-Type-Options": "nosniff",
}


API = "/api/"  # the paths of the HTTP API, where programs prove by a token who they are
KNOWN = "known"
CLOSES_ACCOUNT = "own_data.close"
GUESSED_AT = (
    "sign_in.enter",
    CLOSES_ACCOUNT,
    "home_care.enter_code",
)
PROVES_PASSKEY = "passkeys.enter"
MAILS_LINK = ("links.mail_link", "home_care.ask_for_account")
JUDGES = "passphrases.tell"
SAME_FOR_ALL = frozenset(
    {"static", "app_shell.static", "app_shell.service_worker", "app_shell.framing_cascade"}
)


class InMemoryRequest(Request):
    """Its photo never touches the disk before it is encrypted; its texts are readable."""

    form_data_parser_class = ReadableForms

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002  (the signature is werkzeug's)
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        return BytesIO()


class SessionCookies(SecureCookieSessionInterface):
    """Cookies whose age does not count: a clock that was set back would sign everyone out.

    The server ends sessions by their rows.
    """

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """What the cookie of this request keeps; empty when it is not one that we signed.

        The HTTP API takes no cookies: another site could have a browser send them.
        """
        if request.path.startswith(API):
            return self.session_class()
        signer = self.get_signing_serializer(app)
        value = request.cookies.get(self.get_cookie_name(app), "")
        try:
            return self.session_class({} if signer is None else signer.loads(value))
        except BadSignature:
            return self.session_class()


def configure(app: Flask, settings: Settings) -> None:
    """Set keys, cookies and sizes, and trust the configured proxies to name the client."""
    if settings.proxies:
        wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)
        app.wsgi_app = wsgi_app  # type: ignore[method-assign]  # as Flask's manual does it
    app.request_class = InMemoryRequest
    app.session_interface = SessionCookies()
    app.config.update(
        SECRET_KEY=settings.key_for("sessions"),
        SESSION_COOKIE_NAME="__Host-afterglow" if settings.is_https else "afterglow",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_https,
        PERMANENT_SESSION_LIFETIME=LONGEST_LIFETIME,  # the server ends shorter ones
        # A late response to the earlier session would overwrite the new one's cookie.
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        TRUSTED_HOSTS=["localhost", "127.0.0.1", urlsplit(settings.base_url).hostname],
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form may wait for a tired patient
    )


def init_app(app: Flask, settings: Settings, *, without_cookies: Blueprint) -> None:
    """Refuse forged requests and send the safe headers with every answer."""
    csrf = CSRFProtect(app)
    # Mail programs stop reminders by their own POST; its link is signed (RFC 8058).
    csrf.exempt("web.accounts.preferences.stop")
    csrf.exempt(without_cookies)

    def add_headers(response: Response) -> Response:
        response.headers.extend(HEADERS)
        if settings.is_https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if request.endpoint not in SAME_FOR_ALL:
            response.headers["Cache-Control"] = "private, no-store"
        return response

    app.after_request(add_headers)


def init_limits(app: Flask, settings: Settings) -> None:
    """Slow down guessing, by client and by the person it tries to be.

    A try counts before it is checked, so that tries in parallel get no further; it is given back
    when it was right. Passkeys name no person, so that they count by client alone. A browser in
    which somebody has signed in before counts for that account alone, so that neither a guesser nor
    others behind the same address lock its owner out.

    Links that were asked for count by client, so that no one can flood strangers' mailboxes.
    """
    app.extensions[KNOWN] = settings.key_for("limits")

    limiter = Limiter(network, app=app, storage_uri="memory://")
    by_client, by_person = (parse(TRIES_PER_CLIENT), _client), (parse(TRIES_PER_PERSON), _client_as)
    by_account = (parse(TRIES_PER_ACCOUNT), _anywhere_as)
    for endpoint in GUESSED_AT:
        limits = (by_person, by_client, by_account)
        limited = _counted(app.view_functions[endpoint], limiter, limits)
        app.view_functions[endpoint] = limited
    passkey = _counted(app.view_functions[PROVES_PASSKEY], limiter, (by_client,))
    app.view_functions[PROVES_PASSKEY] = passkey
    slow = [(endpoint, MAILS_PER_CLIENT) for endpoint in MAILS_LINK]
    for endpoint, limit in (*slow, (JUDGES, JUDGED_PER_CLIENT)):
        slowed = limiter.limit(limit)(app.view_functions[endpoint])
        app.view_functions[endpoint] = slowed  # type: ignore[assignment]

    def say_when(response: Response) -> Response:
        limit = limiter.current_limit
        reset_at = g.get("tries_again_at") or (limit.reset_at if limit else None)
        if response.status_code == TooManyRequests.code and reset_at is not None:
            response.headers["Retry-After"] = str(seconds_until(reset_at))
        return response

    app.after_request(say_when)


def seconds_until(reset_at: float) -> int:
    """Whole seconds until a limit lets requests through again, at least one."""
    return max(1, int(reset_at) - int(time.time()))


def remember_browser(email: str) -> None:
    """Have this browser show later that somebody signed in here with this address.

    It signs nobody in; OWASP calls it a device cookie. It holds keyed hashes of the latest few
    addresses.
    """
    own = _account_digest(email)
    known = [own, *(each for each in _known_accounts() if each != own)][:KNOWN_ACCOUNTS]
    value = _known_signer().dumps(known)

    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            _known_name(),
            value,
            max_age=KNOWN_FOR,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
        return response


def _tried_account() -> str:
    """The account that is tried.

    Closing an account asks for the passphrase of the signed-in person, whatever the form says.
    """
    if request.endpoint == CLOSES_ACCOUNT and current_user.is_authenticated:
        return _account_digest(current_user.person.email)
    return _account_digest(request.form.get("email", ""))


def _client() -> str:
    """The network; a browser that is known for the account (a passkey names none) is its own."""
    known, tried = _known_accounts(), _tried_account()
    if request.endpoint == PROVES_PASSKEY and known:
        tried = known[0]
    return f"known {tried}" if tried in known else network()


def _client_as() -> str:
    return f"{_client()} {_tried_account()}"


def _anywhere_as() -> str:
    tried = _tried_account()
    return f"known {tried}" if tried in _known_accounts() else f"anywhere {tried}"


def _known_accounts() -> list[str]:
    """Keyed hashes of the addresses with which people signed in in this browser."""
    try:
        return list(_known_signer().loads(request.cookies.get(_known_name(), "")))
    except BadSignature:
        return []


def _known_name() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}_{KNOWN}"


def _known_signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=KNOWN)


def _account_digest(email: str) -> str:
    """The address hashed with a key: no log and no cookie reveals it."""
    key: bytes = current_app.extensions[KNOWN]
    return hmac.new(key, email.strip().lower().encode(), hashlib.sha256).hexdigest()


def _counted(
    view: RouteCallable,
    limiter: Limiter,
    limits: Sequence[tuple[RateLimitItem, Callable[[], str]]],
) -> Callable[..., ResponseReturnValue]:
    """Answer 429 instead of calling the view once any limit is used up; see `init_limits`."""

    @wraps(view)
    def counted(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        names = [(item, (str(request.endpoint), name())) for item, name in limits]
        for item, name in names:
            if not limiter.limiter.hit(item, *name):
                g.tries_again_at = limiter.limiter.get_window_stats(item, *name).reset_time
                raise TooManyRequests
        response = make_response(current_app.ensure_sync(view)(*args, **kwargs))
        if not _is_failure(response):
            for item, name in names:
                limiter.storage.incr(item.key_for(*name), item.get_expiry(), amount=-1)
        return response

    return counted


def _is_failure(response: Response) -> bool:
    return response.status_code >= 400


def network() -> str:
    """The network address of the client; for IPv6 the network of one household."""
    text = request.remote_addr or ""
    try:
        address = ip_address(text)
    except ValueError:  # some proxies name a client by other means
        return text
    if address.version == 4:
        return text
    return str(ip_network((address.packed, IPV6_HOUSEHOLD_BITS), strict=False))


PURPOSES = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")  # by browser and age


def is_fetched_ahead() -> bool:
    """Whether a browser fetches it before any person asks: headers only, or in advance."""
    purposes = (request.headers.get(name, "") for name in PURPOSES)
    return request.method == "HEAD" or any(
        word in purpose.lower() for purpose in purposes for word in ("prefetch", "preview")
    )
