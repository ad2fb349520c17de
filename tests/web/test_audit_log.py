"""Acts are on record: who, what, about whom, when; and only administrators read it."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.people.signing_in import sign_in
from tracker.domain.clinic.audit import MOST_A_PAGE, Act, Entry
from tracker.domain.people.people import Person
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing

BrowserOf = Callable[[Person], Browser]
LOG = "/clinic/audit-log"


@pytest.fixture
def admin(olga: Person, browser_of: BrowserOf) -> Browser:
    return browser_of(olga)


def entries(admin: Browser, query: str = "") -> list[dict[str, str]]:
    """The log as its file contains it, newest first."""
    return list(csv.DictReader(StringIO(admin.get(f"{LOG}.csv{query}").text)))


def acts(admin: Browser, query: str = "") -> list[str]:
    return [row["did"] for row in entries(admin, query)]


def test_signing_in_and_failing_to_is_on_record(
    db: Database, cast: Cast, admin: Browser, clock: Clock
) -> None:
    sign_in(db, cast.eli.email, "a wrong passphrase", clock.now)
    sign_in(db, "nobody@clinic.example", "a wrong passphrase", clock.now)
    sign_in(db, cast.eli.email, PASSPHRASE, clock.now)
    failed = entries(admin, "?act=sign_in_failed")
    assert sorted(row["about"] for row in failed) == ["", "Dr Eli"]
    assert "Dr Eli" in [row["by"] for row in entries(admin, "?act=signed_in")]


def test_opening_a_patient_is_noted_once_in_a_while(
    cast: Cast, records: Records, dana: Browser, admin: Browser, clock: Clock
) -> None:
    alert = records.alert()
    dana.read(f"/patients/{cast.alice.id}")
    dana.read(f"/patients/{cast.alice.id}/care-team")
    dana.read(f"/alerts/{alert.id}")
    assert acts(admin, "?act=patient_opened") == ["opened a patient"]
    clock.now += timedelta(minutes=6)
    dana.read(f"/alerts/{alert.id}")
    assert len(acts(admin, "?act=patient_opened")) == 2


@pytest.mark.parametrize(("form", "status"), [("wrong", 422), ("outdated", 409)])
def test_a_page_that_comes_back_with_a_wrong_form_was_opened(
    cast: Cast, records: Records, dana: Browser, admin: Browser, form: str, status: int
) -> None:
    note = records.note("Afraid of needles")
    path = f"/patients/{cast.alice.id}/notes" + (f"/{note.id}" if form == "outdated" else "")
    answer = dana.send(path, {"text": "Not any more." if form == "outdated" else "", "read": "0"})
    assert (answer.status_code, "Afraid of needles" in answer.text) == (status, True)
    assert acts(admin, "?act=patient_opened") == ["opened a patient"]


def test_what_was_refused_was_not_opened(
    cast: Cast, browser_of: BrowserOf, admin: Browser, alice: Browser
) -> None:
    browser_of(cast.eli).get(f"/patients/{cast.alice.id}")
    alice.read(f"/patients/{cast.alice.id}/conversation")
    assert acts(admin, "?act=patient_opened") == []


def test_looks_and_answers_stand_beside_what_the_log_keeps(
    cast: Cast, records: Records, dana: Browser, admin: Browser
) -> None:
    photo, alert = records.measured(1), records.alert()
    dana.get(f"/patients/{cast.alice.id}/photos/{photo.id}/photo")
    dana.answer(alert.id, "answer", {})
    (seen,) = entries(admin, "?act=photo_opened")
    (answered,) = entries(admin, "?act=alert_answered")
    assert seen["by"] == answered["by"] == "Dr Dana"
    assert seen["about id"] == answered["about id"] == cast.alice.id
    assert answered["details"] == "seen"


def test_each_look_at_a_photo_is_an_entry_and_the_patient_reads_the_same(
    cast: Cast, records: Records, dana: Browser, alice: Browser, admin: Browser, clock: Clock
) -> None:
    photo = records.measured(1)
    path = f"/patients/{cast.alice.id}/photos/{photo.id}/photo"
    for minutes in (0, 2, 6):
        clock.now += timedelta(minutes=minutes)
        dana.get(path)
    seen = entries(admin, "?act=photo_opened")
    assert [row["at (UTC)"][11:16] for row in seen] == ["09:08", "09:00"]
    assert {row["details"] for row in seen} == {photo.id}
    assert photo.id not in admin.read(LOG)
    assert "first opened today, 10:00, last today, 10:08" in alice.read("/my-data")


def test_what_was_refused_is_on_record(
    cast: Cast, browser_of: BrowserOf, admin: Browser, clock: Clock
) -> None:
    eli = browser_of(cast.eli)
    for path in (f"/patients/{cast.alice.id}", f"/patients/{cast.alice.id}/notes"):
        assert [eli.get(path).status_code for _ in range(2)] == [404, 404]
    assert eli.get("/patients/nobody").status_code == 404
    refused = entries(admin, "?act=refused")
    assert {(row["by"], row["about id"]) for row in refused} == {
        ("Dr Eli", cast.alice.id),
        ("Dr Eli", ""),
    }
    clock.now += timedelta(minutes=6)
    eli.get(f"/patients/{cast.alice.id}")
    assert len(entries(admin, "?act=refused")) == len(refused) + 1


def test_the_head_of_the_log_can_be_copied_from_the_page(db: Database, admin: Browser) -> None:
    head = audit_log.head(db)
    assert head is not None
    assert str(head) in admin.read(LOG)


def test_changes_of_a_record_and_of_an_account_are_on_record(
    cast: Cast, alice: Browser, dana: Browser, admin: Browser
) -> None:
    dana.send(f"/patients/{cast.alice.id}/notes", {"text": "Afraid of needles", "key": "n" * 32})
    dana.send(f"/patients/{cast.alice.id}/conversation", {"text": "Hello", "key": "m" * 32})
    alice.send("/my-data/uses", {"purpose": "teaching", "decision": "given"})
    alice.send("/my-data/share", {})
    alice.send("/my-data/close", {"passphrase": "wrong", "understood": "yes"})
    changed = {row["details"] for row in entries(admin, "?act=record_changed")}
    assert changed == {"note written", "message written"}
    assert acts(admin, "?act=share_code_made") == ["made a code for a practitioner"]
    (failed,) = entries(admin, "?act=sign_in_failed")
    assert (failed["about id"], failed["details"]) == (cast.alice.id, "to close an account")
    alice.send("/my-data/close", {"passphrase": PASSPHRASE, "understood": "yes"})
    assert acts(admin, "?act=account_closed") == ["closed the account"]


def test_patients_are_named_only_to_whoever_cares_for_them(
    db: Database, cast: Cast, admin: Browser, ada: Person, dana: Browser, browser_of: BrowserOf
) -> None:
    dana.read(f"/patients/{cast.alice.id}")
    page = admin.read(LOG)
    assert "Alice" not in page
    assert f"Patient {cast.alice.id[:8]}" in page
    with writing(db):
        db.execute("INSERT INTO care_team VALUES (?, ?, 1)", [ada.id, cast.alice.id])
    assert "Alice" in browser_of(ada).read(LOG)


def test_the_log_is_searched_by_person_kind_patient_and_day(
    cast: Cast, dana: Browser, admin: Browser, clock: Clock
) -> None:
    dana.read(f"/patients/{cast.alice.id}")
    by_dana = f"?by={cast.dana.id}"
    assert set(acts(admin, by_dana)) == {"signed in", "opened a patient"}
    assert acts(admin, f"?about={cast.alice.id[:8]}") == ["opened a patient"]
    assert acts(admin, "?about=Alice") == []
    assert acts(admin, f"{by_dana}&since=2026-03-05&until=2026-03-05")
    assert acts(admin, f"{by_dana}&since=2026-03-06") == []
    assert acts(admin, f"{by_dana}&until=2026-03-04") == []


def test_entries_are_grouped_by_day_and_person_and_none_is_left_out(
    db: Database, cast: Cast, olga: Person, admin: Browser, clock: Clock
) -> None:
    people = (cast.alice.id, cast.bob.id, None)
    with writing(db):
        for number in range(12):
            at = clock.now - timedelta(hours=8 * (number // 3), minutes=number)
            told = Entry(Act.RECORD_CHANGED, at, olga.id, people[number % 3], f"number {number}.")
            audit_log.add(db, told)
    page = admin.read(f"{LOG}?act=record_changed")
    assert all(page.count(f"(number {number}.)") == 1 for number in range(12))
    groups = page.split("<section")[1:]
    assert len(groups) == len(people) * 2
    assert [group.count("(number") for group in groups] == [2, 2, 2, 2, 2, 2]
    assert f"Patient {cast.alice.id[:8]}" in groups[0]
    assert "Not about a person" in groups[2]
    assert "Thursday 5 March" in groups[0]
    assert "Wednesday 4 March" in groups[3]
    assert len(entries(admin, "?act=record_changed")) == 12


def test_a_wrong_day_is_named_and_the_rest_of_the_search_is_kept(admin: Browser) -> None:
    for path in (LOG, f"{LOG}.csv"):
        answer = admin.get(f"{path}?since=yesterday&about=somebody")
        assert answer.status_code == 422
        assert "write it as 2026-12-24" in answer.text
        assert 'value="somebody"' in answer.text


def test_a_long_log_has_pages(db: Database, admin: Browser, olga: Person, clock: Clock) -> None:
    with writing(db):
        for count in range(MOST_A_PAGE + 1):
            at = clock.now - timedelta(hours=count)
            audit_log.add(db, Entry(Act.CLINIC_CHANGED, at, olga.id, details=f"number {count}."))
    first = admin.read(f"{LOG}?act=clinic_changed")
    assert "number 0." in first
    assert f"number {MOST_A_PAGE}." not in first
    assert "act=clinic_changed&amp;page=2" in first
    second = admin.read(f"{LOG}?act=clinic_changed&page=2")
    assert f"number {MOST_A_PAGE}." in second
    assert "number 1." not in second


def test_taking_data_out_is_on_record(alice: Browser, admin: Browser, cast: Cast) -> None:
    assert alice.get("/my-data/afterglow-my-data.zip").status_code == 200
    taken = entries(admin, "?act=data_exported")
    assert [(row["details"], row["about id"]) for row in taken] == [
        ("audit log", ""),
        ("own data", cast.alice.id),
    ]


def test_a_spreadsheet_calculates_nothing(db: Database, admin: Browser, clock: Clock) -> None:
    with writing(db):
        audit_log.add(db, Entry(Act.CLINIC_CHANGED, clock.now, details="=1+1"))
    assert "'=1+1" in [row["details"] for row in entries(admin)]
