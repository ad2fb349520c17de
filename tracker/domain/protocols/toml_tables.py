"""TOML read key by key, so that every mistake is named at once, with key, line and remedy."""

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from math import inf
from typing import Any, TypeVar

K = TypeVar("K", bound=StrEnum)
Path = tuple[str | int, ...]

_SOME_TIME = datetime(2026, 3, 2, 10, tzinfo=UTC)
_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\"-]+)\s*\]\]?")
_KEY = re.compile(r"\s*([\w.-]+)\s*=")
_ITEM = re.compile(r"\s*[{\"']")

# What a file may have. The parser's time grows with the square of a dotted key's parts, and its
# memory with the depth of brackets; a course of a year has 100 000 characters.
MAX_LENGTH = 500_000
MAX_PARTS = 8  # of a dotted key
MAX_WORD = 100  # characters of a key, a number or a date
MAX_DEPTH = 16
MAX_MISTAKES = 100  # named at once; a person mends these first
MAX_REMEDY = 500  # characters; some repeat what the text says
_TOKEN = re.compile(
    r"""(?P<quoted>"{3}(?:[^\\"]|\\.|"(?!""))*+"{3,5} | '{3}(?:[^']|'(?!''))*+'{3,5}
        | "(?!"")(?:[^\\"\n]|\\.)*+" | '(?!'')[^'\n]*+')
    | (?P<comment>\#[^\n]*+) | (?P<word>[^\s"'\#\[\]{},=.]++) | (?P<space>[ \t]++)
    | (?P<other>[\[\]{},=.\r\n]|\s)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to correct: the dotted key, its line where known, and the remedy."""

    key: str
    line: int | None
    remedy: str

    def __str__(self) -> str:
        place = "" if self.line is None else f" (line {self.line})"
        return f"{self.key}{place}: {self.remedy}"


def read_toml(text: str) -> dict[str, Any]:
    """The values of a TOML text; ValueError that says what is wrong with it.

    A text that would take the parser long is refused before it is parsed.
    """
    _check_shape(text)
    return tomllib.loads(text)


def _check_shape(text: str) -> None:
    """Raise ValueError for what no file of ours has, in one pass over the text."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"longer than {MAX_LENGTH} characters")
    parts = depth = 0
    for place, kind, said in _tokens(text):
        if kind == "word" and len(said) > MAX_WORD:
            raise _odd(text, place, f"a key or number longer than {MAX_WORD} characters")
        if said == ".":
            parts += 1
        elif kind in {"other", "comment"}:
            parts = 0
        depth += (said in {"[", "{"}) - (said in {"]", "}"})
        if parts >= MAX_PARTS:
            raise _odd(text, place, f"a key of more than {MAX_PARTS} parts")
        if depth > MAX_DEPTH:
            raise _odd(text, place, "brackets nested too deeply")


def _tokens(text: str) -> Iterator[tuple[int, str | None, str]]:
    """Place, kind and text of each token. Raises ValueError for a text in quotes without an end."""
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise _odd(text, place, "a text in quotes does not end")
        yield place, token.lastgroup, token[0]
        place = token.end()


def _odd(text: str, place: int, what: str) -> ValueError:
    line = text.count("\n", 0, place) + 1
    return ValueError(f"{what} (at line {line})")


def mistakes_in(text: str, remedies: Iterable[tuple[str, str]]) -> tuple[Mistake, ...]:
    """Mistakes from dotted keys, such as `aftercare.do[3].days`, and remedies, in order."""
    places = _lines(text)
    return tuple(
        sorted(
            (Mistake(key, _line(places, _path(key)), remedy) for key, remedy in remedies),
            key=lambda mistake: (mistake.line or 0, mistake.key, mistake.remedy),
        )
    )


class Document:
    """The whole file: the lines of its keys, which were asked for, and the first mistakes.

    A list has at most `most_rows` tables, and a text at most `longest` characters.
    """

    def __init__(
        self, text: str, values: Mapping[str, Any], most_rows: int = 10**6, longest: int = 10**6
    ) -> None:
        self.most_rows, self.longest = most_rows, longest
        self._lines = _lines(text)
        self._tables: list[Table] = []
        self._mistakes: dict[Mistake, None] = {}  # in their order
        self.root = Table(values, (), self)

    def refuse(self, path: Path, remedy: str) -> None:
        """Remember a mistake, unless there are many already."""
        if len(self._mistakes) < MAX_MISTAKES:
            line = _line(self._lines, path)
            self._mistakes[Mistake(_dotted(path), line, remedy[:MAX_REMEDY])] = None

    def enter(self, table: "Table") -> None:
        """Remember a table; its keys that no code asks for are reported as mistakes at the end."""
        self._tables.append(table)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Everything that is wrong, in the order of the file."""
        for table in self._tables:
            table.refuse_unknown_keys()
        return tuple(sorted(self._mistakes, key=lambda m: (m.line or 0, m.key)))


class Table:
    """One TOML table. A wrong value is refused, and a harmless one returned in its place.

    Asking for a value therefore never fails. Nothing that was read may be used once the document
    has a mistake.
    """

    def __init__(self, values: Mapping[str, Any] | None, path: Path, document: Document) -> None:
        self.path = path
        self._is_absent = values is None  # reported once, where the table was asked for
        self._values = values or {}
        self._document = document
        self._asked: set[str] = set()
        document.enter(self)

    def refuse(self, key: str, remedy: str) -> None:
        """Remember that the value of a key is wrong."""
        if not self._is_absent:
            self._document.refuse((*self.path, key), remedy)

    def refuse_here(self, remedy: str) -> None:
        """Remember that the table as a whole is wrong."""
        if not self._is_absent:
            self._document.refuse(self.path, remedy)

    def refuse_unknown_keys(self) -> None:
        """Note a mistake for every key that was not asked for."""
        unused = (name for name in sorted(self._asked) if name not in self._values)
        known = ", ".join(unused) or "no other"
        for key in self._values.keys() - self._asked:
            self.refuse(
                key, f"no such key here; remove it or correct its name (not used yet: {known})"
            )

    def has(self, key: str) -> bool:
        """Whether an optional key is given."""
        self._asked.add(key)
        return key in self._values

    def keys(self, known: Iterable[str], remedy: str) -> list[str]:
        """The keys of a table that maps names to values; others than `known` are mistakes."""
        names = set(known)
        self._asked |= self._values.keys()
        for key in self._values.keys() - names:
            self.refuse(key, f"{remedy} {', '.join(sorted(names))}")
        return [key for key in self._values if key in names]

    def text(self, key: str, *, may_be_empty: bool = False) -> str:
        """A text, by default one that is not empty."""
        value = self._get(key, str, "a text")
        if isinstance(value, str) and not value.strip() and not may_be_empty:
            self.refuse(key, "is empty; write the text")
        longest = self._document.longest
        if isinstance(value, str) and len(value) > longest:
            self.refuse(key, f"has more than {longest} characters; say it in fewer")
            return value[:longest]
        return str(value)

    def texts(self, key: str, *, least: int = 0) -> list[str]:
        """A list of texts."""
        values = self._get(key, list, "a list of texts")
        if not isinstance(values, list):
            return []
        if not all(isinstance(value, str) and value.strip() for value in values):
            self.refuse(key, "must be a list of texts, none of them empty")
        if len(values) < least:
            self.refuse(key, f"must name at least {least}")
        return [value for value in values if isinstance(value, str)]

    def kind(self, kinds: type[K], key: str) -> K:
        """One of the names of an enumeration."""
        value = self._get(key, str, f"one of {', '.join(kinds)}")
        if value in set(kinds):
            return kinds(value)
        if isinstance(value, str):
            self.refuse(key, f"is {value!r}; use one of {', '.join(kinds)}")
        return next(iter(kinds))

    def named(self, key: str, known: Iterable[str], *, least: int = 1) -> frozenset[str]:
        """A list of names, all of them known."""
        names, known = self.texts(key, least=least), sorted(set(known))
        for name in names:
            if name not in known:
                self.refuse(key, f"{name!r} is unknown; use some of {', '.join(known) or 'none'}")
        return frozenset(names)

    def truth(self, key: str) -> bool:
        """True or false."""
        return self._get(key, bool, "true or false") is True

    def day(self, key: str) -> date:
        """A date."""
        value = self._get(key, date, "a date such as 2026-11-20, without quotes")
        if isinstance(value, datetime):
            self.refuse(key, "must be a date without an hour, such as 2026-11-20")
        return value if isinstance(value, date) else date.min

    def moment(self, key: str) -> datetime:
        """A time with its offset."""
        wanted = "a time with its offset, such as 2026-03-02T10:00:00+01:00"
        value = self._get(key, datetime, wanted)
        if not isinstance(value, datetime):
            return _SOME_TIME
        if value.tzinfo is None:
            self.refuse(key, f"must be {wanted}")
            return _SOME_TIME
        return value

    def number(
        self, key: str, low: float = -inf, high: float = inf, otherwise: float = 0.5
    ) -> float:
        """A number from `low` to `high`."""
        value = self._get(key, (int, float), f"a number{_range(low, high)}")
        if not isinstance(value, int | float):
            return otherwise
        if not _is_finite(value):
            self.refuse(key, f"is {value}; it must be a number{_range(low, high)}")
            return otherwise if low <= otherwise <= high else low
        if not low <= value <= high:
            self.refuse(key, f"is {value}; it must be a number{_range(low, high)}")
        return float(min(max(value, low), high))

    def positive(self, key: str, high: float = inf) -> float:
        """A number above 0, at most `high`."""
        value = self.number(key, high=high)
        if value <= 0:
            self.refuse(key, f"is {value:g}; it must be greater than 0")
        return value

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self.number(key, low, high, otherwise=low)
        if value != int(value):
            self.refuse(key, f"is {value:g}; it must be a whole number")
        return int(value)

    def pair(self, key: str, low: float, high: float) -> tuple[float, float]:
        """Two numbers from `low` to `high`, in any order."""
        values = self._get(key, list, "two numbers")
        if not isinstance(values, list):
            return 1.0, 1.0
        if len(values) != 2 or not all(_is_number(value) for value in values):
            self.refuse(key, "must be two numbers, such as [2, 14]")
            return 1.0, 1.0
        if not all(low <= value <= high for value in values):
            self.refuse(key, f"is {values}; both must be numbers{_range(low, high)}")
            return 1.0, 1.0
        return float(values[0]), float(values[1])

    def numbers(self, key: str, low: float, high: float) -> tuple[float, ...]:
        """A list of at least one number from `low` to `high`."""
        values = self._get(key, list, "a list of numbers")
        if not isinstance(values, list) or not values or not all(map(_is_number, values)):
            self.refuse(key, "must be a list of numbers, such as [4, 3, 2]")
            return (1.0,)
        if not all(low <= value <= high for value in values):
            self.refuse(key, f"is {values}; all must be numbers{_range(low, high)}")
            return (1.0,)
        return tuple(float(value) for value in values)

    def span(self, key: str, low: float, high: float) -> tuple[float, float]:
        """Two numbers of which the second is not below the first."""
        first, last = self.pair(key, low, high)
        if first > last:
            self.refuse(key, f"is [{first:g}, {last:g}]; the first must not be above the second")
        return first, last

    def table(self, key: str) -> "Table":
        """A table inside this one."""
        value = self._get(key, dict, "a table")
        return Table(value, (*self.path, key), self._document)

    def rows(self, key: str, *, least: int = 0) -> list["Table"]:
        """A list of tables; empty and without a mistake when `least` is 0 and the key is absent."""
        if not least and not self.has(key):
            return []
        values = self._get(key, list, f"a list of tables, as [[{key}]]")
        if not isinstance(values, list):
            return []
        if not all(isinstance(value, dict) for value in values):
            self.refuse(key, f"must be a list of tables, as [[{key}]]")
        if len(values) < least:
            self.refuse(key, f"must hold at least {least}")
        most = self._document.most_rows
        if len(values) > most:
            self.refuse(key, f"must hold at most {most}")
        return [
            Table(value, (*self.path, key, number), self._document)
            for number, value in enumerate(values[:most], 1)
            if isinstance(value, dict)
        ]

    def _get(self, key: str, kind: type | tuple[type, ...], wanted: str) -> Any:
        """The value if it has the type, otherwise None after the mistake was recorded."""
        self._asked.add(key)
        if key not in self._values:
            self.refuse(key, f"is missing; add {wanted}")
            return None
        value = self._values[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.refuse(key, f"must be {wanted}")
            return None
        return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)


def _is_finite(value: float) -> bool:
    """Also works for whole numbers too large for a float, on which `math.isfinite` raises."""
    return abs(value) <= sys.float_info.max


def _range(low: float, high: float) -> str:
    if low == -inf and high == inf:
        return ""
    if high == inf:
        return f" of {low:g} or more"
    return f" up to {high:g}" if low == -inf else f" from {low:g} to {high:g}"


def _dotted(path: Sequence[str | int]) -> str:
    """`aftercare.do[3].days`."""
    dotted = ""
    for step in path:
        dotted += f"[{step}]" if isinstance(step, int) else f".{step}" if dotted else step
    return dotted


def _path(dotted: str) -> Path:
    steps = re.findall(r"[^.\[\]]+", dotted)
    return tuple(int(step) if step.isdecimal() else step for step in steps)


def _line(places: Mapping[Path, int], path: Path) -> int | None:
    """The line of a key, or of the innermost table around it whose place is known."""
    known = (path[:length] for length in range(len(path), 0, -1))
    return next((places[place] for place in known if place in places), None)


def _lines(text: str) -> dict[Path, int]:
    """The lines of headers, keys and items of long lists; lines count from 1."""
    places: dict[Path, int] = {}
    rows: Counter[Path] = Counter()
    header: Path = ()
    items_of: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if found := _HEADER.match(line):
            header = tuple(found[2].replace('"', "").split("."))
            if found[1] == "[[":
                rows[header] += 1
                header = (*header, rows[header])
            places[header] = number
        elif found := _KEY.match(line):
            items_of = (*header, *found[1].split("."))
            places[items_of] = number
        elif _ITEM.match(line):
            rows[items_of] += 1
            places[(*items_of, rows[items_of])] = number
    return places
