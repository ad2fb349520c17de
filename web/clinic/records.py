"""A patient's whole record goes to another clinic, once a second person has allowed it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.own_data.exporting import export_own_data
from tracker.actions.own_data.record_export import (
    allow_export,
    ask_for_export,
    export_record,
    show_permit,
    show_waiting_permits,
)
from tracker.actions.people.care_team import show_care_team
from tracker.domain.clinic.clinic import LONGEST_NAME
from tracker.domain.own_data.permits import VALID_FOR, Permit
from tracker.domain.own_data.record_manifest import RecordError
from tracker.domain.people.access import may_administer, may_hand_out_record, require
from tracker.domain.people.people import Person
from tracker.wires.archives import zipped
from web.forms import sentence
from web.pages import render
from web.session import Visit, freshly_signed_in, signed_in
from web.words.times import date_words, when


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Where the record goes: not asked yet, waiting for the second person, or to be taken out."""

    template: ClassVar[str] = "record_leaves.html"
    place: ClassVar[str] = "patients"
    longest: ClassVar[int] = LONGEST_NAME

    patient_id: str
    patient: str
    clinic: str
    waits_since: str
    until: str
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Hand the whole record out"


@dataclass(frozen=True, slots=True)
class AskedRow:
    """One request; it names the person who asked, and not the patient."""

    id: str
    clinic: str
    asked_by: str
    asked_at: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """All requests that wait."""

    template: ClassVar[str] = "records_waiting.html"
    place: ClassVar[str] = "clinic"
    title: ClassVar[str] = "Records that leave"

    rows: tuple[AskedRow, ...]
    done: str = ""


def record_page(
    patient: Person, permit: Permit | None, reader: Person, now: datetime, trouble: str = ""
) -> RecordPage:
    """The state of the reader's last request about the patient."""
    waits = permit is not None and permit.waits(now)
    opens = permit is not None and permit.opens_for(reader.id, now)
    end = permit.allowed_at + VALID_FOR if permit and permit.allowed_at and opens else None
    return RecordPage(
        patient_id=patient.id,
        patient=patient.name,
        clinic=permit.clinic if permit and (waits or opens) else "",
        waits_since=when(permit.asked_at, now, reader.zone) if permit and waits else "",
        until=date_words(end.astimezone(reader.zone), now) if end else "",
        trouble=trouble,
    )


blueprint = Blueprint("records", __name__)


@blueprint.get("/patients/<patient_id>/record")
@signed_in
def show(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """What was asked, and whether it is allowed."""
    require(may_hand_out_record(visit.viewer, patient_id))
    return render(_page(visit, patient_id))


@blueprint.post("/patients/<patient_id>/record")
@signed_in
def ask(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Ask an administrator."""
    require(may_hand_out_record(visit.viewer, patient_id))
    clinic = request.form.get("clinic", "")
    try:
        ask_for_export(visit.db, patient_id, clinic, visit.person.id, visit.now)
    except ValueError as error:
        return render(_page(visit, patient_id, sentence(str(error)))), 422
    return redirect(url_for(".show", patient_id=patient_id), code=303)


@blueprint.get("/patients/<patient_id>/record.zip")
@freshly_signed_in
def download(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """The whole record, as an archive that is written while it is sent."""
    require(may_hand_out_record(visit.viewer, patient_id))
    permit = show_permit(visit.db, patient_id, visit.person.id)
    if permit is None or not permit.opens_for(visit.person.id, visit.now):
        return redirect(url_for(".show", patient_id=patient_id), code=303)
    patient, world = _patient(visit, patient_id), visit.world
    try:
        entries = export_record(
            visit.db,
            world.files,
            patient,
            world.protocols,
            lambda: export_own_data(visit.db, world.files, patient),
            visit.person.id,
            visit.now,
        )
    except RecordError as error:
        return render(_page(visit, patient_id, sentence(str(error)))), 409
    pieces = zipped(entries, visit.now.astimezone(visit.person.zone))
    disposition = {"Content-Disposition": "attachment; filename=afterglow-record.zip"}
    return Response(pieces, mimetype="application/zip", headers=disposition)


@blueprint.get("/clinic/records")
@signed_in
def waiting(visit: Visit) -> ResponseReturnValue:
    """What waits for a second person."""
    require(may_administer(visit.viewer))
    return render(_waiting(visit))


@blueprint.post("/clinic/records/<permit_id>")
@signed_in
def allow(visit: Visit, permit_id: str) -> ResponseReturnValue:
    """Let a record leave that another person asked for."""
    require(may_administer(visit.viewer))
    if allow_export(visit.db, permit_id, visit.person.id, visit.now) is None:
        abort(404)
    return render(_waiting(visit, "Allowed. Who asked can take the record out for seven days."))


def _waiting(visit: Visit, done: str = "") -> WaitingPage:
    rows = tuple(
        AskedRow(
            permit.id,
            permit.clinic,
            person.name,
            when(permit.asked_at, visit.now, visit.person.zone),
            person.id == visit.person.id,
        )
        for permit, person in show_waiting_permits(visit.db, visit.now)
    )
    return WaitingPage(rows, done)


def _page(visit: Visit, patient_id: str, trouble: str = "") -> RecordPage:
    permit = show_permit(visit.db, patient_id, visit.person.id)
    return record_page(_patient(visit, patient_id), permit, visit.person, visit.now, trouble)


def _patient(visit: Visit, patient_id: str) -> Person:
    team = show_care_team(visit.db, patient_id)
    if team is None:
        abort(404)
    return team.patient
