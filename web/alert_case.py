"""One alert as a request may reach it: looked up, allowed, shown; for all routes about it."""

from collections.abc import Mapping

from flask import abort, request

from tracker.access import may_answer_alerts, may_follow, require
from tracker.actions.read_alert import read_alert
from tracker.actions.show_alert import AlertCase, show_alert
from tracker.actions.show_colleagues import show_colleagues
from tracker.actions.show_progress import Progress, show_progress
from tracker.actions.show_replies import show_replies
from tracker.reply_templates import filled
from web.alert_pages import AlertPage, alert_page
from web.answer_pages import NOTHING_CHOSEN, AnswerForm, desk
from web.forms import typed
from web.session import Visit

PURPOSES = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")  # by browser and age


def case_to_follow(visit: Visit, alert_id: str) -> AlertCase:
    """The alert, for the care team; answering is another matter."""
    case = show_alert(visit.db, visit.world.protocols, alert_id) or abort(404)
    require(may_follow(visit.viewer, case.patient.id))
    return case


def case_opened(visit: Visit, alert_id: str) -> AlertCase:
    """The alert for a page that a person looks at: those who may answer have read it by that."""
    case = case_to_follow(visit, alert_id)
    if not may_answer_alerts(visit.viewer, case.patient.id) or _is_fetched_ahead():
        return case
    read_alert(visit.db, alert_id, visit.person.id, visit.now)
    return show_alert(visit.db, visit.world.protocols, alert_id) or abort(404)


def _is_fetched_ahead() -> bool:
    """Whether a browser asks before any person does: for the headers alone, or in advance."""
    purposes = (request.headers.get(name, "") for name in PURPOSES)
    return request.method == "HEAD" or any(
        word in purpose.lower() for purpose in purposes for word in ("prefetch", "preview")
    )


def case_to_answer(visit: Visit, alert_id: str) -> AlertCase:
    """The alert, for those who may answer it."""
    case = show_alert(visit.db, visit.world.protocols, alert_id) or abort(404)
    require(may_answer_alerts(visit.viewer, case.patient.id))
    return case


def shown(visit: Visit, case: AlertCase, form: AnswerForm = NOTHING_CHOSEN) -> AlertPage:
    """The page of the alert with what was chosen so far."""
    progress = show_progress(visit.db, visit.world.protocols, case.patient.id, visit.now)
    course = progress if isinstance(progress, Progress) else None
    colleagues = show_colleagues(visit.db, case.patient.id, visit.person.id, visit.now)
    templates, zone = show_replies(visit.db), visit.person.zone
    choices = desk(case.alert.concern, templates, colleagues, visit.now, zone)
    return alert_page(case, course, choices, visit.now, zone, form)


def with_template(visit: Visit, case: AlertCase, sent: Mapping[str, str]) -> dict[str, str]:
    """The form as it was sent, with the chosen template below what was typed already."""
    templates = {each.id: each for each in show_replies(visit.db) if not each.is_withdrawn}
    chosen = templates.get(sent.get("reply", ""))
    if chosen is None:  # withdrawn since the page was opened
        return dict(sent)
    words = filled(chosen.says, case.patient, case.treatment, visit.person, visit.now)
    said = typed(sent, "text")
    return {**sent, "text": f"{said}\n\n{words}" if said else words}
