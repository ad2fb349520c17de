"""A patient as FHIR R5: who they are, who cares for them, what was allowed, written and changed.

`releases` turns all of it into R4.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from tracker.domain.course.photos import Photo
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.people.people import Person
from tracker.domain.protocols.protocols import Protocol
from tracker.domain.record.codes import (
    LOINC,
    PATIENT_ID,
    RECORD_NUMBER,
    SKIN_TYPES,
    TERMINOLOGY,
    Resource,
    code_of,
    concept,
    extension,
    filled,
    link,
    moment,
    public,
    resource,
)
from tracker.domain.record.record import CourseRecord, PatientRecord
from tracker.domain.talk.conversation import Message
from tracker.domain.talk.notes import Note

ACT_REASON = f"{TERMINOLOGY}/v3-ActReason"
REASONS: Mapping[Purpose, str] = {Purpose.CARE: "TREAT", Purpose.RESEARCH: "HRESCH"}

Attachment = Callable[[Photo | Message], Resource]
"""Where the picture of a photo or a message is: `url` or `data`, as the parts of an attachment."""


@dataclass(frozen=True, slots=True)
class Export:
    """What the translation needs to know besides the record.

    `now` is when the export is made, `program` the version of Afterglow that makes it, and
    `protocols` are those in force, by kind.
    """

    protocols: Mapping[str, Protocol]
    attachment: Attachment
    now: datetime
    program: str


def patient_resources(record: PatientRecord, export: Export) -> Iterator[Resource]:
    """Everything about the patient that is not about one course."""
    yield _patient(record)
    for person in record.people.values():
        if person.id != record.patient.id:
            yield resource("Practitioner", person.id, name=[{"text": person.name}])
    if record.team:
        yield _care_team(record)
    yield from _facts(record.patient)
    yield from _consents(record)
    for message in record.said:
        yield _message(record, message, export)
    for note in record.notes:
        yield _note(record, note)
    yield software("export", export.program)
    yield _made_here(record, export)
    for course in record.courses:
        yield from _corrections(record, course)


def who(record: PatientRecord, person_id: str | None) -> Resource:
    """A reference to the patient or to a person of the clinic; a name for all others."""
    if person_id is None:
        return {"display": "Afterglow"}
    if person_id == record.patient.id:
        return link("Patient", person_id)
    if person_id in record.people:
        return link("Practitioner", person_id)
    return {"display": "a person who has left the clinic"}


def software(part: str, version: str) -> Resource:
    """The part of this program that measured or judged, in the version that did."""
    return resource(
        "Device",
        software_id(part, version),
        name=[{"value": f"Afterglow {part}", "type": "registered-name"}],
        version=[{"value": version}],
        type=[concept(part, f"skin {part} software")],
    )


def software_id(part: str, version: str) -> str:
    """The id of the device that `software` describes."""
    return f"afterglow-{part}-{code_of(version)}"


def _patient(record: PatientRecord) -> Resource:
    patient = record.patient
    numbers: list[Resource] = [{"system": PATIENT_ID, "value": patient.id}]
    if patient.record_number:
        kind = public("Medical record number", (f"{TERMINOLOGY}/v2-0203", "MR"))
        known = {"type": kind, "system": RECORD_NUMBER, "value": patient.record_number}
        numbers.append(known)
    return resource(
        "Patient",
        patient.id,
        extension=[extension("time-zone", valueCode=patient.time_zone)],
        identifier=numbers,
        name=[{"text": patient.name}],
        telecom=[{"system": "email", "value": patient.email}],
        birthDate=patient.birth_date.isoformat() if patient.birth_date else None,
    )


def _care_team(record: PatientRecord) -> Resource:
    return resource(
        "CareTeam",
        f"team-{record.patient.id}",
        status="active",
        subject=link("Patient", record.patient.id),
        participant=[{"member": link("Practitioner", each.id)} for each in record.team],
    )


def _facts(patient: Person) -> Iterator[Resource]:
    subject = link("Patient", patient.id)
    if patient.skin_type is not None:
        words = f"Fitzpatrick skin type {patient.skin_type}"
        yield resource(
            "Observation",
            f"skin-type-{patient.id}",
            status="final",
            code=concept("skin_type", "Fitzpatrick skin type"),
            subject=subject,
            valueCodeableConcept=public(words, SKIN_TYPES[patient.skin_type]),
        )
    for risk in sorted(patient.history):
        yield resource(
            "Flag",
            f"{code_of(risk)}-{patient.id}",
            status="active",
            code=concept(f"history_{risk}", f"history of {risk.replace('_', ' ')}"),
            subject=subject,
        )


def _consents(record: PatientRecord) -> Iterator[Resource]:
    """Each decision; those that a later one replaced are inactive."""
    latest = {(each.purpose, each.photo_id): each for each in record.consents}
    for number, each in enumerate(record.consents, 1):
        in_force = latest[each.purpose, each.photo_id] is each
        yield _consent(record.patient, each, number, in_force=in_force)


def _consent(patient: Person, consent: Consent, number: int, *, in_force: bool) -> Resource:
    purpose = concept(f"use_{consent.purpose}", f"use for {consent.purpose}")
    codes = list(purpose["coding"])
    if consent.purpose in REASONS:
        codes.append({"system": ACT_REASON, "code": REASONS[consent.purpose]})
    photo = link("DocumentReference", consent.photo_id) if consent.photo_id else None
    at = moment(consent.at, patient.zone)
    return resource(
        "Consent",
        f"consent-{number}-{patient.id}",
        status="active" if in_force else "inactive",
        category=[purpose],
        subject=link("Patient", patient.id),
        date=at[:10],
        period={"start": at},
        decision="permit" if consent.decision is Decision.GIVEN else "deny",
        provision=[
            filled(
                purpose=codes,
                data=[{"meaning": "instance", "reference": photo}] if photo else [],
            )
        ],
    )


def _message(record: PatientRecord, message: Message, export: Export) -> Resource:
    zone = record.patient.zone
    seen = [receipt.seen_at for receipt in message.receipts]
    said = [{"contentCodeableConcept": {"text": message.text}}] if message.text else []
    sent = [{"contentType": "image/jpeg", **export.attachment(message)}] * message.has_photo
    return resource(
        "Communication",
        message.id,
        status="completed",
        subject=link("Patient", record.patient.id),
        sent=moment(message.at, zone),
        received=moment(min(seen), zone) if seen else None,
        sender=who(record, message.author_id),
        recipient=[] if message.is_from_patient else [link("Patient", record.patient.id)],
        payload=[*said, *({"contentAttachment": picture} for picture in sent)],
    )


def _note(record: PatientRecord, note: Note) -> Resource:
    """The version that counts; one that was withdrawn is marked as an error."""
    latest = note.latest
    text = b64encode(latest.says.text.encode()).decode()
    return resource(
        "DocumentReference",
        note.id,
        status="entered-in-error" if latest.is_withdrawn else "current",
        type=public("note of the clinic", (LOINC, "34109-9")),
        subject=link("Patient", record.patient.id),
        date=moment(latest.at, record.patient.zone),
        author=[who(record, latest.author_id)],
        content=[{"attachment": {"contentType": "text/plain; charset=utf-8", "data": text}}],
    )


def _made_here(record: PatientRecord, export: Export) -> Resource:
    """Where patient and treatments of this export come from."""
    courses = [link("Procedure", course.treatment.id) for course in record.courses]
    return resource(
        "Provenance",
        f"export-{record.patient.id}",
        target=[link("Patient", record.patient.id), *courses],
        recorded=moment(export.now, record.patient.zone),
        activity=concept("exported"),
        agent=[{"who": link("Device", software_id("export", export.program))}],
    )


def _corrections(record: PatientRecord, course: CourseRecord) -> Iterator[Resource]:
    for number, each in enumerate(course.corrections, 1):
        yield resource(
            "Provenance",
            f"correction-{number}-{course.treatment.id}",
            target=[link("Procedure", course.treatment.id)],
            recorded=moment(each.at, record.patient.zone),
            activity=concept("corrected", text=f"corrected: {each.why}"),
            agent=[{"who": {"display": each.by}}],
        )
