"""How values are written in columns: times as UTC text that sorts, sets as JSON, new row ids.

`row_of` and `read_row` write and read a whole dataclass whose fields have the names of the columns.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Noun = TypeVar("Noun", bound="DataclassInstance")


def new_id() -> str:
    """A fresh id that says nothing about what it names."""
    return uuid.uuid4().hex


def time_text(at: datetime) -> str:
    """The time as UTC text of fixed width, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def optional_time_text(at: datetime | None) -> str | None:
    """Like `time_text`, None for None."""
    return None if at is None else time_text(at)


def read_time(text: str) -> datetime:
    """The time that `time_text` wrote."""
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


def row_of(noun: "DataclassInstance", **given: object) -> dict[str, Any]:
    """A column for each field of `noun`; columns `given` are written as they are.

    Raises TypeError for a value that no column holds.
    """
    names = [field.name for field in fields(noun)]
    return {name: given[name] if name in given else _written(getattr(noun, name)) for name in names}


def _written(value: object) -> object:
    match value:
        case datetime():
            return time_text(value)
        case date():
            return value.isoformat()
        case str():
            return str(value)
        case int():
            return int(value)
        case None | float() | bytes():
            return value
        case tuple() | frozenset() if all(isinstance(name, str) for name in value):
            return names_text(sorted(value) if isinstance(value, frozenset) else value)
    raise TypeError(f"{type(value).__name__} has no column of its own; pass it to row_of")


def read_row(noun: type[Noun], row: Mapping[str, Any], **given: object) -> Noun:
    """The dataclass that `row_of` wrote; fields `given` are taken as they are.

    Raises TypeError for a field of a type that no column holds, and ValueError for a column that
    does not hold a value of its field.
    """
    for name, read in _readers(noun, frozenset(given)):
        given[name] = read(row[name])
    return noun(**given)


@cache
def _readers(
    noun: type["DataclassInstance"], without: frozenset[str]
) -> list[tuple[str, Callable[[Any], object]]]:
    hints = get_type_hints(noun)
    names = [field.name for field in fields(noun) if field.name not in without]
    return [(name, _reader(hints[name])) for name in names]


def _reader(hint: Any) -> Callable[[Any], object]:
    kinds = set(get_args(hint)) if isinstance(hint, UnionType) else {hint}
    if NoneType in kinds and len(kinds) == 2:
        read = _reader((kinds - {NoneType}).pop())
        return lambda value: None if value is None else read(value)
    if get_origin(hint) is frozenset or get_args(hint)[1:] == (...,):
        many, read = get_origin(hint), _reader(get_args(hint)[0])
        return lambda text: many(read(name) for name in read_names(text))
    if hint is datetime:
        return read_time
    if hint is date:
        return date.fromisoformat
    if hint in {str, int, float, bytes}:
        return lambda value: value
    if isinstance(hint, type) and (hint is bool or issubclass(hint, Enum)):
        return hint
    raise TypeError(f"a column holds no {hint}; pass the field to read_row")
