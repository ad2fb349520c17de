"""What programs read and send: courses, check-ins, photos, alerts, messages, health."""

import hashlib
from dataclasses import replace
from http import HTTPStatus

from flask import abort, request
from werkzeug.exceptions import NotFound

from tracker.actions.alerts.answering import Answered, answer_alert
from tracker.actions.alerts.showing import read_alert, show_alert, show_alerts
from tracker.actions.clinic.health import show_health
from tracker.actions.course.checking_in import Recorded, call_for_help, record_check_in
from tracker.actions.course.pictures import show_picture
from tracker.actions.course.progress import show_record
from tracker.actions.course.receiving import (
    Accepted,
    AlreadyReceived,
    Early,
    NoTreatment,
    Refused,
    receive_photo,
)
from tracker.actions.people.care_team import show_patients
from tracker.domain.alerts.alert_life import AnswerRefused, ShownAlert
from tracker.domain.clinic.health import judge, worst
from tracker.domain.course.check_ins import (
    ANSWER_NAMES,
    Answers,
    Queued,
)
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.domain.people.access import (
    may_administer,
    may_answer_alerts,
    may_record_for_patient,
    may_see_patient,
    require,
)
from tracker.domain.people.people import Role
from tracker.domain.people.tokens import Scope
from tracker.domain.record.record import PatientRecord
from tracker.domain.texts import readable
from tracker.wires.photo_files import Picture
from web.api.calls import Call, check_match
from web.api.operations import operation
from web.api.problems import FieldProblem, refused
from web.api.sent import SentAnswer, SentCheckIn, SentPhoto, answer_of, moment
from web.api.shapes import (
    Advice,
    Alert,
    CheckIn,
    Course,
    Health,
    Jpeg,
    KeptCheckIn,
    Listing,
    Message,
    Paging,
    Patient,
    Photo,
    Reading,
    alert,
    as_is,
    check_in,
    course,
    in_time,
    listing,
    message,
    patient,
    photo,
    reading,
)
from web.forms import Errors, read_upload
from web.words.words import remedy_for


@operation("GET", "/patients", Scope.READ_PATIENTS)
def list_patients(call: Call, query: Paging) -> Listing[Patient]:
    """The patients whom the owner of the token may see, in the order of their ids."""
    return listing(show_patients(call.db, call.viewer), lambda each: (each.id,), patient, query)


@operation("GET", "/patients/{patient_id}", Scope.READ_PATIENTS)
def read_patient(call: Call, patient_id: str) -> Patient:
    """One patient."""
    return patient(_record(call, patient_id).patient)


@operation("GET", "/patients/{patient_id}/courses", Scope.READ_PATIENTS)
def list_courses(call: Call, patient_id: str, query: Paging) -> Listing[Course]:
    """The treatments of a patient, the oldest first."""
    all_of = [each.treatment for each in _record(call, patient_id).courses]
    return listing(all_of, lambda each: in_time(each.performed_at, each.id), course, query)


@operation("GET", "/patients/{patient_id}/readings", Scope.READ_READINGS)
def list_readings(call: Call, patient_id: str, query: Paging) -> Listing[Reading]:
    """The readings that count, in the order in which the photos were taken."""
    all_of = [
        reading(each.treatment.id, noun)
        for each in _record(call, patient_id).courses
        for noun in each.readings
    ]
    return listing(all_of, lambda each: in_time(each.taken_at, each.photo_id), as_is, query)


@operation("GET", "/patients/{patient_id}/photos", Scope.READ_PHOTOS)
def list_photos(call: Call, patient_id: str, query: Paging) -> Listing[Photo]:
    """What is known of each photo, in the order in which they were taken."""
    record = _record(call, patient_id)
    all_of = [*map(photo, record.early), *(photo(p) for c in record.courses for p in c.photos)]
    return listing(all_of, lambda each: in_time(each.taken_at, each.id), as_is, query)


@operation("GET", "/patients/{patient_id}/photos/{photo_id}/{picture}", Scope.READ_PHOTOS)
def read_picture(call: Call, patient_id: str, photo_id: str, picture: str) -> Jpeg:
    """A picture of a photo: `photo`, `thumbnail`, or one of the maps that pages show.

    The look is on record. The photo stays new for the people of the clinic, who have not seen it.
    """
    require(may_see_patient(call.viewer, patient_id))
    if picture not in set(Picture):
        abort(404)
    found = show_picture(
        call.db,
        call.world.files,
        call.person.id,
        patient_id,
        photo_id,
        Picture(picture),
        call.now,
        is_ahead=True,
    )
    return Jpeg(found)


@operation("GET", "/patients/{patient_id}/check-ins", Scope.READ_CHECK_INS)
def list_check_ins(call: Call, patient_id: str, query: Paging) -> Listing[CheckIn]:
    """The check-ins, in the order in which they were given."""
    all_of = [noun for each in _record(call, patient_id).courses for noun in each.check_ins]
    return listing(all_of, lambda each: in_time(each.at, each.id), check_in, query)


@operation("GET", "/patients/{patient_id}/messages", Scope.READ_MESSAGES)
def list_messages(call: Call, patient_id: str, query: Paging) -> Listing[Message]:
    """The conversation. A message that a program reads stays unread."""
    all_of = _record(call, patient_id).said
    return listing(all_of, lambda each: in_time(each.at, each.id), message, query)


@operation("GET", "/patients/{patient_id}/alerts", Scope.READ_ALERTS)
def list_alerts(call: Call, patient_id: str, query: Paging) -> Listing[Alert]:
    """The alerts of all treatments, also those that are resolved."""
    all_of = [noun for each in _record(call, patient_id).courses for noun in each.alerts]
    return listing(all_of, lambda each: (each.id,), alert, query)


@operation("GET", "/alerts", Scope.READ_ALERTS)
def list_open_alerts(call: Call, query: Paging) -> Listing[Alert]:
    """The alerts that are not resolved, of all whom the owner of the token cares for or is."""
    if call.viewer.role is Role.PATIENT:
        known = [a for each in _record(call, call.person.id).courses for a in each.alerts]
    else:
        known = [each.alert for each in show_alerts(call.db, call.person, call.now).listed]
    all_of = [each for each in known if each.resolved_at is None]
    return listing(all_of, lambda each: (each.id,), alert, query)


@operation("GET", "/alerts/{alert_id}", Scope.READ_ALERTS)
def read_one_alert(call: Call, alert_id: str) -> Alert:
    """One alert. A program that reads it does not count as a person who has opened it."""
    case = show_alert(call.db, call.world.protocols, alert_id) or abort(404)
    require(may_see_patient(call.viewer, case.patient.id))
    return alert(case.alert)


@operation("GET", "/health", Scope.READ_HEALTH)
def read_health(call: Call) -> Health:
    """The state of the installation, as the health page judges it."""
    require(may_administer(call.viewer))
    facts = show_health(call.db, call.world.settings, call.world.protocols, call.now)
    parts = judge(facts)
    return Health(worst(parts.values()), parts)


def _record(call: Call, patient_id: str) -> PatientRecord:
    """All that is kept about the patient, for those who may see it. Raises Forbidden, NotFound."""
    require(may_see_patient(call.viewer, patient_id))
    return show_record(call.db, patient_id) or abort(404)


@operation(
    "POST", "/patients/{patient_id}/check-ins", Scope.WRITE_CHECK_INS, status=HTTPStatus.CREATED
)
def send_check_in(call: Call, patient_id: str, body: SentCheckIn) -> KeptCheckIn:
    """Keep a check-in of the patient, and answer with the advice that it calls for.

    Where it cannot be kept and something bad was reported, the clinic is informed all the same.
    """
    require(may_record_for_patient(call.viewer, patient_id))
    answers = replace(body.answers, note=readable(body.answers.note))
    given = Answers(**{name: getattr(answers, name) for name in ANSWER_NAMES})
    try:
        given_at = moment(body.given_at or call.now)
    except ValueError as error:
        wrong = FieldProblem("given_at", str(error))
        told = f"Correct it.{_passed_on(call, given)}"
        raise refused(422, "body", "What was sent is not right", told, errors=(wrong,)) from error
    queued = Queued(hashlib.sha256(call.key.encode()).hexdigest()[:32], given_at)
    recorded = record_check_in(call.db, call.world.protocols, patient_id, given, call.now, queued)
    if isinstance(recorded, Recorded):
        advice = tuple(Advice(f.words, f.level, f.is_emergency) for f in recorded.floors)
        return KeptCheckIn(check_in(recorded.check_in), advice)
    told = f"{_why(recorded)}{_passed_on(call, given)}"
    raise refused(409, "no-course", "There is nothing that it could belong to", told)


def _passed_on(call: Call, given: Answers) -> str:
    is_passed_on = given.is_alarming and call_for_help(call.db, call.person, given, call.now)
    return " The clinic was asked to call the patient." if is_passed_on else ""


@operation("POST", "/patients/{patient_id}/photos", Scope.WRITE_PHOTOS, status=HTTPStatus.CREATED)
def send_photo(call: Call, patient_id: str, body: SentPhoto) -> Photo:  # noqa: ARG001
    """Judge a photo of the patient as its page would, and keep it if it can be measured.

    The form of the `body` is read as that of the page.
    """
    require(may_record_for_patient(call.viewer, patient_id))
    sent = read_upload(request.form, request.files, call.person.zone)
    if isinstance(sent, Errors):
        wrong = tuple(FieldProblem(name, words) for name, words in sent.by_field.items())
        raise refused(422, "body", "What was sent is not right", "Correct it.", errors=wrong)
    world = call.world
    match receive_photo(
        call.db, world.files, patient_id, sent, call.now, world.find_face, world.apart
    ):
        case Accepted(kept) | AlreadyReceived(kept):
            return photo(kept)
        case Early(early):
            return photo(early)
        case Refused(faults):
            remedies = [remedy_for(fault) for fault in faults]
            raise refused(
                422,
                "photo",
                "The photo cannot be measured, and was not kept",
                " ".join(each.remedy for each in remedies),
                errors=tuple(FieldProblem("photo", fault) for fault in faults),
            )
        case NoTreatment() | CareWithdrawn() as why:
            raise refused(409, "no-course", "There is nothing that it could belong to", _why(why))


@operation("POST", "/alerts/{alert_id}/answers", Scope.ANSWER_ALERTS)
def answer_to_alert(call: Call, alert_id: str, body: SentAnswer, if_match: str) -> Alert:
    """Answer an alert; `If-Match` is the ETag of the alert as the owner of the token has read it.

    It counts as read by the owner then, as if its page had been opened.
    """
    case = show_alert(call.db, call.world.protocols, alert_id) or abort(404)
    require(may_answer_alerts(call.viewer, case.patient.id))
    now = case.alert
    check_match(if_match, alert(now))
    read_alert(call.db, now.id, call.person.id, call.now)
    shown = ShownAlert(now.id, now.patient_id, now.level, now.raised_at, len(case.history))
    try:
        done = answer_alert(call.db, shown, call.person, answer_of(body), call.now)
    except ValueError as error:
        wrong = FieldProblem(f"say.{body.say.answer}", str(error))
        raise refused(
            422, "body", "What was sent is not right", "Correct it.", errors=(wrong,)
        ) from error
    match done:
        case Answered(after):
            return alert(after)
        case AnswerRefused(obstacle):
            raise refused(
                412,
                "not-current",
                "The alert is no longer as it was read",
                f"Read it again ({obstacle.replace('_', ' ')}), then answer it as it is now.",
            )
        case None:
            raise NotFound


def _why(refusal: object) -> str:
    if isinstance(refusal, CareWithdrawn):
        return "The patient has withdrawn the consent to care; nothing new is kept."
    return "No treatment is entered. Ask the clinic to enter it, then send again."
