"""A whole record leaves on a page only when a second person has allowed it."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

from sqlite_utils import Database

from tests.conftest import Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.own_data.deciding import decide_consent
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.people.people import Duty, Person
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.people import people

BrowserOf = Callable[[Person], Browser]


def ask(browser: Browser, patient: Person, clinic: str = "Skin Clinic") -> int:
    return browser.send(f"/patients/{patient.id}/record", {"clinic": clinic}).status_code


def permit_in(page: str) -> str:
    """The path to which the one button of the administrator's page posts."""
    (path,) = {part.split('"')[0] for part in page.split('action="')[1:] if "records/" in part}
    return path


def test_an_administrator_lets_the_record_of_a_patient_leave(
    cast: Cast, records: Records, db: Database, dana: Browser, olga: Person, browser_of: BrowserOf
) -> None:
    records.measured(1)
    alice = cast.alice
    assert "Who cares for" in dana.read(f"/patients/{alice.id}/record")
    assert ask(dana, alice) == 303
    assert "Waits for an administrator" in dana.read(f"/patients/{alice.id}/record")
    assert dana.get(f"/patients/{alice.id}/record.zip").status_code == 303
    office = browser_of(olga)
    page = office.read("/clinic/records")
    assert "Dr Dana" in page
    assert "Alice" not in page
    assert office.send(permit_in(page), {}).status_code == 200
    assert "Download the record" in dana.read(f"/patients/{alice.id}/record")
    answer = dana.get(f"/patients/{alice.id}/record.zip")
    with ZipFile(BytesIO(answer.data)) as archive:
        assert "record/manifest.json" in archive.namelist()
    done = [entry.act for entry in audit_log.search(db, Search(about=frozenset({alice.id})))]
    assert done[:3] == [Act.DATA_EXPORTED, Act.EXPORT_ALLOWED, Act.EXPORT_ASKED]


def test_no_one_allows_what_they_asked_themselves(cast: Cast, db: Database, dana: Browser) -> None:
    with writing(db):
        people.set_duties(db, cast.dana.id, [Duty.ADMINISTRATION])
    assert ask(dana, cast.alice) == 303
    assert "Another administrator must allow it" in dana.read("/clinic/records")
    (permit,) = db.query("SELECT id FROM export_permits")
    assert dana.send(f"/clinic/records/{permit['id']}", {}).status_code == 404
    assert dana.get(f"/patients/{cast.alice.id}/record.zip").status_code == 303


def test_a_permit_is_for_who_asked_and_for_seven_days(
    cast: Cast,
    db: Database,
    clock: Clock,
    dana: Browser,
    olga: Person,
    browser_of: BrowserOf,
) -> None:
    with writing(db):
        people.add_to_care(db, cast.eli.id, cast.alice.id)
    ask(dana, cast.alice)
    office = browser_of(olga)
    path = permit_in(office.read("/clinic/records"))
    assert office.send(path, {}).status_code == 200
    eli = browser_of(cast.eli)
    assert eli.get(f"/patients/{cast.alice.id}/record.zip").status_code == 303
    clock.now += timedelta(days=8)
    later = browser_of(cast.dana)
    assert "Ask an administrator" in later.read(f"/patients/{cast.alice.id}/record")
    assert later.get(f"/patients/{cast.alice.id}/record.zip").status_code == 303


def test_a_request_that_waited_too_long_can_no_longer_be_allowed(
    cast: Cast, clock: Clock, dana: Browser, olga: Person, browser_of: BrowserOf
) -> None:
    ask(dana, cast.alice)
    path = permit_in(browser_of(olga).read("/clinic/records"))
    clock.now += timedelta(days=8)
    office = browser_of(olga)
    assert "No one has asked" in office.read("/clinic/records")
    assert office.send(path, {}).status_code == 404


def test_faults_are_named(
    cast: Cast, db: Database, clock: Clock, dana: Browser, olga: Person, browser_of: BrowserOf
) -> None:
    assert ask(dana, cast.alice, " ") == 422
    ask(dana, cast.alice)
    office = browser_of(olga)
    office.send(permit_in(office.read("/clinic/records")), {})
    withdrawn = Consent(Purpose.CARE, Decision.WITHDRAWN, clock.now)
    assert decide_consent(db, cast.alice.id, withdrawn)
    answer = dana.get(f"/patients/{cast.alice.id}/record.zip")
    assert answer.status_code == 409
    assert "only the patient may take the record along" in answer.text
