"""One reminder for each day: every zone, every hour, and any change of either."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo, available_timezones

import pytest

from tests.tracker.courses_of_readings import treatment
from tracker.domain.mail.mail_hours import (
    counts_for_reminders_since,
    digest_moment,
    reminder_day,
)
from tracker.domain.people.people import HOURS, Person, Role
from tracker.domain.people.time_zones import check_time_zone, known_time_zones

ALICE = Person("p", Role.PATIENT, "Alice", "alice@clinic.example", "Europe/Berlin")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
# Days that a whole zone never had, and clocks that went forward or back at midnight.
IN_HISTORY = [
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Pacific/Kwajalein", date(1993, 8, 21)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("Asia/Beirut", date(2022, 3, 27)),
    ("America/Nuuk", date(2026, 3, 28)),
    ("Antarctica/Troll", date(2026, 3, 29)),
]


def clocks() -> dict[tuple[timedelta | None, ...], str]:
    """A zone for each course of offsets from UTC through 2026, looked at once a day."""
    days = [YEAR + n * DAY for n in range(366)]
    zones = {name: ZoneInfo(name) for name in known_time_zones()}
    return {
        tuple(day.astimezone(zone).utcoffset() for day in days): name
        for name, zone in zones.items()
    }


def hours(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += HOUR


def days_of(patient: Person, start: datetime, end: datetime) -> set[date]:
    """The whole days that the clocks of the patient show."""
    shown = [patient.date_at(now) for now in hours(start, end)]
    return {day for day in shown if day not in {shown[0], shown[-1]}}


def test_every_zone_and_hour_has_one_reminder_and_one_digest_a_day() -> None:
    for offsets, name in clocks().items():
        changes = [n for n, (early, late) in enumerate(pairwise(offsets)) if early != late]
        for day in changes or [170]:
            start = YEAR + day * DAY - 12 * HOUR
            check_all_hours(replace(ALICE, time_zone=name), start, start + 3 * DAY)


@pytest.mark.parametrize(("name", "day"), IN_HISTORY)
def test_days_that_a_zone_never_had_and_midnights_that_it_had_twice(name: str, day: date) -> None:
    somewhere = replace(ALICE, time_zone=name)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - 48 * HOUR
    check_all_hours(somewhere, start, start + 5 * DAY)


def check_all_hours(somewhere: Person, start: datetime, end: datetime) -> None:
    """The worker looks every hour; a day counts when all of it lies between start and end."""
    due = days_of(somewhere, start, end)
    for hour in HOURS:
        reader = replace(somewhere, reminder_hour=hour, digest_hour=hour)
        looks = list(hours(start, end))
        days = {day for now in looks if (day := reminder_day(reader, now))}
        moments = {moment for now in looks if (moment := digest_moment(reader, now))}
        assert due <= days, (somewhere.time_zone, hour)
        told_on = Counter(reader.date_at(moment) for moment in moments)
        assert {told_on[day] for day in due} == {1}, (somewhere.time_zone, hour)


@pytest.mark.parametrize("before", HOURS)
def test_any_new_hour_at_any_time_of_the_day_keeps_the_days_reminder(before: int) -> None:
    noon = datetime(2026, 3, 4, 23, tzinfo=UTC)  # midnight in Berlin
    for after in HOURS:
        for changed in range(24):
            moves = [(noon + changed * HOUR + HOUR / 2, replace(ALICE, reminder_hour=after))]
            told = reminded(replace(ALICE, reminder_hour=before), moves, noon, noon + 2 * DAY)
            assert told == {date(2026, 3, 5), date(2026, 3, 6)}, (before, after, changed)


def test_any_change_of_hours_and_zones_keeps_every_reminder_that_fell_due() -> None:
    zones = known_time_zones()
    random = Random(20260305)  # noqa: S311  (a fixed course of choices)
    for _ in range(400):
        start = YEAR + random.randrange(365) * DAY
        end, patient = start + 4 * DAY, chosen(random, zones)
        moves = sorted(
            (start + random.random() * 3 * DAY, chosen(random, zones))
            for _ in range(random.randint(1, 3))
        )
        assert reminded(patient, moves, start, end) == fell_due(patient, moves, start, end)


def chosen(random: Random, zones: tuple[str, ...]) -> Person:
    return Person(
        "p", Role.PATIENT, "Alice", "a@b.example", random.choice(zones),
        reminder_hour=random.choice(HOURS),
    )  # fmt: skip


def in_force(
    patient: Person, moves: list[tuple[datetime, Person]], start: datetime, end: datetime
) -> Iterator[tuple[datetime, Person, bool]]:
    """Each look of the worker and each choice: when, with which settings, and whether chosen."""
    waiting = list(moves)
    for now in hours(start, end):
        while waiting and waiting[0][0] <= now:
            at, patient = waiting.pop(0)
            yield at, patient, True
        yield now, patient, False


def reminded(
    patient: Person, moves: list[tuple[datetime, Person]], start: datetime, end: datetime
) -> set[date]:
    return {
        day
        for now, person, is_chosen_now in in_force(patient, moves, start, end)
        if (day := reminder_day(person, now, is_chosen_now=is_chosen_now))
    }


def fell_due(
    patient: Person, moves: list[tuple[datetime, Person]], start: datetime, end: datetime
) -> set[date]:
    """Days whose hour came while they were today; of the first one it may be long past."""
    looks = list(in_force(patient, moves, start, end))
    due = set()
    for now, person, _ in looks:
        today, hour = person.date_at(now), person.reminder_hour
        assert hour is not None
        if person.moment_of(today, hour) <= now:
            due.add(today)
    first = patient.date_at(start)
    return due - {first} | ({first} & reminded(patient, moves, start, end))


def test_a_reminder_goes_to_the_day_whose_photo_is_missing_not_to_the_night_before() -> None:
    for name in known_time_zones():
        patient = replace(ALICE, time_zone=name)
        begins = counts_for_reminders_since(patient, treatment()).astimezone(patient.zone)
        treated = patient.date_at(treatment().performed_at)
        assert (begins.date() - treated, begins.hour) == (DAY, 4), name


@pytest.mark.parametrize(
    "name",
    ["localtime", "Factory", "posixrules", "right/UTC", "right/Europe/Berlin", "posix/UTC",
     "Etc/Unknown", "europe/berlin", "Europe", "../etc/localtime", "Europe/Berlin\n", " UTC", "",
     "+02", "zone.tab", "tzdata.zi", "UTC\x00", "CEST", "Mars/Olympus"],
)  # fmt: skip
def test_what_is_no_zone_of_a_place_is_refused_with_a_remedy(name: str) -> None:
    with pytest.raises(ValueError, match="is unknown; write one such as Europe/Berlin"):
        check_time_zone(name)


def test_every_name_that_a_browser_may_report_leads_to_a_zone_with_the_same_clock() -> None:
    for name in available_timezones() - {"localtime", "Factory"}:
        kept = check_time_zone(name)
        assert check_time_zone(kept) == kept
        assert kept == "UTC" or "/" in kept
        for month in range(12):
            at = YEAR + month * 30 * DAY
            then = [at.astimezone(ZoneInfo(zone)).utcoffset() for zone in (name, kept)]
            assert then[0] == then[1], name


@pytest.mark.parametrize(
    ("reported", "kept"),
    [
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("US/Eastern", "America/New_York"),
        ("EST5EDT", "America/New_York"),
        ("GMT", "UTC"),
        ("Etc/UTC", "UTC"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("Europe/Oslo", "Europe/Oslo"),
        ("Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_a_zone_has_one_name(reported: str, kept: str) -> None:
    assert check_time_zone(reported) == kept
