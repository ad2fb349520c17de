"""What a practitioner can do. Every route: parse, allow, act, match, render."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from tracker.access import may_follow, may_open_worklist, may_read_outbox, may_treat, require
from tracker.actions.show_alerts import show_alerts
from tracker.actions.show_outbox import show_outbox
from tracker.actions.show_progress import NotTreated, Progress, show_progress
from tracker.actions.try_photos_again import try_photos_again
from web.alert_case import case_opened, shown
from web.alert_pages import alerts_page
from web.answer_pages import AnswerForm
from web.forms import read_focus
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


@blueprint.post("/patients/<patient_id>/photos/again")
@signed_in
def measure_again(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Have the photos measured once more that the machine has given up."""
    require(may_treat(visit.viewer, patient_id))
    try_photos_again(visit.db, patient_id)
    return redirect(url_for(".patient", patient_id=patient_id), code=303)


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
    form = AnswerForm(is_sent=request.args.get("sent") == "yes")
    return render(shown(visit, case_opened(visit, alert_id), form))


@blueprint.get("/outbox")
@signed_in
def outbox(visit: Visit) -> ResponseReturnValue:
    """The mails written to this practitioner."""
    require(may_read_outbox(visit.viewer))
    letters = show_outbox(visit.db, visit.person.id, visit.world.envelope)
    has_server = visit.world.settings.smtp_url is not None
    return render(outbox_page(letters, visit.now, visit.person.zone, has_server=has_server))
