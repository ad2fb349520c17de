"""What Dr Dana does about an alert."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.alerts.clock import escalate_alerts, notice_silence, wake_alerts
from tracker.domain.alerts.alerts import Concern, Factor, Level, Source, asking_again
from tracker.domain.alerts.promises import Call, awaited, missed, promised
from tracker.domain.people.people import Person
from tracker.storage.alerts import alerts
from tracker.storage.connection import writing
from tracker.storage.people import people


def test_a_snoozed_alert_waits_for_nobody_and_says_until_when(
    dana: Browser, records: Records
) -> None:
    alert = records.alert()
    chosen = {"until": "2026-03-07", "snooze_why": "see her on Saturday"}
    page = dana.answer(alert.id, "snooze", chosen, follow=True).text
    assert "Snoozed until Saturday 7 March by Dr Dana" in page
    assert "see her on Saturday" in page
    assert "no one waits for you" in dana.read("/")


def test_a_promised_call_is_read_by_the_patient_and_asked_for_when_it_does_not_come(
    db: Database, alice: Browser, dana: Browser, records: Records, clock: Clock
) -> None:
    records.measured(1)
    alert = records.alert()
    for wrong in ("", "7", "1e9", "99999"):
        answer = dana.answer(alert.id, "call", {"minutes": wrong})
        assert (answer.status_code, "Choose until when you call." in answer.text) == (422, True)
    page = dana.answer(alert.id, "call", {"minutes": "15"}, follow=True).text
    assert "Dr Dana has it, a call was promised before 10:15 today" in page
    assert "Your clinic will call before 10:15 today." in alice.read("/")
    assert wake_alerts(db, clock.now + timedelta(minutes=14)) == []
    clock.now += timedelta(minutes=15)
    assert "Your clinic promised to call before 10:15 today." in alice.read("/")
    (woken,) = wake_alerts(db, clock.now)
    assert woken.needs_answer
    assert "Your clinic promised to call before 10:15 today." in alice.read("/")
    assert "call was promised before 10:15 today, no answer yet" in dana.read(f"/alerts/{alert.id}")
    limit = timedelta(minutes=30)
    assert escalate_alerts(db, limit, clock.now + timedelta(minutes=29)) == []
    (passed_on,) = escalate_alerts(db, limit, clock.now + limit)
    assert passed_on.call_by == woken.raised_at
    dana.answer(alert.id, "answer", {})
    assert "promised to call" not in alice.read("/")


def test_the_patient_reads_who_has_seen_it_and_by_when_it_is_decided(
    db: Database, alice: Browser, dana: Browser, records: Records, clock: Clock
) -> None:
    records.measured(1)
    alert = records.alert()
    assert "reads your name and that the clinic decides before 10:30 today" in dana.read(
        f"/alerts/{alert.id}"
    )
    page = dana.answer(alert.id, "answer", {}, follow=True).text
    assert "Dr Dana has it, seen today, 10:00, decides before 10:30 today" in page
    told = alice.read("/")
    assert "Dr Dana has seen this. Your clinic will decide before 10:30 today." in told
    assert "If it gets worse or you feel ill, do not wait" in told
    clock.now += timedelta(minutes=30)
    late = "Your clinic was to decide before 10:30 today and has not. Do not wait for it: call."
    assert late in alice.read("/"), "also before the worker has looked"
    (woken,) = wake_alerts(db, clock.now)
    assert woken.needs_answer
    assert late in alice.read("/")
    row = dana.read("/")
    assert "A decision was due before 10:30 today, no answer yet" in row
    (passed_on,) = escalate_alerts(db, timedelta(minutes=30), clock.now + timedelta(minutes=30))
    assert passed_on.decide_by == woken.raised_at
    dana.answer(alert.id, "call", {"minutes": "60"})
    assert "Your clinic will call before 11:30 today." in alice.read("/")


def test_a_message_that_marks_as_seen_sets_the_same_time(
    db: Database, dana: Browser, records: Records, clock: Clock
) -> None:
    alert = records.alert(level=Level.REVIEW)
    dana.answer(alert.id, "message", {"text": "We look at it.", "seen": "yes"})
    kept = alerts.get(db, alert.id)
    assert kept is not None
    assert kept.decide_by == clock.now + timedelta(days=1)


def test_what_is_reported_after_the_promise_is_not_covered_by_it(records: Records) -> None:
    alert = records.alert()
    at = alert.raised_at
    moved = promised(alert, Call(30), "dana", at)
    assert moved.alert.call_by == at + timedelta(minutes=30)
    again = asking_again(moved.alert, at + timedelta(minutes=5))
    assert (awaited(again, at), missed(again, at + timedelta(hours=1))) == (None, None)


def test_a_snooze_needs_a_reason(dana: Browser, records: Records) -> None:
    alert = records.alert()
    answer = dana.answer(alert.id, "snooze", {"until": "2026-03-07", "snooze_why": " "})
    assert answer.status_code == 422
    assert "Say why this can wait." in answer.text


def test_a_day_that_will_not_do_is_said_beside_the_field(dana: Browser, records: Records) -> None:
    alert = records.alert()
    for until in ("2026-03-01", "2027-03-01", "0001-01-01", "9999-12-31"):
        answer = dana.answer(alert.id, "snooze", {"until": until, "snooze_why": "lamp"})
        assert answer.status_code == 422
        assert "Choose a day after today, at most 30 days away." in answer.text
    assert "Choose a day." in dana.answer(alert.id, "snooze", {"until": "soon"}).text


def test_a_snooze_that_is_refused_keeps_its_reason_to_itself(
    dana: Browser, records: Records
) -> None:
    sent = {"until": "soon", "snooze_why": "on tablets"}
    page = dana.answer(records.alert().id, "snooze", sent).text
    snooze, resolve = page.split("What did it turn out to be?")
    assert "on tablets" in snooze
    assert "on tablets" not in resolve
    assert page.count("<details open>") == 1


@pytest.mark.parametrize(
    ("step", "values"),
    [
        ("answer", {}),
        ("snooze", {"until": "2026-03-07", "snooze_why": "lamp"}),
        ("resolve", {"outcome": "false", "why": "lamp"}),
    ],
)
def test_nobody_answers_an_alert_that_has_risen_since_the_page_was_opened(
    dana: Browser, records: Records, db: Database, step: str, values: dict[str, str]
) -> None:
    alert = records.alert(level=Level.REVIEW)
    shown = dana.shown(alert.id)
    read = alerts.get(db, alert.id)
    assert read is not None
    risen = replace(read, level=Level.URGENT, raised_at=alert.raised_at + timedelta(minutes=5))
    with writing(db):
        alerts.save(db, risen)
    answer = dana.send(f"/alerts/{alert.id}/{step}", values | {"shown": shown})
    assert answer.status_code == 409
    assert "This alert has changed since you opened it." in answer.text
    assert values.get("why", "") in answer.text
    assert alerts.get(db, alert.id) == risen


@pytest.mark.parametrize(
    ("what", "sent"),
    [
        ("resolve", {"outcome": "true", "why": "Saw her: crusts"}),
        ("snooze", {"until": "2026-03-07", "snooze_why": "Saw her: crusts"}),
        ("hand-over", {"colleague": "", "note": "Saw her: crusts"}),
        ("message", {"text": "Saw her: crusts"}),
    ],
)
def test_who_answers_after_a_colleague_resolved_is_told_and_keeps_the_words(
    what: str,
    sent: dict[str, str],
    dana: Browser,
    records: Records,
    db: Database,
    browser_of: Callable[[Person], Browser],
) -> None:
    alert, eli = records.alert(), records.cast.eli
    with writing(db):
        people.add_to_care(db, eli.id, alert.patient_id)
    late = browser_of(eli)
    old, own = late.shown(alert.id), {"shown": dana.shown(alert.id)}
    lamp = own | {"outcome": "false", "why": "lamp"}
    assert dana.send(f"/alerts/{alert.id}/resolve", lamp).status_code == 303
    answer = late.send(f"/alerts/{alert.id}/{what}", sent | {"shown": old})
    assert answer.status_code == 409
    assert "A colleague was first." in answer.text
    assert "Dr Dana, today, 10:00: resolved (false: lamp)" in answer.text
    assert "Saw her: crusts" in answer.text
    again = dana.send(f"/alerts/{alert.id}/resolve", lamp)
    assert again.status_code == 303  # the same person's form sent twice is not a colleague's


def test_a_resolved_alert_leaves_the_work_list_and_counts(dana: Browser, records: Records) -> None:
    false = records.alert(level=Level.REVIEW)
    true = records.alert(concern=Concern.ALLERGIC_REACTION)
    dana.answer(false.id, "resolve", {"outcome": "false", "why": "lamp"})
    page = dana.read(f"/alerts/{false.id}")
    assert "Resolved today, 10:00 as false alarm by Dr Dana" in page
    assert "false: lamp" in page
    assert "Snooze this concern" not in page
    dana.answer(true.id, "resolve", {"outcome": "true", "why": ""})
    assert "1 of 2 resolved alerts were false alarms." in dana.read("/alerts")
    assert "Nothing to report" in dana.read("/")


def test_an_outcome_must_be_chosen_and_a_reason_may_be_kept_short(
    dana: Browser, records: Records
) -> None:
    alert = records.alert()
    answer = dana.answer(alert.id, "resolve", {"why": "x" * 501})
    assert answer.status_code == 422
    assert "Choose what it turned out to be." in answer.text
    assert "keep it under 500 characters" in answer.text


def test_the_history_names_people_and_the_working_names_versions(
    dana: Browser, records: Records
) -> None:
    alert = records.alert()
    dana.answer(alert.id, "answer", {})
    page = dana.read(f"/alerts/{alert.id}")
    working, history = page.split("How this was worked out")[1].split("History of this alert")
    assert "Seen" in history
    assert "<bdi>Dr Dana</bdi> · Urgent" in history
    assert "engine 1, protocol microneedling 1" in working
    assert "engine" not in history


def test_silence_is_told_in_words_and_without_a_probability(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    clock.now += timedelta(days=2)
    (alert,) = notice_silence(db, PROTOCOLS, clock.now)
    dana.sign_in(records.cast.dana, PASSPHRASE)
    assert "Nothing has come since day 1" in dana.read("/")
    page = dana.read(f"/alerts/{alert.id}")
    assert "No photo and no answers since day 1" in page
    assert "Probability" not in page


@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("answer", {}),
        ("snooze", {"until": "2026-03-07", "snooze_why": "lamp"}),
        ("resolve", {"outcome": "false", "why": "lamp"}),
        ("hand-over", {"colleague": "eli", "note": "lamp"}),
        ("message", {"text": "lamp"}),
    ],
)
@pytest.mark.parametrize("shown", ["", "urgent", "urgent 0 soon", "loud 0 2026-03-05T07:00:00"])
def test_a_form_that_does_not_say_what_it_showed_is_refused_and_keeps_the_words(
    dana: Browser, records: Records, db: Database, what: str, values: dict[str, str], shown: str
) -> None:
    alert = records.alert()
    answer = dana.send(f"/alerts/{alert.id}/{what}", values | {"shown": shown})
    assert answer.status_code == 409
    assert "The form did not say which alert it showed." in answer.text
    assert "lamp" in answer.text or what == "answer"
    known = alerts.get(db, alert.id)
    assert known is not None
    assert known == replace(alert, read_at=known.read_at, read_by=records.cast.dana.id)


def test_what_a_refused_form_showed_counts_until_the_alert_was_shown_again(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    alert = records.alert(level=Level.REVIEW)
    shown = dana.shown(alert.id)
    with writing(db):
        alerts.save(db, replace(alert, level=Level.URGENT, raised_at=clock.now))
    wrong = dana.send(f"/alerts/{alert.id}/resolve", {"why": "lamp", "shown": shown})
    assert wrong.status_code == 422
    assert f'name="shown" value="{shown}"' in wrong.text


def test_a_course_that_was_not_judged_is_not_told_as_silence(
    dana: Browser, records: Records
) -> None:
    failed = (Factor("the judgement failed", 1.0, Source.CLOCK),)
    alert = records.alert(level=Level.REVIEW, concern=Concern.UNJUDGED, evidence=failed)
    page = dana.read(f"/alerts/{alert.id}")
    assert "Afterglow could not judge this course" in page
    assert "Neither photo nor answers" not in page
    assert "Probability of" not in page
    assert "Afterglow could not judge this course" in dana.read("/")


def test_another_harm_is_told_by_the_answers_alone_and_without_a_photo(
    dana: Browser, records: Records
) -> None:
    told = (Factor("eye pain", 1000.0, Source.RED_FLAG),)
    alert = records.alert(concern=Concern.OTHER_HARM, evidence=told)
    page = dana.read(f"/alerts/{alert.id}")
    assert "The patient’s answers alone are enough for this level" in page
    assert "The answers point to another complication" in page
    assert "Before and now" not in page


def test_an_alert_of_silence_says_that_the_patient_was_heard_again(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    clock.now += timedelta(days=2)
    (alert,) = notice_silence(db, PROTOCOLS, clock.now)
    records.photo(5.1)
    notice_silence(db, PROTOCOLS, clock.now)
    dana.sign_in(records.cast.dana, PASSPHRASE)
    assert "Nothing has come since day 1" not in dana.read("/")
    page = dana.read(f"/alerts/{alert.id}")
    assert "closed by itself" in page.lower()
    assert "a photo or answers came" in page
    assert "unclear" not in page.lower()
