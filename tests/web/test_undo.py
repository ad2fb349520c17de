"""Answers of the ward round that are taken back within minutes, and those that stand."""

import re
from collections.abc import Mapping
from datetime import timedelta

from sqlite_utils import Database
from werkzeug.test import TestResponse

from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tests.web.test_ward_round import FINE, close, page_of
from tracker.domain.alerts.alerts import Alert, Outcome
from tracker.domain.alerts.promises import CALL_CHOICES, Call, promised
from tracker.domain.desk.ward_round import may_take_back
from tracker.storage.alerts import alerts


def undo_on(page: str) -> Mapping[str, str]:
    """The address and the hidden field of the form that takes an answer back."""
    form = re.search(r'action="([^"]+/undo)".*?</form>', page, re.DOTALL)
    if form is None:
        return {}
    found = dict(re.findall(r'type="hidden" name="(shown|round)" value="([^"]*)"', form[0]))
    return {"path": form[1], **found}


def undo(browser: Browser, offered: Mapping[str, str]) -> TestResponse:
    return browser.send(offered["path"], {**offered})


def test_ones_own_last_answer_can_be_undone_within_minutes(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    alert = records.alert()
    end = dana.read(close(dana, alert, page_of(dana, alert)).location or "")
    assert "Alice</bdi>: resolved today, 10:00 as false alarm" in end
    clock.now += timedelta(minutes=4)
    offered = undo_on(end)
    there = f"/round/{alert.patient_id}?place={offered['round']}"
    assert undo(dana, offered).location == there, "the round goes on from where it was"
    again = alerts.get(db, alert.id)
    assert again is not None
    assert again.needs_answer
    assert (again.outcome, again.raised_at) == (None, clock.now)
    page = page_of(dana, alert)
    assert FINE in page
    assert "Answer taken back" in dana.read(f"/alerts/{alert.id}")
    told = [entry["details"] for entry in db.query("SELECT details FROM audit_log")]
    assert told.index("resolved") < told.index("taken_back")
    mails = db.query("SELECT 1 FROM messages WHERE kind = 'urgent'")
    assert list(mails), "an urgent alert is mailed again: the first mail may have been withdrawn"
    assert undo(dana, undo_on(end)).status_code == 409, "once"


def test_an_answer_stands_after_minutes_and_for_others(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    alert = records.alert()
    end = dana.read(close(dana, alert, page_of(dana, alert)).location or "")
    offered = undo_on(end)
    clock.now += timedelta(minutes=6)
    refused = undo(dana, offered)
    assert refused.status_code == 409
    assert "The answer stands." in refused.text
    assert undo_on(dana.read(f"/round?undo={alert.id}")) == {}
    kept = alerts.get(db, alert.id)
    assert kept is not None
    assert kept.outcome is Outcome.FALSE


def test_an_answer_stands_once_the_concern_was_raised_anew(
    dana: Browser, records: Records, db: Database
) -> None:
    alert = records.alert()
    end = dana.read(close(dana, alert, page_of(dana, alert)).location or "")
    again = records.alert()
    assert undo(dana, undo_on(end)).status_code == 409
    is_open = {
        each.id: each.resolved_at is None for each in alerts.of_patient(db, again.patient_id)
    }
    assert is_open == {alert.id: False, again.id: True}


def promise(browser: Browser, alert: Alert) -> TestResponse:
    """Send the form of the round that promises a call, as it comes."""
    form = re.search(r'<form[^>]*/call".*?</form>', page_of(browser, alert), re.DOTALL)
    assert form is not None, "no call is offered"
    hidden = dict(re.findall(r'type="hidden" name="(shown|round)" value="([^"]*)"', form[0]))
    (minutes,) = re.findall(r'name="minutes" value="(\d+)" checked', form[0])
    assert len(re.findall('name="minutes"', form[0])) == len(CALL_CHOICES)
    return browser.send(f"/alerts/{alert.id}/call", {**hidden, "minutes": minutes})


def test_a_call_is_promised_in_the_round_with_its_time_and_undone_unread(
    dana: Browser, alice: Browser, records: Records, db: Database, clock: Clock
) -> None:
    alert = records.alert()
    clock.now += timedelta(minutes=2)
    end = dana.read(promise(dana, alert).location or "")
    kept = alerts.get(db, alert.id)
    assert kept is not None
    assert kept.call_by == clock.now + timedelta(minutes=63), "rounded up to five minutes"
    assert "That was everyone." in end
    assert "a call was promised before 11:05 today" in end
    assert undo(dana, undo_on(end)).status_code == 303
    again = alerts.get(db, alert.id)
    assert again is not None
    assert (again.needs_answer, again.call_by) == (True, None)
    assert "will call before" not in alice.read("/")


def test_a_promise_that_the_patient_may_have_read_stands(
    dana: Browser, alice: Browser, records: Records, db: Database, clock: Clock
) -> None:
    alert = records.alert()
    clock.now += timedelta(minutes=2)
    end = dana.read(promise(dana, alert).location or "")
    offered = undo_on(end)
    clock.now += timedelta(minutes=1)
    assert "will call before 11:05 today" in alice.read("/")
    alice.send("/sign-out", {})
    assert undo_on(dana.read(f"/round?undo={alert.id}")) == {}
    assert undo(dana, offered).status_code == 409
    kept = alerts.get(db, alert.id)
    assert kept is not None
    assert kept.call_by is not None


def test_a_promise_may_have_been_read_in_the_minute_that_is_not_noted(
    records: Records, clock: Clock
) -> None:
    moved = promised(records.alert(), Call(30), records.cast.dana.id, clock.now)
    assert moved.transition is not None

    def is_open(seen_minutes: int | None) -> bool:
        seen_at = None if seen_minutes is None else clock.now + timedelta(minutes=seen_minutes)
        assert moved.transition is not None
        return may_take_back([moved.transition], records.cast.dana.id, clock.now, seen_at)

    assert [is_open(each) for each in (None, -2, -1, 0)] == [True, True, False, False]


def test_without_an_alert_no_call_is_promised(dana: Browser, records: Records) -> None:
    records.message(records.cast.alice, "It stings.")
    page = dana.read(f"/round/{records.cast.alice.id}")
    assert "Message <" in page
    assert 'data-key="c"' not in page
