"""What a report says in sentences: what is open, alerts with their answers, gaps and method."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tracker.actions.alerts.showing import AlertCase
from tracker.actions.course.progress import CourseSoFar
from tracker.domain.alerts.alert_life import Step, Transition
from tracker.domain.alerts.alerts import Alert, Level, Stage, worst_first
from tracker.domain.clinic.clinic import Clinic
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, reference_of
from tracker.domain.course.treatments import day_number
from tracker.domain.people.people import Person
from tracker.domain.recovery.recovery import ENGINE
from web.report.asking import Reader
from web.words.doubts import clinic_doubts, differing_baselines, lost_photos, patient_doubts
from web.words.sides import blind_side
from web.words.telling import CALL_IF_WORSE, SEE_A_DOCTOR, WHY_SIDE_NOT_KNOWN, OpenThing
from web.words.times import dated, day_words
from web.words.words import LEVELS, OUTCOMES, STEPS, alert_headline, regions_words

MOST_RESOLVED = 6  # alerts; those that are open are all printed
MOST_REASONS = 3
MOST_STEPS = 8  # of one alert; its page has all of them
# What a patient reads of an alert's life; notes between colleagues are not among it.
OWN_STEPS: Mapping[Step, str] = {
    Step.OPENED: "Your clinic was asked",
    Step.ROSE: "It became more urgent",
    Step.READ: "Opened at your clinic",
    Step.SEEN: "Seen",
    Step.SNOOZED: "To be looked at again later",
    Step.WOKE: "Asked again",
    Step.ESCALATED: "Passed on to others at your clinic",
    Step.HANDED_OVER: "Passed to a colleague",
    Step.TAKEN_BACK: "Answer taken back",
    Step.RESOLVED: "Closed",
}
QUIET = frozenset({Step.FLAGGED, Step.RELABELLED})  # not an answer, and it changes nothing to do


@dataclass(frozen=True, slots=True)
class Note:
    """One open problem; `mark` is a shape, so that it is seen in grey."""

    mark: str
    headline: str
    lines: tuple[str, ...]
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class StepTold:
    """One step in the life of an alert: when, what, by whom, and why."""

    at: str
    what: str
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class AlertTold:
    """An alert, what speaks for it, and who answered what and when."""

    mark: str
    headline: str
    when: str
    state: str
    is_open: bool
    reasons: tuple[str, ...]
    steps: tuple[StepTold, ...]
    left_out: str


def printed_alerts(course: CourseSoFar) -> tuple[Alert, ...]:
    """All that are not resolved, of any course and the worst first; then the latest resolved."""
    everywhere = (*course.alerts, *(each.alert for each in course.earlier_alerts))
    unresolved = [each for each in everywhere if each.stage is not Stage.RESOLVED]
    resolved = [each for each in course.alerts if each.stage is Stage.RESOLVED]
    resolved.sort(key=lambda each: each.raised_at, reverse=True)
    return (*worst_first(unresolved), *resolved[:MOST_RESOLVED])


def open_notes(
    found: Sequence[OpenThing | AlertCase], course: CourseSoFar, now: datetime
) -> tuple[Note, ...]:
    """What is open, worst first as given; what is closed is left out."""
    notes = (
        _own_note(each) if isinstance(each, OpenThing) else _alert_note(each, course, now)
        for each in found
    )
    return tuple(note for note in notes if note is not None)


def _own_note(thing: OpenThing) -> Note:
    told = (thing.what, thing.do, thing.until, thing.waiting)
    return Note(thing.mark, thing.headline, tuple(filter(None, told)), thing.kind == Level.URGENT)


def _alert_note(case: AlertCase, course: CourseSoFar, now: datetime) -> Note | None:
    alert = case.alert
    if alert.stage is Stage.RESOLVED:
        return None
    other = "" if alert.treatment_id == course.treatment.id else " Of another course."
    level, zone = LEVELS[alert.level], course.patient.zone
    words = f"{level.name}: {alert_headline(alert)}."
    raised = f"{_when(case, zone)}.{other}"
    state = _state(alert, case.people, zone, now)
    return Note(level.mark, words, (raised, state), alert.level is Level.URGENT)


def _when(case: AlertCase, zone: ZoneInfo) -> str:
    day = day_words(day_number(case.treatment, case.alert.raised_at, case.patient.zone))
    return f"{day}, {dated(case.alert.raised_at, zone)}"


def _state(
    alert: Alert, people: Mapping[str, Person], zone: ZoneInfo, now: datetime | None = None
) -> str:
    """How far the clinic is with it, with times that stay true on paper."""
    taker, reader = people.get(alert.seen_by or ""), people.get(alert.read_by or "")
    by = f" by {taker.name}" if taker else ""
    match alert.stage:
        case Stage.RESOLVED:
            outcome = f", {OUTCOMES[alert.outcome]}" if alert.outcome else " by itself"
            return f"Resolved{outcome}." if alert.resolved_at else ""
        case _ if alert.call_by is not None:
            over = " No answer came." if now is not None and alert.call_by <= now else ""
            return f"A call was promised before {dated(alert.call_by, zone)}{by}.{over}"
        case Stage.SNOOZED if alert.snoozed_until is not None:
            return f"Put off until {dated(alert.snoozed_until, zone)}{by}; still open."
        case Stage.SEEN if alert.seen_at is not None:
            return f"Seen {dated(alert.seen_at, zone)}{by}; not closed yet."
        case _ if alert.read_at is not None:
            who = f" by {reader.name}" if reader else ""
            return f"Opened {dated(alert.read_at, zone)}{who}; no answer yet."
        case _:
            return "No one has opened it yet."


def alerts_told(
    cases: Sequence[AlertCase], reader: Reader, zone: ZoneInfo
) -> tuple[AlertTold, ...]:
    """Every alert with its answers, in the order given."""
    for_patient = reader is Reader.PATIENT
    return tuple(_alert_told(case, zone, for_patient=for_patient) for case in cases)


def _alert_told(case: AlertCase, zone: ZoneInfo, *, for_patient: bool) -> AlertTold:
    alert, level = case.alert, LEVELS[case.alert.level]
    where = regions_words(alert.regions)
    is_open = alert.stage is not Stage.RESOLVED
    steps = [
        step
        for step in case.history
        if step.step not in QUIET and (not for_patient or step.step in OWN_STEPS)
    ]
    left_out = len(steps) - MOST_STEPS
    shown = steps if left_out <= 0 else [steps[0], *steps[-MOST_STEPS + 1 :]]
    strongest = sorted(alert.evidence, key=lambda each: -abs(math.log(each.factor)))
    reasons = () if for_patient else tuple(each.what for each in strongest[:MOST_REASONS])
    own = f"About your {where}" if where else "About your answers or photos"
    state = _state(alert, case.people, zone)
    return AlertTold(
        mark=level.mark,
        headline=own if for_patient else f"{level.name}: {alert_headline(alert)}",
        when=_when(case, zone),
        state=("Still open." if is_open else "Closed.") if for_patient else state,
        is_open=is_open,
        reasons=reasons,
        steps=tuple(_step(step, case, zone, for_patient=for_patient) for step in shown),
        left_out=f"{left_out} more steps are left out here." if left_out > 0 else "",
    )


def _step(step: Transition, case: AlertCase, zone: ZoneInfo, *, for_patient: bool) -> StepTold:
    person = case.people.get(step.by or "")
    return StepTold(
        at=dated(step.at, zone),
        what=OWN_STEPS[step.step] if for_patient else STEPS[step.step],
        who=person.name if person else "Afterglow",
        why="" if for_patient else step.why,
    )


def missing_lines(course: CourseSoFar, reader: Reader) -> tuple[str, ...]:
    """What the report cannot say, and why."""
    before = reference_of(course.photos)
    own = tuple(_own_doubts(before, course)) if reader is Reader.PATIENT else ()
    doubts = own if reader is Reader.PATIENT else tuple(_doubts(before, course))
    return tuple(filter(None, (*doubts, *_unmeasured(course), *_unanswered(course))))


def _own_doubts(before: Photo | None, course: CourseSoFar) -> Iterator[str]:
    if before is None:
        return
    yield from patient_doubts(before, course.treatment)
    if blind_side(before, course.treatment):
        yield WHY_SIDE_NOT_KNOWN


def _doubts(before: Photo | None, course: CourseSoFar) -> Iterator[str]:
    yield from clinic_doubts(before, course.treatment)
    yield from blind_side(before, course.treatment)
    yield from differing_baselines(course.photos, course.readings)
    yield lost_photos(course.photos)
    if course.protocol.is_depth_missing(course.treatment):
        yield "The needle depth is not recorded, so the slowest expected course is shown."


def _unmeasured(course: CourseSoFar) -> Iterator[str]:
    if not any(photo.role is PhotoRole.BASELINE for photo in course.photos):
        yield "There is no photo from before, so nothing is compared with it."
    counts = {
        "waits to be measured": (PhotoStatus.WAITING, PhotoStatus.MEASURING),
        "could not be measured": (PhotoStatus.UNMEASURABLE,),
    }
    for words, states in counts.items():
        count = sum(photo.status in states for photo in course.photos)
        if count:
            each = words.replace("waits", "wait") if count > 1 else words
            yield f"{count} photo{'s' if count > 1 else ''} {each}."
    if course.undated:
        yield "Photos that came before the treatment was entered are not measured."
    if course.care_withdrawn_at is not None:
        since = dated(course.care_withdrawn_at, course.patient.zone)
        yield f"Consent to care was withdrawn on {since}; nothing is measured since then."


def _unanswered(course: CourseSoFar) -> Iterator[str]:
    if not course.check_ins:
        yield "No check-in was answered on these days."
    if not course.band:
        yield "The expected range could not be computed."


def method_lines(
    course: CourseSoFar, cases: Sequence[AlertCase], reader: Reader
) -> tuple[str, ...]:
    """Method, expected range, limits and versions: a line each."""
    methods = ", ".join(sorted({reading.method for reading in course.readings})) or "none"
    engines = ", ".join(sorted({ENGINE, *(case.alert.engine for case in cases)}))
    whose = "your" if reader is Reader.PATIENT else "the patient’s"
    protocol = course.protocol
    method = (
        f"Method: each photo is brought into the light of {whose} photo from before, by a printed"
        " card or by untreated skin, and compared with it region by region."
    )
    expected = (
        "Expected range: 95 in 100 courses that are normal by the protocol lie in it; it is"
        " computed, not observed at this clinic."
    )
    limits = (
        "Limits: a photo shows colour, not pain, warmth or depth. This is no diagnosis, and a calm"
        " chart does not rule out a complication."
    )
    judged_by = f"protocol {protocol.label}, {protocol.sign_off_words}"
    versions = f"Versions: analysis {methods}; engine {engines}; {judged_by}."
    return method, expected, limits, versions


def closing_note(course: CourseSoFar, clinic: Clinic) -> str:
    """Whom a patient calls, at the end of the patient's own report."""
    if course.is_alone:
        return SEE_A_DOCTOR
    numbers = (
        f"Clinic: {clinic.phone}" if clinic.phone else "",
        f"emergency: {clinic.emergency_number}" if clinic.emergency_number else "",
    )
    return " ".join((CALL_IF_WORSE, ", ".join(filter(None, numbers)))).strip()
