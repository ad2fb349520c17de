"""The ward round: those who wait, one after the other. Parse, allow, act, match, render.

What it sends goes to the actions of the page of an alert, and to those of the conversation.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from tracker.actions.alerts.answering import Answered, answer_alert, take_back_answer
from tracker.actions.alerts.showing import AlertCase
from tracker.actions.course.progress import CourseSoFar, show_course
from tracker.actions.desk.worklist import (
    RoundCase,
    find_round_stop,
    read_standing,
    show_round_case,
)
from tracker.actions.talk.conversation import open_conversation
from tracker.domain.alerts.alert_life import AnswerRefused, Obstacle
from tracker.domain.alerts.alerts import Alert, CourseAlert
from tracker.domain.course.check_ins import CheckIn
from tracker.domain.course.photos import EarlyPhoto, Photo
from tracker.domain.desk.ward_round import Hold
from tracker.domain.desk.worklist import Place, gauge
from tracker.domain.people.access import may_answer_alerts, may_follow, may_open_worklist, require
from tracker.domain.talk.conversation import MAX_MESSAGE_LENGTH
from web.charts.charts import chart, frame_of
from web.desk.alert_cards import (
    NOTHING_CHOSEN,
    AlertCard,
    AnswerForm,
    AnswersRow,
    alert_card,
    answers_row,
    troubles,
)
from web.desk.alert_pages import AlertPage, Evidence, Refusal, evidence_line
from web.desk.alerts import (
    case_opened,
    case_to_answer,
    case_to_follow,
    just_answered,
    shown_with,
)
from web.desk.comparison_pages import Shot, round_pair, shot
from web.desk.worklist_pages import PatientRow, patient_row
from web.forms import Errors, read_resolution, read_shown_alert
from web.pages import render
from web.session import Visit, signed_in
from web.words.times import when
from web.words.words import HOLDS

blueprint = Blueprint("ward_round", __name__)

PHOTOS_AT_ONCE = 6  # each is shown large


@dataclass(frozen=True, slots=True)
class RoundMessage:
    """What the patient wrote; `is_new` until this reader has opened it."""

    id: str
    at: str
    text: str
    has_photo: bool
    is_new: bool


@dataclass(frozen=True, slots=True)
class RoundAlert:
    """One open alert; `grounds` speak for it, the strongest first, and `against` do not."""

    page: AlertPage
    grounds: tuple[Evidence, ...]
    against: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class RoundPage:
    """One patient of the round with all that the page of an alert and the list show.

    `fine` is the alert that may be closed here, None while `holds` say why not. `alerts` wait,
    worst first, and `may_answer` the first of them here; `asleep` are snoozed. `warnings` are all
    answers that were a warning sign, `noted` others with words. `pair` are the last measured
    photos, `opened` others that were asked for, `unopened` the ids of those to ask for next.
    `place` is that of the patient in the list, from which the round goes on; `mark` changes when
    anything comes in. `key` tells a message sent twice from two. `undo` is the alert that the
    reader answered just before, while that can be undone.
    """

    template: ClassVar[str] = "round.html"
    place: ClassVar[str] = "patients"
    longest: ClassVar[int] = MAX_MESSAGE_LENGTH

    row: PatientRow
    headline: str
    fine: AlertPage | None
    holds: tuple[str, ...]
    alerts: tuple[RoundAlert, ...]
    may_answer: bool
    asleep: tuple[AlertCard, ...]
    warnings: tuple[AnswersRow, ...]
    noted: tuple[AnswersRow, ...]
    messages: tuple[RoundMessage, ...]
    unread: int
    pair: tuple[Shot, ...]
    opened: tuple[Shot, ...]
    unopened: tuple[str, ...]
    unseen: int
    curve: str
    troubles: tuple[str, ...]
    at: str
    mark: str
    earlier: int
    later: int
    is_waiting: bool
    key: str
    refusal: Refusal | None
    undo: AlertPage | None

    @property
    def title(self) -> str:
        """The page's name, without a name in it."""
        return "Ward round"


@dataclass(frozen=True, slots=True)
class RoundEndPage:
    """Every patient who waits has been shown; `waiting` counts those who still do."""

    template: ClassVar[str] = "round_end.html"
    place: ClassVar[str] = "patients"

    waiting: int
    undo: AlertPage | None

    @property
    def title(self) -> str:
        """The page's name."""
        return "Ward round"


@blueprint.get("/round")
@signed_in
def begin(visit: Visit) -> ResponseReturnValue:
    """Redirect to the first patient who waits after a place in the list; at its end, say so."""
    require(may_open_worklist(visit.viewer))
    after = Place.read(request.args.get("after", ""))
    stop = find_round_stop(visit.db, visit.world.protocols, visit.person, after, visit.now)
    if stop.patient_id is None:
        return render(RoundEndPage(stop.waiting, just_answered(visit)))
    there = url_for(
        ".show",
        patient_id=stop.patient_id,
        place=str(stop.place),
        undo=request.args.get("undo"),
        was=request.args.get("after") if "undo" in request.args else None,
    )
    return redirect(there, code=303)


@blueprint.get("/round/<patient_id>")
@signed_in
def show(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """One patient of the round; opening it counts as opening the alert that leads it."""
    require(may_follow(visit.viewer, patient_id))
    return render(_stop(visit, patient_id))


@blueprint.post("/round/<patient_id>/open")
@signed_in
def open_new(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Mark what the patient wrote as read, and show the photos large that no one has opened."""
    require(may_follow(visit.viewer, patient_id))
    told = open_conversation(visit.db, patient_id, visit.person.id, visit.now) or abort(404)
    there = url_for(
        ".show",
        patient_id=patient_id,
        place=request.form.get("round", ""),
        photo=request.form.getlist("photo"),
        message=[m.id for m in told.messages if m.is_from_patient and not m.receipts],
    )
    return redirect(there, code=303)


@blueprint.post("/round/<patient_id>/alerts/<alert_id>/fine")
@signed_in
def close(visit: Visit, patient_id: str, alert_id: str) -> ResponseReturnValue:
    """Close the alert if nothing is left to open and nothing came while the page was open."""
    case, sent = case_to_answer(visit, alert_id), request.form
    if case.patient.id != patient_id:
        abort(404)
    asked = read_resolution(sent)
    if isinstance(asked, Errors):
        return render(_stop(visit, patient_id, AnswerForm(sent, asked.by_field))), 422
    shown = read_shown_alert(sent, case.alert)
    if shown is None:
        return _refused(visit, case, AnswerRefused(Obstacle.NOT_SHOWN))

    def is_held() -> bool:
        now = read_standing(visit.db, visit.world.protocols, patient_id)
        return now.mark != sent.get("mark") or bool(now.holds(visit.person.id))

    done = answer_alert(visit.db, shown, visit.person, asked, visit.now, is_held=is_held)
    match done:
        case AnswerRefused():
            return _refused(visit, case, done)
        case Answered():
            there = url_for(".begin", after=sent.get("round", ""), undo=alert_id)
            return redirect(there, code=303)
        case None:
            raise NotFound


@blueprint.post("/round/<patient_id>/alerts/<alert_id>/undo")
@signed_in
def undo(visit: Visit, patient_id: str, alert_id: str) -> ResponseReturnValue:
    """Take one's own last answer back, and show the patient again."""
    case = case_to_answer(visit, alert_id)
    shown = read_shown_alert(request.form, case.alert)
    if case.patient.id != patient_id:
        abort(404)
    if shown is None:
        return _refused(visit, case, AnswerRefused(Obstacle.NOT_SHOWN))
    match take_back_answer(visit.db, shown, visit.person, visit.now):
        case AnswerRefused() as refused:
            return _refused(visit, case, refused)
        case Answered():
            place = request.form.get("round") or None  # where the patient was in the round
            return redirect(url_for(".show", patient_id=patient_id, place=place), code=303)
        case None:
            raise NotFound


def _refused(visit: Visit, case: AlertCase, refused: AnswerRefused) -> ResponseReturnValue:
    """The patient as they are now, with what was typed, whatever became of the alert."""
    form = AnswerForm(request.form, refused=refused)
    now = case_to_follow(visit, case.alert.id)
    page = replace(
        _stop(visit, case.patient.id, form), refusal=shown_with(visit, now, None, form).refusal
    )
    return render(page), 409


def _stop(visit: Visit, patient_id: str, form: AnswerForm = NOTHING_CHOSEN) -> RoundPage:
    """The page of a patient; what is shown of the alerts is as it is after they were read."""
    db, protocols = visit.db, visit.world.protocols
    told = show_round_case(db, protocols, visit.person, patient_id, visit.now) or abort(404)
    progress = show_course(db, protocols, patient_id, visit.now)
    course = progress if isinstance(progress, CourseSoFar) else None
    cases = [_case(visit, alert, leads=not n) for n, alert in enumerate(told.standing.awake)]
    return _page(visit, told, course, [shown_with(visit, case, course, form) for case in cases])


def _case(visit: Visit, alert: Alert, *, leads: bool) -> AlertCase:
    """Opened only if it leads the page with its reasons: others may be below what is read."""
    is_shown = leads and any(evidence_line(each).speaks == "for" for each in alert.evidence)
    return (case_opened if is_shown else case_to_follow)(visit, alert.id)


def _page(
    visit: Visit, told: RoundCase, course: CourseSoFar | None, pages: Sequence[AlertPage]
) -> RoundPage:
    standing, zone, reader_id = told.standing, visit.person.zone, visit.person.id
    row = patient_row(told.row, told.named, visit.now, zone)
    asked = {*request.values.getlist("photo"), *request.values.getlist("message")}
    every: list[Photo | EarlyPhoto] = [*standing.photos, *standing.early]
    opened = [photo for photo in every if photo.id in asked]
    pair = round_pair(told)
    holds = standing.holds(reader_id, {photo.id for photo in opened})
    alerts = tuple(_round_alert(page) for page in pages)
    may_answer = bool(alerts and alerts[0].grounds) and may_answer_alerts(visit.viewer, row.id)
    may_close = len(pages) == 1 and may_answer and not holds
    unread = standing.unopened(reader_id)
    unopened = [photo.id for photo in standing.unseen if photo.id not in asked]
    return RoundPage(
        row=row,
        headline=pages[0].title if pages else _headline(row, holds),
        fine=pages[0] if may_close else None,
        holds=tuple(HOLDS[hold] for hold in holds),
        alerts=alerts,
        may_answer=may_answer,
        asleep=_asleep(told, visit.now, zone),
        warnings=_answers(standing.warnings, told, visit.now, zone),
        noted=_answers(standing.noted, told, visit.now, zone),
        messages=tuple(
            RoundMessage(m.id, when(m.at, visit.now, zone), m.text, m.has_photo, m in unread)
            for m in standing.messages
            if m in unread or m in standing.unanswered or m.id in asked
        ),
        unread=len(unread),
        pair=tuple(shot(photo, told, asked, visit.now) for photo in pair),
        opened=tuple(shot(p, told, asked, visit.now) for p in opened if p not in pair),
        unopened=tuple(unopened[:PHOTOS_AT_ONCE]),
        unseen=len(unopened),
        curve=_curve(told, course),
        troubles=troubles(course, visit.now, zone),
        at=request.values.get("place") or request.values.get("round") or str(told.row.ranked.place),
        mark=standing.mark,
        earlier=told.earlier,
        later=told.later,
        is_waiting=told.row.ranked.group.waits,
        key=secrets.token_hex(16),
        refusal=None,
        undo=just_answered(visit),
    )


def _headline(row: PatientRow, holds: Sequence[Hold]) -> str:
    """Why a patient without an open alert is shown; a warning sign first."""
    if Hold.WARNING in holds:
        return "An answer is a warning sign"
    messages = "1 new message" if row.unread == 1 else f"{row.unread} new messages"
    told = [messages if row.unread else "", row.unseen, row.lost_photos]
    return "; ".join(filter(None, told)) or "Nothing waits for an answer"


def _round_alert(page: AlertPage) -> RoundAlert:
    grounds = [line for line in page.evidence if line.speaks == "for"]
    return RoundAlert(
        page=page,
        grounds=tuple(sorted(grounds, key=lambda line: -line.width if line.factor else -50)),
        against=tuple(line for line in page.evidence if line.speaks != "for"),
    )


def _asleep(told: RoundCase, now: datetime, zone: ZoneInfo) -> tuple[AlertCard, ...]:
    return tuple(
        alert_card(
            CourseAlert(alert, told.standing.courses[alert.treatment_id]),
            told.row.patient,
            told.named,
            now,
            zone,
        )
        for alert in told.standing.alerts
        if not alert.is_awake
    )


def _answers(
    given: Sequence[CheckIn], told: RoundCase, now: datetime, zone: ZoneInfo
) -> tuple[AnswersRow, ...]:
    own_zone = told.row.patient.zone
    return tuple(
        answers_row(each, told.standing.courses[each.treatment_id], own_zone, now, zone)
        for each in given
    )


def _curve(told: RoundCase, course: CourseSoFar | None) -> str:
    """What the curve of the worst alert's region says, else that of the face."""
    shown = gauge(told.row.ranked.facts)
    return chart(course, shown.region, frame_of(course, shown.quantity)).headline if course else ""
