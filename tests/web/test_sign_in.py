import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tracker.actions.renew_passphrase import renew_passphrase
from tracker.people import Person
from web.sign_in import safe_target


def test_alice_signs_in_and_sees_her_day(cast: Cast, stranger: Browser) -> None:
    answer = stranger.sign_in(cast.alice, PASSPHRASE)
    assert answer.headers["Location"] == "/"
    assert "Day 3" in stranger.read("/")


def test_a_wrong_passphrase_and_an_unknown_address_look_alike(
    cast: Cast, stranger: Browser
) -> None:
    wrong = stranger.send("/sign-in", {"email": cast.alice.email, "passphrase": "not hers at all"})
    unknown = stranger.send("/sign-in", {"email": "x@clinic.example", "passphrase": "anything"})
    assert wrong.status_code == unknown.status_code == 401
    sentence = "That e-mail address and passphrase do not match."
    assert sentence in wrong.text
    assert sentence in unknown.text


def test_after_signing_in_people_come_to_where_they_wanted(cast: Cast, stranger: Browser) -> None:
    sent_away = stranger.get("/progress").headers["Location"]
    assert sent_away == "/sign-in?next=/progress"
    assert 'name="next" value="/progress"' in stranger.read(sent_away)
    answer = stranger.sign_in(cast.alice, PASSPHRASE, target="/progress")
    assert answer.headers["Location"] == "/progress"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        " //evil.example",
    ],
)
def test_no_link_can_lead_from_sign_in_to_another_host(target: str) -> None:
    assert safe_target(target) == "/"


def test_a_path_of_our_own_is_kept_with_its_question() -> None:
    assert safe_target("/alerts/1?from=mail") == "/alerts/1?from=mail"


def test_signing_out_ends_the_session(alice: Browser) -> None:
    alice.send("/sign-out", {})
    assert alice.get("/").status_code == 303


def test_a_new_passphrase_ends_the_sessions_under_the_old_one(
    cast: Cast, alice: Browser, db: Database
) -> None:
    renew_passphrase(db, cast.alice.id, "another long passphrase")
    assert alice.get("/").status_code == 303


def test_a_session_that_was_tampered_with_is_none(app: Flask, cast: Cast) -> None:
    browser = Browser(app)
    with browser.client.session_transaction() as cookie:
        cookie["_user_id"] = f"{cast.alice.id}:wrong stamp"
    assert browser.get("/").status_code == 303
    browser.client.set_cookie("afterglow", "eyJfdXNlcl9pZCI6ImFueW9uZSJ9.forged.forged")
    assert browser.get("/").status_code == 303


def test_guessing_is_slowed_down_and_says_so(cast: Cast, stranger: Browser) -> None:
    values = {"email": cast.alice.email, "passphrase": "a guess at something"}
    codes = [stranger.send("/sign-in", values).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    answer = stranger.send("/sign-in", values)
    assert "Too many tries" in answer.text
    assert stranger.sign_in(cast.alice, PASSPHRASE).status_code == 429
    assert stranger.sign_in(cast.bob, PASSPHRASE).status_code == 303


def test_signing_in_rightly_is_never_counted(
    cast: Cast, browser_of: Callable[[Person], Browser]
) -> None:
    for _ in range(11):
        browser_of(cast.alice)


def test_a_signed_in_person_is_not_asked_again(alice: Browser) -> None:
    assert alice.get("/sign-in").headers["Location"] == "/"


def test_the_log_holds_no_address_of_those_who_try(
    stranger: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for _ in range(11):
            stranger.send("/sign-in", {"email": "alice@clinic.example", "passphrase": "wrong one"})
    assert "alice" not in caplog.text.lower()
    assert "wrong one" not in caplog.text


def test_reading_a_page_keeps_the_session_alive(alice: Browser, clock: Clock) -> None:
    clock.now += timedelta(hours=1)
    cookie = alice.get("/").headers["Set-Cookie"]
    assert "Expires=" in cookie
