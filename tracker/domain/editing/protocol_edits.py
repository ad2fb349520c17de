"""Edits of a protocol's text by the values that clinics change most; other lines are untouched."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import tomlkit
from tomlkit.items import AoT

from tracker.domain.alerts.alerts import Level
from tracker.domain.course.treatments import Treatment
from tracker.domain.editing.protocol_check import contradictions
from tracker.domain.protocols.care import Heading
from tracker.domain.protocols.floors import floor_mistakes, with_shipped_floors
from tracker.domain.protocols.protocol_text import JUDGED, ProtocolTextError, parse_protocol
from tracker.domain.protocols.protocols import Protocol, ProtocolError, Protocols, SignOff
from tracker.domain.protocols.toml_tables import Mistake, read_toml

NEW_LINES = 2  # empty rows for more aftercare under each heading
Values = Mapping[str, str]


def checked(
    text: str, kind: str, shipped: Protocol | None = None
) -> Protocol | tuple[Mistake, ...]:
    """The protocol in a text that is to replace the one of `kind`, or all its mistakes.

    It is compared with the floors of the `shipped` one, if there is one.
    """
    try:
        protocol = parse_protocol(text, kind)
    except ProtocolTextError as error:
        return error.mistakes
    if protocol.kind != kind:
        return (Mistake("kind", None, f"is {protocol.kind!r}; it must stay {kind!r}"),)
    if wrong := _contradictions(text):
        return wrong
    if shipped is None:
        return protocol
    return floor_mistakes(protocol, shipped) or with_shipped_floors(protocol, shipped)


@lru_cache(maxsize=16)  # every page about a draft asks again
def _contradictions(text: str) -> tuple[Mistake, ...]:
    return contradictions(parse_protocol(text, "the text"))


def misfits(protocol: Protocol, treatments: Iterable[Treatment]) -> tuple[Mistake, ...]:
    """Treatments on record that this edition no longer fits; it could not judge them."""
    alone = Protocols({protocol.kind: protocol})
    found: Counter[str] = Counter()
    for treatment in treatments:
        try:
            alone.for_treatment(treatment)
        except ProtocolError as error:
            found[str(error).partition(";")[0]] += 1
    return tuple(
        Mistake("healing", None, f"{_times(count)} on record would not fit: {trouble}; keep it")
        for trouble, count in found.items()
    )


def values_of(text: str) -> dict[str, str] | None:
    """The values of a text that a form can change, by dotted key; None when it cannot be read.

    Values of a wrong type are given as written, so that they can be corrected.
    """
    try:
        document = read_toml(text)
        return {
            **_limits_of(document["concerns"]),
            "silence.missed_days": str(document["silence"]["missed_days"]),
            **_questions_of(document["check_in"]),
            **_care_of(document["aftercare"]),
        }
    except (KeyError, TypeError, AttributeError, ValueError):
        return None


def with_values(text: str, values: Values, shipped: Protocol | None, today: date) -> str:
    """The text with these values in place, of the version `today` and without a sign-off.

    `values` are those of `values_of`, changed. A value that is not a number stays a text, which the
    check of the whole then names. A question that is no longer asked is removed; one that only
    `shipped` asks can come back.
    """
    document: Any = tomlkit.parse(text)
    for concern in JUDGED:
        _set_limits(document["concerns"][str(concern)], f"concerns.{concern}", values)
    document["silence"]["missed_days"] = _number(values.get("silence.missed_days", ""))
    _set_questions(document, values, shipped)
    for heading in Heading:
        _set_lines(document["aftercare"][str(heading)], f"aftercare.{heading}", values)
    document["version"] = today.isoformat()
    document.pop("sign_off", None)
    return tomlkit.dumps(document)


def with_sign_off(protocol: Protocol, sign_off: SignOff | None) -> str:
    """The text of a protocol with this sign-off in place of its own, or with none."""
    if protocol.sign_off == sign_off:
        return protocol.text
    document: Any = tomlkit.parse(protocol.text)
    document.pop("sign_off", None)
    if sign_off is not None:
        document["sign_off"] = {"by": sign_off.by, "on": sign_off.on}
    return tomlkit.dumps(document).rstrip() + "\n"  # tomlkit leaves a line where a table was


def _limits_of(concerns: Any) -> dict[str, str]:
    values = {}
    for concern in JUDGED:
        rule, path = concerns[str(concern)], f"concerns.{concern}"
        for level in Level:
            values[f"{path}.limits.{level}"] = str(rule["limits"].get(str(level), ""))
        first, last = rule["window_days"]
        values |= {f"{path}.window_days.first": str(first), f"{path}.window_days.last": str(last)}
    return values


def _questions_of(questions: Any) -> dict[str, str]:
    values = {}
    for number, question in enumerate(_listed(questions), 1):
        first, last = question["days"]
        values[f"check_in[{number}].asked"] = "yes"
        values[f"check_in[{number}].sign"] = str(question["sign"])
        values[f"check_in[{number}].question"] = str(question["question"])
        values[f"check_in[{number}].days.first"] = str(first)
        values[f"check_in[{number}].days.last"] = str(last)
    return values


def _care_of(aftercare: Any) -> dict[str, str]:
    values = {}
    for heading in Heading:
        for number, row in enumerate(_listed(aftercare[str(heading)]), 1):
            first, last = (row["from_day"], "") if "from_day" in row else row["days"]
            path = f"aftercare.{heading}[{number}]"
            values[f"{path}.line"] = str(row["line"])
            values |= {f"{path}.days.first": str(first), f"{path}.days.last": str(last)}
            if "tells_apart" in row:
                values[f"{path}.tells_apart"] = str(row["tells_apart"])
    return values


def _listed(rows: Any) -> list[Any]:
    if not isinstance(rows, list):
        raise TypeError("rows stand in a list")
    return rows


def _set_limits(rule: Any, path: str, values: Values) -> None:
    for level in Level:
        given = values.get(f"{path}.limits.{level}", "").strip()
        if given:
            rule["limits"][str(level)] = _number(given)
        else:
            rule["limits"].pop(str(level), None)
    rule["window_days"] = _days(values, path, "window_days")


def _set_questions(document: Any, values: Values, shipped: Protocol | None) -> None:
    questions = document["check_in"]
    kept = []
    for number, question in enumerate(list(questions), 1):
        path = f"check_in[{number}]"
        if values.get(f"{path}.asked") == "yes":
            question["question"] = values.get(f"{path}.question", "").strip()
            question["days"] = _days(values, path, "days")
            kept.append(number)
    for number in range(len(questions), 0, -1):
        if number not in kept:
            del questions[number - 1]
    asked = {str(question["sign"]) for question in questions}
    for question in shipped.check_in if shipped is not None else ():
        if question.sign not in asked and values.get(f"check_in.{question.sign}.asked") == "yes":
            row: dict[str, object] = {"sign": question.sign, "question": question.question}
            row["days"] = [_plain(day) for day in question.days]
            if question.risk_factors:
                row["when_any"] = sorted(question.risk_factors)
            if question.variants:
                row["variants"] = sorted(question.variants)
            _append(questions, row)


def _set_lines(rows: Any, path: str, values: Values) -> None:
    count = len(rows)
    for number in range(count, 0, -1):
        if values.get(f"{path}[{number}].line", "").strip():
            row = rows[number - 1]
            row["line"] = values[f"{path}[{number}].line"].strip()
            _set_days(row, values, f"{path}[{number}]")
        else:
            del rows[number - 1]
    for number in range(count + 1, count + NEW_LINES + 1):
        if line := values.get(f"{path}[{number}].line", "").strip():
            more: dict[str, object] = {"line": line}
            _set_days(more, values, f"{path}[{number}]")
            _append(rows, more)


def _set_days(row: Any, values: Values, path: str) -> None:
    """The days of a line; without a last day it has no end."""
    if values.get(f"{path}.days.last", "").strip():
        row.pop("from_day", None)
        row["days"] = _days(values, path, "days")
    else:
        row.pop("days", None)
        row["from_day"] = _number(values.get(f"{path}.days.first", ""))


def _append(rows: Any, values: Mapping[str, object]) -> None:
    """Add a row in the style of the others: under its own heading, or between braces."""
    row: Any = tomlkit.table() if isinstance(rows, AoT) else tomlkit.inline_table()
    row.update(values)
    rows.append(row)


def _days(values: Values, path: str, name: str) -> list[int | float | str]:
    return [_number(values.get(f"{path}.{name}.{end}", "")) for end in ("first", "last")]


def _number(text: str) -> int | float | str:
    """A number as it was written, or the text itself, which the check will name."""
    for read in (int, float):
        try:
            return read(text.replace(",", "."))
        except ValueError:
            continue
    return text


def _plain(day: float) -> int | float:
    return int(day) if day == int(day) else day


def _times(count: int) -> str:
    return "1 course" if count == 1 else f"{count} courses"
