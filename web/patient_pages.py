"""The patient's pages: what each template is given, made from what the actions answer."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tracker.actions.show_progress import Progress
from tracker.aftercare import DayPlan
from tracker.alerts import Level
from tracker.photos import Photo, PhotoRole, PhotoStatus
from tracker.protocols import Floor
from tracker.readings import Change, Reading, change_between
from tracker.signs import standing_floors
from tracker.treatments import Region, day_number, days_since
from web.charts import Chart, face_charts
from web.times import date_words, day_words, until_words, when
from web.words import (
    STATUSES,
    depth_words,
    times_words,
    treatment_words,
)

CALL_IF_WORSE = "If it gets worse or you feel ill, do not wait: call your clinic."
SEE_A_DOCTOR = "If it gets worse or you feel ill, do not wait: see a doctor."
NOBODY_LOOKS = (
    "Something here is unusual, and nobody at a clinic sees it: show it to a doctor today."
)


@dataclass(frozen=True, slots=True)
class NoTreatmentPage:
    """An account without a treatment, which the patient may begin or a clinic will enter."""

    template: ClassVar[str] = "patient_no_treatment.html"
    place: ClassVar[str] = "today"

    name: str
    may_begin: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        return "Welcome"


@dataclass(frozen=True, slots=True)
class PausedPage:
    """Photos and answers are not taken, because the patient has withdrawn consent to care."""

    template: ClassVar[str] = "patient_paused.html"
    place: ClassVar[str] = "today"

    @property
    def title(self) -> str:
        """The page's name."""
        return "Nothing is measured"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the latest photo compares, in words; `is_normal` chooses the tone.

    `amount` is the sentence that can be hidden by who does not want numbers.
    """

    headline: str
    details: tuple[str, ...]
    amount: str
    is_normal: bool
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """One day of the time-lapse."""

    photo_id: str
    words: str


@dataclass(frozen=True, slots=True)
class TodaysPhoto:
    """The photo of today that got furthest."""

    id: str
    words: str
    usable: bool


@dataclass(frozen=True, slots=True)
class CarePlan:
    """Today's aftercare in words; `avoid` groups what ends on the same day, the soonest first."""

    normal: tuple[str, ...]
    do: tuple[str, ...]
    avoid: tuple[tuple[str, tuple[str, ...]], ...]
    call_us: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TodayPage:
    """One screen for today; states are None while there is something to do."""

    template: ClassVar[str] = "patient_today.html"
    place: ClassVar[str] = "today"

    title: str
    date: str
    treatment: str
    care: CarePlan | None
    red_flags: tuple[str, ...]
    photo: TodaysPhoto | None
    check_in_state: str | None
    needs_baseline: bool
    clinic: str | None
    unread: int
    is_alone: bool
    is_before: bool
    may_begin: bool = False


@dataclass(frozen=True, slots=True)
class ProgressPage:
    """Words first, then the chart, then the pictures; `latest` is the latest measured photo."""

    template: ClassVar[str] = "patient_progress.html"
    place: ClassVar[str] = "progress"

    patient_id: str
    standing: Standing | None
    clinic: str | None
    charts: tuple[Chart, ...]
    latest: Photo | None
    latest_taken: str
    latest_seen: tuple[str, ...]
    waiting: int
    needs_baseline: bool
    needs_photo: bool
    frames: tuple[Frame, ...]

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
    return TodayPage(
        title=day_words(progress.day),
        date=date_words(local, now),
        treatment=treatment_words(progress.treatment, progress.protocol.title),
        care=_care_plan(progress.aftercare, local) if progress.aftercare else None,
        red_flags=words_of(
            standing_floors(progress.check_ins, progress.protocol, progress.treatment, zone, now)
        ),
        photo=_todays_photo(photos, progress, now),
        check_in_state=f"Sent {when(check_ins[-1].at, now, zone)}" if check_ins else None,
        needs_baseline=not has_baseline(progress),
        clinic=clinic_words(progress, now),
        unread=progress.unread_by_patient,
        is_alone=progress.is_alone,
        is_before=progress.day < 0,
    )


def progress_page(progress: Progress, now: datetime) -> ProgressPage:
    """The course so far."""
    measured = [p for p in follow_ups(progress) if p.status is PhotoStatus.MEASURED]
    latest = measured[-1] if measured else None
    under_way = {PhotoStatus.WAITING, PhotoStatus.MEASURING}
    clinic = clinic_words(progress, now)
    stands = standing(progress, clinic)
    redness, pigment = face_charts(progress)
    return ProgressPage(
        patient_id=progress.patient.id,
        standing=stands,
        clinic=clinic if stands is None or stands.headline != clinic else None,
        charts=(redness, pigment) if pigment.marks else (redness,),
        latest=latest,
        latest_taken=when(latest.taken_at, now, progress.patient.zone) if latest else "",
        latest_seen=seen_by(progress, latest, now) if latest else (),
        waiting=sum(p.status in under_way for p in follow_ups(progress)),
        needs_baseline=not has_baseline(progress),
        needs_photo=not follow_ups(progress),
        frames=tuple(_frame(progress, photo) for photo in measured),
    )


def _frame(progress: Progress, photo: Photo) -> Frame:
    day = day_number(progress.treatment, photo.taken_at, progress.patient.zone)
    return Frame(photo.id, day_words(day))


def seen_by(progress: Progress, photo: Photo, now: datetime) -> tuple[str, ...]:
    """Who opened a photo and when, the latest first."""
    return tuple(
        f"Seen by {look.name} {when(look.last_at, now, progress.patient.zone)}"
        for look in progress.looks
        if look.photo_id == photo.id
    )


def follow_ups(progress: Progress) -> list[Photo]:
    """The photos from after the treatment, in time order."""
    return [photo for photo in progress.photos if photo.role is PhotoRole.FOLLOW_UP]


def has_baseline(progress: Progress) -> bool:
    """Whether there is a photo from before to compare with."""
    return any(
        photo.role is PhotoRole.BASELINE
        and photo.status not in {PhotoStatus.UNMEASURABLE, PhotoStatus.KEPT}
        for photo in progress.photos
    )


def face_readings(progress: Progress) -> list[Reading]:
    """The readings of the whole face since the treatment, in time order."""
    return [
        reading
        for reading in progress.readings
        if Region.FACE in reading.regions and days_since(progress.treatment, reading.taken_at) >= 0
    ]


def standing(progress: Progress, clinic: str | None) -> Standing | None:
    """Where the latest reading stands among normal courses; None before the first.

    An average over the face can be normal while one spot is not, so an alert to the clinic is
    never talked over with "normal"; `clinic` says what became of it.
    """
    share, read = progress.assessment.standing, face_readings(progress)
    if share is None or not read:
        return None
    day = day_number(progress.treatment, read[-1].taken_at, progress.patient.zone)
    depth = progress.treatment.needle_depth_mm
    after = f" after {depth_words(depth)}" if depth is not None else ""
    change, amount = _change(progress, read), _amount(read[-1])
    advice = SEE_A_DOCTOR if progress.is_alone else CALL_IF_WORSE
    if progress.assessment.is_redder_than_normal:
        count = min(99, math.floor(share * 100))
        headline = f"Redder than {count} of 100 at day {day}{after}"
        return Standing(headline, change, amount, False, advice)
    if clinic is not None:
        usual = f"Taken over the whole face, your redness is usual for day {day}{after}."
        return Standing(clinic, (usual, *change), amount, False, advice)
    return Standing(f"Normal for day {day}{after}", change, amount, True)


def clinic_words(progress: Progress, now: datetime) -> str | None:
    """What the clinic has done about an alert, without naming the concern."""
    mailed = [alert for alert in progress.alerts if alert.level.is_mailed]
    if not mailed:
        return None
    if progress.is_alone:
        return NOBODY_LOOKS
    seen = [alert.acknowledged_at for alert in mailed if alert.acknowledged_at is not None]
    if len(seen) < len(mailed):
        return "We have asked your clinic to look at your photos and answers."
    return f"Your clinic saw this {when(max(seen), now, progress.patient.zone)}."


def _change(progress: Progress, read: list[Reading]) -> tuple[str, ...]:
    if len(read) < 2:
        return ()
    before, after = (r.regions[Region.FACE].redness for r in read[-2:])
    zone = progress.patient.zone
    days = [day_number(progress.treatment, r.taken_at, zone) for r in read[-2:]]
    than = {0: "earlier that day", 1: "the day before"}.get(days[1] - days[0], f"day {days[0]}")
    match change_between(before, after):
        case Change.SAME:
            return (f"Much the same as {than}.",)
        case Change.LESS:
            return (f"Calmer than {than}.",)
        case Change.MORE:
            return (f"Redder than {than}.",)


def _amount(reading: Reading) -> str:
    amount = times_words(reading.regions[Region.FACE].redness.value, "blood")
    return f"Your skin holds {amount}."


def _care_plan(plan: DayPlan, local: datetime) -> CarePlan:
    last_dates = sorted({each.last_date for each in plan.avoid})
    return CarePlan(
        normal=plan.normal,
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


def words_of(floors: tuple[Floor, ...]) -> tuple[str, ...]:
    """What urgent floors tell the patient."""
    return tuple(floor.words for floor in floors if floor.level is Level.URGENT)


def _todays_photo(photos: list[Photo], progress: Progress, now: datetime) -> TodaysPhoto | None:
    if not photos:
        return None
    usable = [photo for photo in photos if photo.status is not PhotoStatus.UNMEASURABLE]
    photo = (usable or photos)[-1]
    taken = when(photo.taken_at, now, progress.patient.zone)
    return TodaysPhoto(photo.id, f"Taken {taken}, {STATUSES[photo.status]}.", bool(usable))
