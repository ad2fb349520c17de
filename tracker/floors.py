"""Floors from a protocol's text: the least level that answers alone give a concern."""

from collections.abc import Iterable

from tracker.alerts import Concern, Level
from tracker.check_ins import SIGNS
from tracker.protocols import Floor
from tracker.toml_tables import Table

TOLD_BY_ANSWERS = tuple(c for c in Concern if c.is_estimated or c is Concern.OTHER_HARM)


def read_floors(root: Table, variants: Iterable[str]) -> tuple[Floor, ...]:
    """The rows of `[[floors]]`; of a text from before there were any, its `[[red_flags]]`."""
    if root.has("red_flags"):
        return tuple(floor for row in root.rows("red_flags", least=1) for floor in _red_flag(row))
    return tuple(_floor(row, variants) for row in root.rows("floors", least=1))


def _floor(row: Table, variants: Iterable[str]) -> Floor:
    floor = Floor(
        signs=row.named("signs", SIGNS) if row.has("signs") else frozenset(),
        pain_from=row.whole("pain_from", 1, 10) if row.has("pain_from") else None,
        swelling_from=row.whole("swelling_from", 1, 3) if row.has("swelling_from") else None,
        usual_days=_days(row) if row.has("usual_days") else None,
        variants=row.named("variants", variants) if row.has("variants") else frozenset(),
        concern=_concern(row),
        level=row.kind(Level, "level"),
        words=row.text("words"),
        is_emergency=row.truth("emergency") if row.has("emergency") else False,
    )
    if not floor.signs and floor.pain_from is None and floor.swelling_from is None:
        row.note_here(
            "a floor needs signs, pain_from or swelling_from; say which answers it is for"
        )
    if floor.is_emergency and floor.level is not Level.URGENT:
        row.note("level", f"is {floor.level} though it is an emergency; use urgent")
    return floor


def _red_flag(row: Table) -> list[Floor]:
    """What a red flag said: all signs together, or pain from a score, is urgent."""
    signs = row.named("signs", SIGNS, least=0)
    pain = row.whole("pain_from", 1, 10) if row.has("pain_from") else None
    if not signs and pain is None:
        row.note_here("a red flag needs signs or pain_from")
    concern, words = _concern(row), row.text("words")
    conditions: list[tuple[frozenset[str], int | None]] = [(signs, None)] if signs else []
    conditions += [(frozenset(), pain)] if pain is not None else []
    return [
        Floor(each, least, None, None, frozenset(), concern, Level.URGENT, words, False)
        for each, least in conditions
    ]


def _days(row: Table) -> tuple[int, int]:
    first, last = row.span("usual_days", 0, 400)
    if first != int(first) or last != int(last):
        row.note("usual_days", "must be whole days, such as [0, 2]")
    return int(first), int(last)


def _concern(row: Table) -> Concern:
    concern = row.kind(Concern, "concern")
    if concern not in TOLD_BY_ANSWERS:
        told = ", ".join(TOLD_BY_ANSWERS)
        row.note("concern", f"{concern} is not judged from answers; use one of {told}")
    return concern
