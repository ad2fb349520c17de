"""What a practitioner can do. Every route: parse, allow, act, match, render."""

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from tracker.access import (
    may_answer_alerts,
    may_follow,
    may_open_worklist,
    may_read_outbox,
    require,
)
from tracker.actions.answer_alert import answer_alert
from tracker.actions.resolve_alert import resolve_alert
from tracker.actions.show_alert import AlertCase, show_alert
from tracker.actions.show_alerts import show_alerts
from tracker.actions.show_outbox import show_outbox
from tracker.actions.show_progress import NotTreated, Progress, show_progress
from tracker.actions.snooze_alert import snooze_alert
from web.alert_pages import (
    NOTHING_CHOSEN,
    AlertPage,
    AnswerForm,
    alert_page,
    alerts_page,
    asked,
)
from web.forms import Errors, Resolution, Snooze, read_focus, read_resolution, read_snooze, sentence
from web.pages import render
from web.practitioner_pages import UntreatedPage, outbox_page, patient_page
from web.session import Visit, signed_in

blueprint = Blueprint("practitioner", __name__)


@blueprint.get("/patients/<patient_id>")
@signed_in
def patient(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """One patient's recovery."""
    require(may_follow(visit.viewer, patient_id))
    focus = read_focus(request.args)
    match show_progress(visit.db, visit.world.protocols, patient_id, visit.now):
        case Progress() as progress:
            return render(patient_page(progress, visit.now, visit.person.zone, focus))
        case NotTreated(patient=found):
            return render(UntreatedPage(found.id, found.name))
        case None:
            raise NotFound


@blueprint.get("/alerts")
@signed_in
def alerts(visit: Visit) -> ResponseReturnValue:
    """All alerts, worst first."""
    require(may_open_worklist(visit.viewer))
    listed = show_alerts(visit.db, visit.person, visit.now)
    return render(alerts_page(listed, visit.now, visit.person.zone))


@blueprint.get("/alerts/<alert_id>")
@signed_in
def alert(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Why this alert was raised; the care team may read it, answering is another matter."""
    case = show_alert(visit.db, visit.world.protocols, alert_id) or abort(404)
    require(may_follow(visit.viewer, case.patient.id))
    return render(_alert_page(visit, case))


@blueprint.post("/alerts/<alert_id>/answer")
@signed_in
def answer(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Note that the practitioner has seen the alert."""
    case = _case(visit, alert_id)
    if outdated := _outdated(visit, case):
        return outdated
    answer_alert(visit.db, case.alert.id, visit.person.id, visit.now)
    return redirect(url_for(".alert", alert_id=alert_id), code=303)


@blueprint.post("/alerts/<alert_id>/snooze")
@signed_in
def snooze(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Keep the concern quiet until a day."""
    case = _case(visit, alert_id)
    if outdated := _outdated(visit, case):
        return outdated
    match read_snooze(request.form):
        case Errors(by_field):
            return render(_alert_page(visit, case, AnswerForm(request.form, by_field))), 422
        case Snooze(until, why):
            try:
                snooze_alert(visit.db, alert_id, visit.person, until, why, visit.now)
            except ValueError as error:
                wrong = AnswerForm(request.form, {"until": sentence(str(error))})
                return render(_alert_page(visit, case, wrong)), 422
            return redirect(url_for(".alert", alert_id=alert_id), code=303)


@blueprint.post("/alerts/<alert_id>/resolve")
@signed_in
def resolve(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Close the alert with what it turned out to be."""
    case = _case(visit, alert_id)
    if outdated := _outdated(visit, case):
        return outdated
    match read_resolution(request.form):
        case Errors(by_field):
            return render(_alert_page(visit, case, AnswerForm(request.form, by_field))), 422
        case Resolution(outcome, why):
            resolve_alert(visit.db, alert_id, visit.person.id, outcome, why, visit.now)
            return redirect(url_for(".alert", alert_id=alert_id), code=303)


@blueprint.get("/outbox")
@signed_in
def outbox(visit: Visit) -> ResponseReturnValue:
    """The mails written to this practitioner."""
    require(may_read_outbox(visit.viewer))
    letters = show_outbox(visit.db, visit.person.id, visit.world.envelope)
    has_server = visit.world.settings.smtp_url is not None
    return render(outbox_page(letters, visit.now, visit.person.zone, has_server=has_server))


def _case(visit: Visit, alert_id: str) -> AlertCase:
    case = show_alert(visit.db, visit.world.protocols, alert_id) or abort(404)
    require(may_answer_alerts(visit.viewer, case.patient.id))
    return case


def _outdated(visit: Visit, case: AlertCase) -> ResponseReturnValue | None:
    """The page anew where the alert rose, or a red flag was answered, after it was opened."""
    if request.form.get("asked") in {None, asked(case.alert)}:
        return None
    return render(_alert_page(visit, case, AnswerForm(request.form, is_outdated=True))), 409


def _alert_page(visit: Visit, case: AlertCase, form: AnswerForm = NOTHING_CHOSEN) -> AlertPage:
    progress = show_progress(visit.db, visit.world.protocols, case.patient.id, visit.now)
    course = progress if isinstance(progress, Progress) else None
    return alert_page(case, course, visit.now, visit.person.zone, form)
