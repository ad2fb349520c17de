"""The second step of signing in: where a clinic asks for it, a passphrase opens no record."""

import html
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from sqlite_utils import Database
from werkzeug.test import TestResponse

from tests.conftest import PASSPHRASE, TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tracker.actions.people.accounts import issue_renewal
from tracker.actions.people.joining import StaffInvited, invite_staff
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.mail.mails import MailKind, renewal_link, welcome_link
from tracker.domain.people.passkeys import Passkey
from tracker.domain.people.people import Person, Role
from tracker.domain.people.second_step import HALF_GOOD_FOR, RECOVERY_CODES, Authenticator
from tracker.domain.people.sessions import PROOF_GOOD_FOR
from tracker.domain.people.staff import Position
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import passkeys, second_steps
from tracker.world import World
from web import create_app

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STEP = timedelta(seconds=30)
CHOSEN = "amber lift over nine"
BrowserOf = Callable[[Person], Browser]


@pytest.fixture
def strict(world: World, clock: Clock) -> Flask:
    """The pages of a clinic that asks its people for a second step."""
    settings = replace(world.settings, second_step=True)
    return create_app(replace(world, settings=settings), clock)


@pytest.fixture
def app_of_dana(db: Database, cast: Cast) -> Authenticator:
    """Dr Dana's app."""
    app = Authenticator(cast.dana.id, SECRET, 0, TREATED_AT)
    with writing(db):
        second_steps.keep_app(db, app)
    return app


def shown(clock: Clock, secret: str = SECRET, steps: int = 0) -> str:
    """What an app shows now, or so many steps later."""
    return pyotp.TOTP(secret).at(clock.now + steps * STEP)


def half_in(app: Flask, person: Person, client: str = "127.0.0.1") -> Browser:
    """A browser after the right passphrase."""
    browser = Browser(app, client=client)
    answer = browser.sign_in(person, PASSPHRASE, target="/settings")
    assert answer.headers["Location"] == "/second-step?next=/settings"
    return browser


def give(browser: Browser, code: str) -> TestResponse:
    return browser.send("/second-step", {"code": code, "next": "/settings"})


def set_up(
    browser: Browser,
    clock: Clock,
    path: str = "/second-step?next=/settings",
    to: str = "/second-step/set-up",
) -> list[str]:
    """Connect an app as the page asks, and read the recovery codes."""
    page = browser.read(path)
    kept, key = (
        re.search(r'name="kept" value="([^"]+)"', page),
        re.search(r'"typed-key">([^<]+)', page),
    )
    assert kept is not None
    assert key is not None
    code = shown(clock, key[1].replace(" ", ""))
    sent = {"kept": html.unescape(kept[1]), "code": code, "next": "/settings"}
    answer = browser.send(to, sent)
    assert answer.status_code == 200, answer.text
    return re.findall(r"<code>([^<]+)</code>", answer.text)


def acts(db: Database, *of: Act) -> list[tuple[Act, str | None, str | None, str]]:
    entries = audit_log.search(db, Search())
    return [(e.act, e.by, e.about, e.details) for e in entries if e.act in of]


def kinds_to(db: Database, person: Person) -> set[MailKind]:
    return {mail.kind for mail in mails.of_recipient(db, person.id)}


def test_at_the_first_sign_in_an_app_is_set_up_and_the_recovery_codes_are_shown_once(
    strict: Flask, cast: Cast, clock: Clock, db: Database
) -> None:
    browser = half_in(strict, cast.dana)
    assert browser.get(f"/patients/{cast.alice.id}").headers["Location"].startswith("/sign-in")
    codes = set_up(browser, clock)
    assert len(set(codes)) == RECOVERY_CODES
    assert browser.get(f"/patients/{cast.alice.id}").status_code == 200
    stored = second_steps.codes_of(db, cast.dana.id)
    assert len(stored) == RECOVERY_CODES
    assert all(each.startswith("$argon2id$") for each in stored)
    assert codes[0] not in browser.read("/passkeys")
    assert kinds_to(db, cast.dana) == {MailKind.SECOND_STEP_CHANGED}
    told = (Act.SECOND_STEP_CHANGED, cast.dana.id, cast.dana.id, "app set up")
    assert acts(db, Act.SECOND_STEP_CHANGED) == [told]


def test_a_wrong_code_connects_no_app_and_the_page_keeps_its_key(
    strict: Flask, cast: Cast, db: Database
) -> None:
    browser = half_in(strict, cast.dana)
    page = browser.read("/second-step")
    kept = re.search(r'name="kept" value="([^"]+)"', page)
    assert kept is not None
    again = browser.send("/second-step/set-up", {"kept": kept[1], "code": "000000"})
    assert (again.status_code, "does not fit" in again.text) == (422, True)
    key = re.compile(r'"typed-key">([^<]+)')
    assert key.findall(again.text) == key.findall(page)
    assert second_steps.app_of(db, cast.dana.id) is None


def test_a_key_that_we_did_not_make_for_this_person_is_refused(
    strict: Flask, cast: Cast, clock: Clock, db: Database
) -> None:
    page = half_in(strict, cast.eli).read("/second-step")
    of_eli, key = (
        re.search(r'name="kept" value="([^"]+)"', page),
        re.search(r'"typed-key">(.+?)<', page),
    )
    assert of_eli is not None
    assert key is not None
    code = shown(clock, key[1].replace(" ", ""))
    browser = half_in(strict, cast.dana)
    for kept in (of_eli[1], SECRET, ""):
        sent = {"kept": kept, "code": code}
        assert browser.send("/second-step/set-up", sent).status_code == 422
    assert second_steps.app_of(db, cast.dana.id) is None


def test_a_code_of_the_app_lets_in_once(
    strict: Flask, cast: Cast, clock: Clock, app_of_dana: Authenticator, db: Database
) -> None:
    code = shown(clock)
    first, overheard = half_in(strict, cast.dana), half_in(strict, cast.dana)
    assert give(first, f" {code[:3]} {code[3:]} ").headers["Location"] == "/settings"
    assert first.get("/settings").status_code == 200
    again = give(overheard, code)
    assert (again.status_code, "Each code works once" in again.text) == (401, True)
    assert overheard.get("/settings").status_code == 303
    assert sorted(acts(db, Act.SIGNED_IN, Act.SIGN_IN_FAILED), key=str) == sorted(
        [
            (Act.SIGN_IN_FAILED, None, cast.dana.id, "second step"),
            (Act.SIGNED_IN, cast.dana.id, None, "with a code"),
        ],
        key=str,
    )


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_phone_may_differ_by_one_step(
    strict: Flask,
    cast: Cast,
    clock: Clock,
    app_of_dana: Authenticator,
    steps: int,
    fits: bool,
) -> None:
    given = give(half_in(strict, cast.dana), shown(clock, steps=steps))
    assert given.status_code == (303 if fits else 401)


def test_guesses_are_counted_for_the_person_from_whatever_network(
    strict: Flask, cast: Cast, clock: Clock, app_of_dana: Authenticator
) -> None:
    browsers = [half_in(strict, cast.dana, f"198.51.100.{n}") for n in range(11)]
    assert [give(browser, "000000").status_code for browser in browsers] == [401] * 10 + [429]
    refused = give(browsers[0], shown(clock))
    assert refused.status_code == 429
    assert "possible from 10:10" in refused.text
    clock.now += timedelta(minutes=10)
    assert give(half_in(strict, cast.dana), shown(clock)).status_code == 303


def test_guesses_in_parallel_get_no_further(
    strict: Flask, cast: Cast, app_of_dana: Authenticator, db: Database
) -> None:
    browsers = [half_in(strict, cast.dana) for _ in range(14)]
    tokens = [browser.token() for browser in browsers]

    def guess(number: int) -> int:
        sent = {"csrf_token": tokens[number], "code": f"{number:06}"}
        return browsers[number].client.post("/second-step", data=sent).status_code

    with ThreadPoolExecutor(14) as threads:
        codes = sorted(threads.map(guess, range(14)))
    assert codes == [401] * 10 + [429] * 4


def test_thirty_guesses_a_day_and_the_right_person_comes_in_by_mail(
    strict: Flask, world: World, cast: Cast, clock: Clock, app_of_dana: Authenticator, db: Database
) -> None:
    for _ in range(3):
        guesser = half_in(strict, cast.dana)
        assert {give(guesser, "000000").status_code for _ in range(10)} == {401}
        clock.now += timedelta(minutes=11)
    assert give(half_in(strict, cast.dana), shown(clock)).status_code == 429
    renewal = issue_renewal(db, cast.dana.id, None, clock.now)
    assert renewal is not None
    owner = Browser(strict)
    owner.send(renewal_link(renewal.id, world.envelope).removeprefix(world.envelope.base_url),
               {"passphrase": CHOSEN})  # fmt: skip
    assert owner.sign_in(cast.dana, CHOSEN).headers["Location"].startswith("/second-step")
    assert give(owner, shown(clock)).status_code == 303
    assert guesser.sign_in(cast.dana, PASSPHRASE).status_code == 401


def test_a_recovery_code_lets_in_once_however_it_is_typed(
    strict: Flask, cast: Cast, clock: Clock, db: Database
) -> None:
    codes = set_up(half_in(strict, cast.dana), clock)
    typed = codes[3].lower().replace("-", " ")
    assert give(half_in(strict, cast.dana), typed).status_code == 303
    assert give(half_in(strict, cast.dana), typed).status_code == 401
    assert len(second_steps.codes_of(db, cast.dana.id)) == RECOVERY_CODES - 1
    hows = [details for *_, details in acts(db, Act.SIGNED_IN)]
    assert sorted(hows) == ["after setting up a second step", "with a recovery code"]


def test_the_passphrase_waits_ten_minutes_for_its_second_step(
    strict: Flask, cast: Cast, clock: Clock, app_of_dana: Authenticator
) -> None:
    browser = half_in(strict, cast.dana)
    clock.now += HALF_GOOD_FOR
    assert give(browser, shown(clock)).headers["Location"] == "/sign-in?next=/settings"
    assert browser.get("/second-step").status_code == 303


def test_somebody_who_has_an_app_cannot_set_up_another_with_the_passphrase_alone(
    strict: Flask, cast: Cast, clock: Clock, db: Database
) -> None:
    early = half_in(strict, cast.dana)
    page = early.read("/second-step")
    kept, key = (
        re.search(r'name="kept" value="([^"]+)"', page),
        re.search(r'"typed-key">(.+?)<', page),
    )
    assert kept is not None
    assert key is not None
    set_up(half_in(strict, cast.dana), clock)
    known = second_steps.app_of(db, cast.dana.id)
    sent = {"kept": html.unescape(kept[1]), "code": shown(clock, key[1].replace(" ", ""))}
    assert early.send("/second-step/set-up", sent).headers["Location"].startswith("/sign-in")
    assert early.send("/second-step/passkey/options", {}).status_code == 303
    assert second_steps.app_of(db, cast.dana.id) == known


def test_patients_are_asked_for_no_second_step(strict: Flask, cast: Cast) -> None:
    browser = Browser(strict)
    assert browser.sign_in(cast.alice, PASSPHRASE).headers["Location"] == "/"
    assert "The second step" not in browser.read("/passkeys")


def test_who_has_connected_an_app_is_asked_for_it_also_where_the_clinic_demands_none(
    app: Flask, cast: Cast, clock: Clock, app_of_dana: Authenticator
) -> None:
    browser = half_in(app, cast.dana)
    assert browser.get("/settings").status_code == 303
    assert give(browser, shown(clock)).status_code == 303
    assert browser.send("/passkeys/app/remove", {}).status_code == 303
    assert Browser(app).sign_in(cast.dana, PASSPHRASE).headers["Location"] == "/"


def test_the_only_second_step_stays_where_it_is_demanded(
    strict: Flask, cast: Cast, clock: Clock, app_of_dana: Authenticator, db: Database
) -> None:
    browser = half_in(strict, cast.dana)
    give(browser, shown(clock))
    refused = browser.send("/passkeys/app/remove", {})
    assert (refused.status_code, "this is your only one" in refused.text) == (409, True)
    with writing(db):
        passkeys.insert(db, Passkey("k", cast.dana.id, b"", 0, TREATED_AT))
    assert browser.send("/passkeys/app/remove", {}).status_code == 303
    assert browser.send("/passkeys/remove", {"key": "k"}).status_code == 409
    assert [key.id for key in passkeys.of_person(db, cast.dana.id)] == ["k"]


def test_new_recovery_codes_end_those_before(
    strict: Flask, cast: Cast, clock: Clock, db: Database
) -> None:
    browser = half_in(strict, cast.dana)
    (old, *_) = set_up(browser, clock)
    page = browser.send("/passkeys/recovery-codes", {}).text
    (new, *_) = re.findall(r"<code>([^<]+)</code>", page)
    assert give(half_in(strict, cast.dana), old).status_code == 401
    assert give(half_in(strict, cast.dana), new).status_code == 303


def test_proving_again_who_one_is_takes_one_step(
    strict: Flask, cast: Cast, clock: Clock, app_of_dana: Authenticator
) -> None:
    browser = half_in(strict, cast.dana)
    give(browser, shown(clock))
    clock.now += PROOF_GOOD_FOR
    assert browser.get("/invite").headers["Location"].startswith("/prove")
    assert browser.sign_in(cast.dana, PASSPHRASE, target="/invite").headers["Location"] == "/invite"
    assert browser.get("/invite").status_code == 200
    assert browser.sign_in(cast.eli, PASSPHRASE).headers["Location"].startswith("/second-step")
    assert browser.get("/settings").status_code == 303


def test_a_session_from_before_the_app_was_connected_ends(
    app: Flask, cast: Cast, clock: Clock
) -> None:
    early, owner = Browser(app), Browser(app)
    early.sign_in(cast.dana, PASSPHRASE)
    owner.sign_in(cast.dana, PASSPHRASE)
    assert set_up(owner, clock, "/passkeys/app", "/passkeys/app")
    assert owner.get("/settings").status_code == 200
    assert early.get("/settings").status_code == 303


def test_an_administrator_resets_the_second_step_of_a_colleague_and_both_hear_of_it(
    strict: Flask,
    cast: Cast,
    olga: Person,
    clock: Clock,
    db: Database,
    app_of_dana: Authenticator,
) -> None:
    dana, admin = half_in(strict, cast.dana), half_in(strict, olga)
    give(dana, shown(clock))
    set_up(admin, clock)
    assert "Reset the second step" in admin.read(f"/clinic/people/{cast.dana.id}")
    done = admin.send(f"/clinic/people/{cast.dana.id}/second-step", {}, follow=True)
    assert "Dr Dana sets the second step up again" in done.text
    assert dana.get("/").status_code == 303
    assert MailKind.SECOND_STEP_RESET in kinds_to(db, cast.dana) & kinds_to(db, olga)
    assert acts(db, Act.SECOND_STEP_RESET) == [(Act.SECOND_STEP_RESET, olga.id, cast.dana.id, "")]
    again = half_in(strict, cast.dana)
    assert "A second step for your sign-in" in again.read("/second-step")
    assert admin.send(f"/clinic/people/{olga.id}/second-step", {}).status_code == 409


def test_a_new_colleague_sets_up_the_second_step_before_anything_opens(
    strict: Flask, world: World, olga: Person, db: Database, clock: Clock
) -> None:
    position = Position(Role.PRACTITIONER, frozenset())
    invited = invite_staff(db, olga, "Dr Gul", "gul@clinic.example", position, clock.now)
    assert isinstance(invited, StaffInvited)
    link = welcome_link(invited.invitation.id, world.envelope)
    browser = Browser(strict)
    path = link.removeprefix(world.envelope.base_url)
    accepted = browser.send(path, {"passphrase": CHOSEN})
    assert accepted.headers["Location"].startswith("/second-step")
    assert browser.get("/").headers["Location"].startswith("/sign-in")
    set_up(browser, clock)
    assert browser.get("/").status_code == 200


def test_a_new_passphrase_by_mail_leaves_the_second_step_in_place(
    strict: Flask, world: World, cast: Cast, db: Database, clock: Clock, app_of_dana: Authenticator
) -> None:
    with writing(db):
        passkeys.insert(db, Passkey("k", cast.dana.id, b"", 0, TREATED_AT))
    renewal = issue_renewal(db, cast.dana.id, None, clock.now)
    assert renewal is not None
    thief_of_mail = Browser(strict)
    link = renewal_link(renewal.id, world.envelope).removeprefix(world.envelope.base_url)
    assert thief_of_mail.send(link, {"passphrase": CHOSEN}).status_code == 303
    sent_on = thief_of_mail.sign_in(cast.dana, CHOSEN)
    assert sent_on.headers["Location"].startswith("/second-step")
    assert "A second step for your sign-in" not in thief_of_mail.read("/second-step")
    assert len(passkeys.of_person(db, cast.dana.id)) == 1
