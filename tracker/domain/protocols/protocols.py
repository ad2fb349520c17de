"""A protocol: everything medical that the code must know about one kind of treatment, as data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256

from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.course.photos import SkinState
from tracker.domain.course.treatments import Treatment
from tracker.domain.people.people import Risk
from tracker.domain.protocols.care import CareLine, Heading, Spacing

DIGEST_SIGNS = 8


class ProtocolError(ValueError):
    """A protocol cannot be used; the message names file, key and remedy."""


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
    """How redness fades after needles of up to `up_to_mm`, or after a `variant` of the treatment.

    Both None: any other. Hours for the half-life of the extra blood; days for the time until the
    skin is clear. `peak_doublings` replaces the protocol's; `peak_days` is given when redness peaks
    not at once but that many days later.
    """

    up_to_mm: float | None
    variant: str | None
    half_life_hours: Spread
    clear_days: float
    clear_days_p95: float
    peak_doublings: Spread
    peak_days: Spread | None


@dataclass(frozen=True, slots=True)
class SignRatio:
    """How the odds of a concern change when a sign is reported, and when it is denied."""

    reported: float
    denied: float


@dataclass(frozen=True, slots=True)
class ConcernRule:
    """When a concern is possible, how often it happens, and at which probability it matters.

    It begins within `onset_days`, and in the share `focal_share` of cases it shows in some region
    only. Any one photo, or all photos within `readings_apart_days` (half a day is forgiven),
    multiply its odds by no more than `one_photo_limit`, all photos together by no more than
    `photos_limit`, times what reported signs that name this concern do. The share
    `symptomless_share` of cases reports no sign.
    """

    window_days: tuple[float, float]
    onset_days: tuple[float, float]
    prior: float
    limits: Mapping[Level, float]
    signs: Mapping[str, SignRatio]
    focal_share: float
    one_photo_limit: float
    photos_limit: float
    symptomless_share: float
    readings_apart_days: float = 0.0


@dataclass(frozen=True, slots=True)
class RednessPriors:
    """How redness comes and goes, in doublings. The half-lives are in `Healing`.

    `day_sd` is the spread of true skin from day to day around its curve, `region_day_sd` that of
    one region around its neighbours, `region_log_sd` how differently regions react (natural log of
    blood). A second rise climbs by `rise_per_day` up to `full_rise`. Redness that stays either
    stops at `plateau_share` of the peak's blood or fades `slowness` times more slowly; below
    `visible` it cannot be seen. The share `passing_share` of courses has a flush or a nick of the
    size `passing`, which fades with its half-life. `state_sd` is what make-up, sport and the like
    add to the error of a photo.
    """

    day_sd: float
    region_day_sd: float
    region_log_sd: float
    rise_per_day: Spread
    full_rise: Spread
    plateau_share: tuple[float, float]
    slowness: Spread
    visible: float
    passing_share: float
    passing: Spread
    passing_half_life_hours: Spread
    state_sd: Mapping[SkinState, float]


@dataclass(frozen=True, slots=True)
class PigmentPriors:
    """How pigment comes and goes, in doublings.

    `day_sd` is the spread of true skin from day to day. New pigment reaches `amount`, lost pigment
    `loss`, with a time constant of `develops_days`; `crust` is what bruises and crusts look like
    until they pass.
    """

    day_sd: float
    amount: Spread
    loss: Spread
    develops_days: float
    crust: Spread


@dataclass(frozen=True, slots=True)
class SilenceRule:
    """How many missed days, within which days, raise an alert by themselves."""

    window_days: tuple[float, float]
    missed_days: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What this treatment always does: photos of these days say nothing about `concerns`."""

    days: tuple[float, float]
    variants: frozenset[str]
    concerns: frozenset[Concern]
    because: str


@dataclass(frozen=True, slots=True)
class RiskModifier:
    """What any one of `risk_factors` (history, screening, skin type) changes about a concern.

    The odds of the prior are multiplied by `prior_odds`; the window is widened to `window_days`;
    `signs` replace the ratios of the same names.
    """

    risk_factors: frozenset[str]
    concern: Concern
    prior_odds: float
    window_days: tuple[float, float] | None
    signs: Mapping[str, SignRatio]


@dataclass(frozen=True, slots=True)
class Floor:
    """Answers that open an alert of at least `level`, on every day, whatever the photos show.

    All `signs` are reported in one check-in, pain is at least `pain_from` (1-10) and swelling at
    least `swelling_from` (1-3). On `usual_days`, calendar days of the patient, first and last
    included, this is usual and gives no floor. `variants` empty: after any. `words` say what the
    patient must do; `is_emergency` that this is to call the emergency number.
    """

    signs: frozenset[str]
    pain_from: int | None
    swelling_from: int | None
    usual_days: tuple[int, int] | None
    variants: frozenset[str]
    concern: Concern
    level: Level
    words: str
    is_emergency: bool


@dataclass(frozen=True, slots=True)
class LoweredFloor:
    """A shipped floor that a clinic has lowered or dropped, and why."""

    signs: frozenset[str]
    pain_from: int | None
    swelling_from: int | None
    concern: Concern
    because: str

    @property
    def words(self) -> str:
        """What is shown with every alert of the concern."""
        answers = [name.replace("_", " ") for name in sorted(self.signs)]
        answers += [f"pain from {self.pain_from}"] if self.pain_from is not None else []
        answers += [f"swelling from {self.swelling_from}"] if self.swelling_from is not None else []
        return f"this clinic lowered the level of {' with '.join(answers)}: {self.because}"


class Severity(StrEnum):
    """What an answer of the screening form means for the practitioner."""

    CONTRAINDICATION = "contraindication"
    CAUTION = "caution"
    NOTE = "note"


class Asks(StrEnum):
    """The kind of answer that a screening question needs."""

    YES_NO = "yes_no"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class ScreeningQuestion:
    """One question before treatment.

    A yes (`warn_if` False: a no) warns with `advice`, as severely as `severity` says. A yes also
    notes `risk` in the patient's history. A recorded skin type of `skin_types` answers yes.
    """

    id: str
    question: str
    asks: Asks
    severity: Severity
    warn_if: bool
    advice: str
    risk: Risk | None
    skin_types: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class CheckInQuestion:
    """A sign that is asked for on some days; with `risk_factors`, only of people with one of these.

    With `variants`, only after one of these.
    """

    sign: str
    question: str
    days: tuple[float, float]
    risk_factors: frozenset[str]
    variants: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CitedSource:
    """Where the figures of some keys come from: a citation, or `team prior`."""

    about: tuple[str, ...]
    citation: str
    says: str


@dataclass(frozen=True, slots=True)
class SignOff:
    """Who is responsible for a protocol at a clinic, since when."""

    by: str
    on: date


@dataclass(frozen=True, slots=True)
class Protocol:
    """One treatment's priors, to be signed off by the clinic.

    `history_factor_limit` is the most by which photos that may not alert alone multiply any odds.
    An answer counts for `answer_memory`. `pain_usual` is the most pain that is usual on days 0, 1,
    …; the last value applies from there on. `needle_depth_mm` is the range the protocol is for,
    None without needles; `text` is the file it was read from.
    """

    kind: str
    title: str
    version: str
    text: str = field(repr=False)
    sign_off: SignOff | None
    needle_depth_mm: tuple[float, float] | None
    sources: tuple[CitedSource, ...]
    redness: RednessPriors
    pigment: PigmentPriors
    history_factor_limit: float
    answer_memory: timedelta
    pain_usual: tuple[float, ...]
    pain_unusual_by: int
    pain_high_from: int
    itch_high_from: int
    swelling_high_from: int
    healing: tuple[Healing, ...]
    concerns: Mapping[Concern, ConcernRule]
    silence: SilenceRule
    expected: tuple[Expected, ...]
    risks: tuple[RiskModifier, ...]
    floors: tuple[Floor, ...]
    lowered_floors: tuple[LoweredFloor, ...]
    screening: tuple[ScreeningQuestion, ...]
    check_in: tuple[CheckInQuestion, ...]
    aftercare: Mapping[Heading, tuple[CareLine, ...]]
    spacing: tuple[Spacing, ...] = ()

    @property
    def digest(self) -> str:
        """Distinguishes two texts of the same version."""
        return sha256(self.text.encode()).hexdigest()[:DIGEST_SIGNS]

    @property
    def label(self) -> str:
        """Names the text that judged: `microneedling 2026-11-20 (1f0c2a9b)`."""
        return f"{self.kind} {self.version} ({self.digest})"

    @property
    def sign_off_words(self) -> str:
        """Who has signed the protocol off, or that it is not signed off."""
        if self.sign_off is None:
            return "not yet signed off by a clinic"
        return f"signed off by {self.sign_off.by} on {self.sign_off.on.isoformat()}"

    @property
    def variants(self) -> tuple[str, ...]:
        """The variants of the treatment, mildest first; empty for a treatment without variants."""
        return tuple(h.variant for h in self.healing if h.variant is not None)

    def check_depth(self, needle_depth_mm: float) -> None:
        """Raise ProtocolError when the protocol is not for needles of this depth."""
        if self.needle_depth_mm is None:
            raise ProtocolError(f"{self.kind} uses no needles; leave the needle depth out")
        low, high = self.needle_depth_mm
        if not low <= needle_depth_mm <= high:
            message = f"{self.kind} is for needles of {low:g} to {high:g} mm"
            raise ProtocolError(f"{message}, not {needle_depth_mm:g}; choose another treatment")

    def is_depth_missing(self, treatment: Treatment) -> bool:
        """Whether needles were used to an unknown depth; the slowest curve then judges."""
        return self.needle_depth_mm is not None and treatment.needle_depth_mm is None

    def healing_for(self, needle_depth_mm: float | None, variant: str | None = None) -> Healing:
        """The healing that fits depth or variant; the last, and longest, where neither is known."""
        for healing in self.healing:
            if variant is not None and healing.variant == variant:
                return healing
            if needle_depth_mm is not None and needle_depth_mm <= (healing.up_to_mm or 0.0):
                return healing
        return self.healing[-1]

    def counts(self, concern: Concern, day: float, variant: str | None = None) -> bool:
        """Whether a photo of that day can say anything about a concern after this treatment."""
        return not any(
            concern in expected.concerns
            and expected.days[0] <= day <= expected.days[1]
            and (not expected.variants or variant in expected.variants)
            for expected in self.expected
        )

    def adapted_to(self, risk_factors: frozenset[str]) -> "Protocol":
        """The protocol for a person with these risk factors: priors, windows and ratios adapted."""
        rules = dict(self.concerns)
        for modifier in self.risks:
            if modifier.risk_factors & risk_factors:
                rules[modifier.concern] = _modified(rules[modifier.concern], modifier)
        return replace(self, concerns=rules)


@dataclass(frozen=True, slots=True)
class Protocols:
    """All protocols of an installation."""

    by_kind: Mapping[str, Protocol]

    def of(self, kind: str) -> Protocol:
        """The protocol of a kind of treatment; ProtocolError that names the known kinds."""
        if kind not in self.by_kind:
            kinds = ", ".join(sorted(self.by_kind))
            raise ProtocolError(f"no protocol for {kind!r}; use one of {kinds}")
        return self.by_kind[kind]

    def for_treatment(self, treatment: Treatment) -> Protocol:
        """The protocol that a treatment follows; ProtocolError when it fits none."""
        protocol = self.of(treatment.kind)
        if treatment.variant not in (protocol.variants or (None,)):
            choice = ", ".join(protocol.variants)
            remedy = f"use one of {choice}" if choice else "leave it out"
            raise ProtocolError(f"variant of {treatment.kind} is {treatment.variant!r}; {remedy}")
        if treatment.needle_depth_mm is not None:
            protocol.check_depth(treatment.needle_depth_mm)
        return protocol


def _modified(rule: ConcernRule, modifier: RiskModifier) -> ConcernRule:
    odds = rule.prior / (1 - rule.prior) * modifier.prior_odds
    first, last = rule.window_days
    earlier, later = modifier.window_days or rule.window_days
    return replace(
        rule,
        prior=odds / (1 + odds),
        window_days=(min(first, earlier), max(last, later)),
        signs={**rule.signs, **modifier.signs},
    )
