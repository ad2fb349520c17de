"""The patient's pages: Today, one day, Progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import ClassVar

from tracker.actions.course.progress import CourseSoFar, Progress
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, reference_of
from tracker.domain.course.treatments import Region, day_number
from tracker.domain.desk.told import Telling
from tracker.domain.protocols.aftercare import DayPlan
from web.charts.charts import Chart, patient_charts, phone_chart
from web.patient.ahead import AheadTask, ahead_task
from web.patient.before_sessions import NextSession, next_session
from web.patient.sides import SidesQuestion, sides_question
from web.words.sides import blind_side, picture_sides
from web.words.telling import (
    AnswerWords,
    OpenThing,
    Standing,
    answer_of,
    closed_words,
    open_amount,
    open_things,
    opened_by,
    sure_standing,
    telling_of,
)
from web.words.times import date_words, day_words, until_words, when
from web.words.words import STATUSES, treatment_words


@dataclass(frozen=True, slots=True)
class PausedPage:
    """Photos and answers are not accepted, because the patient has withdrawn consent to care.

    `needs_help` and `is_passed_on` as on the page of an account without a treatment.
    """

    template: ClassVar[str] = "patient_paused.html"
    place: ClassVar[str] = "today"

    told: tuple[OpenThing, ...] = ()
    needs_help: bool = False
    is_passed_on: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        return "Nothing is measured"


@dataclass(frozen=True, slots=True)
class Frame:
    """One day of the time-lapse."""

    photo_id: str
    words: str


@dataclass(frozen=True, slots=True)
class TodaysPhoto:
    """Today's photo that got furthest, with its answer, if any; `is_kept`: all are side views."""

    id: str
    words: str
    usable: bool
    is_waiting: bool = False
    answer: AnswerWords | None = None
    is_kept: bool = False

    @property
    def is_in_doubt(self) -> bool:
        """Whether its answer is known and does not say that it is normal."""
        return self.answer is not None and not self.answer.is_normal


@dataclass(frozen=True, slots=True)
class Face:
    """A small picture of the patient's face, and of which day it is."""

    patient_id: str
    photo_id: str
    words: str


@dataclass(frozen=True, slots=True)
class CarePlan:
    """Today's aftercare in words; `avoid` groups what ends on the same day, the soonest first.

    While anything is open, `normal` is empty and the title promises nothing.
    """

    title: str
    normal: tuple[str, ...]
    do: tuple[str, ...]
    avoid: tuple[tuple[str, tuple[str, ...]], ...]
    call_us: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TodayPage:
    """One screen for today; states are None while there is something to do.

    `told` is what is open, worst first: while there is any, nothing on the page reassures. `closed`
    says that the clinic closed an alert lately, `warning` that the latest photo shows more than
    most. `faces` are the last one of an earlier day and, once it is measured, today's. While there
    is no photo from before, `undated` are the times of those that might be one. `ahead` are the
    questions before a treatment, None while none are asked.
    """

    template: ClassVar[str] = "patient_today.html"
    place: ClassVar[str] = "today"

    title: str
    date: str
    treatment: str
    care: CarePlan | None
    told: tuple[OpenThing, ...]
    closed: str
    warning: str
    photo: TodaysPhoto | None
    check_in_state: str | None
    needs_baseline: bool
    unread: int
    is_alone: bool
    is_before: bool
    next_session: NextSession
    ahead: AheadTask | None
    may_begin: bool = False
    sides_question: SidesQuestion | None = None
    undated: tuple[str, ...] = ()
    faces: tuple[Face, ...] = ()


@dataclass(frozen=True, slots=True)
class ProgressPage:
    """Words first, then the chart, then the pictures; `latest` is the latest measured photo.

    `told` is what is open, and `amount` what was measured where it is; `standing` is None then.
    `values` is the leaf of the tables, if one was asked for; `regions` can be asked for, and
    `chosen` is the one whose curve is shown. `frames` are spread evenly over the `frames_of`
    photos.
    """

    template: ClassVar[str] = "patient_progress.html"
    place: ClassVar[str] = "progress"

    patient_id: str
    told: tuple[OpenThing, ...]
    amount: str
    standing: Standing | None
    closed: str
    charts: tuple[Chart, ...]
    values: int | None
    regions: Mapping[Region, str]
    chosen: Region
    latest: Photo | None
    latest_taken: str
    latest_opened: tuple[str, ...]
    waiting: int
    needs_baseline: bool
    needs_photo: bool
    frames: tuple[Frame, ...]
    frames_of: int
    picture_sides: str

    @property
    def title(self) -> str:
        """The page's name."""
        return "Your progress"


def today_page(progress: Progress, now: datetime) -> TodayPage:
    """Today, as the patient sees it."""
    zone = progress.patient.zone
    local = now.astimezone(zone)
    photos = [p for p in follow_ups(progress) if p.taken_at.astimezone(zone).date() == local.date()]
    check_ins = [c for c in progress.check_ins if c.at.astimezone(zone).date() == local.date()]
    telling = telling_of(progress, now)
    found = sure_standing(progress, telling, now)
    warning = f"{found.headline}." if found and not found.is_normal else ""
    is_calm, plan = telling.is_calm and not warning, progress.aftercare
    return TodayPage(
        title=day_words(progress.day),
        date=date_words(local, now),
        treatment=treatment_words(progress.treatment, progress.protocol.title),
        care=_care_plan(plan, local, telling, calm=is_calm) if plan else None,
        told=open_things(telling, progress, now),
        closed=closed_words(telling, progress, now),
        warning=warning,
        photo=_todays_photo(photos, progress, telling, now),
        check_in_state=f"Sent {when(check_ins[-1].at, now, zone)}" if check_ins else None,
        needs_baseline=not has_baseline(progress),
        unread=progress.unread_by_patient,
        is_alone=progress.is_alone,
        is_before=progress.day < 0,
        next_session=next_session(progress, now),
        ahead=ahead_task(progress, now),
        sides_question=sides_question(progress, now),
        undated=()
        if has_baseline(progress)
        else tuple(when(photo.taken_at, now, zone) for photo in progress.undated),
        faces=_faces(progress, photos, now),
    )


MOST_FRAMES = 60  # three quarters of a minute


def progress_page(
    progress: Progress, now: datetime, values: int | None = None, asked: Region | None = None
) -> ProgressPage:
    """The course so far; `values` is the leaf of the tables, `asked` the region to show.

    While anything is open, its own curve stays first.
    """
    measured = [p for p in follow_ups(progress) if p.status is PhotoStatus.MEASURED]
    latest = measured[-1] if measured else None
    under_way = {PhotoStatus.WAITING, PhotoStatus.MEASURING}
    telling = telling_of(progress, now)
    regions = _regions(progress)
    chosen = asked if asked and asked in regions else telling.gauge.region
    gauge = telling.gauge if telling.is_open else replace(telling.gauge, region=chosen)
    charts = patient_charts(progress, gauge, values, alone=telling.is_open)
    if chosen is not gauge.region:
        charts += (phone_chart(progress, chosen, gauge.quantity, values),)
    return ProgressPage(
        patient_id=progress.patient.id,
        told=open_things(telling, progress, now),
        amount=open_amount(progress, telling),
        standing=sure_standing(progress, telling, now),
        closed=closed_words(telling, progress, now),
        charts=charts,
        values=values,
        regions=regions,
        chosen=chosen,
        latest=latest,
        latest_taken=when(latest.taken_at, now, progress.patient.zone) if latest else "",
        latest_opened=(opened_by(progress, latest, now, is_open=telling.is_open) if latest else ()),
        waiting=sum(p.status in under_way for p in follow_ups(progress)),
        needs_baseline=not has_baseline(progress),
        needs_photo=not follow_ups(progress),
        frames=tuple(_frame(progress, photo) for photo in _spread(measured)),
        frames_of=len(measured),
        picture_sides=picture_sides(reference_of(progress.photos), "your"),
    )


def _regions(progress: Progress) -> Mapping[Region, str]:
    """The regions with a curve of their own; none while it is not known which cheek is which."""
    if blind_side(reference_of(progress.photos), progress.treatment):
        return {}
    measured = {region for reading in progress.readings for region in reading.regions}
    treated = progress.treatment.areas | {Region.FACE}
    return {each: each.words.capitalize() for each in Region if each in measured & treated}


def _spread(photos: Sequence[Photo]) -> Sequence[Photo]:
    """At most so many of the photos, evenly, with the first and the last."""
    if len(photos) <= MOST_FRAMES:
        return photos
    step = (len(photos) - 1) / (MOST_FRAMES - 1)
    return [photos[round(at * step)] for at in range(MOST_FRAMES)]


def _frame(progress: Progress, photo: Photo) -> Frame:
    day = day_number(progress.treatment, photo.taken_at, progress.patient.zone)
    return Frame(photo.id, day_words(day))


def follow_ups(progress: CourseSoFar) -> list[Photo]:
    """The photos from after the treatment, in time order."""
    return [photo for photo in progress.photos if photo.role is PhotoRole.FOLLOW_UP]


def has_baseline(progress: CourseSoFar) -> bool:
    """Whether there is a photo from before that others can be compared with."""
    return any(
        photo.role is PhotoRole.BASELINE
        and not photo.is_lost
        and photo.status not in {PhotoStatus.UNMEASURABLE, PhotoStatus.KEPT}
        for photo in progress.photos
    )


def _care_plan(plan: DayPlan, local: datetime, telling: Telling, *, calm: bool) -> CarePlan:
    last_dates = sorted({each.last_date for each in plan.avoid})
    title = "What is normal today" if calm else "What most people see today"
    if not plan.normal:
        title = "Your plan has ended; this still counts"
    return CarePlan(
        title="Your plan for today" if telling.is_open else title,
        normal=() if telling.is_open else plan.normal,
        do=plan.do,
        avoid=tuple(
            (
                until_words(last, local.date()),
                tuple(each.line for each in plan.avoid if each.last_date == last),
            )
            for last in last_dates
        ),
        call_us=plan.call_us,
    )


def _todays_photo(
    photos: list[Photo], progress: Progress, telling: Telling, now: datetime
) -> TodaysPhoto | None:
    if not photos:
        return None
    fronts = [photo for photo in photos if photo.status is not PhotoStatus.KEPT]
    usable = [photo for photo in fronts if photo.status is not PhotoStatus.UNMEASURABLE]
    photo = (usable or fronts or photos)[-1]
    taken = when(photo.taken_at, now, progress.patient.zone)
    return TodaysPhoto(
        photo.id,
        f"Taken {taken}, {STATUSES[photo.status]}.",
        bool(usable),
        photo.status in {PhotoStatus.WAITING, PhotoStatus.MEASURING},
        answer_of(progress, photo, telling, now),
        is_kept=not fronts,
    )


def _faces(progress: Progress, todays: list[Photo], now: datetime) -> tuple[Face, ...]:
    """The last measured photo of an earlier day, and the last one of today."""
    measured = [p for p in follow_ups(progress) if p.status is PhotoStatus.MEASURED]
    earlier = [photo for photo in measured if photo not in todays and photo.taken_at < now]
    shown = [*earlier[-1:], *[photo for photo in measured if photo in todays][-1:]]
    return tuple(
        Face(photo.patient_id, photo.id, _which_day(progress, photo, now)) for photo in shown
    )


def _which_day(progress: Progress, photo: Photo, now: datetime) -> str:
    ago = (progress.patient.date_at(now) - progress.patient.date_at(photo.taken_at)).days
    day = day_number(progress.treatment, photo.taken_at, progress.patient.zone)
    return {0: "Today", 1: "Yesterday"}.get(ago, day_words(day))


@dataclass(frozen=True, slots=True)
class DayPage:
    """A day that is over; states are None for what did not arrive.

    `told` is what is open today, and then nothing here reassures.
    """

    template: ClassVar[str] = "patient_day.html"
    place: ClassVar[str] = "today"

    title: str
    day: date
    date: str
    photo_id: str | None
    photo_state: str | None
    check_in_state: str | None
    told: tuple[OpenThing, ...]


def day_page(progress: Progress, day: date, now: datetime) -> DayPage | None:
    """The page of a past day; None for a day before the treatment or still to come."""
    zone = progress.patient.zone
    number = (day - progress.patient.date_at(progress.treatment.performed_at)).days
    if number < 0 or day >= progress.patient.date_at(now):
        return None
    photos = [p for p in follow_ups(progress) if progress.patient.date_at(p.taken_at) == day]
    check_ins = [c for c in progress.check_ins if progress.patient.date_at(c.at) == day]
    return DayPage(
        title=day_words(number),
        day=day,
        date=date_words(datetime.combine(day, time(12), zone), now),
        photo_id=photos[-1].id if photos else None,
        photo_state=f"Taken {when(photos[-1].taken_at, now, zone)}" if photos else None,
        check_in_state=f"Sent {when(check_ins[-1].at, now, zone)}" if check_ins else None,
        told=open_things(telling_of(progress, now), progress, now),
    )
