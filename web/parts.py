"""The parts of a form with files: what they hold decides, and not how they are labelled."""

import re
from io import BytesIO
from typing import IO, Final

from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.datastructures.file_storage import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

_BREAK: Final = rb"(?:\r\n|\n|\r)"
_HEAD: Final = rb"((?:\A|%(break)s)--%(boundary)s[ \t]*%(break)s)(.{1,4096}?)(?=\r\n\r\n|\n\n|\r\r)"
MOST_PARTS: Final = 500  # the longest form has some hundred fields
_DISPOSITION: Final = re.compile(rb"^content-disposition:[^\r\n]*", re.IGNORECASE | re.MULTILINE)
_FILE_NAME: Final = re.compile(rb";\s*filename\*?\s*=", re.IGNORECASE)
_PHOTO: Final = re.compile(
    rb"^content-type:\s*(?:image/|application/octet-stream)|;\s*name\s*=\s*\"?photo\"?\s*(?:;|$)",
    re.IGNORECASE | re.MULTILINE,
)


def with_readable_labels(body: IO[bytes], boundary: bytes) -> IO[bytes]:
    """The parts of a form, with labels that can be parsed.

    A label that is not UTF-8 is taken for Latin-1, which spoils a name and loses no content. A
    photo without a file name gets an empty one, so that it stays bytes. Raises
    RequestEntityTooLarge for more parts than any form has, before they are parsed.
    """
    sent = body.read()
    if sent.count(b"--" + boundary) > MOST_PARTS + 1:
        raise RequestEntityTooLarge
    pattern = _HEAD % {b"break": _BREAK, b"boundary": re.escape(boundary)}
    form = re.sub(pattern, _mended, sent, flags=re.DOTALL)
    return BytesIO(form)


def _mended(found: re.Match[bytes]) -> bytes:
    start, head = found[1], found[2]
    try:
        head.decode()
    except UnicodeDecodeError:
        head = head.decode("latin-1").encode()
    disposition = _DISPOSITION.search(head)
    if disposition and _PHOTO.search(head) and not _FILE_NAME.search(disposition[0]):
        head = head[: disposition.end()] + b'; filename=""' + head[disposition.end() :]
    return start + head


def photos_in(files: ImmutableMultiDict[str, FileStorage]) -> list[FileStorage]:
    """The photos that were sent; a field in which none was chosen sends an empty one."""
    sent = files.getlist("photo")
    return [file for file in sent if _has_content(file)] or [file for file in sent if file.filename]


def _has_content(file: FileStorage) -> bool:
    first = file.stream.read(1)
    file.stream.seek(0)
    return bool(first)
