"""Floors from a protocol's text: the lowest level that certain answers give a concern."""

from collections.abc import Iterable
from dataclasses import replace

from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.course.check_ins import SIGNS
from tracker.domain.protocols.care import LAST_DAY
from tracker.domain.protocols.protocols import Floor, LoweredFloor, Protocol
from tracker.domain.protocols.toml_tables import Mistake, Table

TOLD_BY_ANSWERS = tuple(c for c in Concern if c.is_estimated or c is Concern.OTHER_HARM)


def read_floors(root: Table, variants: Iterable[str]) -> tuple[Floor, ...]:
    """The rows of `[[floors]]`; for a text older than floors, its `[[red_flags]]`."""
    if root.has("red_flags"):
        return tuple(floor for row in root.rows("red_flags", least=1) for floor in _red_flag(row))
    return tuple(each for row in root.rows("floors", least=1) for each in _floors(row, variants))


def read_lowered_floors(root: Table) -> tuple[LoweredFloor, ...]:
    """The rows of `[[lowered_floors]]`: which shipped floors the clinic lowers, and why."""
    return tuple(low for row in root.rows("lowered_floors") for low in _lowered(row))


def with_shipped_floors(own: Protocol, shipped: Protocol) -> Protocol:
    """A clinic's protocol with the shipped floors that it leaves out or lowers without a reason."""
    return replace(own, floors=(*own.floors, *unexplained(own, shipped)))


def unexplained(own: Protocol, shipped: Protocol) -> tuple[Floor, ...]:
    """The shipped floors that a clinic's protocol leaves out or lowers without giving a reason."""
    lowered = {_key(low) for low in own.lowered_floors}
    return tuple(
        floor
        for floor in shipped.floors
        if _key(floor) not in lowered and not any(_holds(each, floor) for each in own.floors)
    )


def _key(each: Floor | LoweredFloor) -> tuple[object, ...]:
    return each.signs, each.pain_from, each.swelling_from, each.concern


def floor_mistakes(own: Protocol, shipped: Protocol) -> tuple[Mistake, ...]:
    """A mistake for each shipped floor that is lowered without a reason; none in an old text."""
    if "[[red_flags]]" in own.text:
        return ()
    remedy = "add such a floor, or a [[lowered_floors]] that says why not"
    return tuple(
        Mistake("floors", None, f"{_answers_of(floor)} must be at least {floor.level}; {remedy}")
        for floor in unexplained(own, shipped)
    )


def _holds(own: Floor, shipped: Floor) -> bool:
    """Whether all answers that reach the shipped floor reach a level as high by the own one."""
    usual_days, usual = own.usual_days, shipped.usual_days
    return (
        own.concern is shipped.concern
        and own.level.rank >= shipped.level.rank
        and own.is_emergency >= shipped.is_emergency
        and own.signs <= shipped.signs
        and _is_as_low(own.pain_from, shipped.pain_from)
        and _is_as_low(own.swelling_from, shipped.swelling_from)
        and (
            usual_days is None
            or (usual is not None and usual[0] <= usual_days[0] and usual_days[1] <= usual[1])
        )
        and (not own.variants or (bool(shipped.variants) and own.variants >= shipped.variants))
    )


def _is_as_low(own: int | None, shipped: int | None) -> bool:
    return own is None or (shipped is not None and own <= shipped)


def _answers_of(floor: Floor) -> str:
    answers = sorted(floor.signs)
    answers += [f"pain_from {floor.pain_from}"] if floor.pain_from is not None else []
    answers += [f"swelling_from {floor.swelling_from}"] if floor.swelling_from is not None else []
    return " with ".join(answers)


def _floors(row: Table, variants: Iterable[str]) -> list[Floor]:
    """One floor, or with `with_any` one for each of these signs."""
    signs, pain, swelling = _conditions(row)
    usual_days = _days(row) if row.has("usual_days") else None
    named = row.named("variants", variants) if row.has("variants") else frozenset()
    concern, level, words = _concern(row), row.kind(Level, "level"), row.text("words")
    is_emergency = row.truth("emergency") if row.has("emergency") else False
    if is_emergency and level is not Level.URGENT:
        row.refuse("level", f"is {level} though it is an emergency; use urgent")
    return [
        Floor(each, pain, swelling, usual_days, named, concern, level, words, is_emergency)
        for each in signs
    ]


def _lowered(row: Table) -> list[LoweredFloor]:
    signs, pain, swelling = _conditions(row)
    concern, because = _concern(row), row.text("because")
    return [LoweredFloor(each, pain, swelling, concern, because) for each in signs]


def _conditions(row: Table) -> tuple[list[frozenset[str]], int | None, int | None]:
    """The sets of signs, each of which is enough with the scores that are given."""
    signs = row.named("signs", SIGNS) if row.has("signs") else frozenset()
    others = sorted(row.named("with_any", SIGNS)) if row.has("with_any") else []
    pain = row.whole("pain_from", 1, 10) if row.has("pain_from") else None
    swelling = row.whole("swelling_from", 1, 3) if row.has("swelling_from") else None
    if not signs and not others and pain is None and swelling is None:
        row.refuse_here("needs signs, pain_from or swelling_from; say which answers it is for")
    return [signs | {each} for each in others] or [signs], pain, swelling


def _red_flag(row: Table) -> list[Floor]:
    """A red flag as a floor: all signs together, or pain from a score, is urgent."""
    signs = row.named("signs", SIGNS, least=0)
    pain = row.whole("pain_from", 1, 10) if row.has("pain_from") else None
    if not signs and pain is None:
        row.refuse_here("a red flag needs signs or pain_from")
    concern, words = _concern(row), row.text("words")
    conditions: list[tuple[frozenset[str], int | None]] = [(signs, None)] if signs else []
    conditions += [(frozenset(), pain)] if pain is not None else []
    return [
        Floor(each, least, None, None, frozenset(), concern, Level.URGENT, words, False)
        for each, least in conditions
    ]


def _days(row: Table) -> tuple[int, int]:
    first, last = row.span("usual_days", 0, LAST_DAY)
    if first != int(first) or last != int(last):
        row.refuse("usual_days", "must be whole days, such as [0, 2]")
    return int(first), int(last)


def _concern(row: Table) -> Concern:
    concern = row.kind(Concern, "concern")
    if concern not in TOLD_BY_ANSWERS:
        told = ", ".join(TOLD_BY_ANSWERS)
        row.refuse("concern", f"{concern} is not judged from answers; use one of {told}")
    return concern
