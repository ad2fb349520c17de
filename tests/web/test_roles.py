"""What each role of the clinic sees and may do."""

from collections.abc import Callable

from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.people.signing_in import sign_in
from tracker.domain.course.check_ins import Answers
from tracker.domain.people.people import Person
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import people

BrowserOf = Callable[[Person], Browser]


def test_an_assistant_reads_an_alert_and_is_offered_no_answer(
    records: Records, fay: Person, dana: Browser, browser_of: BrowserOf
) -> None:
    alert, assistant = records.alert(), browser_of(fay)
    assert "I have seen this" in dana.read(f"/alerts/{alert.id}")
    page = assistant.read(f"/alerts/{alert.id}")
    assert "I have seen this" not in page
    assert "A practitioner of the care team answers this." in page
    assert "Snooze" not in page
    assert "Resolve" not in page


def test_an_administrator_without_patients_is_offered_none(
    records: Records, olga: Person, browser_of: BrowserOf
) -> None:
    records.alert()
    page = browser_of(olga).read("/clinic/people")
    assert "Clinic" in page
    assert "Patients</span>" not in page
    assert "Alerts</span>" not in page
    assert "Alice" not in page


def test_urgent_mail_goes_to_those_who_may_answer(
    db: Database, cast: Cast, fay: Person, clock: Clock
) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), clock.now)
    assert raise_alerts(db, PROTOCOLS, clock.now)
    assert mails.of_recipient(db, cast.dana.id)
    assert not mails.of_recipient(db, fay.id)


def test_somebody_suspended_is_out_at_once_and_is_told_nothing(
    db: Database, cast: Cast, clock: Clock, dana: Browser
) -> None:
    assert dana.get("/").status_code == 200
    with writing(db):
        people.suspend(db, cast.dana.id, clock.now)
    assert dana.get("/").status_code == 303
    assert sign_in(db, cast.dana.email, PASSPHRASE, clock.now) is None
    assert people.care_team_of(db, cast.alice.id) == []
