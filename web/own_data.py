"""What a patient may know and decide about their own data. Parse, allow, act, match, render."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from tracker.access import may_open_own_data, require
from tracker.actions.export_own_data import export_own_data
from tracker.actions.show_own_data import show_own_data
from tracker.archives import zipped
from web.own_data_pages import own_data_page
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("own_data", __name__)


@blueprint.get("/my-data")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """What is kept and who has seen it."""
    require(may_open_own_data(visit.viewer))
    return render(own_data_page(show_own_data(visit.db, visit.person), visit.now))


@blueprint.get("/my-data/afterglow-my-data.zip")
@signed_in
def download(visit: Visit) -> ResponseReturnValue:
    """Everything that is kept, as an archive that is made while it is sent."""
    require(may_open_own_data(visit.viewer))
    entries = export_own_data(visit.db, visit.world.files, visit.person)
    pieces = zipped(entries, visit.now.astimezone(visit.person.zone))
    disposition = {"Content-Disposition": "attachment"}
    return Response(pieces, mimetype="application/zip", headers=disposition)
