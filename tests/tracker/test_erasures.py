from datetime import UTC, datetime

import pytest

from tracker.domain.own_data.erasures import erasure_asked


@pytest.mark.parametrize(
    ("years", "day"), [(0, (2028, 2, 29)), (1, (2029, 3, 1)), (4, (2032, 2, 29))]
)
def test_records_are_kept_for_whole_years(years: int, day: tuple[int, int, int]) -> None:
    asked = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert erasure_asked("alice", years, asked).due_at == datetime(*day, 12, tzinfo=UTC)
