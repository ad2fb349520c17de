"""The work list, the first page of whoever has patients. Parse, allow, act, match, render."""

from flask.typing import ResponseReturnValue

from tracker.access import may_open_worklist, require
from tracker.actions.show_worklist import show_worklist
from web.pages import render
from web.session import Visit
from web.worklist_pages import worklist_page


def worklist(visit: Visit) -> ResponseReturnValue:
    """All patients, worst first."""
    require(may_open_worklist(visit.viewer))
    rows = show_worklist(visit.db, visit.person.id, visit.now)
    return render(worklist_page(rows, visit.now, visit.person.zone))
