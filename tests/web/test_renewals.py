"""A passphrase is lost or known to others: a link lets its owner choose a new one."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tracker.actions.mail.sending import show_outbox
from tracker.actions.people.accounts import change_passphrase
from tracker.actions.people.joining import Invited, invite_patient
from tracker.actions.people.staff import reassign
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.mail.mails import MailKind, compose
from tracker.domain.people.passkeys import Passkey
from tracker.domain.people.people import Duty, Person, Role
from tracker.domain.people.sessions import PROOF_GOOD_FOR
from tracker.domain.people.signed_links import RENEWAL_GOOD_FOR, RENEWAL_MAIL_EVERY
from tracker.domain.people.staff import Position, Reassignment, Status, position_of
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import passkeys, second_steps
from tracker.world import World
from web import create_app, session

CHOSEN = "amber lift over nine"
LINK = re.compile(r"http://127\.0\.0\.1:8000(/renew/\S+?)(?=[\s\"])")


@pytest.fixture
def mailing(world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The pages of the same clinic, where mail leaves the machine; they answer at once."""
    monkeypatch.setattr(session, "ANSWERS_AFTER_SECONDS", 0.0)
    settings = replace(world.settings, smtp_url="smtp://localhost:25")
    return create_app(replace(world, settings=settings), clock)


def link_on(page: str) -> str:
    """The path of the link on a page or in a mail."""
    found = LINK.search(page)
    assert found is not None, page
    return found[1]


def kinds_to(db: Database, person: Person) -> list[MailKind]:
    return [mail.kind for mail in mails.of_recipient(db, person.id)]


def mailed_link(db: Database, world: World, person: Person) -> str:
    found = (m for m in mails.of_recipient(db, person.id) if m.kind is MailKind.RENEWAL)
    return link_on(compose(next(found), world.envelope).get_content())


def issued(dana: Browser, cast: Cast) -> str:
    """The link that Dr Dana makes for Alice at the desk."""
    return link_on(dana.send(f"/patients/{cast.alice.id}/renewal", {}).text)


def acts(db: Database, *of: Act) -> list[tuple[Act, str | None, str | None]]:
    entries = audit_log.search(db, Search())
    return [(entry.act, entry.by, entry.about) for entry in entries if entry.act in of]


def test_alice_chooses_a_new_passphrase_with_the_link_of_her_care_team(
    cast: Cast, db: Database, dana: Browser, alice: Browser, stranger: Browser
) -> None:
    with writing(db):  # somebody who knew the old one has made a passkey
        passkeys.insert(db, Passkey("a", cast.alice.id, b"", 0, TREATED_AT))
    link = issued(dana, cast)
    assert "alice@clinic.example" in stranger.read(link)
    answer = stranger.send(link, {"passphrase": CHOSEN}, follow=True)
    assert "Your new passphrase is kept" in answer.text
    assert stranger.sign_in(cast.alice, PASSPHRASE).status_code == 401
    assert stranger.sign_in(cast.alice, CHOSEN).headers["Location"] == "/"
    assert alice.get("/").status_code == 303  # signed out on her other phone
    assert passkeys.of_person(db, cast.alice.id) == []
    assert set(kinds_to(db, cast.alice)) == {MailKind.RENEWAL, MailKind.RENEWED}
    assert set(acts(db, Act.RENEWAL_ISSUED, Act.RENEWED)) == {
        (Act.RENEWAL_ISSUED, cast.dana.id, cast.alice.id),
        (Act.RENEWED, cast.alice.id, cast.alice.id),
    }


def test_a_link_works_once_also_in_two_tabs_and_ends_every_other_link(
    cast: Cast, dana: Browser, stranger: Browser, app: Flask
) -> None:
    first, second = issued(dana, cast), issued(dana, cast)
    tab = Browser(app)
    assert stranger.get(first).status_code == tab.get(first).status_code == 200
    assert stranger.send(first, {"passphrase": CHOSEN}).status_code == 303
    for late in (first, second):
        assert tab.send(late, {"passphrase": "another long passphrase"}).status_code == 410
        assert "no longer works" in tab.get(late).text
    assert tab.sign_in(cast.alice, CHOSEN).status_code == 303


def test_a_link_ends_after_an_hour_and_with_a_change_of_passphrase(
    cast: Cast, dana: Browser, alice: Browser, stranger: Browser, clock: Clock
) -> None:
    link = issued(dana, cast)
    alice.send("/passkeys/passphrase", {"passphrase": CHOSEN})
    assert stranger.get(link).status_code == 410
    link = issued(dana, cast)
    clock.now += RENEWAL_GOOD_FOR - timedelta(seconds=1)
    assert stranger.get(link).status_code == 200
    clock.now += timedelta(seconds=1)
    assert stranger.send(link, {"passphrase": CHOSEN}).status_code == 410


def test_a_changed_link_is_worth_nothing(cast: Cast, dana: Browser, stranger: Browser) -> None:
    link = issued(dana, cast)
    assert stranger.get(f"{link}x").status_code == 410
    assert stranger.get(link.replace("/renew/", "/welcome/")).status_code == 410


def test_a_passphrase_that_is_too_short_leaves_the_link_open(
    cast: Cast, dana: Browser, stranger: Browser
) -> None:
    link = issued(dana, cast)
    short = stranger.send(link, {"passphrase": "short"})
    assert (short.status_code, "is too short" in short.text) == (422, True)
    assert stranger.send(link, {"passphrase": CHOSEN}).status_code == 303


def test_the_meter_judges_as_the_form_does_and_only_so_often(
    stranger: Browser, cast: Cast, dana: Browser
) -> None:
    link = link_on(dana.send(f"/patients/{cast.alice.id}/renewal", {}).text)
    for typed in ("tulip", "passwordpassword", cast.alice.email, "tulip9 harbor", CHOSEN):
        told = stranger.send(
            "/passphrase-strength", {"passphrase": typed, "email": cast.alice.email}
        )
        assert told.json is not None
        assert told.json["words"].endswith(".")
        kept = stranger.send(link, {"passphrase": typed}).status_code == 303
        assert kept == (told.json["value"] >= 2), typed
        if kept:
            break
    tries = [stranger.send("/passphrase-strength", {"passphrase": CHOSEN}) for _ in range(60)]
    assert tries[0].status_code == 200
    assert tries[-1].status_code == 429


def test_a_link_leads_to_the_clinic_whatever_the_browser_calls_the_host(
    cast: Cast, app: Flask
) -> None:
    dana = Browser(app, "http://localhost")
    dana.sign_in(cast.dana, PASSPHRASE)
    page = dana.send(f"/patients/{cast.alice.id}/renewal", {}).text
    assert "http://127.0.0.1:8000/renew/" in page
    assert "http://localhost" not in page


def test_a_link_is_made_only_by_someone_who_has_just_shown_who_they_are(
    cast: Cast, dana: Browser, db: Database, clock: Clock
) -> None:
    path = f"/patients/{cast.alice.id}/renewal"
    clock.now += PROOF_GOOD_FOR
    answer = dana.send(path, {})
    assert answer.headers["Location"] == f"/prove?next={path}"
    assert kinds_to(db, cast.alice) == []
    assert "First show that it is you" in dana.read(f"/prove?next={path}")
    assert dana.sign_in(cast.dana, PASSPHRASE, target=path).headers["Location"] == path
    assert "Make the link" in dana.read(path)


def test_a_patient_who_never_signed_in_is_invited_again_instead(
    cast: Cast, dana: Browser, db: Database, clock: Clock
) -> None:
    invited = invite_patient(db, cast.dana, "Chinwe", "chinwe@home.example", clock.now)
    assert isinstance(invited, Invited)
    answer = dana.send(f"/patients/{invited.patient.id}/renewal", {})
    assert (answer.status_code, "Invite them again" in answer.text) == (409, True)


def test_an_administrator_mails_a_colleague_a_link_and_never_sees_it(
    cast: Cast, db: Database, world: World, olga: Person, mailing: Flask
) -> None:
    browser = Browser(mailing)
    browser.sign_in(olga, PASSPHRASE)
    assert "Mail a link" in browser.read(f"/clinic/people/{cast.dana.id}")
    answer = browser.send(f"/clinic/people/{cast.dana.id}/renewal", {}, follow=True)
    assert "is on its way to Dr Dana" in answer.text
    assert "/renew/" not in answer.text
    link = mailed_link(db, world, cast.dana)
    assert browser.send(link, {"passphrase": CHOSEN}).status_code == 303


def test_a_link_of_somebody_who_is_suspended_meanwhile_is_worth_nothing(
    cast: Cast, db: Database, world: World, olga: Person, mailing: Flask, clock: Clock
) -> None:
    stranger = Browser(mailing)
    stranger.send("/renew", {"email": cast.eli.email})
    link = mailed_link(db, world, cast.eli)
    assert stranger.get(link).status_code == 200
    gone = Position(Role.PRACTITIONER, frozenset(), Status.SUSPENDED)
    was = str(position_of(cast.eli))
    reassign(db, Reassignment(cast.eli.id, was, gone), olga.id, clock.now)
    assert stranger.send(link, {"passphrase": CHOSEN}).status_code == 410
    stranger.send("/renew", {"email": cast.eli.email})
    assert kinds_to(db, cast.eli) == [MailKind.RENEWAL]


def test_asking_by_mail_says_the_same_whether_or_not_there_is_an_account(
    cast: Cast, db: Database, mailing: Flask
) -> None:
    stranger = Browser(mailing)
    addresses = (cast.alice.email, "nobody@clinic.example", "no address", "")
    pages = [stranger.send("/renew", {"email": address}) for address in addresses]
    assert {page.status_code for page in pages} == {200}
    assert len({page.text for page in pages}) == 1
    assert "If that address has an account" in pages[0].text
    assert kinds_to(db, cast.alice) == [MailKind.RENEWAL]
    asked = acts(db, Act.RENEWAL_ASKED)
    assert sorted(asked, key=str) == sorted(
        [(Act.RENEWAL_ASKED, None, about) for about in (cast.alice.id, None, None, None)], key=str
    )


def test_asking_by_mail_takes_the_same_time_whether_or_not_there_is_an_account(
    cast: Cast, mailing: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(session, "ANSWERS_AFTER_SECONDS", 100.0)
    monkeypatch.setattr("web.session.time.sleep", waited.append)
    for address in (cast.alice.email, "nobody@clinic.example"):
        Browser(mailing).send("/renew", {"email": address})
    assert len(waited) == 2
    assert all(90 < seconds < 100 for seconds in waited)


def test_no_mailbox_is_filled_by_asking_again(
    cast: Cast, db: Database, mailing: Flask, clock: Clock
) -> None:
    ask = [Browser(mailing, client=f"192.0.2.{number}") for number in range(3)]
    for stranger in ask:
        stranger.send("/renew", {"email": cast.alice.email})
    assert kinds_to(db, cast.alice) == [MailKind.RENEWAL]
    clock.now += RENEWAL_MAIL_EVERY + timedelta(seconds=1)
    ask[0].send("/renew", {"email": cast.alice.email})
    assert kinds_to(db, cast.alice) == [MailKind.RENEWAL] * 2
    assert db.table("renewals").count == 2
    clock.now += RENEWAL_GOOD_FOR + timedelta(seconds=1)
    ask[0].send("/renew", {"email": cast.alice.email})
    assert db.table("renewals").count == 1  # those that no longer work are forgotten


def test_one_client_asks_ten_times_an_hour(cast: Cast, mailing: Flask) -> None:
    stranger = Browser(mailing)
    tries = [
        stranger.send("/renew", {"email": f"{number}@home.example"}).status_code
        for number in range(11)
    ]
    assert tries == [200] * 10 + [429]


def test_without_a_mail_server_the_page_sends_people_to_their_clinic(stranger: Browser) -> None:
    assert "The passphrase is lost" in stranger.read("/sign-in")
    page = stranger.read("/renew")
    assert "Your clinic can make a link for you" in page
    assert "<form" not in page
    assert stranger.send("/renew", {"email": "alice@clinic.example"}).status_code == 404


def test_no_page_shows_a_link_that_was_mailed(
    cast: Cast, db: Database, world: World, mailing: Flask
) -> None:
    dana = Browser(mailing)
    dana.sign_in(cast.dana, PASSPHRASE)
    Browser(mailing).send("/renew", {"email": cast.dana.email})
    assert kinds_to(db, cast.dana) == [MailKind.RENEWAL]
    assert show_outbox(db, cast.dana.id, world.envelope) == []
    assert "/renew/" not in dana.read("/outbox")


def test_alice_changes_her_passphrase_and_stays_signed_in_here_only(
    cast: Cast, db: Database, alice: Browser, browser_of: Callable[[Person], Browser], clock: Clock
) -> None:
    other = browser_of(cast.alice)
    answer = alice.send("/passkeys/passphrase", {"passphrase": CHOSEN}, follow=True)
    assert "Your new passphrase is kept" in answer.text
    assert alice.get("/").status_code == 200
    assert other.get("/").status_code == 303
    assert kinds_to(db, cast.alice) == [MailKind.RENEWED]
    short = alice.send("/passkeys/passphrase", {"passphrase": "short"})
    assert (short.status_code, "is too short" in short.text) == (422, True)
    clock.now += PROOF_GOOD_FOR
    late = alice.send("/passkeys/passphrase", {"passphrase": "another long passphrase"})
    assert late.headers["Location"].startswith("/prove")
    assert alice.sign_in(cast.alice, CHOSEN).status_code == 303


def test_another_patients_practitioner_and_an_administrator_make_no_link(
    cast: Cast, db: Database, olga: Person, browser_of: Callable[[Person], Browser]
) -> None:
    assert Duty.ADMINISTRATION in olga.duties
    for person in (cast.eli, olga):
        answer = browser_of(person).send(f"/patients/{cast.alice.id}/renewal", {})
        assert answer.status_code == 404
    assert kinds_to(db, cast.alice) == []


def test_alice_sees_where_she_is_signed_in_and_ends_all_but_this(
    cast: Cast, alice: Browser, browser_of: Callable[[Person], Browser], clock: Clock
) -> None:
    clock.now += timedelta(hours=2)
    phone = browser_of(cast.alice)
    page = alice.read("/passkeys")
    assert page.count("<li>Signed in") == 2
    assert page.count("(here)") == 1
    ended = alice.send("/passkeys/sessions/end", {}, follow=True)
    assert ended.text.count("<li>Signed in") == 1
    assert "Sign out everywhere else" not in ended.text
    assert phone.get("/").status_code == 303
    assert alice.get("/").status_code == 200


def test_signing_out_clears_pages_and_the_session_but_not_what_waits_to_be_sent(
    alice: Browser,
) -> None:
    answer = alice.send("/sign-out", {})
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert alice.client.get_cookie("afterglow") is None


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("alice", "GET /my-data/afterglow-my-data.zip"),
        ("alice", "POST /my-data/share"),
        ("dana", "GET /invite"),
        ("dana", "POST /invite"),
        ("olga", "POST /clinic/people/invite"),
        ("olga", "POST /clinic/people/{eli}"),
        ("olga", "POST /clinic/people/{eli}/renewal"),
        ("olga", "GET /clinic/audit-log.csv"),
    ],
)
def test_what_gives_much_away_needs_a_proof_of_the_last_minutes(
    who: str,
    path: str,
    cast: Cast,
    olga: Person,
    browser_of: Callable[[Person], Browser],
    clock: Clock,
) -> None:
    browser = browser_of({"alice": cast.alice, "dana": cast.dana, "olga": olga}[who])
    method, _, target = path.format(eli=cast.eli.id).partition(" ")
    clock.now += PROOF_GOOD_FOR
    answer = browser.send(target, {}) if method == "POST" else browser.get(target)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/prove")


def test_a_stranger_in_the_mailbox_begins_the_count_again_once_a_day(
    cast: Cast, clock: Clock, db: Database
) -> None:
    left = []
    for hours in (0, 1, 25):
        at = clock.now + timedelta(hours=hours)
        with writing(db):
            second_steps.count_try(db, cast.dana.id, at)
        change_passphrase(db, cast.dana, CHOSEN, at)
        left.append(len(second_steps.tries_of(db, cast.dana.id)))
    assert left == [0, 1, 0]
