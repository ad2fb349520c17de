"""Errors: one calm page, which reveals nothing it should not."""

import logging
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import Forbidden as ForbiddenByHttp
from werkzeug.exceptions import HTTPException, NotFound, SecurityError

from tracker.actions.clinic.audit import record_refusal
from tracker.domain.people.access import Forbidden
from tracker.wires.photo_files import PhotoDamaged, PhotoMissing
from tracker.wires.places import PlaceUnreachable
from tracker.wires.processes import Busy
from tracker.world import DatabaseError, DatabaseUnreadable, DiskFull, is_full
from web import session
from web.api import problems
from web.pages import ErrorPage, render
from web.security import API
from web.words.words import ErrorWords

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 20
FULL_RETRY_AFTER_SECONDS = 600
UNREACHABLE_RETRY_AFTER_SECONDS = 60
PASSED_ON = frozenset({"Allow", "Retry-After"})  # headers of an error that go with its answer
NO_TOKEN = "The CSRF token is missing."  # noqa: S105  (what flask-wtf says)

ERRORS: Mapping[int | str, ErrorWords] = {
    400: ErrorWords(
        "That did not arrive whole",
        "The connection may have broken off. Nothing was kept. Go back and send it again.",
    ),
    "expired": ErrorWords(
        "This page was open too long",
        "For your safety nothing was sent. Go back, reload the page, and try again.",
    ),
    "damaged": ErrorWords(
        "This picture cannot be opened",
        "Its file was damaged on our side. The clinic must restore it from a backup.",
    ),
    "full": ErrorWords(
        "We have no space for photos at the moment",
        "What you sent was not kept. Keep the photo and send it again in an hour. Answers to a"
        " check-in are kept, and the clinic sees them.",
    ),
    "not written": ErrorWords(
        "We have no space at the moment",
        "What you sent was not kept. Go back and send it again in a minute. If your skin worries"
        " you now, call your clinic or a doctor.",
    ),
    "unreachable": ErrorWords(
        "We cannot reach our photos at the moment",
        "What you sent was not kept. Keep the photo and send it again in a few minutes. Answers to"
        " a check-in are kept, and the clinic sees them.",
    ),
    "not shown": ErrorWords(
        "We cannot reach our photos at the moment",
        "This page needs them. Try again in a few minutes. Answers to a check-in are kept, and the"
        " clinic sees them.",
    ),
    404: ErrorWords(
        "There is nothing here",
        "The address may be mistyped, or it leads to something that is not yours to see.",
    ),
    413: ErrorWords(
        "That is too large to send",
        "Send one photo of less than 40 MB. Nothing was kept.",
    ),
    429: ErrorWords(
        "Too many tries",
        "Wait ten minutes, then sign in again. Your data is safe.",
    ),
    500: ErrorWords(
        "Something broke on our side",
        "The error has been logged. Please try again in a few minutes. If your skin worries you"
        " now, call your clinic or a doctor.",
    ),
    503: ErrorWords(
        "Many photos are arriving at the moment",
        "What you sent was not kept, because too many photos wait to be checked. Wait a minute, go"
        " back and send it again. Answers to a check-in never wait for photos.",
    ),
}
UNKNOWN_ERROR = ErrorWords("That did not work", "Go back and try again.")


def init_app(app: Flask) -> None:
    """Answer every error with the clinic's own page; the log gets no path, which may be a key."""
    app.log_exception = _log  # type: ignore[method-assign]  # as Flask's manual does it
    app.register_error_handler(HTTPException, _show)
    app.register_error_handler(CSRFError, _show_forged)
    app.register_error_handler(SecurityError, _show_other_host)
    app.register_error_handler(PhotoDamaged, _show_damaged)
    app.register_error_handler(Busy, _show_busy)
    app.register_error_handler(DiskFull, _show_full)
    app.register_error_handler(PlaceUnreachable, _show_unreachable)
    app.register_error_handler(DatabaseUnreadable, _show_unopened)
    for unkept in (OSError, DatabaseError):
        app.register_error_handler(unkept, _show_unkept)
    app.register_error_handler(Forbidden, _show_refused)
    for hidden in (PhotoMissing, ForbiddenByHttp):
        app.register_error_handler(hidden, _show_not_found)


def _log(exc_info: Any) -> None:
    log.error("%s %s failed", request.method, request.endpoint, exc_info=exc_info)


def _show(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:  # a redirect raised as an error
        return error.response
    code = error.code or 500
    return _say(code, ERRORS.get(code, UNKNOWN_ERROR), error.get_headers())


def _say(
    code: int, words: ErrorWords, headers: Iterable[tuple[str, str]] = ()
) -> ResponseReturnValue:
    """A page for people; for programs of the HTTP API the same as problem+json."""
    kept = {name: value for name, value in headers if name in PASSED_ON}
    if not request.path.startswith(API):
        return Response(render(ErrorPage(code, words)), code, kept)
    return problems.answer(problems.of_page(code, words.title, words.advice), kept)


def _show_forged(error: CSRFError) -> ResponseReturnValue:
    """A form without any token was cut off on its way; one with a wrong token is old or forged."""
    cut_off = error.description == NO_TOKEN
    words = ERRORS[400] if cut_off else ERRORS["expired"]
    return _say(400, words)


def _show_other_host(error: SecurityError) -> ResponseReturnValue:  # noqa: ARG001  (told alike)
    """No page can be drawn: its links would lead to a host that is not ours."""
    text = "This clinic has another address. If you run it, set AFTERGLOW_URL to this one.\n"
    return Response(text, 400, mimetype="text/plain")


def _show_damaged(error: PhotoDamaged) -> ResponseReturnValue:
    """The picture exists but cannot be shown; the error's message names no person."""
    log.error("%s", error)
    return _say(500, ERRORS["damaged"])


def _show_busy(error: Busy) -> ResponseReturnValue:
    log.warning("a photo was sent away: %s", error)
    return _show_later(ERRORS[503], RETRY_AFTER_SECONDS)


def _show_unreachable(error: PlaceUnreachable) -> ResponseReturnValue:
    """Phones keep the photo and come again; of a photo that is kept this says nothing."""
    log.error("%s needs the place of the photos: %s", request.endpoint, error)
    words = ERRORS["unreachable" if request.method == "POST" else "not shown"]
    return _show_later(words, UNREACHABLE_RETRY_AFTER_SECONDS)


def _show_later(words: ErrorWords, seconds: int) -> ResponseReturnValue:
    """Phones that were sent away together come back one after another."""
    again = seconds + secrets.randbelow(2 * seconds)
    return _say(503, words, [("Retry-After", str(again))])


def _show_full(error: DiskFull) -> ResponseReturnValue:  # noqa: ARG001  (it says all)
    """Phones keep the photo and come again."""
    log.error("a photo was sent away: the disk is full")
    return _say(503, ERRORS["full"], [("Retry-After", str(FULL_RETRY_AFTER_SECONDS))])


def _show_unkept(error: Exception) -> ResponseReturnValue:
    """A disk that was found full while something was written: nothing of it is kept.

    The first write of the database that fails sets space free for the next. Photos wait longer.
    """
    if not is_full(error):
        raise error
    if isinstance(error, OSError) and request.files:
        return _show_full(DiskFull())
    log.error("%s %s found the disk full", request.method, request.endpoint)
    return _show_later(ERRORS["not written"], RETRY_AFTER_SECONDS)


def _show_unopened(error: DatabaseUnreadable) -> ResponseReturnValue:
    """No page can be drawn: each one needs to know who reads it."""
    log.error("%s %s: %s", request.method, request.endpoint, error)
    words = ERRORS["not written"] if is_full(error) else ERRORS[500]
    text = f"{words.title}. {words.advice}\n"
    again = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return Response(text, 503, again, mimetype="text/plain")


def _show_refused(error: Forbidden) -> ResponseReturnValue:
    """What is not this person's to see looks like what does not exist; the audit log knows."""
    its, by = session.resources(), session.person_id()
    if by is not None:
        about = (request.view_args or {}).get("patient_id")
        record_refusal(its.db, by, about, str(request.endpoint), its.now)
    return _show_not_found(error)


def _show_not_found(error: Exception) -> ResponseReturnValue:  # noqa: ARG001  (told alike)
    """Forbidden and missing look the same, so that neither reveals what exists."""
    return _show(NotFound())
