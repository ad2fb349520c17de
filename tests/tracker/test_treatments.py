from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.tracker.courses_of_readings import treatment
from tracker.domain.course.treatments import Region, Setting, Treatment, day_number, days_since

BERLIN = ZoneInfo("Europe/Berlin")


def treated_at(at: datetime) -> Treatment:
    areas = frozenset({Region.CHIN})
    return Treatment("t", "p", "microneedling", at, Setting.CLINIC, 1.0, areas)


def test_a_late_evening_treatment_is_day_one_after_midnight_at_home() -> None:
    evening = treated_at(datetime(2026, 3, 2, 23, 30, tzinfo=BERLIN))
    assert day_number(evening, datetime(2026, 3, 3, 0, 5, tzinfo=BERLIN), BERLIN) == 1
    assert day_number(evening, datetime(2026, 3, 3, 0, 5, tzinfo=BERLIN), ZoneInfo("UTC")) == 0


def test_a_treatment_of_another_century_is_a_slip_of_the_pen() -> None:
    with pytest.raises(ValueError, match="performed_at is in the year 206; check the date"):
        treated_at(datetime(206, 3, 2, 10, tzinfo=BERLIN))


@pytest.mark.parametrize("month", [3, 10])
def test_days_are_calendar_days_across_daylight_saving_changes(month: int) -> None:
    last_sunday = {3: 29, 10: 25}[month]
    saturday = treated_at(datetime(2026, month, last_sunday - 1, 12, tzinfo=BERLIN))
    monday = datetime(2026, month, last_sunday + 1, 0, 1, tzinfo=BERLIN)
    assert day_number(saturday, monday, BERLIN) == 2


def test_models_count_elapsed_hours_whatever_the_clocks_do() -> None:
    before = treated_at(datetime(2026, 3, 28, 12, tzinfo=BERLIN))
    assert days_since(before, datetime(2026, 3, 29, 12, tzinfo=BERLIN)) == pytest.approx(23 / 24)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"performed_at": datetime(2026, 3, 2, 9, 0)}, "zone"),  # noqa: DTZ001
        ({"areas": frozenset()}, "areas"),
        ({"areas": frozenset({Region.FACE})}, "areas"),
        ({"needle_depth_mm": 12.0}, "needle_depth_mm"),
    ],
)
def test_an_impossible_treatment_is_named(change: dict[str, object], words: str) -> None:
    usual = treatment()
    values = {name: getattr(usual, name) for name in usual.__slots__} | change
    with pytest.raises(ValueError, match=words):
        Treatment(**values)


def test_days_before_the_treatment_are_negative() -> None:
    usual = treatment()
    assert days_since(usual, usual.performed_at - timedelta(days=1)) == -1
    assert day_number(usual, datetime(2026, 3, 1, 12, tzinfo=UTC), BERLIN) == -1
