"""The commands by which a patient's whole record leaves this clinic, or comes to it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlite_utils import Database

from tracker.actions.own_data.exporting import export_own_data
from tracker.actions.own_data.record_export import export_record
from tracker.actions.own_data.record_import import Imported, import_record
from tracker.cli.console import JSON, checked_input, now, open_clinic, say, told_errors
from tracker.domain.people.people import Person, Role, check_email
from tracker.storage.own_data import records
from tracker.storage.people import people
from tracker.wires.archives import zipped


@click.command(name="export-patient")
@click.argument("patient")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The ZIP to write; it must not exist yet.",
)
@JSON
def export_patient(patient: str, out: Path, as_json: bool) -> None:
    """Write the whole record of PATIENT (e-mail or record number) to a ZIP.

    Another clinic takes it in with import-patient. It is not encrypted: keep it on an encrypted
    disk, and delete it once it has arrived.
    """
    with told_errors(OSError), checked_input(), open_clinic() as (world, db):
        person = patient_of(db, patient)
        moment = now()
        entries = export_record(
            db,
            world.files,
            person,
            world.protocols,
            lambda: export_own_data(db, world.files, person),
            None,
            moment,
        )
        size = 0
        with _fresh_file(out) as unfinished, unfinished.open("wb") as file:
            for piece in zipped(entries, moment.astimezone(person.zone)):
                size += file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    told = {"patient": person.email, "file": str(out), "bytes": size}
    say(told, f"The record of {person.name} is in {out}.", as_json=as_json)


@click.command(name="import-patient")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--practitioner", required=True, help="E-mail of who cares for the patient now.")
@JSON
def import_patient(file: Path, practitioner: str, as_json: bool) -> None:
    """Take in the record in FILE, which export-patient of another clinic wrote.

    All of it, or nothing. The patient gets no mail and no way to sign in: the practitioner invites
    them. Alerts that were open ask the practitioner. Exit status 2 when the record is refused.
    """
    with told_errors(OSError), checked_input(), open_clinic() as (world, db):
        carer = people.by_email(db, check_email(practitioner))
        if carer is None or not carer.answers_alerts:
            raise click.UsageError(f"no practitioner signs in as {practitioner}")
        done = import_record(db, world.files, world.protocols, file, carer, None, now())
    say(_told(done), _in_words(done, carer), as_json=as_json)


def _told(done: Imported) -> dict[str, object]:
    return {
        "patient": done.patient.email,
        "clinic": done.clinic,
        "lines": dict(done.lines),
        "pictures": done.pictures,
        "open_alerts": done.open_alerts,
    }


def _in_words(done: Imported, carer: Person) -> str:
    lines = done.lines
    return (
        f"{done.patient.name} came from {done.clinic or 'another clinic'}:"
        f" treatments {lines['treatments']}, photos {lines['photos']}, check-ins"
        f" {lines['check_ins']}, open alerts {done.open_alerts}. {carer.name} cares for the patient"
        " now, and can send the invitation."
    )


def patient_of(db: Database, wanted: str) -> Person:
    """The patient with this address or record number."""
    person = people.by_email(db, wanted.strip().lower()) or records.with_number(db, wanted.strip())
    if person is None or person.role is not Role.PATIENT:
        raise click.UsageError(
            f"no patient has the e-mail address or record number {wanted}; check it on the"
            " patient's page"
        )
    return person


@contextmanager
def _fresh_file(out: Path) -> Iterator[Path]:
    """A file that gets its name once it is complete. Raises click.UsageError, OSError."""
    if out.exists():
        raise click.UsageError(f"{out} exists already; name another file")
    unfinished = out.with_name(f"{out.name}.part")
    try:
        yield unfinished
        unfinished.rename(out)
    finally:
        unfinished.unlink(missing_ok=True)


COMMANDS = (export_patient, import_patient)
