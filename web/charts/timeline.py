"""Photos, answers, alerts, products and sessions by day, on the time axis of the charts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time

from tracker.actions.course.progress import CourseSoFar
from tracker.domain.alerts.alerts import Alert, Level
from tracker.domain.course.check_ins import SIGNS, Answers, CheckIn
from tracker.domain.course.photos import Photo, PhotoStatus
from tracker.domain.course.procedures import ProductUse
from tracker.domain.course.treatments import day_number, days_since
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
ALARM, PRODUCT, SESSION, ANSWERED = "alarm", "product", "session", "answered"
KINDS = (*map(str, reversed(Level)), ALARM, PRODUCT, SESSION, ANSWERED)  # the gravest first
ROWS = {ALARM: "signs", PRODUCT: "care", SESSION: "care"}  # of the other kinds: alerts
APART = 6.0  # percent across; closer marks touch at the width of a phone
NAMED_ON_CURVE = 8
LISTED = 30


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
class MarkedDay:
    """What is marked on the curve at one place: `count` events, told by the gravest of them."""

    x: float
    mark: str
    kind: str
    count: int
    words: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event in the table behind the curve."""

    day: int
    when: str
    mark: str
    what: str


@dataclass(frozen=True, slots=True)
class Strip:
    """Rows on the same time axis as the charts; each row's `at` is its baseline, in pixels.

    `marked` is what the curve shows of them, `events` the same as a table, the newest first and
    without `unlisted` older ones. With many check-ins the bars are one shape, `outline`: SVG path
    data on the stretching grid.
    """

    days: tuple[Tick, ...]
    rows: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    outline: str
    signs: tuple[TimelineMark, ...]
    marked: tuple[MarkedDay, ...]
    events: tuple[EventRow, ...]
    unlisted: int
    height: float

    @property
    def has_care(self) -> bool:
        """Whether a product or a session is marked."""
        return any(row.label == "care" for row in self.rows)

    @property
    def has_alerts(self) -> bool:
        """Whether an alert or a reported sign is marked."""
        return any(ROWS.get(each.kind, "") != "care" for each in self.signs if each.kind in KINDS)


def timeline(progress: CourseSoFar) -> Strip | None:
    """Photos, pain, itch and signs of every check-in, the life of every alert; None for nothing."""
    photos = [p for p in progress.photos if p.taken_at >= progress.treatment.performed_at]
    happened = _events(progress)
    sent = ("photos",) if photos else ()
    asked = ("pain", "itch", "signs") if progress.check_ins else ()
    told = ("alerts",) if progress.alerts else ()
    care = ("care",) if any(ROWS.get(each.kind) == "care" for each in happened) else ()
    feet = {name: ROW * (row + 1) - FOOT for row, name in enumerate(sent + asked + told + care)}
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
        *(_placed(e, progress, scale, feet[ROWS.get(e.kind, "alerts")]) for e in happened),
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
        marked=tuple(_marked(_placed(each, progress, scale, 0) for each in happened)),
        events=tuple(_row(each, progress) for each in happened[: -LISTED - 1 : -1]),
        unlisted=max(0, len(happened) - LISTED),
        height=ROW * len(feet),
    )


@dataclass(frozen=True, slots=True)
class _Event:
    """What happened or was reported, told by a shape, a word for its kind, and a sentence."""

    at: datetime
    mark: str
    kind: str
    what: str


def _row(event: _Event, progress: CourseSoFar) -> EventRow:
    zone = progress.patient.zone
    day = day_number(progress.treatment, event.at, zone)
    return EventRow(day, short_date(event.at, zone), event.mark, event.what)


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
    """What is marked on the curve since the treatment, in time order: day, kind, mark and words."""
    scale = Scale(last_day(progress), 0, 10, BAR)
    marks = (_placed(each, progress, scale, 0) for each in _events(progress))
    return tuple((round(scale.day_at(m.x), 3), m.kind, m.mark, m.words) for m in marks)


def _events(progress: CourseSoFar) -> list[_Event]:
    given = progress.check_ins
    found = [*_sessions(progress), *_products(progress), *_signs(given), *_alerts(progress.alerts)]
    return sorted(found, key=lambda each: each.at)


def _sessions(progress: CourseSoFar) -> Iterator[_Event]:
    """This session of a plan and the next one, entered or only due: then at noon of its day."""
    sessions, treatment, following = progress.sessions, progress.treatment, progress.next_session
    if sessions.number is not None:
        words = f"Session {sessions.number} of {sessions.of}"
        yield _Event(treatment.performed_at, "S", SESSION, words)
    if following is not None:
        yield _Event(following.performed_at, "S", SESSION, "Next session")
    elif sessions.due is not None:
        noon = datetime.combine(sessions.due, time(12), progress.patient.zone)
        yield _Event(noon, "S", SESSION, "Next session due by the plan")


def _products(progress: CourseSoFar) -> Iterator[_Event]:
    """What the clinic put on the skin afterwards, and new products by the patient's answers."""
    treatment = progress.treatment
    after = [each.name for each in treatment.procedure.products if each.use is ProductUse.AFTER]
    if after:
        words = f"Put on after the treatment: {', '.join(after)}"
        yield _Event(treatment.performed_at, "+", PRODUCT, words)
    is_new = False
    for each in progress.check_ins:
        answered, note = each.answers.new_product, each.answers.note
        if answered and not is_new:
            yield _Event(each.at, "+", PRODUCT, f"New product{f'; note: {note}' if note else ''}")
        elif answered is False and is_new:
            yield _Event(each.at, "\N{MINUS SIGN}", PRODUCT, "No new product any more")
        is_new = is_new if answered is None else answered


def _signs(given: Iterable[CheckIn]) -> Iterator[_Event]:
    for each in given:
        names = [
            SIGN_NAMES[name]
            for name in SIGNS
            if name != "new_product" and getattr(each.answers, name)
        ]
        if names:
            yield _Event(each.at, "!", ALARM, ", ".join(names))


def _alerts(alerts: Iterable[Alert]) -> Iterator[_Event]:
    for alert in alerts:
        headline, level = alert_headline(alert), LEVELS[alert.level]
        raised = f"{level.name} alert. {headline}"
        yield _Event(alert.raised_at, level.mark, str(alert.level), raised)
        if alert.seen_at is not None:
            yield _Event(alert.seen_at, "✓", ANSWERED, f"Seen. {headline}")
        if alert.resolved_at is not None:
            outcome = f": {OUTCOMES[alert.outcome]}" if alert.outcome else ""
            yield _Event(alert.resolved_at, "■", ANSWERED, f"Resolved{outcome}. {headline}")


def _placed(event: _Event, progress: CourseSoFar, scale: Scale, foot: float) -> TimelineMark:
    """An event on its row; one after the end of the axis is put there, with an arrow."""
    words = f"{short_date(event.at, progress.patient.zone)}: {event.what}"
    is_beyond = days_since(progress.treatment, event.at) > scale.last_day
    mark = f"{event.mark}›" if is_beyond and event.kind == SESSION else event.mark
    return TimelineMark(_x(progress, scale, event.at), foot - FOOT, mark, event.kind, words)


def _marked(marks: Iterable[TimelineMark]) -> Iterator[MarkedDay]:
    """Marks that would lie on each other at the width of a phone, as one; the gravest shows."""
    groups: list[list[TimelineMark]] = []
    for mark in sorted(marks, key=lambda each: each.x):
        if groups and mark.x - groups[-1][0].x < APART:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    for group in groups:
        lead = min(group, key=lambda each: KINDS.index(each.kind))
        named = group[:NAMED_ON_CURVE]
        words = "; ".join(each.words for each in named)
        if len(named) < len(group):
            words += f"; and {len(group) - len(named)} more"
        yield MarkedDay(lead.x, lead.mark, lead.kind, len(group), words)


def _x(progress: CourseSoFar, scale: Scale, at: datetime) -> float:
    """Percent across; anything before the treatment, or after the axis ends, is put at that end."""
    return scale.x(min(max(days_since(progress.treatment, at), 0), scale.last_day))
