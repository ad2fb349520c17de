"""The parts of a form with files: what they hold decides, and not how they are labelled."""

import re
from collections.abc import Iterator
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
    pieces, end = [], 0
    for head in _heads(sent, boundary):
        if (mended := _mended(head)) != head[0]:
            pieces += [sent[end : head.start()], mended]
            end = head.end()
    return BytesIO(b"".join([*pieces, sent[end:]]) if pieces else sent)  # seldom copies a photo


def _heads(sent: bytes, boundary: bytes) -> Iterator[re.Match[bytes]]:
    """The labels of the parts.

    Boundaries are searched as bytes: to search 5 MB for a pattern takes a tenth of a second, in
    which no other thread can run.
    """
    mark = b"--" + boundary
    names = {b"break": _BREAK, b"boundary": re.escape(boundary)}
    pattern = re.compile(_HEAD % names, re.DOTALL)
    at = sent.find(mark)
    while at >= 0:
        start = at - 2 if sent[at - 2 : at] == b"\r\n" else max(0, at - 1)
        head = pattern.match(sent, start)
        if head is not None:
            yield head
        at = sent.find(mark, head.end() if head else at + len(mark))


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
