from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.tracker.courses_of_readings import TREATED_AT, treatment
from tracker.domain.alerts.alerts import Level
from tracker.domain.protocols.protocols import SilenceRule
from tracker.domain.recovery.silence import Silence, finding_of, silence
from tracker.storage.protocols import protocol_files

RULE = protocol_files.load("microneedling").silence
BERLIN = ZoneInfo("Europe/Berlin")


def quiet(day: float, last_heard: float | None = None) -> Silence:
    heard = None if last_heard is None else TREATED_AT + timedelta(days=last_heard)
    return silence(treatment(), heard, TREATED_AT + timedelta(days=day), BERLIN)


def test_two_missed_days_of_the_first_week_call_for_a_kind_word_and_three_for_the_clinic() -> None:
    assert [quiet(day).is_for_patient(RULE) for day in (0, 1, 2, 3, 4)] == [False] * 3 + [True] * 2
    assert [quiet(day).is_for_clinic(RULE, reminded=True) for day in (2, 3, 4)] == [
        False,
        False,
        True,
    ]


def test_the_clinic_is_told_at_once_when_the_patient_wants_no_reminders() -> None:
    assert quiet(3).is_for_clinic(RULE, reminded=False)


def test_a_clinic_may_wait_longer() -> None:
    patient_clinic = SilenceRule(window_days=(0, 14), missed_days=4)
    assert not quiet(4).is_for_patient(patient_clinic)
    assert quiet(5).is_for_patient(patient_clinic)
    assert quiet(12, last_heard=7).is_for_patient(patient_clinic)


def test_whoever_was_heard_yesterday_is_not_silent() -> None:
    assert quiet(5, last_heard=4).days == 0
    assert quiet(5, last_heard=5).days == 0
    assert quiet(5, last_heard=2) == Silence(days=2, since=3)


@pytest.mark.parametrize(("last", "counts"), [(5, True), (6, False), (9, False)])
def test_a_silence_that_begins_after_the_first_week_is_none(last: float, counts: bool) -> None:
    assert quiet(last + 4, last_heard=last).is_for_patient(RULE) is counts


def test_a_photo_from_before_leaves_every_day_missed() -> None:
    assert quiet(3, last_heard=-1) == Silence(days=2, since=1)


def test_days_end_where_the_patient_lives() -> None:
    late = datetime(2026, 3, 4, 22, 30, tzinfo=ZoneInfo("UTC"))
    assert silence(treatment(), None, late, ZoneInfo("UTC")).days == 1
    assert silence(treatment(), None, late, ZoneInfo("Asia/Tokyo")).days == 2


def test_silence_is_for_the_work_list_only() -> None:
    finding = finding_of(quiet(4))
    assert finding.level is Level.WATCH
    assert [factor.what for factor in finding.evidence] == ["no photo and no answers since day 1"]
