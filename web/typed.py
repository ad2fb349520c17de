"""Cleans every text of a form before any page reads it."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO, ClassVar, TypeVar

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.datastructures.file_storage import FileStorage
from werkzeug.formparser import FormDataParser

from tracker.domain.texts import LOST, readable
from web.pages import render
from web.parts import with_readable_labels

AS_TYPED = frozenset({"passphrase"})  # older hashes need the older spelling
# What a patient reports must arrive, even with a visible gap.
NEVER_REFUSED = frozenset({"patient.send_check_in", "patient.send_photo", "conversation.say"})


Part = TypeVar("Part")


class ReadableForms(FormDataParser):
    """Parses a form as werkzeug does, with labels it can parse, and makes each text readable.

    A part without a name, which no page sends, is left out.
    """

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        """The rest of the stream, the texts and the files."""
        if mimetype == "multipart/form-data":
            boundary = (options or {}).get("boundary", "").encode("ascii", "replace")
            stream = with_readable_labels(stream, boundary)
        rest, form, files = super().parse(stream, mimetype, content_length, options)
        return rest, self.cls(_readable(form)), self.cls(_named(files))


@dataclass(frozen=True, slots=True)
class UnreadablePage:
    """Why nothing was kept. `texts` is what was typed, including LOST, ready to be copied."""

    template: ClassVar[str] = "unreadable.html"
    place: ClassVar[str] = ""
    lost: ClassVar[str] = LOST

    texts: tuple[str, ...]

    @property
    def title(self) -> str:
        """The page's name."""
        return "Your text contains a character that cannot be displayed"


def init_app(app: Flask) -> None:
    """Refuse forms that contain LOST, with a remedy. Call it after the CSRF check is registered."""
    app.before_request(_refuse)


def _refuse() -> ResponseReturnValue | None:
    if request.blueprint == "api":  # it answers by itself, to programs
        return None
    if request.method != "POST" or request.endpoint in NEVER_REFUSED:
        return None
    typed = [(name, text) for name, text in request.form.items(multi=True) if name not in AS_TYPED]
    if not any(LOST in text for _, text in typed):
        return None
    texts = tuple(text for name, text in typed if LOST in text or "\n" in text)
    return render(UnreadablePage(texts)), HTTPStatus.UNPROCESSABLE_ENTITY


def _readable(form: MultiDict[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in _named(form):
        yield name, text if name in AS_TYPED else readable(text)


def _named(parts: MultiDict[str, Part]) -> Iterator[tuple[str, Part]]:
    for name, part in parts.items(multi=True):
        if name is not None:  # werkzeug says str
            yield name, part
