"""A row gives back the dataclass that was written into it, and refuses what it cannot hold."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from tracker.domain.alerts.alerts import Concern, Level
from tracker.storage.columns import read_row, row_of


@dataclass(frozen=True)
class Everything:
    """One field of each type that a column holds."""

    name: str
    level: Level
    count: int
    share: float
    key: bytes
    is_calm: bool
    at: datetime
    day: date
    names: tuple[str, ...]
    concerns: frozenset[Concern]
    ended_at: datetime | None
    outcome: Concern | None


@dataclass(frozen=True)
class Answered:
    by: str
    answers: Mapping[str, bool]


FULL = Everything(
    name="Zoë",
    level=Level.URGENT,
    count=3,
    share=0.25,
    key=b"\x00\xff",
    is_calm=True,
    at=datetime(2026, 3, 6, 9, 0, 0, 123456, tzinfo=UTC),
    day=date(2026, 3, 6),
    names=("later", "earlier"),
    concerns=frozenset({Concern.INFECTION, Concern.OTHER_HARM}),
    ended_at=datetime(2026, 3, 7, tzinfo=UTC),
    outcome=Concern.INFECTION,
)


@pytest.mark.parametrize("thing", [FULL, replace(FULL, ended_at=None, outcome=None, names=())])
def test_each_field_comes_back_as_it_was_written(thing: Everything) -> None:
    row = row_of(thing)
    assert all(type(value) in {str, int, float, bytes, type(None)} for value in row.values())
    again = read_row(Everything, row)
    assert again == thing
    assert again.is_calm is True
    assert type(again.level) is Level


def test_a_time_is_written_in_utc_and_a_set_in_an_order_that_does_not_change() -> None:
    berlin = replace(FULL, at=FULL.at.astimezone(timezone(timedelta(hours=1))))
    assert row_of(berlin)["at"] == "2026-03-06T09:00:00.123456+00:00"
    assert row_of(FULL)["concerns"] == '["infection", "other_harm"]'


def test_a_field_under_another_name_is_given_beside_the_row() -> None:
    given = read_row(Answered, {"by_id": "dana"}, by="dana", answers={"keloid": True})
    assert given == Answered("dana", {"keloid": True})
    assert row_of(given, answers='{"keloid": true}') == {
        "by": "dana",
        "answers": '{"keloid": true}',
    }


def test_what_no_column_holds_is_refused_and_never_written_as_text() -> None:
    with pytest.raises(TypeError, match="dict has no column"):
        row_of(Answered("dana", {"keloid": True}))
    with pytest.raises(TypeError, match="tuple has no column"):
        row_of(replace(FULL, names=(1, 2)))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="pass the field"):
        read_row(Answered, {"by": "dana", "answers": "{}"})


def test_a_word_that_its_column_does_not_know_is_an_error() -> None:
    with pytest.raises(ValueError, match="catastrophic"):
        read_row(Everything, row_of(FULL) | {"level": "catastrophic"})
    with pytest.raises(TypeError):
        read_row(Everything, row_of(FULL) | {"at": None})
