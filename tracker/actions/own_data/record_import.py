"""A patient's whole record comes from another clinic: all of it, or nothing."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.own_data.record_form import KINDS, WITH_FILES
from tracker.domain.own_data.record_manifest import (
    EXPORT_AGAIN,
    MANIFEST,
    PEOPLE_FILE,
    Elsewhere,
    Json,
    Manifest,
    RecordError,
    arrived,
    read_json,
    read_manifest,
    read_person,
)
from tracker.domain.people.people import (
    Person,
    check_birth_date,
    check_email,
    check_name,
    check_record_number,
)
from tracker.domain.people.time_zones import check_time_zone
from tracker.domain.protocols.protocols import Protocol, ProtocolError, Protocols
from tracker.storage import record
from tracker.storage.alerts import alerts
from tracker.storage.clinic import audit_log
from tracker.storage.columns import new_id
from tracker.storage.connection import scratch, writing
from tracker.storage.course import treatments
from tracker.storage.mail import mails
from tracker.storage.own_data import records, rows
from tracker.storage.own_data.records import Fresh, Origin
from tracker.storage.people import people
from tracker.storage.protocols import protocol_editions
from tracker.storage.protocols.protocol_files import parse_own
from tracker.wires.archives import Archive, ArchiveRefused, opened
from tracker.wires.photo_files import PhotoFiles, Picture


@dataclass(frozen=True, slots=True)
class Imported:
    """The patient, who has no way to sign in yet; what came, and how many alerts are open."""

    patient: Person
    clinic: str
    lines: Mapping[str, int]
    pictures: int
    open_alerts: int


@dataclass(frozen=True, slots=True)
class _Sent:
    """A record that was read and found to be whole; `fresh` knows the ids it gets here."""

    archive: Archive
    manifest: Manifest
    named: tuple[Elsewhere, ...]
    editions: tuple[Protocol, ...]
    fresh: Fresh
    patient: Person


def import_record(
    db: Database,
    files: PhotoFiles,
    protocols: Protocols,
    file: Path,
    carer: Person,
    by: str | None,
    now: datetime,
) -> Imported:
    """Take in the record of a patient, who is in the care of `carer` from then on; audited.

    Everything is read before anything is written. Photos are stored first and rows in one
    transaction; what a crash leaves of the photos is swept. No mail goes to the patient; the open
    alerts ask the carer. Raises RecordError that names what is wrong and the remedy, and OSError.
    """
    if not carer.answers_alerts:
        raise RecordError(
            f"{carer.name} does not answer alerts; name a practitioner who is at work here"
        )
    try:
        with opened(file) as archive:
            sent = _read(db, protocols, archive, now)
            with _stored_pictures(db, files, sent, now) as import_id:
                open_alerts = _store_rows(db, sent, import_id, carer, by, now)
    except ArchiveRefused as error:
        raise RecordError(str(error)) from error
    manifest = sent.manifest
    return Imported(
        sent.patient, manifest.clinic, manifest.lines, len(_paths(manifest)), open_alerts
    )


def _read(db: Database, protocols: Protocols, archive: Archive, now: datetime) -> _Sent:
    """Read every file, and try the rows on a database in memory. Raises RecordError."""
    if MANIFEST not in archive.paths:
        raise RecordError(
            f"{MANIFEST} is missing, so this ZIP is no record; export one with"
            " afterglow export-patient"
        )
    manifest = read_manifest(archive.read(MANIFEST))
    for path in sorted(archive.paths - {MANIFEST} | manifest.sha256.keys()):
        if archive.digest(path) != manifest.sha256.get(path):
            raise RecordError(f"{path} is not as it was exported (digest); {EXPORT_AGAIN}")
    if (known := records.known_as(db, manifest.origins)) is not None:
        raise RecordError(f"this clinic has the record already: {_named(known)}; open it there")
    named = tuple(
        read_person(line, f"{PEOPLE_FILE}, line {number}")
        for number, line in _numbered(archive, PEOPLE_FILE)
    )
    editions = tuple(_editions(archive, manifest))
    kinds = {*protocols.by_kind, *(each.kind for each in editions)}
    fresh = Fresh(manifest.origins[0], [each.id for each in named])
    with closing(scratch(rows.schema(db))) as trial:
        counts = _insert(trial, archive, fresh, named, now)
        if counts != manifest.lines:
            raise RecordError(f"{MANIFEST}: lines were lost or added; {EXPORT_AGAIN}")
        patient = _checked(trial, fresh, now)
        for course in treatments.of_patient(trial, patient.id):
            if course.kind not in kinds:
                raise RecordError(
                    f"no protocol for {course.kind!r} is here or in the record; write one first"
                )
        _check_pictures(trial, archive, manifest, fresh)
    _refuse_known(db, patient)
    return _Sent(archive, manifest, named, editions, fresh, patient)


def _numbered(archive: Archive, path: str) -> Iterator[tuple[int, Json]]:
    for number, line in enumerate(archive.lines(path), 1):
        yield number, read_json(line, f"{path}, line {number}")


def _editions(archive: Archive, manifest: Manifest) -> Iterator[Protocol]:
    for digest, path in manifest.protocols.items():
        try:
            edition = parse_own(archive.read(path).decode(), path)
        except (ProtocolError, UnicodeDecodeError) as error:
            raise RecordError(f"{path} cannot be read ({error}); {EXPORT_AGAIN}") from error
        if edition.digest != digest:
            raise RecordError(f"{path} is another edition than {digest}; {EXPORT_AGAIN}")
        yield edition


def _insert(
    db: Database, archive: Archive, fresh: Fresh, named: Iterable[Elsewhere], now: datetime
) -> dict[str, int]:
    """Add all rows, within a transaction or in memory; returns how many of each kind."""
    counts = {}
    for kind in KINDS:
        lines = _numbered(archive, kind.path)
        counts[kind.name] = records.insert_lines(db, kind, lines, fresh)
        if kind.name == "patient":  # the others refer to these people
            if counts[kind.name] != 1:
                raise RecordError(f"{kind.path}: there must be one patient; {EXPORT_AGAIN}")
            records.insert_elsewhere(db, fresh, named, now)
    return counts


def _checked(trial: Database, fresh: Fresh, now: datetime) -> Person:
    """The patient, once every row could be read as what it is. Raises RecordError."""
    try:
        patient = people.by_ids(trial, [fresh.patient_id])[fresh.patient_id]
        _check_person(patient, now)
        record.of_patient(trial, patient)  # reads every row as what it is
        treatments.plan_of(trial, patient.id)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise RecordError(f"a row of the record cannot be read: {error}; {EXPORT_AGAIN}") from error
    return patient


def _check_person(patient: Person, now: datetime) -> None:
    """Raise ValueError where a page of this clinic would not have taken the patient's data."""
    check_name(patient.name)
    check_record_number(patient.record_number)
    check_time_zone(patient.time_zone)
    if check_email(patient.email) != patient.email:
        raise ValueError(f"the address is written {check_email(patient.email)} here")
    if patient.birth_date is not None:
        check_birth_date(patient.birth_date, now.date() + timedelta(days=1))


def _check_pictures(trial: Database, archive: Archive, manifest: Manifest, fresh: Fresh) -> None:
    """Each row that has a photo has its file, or is among the lost; no file is without a row."""
    for kind, wanted in records.with_photos(trial).items():
        told = [*manifest.pictures.get(kind, ()), *manifest.lost.get(kind, ())]
        try:
            found = {fresh.of_row(kind, each) for each in told}
        except ValueError as error:
            raise RecordError(f"{MANIFEST}: {kind} has no row {error}; {EXPORT_AGAIN}") from error
        if found != wanted or len(told) != len(wanted):
            raise RecordError(f"{MANIFEST}: photos of {kind} are missing; {EXPORT_AGAIN}")
    for kind, old, name, path in _paths(manifest):
        is_one = name in set(Picture) and kind in WITH_FILES and path in archive.paths
        if not is_one or Picture.PHOTO not in manifest.pictures[kind][old]:
            raise RecordError(f"{MANIFEST}: {path!r} is no picture of {kind}; {EXPORT_AGAIN}")


def _paths(manifest: Manifest) -> list[tuple[str, str, str, str]]:
    """Kind, id in the record, name of the picture and path of every picture."""
    return [
        (kind, old, name, path)
        for kind, by_id in manifest.pictures.items()
        for old, paths in by_id.items()
        for name, path in paths.items()
    ]


def _refuse_known(db: Database, patient: Person) -> None:
    """Raise RecordError when someone here has the address or the record number."""
    known = people.by_email(db, patient.email)
    if known is not None:
        raise RecordError(
            f"{patient.email} is the address of {_named(known)} here; if that is the same person,"
            " the record is here already, else change one of the addresses first"
        )
    known = records.with_number(db, patient.record_number)
    if known is not None:
        raise RecordError(
            f"{_named(known)} has the record number {patient.record_number} here; if that is the"
            " same person, the record is here already, else change one of the numbers first"
        )


def _named(person: Person) -> str:
    return f"{person.name} ({person.email})"


@contextmanager
def _stored_pictures(db: Database, files: PhotoFiles, sent: _Sent, now: datetime) -> Iterator[str]:
    """Store all pictures, on record as those of an import that is under way; yields its id.

    They are deleted when the rows do not follow.
    """
    import_id, paths = new_id(), _paths(sent.manifest)
    ids = sorted({sent.fresh.of_row(kind, old) for kind, old, *_ in paths})
    with writing(db):
        records.begin_files(db, import_id, ids, now)
    try:
        for kind, old, name, path in paths:
            data = sent.archive.read(path)
            files.save(sent.fresh.of_row(kind, old), Picture(name), data)
        yield import_id
    except BaseException:
        with suppress(Exception):  # what cannot be deleted now is swept
            for each in ids:
                files.delete(each)
            with writing(db):
                records.end_files(db, import_id)
        raise


def _store_rows(
    db: Database, sent: _Sent, import_id: str, carer: Person, by: str | None, now: datetime
) -> int:
    """All rows, or none; returns how many alerts are open."""
    manifest, patient = sent.manifest, sent.patient
    photos = {(kind, old) for kind, old, *_ in _paths(manifest)}
    with writing(db):
        _refuse_known(db, patient)  # another import may have been faster
        if records.known_as(db, manifest.origins) is not None:
            raise RecordError("this clinic has the record already")
        if records.end_files(db, import_id) != len(photos):
            raise RecordError("storing the photos took so long that they were swept; try again")
        for edition in sent.editions:
            protocol_editions.insert(db, edition, is_imported=True)
        _insert(db, sent.archive, sent.fresh, sent.named, now)
        records.settle(db, sent.fresh, manifest.lost)
        origin = Origin(manifest.clinic, manifest.exported_at, now)
        records.note_origin(db, patient.id, origin, manifest.origins)
        people.add_to_care(db, carer.id, patient.id)
        waiting = [each for each in alerts.of_patient(db, patient.id) if each.resolved_at is None]
        for alert in waiting:
            moved = arrived(alert, manifest.clinic, now)
            alerts.move(db, moved)
            mails.insert_urgent(db, moved.alert, now)
        audit_log.add(db, Entry(Act.RECORD_IMPORTED, now, by, patient.id))
    return len(waiting)
