"""Lets every page say by which numbers its reader gets help."""

from flask import Flask, g
from flask_login import current_user

from tracker.access import may_open_own_data
from tracker.actions.show_calling import show_calling
from tracker.actions.show_clinic import show_clinic
from web import session
from web.calling_pages import NOBODY_TO_CALL, Calling, calling


def tell(app: Flask) -> None:
    """Hand `calling()` to the templates, and `lacks_emergency_number()` for who must enter it."""
    app.jinja_env.globals.update(calling=_calling, lacks_emergency_number=_lacks_emergency_number)


def _lacks_emergency_number() -> bool:
    return not show_clinic(session.reach().db).emergency_number


def _calling() -> Calling:
    """For the patient who reads; asked once a request, by the pages that say "call"."""
    if "calling" not in g:
        g.calling = _found()
    found: Calling = g.calling
    return found


def _found() -> Calling:
    if not session.is_signed_in() or not may_open_own_data(current_user.viewer):
        return NOBODY_TO_CALL
    reach, patient = session.reach(), current_user.person
    clinic = show_calling(reach.db, patient.id)
    return calling(clinic, reach.now, patient.zone) if clinic else NOBODY_TO_CALL
