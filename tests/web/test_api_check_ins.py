"""What a program sends in a patient's name reaches the clinic, and what it reads never calms."""

from collections.abc import Callable

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tests.web.conftest import Program, Records
from tracker.domain.alerts.alerts import Level
from tracker.storage.connection import writing
from tracker.storage.course import check_ins
from tracker.storage.people import people
from tracker.storage.talk import conversation

KEY = "0123456789abcdef"


def test_a_check_in_is_kept_once_with_its_advice_and_a_mistake_keeps_nothing(
    cast: Cast, db: Database, program_of: Callable[..., Program]
) -> None:
    alice, path = program_of(cast.alice), f"/patients/{cast.alice.id}/check-ins"
    keyed = {"headers": {"Idempotency-Key": KEY}}
    for wrong in (
        {"answers": {"puss": True}},
        {"answers": {"pain": 11}},
        {"answers": {"pain": "1"}},
    ):
        answer = alice.ask(path, "POST", json=wrong, **keyed)
        assert answer.status_code == 422, wrong
        assert answer.json is not None
        assert answer.json["errors"][0]["at"].startswith("answers.")
    sent = {"answers": {"pus": True, "pain": 7}}
    kept = alice.ask(path, "POST", json=sent, **keyed)
    assert (kept.status_code, bool(kept.json and kept.json["advice"])) == (201, True)
    assert alice.ask(path, "POST", json=sent, **keyed).data == kept.data
    (stored,) = check_ins.of_patient(db, cast.alice.id)
    assert (stored.answers.pus, stored.answers.pain) == (True, 7)


def test_a_help_call_without_a_course_reaches_the_clinic(
    cast: Cast, db: Database, program_of: Callable[..., Program]
) -> None:
    with writing(db):
        people.add_to_care(db, cast.dana.id, cast.bob.id)
    bob = program_of(cast.bob)
    answer = bob.ask(
        f"/patients/{cast.bob.id}/check-ins",
        "POST",
        json={"answers": {"asked_for_help": True}},
        headers={"Idempotency-Key": KEY},
    )
    assert answer.status_code == 409
    assert "asked to call" in answer.text
    assert conversation.unread_by_clinic(db, cast.bob.id) == 1


@pytest.mark.parametrize(
    ("given_at", "remedy"),
    [
        ("2026-03-04T10:00:00", "write the offset"),
        ("0001-01-01T00:00:00+14:00", "no such time"),
        ("9999-12-31T23:59:59-12:00", "no such time"),
    ],
)
def test_a_time_that_cannot_be_is_named_and_a_warning_sign_still_reaches_the_clinic(
    cast: Cast, db: Database, program_of: Callable[..., Program], given_at: str, remedy: str
) -> None:
    answer = program_of(cast.alice).ask(
        f"/patients/{cast.alice.id}/check-ins",
        "POST",
        json={"answers": {"pus": True}, "given_at": given_at},
        headers={"Idempotency-Key": KEY},
    )
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["at"] == "given_at"
    assert remedy in answer.json["errors"][0]["detail"]
    assert check_ins.of_patient(db, cast.alice.id) == []
    (call,) = conversation.of_patient(db, cast.alice.id)
    assert "pus" in call.text


def test_a_patients_program_sees_the_alert_that_is_open(
    cast: Cast, records: Records, program_of: Callable[..., Program]
) -> None:
    assert program_of(cast.alice).read("/alerts")["items"] == []
    alert = records.alert(level=Level.URGENT)
    for person in (cast.alice, cast.dana):
        (listed,) = program_of(person).read("/alerts")["items"]
        assert listed["id"] == alert.id
    for person in (cast.bob, cast.eli):
        assert program_of(person).read("/alerts")["items"] == []
