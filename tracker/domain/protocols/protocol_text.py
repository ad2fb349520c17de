"""Reads a protocol's text from TOML and names every mistake at once."""

import re
from collections.abc import Iterable
from datetime import timedelta
from math import inf
from typing import Any

from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.course.check_ins import HELP, SIGNS
from tracker.domain.course.photos import SkinState
from tracker.domain.people.people import SKIN_TYPES, Risk
from tracker.domain.protocols.care import LAST_DAY
from tracker.domain.protocols.care_text import aftercare_in, spacing_in
from tracker.domain.protocols.floors import read_floors, read_lowered_floors
from tracker.domain.protocols.protocols import (
    Asks,
    CheckInQuestion,
    CitedSource,
    ConcernRule,
    Expected,
    Healing,
    PigmentPriors,
    Protocol,
    ProtocolError,
    RednessPriors,
    RiskModifier,
    ScreeningQuestion,
    Severity,
    SignOff,
    SignRatio,
    SilenceRule,
    Spread,
)
from tracker.domain.protocols.toml_tables import Document, Mistake, Table, read_toml

SCHEMA = 1
DERIVED_SIGNS = ("pain_high", "unusual_pain", "itch_high", "swelling_high", "trend_worse")
ALL_SIGNS = (*SIGNS, *DERIVED_SIGNS)
JUDGED = tuple(concern for concern in Concern if concern.is_estimated)
SOURCED = ("redness", "pigment", "healing", "concerns", "risks", "screening", "aftercare")
SPREADS = (0.001, 24.0 * LAST_DAY)  # no figure is larger than the hours of the longest plan
SOURCED_IF_GIVEN = ("signs", "silence", "check_in", "spacing")
MOST_LINES = 3000  # of a whole text; the shipped ones have up to 937
MOST_ROWS = 100  # of one kind; the shipped protocols have up to 35
MOST_HEALING = 12  # depths or variants; the shipped ones have up to five
LONGEST_TEXT = 2000  # characters of one sentence or list of them; the shipped ones have up to 363
NAME = re.compile(r"[a-z][a-z0-9_]*")


class ProtocolTextError(ProtocolError):
    """A protocol's text cannot be used; `mistakes` names each."""

    def __init__(self, source: str, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(f"{source}: {mistake}" for mistake in mistakes))
        self.mistakes = mistakes


def parse_protocol(text: str, source: str) -> Protocol:
    """Read a protocol from TOML; `source` names the file in messages.

    Raises ProtocolTextError that names every key to correct.
    """
    try:
        values = _values(text)
    except ValueError as error:
        mistake = Mistake("TOML", None, f"cannot be read ({error}); correct the line named")
        raise ProtocolTextError(source, (mistake,)) from error
    document = Document(text, values, MOST_ROWS, LONGEST_TEXT)
    protocol = _protocol(document.root, text)
    if mistakes := document.mistakes():
        raise ProtocolTextError(source, mistakes)
    return protocol


def _values(text: str) -> dict[str, Any]:
    if len(text.splitlines()) > MOST_LINES:
        raise ValueError(f"more than {MOST_LINES} lines")
    return read_toml(text)


def _protocol(root: Table, text: str) -> Protocol:
    if root.whole("schema", 1, 1000) != SCHEMA:
        root.refuse("schema", f"must be {SCHEMA}")
    redness, signs = root.table("redness"), root.table("signs")
    peak = _spread(redness, "peak_doublings")
    healing = tuple(_healing(row, peak) for row in root.rows("healing", least=1))
    _check_healing(root, healing)
    if len(healing) > MOST_HEALING:
        root.refuse("healing", f"must hold at most {MOST_HEALING}")
    variants = [row.variant for row in healing if row.variant is not None]
    screening = tuple(_screening(row) for row in root.rows("screening"))
    factors = _risk_factors(screening)
    protocol = Protocol(
        kind=_name(root, "kind"),
        title=root.text("title"),
        version=root.text("version"),
        text=text,
        sign_off=_sign_off(root.table("sign_off")) if root.has("sign_off") else None,
        needle_depth_mm=_depths(root),
        sources=tuple(_source(row) for row in root.rows("sources", least=1)),
        redness=_redness(redness),
        pigment=_pigment(root.table("pigment")),
        history_factor_limit=redness.number("history_factor_limit", 1, 100),
        answer_memory=timedelta(hours=signs.number("memory_hours", 1, 336)),
        pain_usual=signs.numbers("pain_usual", 0, 10),
        pain_unusual_by=signs.whole("pain_unusual_by", 1, 10),
        pain_high_from=signs.whole("pain_high_from", 1, 10),
        itch_high_from=signs.whole("itch_high_from", 1, 10),
        swelling_high_from=signs.whole("swelling_high_from", 1, 3),
        healing=healing,
        concerns=_concerns(root.table("concerns")),
        silence=_silence(root.table("silence")),
        expected=tuple(_expected(row, variants) for row in root.rows("expected")),
        risks=tuple(_risk(row, factors) for row in root.rows("risks")),
        floors=read_floors(root, variants),
        lowered_floors=read_lowered_floors(root),
        screening=screening,
        check_in=tuple(_question(row, factors, variants) for row in root.rows("check_in", least=1)),
        aftercare=aftercare_in(root.table("aftercare"), variants),
        spacing=tuple(spacing_in(row) for row in root.rows("spacing")),
    )
    _check_whole(root, protocol)
    return protocol


def _risk_factors(screening: Iterable[ScreeningQuestion]) -> tuple[str, ...]:
    """The names of the risk factors on which modifiers and questions may depend."""
    asked = (question.id for question in screening if question.asks is Asks.YES_NO)
    return (*(str(risk) for risk in Risk), *(f"skin_type_{n}" for n in SKIN_TYPES), *asked)


def _name(table: Table, key: str) -> str:
    """A name for commands, course files and links; the title is for people."""
    name = table.text(key)
    if name.strip() and not NAME.fullmatch(name):
        table.refuse(key, f"is {name!r}; use small letters a to z, digits and _, as chemical_peel")
    return name


def _spread(table: Table, key: str) -> Spread:
    row = table.table(key)
    low, median, high = (row.number(name, *SPREADS) for name in ("low", "median", "high"))
    if not 0 < low < median < high:
        row.refuse_here("low, median and high must rise")
        return Spread(1.0, 0.5, 2.0)
    return Spread(median, low, high)


def _redness(table: Table) -> RednessPriors:
    states = table.table("state_sd")
    return RednessPriors(
        day_sd=table.positive("day_sd", high=1),
        region_day_sd=table.positive("region_day_sd", high=1),
        region_log_sd=table.positive("region_log_sd", high=1),
        rise_per_day=_spread(table, "rise_per_day"),
        full_rise=_spread(table, "full_rise"),
        plateau_share=table.span("plateau_share", 0, 1),
        slowness=_spread(table, "slowness"),
        visible=table.positive("visible", high=2),
        passing_share=table.number("passing_share", 0.01, 0.9),
        passing=_spread(table, "passing"),
        passing_half_life_hours=_spread(table, "passing_half_life_hours"),
        state_sd={
            SkinState(name): states.number(name, 0, 3)
            for name in states.keys(SkinState, "no such state of the skin; use some of")
        },
    )


def _pigment(table: Table) -> PigmentPriors:
    return PigmentPriors(
        day_sd=table.positive("day_sd", high=1),
        amount=_spread(table, "amount"),
        loss=_spread(table, "loss"),
        develops_days=table.positive("develops_days", high=90),
        crust=_spread(table, "crust"),
    )


def _sign_off(row: Table) -> SignOff:
    return SignOff(by=row.text("by"), on=row.day("on"))


def _depths(root: Table) -> tuple[float, float] | None:
    return root.span("needle_depth_mm", 0, 5) if root.has("needle_depth_mm") else None


def _source(row: Table) -> CitedSource:
    about = tuple(sorted(row.named("about", (*SOURCED, *SOURCED_IF_GIVEN))))
    return CitedSource(about, row.text("citation"), row.text("says"))


def _healing(row: Table, peak: Spread) -> Healing:
    return Healing(
        up_to_mm=row.positive("up_to_mm", high=5) if row.has("up_to_mm") else None,
        variant=_name(row, "variant") if row.has("variant") else None,
        half_life_hours=_spread(row, "half_life_hours"),
        clear_days=_before(row, "clear_days", "clear_days_p95"),
        clear_days_p95=row.positive("clear_days_p95", high=LAST_DAY),
        peak_doublings=_spread(row, "peak_doublings") if row.has("peak_doublings") else peak,
        peak_days=_spread(row, "peak_days") if row.has("peak_days") else None,
    )


def _before(row: Table, key: str, later: str) -> float:
    value = row.positive(key, high=LAST_DAY)
    if value >= row.positive(later, high=LAST_DAY):
        row.refuse(key, f"must lie below {later}")
    return value


def _check_healing(root: Table, rows: tuple[Healing, ...]) -> None:
    """Either every row is a variant, or depths rise and the last row is for any depth."""
    variants = [row.variant for row in rows if row.variant is not None]
    depths = [row.up_to_mm for row in rows if row.up_to_mm is not None]
    if variants:
        if len(variants) < len(rows) or depths:
            root.refuse("healing", "give every [[healing]] a variant and no up_to_mm, or none one")
        if len(set(variants)) < len(variants):
            root.refuse("healing", "names a variant twice; write one [[healing]] for each")
    elif rows and (len(depths) != len(rows) - 1 or rows[-1].up_to_mm is not None):
        root.refuse("healing", "give up_to_mm in every [[healing]] but the last, for any depth")
    elif sorted(set(depths)) != depths:
        root.refuse("healing", "up_to_mm must rise from one [[healing]] to the next")


def _concerns(table: Table) -> dict[Concern, ConcernRule]:
    table.keys(JUDGED, "no such concern; use one of")
    return {concern: _concern(table.table(concern)) for concern in JUDGED}


def _concern(row: Table) -> ConcernRule:
    prior = row.positive("prior")
    if prior >= 1:
        row.refuse("prior", "must lie below 1")
        prior = 0.5
    window = row.span("window_days", 0, LAST_DAY)
    return ConcernRule(
        window_days=window,
        onset_days=_onset(row) if row.has("onset_days") else window,
        prior=prior,
        limits=_limits(row.table("limits")),
        signs=_ratios(row.table("signs")),
        focal_share=row.number("focal_share", 0, 1),
        one_photo_limit=row.number("one_photo_limit", 1, 1000),
        photos_limit=row.number("photos_limit", 1) if row.has("photos_limit") else inf,
        symptomless_share=row.number("symptomless_share", 0, 1),
        readings_apart_days=(
            row.number("readings_apart_days", 0, 90) if row.has("readings_apart_days") else 0.0
        ),
    )


def _onset(row: Table) -> tuple[float, float]:
    first, last = row.span("onset_days", 0, LAST_DAY)
    if first == last:
        row.refuse("onset_days", "must span some time, such as [2, 14]")
        return first, first + 1
    return first, last


def _limits(table: Table) -> dict[Level, float]:
    names = table.keys(Level, "no such level; use some of")
    limits = {Level(name): table.number(name, 0.01, 1) for name in names}
    if not limits:
        table.refuse_here("must give at least one level its limit, such as review = 0.85")
    values = [limits[level] for level in Level if level in limits]
    if values != sorted(values):
        table.refuse_here("limits must not fall from watch to review to urgent")
    return limits


def _ratios(table: Table) -> dict[str, SignRatio]:
    names = table.keys(ALL_SIGNS, "no such sign; use one of")
    return {name: _ratio(table, name) for name in names}


def _ratio(table: Table, name: str) -> SignRatio:
    """A reported sign never counts against its concern, a denied one never for it."""
    reported, denied = table.pair(name, 0.001, 1000)
    if reported < 1 or denied > 1:
        table.refuse(name, "must be [1 or more when reported, 1 or less when denied]")
    return SignRatio(reported, denied)


def _silence(row: Table) -> SilenceRule:
    return SilenceRule(row.span("window_days", 0, LAST_DAY), row.whole("missed_days", 1, 30))


def _expected(row: Table, variants: list[str]) -> Expected:
    return Expected(
        days=row.span("days", 0, LAST_DAY),
        variants=row.named("variants", variants) if row.has("variants") else frozenset(),
        concerns=frozenset(Concern(name) for name in row.named("concerns", JUDGED) & set(JUDGED)),
        because=row.text("because"),
    )


def _risk(row: Table, factors: Iterable[str]) -> RiskModifier:
    return RiskModifier(
        risk_factors=row.named("when_any", factors),
        concern=_judged(row),
        prior_odds=row.positive("prior_odds", high=100) if row.has("prior_odds") else 1.0,
        window_days=row.span("window_days", 0, LAST_DAY) if row.has("window_days") else None,
        signs=_ratios(row.table("signs")) if row.has("signs") else {},
    )


def _judged(row: Table) -> Concern:
    concern = row.kind(Concern, "concern")
    if concern not in JUDGED:
        row.refuse(
            "concern", f"{concern} is not judged from answers; use one of {', '.join(JUDGED)}"
        )
    return concern


def _screening(row: Table) -> ScreeningQuestion:
    asks = row.kind(Asks, "asks") if row.has("asks") else Asks.YES_NO
    warns = asks is Asks.YES_NO
    severity = row.kind(Severity, "severity") if warns else Severity.NOTE
    advised = warns and severity is not Severity.NOTE
    return ScreeningQuestion(
        id=row.text("id"),
        question=row.text("question"),
        asks=asks,
        severity=severity,
        warn_if=row.truth("warn_if") if warns and row.has("warn_if") else True,
        advice=row.text("advice") if advised else "",
        risk=row.kind(Risk, "risk") if warns and row.has("risk") else None,
        skin_types=_skin_types(row) if warns and row.has("skin_types") else frozenset(),
    )


def _skin_types(row: Table) -> frozenset[int]:
    given = row.numbers("skin_types", SKIN_TYPES[0], SKIN_TYPES[-1])
    if any(each != int(each) for each in given):
        row.refuse("skin_types", "must be whole numbers from 1 to 6, such as [5, 6]")
    return frozenset(map(int, given))


def _question(row: Table, factors: Iterable[str], variants: list[str]) -> CheckInQuestion:
    sign = row.text("sign")
    if sign not in SIGNS or sign == HELP:
        known = ", ".join(name for name in SIGNS if name != HELP)
        row.refuse("sign", f"is {sign!r}; use one of {known}")
    return CheckInQuestion(
        sign=sign,
        question=row.text("question"),
        days=row.span("days", 0, LAST_DAY),
        risk_factors=row.named("when_any", factors) if row.has("when_any") else frozenset(),
        variants=row.named("variants", variants) if row.has("variants") else frozenset(),
    )


def _check_whole(root: Table, protocol: Protocol) -> None:
    """Checks that span tables: sources cover the figures, and every sign in use is asked for."""
    covered = {name for source in protocol.sources for name in source.about}
    for name in (*SOURCED, *(["spacing"] if protocol.spacing else [])):
        if name not in covered:
            remedy = f"nothing says where [{name}] comes from; add a source or the team prior"
            root.refuse("sources", remedy)
    asked = {question.sign for question in protocol.check_in}
    used = {sign for rule in protocol.concerns.values() for sign in rule.signs}
    used |= {sign for floor in protocol.floors for sign in floor.signs}
    for sign in sorted((used & set(SIGNS)) - asked - {HELP}):
        root.refuse("check_in", f"{sign} is used but never asked; add a [[check_in]] for it")
    ids = [question.id for question in protocol.screening]
    for twice in sorted({name for name in ids if ids.count(name) > 1}):
        root.refuse("screening", f"asks {twice} twice; give each question an id of its own")
