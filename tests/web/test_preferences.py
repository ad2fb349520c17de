"""Daily mail as people choose it, and the link that stops it."""

from datetime import timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PASSPHRASE
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.domain.mail.mails import MailKind, reminder
from tracker.domain.people.signed_links import LinkPurpose, signed
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import people
from tracker.wires.mail import MailRefused
from tracker.world import World


def test_a_patient_chooses_hour_and_zone_and_may_turn_reminders_off(
    alice: Browser, records: Records, db: Database
) -> None:
    page = alice.read("/settings")
    assert 'value="Europe/Berlin"' in page
    chosen = {"reminder": "yes", "hour": "7", "time_zone": "Pacific/Chatham"}
    assert "Saved." in alice.send("/settings", chosen, follow=True).text
    kept = people.get(db, records.cast.alice.id)
    assert kept is not None
    assert (kept.reminder_hour, kept.time_zone) == (7, "Pacific/Chatham")
    alice.send("/settings", {"hour": "7", "time_zone": "Pacific/Chatham"})
    kept = people.get(db, records.cast.alice.id)
    assert kept is not None
    assert kept.reminder_hour is None


def test_a_practitioner_chooses_the_hour_of_the_digest(
    dana: Browser, records: Records, db: Database
) -> None:
    assert "Morning list at" in dana.read("/settings")
    dana.send("/settings", {"hour": "6", "time_zone": "Europe/London"})
    kept = people.get(db, records.cast.dana.id)
    assert kept is not None
    assert (kept.digest_hour, kept.time_zone) == (6, "Europe/London")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"time_zone": "Berlin"}, "write one such as Europe/Berlin."),
        ({"hour": "24"}, "Choose an hour."),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    alice: Browser, wrong: dict[str, str], words: str
) -> None:
    answer = alice.send("/settings", {"hour": "7", "time_zone": "Europe/Berlin"} | wrong)
    assert answer.status_code == 422
    assert words in answer.text


def test_one_click_in_the_mail_program_stops_the_reminders_without_signing_in(
    stranger: Browser, records: Records, db: Database, world: World
) -> None:
    """As RFC 8058 requires: a POST to the link, no cookie, no form token, no redirect."""
    alice = records.cast.alice
    link = f"/unsubscribe/{signed(LinkPurpose.UNSUBSCRIBE, alice.id, world.envelope.link_key)}"
    page = stranger.read(link)
    assert "Stop the reminders?" in page
    kept = people.get(db, alice.id)
    assert kept is not None
    assert kept.reminder_hour is not None, "opening the link must change nothing"
    answer = stranger.client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "no more reminders" in answer.text
    kept = people.get(db, alice.id)
    assert kept is not None
    assert kept.reminder_hour is None


def test_a_forged_link_stops_nothing(stranger: Browser) -> None:
    assert stranger.client.get("/unsubscribe/forged").status_code == 404
    assert stranger.client.post("/unsubscribe/forged").status_code == 404


def test_a_reminder_opens_the_day_it_was_for_even_a_day_later(
    alice: Browser, records: Records, clock: Clock
) -> None:
    clock.now += timedelta(days=1)
    page = alice.read("/days/2026-03-05")
    assert '<h1 class="day">Day 3</h1>' in page
    assert "Thursday 5 March. This day is over; nothing is lost." in page
    assert "/photo?day=2026-03-05" in page
    assert 'value="2026-03-05T12:00"' in alice.read("/photo?day=2026-03-05")
    records.photo(3.1)
    assert "The photo of that day is here." in alice.read("/days/2026-03-05")


def test_a_reminder_tapped_on_its_day_opens_today(alice: Browser, records: Records) -> None:
    records.photo(-1)
    assert "Take today’s photo" in alice.read("/days/2026-03-05")


@pytest.mark.parametrize("day", ["2026-03-01", "2027-01-01", "tomorrow"])
def test_a_day_outside_the_course_is_not_there(alice: Browser, day: str) -> None:
    assert alice.get(f"/days/{day}").status_code == 404


def test_the_link_of_a_reminder_leads_through_sign_in_to_its_day(
    stranger: Browser, records: Records
) -> None:
    answer = stranger.get("/days/2026-03-04")
    assert answer.headers["Location"] == "/sign-in?next=/days/2026-03-04"
    answer = stranger.sign_in(records.cast.alice, PASSPHRASE, "/days/2026-03-04")
    assert answer.headers["Location"] == "/days/2026-03-04"


def test_a_refused_reminder_is_seen_on_the_work_list_and_the_patients_page(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    assert "A mail did not go out" not in dana.read("/")
    mail = reminder(MailKind.REMINDER, records.cast.alice, clock.now.date(), clock.now)
    with writing(db):
        mails.insert(db, mail)
        mails.give_up(db, mail.id, clock.now, str(MailRefused("no such mailbox")))
    assert "A mail did not go out" in dana.read("/")
    page = dana.read(f"/patients/{records.cast.alice.id}")
    assert "to alice@clinic.example could not be sent and was given up: no such mailbox." in page
