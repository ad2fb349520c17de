"""When something goes wrong: one calm page, which tells nothing it should not."""

from flask import Flask
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import Forbidden as ForbiddenByHttp
from werkzeug.exceptions import HTTPException, NotFound

from tracker.access import Forbidden
from tracker.photo_files import PhotoMissing
from web.pages import ErrorPage, render
from web.words import ERRORS, UNKNOWN_ERROR


def show_in_style(app: Flask) -> None:
    """Answer every error with the clinic's own page."""
    app.register_error_handler(HTTPException, _show)
    app.register_error_handler(CSRFError, _show_expired)
    for hidden in (Forbidden, PhotoMissing, ForbiddenByHttp):
        app.register_error_handler(hidden, _show_not_found)


def _show(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:  # a redirect in the coat of an error
        return error.response
    code = error.code or 500
    return render(ErrorPage(code, ERRORS.get(code, UNKNOWN_ERROR))), code


def _show_expired(error: CSRFError) -> ResponseReturnValue:  # noqa: ARG001  (told alike)
    return render(ErrorPage(400, ERRORS["expired"])), 400


def _show_not_found(error: Exception) -> ResponseReturnValue:  # noqa: ARG001  (told alike)
    """Forbidden and missing look the same, so that neither tells what exists."""
    return _show(NotFound())
