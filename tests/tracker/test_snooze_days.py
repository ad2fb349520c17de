"""A snooze across midnight and across a change of the clocks, in every zone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.tracker.courses_of_readings import treatment
from tests.tracker.test_reminder_days import DAY, HOUR, YEAR, clocks
from tracker.domain.alerts.alert_life import SNOOZE_REMEDY, JudgedBy, opened, snoozed
from tracker.domain.alerts.alerts import Alert, Concern, Finding, Level
from tracker.domain.alerts.promises import woken
from tracker.domain.people.people import HOURS, Person, Role

DANA = Person("d", Role.PRACTITIONER, "Dr Dana", "dana@clinic.example", "Europe/Berlin")
FINDING = Finding(Concern.INFECTION, 0.9, Level.REVIEW, 2.0, (), (), None)


def alert(at: datetime) -> Alert:
    moved = opened("a", treatment(), FINDING, JudgedBy("1", "microneedling 1"), at)
    assert moved is not None
    return moved.alert


def test_a_snooze_ends_once_at_the_reader_s_hour_of_its_day_whatever_the_clocks_do() -> None:
    checked = 0
    for offsets, name in clocks().items():
        changes = [n for n in range(1, 366) if offsets[n] != offsets[n - 1]]
        for day in changes or [170]:
            checked += check_all_hours(replace(DANA, time_zone=name), YEAR + day * DAY)
    assert checked > 1500


def check_all_hours(dana: Person, near: datetime) -> int:
    """Snoozed an hour before midnight and just after, to each of the next days and hours."""
    checked = 0
    for hour in HOURS:
        reader = replace(dana, digest_hour=hour)
        for days_ahead in (0, 1):
            until_day = reader.date_at(near) + days_ahead * DAY
            until = reader.moment_of(until_day, hour)
            for asked in (until - 25 * HOUR, until - timedelta(minutes=1)):
                quiet = snoozed(alert(asked - HOUR), until, "d", "too early", asked).alert
                assert woken(quiet, until - timedelta(seconds=1)).transition is None
                awake = woken(quiet, until)
                assert awake.transition is not None
                assert awake.alert.raised_at == until
                assert reader.date_at(until) == until_day
                assert woken(awake.alert, until + DAY).transition is None
                checked += 1
    return checked


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Nuuk", "Pacific/Kiritimati"])
def test_a_worker_that_was_away_at_the_end_wakes_it_late_with_the_hour_it_was_due(
    zone: str,
) -> None:
    reader = replace(DANA, time_zone=zone)
    asked = datetime(2026, 3, 27, 12, tzinfo=UTC)
    until = reader.moment_of(reader.date_at(asked) + 2 * DAY, 7)
    quiet = snoozed(alert(asked), until, "d", "too early", asked).alert
    assert woken(quiet, until + 3 * DAY).alert.raised_at == until


def test_a_day_that_has_begun_is_no_day_to_snooze_to() -> None:
    asked = datetime(2026, 3, 28, 22, 59, tzinfo=UTC)  # a minute before midnight in Berlin
    today = DANA.moment_of(DANA.date_at(asked), 7)
    with pytest.raises(ValueError, match=SNOOZE_REMEDY):
        snoozed(alert(asked), today, "d", "too early", asked)
