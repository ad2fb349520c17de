"""A patient's whole record leaves for another clinic."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib.metadata import version

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.own_data.permits import Permit, check_destination
from tracker.domain.own_data.record_form import FOLDER, KINDS, WITH_FILES
from tracker.domain.own_data.record_manifest import (
    MANIFEST,
    PEOPLE_FILE,
    Manifest,
    RecordError,
    manifest_text,
)
from tracker.domain.people.people import Person
from tracker.domain.protocols.protocols import Protocol, Protocols
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.clinic import audit_log, clinic
from tracker.storage.columns import new_id
from tracker.storage.connection import reading, writing
from tracker.storage.course import early_photos, photos, treatments
from tracker.storage.own_data import consents, records
from tracker.storage.people import people
from tracker.storage.protocols import protocol_editions
from tracker.storage.talk import conversation
from tracker.wires.archives import Entry as File
from tracker.wires.photo_files import PhotoFiles, PhotoUnreadable, Picture

_EDITION = re.compile(r"\(([0-9a-f]+)\)\Z")  # at the end of a protocol's label


def ask_for_export(db: Database, patient_id: str, clinic: str, by: str, now: datetime) -> Permit:
    """Ask that the whole record may go to another clinic; a second person must allow it.

    Raises ValueError when no clinic is named.
    """
    asked = Permit(new_id(), patient_id, check_destination(clinic), by, now)
    with writing(db):
        records.insert_permit(db, asked)
        audit_log.add(db, Entry(Act.EXPORT_ASKED, now, by, patient_id))
    return asked


def allow_export(db: Database, permit_id: str, by: str, now: datetime) -> Permit | None:
    """The permit, allowed now or before; None when there is none, it is too old, or one's own."""
    with writing(db):
        asked = records.permit(db, permit_id)
        if asked is None or asked.asked_by == by:
            return None
        if asked.allowed_at is not None:
            return asked
        if not asked.waits(now):
            return None
        records.allow(db, asked, by, now)
        audit_log.add(db, Entry(Act.EXPORT_ALLOWED, now, by, asked.patient_id))
    return replace(asked, allowed_by=by, allowed_at=now)


def show_permit(db: Database, patient_id: str, by: str) -> Permit | None:
    """What this person asked last about the patient."""
    return records.latest_permit(db, patient_id, by)


def show_waiting_permits(db: Database, now: datetime) -> list[tuple[Permit, Person]]:
    """What can be allowed, each with who asked; the oldest first."""
    waiting = [each for each in records.permits_not_allowed(db) if each.waits(now)]
    named = people.by_ids(db, [each.asked_by for each in waiting])
    return [(each, named[each.asked_by]) for each in waiting]


def export_record(
    db: Database,
    files: PhotoFiles,
    patient: Person,
    protocols: Protocols,
    own: Callable[[], Iterator[File]],
    by: str | None,
    now: datetime,
) -> Iterator[File]:
    """The patient's `own` data, and with it the record that `import_record` reads; audited.

    All rows are read before this returns, those of `own` with the same look at the database. Raises
    RecordError for a patient who has withdrawn consent to care or closed the account: then only the
    patient takes it along.
    """
    with writing(db):
        if consents.care_withdrawn_at(db, patient.id) is not None:
            raise RecordError(
                f"{patient.name} has withdrawn consent to care; only the patient may take the"
                " record along, with the download under My data"
            )
        audit_log.add(db, Entry(Act.DATA_EXPORTED, now, by, patient.id, "the whole record"))
    with reading(db):
        known = clinic.get(db)
        name = known.name if known else ""
        entries = own()
        record = _lines(db, patient, protocols, name)
        kept = _with_files(db, patient.id)
        about = Manifest(
            software=f"afterglow {version('afterglow')}",
            exported_at=now,
            clinic=name,
            origins=tuple(records.origins_of(db, patient.id)),
            lines=record.counts,
            protocols={each.digest: _edition_path(each) for each in record.editions},
            pictures={},
            lost={},
            sha256={},
        )
    return _entries(files, entries, record, kept, about)


@dataclass(frozen=True, slots=True)
class _Record:
    """The files of lines, how many lines each kind has, and the editions that judged."""

    files: tuple[File, ...]
    counts: Mapping[str, int]
    editions: tuple[Protocol, ...]


def _with_files(db: Database, patient_id: str) -> dict[str, str]:
    """The kind of row that each stored photo belongs to, by the id under which it is kept."""
    found = {each.id: "photos" for each in photos.of_patient(db, patient_id)}
    found |= {each.id: "early_photos" for each in early_photos.of_patient(db, patient_id)}
    said = conversation.of_patient(db, patient_id)
    return found | {each.id: "messages" for each in said if each.has_photo}


def _lines(db: Database, patient: Person, protocols: Protocols, name: str) -> _Record:
    made, counts, named = [], {}, set[str]()
    for kind in KINDS:
        text = bytearray()
        counts[kind.name] = 0
        for line in records.lines(db, kind, patient.id):
            named.update(records.people_in(kind, line))
            text += _json_line(line)
            counts[kind.name] += 1
        made.append(File(kind.path, bytes(text)))
    staff = records.named_in(db, named - {patient.id}, name)
    made.append(File(PEOPLE_FILE, b"".join(_json_line(asdict(each)) for each in staff)))
    editions = tuple(_editions(db, patient.id, protocols))
    made += [File(_edition_path(each), each.text.encode()) for each in editions]
    return _Record(tuple(made), counts, editions)


def _json_line(line: Mapping[str, object]) -> bytes:
    return json.dumps(line, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _editions(db: Database, patient_id: str, protocols: Protocols) -> Iterator[Protocol]:
    """Those that are in force for the patient's treatments, and those that judged before."""
    courses = treatments.of_patient(db, patient_id)
    used = {
        each.kind: protocols.of(each.kind) for each in courses if each.kind in protocols.by_kind
    }
    yield from used.values()
    labels = set[str]()
    for alert in alerts.of_patient(db, patient_id):
        labels |= {alert.protocol, *(s.protocol for s in alert_history.of_alert(db, alert.id))}
    digests = {found[1] for label in labels if (found := _EDITION.search(label))}
    for digest in sorted(digests - {each.digest for each in used.values()}):
        edition = protocol_editions.edition(db, digest)
        if edition is not None:
            yield edition


def _edition_path(protocol: Protocol) -> str:
    return f"{FOLDER}/protocols/{protocol.kind}-{protocol.digest}.toml"


def _entries(
    files: PhotoFiles,
    own: Iterator[File],
    record: _Record,
    kept: Mapping[str, str],
    about: Manifest,
) -> Iterator[File]:
    """One file after the other; the manifest is the last, because it has their digests."""
    sha256: dict[str, str] = {}
    paths: dict[str, dict[str, str]] = defaultdict(dict)

    def digested(file: File) -> File:
        sha256[file.path] = hashlib.sha256(file.data).hexdigest()
        return file

    for file in own:
        if file.photo_id:
            paths[file.photo_id][Picture.PHOTO] = file.path
        yield digested(file)
    for file in record.files:
        yield digested(file)
    for photo_id, by_name in paths.items():
        for picture, data in _derived(files, photo_id):
            path = f"{FOLDER}/pictures/{photo_id}-{picture}.jpg"
            by_name[picture] = path
            yield digested(File(path, data))
    pictures: dict[str, dict[str, Mapping[str, str]]] = {kind: {} for kind in WITH_FILES}
    for photo_id, by_picture in paths.items():
        pictures[kept[photo_id]][photo_id] = by_picture
    lost: dict[str, list[str]] = {kind: [] for kind in WITH_FILES}
    for photo_id in kept.keys() - paths.keys():
        lost[kept[photo_id]].append(photo_id)
    whole = replace(about, pictures=pictures, lost=lost, sha256=sha256)
    yield File(MANIFEST, manifest_text(whole).encode())


def _derived(files: PhotoFiles, photo_id: str) -> Iterator[tuple[Picture, bytes]]:
    """The pictures that were made of a photo; one that cannot be read can be made again."""
    for picture in files.pictures(photo_id):
        if picture is not Picture.PHOTO:
            with suppress(PhotoUnreadable):
                yield picture, files.load(photo_id, picture)
