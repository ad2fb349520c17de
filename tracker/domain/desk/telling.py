"""What a patient reads, derived from the worst open problem, never from an average.

First what is open, then a region outside its usual range, then the whole face.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tracker.domain.alerts.alerts import Alert, Concern, CourseAlert, Level, worse
from tracker.domain.course.check_ins import HABITS, SIGNS, CheckIn, Trend
from tracker.domain.course.photo_times import came_late
from tracker.domain.course.photos import (
    Photo,
    SkinState,
    reference_of,
    unsettled,
)
from tracker.domain.course.readings import Quantity, Reading
from tracker.domain.course.sides import hidden_cheek
from tracker.domain.course.treatments import AREAS, Region, Treatment, days_since
from tracker.domain.desk.telling_words import (
    DO,
    DO_WHEN_STALE,
    NEEDS_A_LOOK,
    NOTED,
    SPECIAL,
    UNTIL,
    answer_words,
    do_next_to_urgent,
    shown_words,
)
from tracker.domain.desk.told import Answer, Picture, Telling, Told, Waiting, waiting_for
from tracker.domain.desk.worklist import Gauge
from tracker.domain.protocols.protocols import Floor, Protocol
from tracker.domain.recovery.bands import BAND
from tracker.domain.recovery.recovery import Assessment
from tracker.domain.recovery.signs import (
    Reached,
    floors_reached,
    lately_received,
    recent,
    reported_signs,
)

WIDEST_SD = 0.5  # doublings; above it, half and twice as much cannot be distinguished
REGION_OUTSIDE = 0.995  # of five regions, one in forty courses has one above this by chance
OUTSIDE_SD = 2.6  # the same in standard deviations, for pigment, which may change both ways
VISIBLE_PIGMENT = 0.2  # doublings
TOLD_AFTER_CLOSING = timedelta(days=7)
STALE = timedelta(days=14)  # by then a person without a clinic may have seen a doctor


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known about a patient at `now`; readings and check-ins in time order.

    `alerts` are those of this treatment, `earlier` those of treatments before it, in any stage.
    """

    treatment: Treatment
    protocol: Protocol
    zone: ZoneInfo
    now: datetime
    readings: tuple[Reading, ...]
    check_ins: tuple[CheckIn, ...]
    assessment: Assessment
    alerts: tuple[Alert, ...]
    earlier: tuple[CourseAlert, ...]
    is_alone: bool


Given = Sequence[Reached]


def tell(case: Situation, just: CheckIn | None = None) -> Telling:
    """What the patient reads now; `just` are answers whose result is being shown."""
    heard = _heard(case, just)
    asking = [alert for alert in case.alerts if alert.resolved_at is None]
    told = [_of_alert(case, alert, heard.get(alert.concern, [])) for alert in asking]
    told += [
        _told(case, concern, _worst(given).level, _given_words(given), given=given)
        for concern, given in heard.items()
        if concern not in {alert.concern for alert in asking}
    ]
    on_record = {alert.concern for alert in case.alerts} | set(heard)
    told += [
        _told(
            case,
            found.concern,
            found.level,
            _reported_words(case, found.concern, case.now),
            found.regions,
        )
        for found in case.assessment.findings
        if found.level is not None and found.concern not in on_record
    ]
    told += [_of_earlier(case, each) for each in case.earlier if each.alert.resolved_at is None]
    if any(each.level is Level.URGENT for each in told):
        told = [replace(each, do=do_next_to_urgent(each.do, alone=case.is_alone)) for each in told]
    worst_first = tuple(sorted(told, key=_badness))
    picture, gauge, unjudged = _picture(case)
    if worst_first:
        gauge = next((each.gauge for each in worst_first if each.gauge), _worst_region(case))
    return Telling(worst_first, picture, gauge, unjudged, None if told else _closed(case))


def answer_to(
    photo: Photo,
    case: Situation,
    telling: Telling,
    photos: Sequence[Photo],
    *,
    is_opened: bool,
    is_unread: bool,
    is_left: bool,
) -> Answer | None:
    """The answer to a photo in one line; `photos` are those of its course.

    None while anything is open, because then that is the answer, and for a photo that is not the
    last one measured. Normal is only what surely is: every treated region is seen and as usual, the
    photo from before is sure, no complaint, note or unread message (`is_unread`) still counts, no
    photo that came later waits or failed, and none is left to the clinic that has not opened it
    (`is_left`). `is_opened`: a person of the clinic has opened the photo.
    """
    latest = _latest(case)
    if telling.is_open or latest is None or latest.photo_id != photo.id:
        return None
    is_seen_whole = telling.picture is Picture.AS_USUAL and not telling.unjudged
    is_sure = is_seen_whole and _is_compared_well(photos, case.treatment)
    if is_sure and not (is_left or unsettled(photo, photos) or complaint(case) or is_unread):
        return Answer.NORMAL
    is_looked_at = is_opened and not is_left
    return Answer.NOT_SURE if case.is_alone or is_looked_at else Answer.CLINIC_LOOKS


def _is_compared_well(photos: Sequence[Photo], treatment: Treatment) -> bool:
    """Whether the photo from before surely is that, and its sides are known where they count."""
    before = reference_of(photos)
    if before is None or came_late(before, treatment):
        return False
    return hidden_cheek(before, treatment) is None


def complaint(case: Situation) -> str:
    """The newest complaint that still counts, as in `named_answers`, or that a note waits."""
    spoken = _speaking(case)
    said = [each for each in reversed(case.check_ins) if each in spoken]
    named = (named_answers(each, case.protocol) for each in said)
    noted = NOTED if any(each.answers.note for each in said) else ""
    return next((words for words in named if words), noted)


def _speaking(case: Situation) -> set[CheckIn]:
    """The answers that still count: those about today's skin, and those that came lately."""
    check_ins, protocol, now = case.check_ins, case.protocol, case.now
    return {*recent(check_ins, protocol, now), *lately_received(check_ins, protocol, now)}


def _badness(told: Told) -> tuple[bool, int, bool, bool]:
    """The numbers to call are those of the first, so an emergency comes before all else."""
    is_late = (not told.calls_emergency, told.concern is Concern.SILENCE)
    return not told.needs_help_now, -told.level.rank, *is_late


def _heard(case: Situation, just: CheckIn | None) -> Mapping[Concern, Given]:
    """The answers that need help, by concern: those that still count, and those just given.

    Answers that the clinic had when it resolved the alert about them no longer count.
    """
    speaking = _speaking(case) | ({just} if just else set())
    closed = {a.concern: a.resolved_at for a in case.alerts if a.resolved_at is not None}
    heard: dict[Concern, list[Reached]] = {}
    for reached in floors_reached(tuple(speaking), case.protocol, case.treatment, case.zone):
        concern, given = reached.floor.concern, reached.check_in
        closed_at = closed.get(concern)
        if given == just or closed_at is None or given.received_at > closed_at:
            heard.setdefault(concern, []).append(reached)
    return heard


def _of_alert(case: Situation, alert: Alert, given: Given) -> Told:
    """An open alert; someone who opened it before an answer came has not read that answer."""
    level = worse(alert.level, _worst(given).level if given else None) or alert.level
    found_at = alert.flagged_at or alert.found_at or alert.raised_at
    answered = (
        _given_words(given)
        or _reported_words(case, alert.concern, found_at)
        or _reported_words(case, alert.concern, case.now)
    )
    told = _told(case, alert.concern, level, answered, alert.regions, given)
    if not given and (before := _reached(case, alert.concern, found_at)):
        is_emergency = any(each.floor.is_emergency for each in before)
        told = replace(  # applies until someone answers
            told, do=_to_do(case, before) or told.do, calls_emergency=is_emergency
        )
    newest = max((each.check_in.received_at for each in given), default=alert.raised_at)
    return _with_waiting(case, told, alert, newest)


def _of_earlier(case: Situation, each: CourseAlert) -> Told:
    """An open alert of a treatment before this one."""
    alert, began = each.alert, each.treatment.performed_at.astimezone(case.zone)
    told = _told(case, alert.concern, alert.level, "", alert.regions)
    what = f"From your treatment of {began.day} {began:%B}: {told.what[:1].lower()}{told.what[1:]}"
    return _with_waiting(case, replace(told, what=what, gauge=None), alert, alert.raised_at)


def _with_waiting(case: Situation, told: Told, alert: Alert, newest: datetime) -> Told:
    told = replace(told, since=alert.raised_at)
    if case.is_alone:
        is_stale = case.now - (alert.found_at or alert.raised_at) > STALE
        if is_stale and not told.needs_help_now:
            return replace(told, do=DO_WHEN_STALE, level=Level.WATCH)
        return told
    waiting, at = waiting_for(alert, newest, case.now)
    return replace(told, waiting=waiting, at=at, by=alert.seen_by)


def _told(
    case: Situation,
    concern: Concern,
    level: Level,
    answered: str,
    regions: Sequence[Region] = (),
    given: Given = (),
) -> Told:
    """The text for one open problem, before it is known how long it has waited."""
    alone = case.is_alone
    shown = shown_words(concern, regions)
    what, do = " ".join(words for words in (shown, answered) if words), DO[level, alone]
    is_pressing = any(each.floor.level is Level.URGENT for each in given)
    if is_pressing:
        what = answered
    do = _to_do(case, given) or do
    if concern in SPECIAL:
        what, do = SPECIAL[concern][alone]
        level = min(level, Level.REVIEW, key=lambda each: each.rank)  # no emergency of the skin
    is_emergency = any(each.floor.is_emergency for each in given)
    until = "" if is_emergency else UNTIL.get(concern, "")
    return Told(
        concern=concern,
        level=level,
        what=what or NEEDS_A_LOOK,
        do=do,
        until=until.format(call="see a doctor" if alone else "call your clinic"),
        waiting=Waiting.ALONE if alone else Waiting.BEING_TOLD,
        gauge=Gauge(regions[0], concern.quantity) if regions else None,
        needs_help_now=is_pressing,
        calls_emergency=is_emergency,
    )


def _reached(case: Situation, concern: Concern, at: datetime) -> Given:
    """The floors of a concern that are reached by the answers that still counted at a time."""
    spoken = recent(case.check_ins, case.protocol, at)
    every = floors_reached(spoken, case.protocol, case.treatment, case.zone)
    return [each for each in every if each.floor.concern is concern]


def _to_do(case: Situation, given: Given) -> str:
    """What the worst floor says to do; empty if it says to call a clinic and there is none."""
    words = _worst(given).words if given else ""
    return "" if case.is_alone and "clinic" in words else words


def _worst(given: Given) -> Floor:
    """The one of several floors whose words are shown: the latest of the worst."""
    floors = [each.floor for each in reversed(given)]
    return max(floors, key=lambda floor: (floor.level.rank, floor.is_emergency))


def named_answers(check_in: CheckIn, protocol: Protocol) -> str:
    """The complaints in one check-in, named: `You ticked pus.`; empty without any."""
    answers = check_in.answers
    pain, swelling = answers.pain or 0, answers.swelling or 0
    return answer_words(
        {name for name in SIGNS if name not in HABITS and getattr(answers, name)},
        pain if pain >= protocol.pain_high_from else None,
        swelling if swelling >= protocol.swelling_high_from else None,
        worse=answers.trend is Trend.WORSE,
    )


def _given_words(given: Given) -> str:
    """`You ticked pus and fever, and gave your pain as 8 of 10.`"""
    hurts = [each for each in given if each.floor.pain_from is not None]
    swells = [each for each in given if each.floor.swelling_from is not None]
    pains = [each.check_in.answers.pain or 0 for each in hurts]
    swellings = [each.check_in.answers.swelling or 0 for each in swells]
    return answer_words(
        {name for each in given for name in each.floor.signs},
        max(pains, default=None),
        max(swellings, default=None),
        worse=False,
    )


def _reported_words(case: Situation, concern: Concern, at: datetime) -> str:
    """The answers that still counted at a time and support a concern, named."""
    spoken = recent(case.check_ins, case.protocol, at)
    reached = _reached(case, concern, at)
    rule = case.protocol.concerns.get(concern)
    if rule is None or reached:
        return _given_words(reached)
    reported = reported_signs(spoken, case.protocol, case.treatment, case.zone)
    named = {name for name, ratio in rule.signs.items() if ratio.reported > 1}
    named = {name for name in named if reported.get(name)}
    hurts = named & {"unusual_pain", "pain_high"}
    return answer_words(
        named,
        max(c.answers.pain or 0 for c in spoken) if hurts else None,
        max(c.answers.swelling or 0 for c in spoken) if "swelling_high" in named else None,
        worse="trend_worse" in named,
    )


def _picture(case: Situation) -> tuple[Picture, Gauge, tuple[Region, ...]]:
    """What the latest reading says, about which region, and which regions it does not show."""
    latest, face = _latest(case), Gauge()
    if latest is None:
        return Picture.NOTHING, face, ()
    areas = [region for region in AREAS if region in case.treatment.areas]
    measured = latest.regions
    unjudged = tuple(r for r in areas if r not in measured or measured[r].redness.sd > WIDEST_SD)
    worst, is_redder = _worst_region(case), case.assessment.is_redder_than_normal
    share = case.assessment.region_standings.get(worst.region, 0.0)
    stands_out = share >= BAND[1] and _stands_out(case, latest, worst.region)
    if stands_out or (share >= REGION_OUTSIDE and not is_redder):
        return Picture.REGION_REDDER, worst, unjudged
    if is_redder:
        return Picture.FACE_REDDER, face, unjudged
    if (changed := _changed_pigment(case, latest)) is not None:
        darker = latest.regions[changed].pigment.value > 0
        picture = Picture.REGION_DARKER if darker else Picture.REGION_LIGHTER
        return picture, Gauge(changed, Quantity.PIGMENT), unjudged
    has_failed = case.assessment.standing is None  # of a face that was measured, the engine's fault
    if has_failed or is_vague(latest) or 2 * len(unjudged) >= len(areas):
        return Picture.UNCERTAIN, face, unjudged
    return Picture.AS_USUAL, face, unjudged


def is_vague(reading: Reading) -> bool:
    """Whether a photo says too little to call anything normal."""
    face = reading.regions.get(Region.FACE)
    is_wide = face is None or face.redness.sd > WIDEST_SD
    return is_wide or reading.skin_state is SkinState.MAKE_UP


def _stands_out(case: Situation, latest: Reading, region: Region) -> bool:
    """Whether a region is redder than its face by more than regions usually differ."""
    of_face = latest.regions.get(Region.FACE)
    redness = latest.regions[region].redness
    spread = math.hypot(redness.sd, case.protocol.redness.region_day_sd)
    return of_face is None or redness.value - of_face.redness.value > OUTSIDE_SD * spread


def _changed_pigment(case: Situation, latest: Reading) -> Region | None:
    """The region whose pigment changed most, on days on which crusts no longer explain it."""
    rule = case.protocol.concerns.get(Concern.HYPERPIGMENTATION)
    if rule is None or days_since(case.treatment, latest.taken_at) < rule.window_days[0]:
        return None
    departs: dict[Region, float] = {}
    for region in case.treatment.areas & set(latest.regions):
        pigment = latest.regions[region].pigment
        sds = abs(pigment.value) / math.hypot(pigment.sd, case.protocol.pigment.day_sd)
        if sds > OUTSIDE_SD and abs(pigment.value) > VISIBLE_PIGMENT:
            departs[region] = sds
    return max(sorted(departs), key=lambda region: departs[region], default=None)


def _worst_region(case: Situation) -> Gauge:
    """The reddest region for its day, so that no average hides it."""
    latest, standings = _latest(case), case.assessment.region_standings
    shown = [region for region in standings if latest and region in latest.regions]
    if latest is None or not shown:
        return Gauge()
    worst = max(shown, key=lambda r: (standings[r], latest.regions[r].redness.value))
    return Gauge(worst)


def _latest(case: Situation) -> Reading | None:
    after = [r for r in case.readings if days_since(case.treatment, r.taken_at) >= 0]
    return after[-1] if after else None


def _closed(case: Situation) -> Alert | None:
    """The alert that the clinic resolved last, in the last days."""
    closed = [
        (alert.resolved_at, alert.id, alert)
        for alert in case.alerts
        if alert.resolved_at is not None
        and case.now - alert.resolved_at <= TOLD_AFTER_CLOSING
        and alert.concern not in SPECIAL  # those close by themselves; no person answered
    ]
    return max(closed)[2] if closed else None
