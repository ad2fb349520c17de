"""Export patients as FHIR: a bundle, or a folder with one file a kind of resource."""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from errno import EEXIST
from hashlib import sha1
from importlib.metadata import version
from pathlib import Path
from shutil import rmtree
from typing import TextIO

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.course.photos import Photo
from tracker.domain.people.people import Role
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.record.codes import Resource
from tracker.domain.record.fhir_care import care_resources, own_lines
from tracker.domain.record.fhir_course import course_resources
from tracker.domain.record.fhir_people import Attachment, Export, patient_resources
from tracker.domain.record.record import PatientRecord
from tracker.domain.record.releases import Release, in_release
from tracker.domain.talk.conversation import Message
from tracker.storage import record
from tracker.storage.clinic import audit_log
from tracker.storage.connection import reading, writing
from tracker.storage.own_data import consents
from tracker.storage.people import people
from tracker.wires.photo_files import PhotoFiles, PhotoUnreadable, Picture

SHARED = frozenset({"Device", "Practitioner", "Questionnaire"})
"""Kinds that several patients share; each resource of them is written once."""


class NoSuchPatient(Exception):  # noqa: N818  (the message names the remedy)
    """No patient has this address, or the patient's data may not leave."""


def patients_to_export(db: Database, address: str | None) -> list[str]:
    """The ids of the patient with this e-mail address or id, or of all patients for None.

    Those who have withdrawn consent to care, as by closing the account, are not among all. Raises
    NoSuchPatient, also for one of them.
    """
    if address is None:
        return [each for each in people.ids_of_patients(db) if _may_leave(db, each)]
    found = people.by_email(db, address.strip().lower()) or people.get(db, address)
    if found is None or found.role is not Role.PATIENT:
        raise NoSuchPatient(f"no patient signs in as {address}")
    if not _may_leave(db, found.id):
        raise NoSuchPatient(
            f"{found.name} has withdrawn consent to care; only the patient may take the data"
            " along, with the download under My data"
        )
    return [found.id]


def _may_leave(db: Database, patient_id: str) -> bool:
    return consents.care_withdrawn_at(db, patient_id) is None


def fhir_resources(
    db: Database,
    protocols: Protocols,
    attachment: Attachment,
    patient_ids: Iterable[str],
    release: Release,
    now: datetime,
    by: str | None = None,
) -> Iterator[Resource]:
    """The resources of these patients, one patient at a time in memory.

    `by` is who exports, None for the command line. Each export is in the audit log before any of
    its patient's data is handed out.
    """
    given = set[tuple[str, str]]()
    export = Export(protocols.by_kind, attachment, now, version("afterglow"))
    for patient_id in patient_ids:
        for each in _of_patient(db, patient_id, export, by):
            name = (each["resourceType"], each["id"])
            if name not in given:
                yield in_release(each, release)
            if name[0] in SHARED:
                given.add(name)


def _of_patient(
    db: Database, patient_id: str, export: Export, by: str | None
) -> Iterator[Resource]:
    """Nothing for a patient who was erased, or withdrew consent, meanwhile.

    Of the staff only those who are named.
    """
    with writing(db):
        patient = people.get(db, patient_id)
        if patient is None or not _may_leave(db, patient_id):
            return
        audit_log.add(db, Entry(Act.DATA_EXPORTED, export.now, by, patient_id, "FHIR"))
    with reading(db):
        known = record.of_patient(db, patient)
    told = all_resources(known, export)
    named = {name for each in told for name in _references(each)}
    for each in told:
        if each["resourceType"] != "Practitioner" or f"Practitioner/{each['id']}" in named:
            yield each


def all_resources(known: PatientRecord, export: Export) -> list[Resource]:
    """A record as FHIR R5, with every colleague."""
    told = list(patient_resources(known, export))
    for course in known.courses:
        told += course_resources(known, course, export)
        told += care_resources(known, course, export)
    return [*told, *own_lines(known)]


def _references(part: object) -> Iterator[str]:
    match part:
        case {"reference": str(name)}:
            yield name
        case dict():
            for inner in part.values():
                yield from _references(inner)
        case list():
            for inner in part:
                yield from _references(inner)


def linked(base_url: str) -> Attachment:
    """Photos as addresses of the clinic's pages, which ask for a sign-in."""

    def attach(pictured: Photo | Message) -> Resource:
        page = f"{base_url}/patients/{pictured.patient_id}"
        if isinstance(pictured, Message):
            return {"url": f"{page}/conversation/{pictured.id}/photo"}
        return {"url": f"{page}/photos/{pictured.id}/{Picture.PHOTO}"}

    return attach


def inside(files: PhotoFiles, unreadable: list[str]) -> Attachment:
    """Photos within the resources; those that cannot be read are left out and named."""

    def attached(data: bytes, _id: str) -> Resource:
        return {"data": b64encode(data).decode()}

    return _attachment(files, unreadable, attached)


def in_folder(files: PhotoFiles, folder: Path, unreadable: list[str]) -> Attachment:
    """Photos as files in `photos` of a folder; those that cannot be read are left out and named."""

    def attached(data: bytes, id_: str) -> Resource:
        path = folder / "photos" / f"{id_}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return {"url": f"photos/{id_}.jpg"}

    return _attachment(files, unreadable, attached)


def _attachment(
    files: PhotoFiles, unreadable: list[str], attached: Callable[[bytes, str], Resource]
) -> Attachment:
    def attach(pictured: Photo | Message) -> Resource:
        try:
            data = files.load(pictured.id, Picture.PHOTO)
        except PhotoUnreadable:
            unreadable.append(pictured.id)
            return {"title": "the file of this photo cannot be read"}
        digest = b64encode(sha1(data, usedforsecurity=False).digest()).decode()  # FHIR says SHA-1
        return {**attached(data, pictured.id), "size": len(data), "hash": digest}

    return attach


def bundle(
    resources: Iterable[Resource], release: Release, base_url: str, now: datetime
) -> Iterator[str]:
    """The text of a bundle, an entry at a time."""
    head = {"resourceType": "Bundle", "type": "collection", "timestamp": now.isoformat()}
    yield json.dumps(head)[:-1] + ', "entry": ['
    separator = "\n"
    for each in resources:
        address = f"{base_url}/fhir/{release}/{each['resourceType']}/{each['id']}"
        yield separator + json.dumps({"fullUrl": address, "resource": each}, ensure_ascii=False)
        separator = ",\n"
    yield "\n]}\n"


def write_bundle(
    resources: Iterable[Resource], release: Release, base_url: str, now: datetime, file: Path
) -> Counter[str]:
    """Write a bundle to a new file; counts each kind."""
    written = Counter[str]()

    def counted() -> Iterator[Resource]:
        for each in resources:
            written[each["resourceType"]] += 1
            yield each

    with file.open("x", encoding="utf-8") as text:
        text.writelines(bundle(counted(), release, base_url, now))
    return written


def write_ndjson(resources: Iterable[Resource], folder: Path) -> Counter[str]:
    """Write a file a kind of resource, with a resource a line; counts each kind."""
    written = Counter[str]()
    with ExitStack() as stack:
        opened: dict[str, TextIO] = {}
        for each in resources:
            kind = each["resourceType"]
            if kind not in opened:
                path = folder / f"{kind}.ndjson"
                opened[kind] = stack.enter_context(path.open("x", encoding="utf-8"))
            opened[kind].write(json.dumps(each, ensure_ascii=False) + "\n")
            written[kind] += 1
    return written


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where to write a file or folder that has its name once it is whole, and else is not there.

    Raises FileExistsError.
    """
    if path.exists():
        raise FileExistsError(EEXIST, "it exists; choose another name", str(path))
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        if part.is_dir():
            rmtree(part)
        part.unlink(missing_ok=True)
