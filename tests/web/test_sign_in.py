import logging
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from itsdangerous import TimestampSigner
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tracker.actions.people.accounts import set_passphrase
from tracker.domain.people.people import Person
from tracker.world import World
from web import create_app
from web.accounts.sign_in import safe_target


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


def test_a_cookie_copied_before_signing_out_is_worth_nothing_after(
    app: Flask, alice: Browser
) -> None:
    thief = Browser(app)
    copied = alice.client.get_cookie("afterglow")
    assert copied is not None
    thief.client.set_cookie("afterglow", copied.value)
    assert thief.get("/").status_code == 200
    alice.send("/sign-out", {})
    assert thief.get("/").status_code == 303


def test_signing_out_on_one_device_leaves_the_others_alone(
    cast: Cast, alice: Browser, browser_of: Callable[[Person], Browser]
) -> None:
    other_device = browser_of(cast.alice)
    alice.send("/sign-out", {})
    assert other_device.get("/").status_code == 200


def test_signing_in_again_ends_the_session_before(app: Flask, cast: Cast, alice: Browser) -> None:
    before = alice.client.get_cookie("afterglow")
    assert before is not None
    assert alice.sign_in(cast.bob, PASSPHRASE).status_code == 303
    old = Browser(app)
    old.client.set_cookie("afterglow", before.value)
    assert old.get("/").status_code == 303


def use(browser: Browser, clock: Clock, every: timedelta, times: int) -> list[int]:
    """Open a page again and again, and collect the statuses."""
    statuses = []
    for _ in range(times):
        clock.now += every
        statuses.append(browser.get("/settings").status_code)
    return statuses


def test_patients_stay_signed_in_for_a_month_and_practitioners_for_half_a_day(
    alice: Browser, dana: Browser, clock: Clock
) -> None:
    assert use(dana, clock, timedelta(minutes=48), 15) == [200] * 14 + [303]
    assert use(alice, clock, timedelta(days=9, hours=8), 4) == [200] * 3 + [303]


def test_a_session_that_nobody_uses_ends_sooner(
    alice: Browser, dana: Browser, clock: Clock
) -> None:
    assert use(dana, clock, timedelta(minutes=59), 2) == [200, 200]
    assert use(dana, clock, timedelta(minutes=61), 1) == [303]
    assert use(alice, clock, timedelta(days=1), 1) == [200]
    assert use(alice, clock, timedelta(days=14), 1) == [303]


def test_a_page_that_asks_by_itself_is_no_sign_of_a_person(dana: Browser, clock: Clock) -> None:
    for _ in range(6):
        clock.now += timedelta(minutes=9)
        unattended = {"Afterglow-Unattended": "yes"}
        assert dana.get("/worklist/version", headers=unattended).status_code == 200
        (answer,) = [dana.get("/still-here", headers=unattended)]
    assert answer.json is not None
    assert answer.json["seconds"] == 6 * 60
    clock.now += timedelta(minutes=9)
    assert dana.get("/worklist/version", headers=unattended).status_code == 303


def test_typing_counts_as_use(dana: Browser, cast: Cast, clock: Clock) -> None:
    clock.now += timedelta(minutes=59)
    said = dana.get("/still-here").json
    assert said is not None
    assert (said["person"], said["seconds"]) == (cast.dana.id, 60 * 60)
    assert use(dana, clock, timedelta(minutes=59), 1) == [200]


def test_a_new_passphrase_ends_the_sessions_under_the_old_one(
    cast: Cast, alice: Browser, db: Database
) -> None:
    set_passphrase(db, cast.alice.id, "another long passphrase")
    assert alice.get("/").status_code == 303


def test_a_session_that_was_tampered_with_is_none(app: Flask, cast: Cast) -> None:
    browser = Browser(app)
    with browser.client.session_transaction() as cookie:
        cookie["_user_id"] = cast.alice.id
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


def guess(browser: Browser, person: Person, times: int) -> None:
    """Fail to sign in this many times."""
    for _ in range(times):
        values = {"email": person.email, "passphrase": "a guess at something"}
        assert browser.send("/sign-in", values).status_code == 401


def test_guesses_in_parallel_get_no_further_than_guesses_in_a_row(
    cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    def slow(_: Database, __: str, passphrase: str, ___: datetime, **____: object) -> None:
        checked.append(passphrase)
        time.sleep(0.3)  # so that all have come before any is answered

    monkeypatch.setattr("web.accounts.sign_in.sign_in", slow)
    browsers = [Browser(app) for _ in range(24)]
    tokens = [browser.token() for browser in browsers]

    def try_one(number: int) -> int:
        values = {"email": cast.alice.email, "passphrase": f"guess {number}"}
        own = {"csrf_token": tokens[number]}
        return browsers[number].client.post("/sign-in", data=values | own).status_code

    with ThreadPoolExecutor(24) as threads:
        codes = sorted(threads.map(try_one, range(24)))
    assert codes == [401] * 10 + [429] * 14
    assert len(checked) == 10


def test_wrong_passkeys_are_slowed_down_and_the_passphrase_still_works(
    cast: Cast, stranger: Browser
) -> None:
    wrong = {"answer": '{"id": "unknown"}'}
    codes = [stranger.send("/sign-in/passkey", wrong).status_code for _ in range(61)]
    assert codes == [401] * 60 + [429]
    assert stranger.sign_in(cast.alice, PASSPHRASE).status_code == 303


def test_a_refusal_says_when_to_come_back(cast: Cast, stranger: Browser) -> None:
    guess(stranger, cast.alice, 10)
    answer = stranger.sign_in(cast.alice, PASSPHRASE)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 601  # ten minutes, to the next full second
    assert "Retry-After" not in stranger.get("/sign-in").headers


def test_nobody_can_lock_a_person_out_from_elsewhere(cast: Cast, app: Flask) -> None:
    elsewhere, at_home = Browser(app, client="198.51.100.1"), Browser(app, client="203.0.113.7")
    guess(elsewhere, cast.alice, 10)
    assert elsewhere.sign_in(cast.alice, PASSPHRASE).status_code == 429
    assert at_home.sign_in(cast.alice, PASSPHRASE).status_code == 303


def test_changing_addresses_within_one_household_gives_no_more_tries(
    cast: Cast, app: Flask
) -> None:
    guess(Browser(app, client="2001:db8:1:2::1"), cast.alice, 10)
    neighbour, same = (Browser(app, client=f"2001:db8:1:{n}::99") for n in (3, 2))
    assert same.sign_in(cast.alice, PASSPHRASE).status_code == 429
    assert neighbour.sign_in(cast.alice, PASSPHRASE).status_code == 303


def test_others_in_the_waiting_room_lock_no_phone_out_that_signed_in_before(
    cast: Cast, app: Flask
) -> None:
    phone = Browser(app)
    assert phone.sign_in(cast.alice, PASSPHRASE).status_code == 303
    phone.send("/sign-out", {})
    rogue = Browser(app)  # behind the same address
    guess(rogue, cast.alice, 10)
    assert rogue.sign_in(cast.alice, PASSPHRASE).status_code == 429
    for number in range(50):
        values = {"email": f"p{number}@clinic.example", "passphrase": "a guess at something"}
        assert rogue.send("/sign-in", values).status_code == 401
    assert Browser(app).sign_in(cast.bob, PASSPHRASE).status_code == 429
    assert phone.sign_in(cast.alice, PASSPHRASE).status_code == 303


def test_an_account_that_is_guessed_at_from_many_networks_stays_open_to_its_owner(
    cast: Cast, app: Flask, dana: Browser, alice: Browser
) -> None:
    alice.send("/sign-out", {})
    for network in range(10):
        guess(Browser(app, client=f"198.51.100.{network}"), cast.alice, 10)
    new_phone = Browser(app, client="203.0.113.7")
    assert new_phone.sign_in(cast.alice, PASSPHRASE).status_code == 429
    assert alice.sign_in(cast.alice, PASSPHRASE).status_code == 303
    page = dana.send(f"/patients/{cast.alice.id}/renewal", {}).text
    link = re.search(r"http://127\.0\.0\.1:8000(/renew/[\w.-]+)", page)
    assert link is not None
    chosen = "amber lift over nine"
    assert new_phone.send(link[1], {"passphrase": chosen}).status_code == 303
    assert new_phone.sign_in(cast.alice, chosen).status_code == 303


def test_a_browser_that_is_known_for_one_account_gets_no_more_tries_at_another(
    cast: Cast, app: Flask, browser_of: Callable[[Person], Browser]
) -> None:
    bob = browser_of(cast.bob)
    bob.send("/sign-out", {})
    guess(bob, cast.alice, 10)
    assert bob.sign_in(cast.alice, PASSPHRASE).status_code == 429
    assert Browser(app).sign_in(cast.alice, PASSPHRASE).status_code == 429
    guess(bob, cast.bob, 10)
    assert bob.sign_in(cast.bob, PASSPHRASE).status_code == 429
    forged = Browser(app)
    forged.client.set_cookie("afterglow_known", '["a"].forged')
    assert forged.sign_in(cast.alice, PASSPHRASE).status_code == 429


def behind_proxy(app: Flask, forwarded_for: str) -> Browser:
    """A browser whose requests come through a proxy on this machine."""
    browser = Browser(app)
    browser.client.environ_base["HTTP_X_FORWARDED_FOR"] = forwarded_for
    return browser


def test_behind_a_proxy_each_client_has_tries_of_its_own(
    world: World, cast: Cast, clock: Clock
) -> None:
    app = create_app(replace(world, settings=replace(world.settings, proxies=1)), clock)
    guess(behind_proxy(app, "198.51.100.1"), cast.alice, 10)
    disguised = behind_proxy(app, "203.0.113.9, 198.51.100.1")
    assert disguised.sign_in(cast.alice, PASSPHRASE).status_code == 429
    assert behind_proxy(app, "203.0.113.7").sign_in(cast.alice, PASSPHRASE).status_code == 303


def test_without_a_proxy_nobody_is_believed_to_be_somewhere_else(app: Flask, cast: Cast) -> None:
    guess(behind_proxy(app, "198.51.100.1"), cast.alice, 10)
    elsewhere = behind_proxy(app, "203.0.113.7")
    assert elsewhere.sign_in(cast.alice, PASSPHRASE).status_code == 429


def test_signing_in_rightly_is_never_counted(app: Flask, cast: Cast) -> None:
    statuses = [Browser(app).sign_in(cast.alice, PASSPHRASE).status_code for _ in range(11)]
    assert statuses == [303] * 11


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


def test_only_signing_in_and_out_touch_the_cookie(alice: Browser, clock: Clock) -> None:
    clock.now += timedelta(hours=1)
    # A response still on its way would otherwise replace the new session by an ended one.
    assert "Set-Cookie" not in alice.get("/").headers
    assert "Set-Cookie" not in alice.get("/settings").headers


def test_a_clock_that_is_set_back_signs_nobody_out(
    cast: Cast, stranger: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = int(time.time()) + 3600
    with monkeypatch.context() as patch:
        patch.setattr(TimestampSigner, "get_timestamp", lambda signer: ahead)
        stranger.sign_in(cast.alice, PASSPHRASE)
    assert "Day 3" in stranger.read("/")
    assert stranger.send("/check-in", {"pain": "2"}).status_code == 303


def test_after_the_clock_was_set_back_a_sign_in_is_proved_again(
    cast: Cast, stranger: Browser, clock: Clock
) -> None:
    stranger.sign_in(cast.dana, PASSPHRASE)
    assert stranger.get("/invite").status_code == 200
    clock.now -= timedelta(hours=1)
    assert stranger.get("/invite").headers["Location"].startswith("/prove")
