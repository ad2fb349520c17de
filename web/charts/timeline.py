"""Photos, answers and alerts, row by row on the same time axis as the charts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tracker.actions.course.progress import CourseSoFar
from tracker.domain.alerts.alerts import Alert
from tracker.domain.course.check_ins import SIGNS, Answers
from tracker.domain.course.photos import Photo, PhotoStatus
from tracker.domain.course.treatments import days_since
from web.charts.charts import GRID, Scale, Tick, day_ticks, last_day
from web.words.times import short_date
from web.words.words import LEVELS, NOT_ANSWERED, OUTCOMES, SIGN_NAMES, STATUSES, alert_headline

ROW = 30.0  # pixels
BAR = 22.0  # pixels of the highest answer
FOOT = 4.0  # pixels below a row's baseline
DENSE = 60  # with more check-ins, bars are drawn as one and like marks that touch are gathered
TOUCHING = 1.5  # percent across
NAMED = 3  # of the photos and answers left out whose marks were gathered
UNANSWERED, SENT = "unanswered", "photo"


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
    """Rows on the same time axis as the charts; each row's `at` is its baseline, in pixels.

    With many check-ins the bars are one shape, `outline`: SVG path data on the stretching grid.
    """

    days: tuple[Tick, ...]
    rows: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    outline: str
    signs: tuple[TimelineMark, ...]
    height: float


def timeline(progress: CourseSoFar) -> Strip | None:
    """Photos, pain, itch and signs of every check-in, the life of every alert; None for nothing."""
    photos = [p for p in progress.photos if p.taken_at >= progress.treatment.performed_at]
    sent = ("photos",) if photos else ()
    asked = ("pain", "itch", "signs") if progress.check_ins else ()
    told = ("alerts",) if progress.alerts else ()
    feet = {name: ROW * (row + 1) - FOOT for row, name in enumerate(sent + asked + told)}
    if not feet:
        return None
    scale = Scale(last_day(progress), 0, 10, BAR)
    given = list(_given(progress, scale))
    signs = [
        *(
            _unanswered(each, name, foot)
            for each, name, foot, score in _scores(given, feet)
            if score is None
        ),
        *_photos(photos, progress, scale, feet.get("photos", 0)),
        *_signs(given, feet.get("signs", 0)),
        *_alerts(progress, scale, feet.get("alerts", 0)),
    ]
    bars = [
        _bar(each, name, foot, score)
        for each, name, foot, score in _scores(given, feet)
        if score is not None
    ]
    is_dense = len(progress.check_ins) > DENSE
    signs.sort(key=lambda sign: sign.x)
    return Strip(
        days=day_ticks(scale),
        rows=tuple(Tick(foot, name) for name, foot in feet.items()),
        bars=() if is_dense else tuple(bars),
        outline="".join(map(_stroke, bars)) if is_dense else "",
        signs=tuple(_gathered(signs) if is_dense else signs),
        height=ROW * len(feet),
    )


def _stroke(bar: Bar) -> str:
    return f"M{bar.x * GRID / 100:g},{bar.top + bar.height:g}V{bar.top:g}"


def _gathered(signs: Iterable[TimelineMark]) -> Iterator[TimelineMark]:
    """Like marks of a row that would lie on each other, as one at the place of the first.

    What was reported is named in full; of photos and answers left out only the first ones.
    """
    groups: list[list[TimelineMark]] = []
    latest: dict[tuple[float, str, str], list[TimelineMark]] = {}
    for sign in signs:
        like = sign.y, sign.kind, sign.mark
        group = latest.get(like)
        if group is None or sign.x - group[0].x > TOUCHING:
            groups.append(group := [])
            latest[like] = group
        group.append(sign)
    for group in groups:
        named = group[:NAMED] if group[0].kind in {UNANSWERED, SENT} else group
        words = [sign.words for sign in named]
        if len(named) < len(group):
            words.append(f"and {len(group) - NAMED} more, the last {group[-1].words}")
        yield replace(group[0], words="; ".join(words))


@dataclass(frozen=True, slots=True)
class _Given:
    """Answers with their place, in percent across, and their time in words."""

    answers: Answers
    x: float
    when: str


def _given(progress: CourseSoFar, scale: Scale) -> Iterator[_Given]:
    for check_in in progress.check_ins:
        when = short_date(check_in.at, progress.patient.zone)
        yield _Given(check_in.answers, _x(progress, scale, check_in.at), when)


def _scores(
    given: Iterable[_Given], feet: Mapping[str, float]
) -> Iterator[tuple[_Given, str, float, int | None]]:
    """Every check-in with each question that has a row of bars, its baseline, and the answer."""
    for each in given:
        for name in ("pain", "itch"):
            yield each, name, feet[name], getattr(each.answers, name)


def _unanswered(given: _Given, name: str, foot: float) -> TimelineMark:
    """A mark in place of a missing bar, so that "not answered" does not look like 0."""
    words = f"{given.when}: {name} {NOT_ANSWERED}"
    return TimelineMark(given.x, foot - FOOT, "?", UNANSWERED, words)


def _bar(given: _Given, name: str, foot: float, score: int) -> Bar:
    height = round(max(2.0, BAR * score / 10), 1)
    return Bar(given.x, foot - height, height, f"{given.when}: {name} {score}")


def _photos(
    photos: Iterable[Photo], progress: CourseSoFar, scale: Scale, foot: float
) -> Iterator[TimelineMark]:
    """A full mark for a measured photo, a hollow one for others; days without stay bare."""
    for photo in photos:
        mark = "●" if photo.status is PhotoStatus.MEASURED else "○"
        status = STATUSES[photo.status]
        words = f"{short_date(photo.taken_at, progress.patient.zone)}: photo, {status}"
        yield TimelineMark(_x(progress, scale, photo.taken_at), foot - FOOT, mark, SENT, words)


def events(progress: CourseSoFar) -> tuple[tuple[float, str, str, str], ...]:
    """Reported signs and the life of alerts since the treatment: day, kind, mark and words."""
    scale = Scale(last_day(progress), 0, 10, BAR)
    signs = _signs(_given(progress, scale), 0)
    marks = (*signs, *_alerts(progress, scale, 0))
    return tuple((round(scale.day_at(m.x), 3), m.kind, m.mark, m.words) for m in marks)


def _signs(given: Iterable[_Given], foot: float) -> Iterator[TimelineMark]:
    for each in given:
        names = [SIGN_NAMES[name] for name in SIGNS if getattr(each.answers, name)]
        if names:
            words = f"{each.when}: {', '.join(names)}"
            yield TimelineMark(each.x, foot - FOOT, "!", "alarm", words)


def _alerts(progress: CourseSoFar, scale: Scale, foot: float) -> Iterator[TimelineMark]:
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


def _x(progress: CourseSoFar, scale: Scale, at: datetime) -> float:
    """Percent across; anything before the treatment, or after the axis ends, is put at that end."""
    return scale.x(min(max(days_since(progress.treatment, at), 0), scale.last_day))
