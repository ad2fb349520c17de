"""What a patient may know and decide about their own data. Parse, allow, act, match, render."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from tracker.access import may_open_own_data, require
from tracker.actions.show_own_data import show_own_data
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
