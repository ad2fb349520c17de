"""The path of a person who rolls at home, until a practitioner is let in."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.mail.daily import remind_patients
from tracker.actions.people.accounts import confirm_address
from tracker.actions.people.sharing import make_share_code
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.treatments import Setting
from tracker.domain.mail.mails import compose
from tracker.domain.people.people import Person
from tracker.domain.people.share_codes import GOOD_FOR, as_entered, new_code
from tracker.domain.people.signed_links import LinkPurpose, signed
from tracker.domain.protocols.protocols import Asks
from tracker.storage.course import screenings, treatments
from tracker.storage.mail import mails
from tracker.storage.people import people
from tracker.world import World
from web import create_app

ACCOUNT = {
    "name": "Hana",
    "email": "hana@home.example",
    "passphrase": PASSPHRASE,
    "time_zone": "Europe/Berlin",
}
KEY = b"signs the links"
QUESTIONS = [q for q in PROTOCOLS.of("home_roller").screening if q.asks is Asks.YES_NO]
HARMLESS = {q.id: "no" if q.warn_if else "yes" for q in QUESTIONS} | {
    "depth": "0.3",
    "performed_at": "2026-03-05T12:00",
}


@pytest.fixture
def open_app(world: World, clock: Clock) -> Flask:
    """A clinic that lets people sign up."""
    settings = replace(world.settings, open_sign_up="home_roller")
    return create_app(replace(world, settings=settings), clock)


@pytest.fixture
def hana(open_app: Flask) -> Browser:
    """A person who has just signed up."""
    browser = Browser(open_app)
    assert browser.send("/sign-up", ACCOUNT).headers["Location"] == "/begin"
    return browser


def test_nobody_fills_the_mailboxes_of_strangers_by_opening_accounts(open_app: Flask) -> None:
    def open_account(number: int, client: str) -> int:
        values = ACCOUNT | {"email": f"stranger{number}@home.example"}
        return Browser(open_app, client=client).send("/sign-up", values).status_code

    assert [open_account(number, "198.51.100.1") for number in range(11)] == [303] * 10 + [429]
    assert open_account(11, "203.0.113.7") == 303


def person(db: Database) -> Person:
    found = people.by_email(db, ACCOUNT["email"])
    assert found is not None
    return found


def test_without_the_setting_nobody_signs_up(stranger: Browser) -> None:
    assert stranger.get("/sign-up").status_code == 404
    assert stranger.send("/sign-up", ACCOUNT).status_code == 404
    assert "Create an account" not in stranger.read("/sign-in")


def test_a_home_roller_goes_from_sign_up_to_the_first_photo(
    hana: Browser, db: Database, clock: Clock
) -> None:
    assert "70 % alcohol" in hana.read("/begin")
    begun = hana.send("/begin", HARMLESS)
    assert (begun.status_code, begun.headers["Location"]) == (303, "/photo")
    treatment = treatments.current(db, person(db).id, clock.now)
    assert treatment is not None
    assert (treatment.kind, treatment.setting) == ("home_roller", Setting.HOME)
    assert treatment.needle_depth_mm == 0.3
    screening = screenings.of_treatment(db, treatment.id)
    assert screening is not None
    assert screening.by is None
    assert "See a doctor if" in hana.read("/")
    assert person(db).reminder_hour is None


@pytest.mark.parametrize("answer", [{"keloid": "yes"}, {"own_roller": "no"}])
def test_a_contraindication_stops_and_says_what_to_do(
    hana: Browser, db: Database, clock: Clock, answer: dict[str, str]
) -> None:
    stopped = hana.send("/begin", HARMLESS | answer | {"cautions_read": "yes"})
    assert stopped.status_code == 409
    assert "Please do not roll now" in stopped.text
    assert treatments.current(db, person(db).id, clock.now) is None


def test_a_caution_must_be_read_first(hana: Browser) -> None:
    careful = HARMLESS | {"cold_sores": "yes"}
    asked = hana.send("/begin", careful)
    assert asked.status_code == 409
    assert "ask a doctor for tablets" in asked.text
    assert hana.send("/begin", careful | {"cautions_read": "yes"}).status_code == 303


def test_rolling_again_too_soon_is_said_and_needs_a_tick(
    hana: Browser, db: Database, clock: Clock
) -> None:
    assert hana.send("/begin", HARMLESS).status_code == 303
    clock.now += timedelta(days=1)
    again = HARMLESS | {"performed_at": "2026-03-06T12:00"}
    told = hana.send("/begin", again)
    assert told.status_code == 409
    assert "It is too soon to roll again." in told.text
    assert "1 day after home roller (5 Mar 2026)" in told.text
    assert hana.send("/begin", again | {"cautions_read": "yes"}).status_code == 303
    session = treatments.of_patient(db, person(db).id)[-1]
    screening = screenings.of_treatment(db, session.id)
    assert screening is not None
    assert "1 day after home roller" in screening.warned[0]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rosacea": ""}, "Answer yes or no"),
        ({"depth": "1.5"}, "Choose how long the needles are"),
        ({"depth": "0.9"}, "choose another treatment"),
        ({"performed_at": ""}, "Choose the day and time"),
        ({"performed_at": "2026-01-01T12:00"}, "Choose a time from yesterday"),
    ],
)
def test_mistakes_are_named_and_answers_kept(
    hana: Browser, wrong: dict[str, str], words: str
) -> None:
    again = hana.send("/begin", HARMLESS | wrong)
    assert again.status_code == 422
    assert words in again.text
    assert 'name="pregnancy" value="no" required checked' in again.text


def test_an_address_with_an_account_is_told_to_sign_in(open_app: Flask, cast: Cast) -> None:
    taken = Browser(open_app).send("/sign-up", ACCOUNT | {"email": cast.alice.email})
    assert taken.status_code == 422
    assert "has an account already; sign in" in taken.text


def test_whoever_has_a_clinic_begins_nothing_alone(open_app: Flask, cast: Cast) -> None:
    browser = Browser(open_app)
    browser.sign_in(cast.alice, PASSPHRASE)
    assert browser.get("/begin").status_code == 404


def test_a_code_lets_one_practitioner_in_once(
    hana: Browser, db: Database, cast: Cast, browser_of: Callable[[Person], Browser]
) -> None:
    hana.send("/begin", HARMLESS)
    confirm_address(db, signed(LinkPurpose.ADDRESS, person(db).id, KEY), KEY)
    page = hana.send("/my-data/share", {}).text
    (code,) = re.findall(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", page)
    eli, dana = browser_of(cast.eli), browser_of(cast.dana)
    accepted = eli.send("/accept", {"code": code.lower().replace("-", " ")})
    assert accepted.headers["Location"] == f"/patients/{person(db).id}"
    assert "Hana" in eli.read("/")
    assert "does not work" in dana.send("/accept", {"code": code}).text
    assert "Dr Eli" in hana.read("/my-data")
    assert "Call us if" in hana.read("/")
    assert hana.get("/begin").status_code == 404


def test_a_code_grows_old_and_a_new_one_ends_it(
    dana: Browser, db: Database, cast: Cast, clock: Clock
) -> None:
    first, second = (make_share_code(db, cast.bob.id, clock.now) for _ in range(2))
    assert first is not None
    assert second is not None
    assert dana.send("/accept", {"code": first}).status_code == 422
    clock.now += GOOD_FOR - timedelta(seconds=1)
    dana.sign_in(cast.dana, PASSPHRASE)
    clock.now += timedelta(seconds=1)
    assert dana.send("/accept", {"code": second}).status_code == 422


def test_a_code_is_known_however_it_is_typed() -> None:
    code = new_code()
    assert as_entered(f" {code.lower().replace('-', '')} ") == code


def test_until_the_address_is_confirmed_nobody_is_let_in(
    hana: Browser, open_app: Flask, world: World, db: Database
) -> None:
    (mail,) = mails.of_recipient(db, person(db).id)
    sent = compose(mail, world.envelope)
    assert sent["To"] == ACCOUNT["email"]
    (link,) = re.findall(r"http://\S+(/confirm/\S+)", sent.get_content())
    assert "First confirm your address." in hana.send("/my-data/share", {}).text
    assert "First confirm your address." in hana.read("/settings")

    elsewhere = Browser(open_app)
    assert "Is this your address?" in elsewhere.read(link)
    assert "First confirm" in hana.read("/my-data/share"), "opening the link must change nothing"
    assert elsewhere.send(link, {}).status_code == 200
    assert "share-code" in hana.send("/my-data/share", {}).text
    assert "First confirm your address." not in hana.read("/settings")


def test_the_link_is_mailed_again_once_an_hour_at_most(
    hana: Browser, db: Database, clock: Clock
) -> None:
    for _ in range(2):
        assert "A link is on its way" in hana.send("/my-data/confirm", {}).text
    assert len(mails.of_recipient(db, person(db).id)) == 1
    clock.now += timedelta(hours=1)
    hana.send("/my-data/confirm", {})
    assert len(mails.of_recipient(db, person(db).id)) == 2


def test_no_reminder_goes_to_an_address_that_may_be_somebody_elses(
    hana: Browser, db: Database, clock: Clock
) -> None:
    hana.send("/begin", HARMLESS)
    hana.send("/settings", {"reminder": "yes", "hour": "18", "time_zone": "Europe/Berlin"})
    evening = TREATED_AT.replace(day=6, hour=17, minute=30)
    assert remind_patients(db, PROTOCOLS, evening) == []
    confirm_address(db, signed(LinkPurpose.ADDRESS, person(db).id, KEY), KEY)
    assert len(remind_patients(db, PROTOCOLS, evening)) == 1


@pytest.mark.parametrize("token", ["forged", signed(LinkPurpose.UNSUBSCRIBE, "alice", KEY)])
def test_a_forged_link_confirms_nothing(stranger: Browser, token: str) -> None:
    assert stranger.get(f"/confirm/{token}").status_code == 404
    assert stranger.send(f"/confirm/{token}", {}).status_code == 404


def test_a_home_roller_with_something_open_does_not_roll_again(
    hana: Browser, db: Database, clock: Clock
) -> None:
    assert hana.send("/begin", HARMLESS).status_code == 303
    clock.now += timedelta(days=1)
    sick = Answers(fever=True, spreading=True)
    record_check_in(db, PROTOCOLS, person(db).id, sick, clock.now)
    assert "Roll again" not in hana.read("/")
    page = hana.read("/begin")
    assert "Please do not roll now" in page
    assert "You ticked redness that spreads and fever." in page
    assert hana.send("/begin", HARMLESS).status_code == 409
