"""When a clinic is open, in its own time zone."""

from datetime import UTC, date, datetime

import pytest

from tracker.domain.clinic.opening_hours import (
    Closed,
    ClosedDays,
    Open,
    OpeningHours,
    at_hand,
    read_closed_days,
    read_spans,
    spans_words,
)

DAY = read_spans("9-12:30, 14:00 to 18:00")
CHRISTMAS = (ClosedDays(date(2026, 12, 24), date(2027, 1, 3)),)
HOURS = OpeningHours("Europe/Berlin", (DAY, DAY, (), DAY, DAY, (), ()), CHRISTMAS)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 3, 2, 8, 0, tzinfo=UTC), Open(datetime(2026, 3, 2, 11, 30, tzinfo=UTC))),
        (datetime(2026, 3, 2, 11, 30, tzinfo=UTC), Closed(datetime(2026, 3, 2, 13, tzinfo=UTC))),
        (datetime(2026, 3, 3, 17, 0, tzinfo=UTC), Closed(datetime(2026, 3, 5, 8, tzinfo=UTC))),
        (datetime(2026, 3, 27, 18, 0, tzinfo=UTC), Closed(datetime(2026, 3, 30, 7, tzinfo=UTC))),
        (datetime(2026, 12, 24, 9, 0, tzinfo=UTC), Closed(datetime(2027, 1, 4, 8, tzinfo=UTC))),
    ],
    ids=["open", "at noon", "over a closed day", "over the change of clocks", "over Christmas"],
)
def test_open_and_closed_by_the_clinics_clock(now: datetime, expected: Open | Closed) -> None:
    assert at_hand(HOURS, now) == expected


def test_a_clinic_without_hours_does_not_open() -> None:
    assert at_hand(OpeningHours("UTC"), datetime(2026, 3, 2, tzinfo=UTC)) == Closed(None)
    assert not OpeningHours("UTC").are_known


def test_a_clinic_that_closes_at_midnight_is_open_until_then() -> None:
    night = OpeningHours("UTC", (read_spans("20:00-24:00"), *((),) * 6))
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    assert at_hand(night, datetime(2026, 3, 2, 23, 59, tzinfo=UTC)) == Open(midnight)
    assert at_hand(night, midnight) == Closed(datetime(2026, 3, 9, 20, tzinfo=UTC))


def test_what_is_read_is_written_so_that_it_is_read_again() -> None:
    assert spans_words(DAY) == "09:00–12:30, 14:00–18:00"
    assert read_spans(spans_words(DAY)) == DAY
    assert read_spans("") == ()
    days = read_closed_days("2026-12-24 to 2027-01-03\n2026-05-01\n")
    assert [str(each) for each in days] == ["2026-05-01", "2026-12-24 to 2027-01-03"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nine to five", "nine is no time of day"),
        ("09:00", "no time from and until"),
        ("18:00-09:00", "the end must come after the beginning"),
        ("09:00-13:00, 12:00-18:00", "run into each other"),
        ("09:00-25:00", "25:00 is no time of day"),
    ],
)
def test_wrong_times_are_named_with_the_remedy(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_spans(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("24.12.2026", "write one day as 2026-12-24"),
        ("2026-12-24 to 2026-12-01", "write the first day first"),
    ],
)
def test_wrong_days_are_named_with_the_remedy(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_closed_days(text)
