"""Alerts on the page: the list, and one alert explained in ten seconds."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.actions.alerts.showing import AlertCase, AlertsInCare
from tracker.actions.course.progress import CourseSoFar
from tracker.domain.alerts.alert_life import Step, Transition
from tracker.domain.alerts.alerts import (
    Alert,
    Concern,
    CourseAlert,
    Factor,
    FalseAlarms,
    Outcome,
    Source,
    Stage,
    with_sides_exchanged,
    worst_first,
)
from tracker.domain.course.photos import Photo
from tracker.domain.course.readings import Quantity
from tracker.domain.course.treatments import day_number
from tracker.domain.recovery.evidence_words import focal_words
from tracker.wires.photo_files import Picture
from web.charts.charts import Chart, chart, frame_of
from web.charts.timeline import Strip, timeline
from web.desk.alert_cards import (
    NOTHING_CHOSEN,
    AlertCard,
    AnswerChoices,
    AnswerForm,
    AnswersRow,
    alert_card,
    latest_answers,
)
from web.forms import sentence
from web.screening import ScreeningCard, screening_card
from web.words.doubts import clinic_doubts, differing_baselines
from web.words.sides import SidesNote, blind_side, sides_note
from web.words.times import day_words, when
from web.words.words import (
    LEVELS,
    OBSTACLES,
    OUTCOMES,
    STEPS,
    share_words,
    treatment_words,
)

LARGEST_SHOWN = 1000.0  # a factor this large fills its bar
STRENGTHS = ((10.0, "strongly"), (3.0, "clearly"), (1.5, "somewhat"))
STRONGEST = 3  # lines of evidence for the alert that leads a patient's page
CLOSED_SHOWN = 2  # of the latest treatment; the others are folded


@dataclass(frozen=True, slots=True)
class AlertsPage:
    """All alerts, the worst that is not closed first, and how many were false so far."""

    template: ClassVar[str] = "practitioner_alerts.html"
    place: ClassVar[str] = "alerts"

    open: tuple[AlertCard, ...]
    snoozed: tuple[AlertCard, ...]
    resolved: tuple[AlertCard, ...]
    are_all: bool
    verdicts: str

    @property
    def title(self) -> str:
        """The page's name."""
        return "Alerts"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One factor as a line: `width` is percent of half a bar, `speaks` names its direction."""

    what: str
    factor: str
    strength: str
    speaks: str
    width: float


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One step in the life of an alert."""

    at: str
    what: str
    level: str
    who: str
    why: str
    versions: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an answer was not kept; `unkept` is what was typed, if no form can hold it."""

    lead: str
    words: str
    unkept: str


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Why an alert was raised, in ten seconds; `form` is None when there is nothing to answer.

    `shown` is what the forms send back, so that an answer always refers to what the page shows.
    `is_taken_on` means that a person marked it as seen, snoozed it or closed it.
    """

    template: ClassVar[str] = "practitioner_alert.html"
    place: ClassVar[str] = "alerts"
    outcomes: ClassVar[Mapping[Outcome, str]] = OUTCOMES

    card: AlertCard
    treatment: str
    probability: str
    red_flag: bool
    is_unjudged: bool
    onset: str
    evidence: tuple[Evidence, ...]
    focal: tuple[str, ...]
    photo_id: str | None
    photo_taken: str
    heat_map: Picture
    chart: Chart | None
    strip: Strip | None
    answers: tuple[AnswersRow, ...]
    closed_by: str | None
    versions: str
    history: tuple[HistoryRow, ...]
    answer_choices: AnswerChoices
    shown: str
    is_taken_on: bool
    form: AnswerForm | None
    refusal: Refusal | None
    screening: ScreeningCard
    depth_missing: bool
    doubts: tuple[str, ...]
    relabelled: str
    sides: SidesNote
    names_side: bool

    @property
    def title(self) -> str:
        """The page's name."""
        return self.card.headline


def alerts_page(found: AlertsInCare, now: datetime, zone: ZoneInfo) -> AlertsPage:
    """The alerts of all patients in care, in the order given."""
    listed = found.listed
    cards = [
        alert_card(CourseAlert(e.alert, e.treatment), e.patient, found.people, now, zone)
        for e in listed
    ]
    return AlertsPage(
        open=tuple(c for c, e in zip(cards, listed, strict=True) if e.alert.is_awake),
        snoozed=tuple(
            c for c, e in zip(cards, listed, strict=True) if e.alert.stage is Stage.SNOOZED
        ),
        resolved=tuple(c for c, e in zip(cards, listed, strict=True) if _is_over(e.alert)),
        are_all=found.are_all,
        verdicts=_verdicts(found.verdicts),
    )


def alert_page(
    case: AlertCase,
    course: CourseSoFar | None,
    answer_choices: AnswerChoices,
    now: datetime,
    zone: ZoneInfo,
    form: AnswerForm = NOTHING_CHOSEN,
) -> AlertPage:
    """One alert; `course` is shown if the alert belongs to it."""
    alert, quantity = case.alert, case.alert.concern.quantity
    same = course if course is not None and course.treatment.id == alert.treatment_id else None
    return AlertPage(
        card=alert_card(CourseAlert(alert, case.treatment), case.patient, case.people, now, zone),
        treatment=treatment_words(case.treatment, case.treatment.kind.replace("_", " ")),
        probability=share_words(alert.probability) if alert.concern.is_estimated else "",
        red_flag=any(factor.source is Source.RED_FLAG for factor in alert.evidence),
        is_unjudged=alert.concern is Concern.UNJUDGED,
        onset="" if alert.onset_day is None else f"Day {max(0, round(alert.onset_day))}",
        evidence=tuple(evidence_line(factor) for factor in alert.evidence),
        focal=_focal(alert, same),
        photo_id=case.photo.id if case.photo else None,
        photo_taken=_photo_taken(case, now, zone),
        heat_map=Picture.PIGMENT if quantity is Quantity.PIGMENT else Picture.REDNESS,
        chart=chart(same, alert.regions[0], frame_of(same, quantity))
        if same and alert.regions
        else None,
        strip=timeline(same) if same else None,
        answers=latest_answers(same, now, zone) if same else (),
        closed_by=_closed_by(case),
        versions=_versions(alert),
        history=tuple(_history_row(step, case, now, zone) for step in case.history),
        answer_choices=answer_choices,
        shown=_shown(case, form),
        is_taken_on=not alert.needs_answer,
        form=None if _is_over(alert) else form,
        refusal=_refusal(case, form, now, zone),
        screening=screening_card(case.screening, case.patient, case.treatment, now, zone),
        depth_missing=case.depth_missing,
        doubts=(
            *clinic_doubts(case.baseline, case.treatment),
            *blind_side(case.baseline, case.treatment),
            *(differing_baselines(same.photos, same.readings) if same else ()),
        ),
        relabelled=_relabelled(case),
        names_side=with_sides_exchanged(alert) != alert,
        sides=sides_note(
            case.baseline,
            case.treatment.id,
            case.sides_said,
            same.photos if same else (),
            same.readings if same else (),
            case.photo,
        ),
    )


def _relabelled(case: AlertCase) -> str:
    """What became of left and right since the alert was raised, while it is not resolved."""
    steps = [step for step in case.history if step.step is Step.RELABELLED]
    return sentence(steps[-1].why) if steps and not _is_over(case.alert) else ""


def _focal(alert: Alert, course: CourseSoFar | None) -> tuple[str, ...]:
    if course is None:
        return ()
    told = focal_words(alert, course.treatment, course.readings, course.patient.zone)
    return tuple(words[:1].upper() + words[1:] for words in told)


def _shown(case: AlertCase, form: AnswerForm) -> str:
    """A form with a mistake keeps what it was filled in for; all others have the current state."""
    alert = case.alert
    fresh = f"{alert.level} {len(case.history)} {alert.raised_at.isoformat()}"
    return fresh if form.refused else form.chosen.get("shown") or fresh


def _refusal(case: AlertCase, form: AnswerForm, now: datetime, zone: ZoneInfo) -> Refusal | None:
    if form.refused is None:
        return None
    lead, words = OBSTACLES[form.refused.obstacle]
    if (step := form.refused.step) is not None:
        person = case.people.get(step.by or "")
        who = person.name if person else "Afterglow"
        done = f"{who}, {when(step.at, now, zone)}: {STEPS[step.step].lower()}"
        words = f"{done} ({step.why}). {words}" if step.why else f"{done}. {words}"
    typed = (form.chosen.get(field, "") for field in ("text", "why", "snooze_why", "note"))
    return Refusal(lead, words, next(filter(None, typed), "") if _is_over(case.alert) else "")


def _is_over(alert: Alert) -> bool:
    return alert.stage is Stage.RESOLVED


def _verdicts(count: FalseAlarms) -> str:
    """The actual false-alarm rate as a count that people can check."""
    if not count.judged:
        return "" if not count.unclear else f"{count.unclear} resolved as unclear, none decided."
    unclear = f" {count.unclear:,} more stayed unclear." if count.unclear else ""
    return f"{count.false:,} of {count.judged:,} resolved alerts were false alarms.{unclear}"


def _versions(behind: Alert | Transition) -> str:
    return f"engine {behind.engine}, protocol {behind.protocol}"


def _history_row(step: Transition, case: AlertCase, now: datetime, zone: ZoneInfo) -> HistoryRow:
    person = case.people.get(step.by) if step.by else None
    return HistoryRow(
        at=when(step.at, now, zone),
        what=STEPS[step.step],
        level=LEVELS[step.level].name,
        who=person.name if person else "Afterglow",
        why=step.why,
        versions=_versions(step),
    )


def _closed_by(case: AlertCase) -> str | None:
    """Who closed a resolved alert; None while it is not resolved, and when it closed itself."""
    by = next((t.by for t in reversed(case.history) if t.step is Step.RESOLVED), None)
    person = case.people.get(by or "")
    return person.name if person and _is_over(case.alert) else None


def evidence_line(factor: Factor) -> Evidence:
    """One factor in words, with its strength."""
    what = factor.what[:1].upper() + factor.what[1:]
    if factor.source is Source.CLOCK:
        return Evidence(what, "", "counted in whole days", "for", 0.0)
    if factor.source is Source.RED_FLAG:
        return Evidence(what, "reported", "enough by itself", "for", 50.0)
    if factor.source is Source.PROTOCOL:
        return Evidence(what, "", "the clinic's own rule", "for", 0.0)
    if factor.source is Source.FAILURE:
        return Evidence(what, "", "look at photos and answers yourself", "for", 0.0)
    weight = max(factor.factor, 1 / factor.factor)
    speaks = "for" if factor.factor >= 1 else "against"
    strengths = (f"{word} {speaks}" for least, word in STRENGTHS if weight >= least)
    strength = next(strengths, "says little")
    width = 50 * min(1.0, math.log(weight) / math.log(LARGEST_SHOWN))
    return Evidence(what, _factor_words(factor.factor), strength, speaks, round(width, 1))


def _factor_words(factor: float) -> str:
    if factor > LARGEST_SHOWN:
        return f"more than ×{LARGEST_SHOWN:,.0f}"
    if factor < 1 / LARGEST_SHOWN:
        return "less than ×0.001"
    return f"×{factor:.0f}" if factor >= 10 else f"×{factor:.2g}"


def _photo_taken(case: AlertCase, now: datetime, zone: ZoneInfo) -> str:
    if (photo := case.photo) is None:
        return ""
    day = day_number(case.treatment, photo.taken_at, case.patient.zone)
    return f"{day_words(day)}, {when(photo.taken_at, now, zone)}"


@dataclass(frozen=True, slots=True)
class Lead:
    """The worst alert that is not closed, its strongest evidence, and what shows it."""

    card: AlertCard
    evidence: tuple[Evidence, ...]
    photo_id: str | None
    taken: str


@dataclass(frozen=True, slots=True)
class PatientAlerts:
    """The alerts of all treatments of one patient, each in one place.

    `alert` is the one that leads. `cards` are all others that are not closed, however old, and the
    latest that are; `closed` are other closed ones of this treatment, `earlier` those of earlier
    treatments.
    """

    alert: Alert | None
    lead: Lead | None
    cards: tuple[AlertCard, ...]
    closed: tuple[AlertCard, ...]
    earlier: tuple[AlertCard, ...]


def patient_alerts(progress: CourseSoFar, now: datetime, zone: ZoneInfo) -> PatientAlerts:
    """The alerts of a patient, those that are not closed worst first, the closed newest first."""

    def cards(courses: Iterable[CourseAlert]) -> tuple[AlertCard, ...]:
        people = progress.staff
        return tuple(alert_card(each, progress.patient, people, now, zone) for each in courses)

    own = [CourseAlert(alert, progress.treatment) for alert in progress.alerts]
    by_id = {each.alert.id: each for each in [*own, *progress.earlier_alerts]}
    told = [by_id[alert.id] for alert in worst_first(each.alert for each in by_id.values())]
    first = next((each for each in told if each.alert.is_awake), None)
    unresolved = [each for each in told if each.alert.stage is not Stage.RESOLVED]
    closed = [each for each in told if each.alert.stage is Stage.RESOLVED]
    closed.sort(key=lambda each: each.alert.raised_at, reverse=True)
    here = [each for each in closed if each.treatment.id == progress.treatment.id]
    return PatientAlerts(
        alert=first.alert if first else None,
        lead=_lead(first, progress, now, zone) if first else None,
        cards=cards(each for each in [*unresolved, *here[:CLOSED_SHOWN]] if each is not first),
        closed=cards(here[CLOSED_SHOWN:]),
        earlier=cards(each for each in closed if each.treatment.id != progress.treatment.id),
    )


def _lead(course: CourseAlert, progress: CourseSoFar, now: datetime, zone: ZoneInfo) -> Lead:
    alert, treatment, patient = course.alert, progress.treatment, progress.patient
    photo = photo_of(alert, progress)
    strongest = sorted(alert.evidence, key=lambda each: -abs(math.log(each.factor)))[:STRONGEST]
    return Lead(
        card=alert_card(course, patient, progress.staff, now, zone),
        evidence=tuple(evidence_line(factor) for factor in strongest),
        photo_id=photo.id if photo else None,
        taken=day_words(day_number(treatment, photo.taken_at, patient.zone)) if photo else "",
    )


def photo_of(alert: Alert, progress: CourseSoFar) -> Photo | None:
    """The photo of this course that an alert is about."""
    return next((each for each in progress.photos if each.id == alert.photo_id), None)
