"""Alerts on record: snoozed, escalated, resolved, reopened, and what their history keeps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tests.tracker.answers_to_alerts import give
from tests.web.conftest import Records
from tracker.actions.alerts.clock import (
    AlertsNotHandled,
    escalate_alerts,
    notice_silence,
    wake_alerts,
)
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.mail.daily import DigestsIncomplete, write_digests
from tracker.actions.people.sharing import join_care_team
from tracker.domain.alerts.alert_life import Resolution, Seen, Snooze, Step, snoozed
from tracker.domain.alerts.alerts import Alert, Concern, Level, Outcome, Stage
from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.mail.mails import MailKind
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.connection import IntegrityError, writing
from tracker.storage.desk import worklist
from tracker.storage.mail import mails
from tracker.world import World

DAY_4 = datetime(2026, 3, 6, 9, tzinfo=UTC)
LIMIT = timedelta(minutes=30)
FEVER = Answers(fever=True, spreading=True)
WARM = Answers(warmth=True, pain=2, trend=Trend.WORSE)  # below every floor
SICK = Answers(pain=6, warmth=True, pus=True, spreading=True, trend=Trend.WORSE)


def answered(db: Database, cast: Cast, answers: Answers, at: datetime) -> list[Alert]:
    record_check_in(db, PROTOCOLS, cast.alice.id, answers, at)
    return raise_alerts(db, PROTOCOLS, at)


def steps_of(db: Database, alert: Alert) -> list[tuple[Step, str | None]]:
    return [(step.step, step.by) for step in alert_history.of_alert(db, alert.id)]


def test_the_whole_life_of_an_alert_is_kept(db: Database, cast: Cast) -> None:
    (alert,) = answered(db, cast, FEVER, DAY_4)
    escalate_alerts(db, LIMIT, DAY_4 + LIMIT)
    give(db, alert, cast.dana, Seen(), DAY_4 + timedelta(hours=1))
    give(db, alert, cast.dana, Snooze(date(2026, 3, 8), "on tablets"), DAY_4)
    wake_alerts(db, datetime(2026, 3, 8, 6, tzinfo=UTC))
    give(db, alert, cast.dana, Resolution(Outcome.TRUE, "healed"), DAY_4 + timedelta(days=3))
    dana = cast.dana.id
    assert steps_of(db, alert) == [
        (Step.OPENED, None),
        (Step.ESCALATED, None),
        (Step.READ, dana),
        (Step.SEEN, dana),
        (Step.SNOOZED, dana),
        (Step.WOKE, None),
        (Step.READ, dana),
        (Step.RESOLVED, dana),
    ]
    assert {step.engine for step in alert_history.of_alert(db, alert.id)} == {alert.engine}


def test_the_history_of_an_alert_can_be_neither_rewritten_nor_erased(
    db: Database, cast: Cast
) -> None:
    answered(db, cast, SICK, DAY_4)
    for statement in ("UPDATE alert_history SET why = 'nothing'", "DELETE FROM alert_history"):
        with pytest.raises(IntegrityError, match="history of an alert is not"):
            db.execute(statement)


@pytest.mark.parametrize(
    ("day", "zone"), [(date.min, "Pacific/Kiritimati"), (date.max, "America/Los_Angeles")]
)
def test_no_day_of_any_calendar_breaks_a_snooze(
    db: Database, cast: Cast, day: date, zone: str
) -> None:
    (alert,) = answered(db, cast, SICK, DAY_4)
    traveller = replace(cast.dana, time_zone=zone, digest_hour=23 if day == date.max else 0)
    with pytest.raises(ValueError, match="choose a day after today"):
        give(db, alert, traveller, Snooze(day, "on tablets"), DAY_4)


def test_a_snoozed_alert_wakes_in_the_morning_of_the_practitioner(db: Database, cast: Cast) -> None:
    (alert,) = answered(db, cast, SICK, DAY_4)
    asleep = give(db, alert, cast.dana, Snooze(date(2026, 3, 8), "on tablets"), DAY_4)
    assert asleep.snoozed_until == datetime(2026, 3, 8, 6, tzinfo=UTC)  # 7 in Berlin
    assert wake_alerts(db, datetime(2026, 3, 8, 5, 59, tzinfo=UTC)) == []
    late = datetime(2026, 3, 8, 6, 0, 20, tzinfo=UTC)
    (awake,) = wake_alerts(db, late)
    assert awake.needs_answer
    (mail,) = write_digests(db, late)
    assert mail.alert_ids == (alert.id,)


def test_a_resolved_alert_is_not_raised_again_for_the_same_cause(db: Database, cast: Cast) -> None:
    (alert,) = answered(db, cast, WARM, DAY_4)
    give(db, alert, cast.dana, Resolution(Outcome.TRUE, ""), DAY_4 + timedelta(hours=1))
    for hours in (12, 24, 48, 60, 84):
        assert answered(db, cast, WARM, DAY_4 + timedelta(hours=hours)) == []
    assert [a.stage for a in alerts.of_treatment(db, cast.treatment.id)] == [Stage.RESOLVED]


def test_signs_that_come_back_after_days_without_open_a_new_alert(db: Database, cast: Cast) -> None:
    (first,) = answered(db, cast, WARM, DAY_4)
    give(db, first, cast.dana, Resolution(Outcome.TRUE, ""), DAY_4 + timedelta(hours=1))
    assert answered(db, cast, Answers(trend=Trend.BETTER), DAY_4 + timedelta(days=3)) == []
    (second,) = answered(db, cast, WARM, DAY_4 + timedelta(days=5))
    assert second.id != first.id
    assert second.concern is first.concern


def test_a_new_red_flag_after_a_resolved_alert_opens_a_new_one(db: Database, cast: Cast) -> None:
    (first,) = answered(db, cast, FEVER, DAY_4)
    give(db, first, cast.dana, Resolution(Outcome.FALSE, ""), DAY_4 + timedelta(hours=1))
    assert raise_alerts(db, PROTOCOLS, DAY_4 + timedelta(hours=2)) == []
    assert answered(db, cast, Answers(), DAY_4 + timedelta(hours=3)) == []
    (second,) = answered(db, cast, FEVER, DAY_4 + timedelta(hours=4))
    assert (second.id != first.id, second.level) == (True, Level.URGENT)


def test_an_urgent_alert_goes_to_the_second_person_and_then_to_everybody(
    db: Database, cast: Cast
) -> None:
    join_care_team(db, cast.eli.email, cast.alice.email, 2, TREATED_AT)
    answered(db, cast, FEVER, DAY_4)

    def told() -> list[str]:
        return sorted(m.to_address for m in mails.due(db, DAY_4 + timedelta(days=1)))

    assert told() == [cast.dana.email]
    assert escalate_alerts(db, LIMIT, DAY_4 + LIMIT - timedelta(seconds=1)) == []
    assert len(escalate_alerts(db, LIMIT, DAY_4 + LIMIT)) == 1
    assert escalate_alerts(db, LIMIT, DAY_4 + LIMIT) == []
    assert told() == [cast.dana.email, cast.eli.email]
    escalate_alerts(db, LIMIT, DAY_4 + 2 * LIMIT)
    (alert_id,) = alerts.ids_of_unseen(db)
    assert [step.why for step in alert_history.of_alert(db, alert_id)][1:] == [
        "no answer within 30 minutes; told Dr Eli",
        "no answer within 30 minutes; told Dr Dana and Dr Eli",
    ]
    assert told() == [cast.dana.email] * 2 + [cast.eli.email] * 2


def test_an_alert_that_was_seen_is_not_passed_on(db: Database, cast: Cast) -> None:
    (alert,) = answered(db, cast, FEVER, DAY_4)
    give(db, alert, cast.dana, Seen(), DAY_4)
    assert escalate_alerts(db, LIMIT, DAY_4 + timedelta(days=1)) == []


def test_only_people_of_the_right_role_join_a_care_team(db: Database, cast: Cast) -> None:
    with pytest.raises(ValueError, match=r"no practitioner or assistant signs in as alice@"):
        join_care_team(db, cast.alice.email, cast.alice.email, 2, TREATED_AT)
    with pytest.raises(ValueError, match=r"no patient signs in as nobody@"):
        join_care_team(db, cast.eli.email, "nobody@clinic.example", 2, TREATED_AT)


def test_silence_reaches_the_work_list_without_any_news(db: Database, cast: Cast) -> None:
    day = TREATED_AT + timedelta(hours=3)
    assert notice_silence(db, PROTOCOLS, day + timedelta(days=3)) == []
    (alert,) = notice_silence(db, PROTOCOLS, day + timedelta(days=4))
    assert (alert.concern, alert.level) == (Concern.SILENCE, Level.WATCH)
    assert notice_silence(db, PROTOCOLS, day + timedelta(days=5)) == []
    assert mails.due(db, day + timedelta(days=5)) == []


def test_a_second_silence_is_told_and_the_same_one_is_not(db: Database, cast: Cast) -> None:
    (first,) = notice_silence(db, PROTOCOLS, TREATED_AT + timedelta(days=4))
    called = TREATED_AT + timedelta(days=4, hours=2)
    give(db, first, cast.dana, Resolution(Outcome.TRUE, "was away"), called)
    assert notice_silence(db, PROTOCOLS, TREATED_AT + timedelta(days=5)) == []
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(), TREATED_AT + timedelta(days=5))
    (second,) = notice_silence(db, PROTOCOLS, TREATED_AT + timedelta(days=9))
    assert (second.id != first.id, second.onset_day) == (True, 6.0)


@pytest.mark.parametrize("answered", [False, True])
def test_an_alert_of_silence_closes_itself_when_the_patient_is_heard_again(
    world: World, db: Database, cast: Cast, answered: bool
) -> None:
    (silent,) = notice_silence(db, PROTOCOLS, TREATED_AT + timedelta(days=4))
    later = TREATED_AT + timedelta(days=4, hours=2)
    assert notice_silence(db, PROTOCOLS, later) == []
    assert alerts.ids_of_unresolved_about(db, Concern.SILENCE) == [silent.id]
    if answered:
        record_check_in(db, PROTOCOLS, cast.alice.id, Answers(), later)
    else:
        Records(db, world, cast).photo(4.1)
    assert notice_silence(db, PROTOCOLS, later + timedelta(minutes=1)) == []
    closed = alerts.get(db, silent.id)
    assert closed is not None
    assert (closed.stage, closed.outcome) == (Stage.RESOLVED, None)
    (*_, last) = alert_history.of_alert(db, silent.id)
    assert (last.step, last.by, last.why) == (Step.RESOLVED, None, "a photo or answers came")
    (patient,) = worklist.facts_of(db, cast.dana.id, (), later)
    assert patient.alerts == ()


def test_an_alert_of_silence_that_was_snoozed_closes_itself_too(db: Database, cast: Cast) -> None:
    (silent,) = notice_silence(db, PROTOCOLS, TREATED_AT + timedelta(days=4))
    called = TREATED_AT + timedelta(days=4, hours=1)
    with writing(db):
        alerts.move(db, snoozed(silent, called + timedelta(days=2), cast.dana.id, "away", called))
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(), called + timedelta(hours=1))
    notice_silence(db, PROTOCOLS, called + timedelta(hours=2))
    assert alerts.ids_with_a_time(db) == []


def test_only_the_latest_treatment_can_fall_silent(db: Database, cast: Cast) -> None:
    again = replace(cast.treatment, performed_at=TREATED_AT + timedelta(days=3))
    begin_treatment(db, PROTOCOLS, again)
    assert notice_silence(db, PROTOCOLS, TREATED_AT + timedelta(days=4)) == []


def test_an_alert_that_cannot_be_read_holds_up_no_other(db: Database, cast: Cast) -> None:
    (broken,) = answered(db, cast, FEVER, DAY_4)
    join_care_team(db, cast.dana.email, cast.bob.email, 1, TREATED_AT)
    bob = replace(cast.treatment, patient_id=cast.bob.id)
    begin_treatment(db, PROTOCOLS, bob)
    record_check_in(db, PROTOCOLS, cast.bob.id, FEVER, DAY_4)
    (sound,) = raise_alerts(db, PROTOCOLS, DAY_4)
    with writing(db):
        db.execute("UPDATE alerts SET evidence = 'no list' WHERE id = ?", [broken.id])
    with pytest.raises(AlertsNotHandled):  # so that health shows it
        escalate_alerts(db, LIMIT, DAY_4 + LIMIT)
    assert (Step.ESCALATED, None) in steps_of(db, sound)
    with pytest.raises(DigestsIncomplete):
        write_digests(db, DAY_4 + timedelta(days=1))
    kinds = [mail.kind for mail in mails.of_recipient(db, cast.dana.id)]
    assert MailKind.DIGEST in kinds
