"""Notes in one place who of the clinic opened which patient, whatever page it was."""

from http import HTTPStatus

from flask import Flask, Response, request
from flask_login import current_user

from tracker.access import may_see_staff
from tracker.actions.note_opening import note_opening
from web import session

COUNTED_OTHERWISE = frozenset({"pictures.show"})  # a look at a photo is noted with the photo
# A form that is wrong, or outdated, comes back on the whole page about the patient.
SHOWN = frozenset({HTTPStatus.OK, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})


def watch(app: Flask) -> None:
    """Note every page with a patient or alert in its address that was handed out to staff.

    It comes before the answer leaves: an opening that cannot be noted is not had.
    """
    app.after_request(_note)


def _note(response: Response) -> Response:
    named = request.view_args or {}
    patient_id, alert_id = named.get("patient_id"), named.get("alert_id")
    was_shown = response.status_code in SHOWN and request.endpoint not in COUNTED_OTHERWISE
    if not was_shown or (patient_id is None and alert_id is None):
        return response
    if session.is_signed_in() and may_see_staff(current_user.viewer):
        reach = session.reach()
        by = current_user.person.id
        note_opening(reach.db, by, reach.now, patient_id=patient_id, alert_id=alert_id)
    return response
