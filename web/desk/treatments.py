"""How a patient is treated: sessions and what was asked before them.

Parse, allow, act, match, render.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.course.showing_treatments import (
    Series,
    TreatmentSession,
    show_last_entered,
    show_own_patients,
    show_treatments,
)
from tracker.actions.course.treatments import (
    AnotherEntered,
    CorrectedMeanwhile,
    ScreenedMeanwhile,
    Unconfirmed,
    Withdrawn,
    WithdrawnBefore,
    correct_screening,
    correct_treatment,
    end_treatment,
    enter_treatment,
    resume_treatment,
    withdraw_treatment,
)
from tracker.domain.course.procedures import MAX_REASON_LENGTH, Ending
from tracker.domain.course.treatments import Treatment
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.domain.people.access import may_treat, require
from tracker.domain.people.people import Person
from tracker.domain.protocols.ahead import (
    AnsweredMeanwhile,
    Unheard,
    answers_to_come,
    told_ahead,
)
from tracker.domain.protocols.protocols import Protocol
from tracker.domain.protocols.screening import Screening
from web.desk.treatment_forms import (
    NOT_KNOWN,
    areas_of,
    filled_anew,
    filled_from,
    product_rows,
    read_heard,
    read_known,
    read_screening,
    read_treatment,
    unheard,
    wrong_patient_page,
)
from web.desk.treatment_pages import (
    TreatmentForm,
    choose_kind_page,
    filled_further,
    kinds_of,
    screening_page,
    treatment_form,
    treatments_page,
)
from web.forms import Errors, sentence, typed
from web.pages import render
from web.screening import caveat_rows, filled_in, no_to_the_rest, still_chosen
from web.session import Visit, signed_in

blueprint = Blueprint("treatments", __name__)

ANSWERED_MEANWHILE = (
    "The patient answered a question after you opened this form. Nothing was saved yet. Read the"
    " answers below, then save again."
)
NOT_ENTERED: Mapping[type, str] = {
    AnotherEntered: "A treatment was entered after you opened this form. Look at the list of"
    " sessions first; if this one is another, save it again.",
    CareWithdrawn: "The patient has withdrawn consent to care: nothing new can be entered.",
    AnsweredMeanwhile: ANSWERED_MEANWHILE,
}
NOT_MOVED = (
    "This patient has withdrawn consent to care: nothing new can be entered. Nothing was changed."
)
SCREENED_MEANWHILE = (
    "Someone changed this screening after you opened it. Your answers were not saved yet. Look at"
    " the changes on the treatment page first, then save again."
)
NOT_CORRECTED: Mapping[type, str] = {
    CorrectedMeanwhile: "Someone corrected this treatment after you opened it. Your changes"
    " were not saved yet; look at the corrections first, then save again.",
    CareWithdrawn: "The patient has withdrawn consent to care: no photo may be measured again."
    " Leave the areas as they were; everything else can be corrected.",
}


@blueprint.get("/patients/<patient_id>/treatments")
@signed_in
def series(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """All sessions of a patient."""
    return render(treatments_page(_series(visit, patient_id), visit.now, visit.person.zone))


@blueprint.get("/patients/<patient_id>/treatments/new")
@signed_in
def new(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Which kind, and then its form; `like` fills it as an earlier session."""
    shown = _series(visit, patient_id)
    like = shown.of(request.args.get("like", ""))
    kind = like.treatment.kind if like else request.args.get("kind")
    planned = request.args.get("planned")
    if kind is None:
        return render(choose_kind_page(shown, visit.world.protocols.by_kind, planned))
    last = like.treatment if like else None
    protocol = _protocol(visit, kind)
    mine = None if like else show_last_entered(visit.db, visit.person, kind)
    zone, by = shown.patient.zone, visit.person.name
    chosen = filled_anew(visit.now, zone, by, last, mine, planned=planned is not None)
    form = _form(visit, shown, protocol, chosen, areas_of(last))
    chosen = {**chosen, **filled_in(form.questions)}
    return render(replace(form, chosen=chosen, is_remembered=mine is not None))


@blueprint.post("/patients/<patient_id>/treatments/new")
@signed_in
def enter(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Store the session, or say what is missing or is against it."""
    shown = _series(visit, patient_id)
    protocol = visit.world.protocols.by_kind.get(request.form.get("kind", ""))
    if protocol is None:
        return render(choose_kind_page(shown, visit.world.protocols.by_kind)), 422
    page = _sent(visit, shown, protocol)
    if further := filled_further(page, request.form):
        return render(further)
    match _entered(visit, protocol, shown.patient):
        case Treatment():
            return _to_series(patient_id)
        case Errors(by_field):
            return render(replace(page, errors=by_field)), 422
        case Unconfirmed(caveats, waits):
            told = tuple(each.words for each in waits)
            return render(replace(page, caveats=caveat_rows(caveats), too_soon=told)), 409
        case AnotherEntered() | CareWithdrawn() | AnsweredMeanwhile() as why_not:
            return render(replace(page, notice=NOT_ENTERED[type(why_not)])), 409


@blueprint.get("/patients/<patient_id>/treatments/<treatment_id>/correct")
@signed_in
def correct(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """What is on record, to be corrected."""
    shown = _series(visit, patient_id)
    session = shown.of(treatment_id) or abort(404)
    protocol = _protocol(visit, request.args.get("kind", session.treatment.kind))
    chosen = filled_from(session.treatment, shown.patient.zone, visit.now)
    form = _form(visit, shown, protocol, chosen, areas_of(session.treatment))
    return render(_as_correction(visit, form, session))


@blueprint.post("/patients/<patient_id>/treatments/<treatment_id>/correct")
@signed_in
def save_correction(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """Put the corrected facts in place; the earlier ones are kept."""
    shown = _series(visit, patient_id)
    session = shown.of(treatment_id) or abort(404)
    protocol = _protocol(visit, request.form.get("kind", session.treatment.kind))
    page = _as_correction(visit, _sent(visit, shown, protocol), session)
    if further := filled_further(page, request.form):
        return render(further)
    match _corrected(visit, shown.patient, session, protocol):
        case Errors(by_field):
            return render(replace(page, errors=by_field)), 422
        case CorrectedMeanwhile() | CareWithdrawn() as why_not:
            return render(replace(page, notice=NOT_CORRECTED[type(why_not)])), 409
        case Treatment():
            return _to_series(patient_id)


@blueprint.post("/patients/<patient_id>/treatments/<treatment_id>/end")
@signed_in
def end(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """End the course early."""
    shown = _series(visit, patient_id)
    session = shown.of(treatment_id) or abort(404)
    why = typed(request.form, "why")
    try:
        ending = Ending(visit.now, visit.person.id, why)
    except ValueError as error:
        page = treatments_page(shown, visit.now, visit.person.zone)
        errors = {f"why-{session.treatment.id}": sentence(str(error))}
        return render(replace(page, chosen={**page.chosen, "why": why}, errors=errors)), 422
    end_treatment(visit.db, session.treatment.id, ending)
    return _to_series(patient_id)


@blueprint.post("/patients/<patient_id>/treatments/<treatment_id>/resume")
@signed_in
def resume(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """Undo an end."""
    session = _series(visit, patient_id).of(treatment_id) or abort(404)
    resume_treatment(visit.db, session.treatment.id, visit.person.id, visit.now)
    return _to_series(patient_id)


@blueprint.get("/patients/<patient_id>/treatments/<treatment_id>/wrong-patient")
@signed_in
def wrong_patient(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """Whose it was, and what happens to what hangs on it."""
    shown = _series(visit, patient_id)
    session = shown.of(treatment_id) or abort(404)
    return render(wrong_patient_page(shown, session, show_own_patients(visit.db, visit.person)))


@blueprint.post("/patients/<patient_id>/treatments/<treatment_id>/wrong-patient")
@signed_in
def withdraw(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """Withdraw it here and enter it for the right patient, whose screening comes next."""
    shown = _series(visit, patient_id)
    session = shown.of(treatment_id) or abort(404)
    mine = show_own_patients(visit.db, visit.person)
    page = wrong_patient_page(shown, session, mine, request.form)
    right = request.form.get("right", "")
    if right not in {NOT_KNOWN, *(each.id for each in mine)}:
        return render(replace(page, errors={"right": "Say whose treatment it was."})), 422
    right_id = None if right == NOT_KNOWN else right
    if right_id is not None:
        require(may_treat(visit.viewer, right_id))
    try:
        ending = Ending(visit.now, visit.person.id, typed(request.form, "why"))
        outcome = withdraw_treatment(visit.db, session.treatment.id, ending, right_id)
    except ValueError as error:
        return render(replace(page, errors={"why": sentence(str(error))})), 422
    match outcome:
        case CareWithdrawn():
            return render(replace(page, errors={"right": NOT_MOVED})), 409
        case Withdrawn(moved=Treatment() as moved):
            return redirect(
                url_for(".screening", patient_id=moved.patient_id, treatment_id=moved.id), code=303
            )
        case Withdrawn() | WithdrawnBefore():
            return _to_series(patient_id)


@blueprint.get("/patients/<patient_id>/treatments/<treatment_id>/screening")
@signed_in
def screening(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """The answers on record, to be completed or corrected."""
    shown = _series(visit, patient_id)
    session = shown.of(treatment_id) or abort(404)
    return render(screening_page(shown, session, visit.person.zone))


@blueprint.post("/patients/<patient_id>/treatments/<treatment_id>/screening")
@signed_in
def save_screening(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """Keep the answers as a new edition, or say what is wrong; nothing typed is lost."""
    shown = _series(visit, patient_id)
    session = shown.of(treatment_id) or abort(404)
    page = screening_page(shown, session, visit.person.zone)
    heard = read_heard(request.form)
    chosen = still_chosen(page.questions, {**page.chosen, **request.form}, heard)
    page = replace(page, chosen=chosen)
    if "rest" in request.form:
        chosen = no_to_the_rest(page.questions, page.chosen)
        return render(replace(page, chosen=chosen, edition=read_known(request.form)))
    match _screened(visit, session):
        case Errors(by_field):
            return render(replace(page, errors=by_field, edition=read_known(request.form))), 422
        case AnsweredMeanwhile():
            page = replace(page, edition=read_known(request.form))
            return render(replace(page, notice=ANSWERED_MEANWHILE)), 409
        case ScreenedMeanwhile():
            return render(replace(page, notice=SCREENED_MEANWHILE)), 409
        case Screening():
            return _to_series(patient_id)


def _series(visit: Visit, patient_id: str) -> Series:
    require(may_treat(visit.viewer, patient_id))
    return show_treatments(visit.db, visit.world.protocols, patient_id, visit.now) or abort(404)


def _protocol(visit: Visit, kind: str) -> Protocol:
    return visit.world.protocols.by_kind.get(kind) or abort(404)


def _to_series(patient_id: str) -> ResponseReturnValue:
    return redirect(url_for(".series", patient_id=patient_id), code=303)


def _form(
    visit: Visit, shown: Series, protocol: Protocol, chosen: Mapping[str, str], areas: Sequence[str]
) -> TreatmentForm:
    """The form with what the patient answered before the treatment that is to be entered."""
    series = [each.treatment for each in shown.sessions]
    ahead = told_ahead(answers_to_come(shown.ahead, series, visit.now), protocol, visit.now)
    rows, reader = product_rows(chosen), visit.person.zone
    return treatment_form(shown, ahead, chosen, areas, rows, reader)


def _sent(visit: Visit, shown: Series, protocol: Protocol) -> TreatmentForm:
    """The form as it was sent; only what the patient has contradicted since is open again."""
    form = _form(visit, shown, protocol, request.form, request.form.getlist("areas"))
    heard = read_heard(request.form)
    return replace(form, chosen=still_chosen(form.questions, request.form, heard))


def _entered(
    visit: Visit, protocol: Protocol, patient: Person
) -> Treatment | Unconfirmed | AnotherEntered | CareWithdrawn | AnsweredMeanwhile | Errors:
    entered = read_treatment(request.form, protocol, patient)
    if isinstance(entered, Errors):
        return entered
    procedure = entered.treatment.procedure
    screening = read_screening(request.form, protocol, procedure, visit.person.id, visit.now)
    if isinstance(screening, Errors):
        return screening
    try:
        found = enter_treatment(
            visit.db,
            visit.world.protocols,
            entered.treatment,
            screening,
            visit.now,
            planned=entered.planned,
            known=read_known(request.form),
            heard=read_heard(request.form),
        )
    except ValueError as error:
        return Errors({"performed_at": sentence(str(error))})
    return unheard(found) if isinstance(found, Unheard) else found


def _screened(
    visit: Visit, session: TreatmentSession
) -> Screening | ScreenedMeanwhile | AnsweredMeanwhile | Errors:
    procedure, why = session.treatment.procedure, typed(request.form, "why")
    given = read_screening(request.form, session.protocol, procedure, visit.person.id, visit.now)
    if isinstance(given, Errors):
        return given
    if len(why) > MAX_REASON_LENGTH:
        return Errors({"why": f"Keep the reason under {MAX_REASON_LENGTH} characters."})
    try:
        found = correct_screening(
            visit.db,
            visit.world.protocols,
            session.treatment.id,
            replace(given, why=why),
            known=read_known(request.form),
            heard=read_heard(request.form),
        )
    except ValueError as error:
        return Errors({"why": sentence(str(error))})
    return unheard(found) if isinstance(found, Unheard) else found


def _corrected(
    visit: Visit, patient: Person, session: TreatmentSession, protocol: Protocol
) -> Treatment | CorrectedMeanwhile | CareWithdrawn | Errors:
    entered = read_treatment(request.form, protocol, patient)
    why = typed(request.form, "why")
    if not why or len(why) > MAX_REASON_LENGTH:
        told = {"why": f"Say why in fewer than {MAX_REASON_LENGTH} characters."}
        known = entered.by_field if isinstance(entered, Errors) else {}
        return Errors({**known, **told})
    if isinstance(entered, Errors):
        return entered
    before = session.treatment
    corrected = replace(entered.treatment, id=before.id, ending=before.ending)
    if request.form.get("performed_at") == filled_from(before, patient.zone)["performed_at"]:
        corrected = replace(corrected, performed_at=before.performed_at)  # forms know no seconds
    try:
        return correct_treatment(
            visit.db,
            visit.world.protocols,
            corrected,
            visit.person.id,
            why,
            visit.now,
            planned=entered.planned,
            known=read_known(request.form),
        )
    except ValueError as error:
        return Errors({"performed_at": sentence(str(error))})


def _as_correction(visit: Visit, form: TreatmentForm, session: TreatmentSession) -> TreatmentForm:
    """A correction asks no screening question again: those were answered before the treatment."""
    return replace(
        form,
        corrects=session.treatment.id,
        kinds=kinds_of(visit.world.protocols.by_kind),
        questions=(),
        known=len(session.corrections),
    )
