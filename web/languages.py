"""The language of the pages: the best of those the browser asks for and we have.

A language counts only when every page, mail and protocol is translated. So far: English.
"""

from flask import Flask, Response, request
from werkzeug.datastructures import LanguageAccept

LANGUAGES = ("en-GB",)


def choose_language(wanted: LanguageAccept) -> str:
    """The best of `LANGUAGES` for what a browser accepts; the first if none fits."""
    return wanted.best_match(LANGUAGES, default=LANGUAGES[0]) or LANGUAGES[0]


def init_app(app: Flask) -> None:
    """Tell templates and browsers the language of each page."""

    @app.context_processor
    def tell_template() -> dict[str, str]:
        return {"language": choose_language(request.accept_languages)}

    @app.after_request
    def tell_browser(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.headers["Content-Language"] = choose_language(request.accept_languages)
            response.vary.add("Accept-Language")
        return response
