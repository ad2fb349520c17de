"""How values are written in columns: times as UTC text that sorts, sets as JSON, new row ids."""

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime


def new_id() -> str:
    """A fresh id that tells nothing about what it names."""
    return uuid.uuid4().hex


def time_text(at: datetime) -> str:
    """The moment as UTC text of fixed width, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def optional_time_text(at: datetime | None) -> str | None:
    """Like `time_text`, None for None."""
    return None if at is None else time_text(at)


def read_time(text: str) -> datetime:
    """The moment that `time_text` wrote."""
    return datetime.fromisoformat(text)


def read_optional_time(text: str | None) -> datetime | None:
    """Like `read_time`, None for None."""
    return None if text is None else read_time(text)


def names_text(names: Iterable[str]) -> str:
    """Names as a JSON list, in the order given."""
    return json.dumps([str(name) for name in names])


def read_names(text: str) -> tuple[str, ...]:
    """The names that `names_text` wrote."""
    return tuple(json.loads(text))
