"""Digests and reminders on record."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tests.tracker.answers_to_alerts import give
from tests.web.conftest import Records
from tracker.actions.alerts.clock import notice_silence
from tracker.actions.mail.daily import choose_mail, remind_patients, stop_reminders, write_digests
from tracker.actions.own_data.deciding import decide_consent
from tracker.domain.alerts.alert_life import Seen
from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.course.photos import PhotoStatus, View
from tracker.domain.mail.mails import Mail, MailKind
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.people.signed_links import LinkPurpose, signed
from tracker.storage.connection import writing
from tracker.storage.course import photos, treatments
from tracker.storage.mail import mails
from tracker.storage.people import people
from tracker.world import World

NEXT_SEVEN = datetime(2026, 3, 7, 6, tzinfo=UTC)  # 7 in Berlin
EVENING = datetime(2026, 3, 6, 17, tzinfo=UTC)  # 18 in Berlin
KEY = b"k" * 32


def kinds_due(db: Database, now: datetime) -> list[MailKind]:
    return [mail.kind for mail in mails.due(db, now)]


def test_a_review_waits_for_the_morning(world: World, db: Database, cast: Cast) -> None:
    alert = Records(db, world, cast).alert(level=Level.REVIEW)
    assert kinds_due(db, alert.raised_at) == []
    morning = datetime(2026, 3, 6, 6, tzinfo=UTC)
    assert write_digests(db, morning - timedelta(seconds=1)) == []
    (mail,) = write_digests(db, morning)
    assert (mail.to_address, mail.alert_ids) == (cast.dana.email, (alert.id,))
    assert write_digests(db, morning + timedelta(hours=1)) == []


def test_what_is_raised_after_the_hour_waits_for_the_next_morning(
    world: World, db: Database, cast: Cast
) -> None:
    alert = Records(db, world, cast).alert(level=Level.REVIEW)
    late = alert.raised_at + timedelta(hours=1)
    assert write_digests(db, late) == []
    assert len(write_digests(db, datetime(2026, 3, 6, 6, tzinfo=UTC))) == 1


def test_the_digest_names_the_worst_first_and_only_what_nobody_has_seen(
    world: World, db: Database, cast: Cast
) -> None:
    records = Records(db, world, cast)
    review = records.alert(level=Level.REVIEW)
    urgent = records.alert(level=Level.URGENT, concern=Concern.ALLERGIC_REACTION)
    watch = records.alert(level=Level.WATCH, concern=Concern.HYPERPIGMENTATION)
    (mail,) = write_digests(db, NEXT_SEVEN)
    assert mail.alert_ids == (urgent.id, review.id)
    assert watch.id not in mail.alert_ids
    for alert in (review, urgent):
        give(db, alert, cast.dana, Seen(), NEXT_SEVEN)
    assert write_digests(db, NEXT_SEVEN + timedelta(days=1)) == []


def test_a_digest_missed_in_an_outage_still_comes_that_day(
    world: World, db: Database, cast: Cast
) -> None:
    Records(db, world, cast).alert(level=Level.REVIEW)
    assert len(write_digests(db, NEXT_SEVEN + timedelta(hours=8))) == 1


def test_a_patient_is_reminded_once_and_of_the_right_day(db: Database, cast: Cast) -> None:
    assert remind_patients(db, PROTOCOLS, EVENING - timedelta(minutes=1)) == []
    (mail,) = remind_patients(db, PROTOCOLS, EVENING)
    assert (mail.to_address, mail.day) == (cast.alice.email, date(2026, 3, 6))
    assert remind_patients(db, PROTOCOLS, EVENING + timedelta(minutes=1)) == []


def test_nobody_is_reminded_whose_photo_has_come(world: World, db: Database, cast: Cast) -> None:
    Records(db, world, cast).photo(4, PhotoStatus.MEASURED)
    assert remind_patients(db, PROTOCOLS, EVENING) == []


def test_a_photo_from_the_side_does_not_stop_the_reminder(
    world: World, db: Database, cast: Cast
) -> None:
    Records(db, world, cast).photo(4, PhotoStatus.KEPT, view=View.LEFT)
    assert len(remind_patients(db, PROTOCOLS, EVENING)) == 1


def test_a_photo_that_cannot_be_measured_does_not_stop_the_reminder(
    world: World, db: Database, cast: Cast
) -> None:
    Records(db, world, cast).photo(4, PhotoStatus.UNMEASURABLE, faults=("blurred",))
    assert len(remind_patients(db, PROTOCOLS, EVENING)) == 1


def test_a_reminder_still_on_its_way_is_withdrawn_when_the_photo_comes(
    world: World, db: Database, cast: Cast
) -> None:
    remind_patients(db, PROTOCOLS, EVENING)
    Records(db, world, cast).photo(4.1)
    remind_patients(db, PROTOCOLS, EVENING + timedelta(minutes=1))
    assert mails.due(db, EVENING + timedelta(days=1)) == []


def test_a_reminder_still_on_its_way_does_not_come_on_another_day(db: Database, cast: Cast) -> None:
    remind_patients(db, PROTOCOLS, EVENING)
    remind_patients(db, PROTOCOLS, EVENING + timedelta(hours=12))
    assert mails.due(db, EVENING + timedelta(hours=12)) == []


def test_after_two_missed_days_of_the_first_week_the_reminder_is_a_kind_one(
    db: Database, cast: Cast
) -> None:
    written: list[Mail] = []
    for day in (1, 2, 3):
        written += remind_patients(db, PROTOCOLS, EVENING + timedelta(days=day - 4))
    assert [m.kind for m in written] == [MailKind.REMINDER] * 2 + [MailKind.MISSED]


def test_the_photo_from_before_the_next_session_is_asked_for_the_day_before(
    world: World, db: Database, cast: Cast
) -> None:
    session = replace(cast.treatment, id="next", performed_at=EVENING + timedelta(days=1, hours=-9))
    with writing(db):
        treatments.insert(db, session)
    early = EVENING - timedelta(days=1)
    assert [m.kind for m in remind_patients(db, PROTOCOLS, early)] == [MailKind.MISSED]
    Records(db, world, cast).photo(4, PhotoStatus.MEASURED)
    (mail,) = remind_patients(db, PROTOCOLS, EVENING)
    assert (mail.kind, mail.to_address) == (MailKind.BEFORE_SESSION, cast.alice.email)
    assert [due.kind for due in mails.due(db, EVENING)] == [MailKind.BEFORE_SESSION]
    assert remind_patients(db, PROTOCOLS, EVENING + timedelta(minutes=1)) == []
    photo = Records(db, world, cast).photo(-1)
    with writing(db):
        db.table("photos").update(photo.id, {"treatment_id": session.id})
    remind_patients(db, PROTOCOLS, EVENING + timedelta(minutes=2))
    assert mails.due(db, EVENING + timedelta(minutes=2)) == []


def test_whoever_cannot_sign_in_yet_is_not_reminded(db: Database, cast: Cast) -> None:
    db.execute("DELETE FROM credentials WHERE person_id = ?", [cast.alice.id])
    assert remind_patients(db, PROTOCOLS, EVENING) == []


def test_a_course_that_cannot_be_read_does_not_silence_the_others(db: Database, cast: Cast) -> None:
    with writing(db):
        broken = replace(cast.treatment, id="broken", patient_id=cast.bob.id, kind="retired")
        treatments.insert(db, broken)
    assert [m.recipient_id for m in remind_patients(db, PROTOCOLS, EVENING)] == [cast.alice.id]
    assert [a.patient_id for a in notice_silence(db, PROTOCOLS, EVENING)] == [cast.alice.id]


def test_a_reminder_whose_course_can_no_longer_be_read_does_not_hold_up_the_others(
    db: Database, cast: Cast
) -> None:
    assert len(remind_patients(db, PROTOCOLS, EVENING)) == 1
    with writing(db):
        treatments.update(db, replace(cast.treatment, kind="retired"))
        treatments.insert(db, replace(cast.treatment, id="his", patient_id=cast.bob.id))
    assert [m.recipient_id for m in remind_patients(db, PROTOCOLS, EVENING)] == [cast.bob.id]


def test_whoever_has_no_treatment_is_not_reminded(db: Database, cast: Cast) -> None:
    reminded = {m.recipient_id for m in remind_patients(db, PROTOCOLS, EVENING)}
    assert cast.bob.id not in reminded


def test_the_link_in_a_reminder_stops_it(db: Database, cast: Cast) -> None:
    assert not stop_reminders(db, "forged", KEY)
    assert not stop_reminders(db, signed(LinkPurpose.UNSUBSCRIBE, cast.alice.id, b"x" * 32), KEY)
    assert len(remind_patients(db, PROTOCOLS, EVENING)) == 1
    assert stop_reminders(db, signed(LinkPurpose.UNSUBSCRIBE, cast.alice.id, KEY), KEY)
    assert stop_reminders(db, signed(LinkPurpose.UNSUBSCRIBE, cast.alice.id, KEY), KEY)
    assert remind_patients(db, PROTOCOLS, EVENING + timedelta(minutes=1)) == []
    assert mails.due(db, EVENING + timedelta(minutes=1)) == []  # the one on its way, too
    assert remind_patients(db, PROTOCOLS, EVENING + timedelta(days=1)) == []


def test_a_patient_who_moves_her_zone_is_reminded_at_her_hour_there(
    db: Database, cast: Cast
) -> None:
    away = replace(cast.alice, time_zone="America/New_York", reminder_hour=9)
    choose_mail(db, PROTOCOLS, away, EVENING - timedelta(hours=4))  # 8 in New York
    (today,) = remind_patients(db, PROTOCOLS, EVENING - timedelta(hours=3))
    assert today.day == EVENING.date()
    assert remind_patients(db, PROTOCOLS, EVENING) == []
    there = datetime(2026, 3, 7, 14, tzinfo=UTC)  # 9 in New York
    (mail,) = remind_patients(db, PROTOCOLS, there)
    assert mail.day == date(2026, 3, 7)


def test_reminders_end_with_the_plan(db: Database, cast: Cast) -> None:
    days = [
        day
        for day in range(1, 140)
        if remind_patients(db, PROTOCOLS, TREATED_AT.replace(hour=17) + timedelta(days=day))
    ]
    assert days[:15] == [*range(1, 15), 21]
    assert days[-1] <= 100


@pytest.mark.parametrize("before", [0, 5, 12, 18, 23])
def test_any_new_hour_at_any_time_of_the_day_brings_the_days_reminder_once(
    db: Database, cast: Cast, before: int
) -> None:
    midnight = cast.alice.moment_of(date(2026, 3, 6), 0)
    choose_mail(db, PROTOCOLS, replace(cast.alice, reminder_hour=before), midnight)
    for step, after in enumerate((7, 23, 3, 16)):
        now = midnight + timedelta(hours=6 * step)
        remind_patients(db, PROTOCOLS, now)
        choose_mail(db, PROTOCOLS, replace(cast.alice, reminder_hour=after), now)
        remind_patients(db, PROTOCOLS, now)
    remind_patients(db, PROTOCOLS, midnight + timedelta(hours=21))
    written = [m for m in mails.of_recipient(db, cast.alice.id) if m.kind.is_reminder]
    assert [m.day for m in written] == [date(2026, 3, 6)]


def test_an_hour_that_is_moved_into_the_past_reminds_at_once(db: Database, cast: Cast) -> None:
    afternoon = EVENING - timedelta(hours=3)
    choose_mail(db, PROTOCOLS, replace(cast.alice, reminder_hour=5), afternoon)
    (due,) = mails.due(db, afternoon)
    assert (due.kind, due.day) == (MailKind.MISSED, EVENING.date())
    assert remind_patients(db, PROTOCOLS, EVENING) == []


def test_a_patient_who_withdrew_consent_to_care_is_not_reminded_any_more(
    db: Database, cast: Cast
) -> None:
    assert len(remind_patients(db, PROTOCOLS, EVENING)) == 1
    withdrawal = Consent(Purpose.CARE, Decision.WITHDRAWN, EVENING)
    assert decide_consent(db, cast.alice.id, withdrawal)
    assert remind_patients(db, PROTOCOLS, EVENING) == []
    choose_mail(db, PROTOCOLS, replace(cast.alice, reminder_hour=5), EVENING)
    assert mails.due(db, EVENING) == []


@pytest.mark.parametrize(
    "damage", ["kind = 'retired'", "performed_at = 'yesterday'", "areas = '[\"elbow\"]'"]
)
def test_a_course_that_cannot_be_read_does_not_keep_a_patient_from_choosing_an_hour(
    db: Database, cast: Cast, damage: str
) -> None:
    with writing(db):
        broken = replace(cast.treatment, id="broken", patient_id=cast.bob.id)
        treatments.insert(db, broken)
        db.execute(f"UPDATE treatments SET {damage} WHERE id = 'broken'")  # noqa: S608 (constants)
    choose_mail(db, PROTOCOLS, replace(cast.bob, reminder_hour=5), EVENING)
    kept = people.get(db, cast.bob.id)
    assert kept is not None
    assert kept.reminder_hour == 5


def test_a_photo_of_the_treatment_night_does_not_stop_the_first_reminder(
    world: World, db: Database, cast: Cast
) -> None:
    records, first = Records(db, world, cast), EVENING - timedelta(days=3)
    records.photo((10 + 4) / 24 + 0.6 / 24)  # 00:36 in Berlin, after 10:00 of the day before
    (mail,) = remind_patients(db, PROTOCOLS, first)
    assert mail.day == date(2026, 3, 3)


def test_a_photo_of_the_first_morning_stops_the_first_reminder(
    world: World, db: Database, cast: Cast
) -> None:
    Records(db, world, cast).photo((10 + 8.1) / 24)  # 4:06 in Berlin
    assert remind_patients(db, PROTOCOLS, EVENING - timedelta(days=3)) == []


def test_a_reminder_withdrawn_for_a_photo_that_then_fails_comes_after_all(
    world: World, db: Database, cast: Cast
) -> None:
    (written,) = remind_patients(db, PROTOCOLS, EVENING)
    photo = Records(db, world, cast).photo(4.1)
    remind_patients(db, PROTOCOLS, EVENING + timedelta(minutes=1))
    assert mails.due(db, EVENING + timedelta(minutes=2)) == []
    with writing(db):
        assert photos.claim(db, photo, EVENING)
        assert photos.finish(db, replace(photo, status=PhotoStatus.UNMEASURABLE), attempt=1)
    (again,) = remind_patients(db, PROTOCOLS, EVENING + timedelta(minutes=3))
    assert again.id == written.id
    assert [m.id for m in mails.due(db, EVENING + timedelta(minutes=3))] == [written.id]
    assert remind_patients(db, PROTOCOLS, EVENING + timedelta(minutes=4)) == []


def test_a_zone_is_kept_by_its_canonical_name(db: Database, cast: Cast) -> None:
    choose_mail(db, PROTOCOLS, replace(cast.alice, time_zone="Asia/Calcutta"), EVENING)
    kept = people.get(db, cast.alice.id)
    assert kept is not None
    assert kept.time_zone == "Asia/Kolkata"
