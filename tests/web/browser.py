"""A person at a browser, without the network."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tracker.domain.people.people import Person

SHOWN = re.compile(r'name="shown" value="([^"]+)"')
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser:
    """Opens pages and sends forms, with cookies, to one application."""

    def __init__(
        self, app: Flask, address: str = "http://localhost", *, client: str = "127.0.0.1"
    ) -> None:
        self.client = app.test_client()
        self.client.environ_base["REMOTE_ADDR"] = client
        self._address = address

    def get(
        self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        """The response, redirects not followed."""
        return self.client.open(
            path, method=method, headers=headers, base_url=self._address, buffered=True
        )

    def read(self, path: str) -> str:
        """The page, which must exist."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status)
        return answer.text

    def send(
        self,
        path: str,
        values: Mapping[str, Any],
        *,
        follow: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        """Post a form with a valid token; `follow` follows the redirect."""
        return self.client.post(
            path,
            base_url=self._address,
            data={"csrf_token": self.token(), **values},
            headers={"Referer": f"{self._address}{path}", **(headers or {})},
            follow_redirects=follow,
        )

    def send_bytes(self, path: str, data: bytes, headers: Mapping[str, str]) -> TestResponse:
        """Patch with bytes and a valid token, as a script does."""
        own = {"Referer": f"{self._address}/photo", "X-CSRFToken": self.token()}
        return self.client.patch(
            path, base_url=self._address, data=data, headers={**own, **headers}
        )

    def shown(self, alert_id: str) -> str:
        """Open an alert's page and take the hidden fields of its forms; empty if it has none."""
        found = SHOWN.search(self.read(f"/alerts/{alert_id}"))
        return found[1] if found else ""

    def answer(
        self, alert_id: str, what: str, values: Mapping[str, Any], *, follow: bool = False
    ) -> TestResponse:
        """Open an alert's page and send the form for `what` from it."""
        carried = {"shown": self.shown(alert_id)}
        return self.send(f"/alerts/{alert_id}/{what}", carried | dict(values), follow=follow)

    def token(self) -> str:
        """A token against forged requests, from any page with a form."""
        found = TOKEN.search(self.client.get("/sign-in", base_url=self._address).text)
        found = found or TOKEN.search(self.client.get("/passkeys", base_url=self._address).text)
        assert found is not None
        return found[1]

    def sign_in(self, person: Person, passphrase: str, target: str = "") -> TestResponse:
        """Sign in through the form."""
        values = {"email": person.email, "passphrase": passphrase, "next": target}
        return self.send("/sign-in", values)
