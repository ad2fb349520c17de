"""The path of a person who rolls at home, until a practitioner is let in."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlite_utils import Database
from werkzeug.test import TestResponse

from tests.conftest import PASSPHRASE, PROTOCOLS, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.people.joining import (
    Invited,
    StaffInvited,
    forget_sign_ups,
    invite_patient,
    invite_staff,
)
from tracker.actions.people.sharing import make_share_code
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.treatments import Setting
from tracker.domain.mail.mails import MailKind, compose, welcome_link
from tracker.domain.people.people import Person, Role
from tracker.domain.people.share_codes import GOOD_FOR, as_entered, new_code
from tracker.domain.people.staff import Position
from tracker.domain.protocols.protocols import Asks
from tracker.storage.connection import writing
from tracker.storage.course import screenings, treatments
from tracker.storage.mail import mails
from tracker.storage.people import people
from tracker.world import World
from web import create_app, session

HANA = "hana@home.example"
ACCOUNT = {
    "name": "Hana",
    "passphrase": PASSPHRASE,
    "time_zone": "Europe/Berlin",
}
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


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers need not take the same time here."""
    monkeypatch.setattr(session, "ANSWERS_AFTER_SECONDS", 0.0)


def asks(app: Flask, email: str = HANA, client: str = "127.0.0.1") -> TestResponse:
    """Somebody types an address on the page."""
    return Browser(app, client=client).send("/sign-up", {"email": email})


def mailed_link(db: Database, world: World, email: str = HANA) -> str:
    """The path of the link in the newest mail to an address."""
    found = people.by_email(db, email)
    assert found is not None
    sent = compose(mails.of_recipient(db, found.id)[0], world.envelope)
    assert sent["To"] == email
    return str(re.findall(r"http://[^/\s]+(/welcome/\S+)", sent.get_content())[0])


@pytest.fixture
def hana(open_app: Flask, db: Database, world: World) -> Browser:
    """A person who has just signed up."""
    assert asks(open_app).status_code == 200
    browser = Browser(open_app)
    assert browser.send(mailed_link(db, world), ACCOUNT).headers["Location"] == "/begin"
    return browser


def kinds_to(db: Database, email: str) -> list[MailKind]:
    found = people.by_email(db, email)
    return [mail.kind for mail in mails.of_recipient(db, found.id)] if found else []


def test_nobody_fills_the_mailboxes_of_strangers(
    open_app: Flask, db: Database, clock: Clock
) -> None:
    codes = [asks(open_app, f"n{n}@home.example", "198.51.100.1").status_code for n in range(11)]
    assert codes == [200] * 10 + [429]
    for number in range(3):
        assert asks(open_app, client=f"203.0.113.{number}").status_code == 200
    assert kinds_to(db, HANA) == [MailKind.ADDRESS]
    clock.now += timedelta(hours=1)
    asks(open_app)
    assert kinds_to(db, HANA) == [MailKind.ADDRESS] * 2


def test_the_page_says_the_same_whether_or_not_there_is_an_account(
    open_app: Flask, cast: Cast, db: Database, clock: Clock
) -> None:
    invited = invite_patient(db, cast.dana, "Chinwe", "chinwe@home.example", clock.now)
    assert isinstance(invited, Invited)
    known = (HANA, cast.alice.email, cast.dana.email, "chinwe@home.example")
    pages = [asks(open_app, email).text.replace(email, "") for email in known]
    assert len(set(pages)) == 1
    assert "A mail is on its way" in pages[0]
    assert kinds_to(db, HANA) == [MailKind.ADDRESS]
    for email in (cast.alice.email, cast.dana.email):
        assert kinds_to(db, email) == [MailKind.HAS_ACCOUNT]
    told = {MailKind.INVITATION, MailKind.HAS_ACCOUNT}  # and the link of the clinic still works
    assert set(kinds_to(db, "chinwe@home.example")) == told


def test_the_answer_takes_the_same_time_whether_or_not_there_is_an_account(
    open_app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(session, "ANSWERS_AFTER_SECONDS", 100.0)
    monkeypatch.setattr("web.session.time.sleep", waited.append)
    for email in (HANA, cast.alice.email):
        asks(open_app, email)
    assert len(waited) == 2
    assert all(90 < seconds < 100 for seconds in waited)


def test_the_link_works_once_and_for_a_day(
    open_app: Flask, db: Database, world: World, clock: Clock
) -> None:
    asks(open_app)
    link = mailed_link(db, world)
    clock.now += timedelta(hours=23, minutes=59)
    unnamed = Browser(open_app).send(link, ACCOUNT | {"name": " "})
    assert (unnamed.status_code, "write a name" in unnamed.text.lower()) == (422, True)
    assert Browser(open_app).send(link, ACCOUNT).status_code == 303
    assert Browser(open_app).get(link).status_code == 410
    assert person(db).name == "Hana"
    asks(open_app, "late@home.example")
    late = mailed_link(db, world, "late@home.example")
    clock.now += timedelta(days=1)
    assert Browser(open_app).send(late, ACCOUNT).status_code == 410


def test_an_address_whose_owner_did_not_follow_the_link_is_forgotten(
    hana: Browser, open_app: Flask, db: Database, world: World, clock: Clock
) -> None:
    asks(open_app, "late@home.example")
    clock.now += timedelta(hours=23)
    assert forget_sign_ups(db, world.settings.outbox, clock.now) == 0
    clock.now += timedelta(hours=2)
    assert forget_sign_ups(db, world.settings.outbox, clock.now) == 1
    assert people.by_email(db, "late@home.example") is None
    assert person(db).name == "Hana"


def test_a_stranger_who_signs_up_with_an_address_blocks_no_invitation_and_keeps_no_way_in(
    open_app: Flask, db: Database, world: World, cast: Cast, olga: Person, clock: Clock
) -> None:
    for email in (HANA, "gul@clinic.example"):
        asks(open_app, email)
    link_before = mailed_link(db, world)
    invited = invite_patient(db, cast.dana, "Hana", HANA, clock.now)
    assert isinstance(invited, Invited)
    assert Browser(open_app).get(link_before).status_code == 410
    link = welcome_link(invited.invitation.id, world.envelope)
    assert Browser(open_app).get(link.removeprefix(world.envelope.base_url)).status_code == 200
    position = Position(Role.PRACTITIONER, frozenset())
    colleague = invite_staff(db, olga, "Dr Gul", "gul@clinic.example", position, clock.now)
    assert isinstance(colleague, StaffInvited)


def test_whoever_signed_up_before_and_never_confirmed_comes_back_by_a_link(
    hana: Browser, open_app: Flask, db: Database, world: World, clock: Clock
) -> None:
    hana.send("/begin", HARMLESS)
    with writing(db):  # what the step of the database does to such an account
        db.table("sessions").delete_where("person_id = ?", [person(db).id])
        db.table("credentials").delete_where("person_id = ?", [person(db).id])
    clock.now += timedelta(hours=1)
    asks(open_app)
    again = Browser(open_app)
    assert again.send(mailed_link(db, world), ACCOUNT).status_code == 303
    assert "See a doctor if" in again.read("/")


def person(db: Database) -> Person:
    found = people.by_email(db, HANA)
    assert found is not None
    return found


def test_without_the_setting_nobody_signs_up(stranger: Browser) -> None:
    assert stranger.get("/sign-up").status_code == 404
    assert stranger.send("/sign-up", {"email": HANA}).status_code == 404
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
    latest = treatments.of_patient(db, person(db).id)[-1]
    screening = screenings.of_treatment(db, latest.id)
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


def test_whoever_has_a_clinic_begins_nothing_alone(open_app: Flask, cast: Cast) -> None:
    browser = Browser(open_app)
    browser.sign_in(cast.alice, PASSPHRASE)
    assert browser.get("/begin").status_code == 404


def test_a_code_lets_one_practitioner_in_once(
    hana: Browser, db: Database, cast: Cast, browser_of: Callable[[Person], Browser]
) -> None:
    hana.send("/begin", HARMLESS)
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
    assert dana.send("/accept", {"code": first}).status_code == 422
    clock.now += GOOD_FOR - timedelta(seconds=1)
    dana.sign_in(cast.dana, PASSPHRASE)
    clock.now += timedelta(seconds=1)
    assert dana.send("/accept", {"code": second}).status_code == 422


def test_a_code_is_known_however_it_is_typed() -> None:
    code = new_code()
    assert as_entered(f" {code.lower().replace('-', '')} ") == code


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
