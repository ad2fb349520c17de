"""What a practitioner can do. Every route: parse, allow, act, match, render."""

from flask import Blueprint, abort, redirect, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from tracker.access import may_answer_alerts, may_open_worklist, may_read_outbox, require
from tracker.actions.answer_alert import answer_alert
from tracker.actions.show_alert import AlertCase, show_alert
from tracker.actions.show_alerts import show_alerts
from tracker.actions.show_outbox import show_outbox
from tracker.actions.show_progress import NotTreated, Progress, show_progress
from tracker.actions.show_worklist import show_worklist
from web.alert_pages import alert_page, alerts_page
from web.pages import render
from web.practitioner_pages import UntreatedPage, outbox_page, patient_page, worklist_page
from web.session import Visit, signed_in

blueprint = Blueprint("practitioner", __name__)


def worklist(visit: Visit) -> ResponseReturnValue:
    """The first page: all patients, worst first."""
    require(may_open_worklist(visit.viewer))
    rows = show_worklist(visit.db, visit.person.id, visit.now)
    return render(worklist_page(rows, visit.now, visit.person.zone))


@blueprint.get("/patients/<patient_id>")
@signed_in
def patient(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """One patient's recovery."""
    require(may_answer_alerts(visit.viewer, patient_id))
    match show_progress(visit.db, visit.world.protocols, patient_id, visit.now):
        case Progress() as progress:
            return render(patient_page(progress, visit.now, visit.person.zone))
        case NotTreated(found):
            return render(UntreatedPage(found.name))
        case None:
            raise NotFound


@blueprint.get("/alerts")
@signed_in
def alerts(visit: Visit) -> ResponseReturnValue:
    """All alerts, worst first."""
    require(may_open_worklist(visit.viewer))
    listed = show_alerts(visit.db, visit.person.id)
    return render(alerts_page(listed, visit.now, visit.person.zone))


@blueprint.get("/alerts/<alert_id>")
@signed_in
def alert(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Why this alert was raised."""
    case = _case(visit, alert_id)
    progress = show_progress(visit.db, visit.world.protocols, case.patient.id, visit.now)
    course = progress if isinstance(progress, Progress) else None
    return render(alert_page(case, course, visit.now, visit.person.zone))


@blueprint.post("/alerts/<alert_id>/answer")
@signed_in
def answer(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Note that the practitioner has seen the alert."""
    case = _case(visit, alert_id)
    answer_alert(visit.db, case.alert.id, visit.person.id, visit.now)
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
    case = show_alert(visit.db, alert_id) or abort(404)
    require(may_answer_alerts(visit.viewer, case.patient.id))
    return case
