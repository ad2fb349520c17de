"""What a practitioner answers to an alert. Every route: parse, allow, act, match, render."""

import secrets

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.access import may_answer_alerts
from tracker.actions.add_remark import PhotoRefused, Said, add_remark
from tracker.actions.answer_alert import answer_alert
from tracker.actions.hand_over_alert import hand_over_alert
from tracker.actions.resolve_alert import resolve_alert
from tracker.actions.snooze_alert import snooze_alert
from tracker.conversation import Draft
from web.alert_case import (
    case_to_answer,
    case_to_follow,
    outdated_page,
    overtaken_page,
    shown,
    with_template,
)
from web.answer_pages import AnswerForm
from web.forms import (
    KEY,
    Errors,
    Resolution,
    Snooze,
    read_resolution,
    read_snooze,
    sentence,
    typed,
)
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("alert_answers", __name__)


@blueprint.post("/alerts/<alert_id>/answer")
@signed_in
def answer(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Note that the practitioner has seen the alert."""
    case = case_to_answer(visit, alert_id)
    if stale := outdated_page(visit, case):
        return stale
    answer_alert(visit.db, case.alert.id, visit.person.id, visit.now)
    return redirect(url_for("practitioner.alert", alert_id=alert_id), code=303)


@blueprint.post("/alerts/<alert_id>/snooze")
@signed_in
def snooze(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Keep the concern quiet until a day."""
    case = case_to_answer(visit, alert_id)
    if stale := outdated_page(visit, case) or overtaken_page(visit, case):
        return stale
    match read_snooze(request.form):
        case Errors(by_field):
            return render(shown(visit, case, AnswerForm(request.form, by_field))), 422
        case Snooze(until, why):
            try:
                snooze_alert(visit.db, alert_id, visit.person, until, why, visit.now)
            except ValueError as error:
                wrong = AnswerForm(request.form, {"until": sentence(str(error))})
                return render(shown(visit, case, wrong)), 422
            return redirect(url_for("practitioner.alert", alert_id=alert_id), code=303)


@blueprint.post("/alerts/<alert_id>/resolve")
@signed_in
def resolve(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Close the alert with what it turned out to be."""
    case = case_to_answer(visit, alert_id)
    if stale := outdated_page(visit, case) or overtaken_page(visit, case):
        return stale
    match read_resolution(request.form):
        case Errors(by_field):
            return render(shown(visit, case, AnswerForm(request.form, by_field))), 422
        case Resolution(outcome, why):
            resolve_alert(visit.db, alert_id, visit.person.id, outcome, why, visit.now)
            return redirect(url_for("practitioner.alert", alert_id=alert_id), code=303)


@blueprint.post("/alerts/<alert_id>/message")
@signed_in
def message(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Write to the patient, and note at once that the alert was seen where that is wished."""
    case, sent = case_to_follow(visit, alert_id), request.form
    if "reply" in sent:
        return render(shown(visit, case, AnswerForm(with_template(visit, case, sent))))
    marks_seen = sent.get("seen") == "yes" and may_answer_alerts(visit.viewer, case.patient.id)
    if marks_seen and (stale := outdated_page(visit, case)):
        return stale
    key = sent.get("key", "")
    key = key if KEY.fullmatch(key) else secrets.token_hex(16)
    try:
        draft = Draft(typed(sent, "text"), None, key)
    except ValueError:
        wrong = {"text": "Write the message first, or take it a little shorter."}
        return render(shown(visit, case, AnswerForm(sent, wrong))), 422
    done = add_remark(visit.db, visit.world.files, visit.person, case.patient.id, draft, visit.now)
    match done:
        case Said() | PhotoRefused():  # there is no photo to refuse
            if marks_seen:
                answer_alert(visit.db, alert_id, visit.person.id, visit.now)
    return redirect(url_for("practitioner.alert", alert_id=alert_id, sent="yes"), code=303)


@blueprint.post("/alerts/<alert_id>/hand-over")
@signed_in
def hand_over(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Ask a colleague to look."""
    case = case_to_answer(visit, alert_id)
    if stale := outdated_page(visit, case) or overtaken_page(visit, case):
        return stale
    to, note = request.form.get("colleague", ""), typed(request.form, "note")
    try:
        hand_over_alert(visit.db, alert_id, visit.person, to, note, visit.now)
    except ValueError as error:
        field = "colleague" if "colleague who" in str(error) else "note"
        wrong_hand = AnswerForm(request.form, {field: sentence(str(error))})
        return render(shown(visit, case, wrong_hand)), 422
    return redirect(url_for("practitioner.alert", alert_id=alert_id), code=303)
