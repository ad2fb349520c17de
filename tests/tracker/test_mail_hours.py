"""Daily mail across clock changes and for people who travel."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.tracker.courses_of_readings import treatment
from tracker.domain.mail.mail_hours import (
    DAILY_UNTIL,
    LATEST,
    digest_moment,
    is_photo_missing,
    reminder_day,
)
from tracker.domain.people.people import Person, Role

ALICE = Person("p", Role.PATIENT, "Alice", "alice@clinic.example", "Europe/Berlin")
FORWARD_AND_BACK = [
    ("Europe/Berlin", date(2026, 3, 29), date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8), date(2026, 11, 1)),
    ("Australia/Sydney", date(2026, 10, 4), date(2026, 4, 5)),
    ("Pacific/Chatham", date(2026, 9, 27), date(2026, 4, 5)),  # 12:45 and 13:45 ahead
    ("Australia/Lord_Howe", date(2026, 10, 4), date(2026, 4, 5)),  # half an hour only
]
CHANGES = [(zone, day) for zone, *days in FORWARD_AND_BACK for day in days]


def quarters(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += timedelta(minutes=15)


def reminded(patient: Person, first: date, days: int) -> list[tuple[date, datetime]]:
    """The reminders of some days when the clock is checked every quarter of an hour."""
    told: list[tuple[date, datetime]] = []
    midnights = (patient.moment_of(first + timedelta(days=n), 0) for n in (0, days))
    for now in quarters(*midnights):
        day = reminder_day(patient, now)
        if day is not None and day not in {earlier for earlier, _ in told}:
            told.append((day, now))
    return told


@pytest.mark.parametrize(("zone", "change"), CHANGES)
@pytest.mark.parametrize("hour", [0, 2, 18, 23])
def test_one_reminder_a_day_at_its_hour_while_the_clocks_change(
    zone: str, change: date, hour: int
) -> None:
    patient = replace(ALICE, time_zone=zone, reminder_hour=hour)
    first = change - timedelta(days=3)
    told = reminded(patient, first, 7)
    assert [day for day, _ in told] == [first + timedelta(days=n) for n in range(7)]
    for day, now in told:
        local = now.astimezone(patient.zone)
        assert local.date() == day
        assert local.hour == hour or (day == change and local.hour == hour + 1)


def test_an_hour_that_is_skipped_comes_an_hour_later() -> None:
    berlin = replace(ALICE, reminder_hour=2)
    assert berlin.moment_of(date(2026, 3, 29), 2) == datetime(2026, 3, 29, 1, tzinfo=UTC)  # 3:00
    lord_howe = replace(ALICE, time_zone="Australia/Lord_Howe")
    skipped = lord_howe.moment_of(date(2026, 10, 4), 2).astimezone(lord_howe.zone)
    assert (skipped.hour, skipped.minute) == (2, 30)


def test_of_an_hour_that_comes_twice_the_first_counts() -> None:
    assert ALICE.moment_of(date(2026, 10, 25), 2) == datetime(2026, 10, 25, 0, tzinfo=UTC)


@pytest.mark.parametrize("hour", [2, 3])
def test_a_doubled_hour_reminds_once(hour: int) -> None:
    patient = replace(ALICE, reminder_hour=hour)
    told = reminded(patient, date(2026, 10, 25), 2)
    assert [day for day, _ in told] == [date(2026, 10, 25), date(2026, 10, 26)]


@pytest.mark.parametrize(
    ("there", "now"),
    [
        ("Pacific/Auckland", datetime(2026, 3, 5, 5, tzinfo=UTC)),  # already the 5th at 18:00
        ("America/Los_Angeles", datetime(2026, 3, 6, 2, tzinfo=UTC)),  # still the 5th at 18:00
    ],
)
def test_a_patient_who_travels_is_reminded_where_she_is_and_once_for_each_day(
    there: str, now: datetime
) -> None:
    at_home = datetime(2026, 3, 4, 17, tzinfo=UTC)
    assert reminder_day(ALICE, at_home) == date(2026, 3, 4)
    away = replace(ALICE, time_zone=there)
    assert reminder_day(away, now) == date(2026, 3, 5)
    assert reminder_day(away, now + timedelta(days=1)) == date(2026, 3, 6)


def test_a_reminder_that_could_not_be_sent_in_the_evening_does_not_come_at_night() -> None:
    moment = ALICE.moment_of(date(2026, 3, 5), 18)
    assert reminder_day(ALICE, moment - timedelta(seconds=1)) is None
    assert reminder_day(ALICE, moment + LATEST - timedelta(seconds=1)) == date(2026, 3, 5)
    assert reminder_day(ALICE, moment + LATEST) is None


def test_whoever_wants_no_reminder_gets_none() -> None:
    quiet = replace(ALICE, reminder_hour=None)
    assert reminded(quiet, date(2026, 3, 5), 3) == []


def test_a_photo_is_asked_for_daily_for_two_weeks_and_then_weekly_while_the_plan_lasts() -> None:
    asked = [
        day
        for day in range(120)
        if is_photo_missing(ALICE, treatment(), 42, (), date(2026, 3, 2) + timedelta(days=day))
    ]
    assert asked == [*range(1, DAILY_UNTIL + 1), 21, 28, 35, 42]


def test_a_photo_that_has_come_is_not_asked_for() -> None:
    day_3, day_21 = date(2026, 3, 5), date(2026, 3, 23)
    assert not is_photo_missing(ALICE, treatment(), 42, {day_3}, day_3)
    assert is_photo_missing(ALICE, treatment(), 42, {day_3 - timedelta(days=1)}, day_3)
    assert not is_photo_missing(ALICE, treatment(), 42, {day_21 - timedelta(days=2)}, day_21)
    assert is_photo_missing(ALICE, treatment(), 42, {day_21 - timedelta(days=7)}, day_21)


def test_a_digest_has_its_moment_in_the_zone_of_the_practitioner() -> None:
    dana = Person("d", Role.PRACTITIONER, "Dr Dana", "dana@clinic.example", "America/New_York")
    assert digest_moment(dana, datetime(2026, 3, 9, 10, 59, tzinfo=UTC)) is None
    seven = datetime(2026, 3, 9, 11, tzinfo=UTC)
    assert digest_moment(dana, seven) == seven
    assert digest_moment(dana, seven + timedelta(hours=9)) == seven
