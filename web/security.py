"""What keeps a browser safe: cookies, headers, forged requests, guessed passphrases, sizes."""

import hashlib
from datetime import timedelta
from io import BytesIO
from typing import IO
from urllib.parse import urlsplit

from flask import Flask, Request, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect

from tracker.settings import Settings

MAX_REQUEST_BYTES = 41 * 1024 * 1024  # a photo of 40 MB and the words around it
MAX_WORDS_BYTES = 64 * 1024  # requests that carry no photo
SESSION_LIFETIME = timedelta(hours=12)
TRIES_PER_ADDRESS = "10 per 10 minutes"
TRIES_PER_MACHINE = "60 per 10 minutes"  # a whole clinic may sit behind one address

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


class InMemoryRequest(Request):
    """A request whose photo never touches the disk before it is encrypted."""

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002  (the signature is werkzeug's)
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        return BytesIO()


def configure(app: Flask, settings: Settings) -> None:
    """Set keys, cookies and sizes."""
    app.request_class = InMemoryRequest
    app.config.update(
        SECRET_KEY=settings.key_for("sessions"),
        SESSION_COOKIE_NAME="__Host-afterglow" if settings.is_https else "afterglow",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_https,
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        TRUSTED_HOSTS=["localhost", "127.0.0.1", urlsplit(settings.base_url).hostname],
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form may wait for a tired patient
    )


def protect(app: Flask, settings: Settings) -> None:
    """Refuse forged requests and send the safe headers with every answer."""
    CSRFProtect(app)

    def add_headers(response: Response) -> Response:
        response.headers.extend(HEADERS)
        if settings.is_https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "private, no-store"
        return response

    app.after_request(add_headers)


def limit_sign_in(app: Flask) -> None:
    """Slow down guessing; only failures count, by e-mail address and by machine."""
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://")
    by_machine = limiter.limit(TRIES_PER_MACHINE, deduct_when=_is_failure)
    by_address = limiter.limit(TRIES_PER_ADDRESS, key_func=_address_key, deduct_when=_is_failure)
    enter = app.view_functions["sign_in.enter"]
    limited = by_machine(by_address(enter))
    app.view_functions["sign_in.enter"] = limited  # type: ignore[assignment]  # Flask's is wider


def _is_failure(response: Response) -> bool:
    return response.status_code >= 400


def _address_key() -> str:
    """The address as it is compared, hashed so that no log can hold it."""
    address = request.form.get("email", "").strip().lower()
    return hashlib.sha256(address.encode()).hexdigest()
