"""Numbers and opening hours: administrators enter them, patients find them where they need them."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.clinic.clinic import change_clinic, show_clinic, show_first_day
from tracker.actions.clinic.health import leave_sign_of_life
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.mail.sending import send_mails
from tracker.actions.people.joining import Invited, invite_patient
from tracker.domain.clinic.clinic import Clinic, FirstStep
from tracker.domain.clinic.health import SignOfLife
from tracker.domain.clinic.opening_hours import OpeningHours, read_spans
from tracker.domain.course.check_ins import Answers
from tracker.domain.mail.mails import passphrase_mail, welcome_link
from tracker.domain.people.people import Person
from tracker.domain.protocols.protocols import Protocols, SignOff
from tracker.storage.connection import IntegrityError, writing
from tracker.storage.mail import mails
from tracker.world import World

BrowserOf = Callable[[Person], Browser]
DAY = read_spans("09:00-18:00")
CLINIC = Clinic(OpeningHours("Europe/Berlin", (DAY,) * 5 + ((),) * 2), "+49 30 1234567", "112")
LINKS = ('href="tel:+49301234567"', 'href="tel:112"')


@pytest.fixture
def entered(db: Database, ada: Person, clock: Clock) -> Clinic:
    change_clinic(db, CLINIC, ada.id, clock.now)
    return show_clinic(db)


def test_an_administrator_enters_them_and_reads_what_is_kept(
    db: Database, olga: Person, browser_of: BrowserOf
) -> None:
    browser = browser_of(olga)
    form = {"phone": "+49 30 1234567", "emergency_number": "112", "time_zone": "Europe/Berlin"}
    form |= {"monday": "9-12:30, 14-18", "closed": "2026-12-24", "edition": "0"}
    assert browser.send("/clinic/hours", form).status_code == 303
    page = browser.read("/clinic/hours")
    assert "09:00–12:30, 14:00–18:00" in page
    assert show_clinic(db).emergency_number == "112"


def test_wrong_hours_are_named_and_nothing_typed_is_lost(
    olga: Person, browser_of: BrowserOf
) -> None:
    form = {"phone": "030 1234567", "emergency_number": "help", "time_zone": "Mars"}
    answer = browser_of(olga).send("/clinic/hours", form | {"friday": "till late"})
    assert answer.status_code == 422
    for words in (
        "is no telephone number",
        "is unknown; write one such as",
        "no time from and until",
        "till late",
        "help",
    ):
        assert words in answer.text


def test_the_name_is_in_the_invitation_on_the_welcome_and_on_all_that_is_printed(
    db: Database,
    world: World,
    cast: Cast,
    olga: Person,
    browser_of: BrowserOf,
    stranger: Browser,
    clock: Clock,
) -> None:
    administrator = browser_of(olga)
    form = {"name": "  Lindenhof   Skin Clinic ", "time_zone": "Europe/Berlin", "edition": "0"}
    assert administrator.send("/clinic/hours", form).status_code == 303
    assert 'value="Lindenhof Skin Clinic"' in administrator.read("/clinic/hours")
    invited = invite_patient(db, cast.dana, "Chinwe", "chinwe@home.example", clock.now)
    assert isinstance(invited, Invited)
    link = urlsplit(welcome_link(invited.invitation.id, world.envelope)).path
    assert "Lindenhof Skin Clinic would like to see" in stranger.read(link)
    sent: list[EmailMessage] = []
    send_mails(db, sent.append, world.envelope, clock)
    assert [mail["Subject"] for mail in sent] == ["Afterglow: your clinic invites you"]
    assert "Lindenhof Skin Clinic invites you to Afterglow." in sent[0].get_content()
    paper = re.compile(r"<p>Alice · (birth date missing · )?Lindenhof Skin Clinic · printed ")
    for reader, path in ((cast.alice, "/progress"), (cast.dana, f"/patients/{cast.alice.id}")):
        assert paper.search(browser_of(reader).read(path))


def test_a_name_that_fills_a_page_is_refused(olga: Person, browser_of: BrowserOf) -> None:
    form = {"name": "x" * 101, "time_zone": "Europe/Berlin", "edition": "0"}
    answer = browser_of(olga).send("/clinic/hours", form)
    assert answer.status_code == 422
    assert "has 101 characters; 100 is the most" in answer.text


def test_nobody_overwrites_silently_what_another_entered(
    db: Database, entered: Clinic, ada: Person, olga: Person, browser_of: BrowserOf, clock: Clock
) -> None:
    form = {"time_zone": "Europe/Berlin", "phone": "030 99999", "edition": str(entered.edition)}
    change_clinic(db, replace(entered, emergency_number="999"), ada.id, clock.now)
    browser = browser_of(olga)
    late = browser.send("/clinic/hours", form)
    assert late.status_code == 409
    assert "Someone else changed this meanwhile" in late.text
    assert "999" in late.text
    assert "030 99999" in late.text
    assert show_clinic(db).emergency_number == "999"
    again = browser.send("/clinic/hours", form | {"edition": str(entered.edition + 1)})
    assert again.status_code == 303
    assert show_clinic(db).phone == "030 99999"


def test_every_change_is_in_the_audit_log_for_good(
    db: Database, entered: Clinic, ada: Person, clock: Clock
) -> None:
    change_clinic(db, replace(entered, emergency_number="999"), ada.id, clock.now)
    rows = list(db.query("SELECT by_id, details FROM audit_log WHERE act = 'clinic_changed'"))
    assert rows == [
        {"by_id": ada.id, "details": "first entry"},
        {"by_id": ada.id, "details": "emergency number"},
    ]
    for statement in ("UPDATE audit_log SET by_id = 'me'", "DELETE FROM audit_log"):
        with pytest.raises(IntegrityError, match="the audit log is not"), writing(db):
            db.execute(statement)


def test_a_patient_finds_the_numbers_where_a_page_says_to_call(
    db: Database, cast: Cast, entered: Clinic, alice: Browser, clock: Clock
) -> None:
    red_flag = Answers(fever=True, spreading=True)
    given = record_check_in(db, PROTOCOLS, cast.alice.id, red_flag, clock.now)
    pages = ["/", "/offline", "/check-in", f"/patients/{cast.alice.id}/conversation"]
    pages.append(f"/check-ins/{given.check_in.id}")  # type: ignore[union-attr]
    for path in pages:
        page = alice.read(path)
        assert all(link in page for link in LINKS), path
    assert "Open now, until 18:00." in alice.read("/")
    clock.now = datetime(2026, 3, 6, 18, 30, tzinfo=UTC)
    for path in pages[:1] + pages[2:]:
        before_the_clinic = help_before(alice.read(path), "Call your clinic: ")
        assert "Closed now; opens Mon 9 Mar at 09:00." in before_the_clinic, path
        assert "Emergency: call" in before_the_clinic, "the clinic cannot be reached"
    assert "When your clinic is open" in alice.read("/offline")


def test_the_emergency_number_leads_where_the_answers_call_for_it(
    db: Database, cast: Cast, entered: Clinic, alice: Browser, clock: Clock
) -> None:
    """Also next to another urgent problem, and once the answer is too old to be repeated."""
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), clock.now)
    assert LINKS[0] in help_before(alice.read("/"), LINKS[1]), "not an emergency, and it is open"
    answers = Answers(breathing_or_face_swelling=True)
    record_check_in(db, PROTOCOLS, cast.alice.id, answers, clock.now)
    raise_alerts(db, PROTOCOLS, clock.now)
    for days in (0, 4):
        clock.now += timedelta(days=days)
        for path in ("/", "/check-in", "/photo", f"/patients/{cast.alice.id}/conversation"):
            assert LINKS[0] not in help_before(alice.read(path), LINKS[1]), (path, days)
    change_clinic(db, replace(entered, emergency_number=""), cast.dana.id, clock.now)
    assert LINKS[0] not in help_before(alice.read("/"), LINKS[1]), "the numbers of the countries"


def help_before(page: str, link: str) -> str:
    """What a page says from the open problem on until a link."""
    said, is_there, _ = page.partition('<section class="emergency"')[2].partition(link)
    assert is_there, "the problem or the number is missing"
    return said


def test_whoever_is_in_nobodys_care_is_sent_to_no_clinic(
    cast: Cast, entered: Clinic, browser_of: BrowserOf
) -> None:
    page = browser_of(cast.bob).read("/offline")
    assert "Call your clinic:" not in page
    assert "<span>Emergency: call" not in page


def test_administrators_are_told_until_there_is_an_emergency_number(
    db: Database, ada: Person, clock: Clock, dana: Browser, browser_of: BrowserOf
) -> None:
    administrator, words = browser_of(ada), "No emergency number is entered."
    assert words in administrator.read("/")
    assert words not in dana.read("/")
    change_clinic(db, CLINIC, ada.id, clock.now)
    assert words not in administrator.read("/")


def test_where_no_number_is_entered_those_of_the_countries_are_told(alice: Browser) -> None:
    page = alice.read("/")
    assert "<span>Emergency: call" not in page
    assert '<a href="tel:112">112</a> in Europe' in page


def test_the_first_day_lists_what_is_missing_until_it_is_there(
    db: Database, cast: Cast, olga: Person, ada: Person, clock: Clock, browser_of: BrowserOf
) -> None:
    browser = browser_of(olga)
    assert browser.get("/clinic/").location == "/clinic/first-day"
    page = browser.read("/clinic/first-day")
    assert "The telephone and emergency numbers are missing." in page
    assert "No hours are entered." in page
    assert "No mail server is set" in page
    assert "No backup was made yet." in page
    assert "Not signed by a clinic: " in page
    assert "Alice" not in page
    change_clinic(db, replace(CLINIC, emergency_number=""), ada.id, clock.now)
    page = browser.read("/clinic/first-day")
    assert "The emergency number is missing." in page
    assert "No hours are entered." not in page
    assert browser_of(cast.dana).get("/clinic/").location == "/clinic/outcomes"


def test_the_first_day_is_over_when_all_is_there(
    world: World, db: Database, olga: Person, ada: Person, clock: Clock
) -> None:
    signed = {
        kind: replace(protocol, sign_off=SignOff("Dr Ada", date(2026, 3, 1)))
        for kind, protocol in world.protocols.by_kind.items()
    }
    whole = replace(world.settings, smtp_url="smtp://mail.example")
    protocols = Protocols(signed)
    assert not show_first_day(db, whole, protocols).is_over
    change_clinic(db, CLINIC, ada.id, clock.now)
    leave_sign_of_life(db, SignOfLife.BACKED_UP, clock.now)
    hello = passphrase_mail(olga, clock.now)
    with writing(db):
        mails.insert(db, hello)
        mails.sent(db, hello.id, clock.now)
    assert show_first_day(db, whole, protocols).is_over
    assert not show_first_day(db, world.settings, protocols).done[FirstStep.MAIL]
    assert not show_first_day(db, whole, world.protocols).done[FirstStep.PROTOCOLS]
    leave_sign_of_life(db, SignOfLife.BACKUP_FAILED, clock.now + timedelta(hours=1))
    assert not show_first_day(db, whole, protocols).done[FirstStep.BACKUP]
