"""The commands that exchange records with other programs as FHIR."""

import sys
from pathlib import Path

import click

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
from tracker.cli.console import now, open_clinic, told_errors
from tracker.domain.record.releases import Release


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
def export(
    patient: str | None,
    everyone: bool,
    release: str,
    out: Path | None,
    folder: Path | None,
    with_photos: bool,
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
    with told_errors(NoSuchPatient, OSError), open_clinic() as (world, db):
        chosen, base_url = patients_to_export(db, patient), world.settings.base_url
        with whole(folder or out or Path()) as part:
            attachment = linked(base_url)
            if folder is not None:
                part.mkdir(parents=True)
            if with_photos and folder is not None:
                attachment = in_folder(world.files, part, unreadable)
            elif with_photos:
                attachment = inside(world.files, unreadable)
            told = fhir_resources(db, world.protocols, attachment, chosen, version, at)
            if folder is not None:
                count = write_ndjson(told, part)
            else:
                count = write_bundle(told, version, base_url, at, part)
    click.echo(f"patients: {len(chosen)}, resources: {count.total()}")
    for photo_id in unreadable:
        click.echo(f"photo {photo_id} cannot be read and is not in it", err=True)
    sys.exit(bool(unreadable))
