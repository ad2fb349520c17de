"""The work list, the first page of whoever has patients. Parse, allow, act, match, render."""

from flask import request
from flask.typing import ResponseReturnValue

from tracker.access import may_open_worklist, require
from tracker.actions.show_worklist import show_worklist
from web.forms import read_wish
from web.pages import render
from web.session import Visit
from web.worklist_pages import worklist_page


def worklist(visit: Visit) -> ResponseReturnValue:
    """The patients who wait, worst first, and the others by groups."""
    require(may_open_worklist(visit.viewer))
    wish = read_wish(request.args)
    listed = show_worklist(visit.db, visit.world.protocols, visit.person, wish, visit.now)
    return render(worklist_page(listed, wish, visit.person.id, visit.now, visit.person.zone))
