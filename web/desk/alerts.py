"""Answers to an alert: parse, allow, act, match, render."""

import re
import secrets
from collections.abc import Mapping

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from tracker.actions.alerts.answering import (
    Answered,
    NoSuchColleague,
    answer_alert,
    can_take_back,
)
from tracker.actions.alerts.showing import AlertCase, read_alert, show_alert
from tracker.actions.clinic.clinic import show_clinic
from tracker.actions.course.progress import (
    CourseSoFar,
    show_courses,
    show_numbered_course,
)
from tracker.actions.people.care_team import show_colleagues
from tracker.actions.talk.conversation import InReply, PhotoRefused, Said, add_message
from tracker.actions.talk.replies import begin_with_reply, show_replies
from tracker.domain.alerts.alert_life import (
    Answer,
    AnswerRefused,
    HandOver,
    Obstacle,
    Resolution,
    Seen,
    Snooze,
)
from tracker.domain.alerts.promises import Call, decision_time
from tracker.domain.desk.worklist import Place
from tracker.domain.people.access import may_answer_alerts, may_follow, require
from tracker.domain.protocols.protocols import ProtocolError
from tracker.domain.talk.conversation import Draft
from web.desk.alert_cards import NOTHING_CHOSEN, AnswerForm, answer_choices
from web.desk.alert_pages import AlertPage, alert_page
from web.forms import (
    KEY,
    Errors,
    read_resolution,
    read_shown_alert,
    read_snooze,
    sentence,
    typed,
)
from web.pages import render
from web.security import is_fetched_ahead
from web.session import Visit, signed_in

blueprint = Blueprint("alert_answers", __name__, template_folder="templates")
MINUTES = re.compile(r"[0-9]{1,4}")


@blueprint.post("/alerts/<alert_id>/answer")
@signed_in
def answer(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Record that the practitioner has seen the alert."""
    return _answered(visit, case_to_answer(visit, alert_id), _seen(visit), "shown")


@blueprint.post("/alerts/<alert_id>/call")
@signed_in
def call(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Promise the patient a call; the alert asks again when the time passes."""
    case, minutes = case_to_answer(visit, alert_id), request.form.get("minutes", "")
    chosen = Call(int(minutes) if MINUTES.fullmatch(minutes) else 0)
    return _answered(visit, case, chosen, "minutes")


@blueprint.post("/alerts/<alert_id>/snooze")
@signed_in
def snooze(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Keep the concern quiet until a given day."""
    case = case_to_answer(visit, alert_id)
    match read_snooze(request.form):
        case Errors(by_field):
            return _wrong(visit, case, by_field)
        case Snooze() as chosen:
            return _answered(visit, case, chosen, "until")


@blueprint.post("/alerts/<alert_id>/resolve")
@signed_in
def resolve(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Close the alert with what it turned out to be."""
    case = case_to_answer(visit, alert_id)
    match read_resolution(request.form):
        case Errors(by_field):
            return _wrong(visit, case, by_field)
        case Resolution() as chosen:
            return _answered(visit, case, chosen, "why")


@blueprint.post("/alerts/<alert_id>/hand-over")
@signed_in
def hand_over(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Ask a colleague to look."""
    case = case_to_answer(visit, alert_id)
    asked = HandOver(request.form.get("colleague", ""), typed(request.form, "note"))
    return _answered(visit, case, asked, "note")


@blueprint.post("/alerts/<alert_id>/message")
@signed_in
def message(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Write to the patient and, if requested, mark the alert as seen at once."""
    case, sent = case_to_follow(visit, alert_id), request.form
    if "reply" in sent:
        return render(shown(visit, case, AnswerForm(with_template(visit, case, sent))))
    key = sent.get("key", "")
    key = key if KEY.fullmatch(key) else secrets.token_hex(16)
    try:
        draft = Draft(typed(sent, "text"), None, key)
    except ValueError:
        return _wrong(visit, case, {"text": "Write the message first, or make it shorter."})
    may_see = may_answer_alerts(visit.viewer, case.patient.id)
    seen = _seen(visit) if may_see and sent.get("seen") == "yes" else None
    reply = InReply(case.alert.id, read_shown_alert(sent, case.alert), seen)
    match add_message(
        visit.db,
        visit.world.files,
        visit.person,
        case.patient.id,
        draft,
        visit.now,
        in_reply=reply,
    ):
        case AnswerRefused() as refused:
            return _refused(visit, case, refused)
        case Said() | PhotoRefused():  # there is no photo to refuse
            return _onwards(alert_id, sent="yes", is_answer=seen is not None)


def _seen(visit: Visit) -> Seen:
    return Seen(visit.world.settings.escalate_after)


def _answered(
    visit: Visit, case: AlertCase, given: Answer | Call, field: str
) -> ResponseReturnValue:
    """Keep the answer, or show why it was not kept, with what was typed; `field` is its last."""
    shown_alert = read_shown_alert(request.form, case.alert)
    if shown_alert is None:
        return _refused(visit, case, AnswerRefused(Obstacle.NOT_SHOWN))
    try:
        done = answer_alert(visit.db, shown_alert, visit.person, given, visit.now)
    except ValueError as error:
        field = "colleague" if isinstance(error, NoSuchColleague) else field
        return _wrong(visit, case, {field: sentence(str(error))})
    match done:
        case Answered():
            return _onwards(case.alert.id)
        case AnswerRefused():
            return _refused(visit, case, done)
        case None:
            raise NotFound


def _onwards(
    alert_id: str, sent: str | None = None, *, is_answer: bool = True
) -> ResponseReturnValue:
    """To the next patient of the round that the page came from; else back to the alert.

    The round offers to undo what was an answer.
    """
    if (place := Place.read(request.form.get("round", ""))) is not None:
        undo = alert_id if is_answer else None
        return redirect(url_for("ward_round.begin", after=str(place), undo=undo), code=303)
    return redirect(url_for("practitioner.alert", alert_id=alert_id, sent=sent), code=303)


def _wrong(visit: Visit, case: AlertCase, errors: Mapping[str, str]) -> ResponseReturnValue:
    return render(shown(visit, case, AnswerForm(request.form, errors))), 422


def _refused(visit: Visit, case: AlertCase, refused: AnswerRefused) -> ResponseReturnValue:
    """The alert as it is now, which counts as read, with everything that was typed."""
    now = case_opened(visit, case.alert.id)
    return render(shown(visit, now, AnswerForm(request.form, refused=refused))), 409


def case_to_follow(visit: Visit, alert_id: str) -> AlertCase:
    """The alert, for the care team; answering is another matter."""
    case = show_alert(visit.db, visit.world.protocols, alert_id) or abort(404)
    require(may_follow(visit.viewer, case.patient.id))
    return case


def case_opened(visit: Visit, alert_id: str) -> AlertCase:
    """The alert for a page that a person opens; if they may answer, this counts as reading."""
    case = case_to_follow(visit, alert_id)
    if not may_answer_alerts(visit.viewer, case.patient.id) or is_fetched_ahead():
        return case
    read_alert(visit.db, alert_id, visit.person.id, visit.now)
    return show_alert(visit.db, visit.world.protocols, alert_id) or abort(404)


def case_to_answer(visit: Visit, alert_id: str) -> AlertCase:
    """The alert, for those who may answer it."""
    case = show_alert(visit.db, visit.world.protocols, alert_id) or abort(404)
    require(may_answer_alerts(visit.viewer, case.patient.id))
    return case


def shown(visit: Visit, case: AlertCase, form: AnswerForm = NOTHING_CHOSEN) -> AlertPage:
    """The page of the alert with what was chosen so far, and with the course that it is about."""
    patient_id, protocols = case.patient.id, visit.world.protocols
    series = [each.id for each in show_courses(visit.db, patient_id)]
    number = series.index(case.treatment.id) + 1
    try:
        course = show_numbered_course(visit.db, protocols, patient_id, number, visit.now)
    except ProtocolError:  # of a kind that the clinic no longer uses
        course = None
    return shown_with(visit, case, course if isinstance(course, CourseSoFar) else None, form)


def shown_with(
    visit: Visit, case: AlertCase, course: CourseSoFar | None, form: AnswerForm = NOTHING_CHOSEN
) -> AlertPage:
    """The page of the alert; `course` is shown if it is the one that the alert is about."""
    colleagues = show_colleagues(visit.db, case.patient.id, visit.person.id, visit.now)
    templates, zone = show_replies(visit.db), visit.person.zone
    hours, limit = show_clinic(visit.db).hours, visit.world.settings.escalate_after
    decides = decision_time(case.alert, hours, limit, visit.now)
    choices = answer_choices(case.alert.concern, decides, templates, colleagues, visit.now, zone)
    return alert_page(case, course, choices, visit.now, zone, form)


def just_answered(visit: Visit) -> AlertPage | None:
    """The alert that the address names as answered, while the reader can take that back."""
    alert_id = request.args.get("undo", "")
    case = show_alert(visit.db, visit.world.protocols, alert_id) if alert_id else None
    if case is None or not may_answer_alerts(visit.viewer, case.patient.id):
        return None
    is_fresh = can_take_back(visit.db, case.alert, case.history, visit.person, visit.now)
    return shown_with(visit, case, None) if is_fresh else None


def with_template(visit: Visit, case: AlertCase, sent: Mapping[str, str]) -> dict[str, str]:
    """The form as it was sent, with the chosen template below what was typed already."""
    chosen, said = sent.get("reply", ""), typed(sent, "text")
    writer, now = visit.person, visit.now
    text = begin_with_reply(visit.db, chosen, said, case.patient, case.treatment, writer, now)
    return {**sent, "text": text}
