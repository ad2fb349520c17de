"""The commands about the clinic as a whole, the people who work there, and reports."""

import json
import sys
from collections import Counter
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from pathlib import Path

import click
from tqdm import tqdm

from tracker.actions.clinic.audit import show_head, verify_audit_log
from tracker.actions.clinic.health import show_health
from tracker.actions.course.remeasuring import (
    Difference,
    let_it_count,
    old_photos,
    patient_of_address,
    read_on_trial,
    what_would_change,
)
from tracker.actions.people.accounts import appoint_administrator, issue_renewal_for_address
from tracker.actions.people.second_step import reset_second_step_of_address
from tracker.actions.people.staff import hand_over_patients
from tracker.cli.console import (
    JSON,
    Day,
    checked_input,
    connected,
    measuring_on,
    now,
    open_clinic,
    say,
    told_errors,
    world_of_settings,
)
from tracker.domain.clinic.audit import Head, read_head
from tracker.domain.clinic.health import Facts, Part, State, judge, worst
from tracker.domain.mail.mails import renewal_link
from tracker.wires.places import PlaceUnreachable
from web.report.asking import Kind, Paper, Reader, Wanted, check_days
from web.report.handing_out import NothingToPrint, Report, make_report


@click.command()
@click.argument("email")
def appoint(email: str) -> None:
    """Make EMAIL an administrator.

    EMAIL must belong to a person who works at the clinic. Their role stays the same.
    """
    with told_errors(), checked_input(), connected(world_of_settings()) as db:
        person = appoint_administrator(db, email, now())
        click.echo(f"{person.name} is an administrator")


@click.command(name="hand-over")
@click.argument("giver")
@click.argument("taker")
def hand_over(giver: str, taker: str) -> None:
    """Put all patients of GIVER into the care of TAKER (both e-mail addresses).

    For a clinic in which no second person can do it on the pages. It is in the audit log, and all
    concerned get a mail. GIVER stays in the care teams until suspended or removed.
    """
    with told_errors(), checked_input(), connected(world_of_settings()) as db:
        count = hand_over_patients(db, giver, taker, now())
        click.echo(f"patients handed over: {count}")


@click.command(name="renew-passphrase")
@click.argument("email")
@JSON
def renew_passphrase(email: str, as_json: bool) -> None:
    """Print a link with which the person of EMAIL chooses a new passphrase.

    It works once, for an hour, and is mailed to EMAIL as well. Using it ends all sessions and
    passkeys of this person.
    """
    with told_errors(), checked_input(), open_clinic() as (world, db):
        person, renewal = issue_renewal_for_address(db, email, now())
        link = renewal_link(renewal.id, world.envelope)
        words = f"{person.name} can choose a new passphrase for an hour:\n{link}"
        say({"email": person.email, "link": link}, words, as_json=as_json)


@click.command(name="reset-second-step")
@click.argument("email")
def reset_second_step(email: str) -> None:
    """Remove app, recovery codes and passkeys of the colleague of EMAIL.

    For a clinic in which no administrator can do it on the pages. EMAIL sets the second step up
    again at the next sign-in, with the passphrase. It is in the audit log, and a mail tells EMAIL
    and the administrators.
    """
    with told_errors(), checked_input(), connected(world_of_settings()) as db:
        person = reset_second_step_of_address(db, email, now())
        click.echo(f"{person.name} sets the second step up again at the next sign-in")


@click.group()
def audit() -> None:
    """Show the head of the audit log, or verify the log.

    Each entry has a digest of itself and of the entry before it. The head is number and digest of
    the last one. Keep heads where those who run this machine cannot change them: the worker writes
    them into its log, and administrators see them under Clinic, Audit log.
    """


@audit.command(name="head")
@JSON
def audit_head(as_json: bool) -> None:
    """Print the head of the audit log."""
    with told_errors(), connected(world_of_settings()) as db:
        head = show_head(db)
    say({"head": str(head) if head else None}, _head_words(head), as_json=as_json)


@audit.command(name="verify")
@click.argument("heads", nargs=-1)
@JSON
def audit_verify(heads: tuple[str, ...], as_json: bool) -> None:
    """Calculate all digests again, and look for HEADS, which were kept elsewhere.

    Exit status 1 when an entry was changed or taken out, or when a head is not in the log.
    """
    with told_errors(), checked_input(), connected(world_of_settings()) as db:
        verdict = verify_audit_log(db, [read_head(text) for text in heads])
    facts = {
        "head": str(verdict.head) if verdict.head else None,
        "is_whole": verdict.is_whole,
        "broken_at": verdict.broken_at,
        "not_in_this_log": [str(head) for head in verdict.misfits],
    }
    say(facts, f"head: {_head_words(verdict.head)}", as_json=as_json)
    if verdict.broken_at is not None:
        click.echo(f"entry {verdict.broken_at} does not fit the one before it", err=True)
    for head in verdict.misfits:
        click.echo(f"not in this log: {head}", err=True)
    sys.exit(not verdict.is_whole)


def _head_words(head: Head | None) -> str:
    return str(head) if head else "the audit log is empty"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def health(as_json: bool) -> None:
    """Report the state of the system behind the pages.

    Exit status 0 when all is well or only needs a look, 1 when something fails: patients wait, or
    soon will. It names no patient.
    """
    with told_errors(), open_clinic() as (world, db):
        facts = show_health(db, world.settings, world.protocols, now())
    states = judge(facts)
    if as_json:
        click.echo(json.dumps(_as_json(facts, states)))
    else:
        for part, state in states.items():
            click.echo(f"{state:<8} {part.replace('_', ' ')}")
    sys.exit(worst(states.values()) is State.FAILING)


def _as_json(facts: Facts, states: dict[Part, State]) -> dict[str, object]:
    """Times in ISO 8601, sizes in bytes, spans in seconds."""
    oldest = {
        "unjudged": facts.unjudged.oldest,
        "photos": facts.photos.oldest,
        "pressing_mails": facts.pressing_mails.oldest,
        "mails": facts.mails.oldest,
    }
    return {
        "state": worst(states.values()),
        "parts": states,
        "at": facts.at.isoformat(),
        "signs": {sign: at.isoformat() for sign, at in facts.signs.items()},
        "courses_unjudged": facts.unjudged.waiting,
        "photos_waiting": facts.photos.waiting,
        "photos_failed": facts.failed.photos,
        "baselines_failed": facts.failed.baselines,
        "files_unreadable": facts.failed.files,
        "pressing_mails_waiting": facts.pressing_mails.waiting,
        "mails_waiting": facts.mails.waiting,
        "mails_lost": facts.mails.given_up,
        "mail_lag_seconds": facts.lag.total_seconds() if facts.lag else None,
        "oldest": {name: at.isoformat() if at else None for name, at in oldest.items()},
        "free_bytes": facts.free_bytes,
        "database_bytes": facts.database_bytes,
        "versions": dict(facts.versions),
    }


@click.command()
@click.option("--patient", "email", help="Only photos of the patient with this e-mail address.")
@click.option("--since", type=Day(), help="Only photos taken on this day or later.")
@click.option("--dry-run", is_flag=True, help="Only count the photos.")
@click.option("--let-count", is_flag=True, help="Then ask whether to measure these courses again.")
@click.option("--yes", is_flag=True, help="Do not ask; a program must.")
@JSON
def remeasure(
    email: str | None,
    since: date | None,
    dry_run: bool,
    let_count: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Read photos that an earlier method measured, and say what would change.

    What is read counts for nothing, and is kept, so that the command can be broken off and
    repeated. With --let-count, and once every photo could be read, it asks whether `serve` or
    `worker` shall measure these courses again, so that the present method counts. Exit status 1
    when a photo could not be read.
    """
    with told_errors(OSError), checked_input(), open_clinic() as (world, db):
        patient_id = patient_of_address(db, email) if email else None
        begin = datetime.combine(since, time(), UTC) if since else None
        waiting = old_photos(db, patient_id, begin)
        words = f"photos that an earlier method measured, and not read yet: {len(waiting)}"
        if dry_run or not as_json:
            say({"photos": len(waiting)}, words, as_json=as_json)
        if dry_run:
            return
        failures = Counter[str]()
        with measuring_on(world.settings) as compute:
            done = read_on_trial(db, world.files, compute, waiting, world.find_face)
            for photo in tqdm(done, total=len(waiting), unit="photo", disable=None):
                if isinstance(photo, Exception):
                    failures[type(photo).__name__] += 1
        difference = what_would_change(db, world.protocols, now(), patient_id)
        if not as_json:
            _tell(difference)
        for kind, count in failures.items():
            click.echo(f"not read: {count} photos, {kind}; the command tries them again", err=True)
        ready = let_count and not failures and not difference.untried
        again = None
        if ready and (yes or click.confirm("Measure these courses again?", err=True)):
            again = let_it_count(db, now(), patient_id)
        if as_json:
            facts = {"photos": len(waiting), "not_read": failures, "measured_again": again}
            click.echo(json.dumps(facts | _difference(difference)))
        elif again is not None:
            click.echo(f"photos to be measured again: {again}")
    sys.exit(bool(failures))


def _difference(difference: Difference) -> dict[str, object]:
    """Moves in doublings: median and most."""
    return {
        "courses": difference.courses,
        "untried": difference.untried,
        "unjudged": difference.unjudged,
        "refused_before": difference.refused_before,
        "moved": [asdict(moved) for moved in difference.moved],
        "opened": difference.opened,
        "closed": difference.closed,
    }


def _tell(difference: Difference) -> None:
    click.echo(f"courses compared: {difference.courses}")
    if difference.untried:
        click.echo(f"photos of an earlier method that were not read: {difference.untried}")
    if difference.unjudged:
        click.echo(f"courses that could not be judged: {difference.unjudged}")
    if difference.refused_before:
        click.echo(
            f"photos that an earlier method refused: {difference.refused_before}; measuring again"
            " tries them, too"
        )
    for moved in difference.moved:
        low, high = moved.ita
        click.echo(
            f"skin of ITA {low:.0f} to {high:.0f}: {moved.photos} photos, {moved.refused} refused;"
            f" redness moves by {moved.redness[0]:.2f} (at most {moved.redness[1]:.2f}) doublings,"
            f" pigment by {moved.pigment[0]:.2f} ({moved.pigment[1]:.2f})"
        )
    for words, concerns in (("open", difference.opened), ("no longer be", difference.closed)):
        for concern, count in sorted(concerns.items()):
            click.echo(f"alerts that would {words} found today: {concern}, {count} courses")


@click.command()
@click.argument("patient")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The file to write: .pdf, or .png for one picture.",
)
@click.option("--course", type=click.IntRange(min=1), help="1 for the first; else the current one.")
@click.option("--from", "since", type=Day(), help="First day to print.")
@click.option("--to", "until", type=Day(), help="Last day to print.")
@click.option(
    "--paper",
    type=click.Choice([paper.value for paper in Paper]),
    default=Paper.A4.value,
    show_default=True,
)
@click.option(
    "--for",
    "reader",
    type=click.Choice([reader.value for reader in Reader]),
    default=Reader.CLINICIAN.value,
    show_default=True,
)
def report(
    patient: str,
    out: Path,
    course: int | None,
    since: date | None,
    until: date | None,
    paper: str,
    reader: str,
) -> None:
    """Write the course of PATIENT (e-mail address) as two pages, or as one picture.

    It is in the audit log. Exit status 2 when there is nothing to print.
    """
    ending = out.suffix.lower().removeprefix(".")
    if ending not in set(Kind):
        raise click.UsageError(f"{out} ends in no kind that can be written; use .pdf or .png")
    with told_errors(PlaceUnreachable), checked_input(), open_clinic() as (world, db):
        check_days(since, until)
        wanted = Wanted(Paper(paper), Reader(reader), Kind(ending), course, since, until)
        patient_id = patient_of_address(db, patient)
        match make_report(db, world, patient_id, wanted, None, now()):
            case Report(data=data):
                _write(out, data)
                click.echo(f"The report is in {out}.")
            case NothingToPrint(words):
                raise click.UsageError(words)


def _write(out: Path, data: bytes) -> None:
    """For the eyes of its owner alone: it shows a face."""
    try:
        out.touch(mode=0o600)
        out.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"cannot write {out}: {error.strerror}") from error


COMMANDS = (
    appoint,
    audit,
    hand_over,
    health,
    remeasure,
    renew_passphrase,
    report,
    reset_second_step,
)
