"""The results as the tables that RECOVERY.md shows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from tests.benchmarks.alerts.cohort import MIX, Fate
from tests.benchmarks.alerts.naive import RULES
from tests.benchmarks.alerts.watching import Watched
from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.course.readings import Reference
from tracker.domain.protocols.protocols import Protocol

MAIN: Final = (Fate.INFECTION, Fate.SILENT_INFECTION, Fate.PROLONGED, Fate.DARKENING)
_HEALTHY: Final = (Fate.NORMAL, Fate.NICK, Fate.SUNBURN)
_SLACK: Final = 0.02  # days: an onset is drawn, a photo is taken; both have their minute
_LIMITS: Final = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 0.9)
_BINS: Final = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 0.6, 0.9, 1.0)


def lay_out(watched: Sequence[Watched], protocol: Protocol) -> str:
    """All tables, as Markdown."""
    parts = ["#### What is found, and how soon\n", _by_fate(watched)]
    parts += ["#### What is raised for nothing\n", _for_nothing(watched)]
    known = _referenced(watched)
    parts += ["#### By reference\n", _by(watched, lambda w: w.reference)]
    parts += [
        "#### By tone class (card or skin reference)\n",
        _by(known, lambda w: f"{w.tone.ita}°"),
    ]
    parts += ["#### By needle depth (card or skin reference)\n"]
    parts += [_by(known, lambda w: f"{w.depth_mm:g} mm")]
    parts += ["#### By days missed (card or skin reference)\n"]
    parts += [_by(known, lambda w: _percent(w.missed, 1))]
    parts += ["#### Operating curve: were one limit to hold for all concerns\n", _curve(watched)]
    parts += ["#### Reliability: what was said, and how often it was so\n"]
    parts += [_reliability(watched, protocol)]
    parts += ["#### Simple rules on the same courses\n", _naive(watched)]
    return "\n".join(parts)


def _referenced(watched: Iterable[Watched]) -> list[Watched]:
    """Courses whose photos may alert alone: those with card or untreated skin as reference."""
    return [w for w in watched if w.reference is not Reference.HISTORY]


def _mailed(one: Watched) -> dict[Concern, float]:
    """The day on which each concern was first mailed."""
    return {concern: d for (concern, level), d in one.levels.items() if level is Level.REVIEW}


def _found(one: Watched) -> float | None:
    """The day since the onset on which an alert was first mailed, newly or as more urgent."""
    mailed = (day for (_, level), day in one.levels.items() if level.is_mailed)
    return min((day for day in mailed if day >= one.starts - _SLACK), default=None)


def _named(one: Watched) -> float | None:
    """The day on which the right concern was mailed."""
    return None if one.concern is None else _mailed(one).get(one.concern)


def _is_named_first(one: Watched) -> bool:
    """Whether the right concern was the likeliest of those mailed first."""
    mailed = _mailed(one)
    first = min(mailed.values())
    at = one.days.index(first)
    likeliest = max(
        (c for c, day in mailed.items() if day == first), key=lambda c: one.probabilities[c][at]
    )
    return likeliest is one.concern


def _by_fate(watched: Sequence[Watched]) -> str:
    rows = []
    for fate in MIX:
        some = [w for w in watched if w.fate is fate]
        if fate in _HEALTHY or not some:
            continue
        delays = [day - w.starts for w in some if (day := _named(w)) is not None]
        found = [w for w in some if _found(w) is not None]
        referenced = _referenced(some)
        of_those = sum(_found(w) is not None for w in referenced)
        rows.append(
            (
                fate,
                len(some),
                _percent(len(found), len(some)),
                _percent(of_those, len(referenced)),
                _percent(len(delays), len(some)),
                _days(delays, 0.5),
                _days(delays, 0.9),
                _percent(sum(map(_is_named_first, found)), len(found)),
            )
        )
    heads = ("truth", "courses", "found", "with card or skin reference", "under its name")
    return table((*heads, "median delay, days", "90 % within", "right name first"), rows)


def _for_nothing(watched: Sequence[Watched]) -> str:
    rows = []
    for fate in _HEALTHY:
        some = [w for w in watched if w.fate is fate]
        raised = [concern for w in some for concern in _mailed(w)]
        urgent = sum(level is Level.URGENT for w in some for _, level in w.levels)
        names = ", ".join(f"{c.words} {raised.count(c)}" for c in Concern if c in raised)
        weeks = _weeks(some)
        rows.append((fate, len(some), f"{weeks:.0f}", _rate(len(raised), weeks), urgent, names))
    heads = ("truth", "courses", "weeks", "review or urgent a patient-week", "urgent", "which")
    return table(heads, rows)


def _by(watched: Sequence[Watched], key: Callable[[Watched], str]) -> str:
    rows, best = [], dict.fromkeys(MAIN, 0.0)
    worst = dict.fromkeys(MAIN, 1.0)
    for name in dict.fromkeys(
        map(key, sorted(watched, key=lambda w: (-w.tone.ita, w.depth_mm, w.missed)))
    ):
        some = [w for w in watched if key(w) == name]
        cells = []
        for fate in MAIN:
            ill = [w for w in some if w.fate is fate]
            found = sum(_found(w) is not None for w in ill)
            delays = [day - w.starts for w in ill if (day := _named(w)) is not None]
            cells.append(f"{_percent(found, len(ill))} of {len(ill)}, {_days(delays, 0.5)}")
            if ill:
                best[fate] = max(best[fate], found / len(ill))
                worst[fate] = min(worst[fate], found / len(ill))
        normal = [w for w in some if w.fate is Fate.NORMAL]
        false = _rate(sum(len(_mailed(w)) for w in normal), _weeks(normal))
        rows.append((name, *cells, false))
    ratios = [f"{worst[fate] / best[fate]:.2f}" if best[fate] else "" for fate in MAIN]
    rows.append(("worst / best", *ratios, ""))
    return table(
        ("", *(f"{fate}: found, median delay" for fate in MAIN), "false a patient-week"), rows
    )


def _curve(watched: Sequence[Watched]) -> str:
    normal = [w for w in watched if w.fate is Fate.NORMAL]
    rows = []
    for limit in _LIMITS:
        cells = []
        for fate in MAIN:
            ill = [w for w in watched if w.fate is fate]
            days = [(w, _passed(w, w.concern, limit)) for w in ill if w.concern is not None]
            delays = [day - w.starts for w, day in days if day is not None]
            cells.append(f"{_percent(len(delays), len(ill))}, {_days(delays, 0.5)}")
        false = sum(_passed(w, c, limit) is not None for w in normal for c in w.probabilities)
        rows.append((f"{limit:g}", *cells, _rate(false, _weeks(normal))))
    heads = (f"{fate}: found, median delay" for fate in MAIN)
    return table(("probability", *heads, "false a patient-week"), rows)


def _passed(one: Watched, concern: Concern, limit: float) -> float | None:
    """The first day on which the probability of a concern passed a limit."""
    days = zip(one.days, one.probabilities[concern], strict=True)
    return next((day for day, probability in days if probability >= limit), None)


def _reliability(watched: Sequence[Watched], protocol: Protocol) -> str:
    """What was said after every event, weighted to the frequencies of the protocol's priors."""
    priors = {concern: rule.prior for concern, rule in protocol.concerns.items()}
    share = _shares(watched, priors)
    said: list[float] = []
    true: list[bool] = []
    weight: list[float] = []
    for one in watched:
        for concern, probabilities in one.probabilities.items():
            said += probabilities
            true += [one.concern is concern and day >= one.starts for day in one.days]
            weight += [share[one.concern] / max(len(probabilities), 1)] * len(probabilities)
    bins = np.digitize(said, _BINS[1:-1])
    rows = []
    for number in range(len(_BINS) - 1):
        inside = bins == number
        if inside.any():
            weights = np.array(weight)[inside]
            rows.append(
                (
                    f"{_BINS[number]:g}–{_BINS[number + 1]:g}",
                    int(inside.sum()),
                    f"{np.average(np.array(said)[inside], weights=weights):.3f}",
                    f"{np.average(np.array(true)[inside], weights=weights):.3f}",
                )
            )
    return table(("said", "times", "mean said", "was so"), rows)


def _shares(
    watched: Sequence[Watched], priors: Mapping[Concern, float]
) -> dict[Concern | None, float]:
    """The weight of one course of each truth, so that all are as frequent as the priors."""
    counts = {c: sum(w.concern is c for w in watched) for c in (None, *priors)}
    wanted: dict[Concern | None, float] = {None: 1 - sum(priors.values())}
    wanted.update(priors.items())
    return {c: wanted[c] / max(count, 1) for c, count in counts.items()}


def _naive(watched: Sequence[Watched]) -> str:
    rows = []
    normal = [w for w in watched if w.fate is Fate.NORMAL]
    for rule in RULES:
        cells = []
        for fate in MAIN:
            ill = [w for w in watched if w.fate is fate]
            first = [
                next((day for day in w.naive[rule] if day >= w.starts - _SLACK), None) for w in ill
            ]
            delays = [d - w.starts for w, d in zip(ill, first, strict=True) if d is not None]
            cells.append(f"{_percent(len(delays), len(ill))}, {_days(delays, 0.5)}")
        false = sum(bool(w.naive[rule]) for w in normal)
        rows.append((rule, *cells, _rate(false, _weeks(normal))))
    heads = (f"{fate}: found, median delay" for fate in MAIN)
    return table(("rule", *heads, "false a patient-week"), rows)


def _weeks(watched: Iterable[Watched]) -> float:
    return sum(w.days[-1] for w in watched if w.days) / 7


def _rate(count: int, weeks: float) -> str:
    return f"{count / weeks:.3f}" if weeks else ""


def _percent(count: float, total: int) -> str:
    return f"{100 * count / total:.0f} %" if total else "–"


def _days(delays: Sequence[float], share: float) -> str:
    return f"{np.quantile(delays, share):.1f}" if delays else "–"


def table(heads: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"
