"""A protocol: everything medical that the code must know about one kind of treatment, as data."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tracker.alerts import Concern, Level
from tracker.check_ins import SIGNS

SCHEMA = 1
DERIVED_SIGNS = ("pain_high", "pain_rising", "itch_high", "trend_worse")
ALL_SIGNS = frozenset(SIGNS) | frozenset(DERIVED_SIGNS)


class ProtocolError(ValueError):
    """A protocol file cannot be used; the message names file, key and remedy."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A positive quantity: median and the range that holds 95 in 100, log-normal."""

    median: float
    low: float
    high: float

    @property
    def log_sd(self) -> float:
        """Standard deviation of the natural logarithm; 95 % lie within 1.96 of it either side."""
        return math.log(self.high / self.low) / (2 * 1.96)


@dataclass(frozen=True, slots=True)
class Healing:
    """How redness fades after needles of up to `up_to_mm` (None: any, or no needle).

    Hours for the half-life of the extra blood; days for the time until the skin is clear.
    """

    up_to_mm: float | None
    half_life_hours: Spread
    clear_days: float
    clear_days_p95: float


@dataclass(frozen=True, slots=True)
class SignRatio:
    """How the odds of a concern change when a sign is reported, and when it is denied."""

    reported: float
    denied: float


@dataclass(frozen=True, slots=True)
class ConcernRule:
    """When a concern is possible, how often it happens, and at which probability it matters."""

    window_days: tuple[float, float]
    prior: float
    limits: Mapping[Level, float]
    signs: Mapping[str, SignRatio]
    readings_apart_days: float = 0.0


@dataclass(frozen=True, slots=True)
class RedFlag:
    """Answers that act at once, before any photo: all signs together, or pain from a score."""

    signs: frozenset[str]
    pain_from: int | None
    concern: Concern
    words: str


@dataclass(frozen=True, slots=True)
class Aftercare:
    """What a patient does, avoids and may expect on days `first_day` to `last_day`."""

    first_day: int
    last_day: int
    do: str
    avoid: str
    normal: str
    call_us: str


@dataclass(frozen=True, slots=True)
class Protocol:
    """One treatment's priors, to be signed off by the clinic.

    `peak_doublings` is the redness two hours after treatment; `day_sd` the spread of true skin
    from day to day around its curve, in doublings; the model spreads of the concerns likewise. A
    second rise ends at `full_rise` doublings, new pigment comes with a time constant of
    `pigment_days`, and a reading supports it from `pigment_supporting_sds` on. An answer speaks for
    `answer_memory`.
    """

    kind: str
    title: str
    version: str
    sources: tuple[str, ...]
    peak_doublings: Spread
    day_sd: float
    history_factor_limit: float
    rise_per_day: Spread
    plateau_share: tuple[float, float]
    pigment_amount: Spread
    pigment_sd: float
    full_rise: float
    pigment_days: float
    pigment_supporting_sds: float
    answer_memory: timedelta
    pain_high_from: int
    pain_rising_by: int
    itch_high_from: int
    healing: tuple[Healing, ...]
    concerns: Mapping[Concern, ConcernRule]
    red_flags: tuple[RedFlag, ...]
    aftercare: tuple[Aftercare, ...]

    def healing_for(self, needle_depth_mm: float | None) -> Healing:
        """The healing that fits the depth; the deepest where the depth is unknown."""
        if needle_depth_mm is not None:
            for healing in self.healing:
                if healing.up_to_mm is not None and needle_depth_mm <= healing.up_to_mm:
                    return healing
        return self.healing[-1]

    def aftercare_on(self, day: int) -> Aftercare | None:
        """The lines for a calendar day since treatment, or None outside the plan."""
        for care in self.aftercare:
            if care.first_day <= day <= care.last_day:
                return care
        return None


def parse_protocol(text: str, source: str) -> Protocol:
    """Read a protocol from TOML.

    `source` names the file in messages. Raises ProtocolError that names key and remedy.
    """
    try:
        table = _Table(tomllib.loads(text), source)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{source}: not valid TOML ({error}); mend the line named") from error
    if table.number("schema") != SCHEMA:
        raise ProtocolError(f"{source}: schema must be {SCHEMA}")
    redness, pigment, signs = table.table("redness"), table.table("pigment"), table.table("signs")
    plateau = redness.pair("plateau_share")
    return Protocol(
        kind=table.text("kind"),
        title=table.text("title"),
        version=table.text("version"),
        sources=tuple(table.texts("sources")),
        peak_doublings=redness.spread("peak_doublings"),
        day_sd=redness.positive("day_sd"),
        history_factor_limit=redness.positive("history_factor_limit"),
        rise_per_day=redness.spread("rise_per_day"),
        plateau_share=plateau,
        pigment_amount=pigment.spread("amount"),
        pigment_sd=pigment.positive("day_sd"),
        full_rise=redness.positive("full_rise"),
        pigment_days=pigment.positive("develops_days"),
        pigment_supporting_sds=pigment.positive("supporting_sds"),
        answer_memory=timedelta(hours=signs.positive("memory_hours")),
        pain_high_from=int(signs.number("pain_high_from")),
        pain_rising_by=int(signs.number("pain_rising_by")),
        itch_high_from=int(signs.number("itch_high_from")),
        healing=tuple(_healing(row) for row in table.rows("healing")),
        concerns={Concern(k): _concern(t) for k, t in _named(table.table("concerns"), Concern)},
        red_flags=tuple(_red_flag(row) for row in table.rows("red_flags")),
        aftercare=tuple(_aftercare(row) for row in table.rows("aftercare")),
    )


def _healing(row: "_Table") -> Healing:
    return Healing(
        up_to_mm=row.positive("up_to_mm") if "up_to_mm" in row.values else None,
        half_life_hours=row.spread("half_life_hours"),
        clear_days=row.positive("clear_days"),
        clear_days_p95=row.positive("clear_days_p95"),
    )


def _concern(row: "_Table") -> ConcernRule:
    prior = row.positive("prior")
    if prior >= 1:
        raise ProtocolError(f"{row.source}: prior must lie below 1")
    signs = row.table("signs")
    unknown = set(signs.values) - ALL_SIGNS
    if unknown:
        raise ProtocolError(
            f"{signs.source}: {min(unknown)} is no sign; use one of {sorted(ALL_SIGNS)}"
        )
    limits = row.table("limits")
    return ConcernRule(
        window_days=row.pair("window_days"),
        prior=prior,
        limits={Level(name): limits.positive(name) for name, _ in _named_values(limits, Level)},
        signs={name: SignRatio(*signs.pair(name)) for name in signs.values},
        readings_apart_days=row.number("readings_apart_days", default=0.0),
    )


def _red_flag(row: "_Table") -> RedFlag:
    signs = frozenset(row.texts("signs"))
    if signs - ALL_SIGNS:
        raise ProtocolError(f"{row.source}.signs: use some of {sorted(ALL_SIGNS)}")
    pain = int(row.number("pain_from")) if "pain_from" in row.values else None
    if not signs and pain is None:
        raise ProtocolError(f"{row.source}: a red flag needs signs or pain_from")
    try:
        concern = Concern(row.text("concern"))
    except ValueError as error:
        raise ProtocolError(f"{row.source}.concern: use one of {[*Concern]}") from error
    return RedFlag(signs, pain, concern, row.text("words"))


def _aftercare(row: "_Table") -> Aftercare:
    first, last = row.pair("days")
    texts = {name: row.text(name) for name in ("do", "avoid", "normal", "call_us")}
    return Aftercare(first_day=int(first), last_day=int(last), **texts)


def _named(table: "_Table", kinds: type[Concern]) -> list[tuple[str, "_Table"]]:
    return [(name, table.table(name)) for name, _ in _named_values(table, kinds)]


def _named_values(table: "_Table", kinds: type[Concern] | type[Level]) -> list[tuple[str, Any]]:
    for name in table.values:
        if name not in set(kinds):
            raise ProtocolError(f"{table.source}.{name}: use one of {[str(k) for k in kinds]}")
    return list(table.values.items())


class _Table:
    """A TOML table that knows where it stands, so that every mistake is named."""

    def __init__(self, values: Mapping[str, Any], source: str) -> None:
        self.values = values
        self.source = source

    def _get(self, key: str, kind: type | tuple[type, ...], wanted: str) -> Any:
        value = self.values.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ProtocolError(f"{self.source}: {key} must be {wanted}")
        return value

    def text(self, key: str) -> str:
        return str(self._get(key, str, "a text"))

    def texts(self, key: str) -> list[str]:
        return [str(item) for item in self._get(key, list, "a list of texts")]

    def number(self, key: str, default: float | None = None) -> float:
        if default is not None and key not in self.values:
            return default
        return float(self._get(key, (int, float), "a number"))

    def positive(self, key: str) -> float:
        value = self.number(key)
        if value <= 0:
            raise ProtocolError(f"{self.source}: {key} must be greater than 0")
        return value

    def pair(self, key: str) -> tuple[float, float]:
        values = self._get(key, list, "two numbers")
        if len(values) != 2 or not all(isinstance(v, int | float) for v in values):
            raise ProtocolError(f"{self.source}: {key} must be two numbers")
        return float(values[0]), float(values[1])

    def table(self, key: str) -> "_Table":
        return _Table(self._get(key, dict, "a table"), f"{self.source}: {key}")

    def rows(self, key: str) -> list["_Table"]:
        values = self._get(key, list, "a list of tables")
        return [_Table(row, f"{self.source}: {key}[{n}]") for n, row in enumerate(values, 1)]

    def spread(self, key: str) -> Spread:
        table = self.table(key)
        spread = Spread(*(table.positive(name) for name in ("median", "low", "high")))
        if not spread.low < spread.median < spread.high:
            raise ProtocolError(f"{table.source}: low, median and high must rise")
        return spread
