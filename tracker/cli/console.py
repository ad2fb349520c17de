"""Shared by all commands: opening the clinic, closing its connection, reporting errors plainly."""

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TextIO

import click
from sqlite_utils import Database

from tracker.actions.clinic.health import show_health
from tracker.demo import FolderInUse
from tracker.domain.clinic.health import Facts
from tracker.domain.own_data.course_folders import CourseError
from tracker.domain.own_data.record_manifest import RecordError
from tracker.domain.protocols.protocols import ProtocolError
from tracker.environment import SECRETS, read_settings
from tracker.settings import Settings, SettingsError
from tracker.storage.connection import DatabaseUnreadable
from tracker.wires.metrics import serve_metrics
from tracker.wires.places import PlaceUnreachable, keep_credentials
from tracker.wires.processes import LocalProcesses
from tracker.world import (
    DatabaseGone,
    FolderUnusable,
    PhotosMoved,
    SecretChangeUnfinished,
    World,
    open_world,
)

UNREADABLE = 2
"""The exit status for what was typed or given and cannot be used; 1 is for all else that fails."""

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")


def say(facts: Mapping[str, object], words: str, *, as_json: bool) -> None:
    """Print what was done, for a program or for a person."""
    click.echo(json.dumps(facts) if as_json else words)


class Day(click.ParamType[date]):
    """A day of the calendar, as a `date`."""

    name = "day"

    def convert(
        self, value: str | date, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        """The day; misuse of the command when it is written in another way."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            today = f"year-month-day; today is {now().date()}"
            self.fail(f"{value!r} is no day of the calendar; write it as {today}", param, ctx)


class Moment(click.ParamType[datetime]):
    """A day and time with its offset from UTC, as a `datetime`."""

    name = "moment"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The moment; misuse of the command when it is written in another way."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            form = f"day, time and offset from UTC: {now().date()}T10:00+01:00"
            self.fail(f"{value!r} is no day and time; write {form}", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} has no zone; write an offset after it, as +01:00", param, ctx)
        return moment


def now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


def world_of_settings() -> World:
    """The clinic that the environment names."""
    return open_world(read_settings(os.environ))


def typed_passphrase(file: TextIO | None) -> str:
    """The first line of the file, or what is typed twice; it never shows in the list of processes.

    `-` is standard input.
    """
    if file is not None:
        return file.readline().rstrip("\r\n")
    return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=True))


def leave() -> None:
    """End the process at once if threads were left behind.

    Python would wait for them, or pull the ground from under those that run C code.
    """
    behind = [each.name for each in threading.enumerate() if each is not threading.main_thread()]
    if behind:
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)


def local_processes() -> Executor:
    """As many processes as this machine has cores."""
    return LocalProcesses(workers=os.cpu_count() or 1)


def measuring_on(settings: Settings) -> Executor:
    """Where the settings let photos be measured: processes of this machine, or a cluster.

    From here on no secret is in the environment: these processes open photos of strangers. Raises
    SettingsError when the library for the cluster is not installed.
    """
    _forget_secrets()
    if settings.cluster is None:
        return local_processes()
    try:
        from tracker.wires.cluster import Cluster  # noqa: PLC0415  (an extra, and slow to load)
    except ImportError as error:
        message = "AFTERGLOW_COMPUTE needs the extra cluster: pip install -e '.[cluster]'"
        raise SettingsError(message) from error
    return Cluster(settings.cluster, settings.face_model)


@contextmanager
def connected(world: World) -> Iterator[Database]:
    """A connection for one command."""
    db = world.connect()
    try:
        yield db
    finally:
        db.close()


@contextmanager
def open_clinic() -> Iterator[tuple[World, Database]]:
    """The clinic that the environment names, and a connection to it."""
    world = world_of_settings()
    with connected(world) as db:
        yield world.renewed(db), db


@contextmanager
def metrics_served(world: World, clock: Callable[[], datetime]) -> Iterator[None]:
    """Answer Prometheus meanwhile, if the settings name an address for it."""

    def look() -> Facts:
        with connected(world) as db:
            return show_health(db, world.settings, world.renewed(db).protocols, clock())

    with serve_metrics(world.settings.metrics, look):
        yield


@contextmanager
def told_errors(*others: type[Exception]) -> Iterator[None]:
    """Report expected errors as text on standard error with an exit status, without a traceback."""
    trouble: tuple[type[Exception], ...] = (
        SettingsError,
        DatabaseGone,
        DatabaseUnreadable,
        FolderInUse,
        FolderUnusable,
        PhotosMoved,
        PlaceUnreachable,
        ProtocolError,
        SecretChangeUnfinished,
        *others,
    )
    try:
        yield
    except (CourseError, RecordError) as error:
        click.echo(f"afterglow: {error}", err=True)
        sys.exit(UNREADABLE)
    except trouble as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def checked_input() -> Iterator[None]:
    """Report an argument that the domain refuses like any other misuse of the command."""
    try:
        yield
    except (SettingsError, ProtocolError, RecordError):
        raise
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@contextmanager
def refused_argument(*kinds: type[Exception]) -> Iterator[None]:
    """Report an error of these kinds as misuse of the command, where an argument causes it."""
    try:
        yield
    except kinds as error:
        raise click.UsageError(str(error)) from error


def _forget_secrets() -> None:
    """Take the secrets out of the environment, so that processes started later do not get them."""
    for name in SECRETS:
        os.environ.pop(name, None)
    keep_credentials(os.environ)
