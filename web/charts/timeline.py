"""Events other than photos, row by row on the same time axis as the charts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from tracker.actions.course.progress import Progress
from tracker.domain.alerts.alerts import Alert
from tracker.domain.course.check_ins import SIGNS, CheckIn
from tracker.domain.course.treatments import days_since
from web.charts.charts import Scale, Tick, day_ticks, last_day
from web.words.times import short_date
from web.words.words import LEVELS, NOT_ANSWERED, OUTCOMES, SIGN_NAMES, alert_headline

ROW = 30.0  # pixels
BAR = 22.0  # pixels of the highest answer
FOOT = 4.0  # pixels below a row's baseline


@dataclass(frozen=True, slots=True)
class Bar:
    """One answer of one check-in: across in percent; `top` and `height` in pixels."""

    x: float
    top: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class TimelineMark:
    """An event: a shape of its own, a word for its kind, and what it was."""

    x: float
    y: float
    mark: str
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Strip:
    """Rows on the same time axis as the charts; each row's `at` is its baseline, in pixels."""

    days: tuple[Tick, ...]
    rows: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    signs: tuple[TimelineMark, ...]
    height: float


def timeline(progress: Progress) -> Strip | None:
    """Pain, itch and signs of every check-in, and the life of every alert; None for nothing."""
    asked = ("pain", "itch", "signs") if progress.check_ins else ()
    told = ("alerts",) if progress.alerts else ()
    feet = {name: ROW * (row + 1) - FOOT for row, name in enumerate(asked + told)}
    if not feet:
        return None
    scale = Scale(last_day(progress), 0, 10, BAR)
    signs = [
        *(
            _unanswered(progress, scale, check_in, name, foot)
            for check_in, name, foot, score in _scores(progress, feet)
            if score is None
        ),
        *_signs(progress, scale, feet.get("signs", 0)),
        *_alerts(progress, scale, feet.get("alerts", 0)),
    ]
    return Strip(
        days=day_ticks(scale),
        rows=tuple(Tick(foot, name) for name, foot in feet.items()),
        bars=tuple(
            _bar(progress, scale, check_in, name, foot, score)
            for check_in, name, foot, score in _scores(progress, feet)
            if score is not None
        ),
        signs=tuple(sorted(signs, key=lambda sign: sign.x)),
        height=ROW * len(feet),
    )


def _scores(
    progress: Progress, feet: Mapping[str, float]
) -> Iterator[tuple[CheckIn, str, float, int | None]]:
    """Every check-in with each question that has a row of bars, its baseline, and the answer."""
    for check_in in progress.check_ins:
        for name in ("pain", "itch"):
            yield check_in, name, feet[name], getattr(check_in.answers, name)


def _unanswered(
    progress: Progress, scale: Scale, check_in: CheckIn, name: str, foot: float
) -> TimelineMark:
    """A mark in place of a missing bar, so that "not answered" does not look like 0."""
    words = f"{short_date(check_in.at, progress.patient.zone)}: {name} {NOT_ANSWERED}"
    return TimelineMark(_x(progress, scale, check_in.at), foot - FOOT, "?", "unanswered", words)


def _bar(
    progress: Progress, scale: Scale, check_in: CheckIn, name: str, foot: float, score: int
) -> Bar:
    height = round(max(2.0, BAR * score / 10), 1)
    when = short_date(check_in.at, progress.patient.zone)
    return Bar(_x(progress, scale, check_in.at), foot - height, height, f"{when}: {name} {score}")


def _signs(progress: Progress, scale: Scale, foot: float) -> Iterator[TimelineMark]:
    for check_in in progress.check_ins:
        names = [SIGN_NAMES[name] for name in SIGNS if getattr(check_in.answers, name)]
        if names:
            when = short_date(check_in.at, progress.patient.zone)
            x = _x(progress, scale, check_in.at)
            yield TimelineMark(x, foot - FOOT, "!", "alarm", f"{when}: {', '.join(names)}")


def _alerts(progress: Progress, scale: Scale, foot: float) -> Iterator[TimelineMark]:
    for alert in progress.alerts:
        for at, mark, kind, what in _life(alert):
            words = f"{short_date(at, progress.patient.zone)}: {what}. {alert_headline(alert)}"
            yield TimelineMark(_x(progress, scale, at), foot - FOOT, mark, kind, words)


def _life(alert: Alert) -> Iterator[tuple[datetime, str, str, str]]:
    """For each event: the time, the mark, the kind and the words."""
    level = LEVELS[alert.level]
    yield alert.raised_at, level.mark, str(alert.level), f"{level.name} alert"
    if alert.seen_at is not None:
        yield alert.seen_at, "✓", "answered", "Seen"
    if alert.resolved_at is not None:
        outcome = f": {OUTCOMES[alert.outcome]}" if alert.outcome else ""
        yield alert.resolved_at, "■", "answered", f"Resolved{outcome}"


def _x(progress: Progress, scale: Scale, at: datetime) -> float:
    """Percent across; anything before the treatment, or after the axis ends, is put at that end."""
    return scale.x(min(max(days_since(progress.treatment, at), 0), scale.last_day))
