"""Finds contradictions in a protocol: between what it calls normal and what it warns of."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from math import ceil, floor

from tracker.domain.alerts.alerts import Concern
from tracker.domain.course.check_ins import HABITS, SCALES
from tracker.domain.protocols.care import LAST_DAY, CareLine, Heading
from tracker.domain.protocols.protocols import Floor, Healing, Protocol
from tracker.domain.protocols.toml_tables import Mistake, mistakes_in
from tracker.domain.recovery.bands import recovery_band
from tracker.domain.recovery.signs import is_usual

# The signs that a line can name, by the words that people use for them, in small letters.
_NAMES: Mapping[str, re.Pattern[str]] = {
    sign: re.compile(words)
    for sign, words in {
        "breathing_or_face_swelling": r"breath|\blips?\b|tongue",
        "eye_swelling": r"\b(swell|swollen|puff)[^.;]*\beye|\beyes?\b[^.;]*\b(swell|swollen|puff)",
        "eye_pain": r"\beye\b[^.;]*\b(hurt|sees less)|pain in an eye|light that hurts",
        "pus": r"\bpus\b|yellow|\bcrust|\bweep|\bfluid",
        "fever": r"\bfever",
        "blisters": r"\bblister|punched out",
        "tingling": r"\btingl",
        "hives": r"\bhives",
        "dusky": r"\bturns? (black|blue)|\bpurple\b|\bdusky\b",
        "spreading": r"\bspread",
        "hardness": r"\bhard\b|\blumps?\b|\braised\b",
        "numb_or_drooping": r"\bnumb(?!er)|\bdroop",
        "palpitations": r"\bheart\b",
        "faint": r"\bfaint",
        "bleeding": r"\bbleed|\bblood\b",
        "pain": r"\bpain|\bsore\b|\bhurts?\b|\bsting",
        "itch": r"\bitch|\brash\b",
        "swelling": r"\bswell|\bswollen|\bpuff",
        "warmth": r"\bwarm|\bhot\b",
        "redness": r"\bred\b|\bredness|\bredder|\bpink",
        "darkening": r"\bdark(?!,? dry crust)",
        "lightening": r"\blight patch|\blight(er)? (patches|tone)",
    }.items()
}
# Everyone has some of these after a treatment, so only their strength or a change warns.
_BY_MEASURE = frozenset(
    {"pain", "itch", "swelling", "warmth", "redness", "darkening", "lightening"}
)
_MEASURE = re.compile(
    r"\d|grow|spread|worse|more than|strong|severe|heavy|\bnew\b|stay|still|does not fade|again"
    r"|black|one side|swollen (shut|eye)|\beye|\blips?\b|beyond"
)
_GROWS = re.compile(r"\bgrow|\bworse")
_STRONG = re.compile(r"\b(strong|severe|heavy|a lot of) (pain|swelling)")
_CLEAR = re.compile(r"\bclear(er)?(,| skin)|\bcalm\b")
_RED = re.compile(r"\bred\b|\bredness|\bpink")
_STILL_RED = re.compile(r"redness that is still there|\bstill red")

# The signs by which a patient notices a concern, and whether from the first day on.
_WARNINGS: Mapping[Concern, tuple[bool, tuple[str, ...]]] = {
    Concern.INFECTION: (True, ("pus", "fever", "spreading")),
    Concern.ALLERGIC_REACTION: (True, ("hives", "itch", "breathing_or_face_swelling")),
    Concern.COLD_SORE: (True, ("blisters", "tingling")),
    Concern.HYPERPIGMENTATION: (False, ("darkening",)),
    Concern.HYPOPIGMENTATION: (False, ("lightening",)),
    Concern.SCARRING: (False, ("hardness",)),
    Concern.PROLONGED_INFLAMMATION: (False, ("redness",)),
}


def contradictions(protocol: Protocol) -> tuple[Mistake, ...]:
    """The lines that the protocol's own warnings, questions or band contradict.

    Each mistake names the key and the line of the text, the first day on which it shows, and the
    remedy. Takes about 20 ms for each depth or variant.
    """
    found: dict[str, tuple[str, str]] = {}
    for key, remedy in (*_of_lines(protocol), *_of_questions(protocol)):
        found.setdefault(f"{key} {remedy.partition(' on day')[0]}", (key, remedy))
    return mistakes_in(protocol.text, found.values())


def named_in(line: CareLine) -> frozenset[str]:
    """The signs that a line names, by its words or by its `about`."""
    return line.about | _signs_in(line.line)


@lru_cache(maxsize=1024)
def _signs_in(words: str) -> frozenset[str]:
    found = words.casefold()
    return frozenset(sign for sign, named in _NAMES.items() if named.search(found))


@dataclass(frozen=True)
class _Kind:
    """One depth or variant of the treatment, and the days on which its band is still red."""

    protocol: Protocol
    healing: Healing

    @property
    def words(self) -> str:
        if self.healing.variant is not None:
            return f" after {self.healing.variant}"
        deepest = self.healing.up_to_mm
        return f" at {deepest:g} mm" if deepest is not None else ""

    @cached_property
    def red_until(self) -> float:
        """The last day on which the band's upper edge is visible redness."""
        visible = self.protocol.redness.visible
        band = recovery_band(self.protocol, self.healing, self.last_day + 5)
        return max((point.day for point in band if point.high > visible), default=-1.0)

    @cached_property
    def last_day(self) -> int:
        ends = (line.last_day or 0 for lines in self.protocol.aftercare.values() for line in lines)
        return max(ends)

    def lines(self, heading: Heading) -> Iterator[tuple[str, CareLine, range]]:
        """The lines under a heading, each with its key and its days until the plan ends."""
        for number, line in enumerate(self.protocol.aftercare[heading], 1):
            last = self.last_day if line.last_day is None else min(line.last_day, self.last_day)
            if line.holds(line.first_day, self.healing.variant, self.healing.up_to_mm):
                yield f"aftercare.{heading}[{number}]", line, range(line.first_day, last + 1)

    @cached_property
    def called_for(self) -> list[frozenset[str]]:
        """By day, the signs for which the lines of that day say to call."""
        called = [set[str]() for _ in range(LAST_DAY + 1)]
        for line in self.protocol.aftercare[Heading.CALL_US]:
            if line.holds(line.first_day, self.healing.variant, self.healing.up_to_mm):
                last = LAST_DAY if line.last_day is None else line.last_day
                for day in range(line.first_day, last + 1):
                    called[day] |= named_in(line)
        return [frozenset(each) for each in called]

    @cached_property
    def floors(self) -> list[tuple[str, Floor]]:
        """The floors of a single sign, each with that sign."""
        found = []
        for each in self.protocol.floors:
            signs = [*each.signs]
            signs += ["pain"] if each.pain_from is not None else []
            signs += ["swelling"] if each.swelling_from is not None else []
            if len(signs) == 1 and (not each.variants or self.healing.variant in each.variants):
                found.append((signs[0], each))
        return found


def _of_lines(protocol: Protocol) -> Iterator[tuple[str, str]]:
    """Key and remedy of every line that contradicts another line, a floor or the band.

    Lines are compared in pairs, not day by day, so that the time grows with their number alone.
    """
    for healing in protocol.healing:
        kind = _Kind(protocol, healing)
        first_days: dict[tuple[str, str], int] = {}
        for key, remedy, day in (*_of_normal(kind), *_of_call_us(kind)):
            first_days[key, remedy] = min(day, first_days.get((key, remedy), day))
        for (key, remedy), day in sorted(first_days.items(), key=lambda each: each[1]):
            yield key, f"{remedy} on day {day}{kind.words}"
        yield from _missing(kind)
    for heading in (Heading.CALL_US, Heading.AVOID):
        ends = [line.last_day or 0 for line in protocol.aftercare[heading]]
        plan = max(line.last_day or 0 for line in protocol.aftercare[Heading.NORMAL])
        for number, last in enumerate(ends, 1):
            if last >= plan:
                remedy = "ends with the plan, as if it were allowed or harmless from then on"
                yield f"aftercare.{heading}[{number}]", f"{remedy}; write from_day in place of days"


def _of_normal(kind: _Kind) -> Iterator[tuple[str, str, int]]:
    """What contradicts a line of `normal`: its key, the remedy and the first day."""
    call_us = list(kind.lines(Heading.CALL_US))
    tell = "; say in tells_apart how the two differ, or take it out of this line"
    for key, line, days in kind.lines(Heading.NORMAL):
        words, named = line.line.casefold(), named_in(line) - _signs_in(line.tells_apart)
        for _, other, their_days in call_us:
            both = named & named_in(other)
            if not both or not (common := _common(days, their_days)):
                continue
            for sign in both - _BY_MEASURE:
                yield key, f"calls {_words(sign)} normal, which call_us warns of{tell}", common[0]
            grows = both & _BY_MEASURE
            if grows and _GROWS.search(words) and _GROWS.search(other.line.casefold()):
                remedy = f"says that {_words(min(grows))} grows, which call_us warns of{tell}"
                yield key, remedy, common[0]
        for sign, each in kind.floors:
            if sign in named and (sign not in _BY_MEASURE or _STRONG.search(words)):
                apply = (day for day in days if not is_usual(each, day))
                for day in islice(apply, 1):
                    yield key, f"calls {_words(sign)} normal, which a floor warns of{tell}", day
        yield from ((key, remedy, day) for remedy, day in _against_band(kind, words, days))


def _against_band(kind: _Kind, words: str, days: range) -> Iterator[tuple[str, int]]:
    """What a line calls normal and the band does not, with the first day."""
    if _CLEAR.search(words):
        remedy = (
            "says the skin is clear while the band still shows redness until day"
            f" {ceil(kind.red_until):g}; begin it later, or for shallower needles or a milder"
            " variant"
        )
        if days and days[0] <= kind.red_until:
            yield remedy, days[0]
    elif _RED.search(words):
        clear_from = floor(kind.red_until) + 1
        remedy = (
            f"says the skin is red while the band is clear from day {clear_from}; end it earlier,"
            " or keep it for deeper needles or a stronger variant"
        )
        if late := _common(days, range(clear_from, days.stop)):
            yield remedy, late[0]


def _of_call_us(kind: _Kind) -> Iterator[tuple[str, str, int]]:
    """The lines of `call_us` that name a sign without a measure, or against the band."""
    usual = min(kind.red_until, kind.healing.clear_days_p95)
    for key, line, days in kind.lines(Heading.CALL_US):
        if not days:
            continue
        words, vague = line.line.casefold(), named_in(line) & _BY_MEASURE
        if vague and not _MEASURE.search(words):
            remedy = (
                f"warns of {_words(min(vague))}, which everyone has after a treatment; say from"
                " what level on, or how it changes"
            )
            yield key, remedy, days[0]
        if _STILL_RED.search(words) and days[0] <= usual:
            remedy = (
                f"warns of redness that is usual until day {ceil(usual):g}; begin it later, or for"
                " shallower needles or a milder variant"
            )
            yield key, remedy, days[0]


def _common(days: range, others: range) -> range:
    return range(max(days.start, others.start), min(days.stop, others.stop))


def _missing(kind: _Kind) -> Iterator[tuple[str, str]]:
    """Signs that no line of `call_us` names while their concern can begin, or a floor applies."""
    remedy = "; add a line for it, with from_day when it has no end. It is missing"
    key = f"aftercare.{Heading.CALL_US}"
    called = kind.called_for
    for concern, (at_once, signs) in _WARNINGS.items():
        rule = kind.protocol.concerns[concern]
        first = 0 if at_once else ceil(max(rule.window_days[0], rule.onset_days[0]))
        if concern is Concern.PROLONGED_INFLAMMATION:
            first = max(first, floor(max(kind.healing.clear_days_p95, kind.red_until)) + 1)
        last = floor(max(rule.window_days[1], rule.onset_days[1]))
        for sign in signs:
            day = next((d for d in range(first, last + 1) if sign not in called[d]), None)
            if day is not None:
                can = f"{concern.words} can begin until day {last}"
                yield (
                    key,
                    f"{can}, but nothing names {_words(sign)}{remedy} on day {day}{kind.words}",
                )
    variant = kind.healing.variant
    questions = [q for q in kind.protocol.check_in if not q.variants or variant in q.variants]
    asked = {name: (0.0, float(LAST_DAY)) for name in SCALES} | {q.sign: q.days for q in questions}
    for sign, each in kind.floors:
        asked_first, asked_last = asked.get(sign, (1.0, 0.0))
        days = range(ceil(asked_first), floor(asked_last) + 1)
        acting = (d for d in days if sign not in called[d] and not is_usual(each, d))
        for day in islice(acting, 1):
            acts = f"a floor acts on {_words(sign)}, but nothing names it"
            yield key, f"{acts}{remedy} on day {day}{kind.words}"


def _of_questions(protocol: Protocol) -> Iterator[tuple[str, str]]:
    """Questions that end before the concern they point to can begin."""
    for number, question in enumerate(protocol.check_in, 1):
        rules = [r for r in protocol.concerns.values() if question.sign in r.signs]
        last = max((rule.onset_days[1] for rule in rules), default=0)
        if question.sign not in HABITS and question.days[1] < last:
            remedy = f"is asked until day {question.days[1]:g}, but the concern can begin until"
            yield f"check_in[{number}].days", f"{remedy} day {last:g}; ask it as long"


def _words(sign: str) -> str:
    return sign.replace("_", " ")
