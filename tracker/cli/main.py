"""The `afterglow` command: what an operator does by hand."""

import json
import logging
import os
import signal
import threading
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import TextIO

import click
from tqdm import tqdm

from analysis.card.sheet import Paper
from tracker.actions.course.pictures import print_card
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.people.accounts import add_person
from tracker.actions.people.sharing import join_care_team
from tracker.cli import (
    afterglow,
    clinic_commands,
    dicom_commands,
    keeping_commands,
    record_commands,
    table_commands,
)
from tracker.cli.console import (
    Moment,
    checked_input,
    connected,
    leave,
    local_processes,
    measuring_on,
    metrics_served,
    now,
    open_clinic,
    refused_argument,
    told_errors,
    typed_passphrase,
    world_of_settings,
)
from tracker.cli.fhir_commands import fhir
from tracker.cli.protocol_commands import protocol
from tracker.demo import LOOPBACK, SignIn, demo_settings, is_made, open_demo, renew_sign_ins
from tracker.domain.course.treatments import AREAS, Region, Setting, Treatment
from tracker.domain.people.people import Duty, Person, Role, check_email
from tracker.domain.protocols.protocols import Protocol, ProtocolError
from tracker.domain.protocols.screening import Screening, checked_answers, summary
from tracker.domain.protocols.toml_tables import read_toml
from tracker.environment import protocols_folder
from tracker.replay import Line, Replay, patient_of, read_course, throw_away_world
from tracker.storage.people import people
from tracker.wires.processes import on_executor
from tracker.worker import run_worker
from tracker.world import World, open_world
from web.serve import CannotListen, check_address
from web.serve import serve as serve_pages

DEPTH_MISSING = (
    "Warning: depth not recorded, so the course is judged by the slowest curve and redness that"
    " fades too slowly is noticed later; enter the depth on the treatment page or in course.toml"
)


PASSPHRASE_FILE = click.option(
    "--passphrase-file",
    type=click.File(encoding="utf-8"),
    help="Its first line is the passphrase, 12 characters or more; asked for when left out.",
)

main = afterglow
"""Where the commands of this module, and of those it imports, enter themselves."""


@main.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-data"),
    show_default=True,
    help="Folder that keeps the demo's data.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    help="Port on 127.0.0.1.",
)
def demo(data: Path, port: int) -> None:
    """Open a clinic with sample patients, one of them not recovering."""
    samples = Path(str(files("sample_images")))
    with told_errors(CannotListen), local_processes() as compute:
        check_address(LOOPBACK, port)  # measuring takes minutes; do not find out afterwards
        click.echo(f"The demo's clinic is kept in {data.absolute()}.")
        if not is_made(data):
            click.echo(
                "It is made now: its sample photos are measured, which takes a minute or two."
            )
        with tqdm(desc="Measuring sample photos", unit="photo", disable=None) as bar:
            for done, total in open_demo(data, samples, port, compute, now()):
                bar.total = total
                bar.update(done - bar.n)
        world = open_world(demo_settings(data, port))
        serve_pages(world, compute, now, lambda: _let_in(world))


@main.command()
def serve() -> None:
    """Serve the pages and process the queue, both in this process."""
    with told_errors(CannotListen, OSError):
        world = world_of_settings()
        address = world.settings.base_url
        with measuring_on(world.settings) as compute, metrics_served(world, now):
            serve_pages(world, compute, now, lambda: click.echo(f"Afterglow is open at {address}"))
    leave()


@main.command()
def worker() -> None:
    """Process the queue only: measure, judge, send. For additional workers next to `serve`."""
    stop = threading.Event()
    with told_errors():
        world = world_of_settings()
        with measuring_on(world.settings) as compute:

            def end(*_: object) -> None:
                stop.set()
                compute.shutdown(wait=False, cancel_futures=True)

            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, end)
            run_worker(world, compute, now, stop)
    leave()


@main.command()
@click.argument("course_dir", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines and nothing else.")
def replay(course_dir: Path, as_json: bool) -> None:
    """Replay a course folder: what every photo shows, and which alerts it raises.

    Nothing is kept. Exit status 2 when the course cannot be read.
    """
    logging.getLogger().setLevel(logging.WARNING)
    with told_errors():
        story = read_course(course_dir)
        own = protocols_folder(os.environ)
        with throw_away_world(own) as world, local_processes() as compute, connected(world) as db:
            world = replace(world, apart=on_executor(compute))  # noqa: PLW2901
            person = patient_of(story, "Replayed course", "patient@replay.invalid")
            followed = world.protocols.by_kind.get(story.treatment.kind)
            if followed is not None and followed.is_depth_missing(story.treatment):
                click.echo(DEPTH_MISSING, err=True)
            patient = add_person(db, person, os.urandom(16).hex())
            lines = Replay(world, db, compute, course_dir, story, patient.id).lines()
            with tqdm(total=len(story.photos), unit="photo", disable=None) as bar:
                for line in lines:
                    bar.update(line["type"] == "photo")
                    with tqdm.external_write_mode():
                        click.echo(json.dumps(line) if as_json else _in_words(line))


@main.command(name="add-practitioner")
@click.argument("name")
@click.argument("email")
@click.option("--time-zone", default="UTC", show_default=True, help="IANA name, as Europe/Berlin.")
@click.option(
    "--administrator",
    "duties",
    flag_value=Duty.ADMINISTRATION.value,
    help="Also invites staff, and sets opening hours and roles.",
)
@PASSPHRASE_FILE
def add_practitioner(
    name: str, email: str, time_zone: str, duties: str | None, passphrase_file: TextIO | None
) -> None:
    """Open an account for a practitioner."""
    with told_errors(), checked_input(), connected(world_of_settings()) as db:
        has = frozenset({Duty(duties)} if duties else ())
        practitioner = Person("", Role.PRACTITIONER, name, email, time_zone, duties=has)
        person = add_person(db, practitioner, typed_passphrase(passphrase_file), now=now())
        click.echo(f"{person.name} can sign in as {person.email}")


@main.command(name="add-patient")
@click.argument("name")
@click.argument("email")
@click.option("--practitioner", required=True, help="E-mail of the practitioner who treats.")
@click.option("--time-zone", required=True, help="Where the patient lives, as Europe/Berlin.")
@click.option("--treatment", default="microneedling", show_default=True, help="Kind of treatment.")
@click.option(
    "--performed-at",
    required=True,
    type=Moment(),
    help="Planned or past, with its offset: 2026-03-02T10:00+01:00.",
)
@click.option("--depth-mm", type=float, help="Needle depth in millimetres.")
@click.option(
    "--depth-unknown",
    is_flag=True,
    help="The depth of the needles is unknown: the slowest curve judges.",
)
@click.option("--variant", help="Of a peel or laser, as its protocol names it: superficial.")
@click.option(
    "--setting",
    type=click.Choice([setting.value for setting in Setting]),
    default=Setting.CLINIC.value,
    show_default=True,
)
@click.option(
    "--area",
    "areas",
    multiple=True,
    type=click.Choice([area.value for area in AREAS]),
    help="Default: all.",
)
@click.option("--skin-type", type=click.IntRange(1, 6), help="Fitzpatrick type.")
@click.option(
    "--screening",
    "screening_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML with the answers of the screening form: pregnancy = false …",
)
@PASSPHRASE_FILE
def add_patient(
    name: str,
    email: str,
    practitioner: str,
    time_zone: str,
    treatment: str,
    performed_at: datetime,
    depth_mm: float | None,
    depth_unknown: bool,
    variant: str | None,
    setting: str,
    areas: tuple[str, ...],
    skin_type: int | None,
    screening_file: Path | None,
    passphrase_file: TextIO | None,
) -> None:
    """Open an account for a patient and begin a treatment."""
    with told_errors(), checked_input(), open_clinic() as (world, db):
        treats = people.by_email(db, check_email(practitioner))
        if treats is None or treats.role is not Role.PRACTITIONER:
            raise click.UsageError(f"no practitioner signs in as {practitioner}")
        planned = Treatment(
            id="",
            patient_id="",
            kind=treatment,
            performed_at=performed_at,
            setting=Setting(setting),
            needle_depth_mm=depth_mm,
            areas=frozenset(Region(area) for area in areas or AREAS),
            variant=variant,
        )
        # Before the account is opened, so that an error leaves nothing behind.
        with refused_argument(ProtocolError):
            followed = world.protocols.for_treatment(planned)
        _check_depth(planned, followed, unknown=depth_unknown)
        person = Person("", Role.PATIENT, name, email, time_zone, skin_type)
        screening = (
            _screening(screening_file, followed, person, treats.id) if screening_file else None
        )
        passphrase = typed_passphrase(passphrase_file)
        patient = add_person(db, person, passphrase, cared_for_by=treats.id, now=now())
        begin_treatment(db, world.protocols, replace(planned, patient_id=patient.id), screening)
        click.echo(f"{patient.name} can sign in as {patient.email}")


@main.command(name="add-to-care")
@click.argument("patient")
@click.argument("carer")
@click.option(
    "--turn",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Who is notified of an urgent alert first, second and so on.",
)
def add_to_care(patient: str, carer: str, turn: int) -> None:
    """Put PATIENT in the care of CARER (both e-mail addresses), or change the turn."""
    with told_errors(), checked_input(), connected(world_of_settings()) as db:
        treats, treated = join_care_team(db, carer, patient, turn, now())
        click.echo(f"{treated.name} is in the care of {treats.name}, turn {turn}")


@main.command()
@click.option(
    "--paper",
    type=click.Choice([paper.value for paper in Paper]),
    default=Paper.A4.value,
    show_default=True,
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder for the two files; this one when left out.",
)
def card(paper: str, out: Path) -> None:
    """Write the reference card to print at home, as PDF and PNG.

    If the same printed card is in every photo, lamp and camera disturb the readings least.
    """
    try:
        pdf, png = print_card(Paper(paper), out)
    except OSError as error:
        raise click.ClickException(f"cannot write to {out}: {error.strerror}") from error
    click.echo(f"Print {pdf} at 100 % on matt paper; {png} shows the same page.")


for command in (
    *clinic_commands.COMMANDS,
    *dicom_commands.COMMANDS,
    fhir,
    protocol,
    *keeping_commands.COMMANDS,
    *record_commands.COMMANDS,
    *table_commands.COMMANDS,
):
    main.add_command(command)


def _check_depth(planned: Treatment, followed: Protocol, *, unknown: bool) -> None:
    """Refuse a needling without its depth, unless the depth was declared unknown."""
    if unknown and planned.needle_depth_mm is not None:
        raise click.UsageError("--depth-unknown contradicts --depth-mm; leave one of them out")
    if not followed.is_depth_missing(planned):
        return
    if not unknown:
        raise click.UsageError(
            f"{planned.kind} uses needles; give --depth-mm, or --depth-unknown if it is unknown"
        )
    click.echo(DEPTH_MISSING, err=True)


def _screening(file: Path, followed: Protocol, person: Person, by: str) -> Screening:
    """The answers in a file; warnings about the treatment go to standard error."""
    try:
        answers = read_toml(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.UsageError(f"{file}: not valid TOML ({error})") from error
    screening = Screening(checked_answers(answers, followed), now(), by)
    for caveat in summary(screening, followed, person).caveats:
        told = f" ({caveat.record})" if caveat.record else ""
        click.echo(f"{caveat.severity}: {caveat.question}{told} {caveat.advice}", err=True)
    return screening


def _let_in(world: World) -> None:
    """Renew the passphrases once the pages are open; this ends the sessions of the old ones."""
    with connected(world) as db:
        sign_ins = renew_sign_ins(db)
    _print_sign_ins(world.settings.base_url, sign_ins)


def _print_sign_ins(address: str, sign_ins: list[SignIn]) -> None:
    width = max(len(sign_in.who) for sign_in in sign_ins)
    mails = max(len(sign_in.email) for sign_in in sign_ins)
    click.echo(f"\nAfterglow is open at {address}\n")
    for sign_in in sign_ins:
        click.echo(f"  {sign_in.who:<{width}}  {sign_in.email:<{mails}}  {sign_in.passphrase}")
    click.echo("\nA clinic also asks its people for a second step at sign-in; the demo does not.")
    click.echo("The first is the practitioner. Ctrl-C stops; the next start keeps the data.")


def _in_words(line: Line) -> str:
    if line["type"] == "alert":
        why = "; ".join(f"{e['what']} ×{e['factor']:.3g}" for e in line["evidence"])
        return (
            f"{line['raised_at']}  ALERT {line['level']}: {line['concern'].replace('_', ' ')}"
            f" ({line['probability']:.0%}): {why}"
        )
    at = line["at" if line["type"] == "outlines" else "taken_at"]
    what = "outlines on " if line["type"] == "outlines" else ""
    head = f"{at}  {what}{line['file']}: {line['status'].replace('_', ' ')}"
    if "faults" in line:
        return f"{head} ({', '.join(line['faults'])})"
    if "regions" not in line:
        return head
    face = line["regions"].get("face")
    if face is None:
        return f"{head} by {line['reference']}"
    redness, pigment = face["redness"], face["pigment"]
    return (
        f"{head} by {line['reference']}: redness {redness['value']:+.2f} ± {redness['sd']:.2f},"
        f" pigment {pigment['value']:+.2f} ± {pigment['sd']:.2f} doublings"
    )
