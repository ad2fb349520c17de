"""The pages on which a protocol is changed: what clinics change most as a form, or all as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from tracker.actions.protocols.editing import ProtocolCase
from tracker.domain.alerts.alerts import Level
from tracker.domain.editing.protocol_edits import NEW_LINES
from tracker.domain.protocols.care import Heading
from tracker.domain.protocols.protocol_text import JUDGED
from tracker.domain.protocols.protocols import Protocol
from tracker.domain.protocols.toml_tables import Mistake
from web.clinic.protocol_pages import HEADINGS
from web.words.words import LEVELS

Checked = Protocol | tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class LimitsRow:
    """One concern: the keys of its limits by level, and that of its window."""

    concern: str
    path: str
    limits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A sign that may be asked for; `spare` when only the shipped protocol asks."""

    path: str
    spare: str | None


@dataclass(frozen=True, slots=True)
class CareRows:
    """The lines under one heading; `lines` are their keys, empty ones for more at the end."""

    heading: str
    path: str
    lines: tuple[str, ...]
    count: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class ProtocolFormPage:
    """The form; `values` by dotted key, `wrong` what is wrong by the same keys."""

    template: ClassVar[str] = "protocol_form.html"
    place: ClassVar[str] = "clinic"

    kind: str
    protocol: str
    based_on: str
    values: Mapping[str, str]
    wrong: Mapping[str, str]
    elsewhere: tuple[Mistake, ...]
    limits: tuple[LimitsRow, ...]
    questions: tuple[Question, ...]
    care: tuple[CareRows, ...]

    @property
    def title(self) -> str:
        """The page's name."""
        return f"Change {self.protocol}"


@dataclass(frozen=True, slots=True)
class ProtocolTextPage:
    """The whole text, and what is wrong with it by line."""

    template: ClassVar[str] = "protocol_text.html"
    place: ClassVar[str] = "clinic"

    kind: str
    protocol: str
    based_on: str
    text: str
    mistakes: tuple[tuple[Mistake, str], ...]

    @property
    def title(self) -> str:
        """The page's name."""
        return f"Change the text of {self.protocol}"


def form_page(
    case: ProtocolCase, name: str, values: Mapping[str, str], found: Checked
) -> ProtocolFormPage:
    """The form for a text of this name; who signs off a change of an edition writes it anew."""
    mistakes = () if isinstance(found, Protocol) else found
    keys = _keys(values)
    placed = {mistake: mistake.key.replace(".from_day", ".days") for mistake in mistakes}
    here = [mistake for mistake in mistakes if placed[mistake] in keys]
    shown = dict(values)
    if name == case.protocol.digest:
        shown["sign_off.by"] = ""
    return ProtocolFormPage(
        kind=case.protocol.kind,
        protocol=case.protocol.title,
        based_on=name,
        values=shown,
        wrong={placed[mistake]: mistake.remedy for mistake in here},
        elsewhere=tuple(mistake for mistake in mistakes if mistake not in here),
        limits=tuple(_limits(str(concern), concern.words) for concern in JUDGED),
        questions=(*_asked(values), *_spare(values, case.shipped)),
        care=tuple(
            _care(heading, values, [placed[mistake] for mistake in here]) for heading in Heading
        ),
    )


def text_page(case: ProtocolCase, name: str, text: str, found: Checked) -> ProtocolTextPage:
    """The text of this name, each mistake with the line it stands on."""
    mistakes, lines = () if isinstance(found, Protocol) else found, text.splitlines()
    return ProtocolTextPage(
        kind=case.protocol.kind,
        protocol=case.protocol.title,
        based_on=name,
        text=text,
        mistakes=tuple((mistake, _line(lines, mistake.line)) for mistake in mistakes),
    )


def _keys(values: Mapping[str, str]) -> set[str]:
    """Every key that has a place in the form: of fields, and of the groups they stand in."""
    keys = {"check_in", *(f"aftercare.{heading}" for heading in Heading)}
    for key in values:
        parts = key.removesuffix(".first").removesuffix(".last").split(".")
        keys |= {".".join(parts[:length]) for length in range(2, len(parts) + 1)}
        keys.add(key)
    return keys


def _limits(name: str, words: str) -> LimitsRow:
    path = f"concerns.{name}"
    limits = tuple((LEVELS[level].name, f"{path}.limits.{level}") for level in Level)
    return LimitsRow(words, path, limits)


def _asked(values: Mapping[str, str]) -> tuple[Question, ...]:
    paths = [key.removesuffix(".asked") for key in values if key.endswith(".asked")]
    return tuple(Question(path, None) for path in paths)


def _spare(values: Mapping[str, str], shipped: Protocol | None) -> tuple[Question, ...]:
    asked = {value for key, value in values.items() if key.endswith(".sign")}
    return tuple(
        Question(f"check_in.{question.sign}", question.question)
        for question in (shipped.check_in if shipped is not None else ())
        if question.sign not in asked
    )


def _care(heading: Heading, values: Mapping[str, str], wrong: Sequence[str]) -> CareRows:
    path = f"aftercare.{heading}"
    count = sum(key.startswith(f"{path}[") and key.endswith(".line") for key in values)
    numbers = range(1, count + NEW_LINES + 1)
    return CareRows(
        heading=HEADINGS[heading],
        path=path,
        lines=tuple(f"{path}[{number}]" for number in numbers),
        count=count,
        is_open=any(key.startswith(path) for key in wrong),
    )


def _line(lines: Sequence[str], number: int | None) -> str:
    return lines[number - 1].strip() if number is not None and number <= len(lines) else ""
