"""The audit log on the page and as a file. Parse, allow, act, match, render."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from tracker.access import may_administer, require
from tracker.actions.note_export import note_export
from tracker.actions.read_audit_log import Names, names_for, read_audit_log
from tracker.audit import MOST_A_PAGE, Search
from web.audit_pages import audit_page, csv_lines
from web.clinic_forms import read_audit_search, read_page_number
from web.forms import Errors
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("audit", __name__, url_prefix="/clinic")


@blueprint.get("/audit-log")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """What was done, newest first."""
    require(may_administer(visit.viewer))
    names, number = names_for(visit.db, visit.person.id), read_page_number(request.args)
    match _wanted(visit, names):
        case Errors(by_field):
            page = audit_page(
                [], names, request.args, visit.now, visit.person.zone, errors=by_field
            )
            return render(page), 422
        case Search() as wanted:
            skip = (number - 1) * MOST_A_PAGE
            found = list(read_audit_log(visit.db, wanted, MOST_A_PAGE + 1, skip))
            zone = visit.person.zone
            return render(audit_page(found, names, request.args, visit.now, zone, number=number))


@blueprint.get("/audit-log.csv")
@signed_in
def download(visit: Visit) -> ResponseReturnValue:
    """The same as a file, all of it; that it was taken is an entry of its own."""
    require(may_administer(visit.viewer))
    names = names_for(visit.db, visit.person.id)
    match _wanted(visit, names):
        case Errors(by_field):
            page = audit_page(
                [], names, request.args, visit.now, visit.person.zone, errors=by_field
            )
            return render(page), 422
        case Search() as wanted:
            note_export(visit.db, visit.person.id, None, "audit log", visit.now)
            lines = list(csv_lines(read_audit_log(visit.db, wanted), names))
            disposition = {"Content-Disposition": "attachment; filename=afterglow-audit-log.csv"}
            return Response(lines, mimetype="text/csv", headers=disposition)


def _wanted(visit: Visit, names: Names) -> Search | Errors:
    known = {key: person.name for key, person in {**names.staff, **names.patients}.items()}
    return read_audit_search(request.args, known, visit.person)
