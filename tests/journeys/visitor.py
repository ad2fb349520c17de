"""A visitor with a browser that supports HTTP, cookies and forms, and nothing else."""

import re
from collections.abc import Mapping
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart


class Visitor:
    """Opens pages and sends the forms on them."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.url = address

    def read(self, path: str) -> str:
        """The page at `path` (or at a whole address)."""
        return self._open(Request(self._absolute(path)))  # noqa: S310  (always our own server)

    def send(
        self,
        page: str,
        values: Mapping[str, str],
        photo: FileStorage | None = None,
        to: str | None = None,
    ) -> str:
        """Fill the form on a page, post it to the page or to `to`, and read the answer."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.read(page))
        assert token is not None
        fields: dict[str, object] = {"csrf_token": token[1], **values}
        if photo is None:
            body, kind = urlencode(fields).encode(), "application/x-www-form-urlencoded"
        else:
            boundary, body = encode_multipart(fields | {"photo": photo})
            kind = f"multipart/form-data; boundary={boundary}"
        headers = {"Content-Type": kind, "Referer": self._absolute(page)}
        return self._open(Request(self._absolute(to or page), data=body, headers=headers))  # noqa: S310

    def sign_in(self, email: str, passphrase: str) -> str:
        """Sign in and read the first page."""
        return self.send("/sign-in", {"email": email, "passphrase": passphrase, "next": ""})

    def _absolute(self, path: str) -> str:
        return path if path.startswith("http") else self._address + path

    def _open(self, request: Request) -> str:
        with self._opener.open(request, timeout=60) as answer:
            self.url = answer.url
            return str(answer.read().decode("utf-8"))
