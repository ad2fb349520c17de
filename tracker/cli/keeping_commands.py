"""The commands that keep the data: backups, restoring, keys, a close look at everything."""

import json
import os
import secrets
import sys
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import click
from tqdm import tqdm

from tracker.actions.clinic.health import examine
from tracker.actions.clinic.keeping import (
    Restored,
    back_up_to,
    change_secret,
    move_photos,
    restore_into,
)
from tracker.cli.console import (
    JSON,
    connected,
    measuring_on,
    now,
    open_clinic,
    refused_argument,
    say,
    told_errors,
)
from tracker.domain.clinic.health import Finding, State, worst
from tracker.environment import SECRET_BYTES, photos_place, read_settings, with_old_secret
from tracker.settings import Backups, Settings, SettingsError
from tracker.storage.connection import open_database
from tracker.storage.protocols.protocol_files import read_own
from tracker.wires import mail
from tracker.wires.backups import (
    BackupPlace,
    BackupUnusable,
    Identity,
    new_identity,
    read_identity,
    read_recipient,
)
from tracker.wires.compute import choose_face_finder
from tracker.wires.photo_files import TooManyStrays, files_of
from tracker.wires.photo_moves import MoveRefused, copied, refuse_same, refuse_strangers
from tracker.world import DatabaseGone, open_data, open_world, refuse_other_place

FROM = click.option(
    "--from", "place", help="Where the backups are; AFTERGLOW_BACKUP_TO when left out."
)
IDENTITY = click.option(
    "--identity",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File that afterglow backup-key wrote.",
)
SNAPSHOT = click.option("--snapshot", help="Its name; the newest when left out.")


@click.command()
@JSON
def migrate(as_json: bool) -> None:
    """Bring the database up to date; `serve` does so too."""
    with told_errors():
        settings = read_settings(os.environ)
        db, steps = open_data(settings, files_of(settings))
        db.close()
    words = f"done: {', '.join(steps)}" if steps else "nothing to do"
    say({"done": steps}, words, as_json=as_json)


@click.command(name="backup-key")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--recipient-of", "is_kept", is_flag=True, help="FILE exists: only print.")
def backup_key(file: Path, *, is_kept: bool) -> None:
    """Write a fresh identity to FILE and print its recipient.

    Backups are sealed to the recipient (AFTERGLOW_BACKUP_RECIPIENT). Only the identity opens them:
    keep it away from the machine that makes backups, and at two places. The recipient is a secret
    of that machine: a person who has it can make backups that look like the clinic's.
    """
    if is_kept:
        with refused_argument(BackupUnusable):
            click.echo(read_identity(file).recipient)
        return
    identity, recipient = new_identity()
    try:
        with open(file, "x", opener=_for_us_alone, encoding="ascii") as written:
            written.write(f"{identity}\n")
    except FileExistsError as error:
        message = f"{file} is there already and was left alone; choose another name"
        raise click.UsageError(message) from error
    except OSError as error:
        raise click.ClickException(f"cannot write {file}: {error.strerror}") from error
    click.echo(recipient)


@click.command()
@JSON
def backup(as_json: bool) -> None:
    """Make a backup now; `serve` and `worker` make one each day.

    Exit status 1 when it could not be made, or when photos are damaged and are missing in it.
    """
    with told_errors(BackupUnusable, OSError), open_clinic() as (world, db):
        if world.settings.backups is None:
            raise SettingsError("AFTERGLOW_BACKUP_TO is not set; name the place of the backups")
        made = back_up_to(world.settings.backups, db, world.files, world.settings, now())
    words = (
        f"{made.snapshot}: {made.patients} patients, {made.photos} photos,"
        f" {made.new_blobs} new parts, {made.forgotten} old snapshots forgotten"
    )
    say(asdict(made), words, as_json=as_json)
    for photo_id in made.unreadable:
        click.echo(f"photo {photo_id} is damaged and not in it", err=True)
    sys.exit(bool(made.unreadable))


@click.command()
@FROM
@IDENTITY
@SNAPSHOT
@JSON
def restore(place: str | None, identity: Path, snapshot: str | None, as_json: bool) -> None:
    """Fill the empty folder AFTERGLOW_DATA from a backup.

    AFTERGLOW_SECRET may be a new one. Patients who were erased since the backup stay erased.
    """
    with told_errors(BackupUnusable, OSError):
        settings = read_settings(os.environ)
        restored = restore_into(settings, _place(place), _identity(identity), snapshot, now())
    say(asdict(restored), _restored(restored), as_json=as_json)


@click.command(name="verify-backup")
@FROM
@IDENTITY
@SNAPSHOT
@JSON
def verify_backup(place: str | None, identity: Path, snapshot: str | None, as_json: bool) -> None:
    """Restore a backup into a folder for the moment, and examine it.

    It needs neither AFTERGLOW_DATA nor AFTERGLOW_SECRET, so that another machine can do it. Exit
    status 1 when the backup is not whole.
    """
    with told_errors(BackupUnusable, OSError), tempfile.TemporaryDirectory() as scratch:
        secret = urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        settings = read_settings({"AFTERGLOW_DATA": f"{scratch}/data", "AFTERGLOW_SECRET": secret})
        restored = restore_into(settings, _place(place), _identity(identity), snapshot, now())
        if not as_json:
            click.echo(_restored(restored))
        world = open_world(settings)
        with connected(world) as db:
            findings = list(examine(db, world.files, settings, now()))
    found = [finding for finding in findings if finding.what in OF_BACKUPS]
    _report(found, as_json=as_json, restored=asdict(restored))


OF_BACKUPS = frozenset({"database", "migrations", "photos", "files", "orphans", "keys"})
"""What an examination can find wrong with a backup; the rest is about the machine."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def doctor(as_json: bool) -> None:
    """Look closely at everything that is kept.

    It takes long where there are many photos, changes nothing and may run next to `serve`. Exit
    status 1 when something is lost or damaged.
    """
    with told_errors():
        settings = read_settings(os.environ)
        if not settings.database.exists():
            raise DatabaseGone(f"{settings.database} is missing; restore it from a backup")
        with closing(open_database(settings.database, settings.key_for("database"))) as db:
            findings = list(examine(db, files_of(settings), settings, now()))
    _report(findings, as_json=as_json)


@click.command(name="change-secret")
def change_secret_command() -> None:
    """Put everything under a new secret.

    It is AFTERGLOW_SECRET, the one before AFTERGLOW_OLD_SECRET; both may be given as _FILE or
    _COMMAND. Stop `serve` and `worker` first. What is broken off
    is finished by calling it again. All people must sign in again, and links that were mailed stop
    working.
    """
    with told_errors(BackupUnusable, OSError):
        settings = read_settings(os.environ)
        if not settings.database.exists():
            raise DatabaseGone(f"{settings.database} is missing; restore it from a backup")
        changed = change_secret(settings, with_old_secret(settings, os.environ), now())
    click.echo(f"everything is under the new secret; photos changed: {changed}")


@click.command(name="move-photos")
@click.option("--to", required=True, help="A folder, or s3://bucket/prefix.")
@click.option("--prepare", is_flag=True, help="Only copy; Afterglow may run meanwhile.")
@click.option("--dry-run", is_flag=True, help="Only say what would be copied.")
@click.option(
    "--delete-source", is_flag=True, help="Then delete here each photo that is whole there."
)
@JSON
def move_photos_command(
    to: str, *, prepare: bool, dry_run: bool, delete_source: bool, as_json: bool
) -> None:
    """Copy all photos to another place, a folder or an object store.

    They are copied as they lie, encrypted, and compared by digest. What is broken off is finished
    by calling it again. Stop `serve` and `worker` first. Where that would take too long, call it
    with --prepare before, while they run: then little is left. Afterwards set AFTERGLOW_PHOTOS.
    """
    if (prepare or dry_run) and delete_source:
        raise click.UsageError("--delete-source moves photos; it goes with no other option")
    with told_errors(MoveRefused, TooManyStrays, OSError):
        settings = read_settings(os.environ)
        with refused_argument(SettingsError):
            target = photos_place(os.environ, to, "--to") or ""
        if target == settings.photos:
            raise click.UsageError(
                "--to names the place that AFTERGLOW_PHOTOS names already; leave AFTERGLOW_PHOTOS"
                " at the place of before until the photos are moved"
            )
        if not settings.database.exists():
            raise DatabaseGone(f"{settings.database} is missing; restore it from a backup")
        refuse_other_place(settings, settings.photos, *([target] if delete_source else []))
        files, there = files_of(settings), files_of(replace(settings, photos_at=target))
        there.place.probe()
        refuse_strangers(files, there)
        if not dry_run:
            refuse_same(files, there)
        total = sum(file.size for file in files.stored())
        with tqdm(total=total, unit="B", unit_scale=True, disable=None) as bar:
            if prepare or dry_run:
                missing = [
                    size
                    for size, is_missing in copied(files, there, only_looks=dry_run)
                    if (bar.update(size), is_missing)[1]
                ]
            else:
                move_photos(settings, target, now(), bar.update, deletes=delete_source)
    if prepare or dry_run:
        told = "missing there" if dry_run else "copied"
        facts = {"files": len(missing), "bytes": sum(missing), "of_bytes": total}
        words = f"{told}: {len(missing)} files, {sum(missing)} bytes of {total}"
    else:
        facts = {"of_bytes": total}
        words = f"all photos are in {target}; set AFTERGLOW_PHOTOS to it, then start Afterglow"
    say(facts, words, as_json=as_json)


@click.command(name="check-config")
@JSON
def check_config(as_json: bool) -> None:
    """Check every setting, and what it names, without changing anything.

    It opens the database if there is one, reads the protocols, loads the face model, and asks the
    mail server, the place of the backups and the cluster. In an object store it writes a file and
    deletes it. Exit status 1 when something is wrong.
    """
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        _report([Finding("settings", State.FAILING, str(error))], as_json=as_json)
        return
    checks: dict[str, Callable[[], object]] = {
        "database": lambda: _open_once(settings),
        "protocols": lambda: read_own(settings.protocols),
        "photos": files_of(settings).place.probe,
        "face model": lambda: choose_face_finder(settings.face_model),
        "backups": lambda: _reach(settings.backups),
        "cluster": lambda: _ask_cluster(settings),
    }
    findings = [Finding("settings", State.GOOD, "all can be read")]
    for what, check in checks.items():
        try:
            check()
            findings.append(Finding(what, State.GOOD, "as it should be"))
        except Exception as error:  # noqa: BLE001  (whatever it is, it is what was asked for)
            findings.append(Finding(what, State.FAILING, str(error)))
    trouble = mail.trouble(settings)
    words = trouble or ("the server lets us in" if settings.smtp_url else "no server is set")
    findings.append(Finding("mail", State.FAILING if trouble else State.GOOD, words))
    _report(findings, as_json=as_json)


def _open_once(settings: Settings) -> None:
    if settings.database.exists():
        open_database(settings.database, settings.key_for("database")).close()


def _reach(backups: Backups | None) -> None:
    if backups is not None:
        BackupPlace(backups.url, b"").refuse_another(read_recipient(backups.recipient))


def _ask_cluster(settings: Settings) -> None:
    """Raises OSError when no worker of the cluster measures as this machine does."""
    if settings.cluster is not None:
        with measuring_on(settings) as cluster:
            cluster.submit(os.getpid).result()


def _report(findings: Iterable[Finding], *, as_json: bool, **facts: object) -> None:
    """Print what was found, and end with status 1 when something fails."""
    found = list(findings)
    if as_json:
        parts = {each.what: {"state": each.state, "words": each.words} for each in found}
        click.echo(json.dumps(parts | facts))
    else:
        for each in found:
            click.echo(f"{each.state:<8} {each.what:<10} {each.words}")
    sys.exit(worst(each.state for each in found) is State.FAILING)


def _place(given: str | None) -> str:
    place = given or os.environ.get("AFTERGLOW_BACKUP_TO", "").strip()
    if not place:
        raise SettingsError("AFTERGLOW_BACKUP_TO is not set; name the place of the backups: --from")
    return place


def _identity(file: Path) -> Identity:
    with refused_argument(BackupUnusable):
        return read_identity(file)


def _restored(restored: Restored) -> str:
    words = (
        f"{restored.snapshot}: {restored.patients} patients, {restored.photos} photos;"
        f" erased since: {restored.erased_since}"
    )
    if restored.passed_over:
        words += f"\nnot taken, as their time is still to come: {', '.join(restored.passed_over)}"
    return words


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


COMMANDS = (
    backup,
    backup_key,
    change_secret_command,
    check_config,
    doctor,
    migrate,
    move_photos_command,
    restore,
    verify_backup,
)
"""What `tracker.cli.main` adds to the command line."""
