"""What is open and what the latest photo says, as every page of the patient shows it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tracker.actions.course.progress import CourseSoFar, Progress, not_judged
from tracker.domain.alerts.alerts import Level
from tracker.domain.course.check_ins import CheckIn
from tracker.domain.course.photo_times import came_late
from tracker.domain.course.photos import (
    Photo,
    PhotoRole,
    only_kept_since,
    reference_of,
    unsettled,
)
from tracker.domain.course.readings import Change, Estimate, Quantity, Reading, change_between
from tracker.domain.course.treatments import Region, day_number, days_since
from tracker.domain.desk.telling import (
    Situation,
    answer_to,
    complaint,
    tell,
)
from tracker.domain.desk.told import Answer, Picture, Telling, Told, Waiting
from tracker.domain.desk.worklist import Gauge
from tracker.domain.own_data.looks import Look
from tracker.domain.recovery.evidence_words import times_words
from web.words.sides import blind_side
from web.words.times import deadline, when
from web.words.words import LEVELS, depth_words, regions_words

CALL_IF_WORSE = "If it gets worse or you feel ill, do not wait: call your clinic."
SEE_A_DOCTOR = "If it gets worse or you feel ill, do not wait: see a doctor."
TOO_UNCERTAIN = "Your latest photo is too uncertain to say anything about your skin"
SIDE_NOT_KNOWN = "Your photos cannot say yet how your treated cheek is"
WHY_SIDE_NOT_KNOWN = (
    "Of your cheeks only one was treated, and your photo from before may be a mirror image. The"
    " page of that photo asks which side is your left."
)
SMALLEST_TOLD = 0.1  # doublings; less is "as before", which is not said while anything is open


@dataclass(frozen=True, slots=True)
class OpenThing:
    """One open problem in words; `mark` is a shape, so that colour is never alone."""

    kind: str
    mark: str
    headline: str
    what: str
    do: str
    until: str
    waiting: str
    needs_help_now: bool
    calls_emergency: bool


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """The answer to the photo that was measured last: one line, why, and what to do.

    Where it is normal, `advice` is empty, and `why` says at most which photo that is about.
    """

    headline: str
    why: tuple[str, ...]
    advice: str
    is_normal: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How the latest photo compares, in words, if nothing is open; `is_normal` sets the tone.

    `amount` is the sentence that people who do not want numbers can hide.
    """

    headline: str
    details: tuple[str, ...]
    amount: str
    is_normal: bool
    advice: str = ""


def telling_of(progress: Progress, now: datetime, just: CheckIn | None = None) -> Telling:
    """What the patient reads; `just` are answers whose result is being shown."""
    return tell(_situation(progress, now), just)


def _situation(progress: Progress, now: datetime) -> Situation:
    return Situation(
        treatment=progress.treatment,
        protocol=progress.protocol,
        zone=progress.patient.zone,
        now=now,
        readings=progress.readings,
        check_ins=progress.check_ins,
        assessment=progress.assessment,
        alerts=progress.alerts,
        earlier=progress.earlier_alerts,
        is_alone=progress.is_alone,
    )


def answer_of(
    progress: Progress, photo: Photo, telling: Telling, now: datetime
) -> AnswerWords | None:
    """The answer to a photo in words; None where it gets none or something open is the answer."""
    if progress.care_withdrawn_at is not None:
        return None
    case = _situation(progress, now)
    answer = answer_to(
        photo,
        case,
        telling,
        progress.photos,
        is_opened=bool(_opened(progress, photo)),
        is_unread=progress.unread_by_clinic > 0,
        is_left=_is_left(progress, photo),
    )
    match answer:
        case None:
            return None
        case Answer.NORMAL:
            day = day_number(progress.treatment, photo.taken_at, progress.patient.zone)
            which = f"day {day}" if day else "the day of treatment"
            about = _which_photo(progress, photo, now)
            return AnswerWords(f"Normal for {which}", about, "", is_normal=True)
        case Answer.CLINIC_LOOKS:
            headline = "Your clinic will look"
        case Answer.NOT_SURE:
            headline = "We cannot say that this is normal"
    advice = SEE_A_DOCTOR if progress.is_alone else CALL_IF_WORSE
    why = (*_doubts(progress, photo, telling), complaint(case))
    return AnswerWords(headline, tuple(filter(None, why)), advice, is_normal=False)


def _is_left(progress: Progress, photo: Photo) -> bool:
    """Whether the clinic has yet to open one of that day or later that only a person can judge."""
    zone, undated = progress.patient.zone, [p for p in progress.undated if p.seen_at is None]
    unseen = only_kept_since(photo, progress.unseen, zone) or only_kept_since(photo, undated, zone)
    return bool(unseen) and not progress.is_alone


def _which_photo(progress: Progress, photo: Photo, now: datetime) -> tuple[str, ...]:
    """Which photo a sentence is about, where others of that day or later are not measured."""
    zone = progress.patient.zone
    others = [photo for photo in progress.photos if photo.role is PhotoRole.FOLLOW_UP]
    if not (only_kept_since(photo, others, zone) or only_kept_since(photo, progress.undated, zone)):
        return ()
    front = f"This is about your photo from the front, taken {when(photo.taken_at, now, zone)}."
    return (f"{front} Your other photos are not measured.",)


def _doubts(progress: Progress, photo: Photo, telling: Telling) -> tuple[str, ...]:
    """Why the photo itself is not called normal, in sentences."""
    before, stands = reference_of(progress.photos), standing(progress, telling)
    lines = []
    if stands and not stands.is_normal:
        lines.append(f"{stands.headline}.")
    elif telling.unjudged:
        lines.append(_not_shown(telling))
    if before is not None and came_late(before, progress.treatment):
        lines.append("Your photo from before came after the treatment, so we compare with care.")
    if unsettled(photo, progress.photos):
        lines.append("A later photo of yours is not measured.")
    elif _is_left(progress, photo):
        lines.append("Your clinic has not opened all your photos yet, and only one is measured.")
    if progress.unread_by_clinic:
        lines.append("Your clinic has not read your message yet.")
    return tuple(lines)


def _not_shown(telling: Telling) -> str:
    return f"This photo does not show {regions_words(telling.unjudged)} well."


def open_things(telling: Telling, progress: Progress, now: datetime) -> tuple[OpenThing, ...]:
    """All that is open in words, worst first."""
    return tuple(_open_thing(told, progress, now) for told in telling.open)


def urgent_thing(course: CourseSoFar, now: datetime) -> OpenThing | None:
    """The worst open problem if it is urgent, for pages that are about something else.

    The engine is not asked: the forms of these pages must be there without it.
    """
    progress = not_judged(course)
    found = open_things(telling_of(progress, now), progress, now)[:1]
    return next((each for each in found if each.kind == Level.URGENT), None)


def _open_thing(told: Told, progress: Progress, now: datetime) -> OpenThing:
    first, _, rest = told.what.partition(". ")
    return OpenThing(
        kind=str(told.level),
        mark=LEVELS[told.level].mark,
        headline="Get help now" if told.needs_help_now else f"{first.removesuffix('.')}.",
        what=told.what if told.needs_help_now else rest,
        do=told.do,
        until=told.until,
        waiting=_waiting_words(told, progress, now),
        needs_help_now=told.needs_help_now,
        calls_emergency=told.calls_emergency,
    )


def _waiting_words(told: Told, progress: Progress, now: datetime) -> str:
    """How far the clinic is with it, and that there is no answer yet."""
    times, zone = (told.since, told.at), progress.patient.zone
    since, at = ("" if each is None else when(each, now, zone) for each in times)
    if progress.care_withdrawn_at is not None and not progress.is_alone:
        return "You have withdrawn your consent to care here, so call: no answer may come."
    match told.waiting:
        case Waiting.BEING_TOLD:
            words = "Your clinic is being told. Do not wait for it to answer."
        case Waiting.NOT_OPENED:
            so = ": do not wait for it" if told.level is Level.URGENT else ""
            words = f"Waiting since {since}. Your clinic has not opened it yet{so}."
        case Waiting.OPENED:
            words = f"Waiting since {since}. Opened at your clinic {at}; no answer yet."
        case Waiting.PUT_OFF:
            so = f"Your clinic will look again by {at}; it is still open."
            words = f"Waiting since {since}. {so}"
        case Waiting.ALONE:
            noted = f"Noted {since}. " if since else ""
            words = f"{noted}No clinic sees your photos and answers here."
        case _:
            words = _promise_words(told, progress, now)
    return words


def _promise_words(told: Told, progress: Progress, now: datetime) -> str:
    """What the clinic said that it does by a time, or that it has not done it."""
    by = deadline(told.at, now, progress.patient.zone) if told.at else ""
    match told.waiting:
        case Waiting.CALLS:
            return f"Your clinic will call before {by}. {CALL_IF_WORSE}"
        case Waiting.CALL_MISSED:
            return f"Your clinic promised to call before {by}. Has it not? Call it now."
        case Waiting.UNDECIDED:
            return f"Your clinic was to decide before {by} and has not. Do not wait for it: call."
        case _:  # seen; a person whose account was erased has no name any more
            person = progress.staff.get(told.by or "")
            who = person.name if person else "Your clinic"
            due = f"Your clinic will decide before {by}. " if by else ""
            return f"{who} has seen this. {due}{CALL_IF_WORSE}"


def closed_words(telling: Telling, progress: Progress, now: datetime) -> str:
    """That the clinic closed an alert a short time ago; empty if it did not."""
    alert = telling.closed
    if alert is None or alert.resolved_at is None or progress.is_alone:
        return ""
    where = regions_words(alert.regions)
    about = f"your {where}" if where else "your answers"
    closed = when(alert.resolved_at, now, progress.patient.zone)
    return f"Your clinic closed its question about {about}: {closed}. {CALL_IF_WORSE}"


def opened_by(progress: Progress, photo: Photo, now: datetime, *, is_open: bool) -> tuple[str, ...]:
    """Who opened a photo and when, the latest first; opening is not an answer.

    One that was only seen small, in a list, is not called opened: the clinic counts it as new.
    """
    zone, looks = progress.patient.zone, _opened(progress, photo)
    opened = [f"Photo opened by {look.name} {when(look.last_at, now, zone)}" for look in looks]
    return (*opened, "That is not an answer yet.") if opened and is_open else tuple(opened)


def _opened(progress: Progress, photo: Photo) -> list[Look]:
    return [each for each in progress.looks if each.photo_id == photo.id and not each.is_small]


def standing(progress: Progress, telling: Telling) -> Standing | None:
    """The latest reading among courses of its kind; None while anything is open."""
    latest = _readings_of(progress, telling.gauge)
    advice = SEE_A_DOCTOR if progress.is_alone else CALL_IF_WORSE
    if telling.is_open or telling.picture is Picture.NOTHING:
        return None
    if telling.picture is Picture.UNCERTAIN or not latest:
        again = f"Take another one in daylight, without make-up. {advice}"
        return Standing(TOO_UNCERTAIN, (), "", False, again)
    is_blind = bool(blind_side(reference_of(progress.photos), progress.treatment))
    if is_blind and telling.picture is Picture.AS_USUAL:
        return Standing(SIDE_NOT_KNOWN, (WHY_SIDE_NOT_KNOWN,), "", False, advice)
    day = day_number(progress.treatment, latest[-1].taken_at, progress.patient.zone)
    details = _change(progress, telling.gauge, latest)
    if telling.unjudged:
        details = (*details, _not_shown(telling))
    is_normal = telling.picture is Picture.AS_USUAL
    return Standing(
        headline=_headline(progress, telling, day),
        details=details,
        amount=amount_words(latest[-1], telling.gauge),
        is_normal=is_normal,
        advice="" if is_normal else advice,
    )


def sure_standing(progress: Progress, telling: Telling, now: datetime) -> Standing | None:
    """The standing, called normal only where the answer to its photo calls it that too."""
    stands, read = standing(progress, telling), _readings_of(progress, telling.gauge)
    if stands is None or not stands.is_normal:
        return stands
    shown = (photo for photo in progress.photos if photo.id == read[-1].photo_id)
    answers = (answer_of(progress, photo, telling, now) for photo in shown)
    answer = next(answers, None)
    if answer is None:
        return stands
    if answer.is_normal:
        return replace(stands, details=(*stands.details, *answer.why))
    details = (*answer.why, *(words for words in stands.details if words not in answer.why))
    return Standing(answer.headline, details, stands.amount, False, answer.advice)


def _headline(progress: Progress, telling: Telling, day: int) -> str:
    depth = progress.treatment.needle_depth_mm
    after = f" after {depth_words(depth)}" if depth is not None else ""
    where = f"Your {telling.gauge.region.words}"
    match telling.picture:
        case Picture.REGION_REDDER:
            return f"{where} is redder than most people’s at day {day}{after}"
        case Picture.REGION_DARKER:
            return f"{where} is darker than before the treatment"
        case Picture.REGION_LIGHTER:
            return f"{where} is lighter than before the treatment"
        case Picture.FACE_REDDER:
            return f"Redder than {_count(progress)} of 100 at day {day}{after}"
        case _:
            return f"Normal for day {day}{after}"


def _count(progress: Progress) -> int:
    return min(99, math.floor((progress.assessment.standing or 0) * 100))


def amount_words(reading: Reading, gauge: Gauge) -> str:
    """`Your left cheek has 2.3 × the redness of before.`"""
    where = "skin" if gauge.region is Region.FACE else gauge.region.words
    value = measured(reading, gauge).value
    return f"Your {where} has {times_words(value, gauge.quantity)}."


def open_amount(progress: Progress, telling: Telling, reading: Reading | None = None) -> str:
    """What a photo (the latest, if none is named) measured where something is open.

    Empty if that is as much as before: it would sound like an answer.
    """
    if telling.gauge not in {told.gauge for told in telling.open}:
        return ""
    shown = [reading] if reading else _readings_of(progress, telling.gauge)
    if not shown or telling.gauge.region not in shown[-1].regions:
        return ""
    value = measured(shown[-1], telling.gauge).value
    if (value if telling.gauge.quantity is Quantity.REDNESS else abs(value)) < SMALLEST_TOLD:
        return ""
    return amount_words(shown[-1], telling.gauge)


def measured(reading: Reading, gauge: Gauge) -> Estimate:
    """The reading of a gauge, whose region it must hold."""
    region = reading.regions[gauge.region]
    return region.redness if gauge.quantity is Quantity.REDNESS else region.pigment


def _readings_of(progress: Progress, gauge: Gauge) -> list[Reading]:
    """The readings since the treatment that show a region, in time order."""
    return [
        reading
        for reading in progress.readings
        if gauge.region in reading.regions and days_since(progress.treatment, reading.taken_at) >= 0
    ]


CHANGES: Mapping[tuple[Quantity, Change], str] = {
    (Quantity.REDNESS, Change.SAME): "Much the same as",
    (Quantity.REDNESS, Change.LESS): "Calmer than",
    (Quantity.REDNESS, Change.MORE): "Redder than",
    (Quantity.PIGMENT, Change.SAME): "Much the same as",
    (Quantity.PIGMENT, Change.LESS): "Lighter than",
    (Quantity.PIGMENT, Change.MORE): "Darker than",
}


def _change(progress: Progress, gauge: Gauge, read: list[Reading]) -> tuple[str, ...]:
    if len(read) < 2:
        return ()
    before, after = (measured(r, gauge) for r in read[-2:])
    zone = progress.patient.zone
    days = [day_number(progress.treatment, r.taken_at, zone) for r in read[-2:]]
    than = {0: "earlier that day", 1: "the day before"}.get(days[1] - days[0], f"day {days[0]}")
    return (f"{CHANGES[gauge.quantity, change_between(before, after)]} {than}.",)
