"""A patient comes in by the link of the invitation and the year of birth."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tracker.actions.people.joining import prove_by_year
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.mail.mails import MailKind, compose, welcome_link
from tracker.domain.own_data.consents import Consent, Decision, Purpose, is_given
from tracker.domain.people.invitations import MOST_TRIES
from tracker.domain.people.passkeys import Passkey
from tracker.domain.people.people import Person
from tracker.domain.people.sessions import PROOF_GOOD_FOR, UNUSED
from tracker.domain.people.signed_links import RENEWAL_MAIL_EVERY
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.own_data import consents
from tracker.storage.people import invitations, passkeys, people
from tracker.world import World
from web import create_app

NEW = {"name": "Chinwe", "email": "chinwe@home.example", "birth_date": "1985-04-23"}
RIGHT, WRONG = {"birth_year": "1985"}, {"birth_year": "1958"}
OWN = "violet tram under seven"


@pytest.fixture
def invite(dana: Browser) -> Callable[[], str]:
    def path() -> str:
        page = dana.send("/invite", NEW).text
        found = re.search(r'value="http[^"]*(/welcome/[\w.-]+)"', page)
        assert found is not None
        return found[1]

    return path


@pytest.fixture
def phone(invite: Callable[[], str], app: Flask) -> Browser:
    """Chinwe's phone, just after the link."""
    browser = Browser(app)
    assert browser.send(invite(), RIGHT).status_code == 303
    return browser


def chinwe(db: Database) -> Person:
    found = people.by_email(db, "chinwe@home.example")
    assert found is not None
    return found


def test_link_and_year_lead_to_the_camera(
    invite: Callable[[], str], app: Flask, db: Database
) -> None:
    path, phone = invite(), Browser(app)
    page = phone.read(path)
    assert "Chinwe" not in page
    assert "passphrase" not in page
    assert "you agree that your photos and answers" in page
    answer = phone.send(path, RIGHT)
    assert (answer.status_code, answer.location) == (303, "/photo")
    assert "Open the camera" in phone.read("/photo")
    patient = chinwe(db)
    assert is_given(consents.of_patient(db, patient.id), Purpose.CARE)
    told = audit_log.search(db, Search(about=frozenset({patient.id})))
    assert Act.INVITATION_ACCEPTED in {entry.act for entry in told}


def test_a_wrong_person_has_few_tries_and_a_new_link_of_the_clinic_begins_again(
    invite: Callable[[], str], app: Flask, db: Database
) -> None:
    path, stranger = invite(), Browser(app)
    answer = stranger.send(path, WRONG)
    assert answer.status_code == 422
    assert f"you can try {MOST_TRIES - 1} more times" in answer.text
    for _ in range(MOST_TRIES - 1):
        answer = stranger.send(path, WRONG)
    assert answer.status_code == 410
    assert "The year of birth was wrong too often" in answer.text
    assert stranger.send(path, RIGHT).status_code == 410
    told = audit_log.search(db, Search(act=Act.SIGN_IN_FAILED))
    assert len([entry for entry in told if entry.about == chinwe(db).id]) == MOST_TRIES
    assert stranger.send(invite(), RIGHT).status_code == 303


def test_tries_in_parallel_get_no_further_than_tries_in_a_row(
    invite: Callable[[], str], app: Flask, db: Database
) -> None:
    path = invite()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: Browser(app).send(path, WRONG), range(2 * MOST_TRIES)))
    latest = invitations.latest_of(db, chinwe(db).id)
    assert latest is not None
    assert latest.tries == MOST_TRIES


@pytest.mark.parametrize("text", ["", "85", "19855", "april", "１９８５"])
def test_what_is_no_year_is_no_try(
    invite: Callable[[], str], app: Flask, db: Database, text: str
) -> None:
    answer = Browser(app).send(invite(), {"birth_year": text})
    assert answer.status_code == 422
    assert "with four digits" in answer.text
    latest = invitations.latest_of(db, chinwe(db).id)
    assert latest is not None
    assert latest.tries == 0


def test_a_used_link_leads_on_in_its_own_browser_and_names_the_remedy_in_others(
    invite: Callable[[], str], app: Flask
) -> None:
    path, phone, other = invite(), Browser(app), Browser(app)
    phone.send(path, RIGHT)
    assert phone.get(path).location == "/"
    answer = other.get(path)
    assert answer.status_code == 410
    assert "Go on in the browser in which you began" in answer.text
    assert "ask for a new link" in answer.text
    assert other.send(path, RIGHT).status_code == 410
    assert other.get("/photo").status_code == 303


def test_a_new_link_ends_the_sessions_of_the_one_before(
    phone: Browser, invite: Callable[[], str], app: Flask
) -> None:
    path = invite()
    assert phone.get("/photo").status_code == 200
    assert Browser(app).send(path, RIGHT).status_code == 303
    assert phone.get("/photo").status_code == 303


def test_a_passphrase_lifts_the_limits(phone: Browser, app: Flask, db: Database) -> None:
    assert phone.get("/settings").location == "/passkeys?needed=yes"
    assert "So that you can come back" in phone.read("/passkeys?needed=yes")
    assert phone.send("/passkeys/passphrase", {"passphrase": OWN}).status_code == 303
    assert phone.get("/settings").status_code == 200
    assert Browser(app).sign_in(chinwe(db), OWN).status_code == 303
    kinds = [mail.kind for mail in mails.of_recipient(db, chinwe(db).id)]
    assert MailKind.RENEWED in kinds


def test_a_passkey_lifts_the_limits_and_is_not_removed_before_there_is_a_passphrase(
    phone: Browser, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = chinwe(db)
    key = Passkey("key", patient.id, b"public", 0, TREATED_AT)
    monkeypatch.setattr("tracker.actions.people.signing_in.made", lambda *_: key)
    monkeypatch.setattr("tracker.actions.people.signing_in.still_good", lambda *_: b"asked")
    assert phone.send("/passkeys", {"answer": "{}"}).status_code == 303
    assert passkeys.of_person(db, patient.id) == [key]
    assert phone.get("/settings").status_code == 200
    refused = phone.send("/passkeys/remove", {"key": "key"})
    assert refused.status_code == 409
    assert "You have no passphrase" in refused.text
    phone.send("/passkeys/passphrase", {"passphrase": OWN})
    assert phone.send("/passkeys/remove", {"key": "key"}).status_code == 303
    assert passkeys.of_person(db, patient.id) == []


def test_later_the_year_is_asked_for_again_with_the_same_few_tries(
    phone: Browser, clock: Clock, db: Database
) -> None:
    clock.now += PROOF_GOOD_FOR
    kept = phone.send("/passkeys/passphrase", {"passphrase": OWN})
    assert (kept.status_code, kept.location) == (303, "/passkeys")
    assert people.passphrase_hash(db, chinwe(db).id) is None
    assert "The year you were born" in phone.read("/passkeys")
    assert phone.send("/passkeys/year", WRONG).status_code == 422
    assert phone.send("/passkeys/year", RIGHT).status_code == 303
    assert phone.send("/passkeys/passphrase", {"passphrase": OWN}).status_code == 303
    assert people.passphrase_hash(db, chinwe(db).id) is not None


def test_a_session_that_ended_meanwhile_proves_nothing(
    phone: Browser, clock: Clock, db: Database
) -> None:
    assert phone.send("/passkeys/passphrase", {"passphrase": OWN}).status_code == 303
    assert prove_by_year(db, chinwe(db), 1985, "of the session that it ended", clock.now) is None


def test_a_finder_of_the_phone_guesses_no_year(phone: Browser, clock: Clock, db: Database) -> None:
    clock.now += PROOF_GOOD_FOR
    for _ in range(MOST_TRIES):
        phone.send("/passkeys/year", WRONG)
    answer = phone.send("/passkeys/year", RIGHT)
    assert answer.status_code == 422
    assert "call your clinic for a new link" in answer.text
    assert phone.send("/passkeys/passphrase", {"passphrase": OWN}).location == "/passkeys"
    assert people.passphrase_hash(db, chinwe(db).id) is None
    assert phone.get("/photo").status_code == 200  # photos and answers go on


def test_signing_out_without_a_way_back_asks_first(phone: Browser) -> None:
    answer = phone.send("/sign-out", {})
    assert answer.location == "/passkeys?leaving=yes"
    assert "you cannot come back by yourself" in phone.read(answer.location)
    assert phone.send("/sign-out", {"sure": "yes"}).location == "/sign-in"
    assert phone.get("/photo").location == "/sign-in?next=/photo"


def test_whose_session_is_gone_gets_a_new_link_by_mail(
    phone: Browser, app: Flask, world: World, clock: Clock, db: Database
) -> None:
    patient = chinwe(db)
    with_mail = create_app(
        replace(world, settings=replace(world.settings, smtp_url="smtp://localhost")), clock
    )
    phone.send("/passkeys/year", WRONG)
    clock.now += UNUSED[patient.role]
    assert phone.get("/photo").status_code == 303
    for _ in range(3):  # one within ten minutes
        Browser(with_mail).send("/renew", {"email": patient.email})
    sent = [m for m in mails.of_recipient(db, patient.id) if m.kind is MailKind.INVITATION]
    assert len(sent) == 2
    again = invitations.latest_of(db, patient.id)
    assert again is not None
    assert again.tries == 1  # a reader of the mailbox gains no more tries
    path = welcome_link(again.id, world.envelope).removeprefix(world.settings.base_url)
    answer = Browser(app).send(path, RIGHT)
    assert (answer.status_code, answer.location) == (303, "/photo")
    clock.now += RENEWAL_MAIL_EVERY
    with writing(db):
        db.execute("UPDATE invitations SET tries = ?", [MOST_TRIES])
    Browser(with_mail).send("/renew", {"email": patient.email})
    assert invitations.latest_of(db, patient.id) == replace(
        again, used_at=clock.now - RENEWAL_MAIL_EVERY, tries=MOST_TRIES
    )


def ask_by_address(world: World, clock: Clock) -> None:
    """Somebody names the address on the page for a new passphrase."""
    settings = replace(world.settings, smtp_url="smtp://localhost")
    clock.now += RENEWAL_MAIL_EVERY
    asking = Browser(create_app(replace(world, settings=settings), clock))
    asking.send("/renew", {"email": NEW["email"]})


def test_a_request_by_address_leaves_the_link_of_the_desk_as_it_is(
    phone: Browser, invite: Callable[[], str], app: Flask, world: World, clock: Clock, db: Database
) -> None:
    clock.now += timedelta(minutes=1)  # after the link that the phone came in by
    at_the_desk = invite()
    ask_by_address(world, clock)
    asked = invitations.latest_of(db, chinwe(db).id)
    assert asked is not None
    assert asked.is_asked
    by_mail = welcome_link(asked.id, world.envelope).removeprefix(world.settings.base_url)
    assert Browser(app).get(by_mail).status_code == 200
    ask_by_address(world, clock)
    assert Browser(app).get(by_mail).status_code == 410, "of those asked for the newest counts"
    assert Browser(app).send(at_the_desk, RIGHT).status_code == 303
    assert invitations.latest_of(db, chinwe(db).id).used_at == clock.now  # type: ignore[union-attr]


def test_the_link_that_was_asked_for_ends_that_of_the_desk_once_it_is_used(
    phone: Browser, invite: Callable[[], str], app: Flask, world: World, clock: Clock, db: Database
) -> None:
    clock.now += timedelta(minutes=1)  # after the link that the phone came in by
    at_the_desk = invite()
    ask_by_address(world, clock)
    asked = invitations.latest_of(db, chinwe(db).id)
    assert asked is not None
    by_mail = welcome_link(asked.id, world.envelope).removeprefix(world.settings.base_url)
    for _ in range(2):
        Browser(app).send(by_mail, WRONG)
    page = Browser(app).send(at_the_desk, WRONG)
    assert f"you can try {MOST_TRIES - 3} more times" in page.text, "two links give no more tries"
    assert Browser(app).send(by_mail, RIGHT).status_code == 303
    assert Browser(app).send(at_the_desk, RIGHT).status_code == 410


def test_the_care_team_learns_of_a_link_that_was_closed(
    invite: Callable[[], str], app: Flask, world: World, cast: Cast, db: Database
) -> None:
    path = invite()
    for _ in range(2 * MOST_TRIES):
        Browser(app).send(path, WRONG)
    (told,) = [m for m in mails.of_recipient(db, cast.dana.id) if m.kind is MailKind.LINK_CLOSED]
    text = compose(told, world.envelope).as_string()
    assert "/invite" in text
    assert "Chinwe" not in text


def test_consent_to_care_is_on_record_once_however_many_links_are_followed(
    phone: Browser, invite: Callable[[], str], app: Flask, clock: Clock, db: Database
) -> None:
    patient = chinwe(db).id

    def follow() -> list[Decision]:
        assert Browser(app).send(invite(), RIGHT).status_code == 303
        return [each.decision for each in consents.of_patient(db, patient)]

    assert follow() == [Decision.GIVEN]
    with writing(db):
        consents.insert(db, patient, Consent(Purpose.CARE, Decision.WITHDRAWN, clock.now))
    assert follow() == [Decision.GIVEN, Decision.WITHDRAWN, Decision.GIVEN], "the page asks again"


def test_a_clinic_may_want_a_passphrase_first(
    invite: Callable[[], str], world: World, clock: Clock, db: Database
) -> None:
    strict = replace(world, settings=replace(world.settings, passphrase_first=True))
    path, phone = invite(), Browser(create_app(strict, clock))
    page = phone.read(path)
    assert "Choose a passphrase" in page
    assert "The year you were born" in page
    assert phone.send(path, RIGHT).status_code == 422
    assert phone.send(path, {**WRONG, "passphrase": OWN}).status_code == 422
    assert phone.send(path, {**RIGHT, "passphrase": OWN}).status_code == 303
    assert people.passphrase_hash(db, chinwe(db).id) is not None
    assert phone.get("/settings").status_code == 200


def test_the_way_back_is_offered_until_there_is_one(phone: Browser, clock: Clock) -> None:
    assert "Make a passkey" in phone.read("/")
    clock.now += timedelta(days=2)
    assert "Make a passkey" in phone.read("/")
    clock.now -= timedelta(days=2)
    phone.send("/passkeys/passphrase", {"passphrase": OWN})
    assert "Make a passkey" not in phone.read("/")
