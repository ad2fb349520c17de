"""The one-minute check-in, through the form."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.own_data.deciding import decide_consent
from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.mail.mails import Envelope, MailKind, compose
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.people.people import Person
from tracker.storage.connection import writing
from tracker.storage.course import check_ins
from tracker.storage.mail import mails
from tracker.storage.people import people
from tracker.storage.talk import conversation
from tracker.world import World

CALM = {"pain": "1", "itch": "0", "swelling": "0", "trend": "better"}


def test_answers_are_kept_and_thanked_for(alice: Browser, db: Database) -> None:
    page = alice.send("/check-in", CALM | {"note": "calm"}, follow=True).text
    assert "Your answers are with your clinic" in page
    assert len(list(db.query("SELECT id FROM check_ins"))) == 1
    assert "Today’s check-in is done" in alice.read("/")


def test_reloading_the_answer_sends_nothing_again(alice: Browser, db: Database) -> None:
    answer = alice.send("/check-in", CALM)
    assert answer.status_code == 303
    for _ in range(2):
        alice.read(answer.headers["Location"])
    assert len(list(db.query("SELECT id FROM check_ins"))) == 1


def test_only_trouble_breathing_ticked_is_taken_and_tells_the_clinic(
    alice: Browser, db: Database, world: World, clock: Clock
) -> None:
    page = alice.send("/check-in", {"breathing_or_face_swelling": "yes"}, follow=True).text
    assert "Call the emergency number now" in page
    (alert,) = raise_alerts(db, world.protocols, clock.now)
    assert alert.level is Level.URGENT


def test_nothing_ticked_is_told_kindly_and_keeps_what_was_chosen(
    alice: Browser, db: Database
) -> None:
    answer = alice.send("/check-in", {"note": "  "})
    assert answer.status_code == 422
    assert '<a href="#signs">Nothing is ticked or written yet' in answer.text
    assert list(db.query("SELECT id FROM check_ins")) == []


def test_a_mistake_elsewhere_does_not_hold_up_a_red_flag_and_keeps_the_note(
    alice: Browser, db: Database
) -> None:
    note = "hot <b>cheek</b> " * 150
    answer = alice.send("/check-in", {"pain": "4", "pus": "yes", "note": note})
    assert answer.status_code == 422
    assert "What you ticked is kept and your clinic will see it." in answer.text
    assert "hot &lt;b&gt;cheek&lt;/b&gt;" in answer.text
    assert 'name="pus" value="yes" checked' in answer.text
    assert 'name="pain" value="4" checked' in answer.text
    (row,) = db.query("SELECT answers FROM check_ins")
    assert (json.loads(row["answers"])["pus"], json.loads(row["answers"])["pain"]) == (True, 4)


def test_a_mistake_elsewhere_does_not_hold_up_strong_pain_without_a_sign(
    alice: Browser, db: Database
) -> None:
    answer = alice.send("/check-in", {"pain": "9", "note": "hot cheek " * 250})
    assert answer.status_code == 422
    (row,) = db.query("SELECT answers FROM check_ins")
    assert json.loads(row["answers"])["pain"] == 9


def test_answers_are_kept_although_the_course_cannot_be_shown(
    alice: Browser, db: Database, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a row that cannot be read")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    with monkeypatch.context() as patch:
        patch.setattr("web.patient.routes.show_course", fail)
        assert alice.send("/check-in", {"pus": "yes"}).status_code == 303
        too_long = alice.send("/check-in", {"fever": "yes", "note": "hot cheek " * 250})
        assert too_long.status_code == 500
        assert "call your clinic or a doctor" in too_long.text
    kept = [json.loads(row["answers"]) for row in db.query("SELECT answers FROM check_ins")]
    assert [(each["pus"], each["fever"]) for each in kept] == [(True, None), (None, True)]


def test_a_call_for_help_is_passed_on_although_the_course_cannot_be_shown(
    browser_of: Callable[[Person], Browser],
    db: Database,
    cast: Cast,
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a row that cannot be read")

    with writing(db):
        people.add_to_care(db, cast.dana.id, cast.bob.id)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("web.patient.routes.show_course", fail)
    answer = browser_of(cast.bob).send("/check-in", {"fever": "yes", "spreading": "yes"})
    assert answer.status_code == 500
    (call,) = conversation.of_patient(db, cast.bob.id)
    assert "fever" in call.text


def test_help_needs_no_other_field(alice: Browser, db: Database) -> None:
    page = alice.read("/check-in")
    first = page.index('type="submit"', page.index('action="/check-in"'))
    assert page[first:].startswith('type="submit" class="big danger" name="help"')
    assert "required>" not in page
    for values in ({}, {"warmth": "yes"}, {"none": "yes"}):
        told = alice.send("/check-in", {"help": "now", **values}, follow=True).text
        assert "Get help now" in told
        assert "call the emergency number now. Otherwise call your clinic now" in told
        assert "Thank you" not in told
    assert len(list(db.query("SELECT id FROM check_ins"))) == 2


@pytest.mark.parametrize("day", [-0.1, 0.0, 1.74, 17.0, 40.0, 100.0, 300.0])
def test_who_asks_for_help_and_ticks_nothing_reaches_the_clinic_on_every_day(
    browser_of: Callable[[Person], Browser],
    db: Database,
    world: World,
    cast: Cast,
    clock: Clock,
    day: float,
) -> None:
    clock.now = TREATED_AT + timedelta(days=day)
    browser_of(cast.alice).send("/check-in", {"help": "now"})
    (alert,) = raise_alerts(db, world.protocols, clock.now)
    assert (alert.level, alert.concern) == (Level.URGENT, Concern.OTHER_HARM)
    assert {mail.kind for mail in mails.due(db, clock.now, 9)} == {MailKind.URGENT}
    assert "The patient asked for help" in browser_of(cast.dana).read("/")


def test_emergencies_come_first_on_every_day_with_their_words_at_the_tick(
    browser_of: Callable[[Person], Browser], cast: Cast, clock: Clock
) -> None:
    clock.now = TREATED_AT + timedelta(days=500)
    page = browser_of(cast.alice).read("/check-in")
    emergency = page.index('name="breathing_or_face_swelling"')
    for later in ("Call the emergency number now", 'name="help"', 'name="pain"'):
        assert emergency < page.index(later, page.index('class="first"')), later


def test_an_answer_to_a_course_that_is_over_is_kept_and_heard(
    browser_of: Callable[[Person], Browser], db: Database, world: World, cast: Cast, clock: Clock
) -> None:
    clock.now = TREATED_AT + timedelta(days=200)
    alice = browser_of(cast.alice)
    assert alice.send("/check-in", {"breathing_or_face_swelling": "yes"}).status_code == 303
    (alert,) = raise_alerts(db, world.protocols, clock.now)
    assert alert.level is Level.URGENT


QUEUED = {"key": "3f0c8a52-6a51-4c7e-9d0b-0d2f6f1c1e11", "pain": "3"}


@pytest.mark.parametrize(
    ("made", "sent", "words"),
    [
        (-21.0, 0.0, "before your treatment"),
        (-2.0, 0.0, "Your answers reached us today"),
        (-365.0, -365.0, "The clock of your phone was not right: it said"),
        (+365.0, +365.0, "The clock of your phone was not right: it said"),
        (+365.0, 0.0, "We wrote down when your answers came"),
    ],
)
def test_the_patient_reads_when_late_answers_count(
    alice: Browser, clock: Clock, made: float, sent: float, words: str
) -> None:
    times = {
        "made_at": (clock.now + timedelta(days=made)).isoformat(),
        "sent_at": (clock.now + timedelta(days=sent)).isoformat(),
    }
    assert words in alice.send("/check-in", QUEUED | times, follow=True).text


def test_an_answer_that_belongs_to_an_earlier_treatment_is_kept_with_it(
    db: Database, world: World, cast: Cast, clock: Clock, browser_of: Callable[[Person], Browser]
) -> None:
    again = replace(cast.treatment, id="", performed_at=TREATED_AT + timedelta(days=30))
    begin_treatment(db, world.protocols, again)
    clock.now = TREATED_AT + timedelta(days=31)
    alice = browser_of(cast.alice)
    made = (TREATED_AT + timedelta(days=10)).isoformat()
    sent = {"made_at": made, "sent_at": clock.now.isoformat()}
    page = alice.send("/check-in", QUEUED | sent | {"pus": "yes"}, follow=True).text
    assert "They are kept with your earlier treatment" in page


@pytest.mark.parametrize("sent", [{"pus": "yes", "pain": "8"}, {"help": "now"}, {"pain": "9"}])
def test_help_without_a_treatment_names_whom_to_call_and_tells_the_clinic(
    browser_of: Callable[[Person], Browser],
    db: Database,
    cast: Cast,
    clock: Clock,
    sent: dict[str, str],
) -> None:
    with writing(db):
        people.add_to_care(db, cast.dana.id, cast.bob.id)
    bob = browser_of(cast.bob)
    for _ in range(2):
        answer = bob.send("/check-in", sent)
    assert answer.status_code == 409
    assert "call the emergency number now" in answer.text
    assert "We wrote to your clinic that you need help" in answer.text
    (mail,) = mails.due(db, clock.now, 9)
    assert (mail.kind, mail.recipient_id) == (MailKind.URGENT, cast.dana.id)
    body = compose(mail, Envelope("a@clinic.example", "http://localhost", b"key")).get_content()
    assert "http://localhost/" in body
    assert "pus" not in body
    dana = browser_of(cast.dana)
    assert "1 new message" in dana.read("/")
    told = dana.read(f"/patients/{cast.bob.id}/conversation")
    assert "Please call me" in told
    assert ("pus, pain 8 of 10" in told) is ("pus" in sent)


def test_help_without_any_clinic_says_that_nobody_sees_it(
    browser_of: Callable[[Person], Browser], db: Database, cast: Cast, clock: Clock
) -> None:
    answer = browser_of(cast.bob).send("/check-in", {"breathing_or_face_swelling": "yes"})
    assert "Nobody at a clinic sees them" in answer.text
    assert "call the emergency number now" in answer.text
    assert mails.due(db, clock.now, 9) == []


def test_help_without_consent_to_care_reaches_the_clinic_and_keeps_no_answer(
    alice: Browser, db: Database, cast: Cast, clock: Clock
) -> None:
    decide_consent(db, cast.alice.id, Consent(Purpose.CARE, Decision.WITHDRAWN, clock.now))
    answer = alice.send("/check-in", {"pus": "yes", "fever": "yes"})
    assert answer.status_code == 409
    assert "We wrote to your clinic that you need help" in answer.text
    assert [mail.kind for mail in mails.due(db, clock.now, 9)] == [MailKind.URGENT]
    (message,) = conversation.of_patient(db, cast.alice.id)
    assert "Please call me" in message.text
    assert "pus" not in message.text
    assert list(db.query("SELECT id FROM check_ins")) == []


def test_a_red_flag_shows_emergency_words_on_the_next_screen(alice: Browser) -> None:
    flagged = CALM | {"breathing_or_face_swelling": "yes"}
    page = alice.send("/check-in", flagged, follow=True).text
    assert "Get help now" in page
    assert "Call the emergency number now" in page
    assert 'role="alert"' in page
    assert "Get help now" in alice.read("/")


def test_later_calm_answers_do_not_take_the_emergency_words_off_any_page(
    alice: Browser, clock: Clock
) -> None:
    page = alice.send("/check-in", CALM | {"fever": "yes", "spreading": "yes"}, follow=True).text
    assert "Get help now" in page
    clock.now += timedelta(hours=2)
    assert "Get help now" in alice.send("/check-in", CALM, follow=True).text
    assert "Get help now" in alice.read("/")
    clock.now += timedelta(days=3)
    assert "Get help now" not in alice.read("/")


def test_the_wording_works_on_every_tone(alice: Browser) -> None:
    page = alice.read("/check-in")
    assert "Redness may be hard to see on brown or black skin" in page


def test_only_what_was_asked_is_denied_by_none_of_these(alice: Browser, db: Database) -> None:
    page = alice.read("/check-in")
    assert 'name="asked" value="dusky"' in page
    assert 'value="tingling"' not in page
    alice.send("/check-in", CALM | {"asked": ["hives", "pus"], "none": "yes"})
    (row,) = db.query("SELECT answers FROM check_ins")
    answers = json.loads(row["answers"])
    assert (answers["hives"], answers["tingling"], answers["pus"]) == (False, None, False)


AS_YESTERDAY = 'name="as_before" value="2,1,0"'
YESTERDAY = Answers(pain=2, itch=1, swelling=0, trend=Trend.SAME)


def test_unchanged_scores_are_confirmed_with_one_tap_and_kept_with_a_mark(
    alice: Browser, dana: Browser, records: Records, db: Database
) -> None:
    records.check_in(2.1, YESTERDAY)
    form = alice.read("/check-in")
    assert AS_YESTERDAY in form
    assert re.search(r"Same as yesterday, \d\d:24: pain 2, itch 1, no swelling", form)
    sent = {"none": "yes", "asked": "pus", "as_before": "2,1,0", "trend": "same"}
    assert alice.send("/check-in", sent).status_code == 303
    kept = check_ins.of_patient(db, records.cast.alice.id)[-1]
    assert (kept.answers.pain, kept.answers.itch, kept.answers.swelling) == (2, 1, 0)
    assert kept.answers.pus is False
    assert kept.is_as_before
    assert "pain, itch and swelling confirmed as before" in dana.read(
        f"/patients/{records.cast.alice.id}"
    )


@pytest.mark.parametrize(
    "answers",
    [
        replace(YESTERDAY, pus=True),
        replace(YESTERDAY, pain=5),
        replace(YESTERDAY, swelling=3),
        replace(YESTERDAY, itch=None),
        replace(YESTERDAY, trend=Trend.WORSE),
        replace(YESTERDAY, asked_for_help=True),
    ],
)
def test_after_bad_or_partial_answers_every_score_is_asked(
    alice: Browser, records: Records, answers: Answers
) -> None:
    records.check_in(2.1, answers)
    assert "as_before" not in alice.read("/check-in")


def test_with_an_open_alert_or_old_answers_every_score_is_asked(
    alice: Browser, records: Records, clock: Clock
) -> None:
    records.check_in(2.1, YESTERDAY)
    assert AS_YESTERDAY in alice.read("/check-in")
    clock.now += timedelta(hours=20)
    assert "as_before" not in alice.read("/check-in")
    clock.now -= timedelta(hours=20)
    records.alert(records.measured(2), level=Level.WATCH)
    assert "as_before" not in alice.read("/check-in")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"as_before": "2,1,0", "pain": "4"}, (4, 1, 0)),
        ({"as_before": "2,1,0", "pain": "0"}, (2, 1, 0)),
        ({"as_before": "changed", "pain": "4"}, (4, None, None)),
        ({"as_before": "99,x", "itch": "3"}, (None, 3, None)),
    ],
)
def test_of_two_answers_the_worse_one_counts(
    alice: Browser,
    records: Records,
    db: Database,
    sent: dict[str, str],
    kept: tuple[int | None, ...],
) -> None:
    assert alice.send("/check-in", sent).status_code == 303
    (check_in,) = check_ins.of_patient(db, records.cast.alice.id)
    answers = check_in.answers
    assert (answers.pain, answers.itch, answers.swelling) == kept
    assert not check_in.is_as_before


def test_the_page_for_a_time_without_a_network_confirms_nothing(
    alice: Browser, records: Records
) -> None:
    records.check_in(2.1, YESTERDAY)
    assert "as_before" not in alice.read("/offline")
