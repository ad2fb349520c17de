"""A form that arrives after its session: the page says what was not kept, and leads back."""

from datetime import timedelta
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlite_utils import Database
from werkzeug.test import TestResponse

from tests.conftest import PASSPHRASE, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tests.web.test_second_step import half_in, set_up, strict
from tracker.actions.people.signing_in import sign_in
from tracker.domain.people.second_step import HalfSignedIn, SecondStep
from tracker.domain.people.sessions import LONGEST_LIFETIME
from web.session import LOSES, PUBLIC
from web.words.words import NOT_KEPT

__all__ = ["strict"]

HOST = "http://localhost"


def posted(browser: Browser, path: str, came_from: str | None, **fields: object) -> TestResponse:
    """A form sent without script."""
    headers = {} if came_from is None else {"Referer": came_from}
    return browser.client.post(path, base_url=HOST, data=fields, headers=headers, buffered=True)


def led_to(answer: TestResponse) -> tuple[str, dict[str, str]]:
    """The path of a redirect and what its query says."""
    assert answer.status_code == 303
    parts = urlsplit(answer.headers["Location"])
    assert parts.netloc == ""
    return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


def forms(app: Flask) -> list[tuple[str, str]]:
    """Every route that takes a form of a signed-in person: its name and a path."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):  # programs send no forms
            continue
        if "POST" in (rule.methods or ()) and rule.endpoint not in {*PUBLIC, "sign_in.leave"}:
            adapter = app.url_map.bind("localhost")
            names = dict.fromkeys(rule.arguments, "1")
            found.append((rule.endpoint, adapter.build(rule.endpoint, names, method="POST")))
    return found


@pytest.mark.parametrize(
    "came_from", [None, f"{HOST}/settings?saved=yes", "https://evil.example/x"]
)
def test_every_form_without_a_session_says_what_was_not_kept(
    app: Flask, stranger: Browser, came_from: str | None
) -> None:
    assert len(forms(app)) > 40
    adapter = app.url_map.bind("localhost")
    for endpoint, path in forms(app):
        to, said = led_to(posted(stranger, path, came_from))
        assert to == "/sign-in"
        assert said["lost"] == LOSES.get(endpoint, "form"), endpoint
        if came_from == f"{HOST}/settings?saved=yes":
            assert said["next"] == "/settings?saved=yes", endpoint
        elif "next" in said:
            assert said["next"] == path
            assert adapter.test(said["next"], "GET"), endpoint
        page = stranger.read(f"/sign-in?lost={said['lost']}")
        assert NOT_KEPT[said["lost"]].split("'", maxsplit=1)[0] in page


def test_a_photo_sent_after_the_session_leads_back_to_its_page_and_keeps_nothing(
    alice: Browser, cast: Cast, clock: Clock, db: Database
) -> None:
    clock.now += LONGEST_LIFETIME + timedelta(days=1)
    sent = {"role": "follow_up", "photo": (BytesIO(b"a photo"), "a.jpg")}
    to, said = led_to(posted(alice, "/photo", f"{HOST}/photo", **sent))
    assert (to, said) == ("/sign-in", {"next": "/photo", "lost": "photo"})
    page = alice.read("/sign-in?next=/photo&lost=photo")
    assert "You were signed out before your photo arrived, so it was not kept." in page
    assert alice.sign_in(cast.alice, PASSPHRASE, target="/photo").headers["Location"] == "/photo"
    assert list(db.query("SELECT id FROM photos")) == []


def test_answers_without_a_session_name_whom_to_call(stranger: Browser) -> None:
    to, said = led_to(posted(stranger, "/check-in", f"{HOST}/check-in", pus="yes"))
    assert said == {"next": "/check-in", "lost": "answers"}
    page = stranger.read(f"{to}?next=/check-in&lost=answers")
    assert "nobody has seen them" in page
    assert "call your clinic or a doctor" in page


def test_a_wrong_passphrase_does_not_hide_what_was_not_kept(stranger: Browser, cast: Cast) -> None:
    page = stranger.read("/sign-in?next=/photo&lost=photo")
    assert '<input type="hidden" name="lost" value="photo">' in page
    values = {
        "email": cast.alice.email,
        "passphrase": "not hers",
        "next": "/photo",
        "lost": "photo",
    }
    again = stranger.send("/sign-in", values)
    assert again.status_code == 401
    assert "so it was not kept" in again.text
    assert '<input type="hidden" name="next" value="/photo">' in again.text


@pytest.mark.parametrize("lost", ["", "everything", "<b>", "photo "])
def test_an_address_cannot_put_words_on_the_page(stranger: Browser, lost: str) -> None:
    assert "You were signed out" not in stranger.get(f"/sign-in?lost={lost}").text


def test_signing_out_twice_loses_nothing(stranger: Browser) -> None:
    assert led_to(posted(stranger, "/sign-out", f"{HOST}/settings"))[1].get("lost") is None


def test_a_session_from_before_the_clinic_asked_proves_nothing_and_ends(
    app: Flask, strict: Flask, cast: Cast, clock: Clock, db: Database
) -> None:
    early = Browser(app)
    early.sign_in(cast.dana, PASSPHRASE)
    asked = sign_in(
        db, cast.dana.email, PASSPHRASE, clock.now, second_step=True, already=cast.dana.id
    )
    assert isinstance(asked, HalfSignedIn)
    assert asked.step is SecondStep.SET_UP
    set_up(half_in(strict, cast.dana), clock)
    assert early.get("/settings").status_code == 303
