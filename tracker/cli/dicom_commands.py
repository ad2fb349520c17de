"""The command that hands photos out as DICOM."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlite_utils import Database

from tracker.actions.records.dicom_export import dicom_courses, dicom_instances
from tracker.actions.records.fhir_export import whole
from tracker.cli.console import JSON, now, open_clinic, refused_argument, told_errors
from tracker.cli.record_commands import patient_of
from tracker.domain.course.treatments import Treatment
from tracker.settings import SettingsError
from tracker.world import World

if TYPE_CHECKING:
    from pydicom import FileDataset


@click.command()
@click.argument("patient")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="A new folder, with a folder a course and a file a picture.",
)
@click.option("--send", "node", help="HOST:PORT of a DICOM node that takes the pictures (C-STORE).")
@click.option("--title", default="ANY-SCP", show_default=True, help="The node's AE title.")
@click.option("--own-title", default="AFTERGLOW", show_default=True, help="Our AE title.")
@click.option(
    "--ca",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="PEM file of who signs the node's certificate; the line is then encrypted by TLS."
    " Without it, send only within a network that no one else can read.",
)
@JSON
def dicom(
    patient: str,
    out: Path | None,
    node: str | None,
    title: str,
    own_title: str,
    ca: Path | None,
    as_json: bool,
) -> None:
    """Hand out the photos and maps of PATIENT (e-mail or record number) as DICOM.

    A study a course; tracker/EXCHANGE.md says what is in it. Exit status 1 when a photo cannot be
    read or the node refuses one; the others are written or sent.
    """
    if (out is None) == (node is None):
        raise click.UsageError("give --out for a folder, or --send for a node; one of them")
    try:
        from tracker.wires import dicom as wire  # noqa: PLC0415  (an extra, and slow to load)
    except ImportError as error:
        raise click.ClickException(
            "DICOM needs the extra dicom: pip install -e '.[dicom]'"
        ) from error
    to = wire.Receiver(*_address(node), title, own_title, ca) if node else None
    unreadable: list[str] = []
    refused: dict[str, int] = {}
    count = 0
    with told_errors(OSError, SettingsError, wire.NotReached), open_clinic() as (world, db):
        studies = _studies(world, db, patient, unreadable)
        if out is not None:
            with refused_argument(FileExistsError), whole(out) as part:
                part.mkdir(parents=True)
                count = sum(wire.write(course, part / name) for name, course in studies)
        elif to is not None:
            instances = (each for _, course in studies for each in course)
            statuses = {str(uid): status for uid, status in wire.send(instances, to)}
            refused = {uid: status for uid, status in statuses.items() if status != 0}
            count = len(statuses) - len(refused)
    _tell(count, unreadable, refused, as_json=as_json)
    sys.exit(bool(unreadable or refused))


def _studies(
    world: World, db: Database, patient: str, unreadable: list[str]
) -> Iterator[tuple[str, Iterator["FileDataset"]]]:
    """The name of a folder and the instances of each course, which are read one by one."""
    from tracker.wires.dicom import Study  # noqa: PLC0415

    person = patient_of(db, patient)
    courses, clinic = dicom_courses(db, person, None, now())
    for number, course in enumerate(courses, 1):
        treatment = course.treatment
        study = Study(person, treatment, clinic, _title(treatment))
        name = f"{number:02}-{treatment.performed_at:%Y-%m-%d}-{treatment.kind}"
        yield name, dicom_instances(world.files, study, course, unreadable)


def _title(treatment: Treatment) -> str:
    depth = treatment.needle_depth_mm
    kind = treatment.kind.replace("_", " ").capitalize()
    mistake = ", entered by mistake" if treatment.is_withdrawn else ""
    return f"{kind}{f', {depth:g} mm' if depth is not None else ''}{mistake}"


def _address(node: str) -> tuple[str, int]:
    host, _, port = node.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise click.UsageError(f"--send {node!r} is no address; write HOST:PORT, such as pacs:104")
    return host, int(port)


def _tell(count: int, unreadable: list[str], refused: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"pictures": count, "unreadable": unreadable, "refused": refused}))
        return
    click.echo(f"pictures: {count}")
    for photo_id in unreadable:
        click.echo(f"photo {photo_id} cannot be read and is not in it", err=True)
    for uid, status in refused.items():
        why = "the line broke" if status < 0 else f"status 0x{status:04X}"
        click.echo(f"{uid} was not taken ({why}); send again", err=True)


COMMANDS = (dicom,)
