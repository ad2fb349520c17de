"""The work list, the first page for people with patients. Parse, allow, act, match, render."""

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.desk.worklist import find_next_waiting, show_worklist, tell_worklist_version
from tracker.domain.people.access import may_follow, may_open_worklist, require
from web.desk.worklist_pages import worklist_page
from web.forms import read_worklist_query
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("worklist", __name__)


def worklist(visit: Visit) -> str:
    """The patients who wait, worst first, and the others by groups."""
    require(may_open_worklist(visit.viewer))
    query = read_worklist_query(request.args)
    # Before the list is read: a change meanwhile is reported once more, and not missed.
    version = tell_worklist_version(visit.db, visit.person, visit.now)
    listed = show_worklist(visit.db, visit.world.protocols, visit.person, query, visit.now)
    return render(worklist_page(listed, query, visit.person, visit.now, version=version))


@blueprint.get("/worklist/version")
@signed_in
def version(visit: Visit) -> ResponseReturnValue:
    """Whether the list may have changed, for the script that watches it: 304 if it has not."""
    require(may_open_worklist(visit.viewer))
    answer = Response(mimetype="text/plain")
    answer.set_etag(tell_worklist_version(visit.db, visit.person, visit.now))
    return answer.make_conditional(request)


@blueprint.get("/worklist/after/<patient_id>")
@signed_in
def after(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Redirect to the next patient who waits; to the list if there is no other."""
    require(may_follow(visit.viewer, patient_id))
    found = find_next_waiting(visit.db, visit.world.protocols, visit.person, patient_id, visit.now)
    if found is None:
        return redirect(url_for("home.show"), code=303)
    return redirect(url_for("practitioner.patient", patient_id=found), code=303)
