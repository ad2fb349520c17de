from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlite_utils import Database

from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tests.tracker.answers_to_alerts import give, shown_now
from tests.tracker.courses_of_readings import rising_again
from tests.web.conftest import Records
from tracker.actions.alerts.answering import answer_alert
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import Recorded, record_check_in
from tracker.domain.alerts.alert_life import Resolution, Seen
from tracker.domain.alerts.alerts import (
    Alert,
    Concern,
    Finding,
    Level,
    Outcome,
    Source,
    with_finding,
)
from tracker.domain.course.check_ins import Answers, Queued, Trend
from tracker.domain.course.treatments import Region
from tracker.storage.alerts import alerts
from tracker.storage.clinic import health
from tracker.storage.connection import writing
from tracker.storage.course import photos, treatments
from tracker.storage.mail import mails
from tracker.world import World

DAY_4 = datetime(2026, 3, 6, 9, tzinfo=UTC)
SICK = Answers(pain=6, warmth=True, pus=True, spreading=True, trend=Trend.WORSE)
UNWELL = Answers(pain=4, warmth=True, spreading=True, trend=Trend.WORSE)


def answered(db: Database, cast: Cast, answers: Answers, at: datetime) -> list[Alert]:
    outcome = record_check_in(db, PROTOCOLS, cast.alice.id, answers, at)
    assert isinstance(outcome, Recorded)
    return raise_alerts(db, PROTOCOLS, at)


def test_alarming_answers_open_one_alert_and_write_one_mail(db: Database, cast: Cast) -> None:
    (alert,) = answered(db, cast, replace(SICK, fever=True), DAY_4)
    assert alert.concern is Concern.INFECTION
    assert alert.level is Level.URGENT
    assert [m.to_address for m in mails.due(db, DAY_4)] == [cast.dana.email]
    assert raise_alerts(db, PROTOCOLS, DAY_4) == []
    assert answered(db, cast, Answers(pain=1), DAY_4 + timedelta(hours=1)) == []
    assert len(mails.due(db, DAY_4 + timedelta(hours=1))) == 1


def test_an_alert_that_rises_is_told_again_and_asks_for_an_answer_again(
    db: Database, cast: Cast
) -> None:
    answered(db, cast, Answers(pain=1), DAY_4 - timedelta(days=1))
    (first,) = answered(db, cast, UNWELL, DAY_4)
    give(db, first, cast.dana, Seen(), DAY_4)
    (risen,) = answered(db, cast, replace(SICK, fever=True), DAY_4 + timedelta(hours=8))
    assert risen.id == first.id
    assert risen.level is Level.URGENT
    assert risen.needs_answer
    assert [a.id for a in alerts.of_treatment(db, cast.treatment.id)] == [first.id]


def test_an_alert_stays_when_the_answers_get_better(db: Database, cast: Cast) -> None:
    (alert,) = answered(db, cast, SICK, DAY_4)
    assert answered(db, cast, Answers(trend=Trend.BETTER), DAY_4 + timedelta(days=3)) == []
    kept = alerts.get(db, alert.id)
    assert kept is not None
    assert kept.needs_answer
    assert kept.level is alert.level
    assert kept.probability < alert.probability


def test_the_first_answer_to_an_alert_stands(db: Database, cast: Cast) -> None:
    (alert,) = answered(db, cast, SICK, DAY_4)
    give(db, alert, cast.dana, Seen(), DAY_4)
    again = give(db, alert, cast.eli, Seen(), DAY_4 + timedelta(hours=1))
    assert (again.seen_by, again.seen_at) == (cast.dana.id, DAY_4)
    gone = replace(shown_now(db, alert), id="no such alert")
    assert answer_alert(db, gone, cast.dana, Seen(), DAY_4) is None


def test_what_is_judged_alone_leaves_other_treatments_to_their_own_clock(
    db: Database, cast: Cast
) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_4)
    assert raise_alerts(db, PROTOCOLS, DAY_4, only_treatment="another") == []
    assert len(raise_alerts(db, PROTOCOLS, DAY_4, only_treatment=cast.treatment.id)) == 1


def test_a_finding_below_the_level_of_its_alert_does_not_lower_it(db: Database, cast: Cast) -> None:
    (alert,) = answered(db, cast, SICK, DAY_4)
    calmer = Finding(alert.concern, 0.4, Level.WATCH, None, (), (), None)
    assert with_finding(alert, calmer, DAY_4).level is alert.level


def test_the_same_answers_sent_twice_are_kept_once(db: Database, cast: Cast) -> None:
    first = record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_4)
    second = record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_4)
    assert first == second


def test_answers_that_come_while_the_worker_is_busy_are_judged_all_the_same(
    db: Database, cast: Cast
) -> None:
    began = DAY_4
    record_check_in(
        db,
        PROTOCOLS,
        cast.alice.id,
        Answers(fever=True, spreading=True),
        DAY_4 + timedelta(minutes=1),
    )
    (alert,) = raise_alerts(db, PROTOCOLS, began)
    assert alert.level is Level.URGENT


def test_a_red_flag_that_a_phone_kept_for_days_still_reaches_the_clinic(
    db: Database, cast: Cast
) -> None:
    kept = Queued("3f0c8a52-6a51-4c7e-9d0b-0d2f6f1c1e11", DAY_4)
    came = DAY_4 + timedelta(days=3)
    flagged = Answers(fever=True, spreading=True)
    record_check_in(db, PROTOCOLS, cast.alice.id, flagged, came, kept)
    (alert,) = raise_alerts(db, PROTOCOLS, came)
    assert (alert.concern, alert.level) == (Concern.INFECTION, Level.URGENT)
    (told,) = (factor.what for factor in alert.evidence if factor.source is Source.RED_FLAG)
    assert "fever or feeling ill, redness spreading beyond the treated area" in told
    assert told.endswith("; given 3 days before it came")
    assert [m.to_address for m in mails.due(db, came)] == [cast.dana.email]


def test_a_red_flag_that_comes_late_is_told_after_a_later_one_was_resolved(
    db: Database, cast: Cast
) -> None:
    (first,) = answered(db, cast, Answers(fever=True, spreading=True), DAY_4)
    give(db, first, cast.dana, Resolution(Outcome.FALSE, "hay fever"), DAY_4)
    kept = Queued("3f0c8a52-6a51-4c7e-9d0b-0d2f6f1c1e11", DAY_4 - timedelta(days=1))
    came = DAY_4 + timedelta(hours=2)
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(pain=9), came, kept)
    (second,) = raise_alerts(db, PROTOCOLS, came)
    assert second.id != first.id
    assert second.level is Level.URGENT


def test_a_harmless_answer_does_not_hide_a_red_flag_that_nobody_judged_yet(
    db: Database, cast: Cast
) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(breathing_or_face_swelling=True), DAY_4)
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(), DAY_4 + timedelta(seconds=20))
    (alert,) = raise_alerts(db, PROTOCOLS, DAY_4 + timedelta(minutes=1))
    assert (alert.concern, alert.level) == (Concern.ALLERGIC_REACTION, Level.URGENT)


def test_a_new_red_flag_after_an_answered_alert_is_told_again(db: Database, cast: Cast) -> None:
    (first,) = answered(db, cast, Answers(pain=9), DAY_4)
    give(db, first, cast.dana, Seen(), DAY_4)
    again = DAY_4 + timedelta(days=2)
    (second,) = answered(db, cast, Answers(fever=True, spreading=True), again)
    assert second.id == first.id
    assert second.needs_answer
    assert len(mails.due(db, again)) == 2
    assert raise_alerts(db, PROTOCOLS, again) == []


def test_two_workers_who_judge_the_same_news_hide_no_later_one(db: Database, cast: Cast) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(), DAY_4)
    ((_, seen_by_both),) = treatments.with_news(db, None)
    with writing(db):
        assert treatments.judged(db, cast.treatment.id, seen_by_both, DAY_4)
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_4 + timedelta(hours=1))
    with writing(db):
        assert not treatments.judged(db, cast.treatment.id, seen_by_both, DAY_4)
    assert len(raise_alerts(db, PROTOCOLS, DAY_4 + timedelta(hours=1))) == 1


def test_a_course_that_cannot_be_judged_does_not_silence_the_others(
    db: Database, cast: Cast
) -> None:
    broken = replace(cast.treatment, id="broken", patient_id=cast.bob.id, kind="retired")
    with writing(db):
        treatments.insert(db, replace(broken, performed_at=broken.performed_at - timedelta(days=1)))
        treatments.tell_news(db, broken.id)
    raised = {a.treatment_id: a.concern for a in answered(db, cast, SICK, DAY_4)}
    assert raised == {cast.treatment.id: Concern.INFECTION, broken.id: Concern.UNJUDGED}
    assert [t.id for t, _ in treatments.with_news(db, None)] == [broken.id]


def test_a_row_that_cannot_be_read_keeps_no_other_course_waiting(db: Database, cast: Cast) -> None:
    broken = replace(cast.treatment, id="broken", patient_id=cast.bob.id)
    with writing(db):
        treatments.insert(db, replace(broken, performed_at=broken.performed_at - timedelta(days=1)))
        treatments.tell_news(db, broken.id)
        db.execute("UPDATE treatments SET products = '[{}]' WHERE id = 'broken'")
    (alert,) = answered(db, cast, SICK, DAY_4)
    assert alert.treatment_id == cast.treatment.id
    assert health.unjudged_queue(db).waiting == 1  # the health page reports the other


def test_a_course_whose_answers_reach_a_floor_is_judged_before_the_others(
    db: Database, cast: Cast
) -> None:
    calm = [replace(cast.treatment, id=name, patient_id=cast.bob.id) for name in "abcd"]
    with writing(db):
        for days, each in enumerate(calm, start=1):
            before = each.performed_at - timedelta(days=days)
            treatments.insert(db, replace(each, performed_at=before))
            treatments.tell_news(db, each.id)
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_4)
    judged: list[str] = []
    db.conn.set_trace_callback(lambda sql: judged.append(sql) if "SET judged = " in sql else None)
    raise_alerts(db, PROTOCOLS, DAY_4)
    in_turn = list(dict.fromkeys(judged))  # a trigger repeats the statement
    assert len(in_turn) == 5
    assert cast.treatment.id in in_turn[0]


def test_answers_of_any_microsecond_are_judged_at_once(db: Database, cast: Cast) -> None:
    odd = DAY_4 + timedelta(microseconds=123_457)
    moments = [odd + timedelta(hours=3 * n, microseconds=n * 7919) for n in range(8)]
    flagged = Answers(fever=True, spreading=True)
    assert [len(answered(db, cast, flagged, moment)) for moment in moments] == [1] * 8


def test_an_alert_that_rises_within_one_moment_is_told(db: Database, cast: Cast) -> None:
    answered(db, cast, Answers(pain=1), DAY_4 - timedelta(days=1))
    warm = Answers(warmth=True, trend=Trend.WORSE)
    (watch,) = answered(db, cast, warm, DAY_4)
    assert watch.level is Level.WATCH
    (risen,) = answered(db, cast, SICK, DAY_4)
    assert risen.level.is_mailed
    assert len(mails.due(db, DAY_4)) == 1


def test_an_open_alert_gets_no_calmer_while_its_photos_wait_to_be_measured_again(
    db: Database, world: World, cast: Cast
) -> None:
    records = Records(db, world, cast)
    taken = [records.measured(day, rising_again) for day in (-1, 0.2, 1, 2, 3, 4, 5, 6, 7)]
    now = TREATED_AT + timedelta(days=7.1)
    with writing(db):
        treatments.tell_news(db, cast.treatment.id)
    (alert,) = raise_alerts(db, PROTOCOLS, now)
    assert alert.regions == (Region.LEFT_CHEEK,)
    with writing(db):
        photos.measure_again(db, cast.treatment.id)
    assert answered(db, cast, Answers(pain=1, trend=Trend.BETTER), now) == []
    kept = alerts.get(db, alert.id)
    assert kept is not None
    for told in ("probability", "regions", "onset_day", "photo_id"):
        assert getattr(kept, told) == getattr(alert, told)
    assert kept.evidence[0] == alert.evidence[0]
    assert "not reported" in kept.evidence[-1].what  # today's answers are told, too
    assert kept.needs_answer
    with writing(db):  # all have been measured again, and show what they now show
        for photo in taken:
            db.execute("UPDATE photos SET status = 'measured' WHERE id = ?", [photo.id])
        db.execute("UPDATE region_readings SET redness = 0")
        treatments.tell_news(db, cast.treatment.id)
    raise_alerts(db, PROTOCOLS, now)
    calmer = alerts.get(db, alert.id)
    assert calmer is not None
    assert calmer.probability < 0.5
