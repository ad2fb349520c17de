"""The commands that exchange records with other programs as FHIR."""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import click
from sqlite_utils import Database

from tracker.actions.course.progress import show_courses
from tracker.actions.records.fhir_export import (
    NoSuchPatient,
    fhir_resources,
    in_folder,
    inside,
    linked,
    patients_to_export,
    whole,
    write_bundle,
    write_ndjson,
)
from tracker.actions.records.fhir_import import invite_received, treating
from tracker.cli.console import (
    JSON,
    UNREADABLE,
    checked_input,
    now,
    open_clinic,
    refused_argument,
    say,
    told_errors,
)
from tracker.domain.course.treatments import Treatment
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.record.codes import Coded, Resource
from tracker.domain.record.fhir_bundles import MOST_BYTES, BundleError
from tracker.domain.record.fhir_course import report_resource
from tracker.domain.record.fhir_incoming import Received, read_bundle
from tracker.domain.record.fhir_procedures import Expects
from tracker.domain.record.releases import Release, in_release
from tracker.storage.people import people
from tracker.world import World
from web.report.asking import Wanted
from web.report.handing_out import Report, make_report


@click.group()
def fhir() -> None:
    """Export and import records as FHIR.

    tracker/EXCHANGE.md says what is carried and what is lost.
    """


@fhir.command()
@click.argument("patient", required=False)
@click.option("--all", "everyone", is_flag=True, help="All patients of the clinic.")
@click.option(
    "--version",
    "release",
    type=click.Choice([release.value for release in Release]),
    default=Release.R4.value,
    show_default=True,
    help="The release of FHIR.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="A bundle, as one file."
)
@click.option(
    "--ndjson",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="A new folder, with one file a kind of resource.",
)
@click.option("--photos", "with_photos", is_flag=True, help="With the photos, not their addresses.")
@click.option("--reports", "with_reports", is_flag=True, help="With a PDF report of each course.")
@JSON
def export(
    patient: str | None,
    everyone: bool,
    release: str,
    out: Path | None,
    folder: Path | None,
    with_photos: bool,
    with_reports: bool,
    as_json: bool,
) -> None:
    """Export PATIENT (an e-mail address), or all patients with --all.

    Exit status 1 when a photo cannot be read; the rest is written.
    """
    if (patient is None) != everyone:
        raise click.UsageError("name one patient, or give --all")
    if (out is None) == (folder is None):
        raise click.UsageError("give --out for a bundle, or --ndjson for a folder; one of them")
    unreadable: list[str] = []
    version, at = Release(release), now()
    with told_errors(OSError), open_clinic() as (world, db):
        base_url = world.settings.base_url
        with refused_argument(NoSuchPatient):
            chosen = patients_to_export(db, patient)
        with refused_argument(FileExistsError), whole(folder or out or Path()) as part:
            attachment = linked(base_url)
            if folder is not None:
                part.mkdir(parents=True)
            if with_photos and folder is not None:
                attachment = in_folder(world.files, part, unreadable)
            elif with_photos:
                attachment = inside(world.files, unreadable)
            told = fhir_resources(db, world.protocols, attachment, chosen, version, at)
            if with_reports:
                told = chain(told, _reports(world, db, chosen, version))
            if folder is not None:
                count = write_ndjson(told, part)
            else:
                count = write_bundle(told, version, base_url, at, part)
    facts = {"patients": len(chosen), "resources": count, "unreadable_photos": unreadable}
    say(facts, f"patients: {len(chosen)}, resources: {count.total()}", as_json=as_json)
    for photo_id in unreadable:
        click.echo(f"photo {photo_id} cannot be read and is not in it", err=True)
    sys.exit(bool(unreadable))


def _reports(
    world: World, db: Database, patient_ids: Iterable[str], release: Release
) -> Iterator[Resource]:
    """The report of each course that has one."""
    for patient_id in patient_ids:
        person = people.get(db, patient_id)
        for number, treatment in enumerate(show_courses(db, patient_id), 1):
            made = make_report(db, world, patient_id, Wanted(course=number), None, now())
            if person is not None and isinstance(made, Report):
                yield in_release(report_resource(person, treatment, made.data, now()), release)


@fhir.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--practitioner", required=True, help="E-mail of the practitioner who treats.")
@click.option("--time-zone", help="Where patients live whose record does not say it.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    help="Translates a code: 'http://snomed.info/sct|123=microneedling'. May be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be imported.")
@JSON
def import_(
    file: Path,
    practitioner: str,
    time_zone: str | None,
    kinds: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Invite the patients of a bundle, R4 or R5, and begin their treatments.

    All of it is imported or nothing. What the bundle holds besides is listed. Exit status 2 when
    the bundle cannot be used; each line names a path and a remedy.
    """
    with told_errors(OSError), checked_input(), open_clinic() as (world, db):
        treats = treating(db, practitioner)
        codes = dict(_translation(text) for text in kinds)
        expects = Expects(world.protocols, time_zone or treats.time_zone, now(), codes)
        try:
            with file.open("rb") as opened:
                received = read_bundle(opened.read(MOST_BYTES + 1), expects)
            if not dry_run:
                invite_received(db, received.patients, treats, now())
        except BundleError as error:
            for line in str(error).splitlines():
                click.echo(f"afterglow: {line}", err=True)
            sys.exit(UNREADABLE)
        if as_json:
            click.echo(json.dumps(_as_json(received, world.protocols)))
        else:
            _tell(received, world.protocols)


def _translation(text: str) -> tuple[Coded, str]:
    code, _, kind = text.rpartition("=")
    system, bar, value = code.rpartition("|")
    if not (bar and system and value and kind):
        raise ValueError(f"--kind {text!r} is no translation; write 'SYSTEM|CODE=KIND'")
    return (system, value), kind


def _as_json(received: Received, protocols: Protocols) -> dict[str, object]:
    return {
        "patients": [
            {
                "name": each.patient.name,
                "email": each.patient.email,
                "treatments": [
                    {
                        "kind": done.kind,
                        "performed_at": done.performed_at.isoformat(),
                        "needle_depth_mm": done.needle_depth_mm,
                        "is_depth_missing": protocols.of(done.kind).is_depth_missing(done),
                    }
                    for done in each.treatments
                ],
            }
            for each in received.patients
        ],
        "not_imported": received.ignored,
    }


def _tell(received: Received, protocols: Protocols) -> None:
    for each in received.patients:
        click.echo(f"{each.patient.name} is invited as {each.patient.email}")
        for done in each.treatments:
            click.echo(f"  {_words(done, protocols)}")
    for what in received.ignored:
        click.echo(f"not imported: {what}", err=True)


def _words(done: Treatment, protocols: Protocols) -> str:
    words = f"{protocols.of(done.kind).title}, {done.performed_at.isoformat(timespec='minutes')}"
    missing = protocols.of(done.kind).is_depth_missing(done)
    return f"{words}; its depth is not recorded: enter it on the page" if missing else words
