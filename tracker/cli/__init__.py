"""The command line, a module for each group of commands, and its door, which opens at once.

What the commands need takes two seconds to load. Whoever asks for help or mistypes a name waits for
click alone; the modules are loaded when a command is.
"""

import importlib
import json
import logging
import os
import re
import traceback
from collections.abc import Mapping
from importlib.metadata import version
from typing import Final

import click
from click.shell_completion import CompletionItem

SUMMARIES: Final[Mapping[str, str]] = {
    "add-patient": "Open an account for a patient and begin a treatment.",
    "add-practitioner": "Open an account for a practitioner.",
    "add-to-care": "Put PATIENT in the care of CARER (both e-mail addresses), or change the turn.",
    "appoint": "Make EMAIL an administrator.",
    "audit": "Show the head of the audit log, or verify the log.",
    "backup": "Make a backup now; `serve` and `worker` make one each day.",
    "backup-key": "Write a fresh identity to FILE and print its recipient.",
    "card": "Write the reference card to print at home, as PDF and PNG.",
    "change-secret": "Put everything under a new secret.",
    "check-config": "Check every setting, and what it names, without changing anything.",
    "demo": "Open a clinic with sample patients, one of them not recovering.",
    "dicom": "Hand out the photos and maps of PATIENT (e-mail or record number) as DICOM.",
    "doctor": "Look closely at everything that is kept.",
    "export-patient": "Write the whole record of PATIENT (e-mail or record number) to a ZIP.",
    "fhir": "Export and import records as FHIR.",
    "hand-over": "Put all patients of GIVER into the care of TAKER (both e-mail addresses).",
    "health": "Report the state of the system behind the pages.",
    "import-patient": "Take in the record in FILE, which export-patient of another clinic wrote.",
    "migrate": "Bring the database up to date; `serve` does so too.",
    "move-photos": "Copy all photos to another place, a folder or an object store.",
    "protocol": "List, copy, check and preview the protocols.",
    "query": "Answer one SELECT about the tables of tracker/TABLES.md, as CSV.",
    "remeasure": "Read photos that an earlier method measured, and say what would change.",
    "renew-passphrase": "Print a link with which the person of EMAIL chooses a new passphrase.",
    "replay": "Replay a course folder: what every photo shows, and which alerts it raises.",
    "report": "Write the course of PATIENT (e-mail address) as two pages, or as one picture.",
    "reset-second-step": "Remove app, recovery codes and passkeys of the colleague of EMAIL.",
    "restore": "Fill the empty folder AFTERGLOW_DATA from a backup.",
    "serve": "Serve the pages and process the queue, both in this process.",
    "tables": "Write courses, photos, readings, answers and alerts as tables.",
    "verify-backup": "Restore a backup into a folder for the moment, and examine it.",
    "worker": "Process the queue only: measure, judge, send.",
}
"""What help says of every command."""


class LogLines(logging.Formatter):
    """Lines of the log, or JSON objects, without what could be about a person.

    Of an error they show its kind and where it came from: its text could hold what someone typed.
    Only the system's and the database's own texts are shown. Web servers write addresses, and some
    of ours are keys to an account.
    """

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """One line, or several for an error."""
        words = record.getMessage()
        if record.name.startswith(SERVERS):
            words = re.sub(r"/\S*", "/…", words)
        at = self.formatTime(record)
        error = record.exc_info[1] if record.exc_info else None
        trace = _trace(error) if error else []
        if not self._as_json:
            return "\n  ".join([f"{at} {record.levelname} {words}", *trace])
        told = {"at": at, "level": record.levelname, "logger": record.name, "message": words}
        return json.dumps(told | ({"trace": trace} if trace else {}))


SERVERS = ("waitress", "werkzeug")


def _trace(error: BaseException) -> list[str]:
    """The kinds of the error and of its causes, each with the lines that it came through."""
    told = []
    cause: BaseException | None = error
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        told += [f"{each.filename}:{each.lineno} {each.name}" for each in frames]
        told.append(f"{type(cause).__name__}{_text_of_system(cause)}")
        cause = cause.__cause__ or cause.__context__
    return told


def _text_of_system(error: BaseException) -> str:
    if isinstance(error, OSError):
        return f": {error.strerror}"
    return f": {error}" if type(error).__module__.startswith("sqlcipher3") else ""


class Commands(click.Group):
    """The commands of `tracker.cli.main`, which is loaded when one of them is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's)
        """Their names in alphabetical order."""
        return list(SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, or None."""
        if cmd_name in SUMMARIES:
            importlib.import_module("tracker.cli.main")  # its commands enter themselves here
        return super().get_command(ctx, cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """What the shell offers for a name that has begun; no command is loaded for it."""
        names = [name for name in SUMMARIES if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=SUMMARIES[name]) for name in names), *options]

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 (click's)
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the summaries."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("afterglow"), prog_name="afterglow")
def afterglow() -> None:
    """Track how skin recovers after treatment.

    Settings come from AFTERGLOW_* variables; tracker/OPERATING.md lists them. The demo needs
    none.
    """
    os.umask(0o077)  # what is written is for the user who runs Afterglow alone
    handler = logging.StreamHandler()
    handler.setFormatter(LogLines(as_json=os.environ.get("AFTERGLOW_LOG") == "json"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("waitress").setLevel(logging.WARNING)
    for client in ("aiobotocore", "botocore"):  # of an object store: where it found its key
        logging.getLogger(client).setLevel(logging.WARNING)
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # our own words say what is wrong
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # each photo that waits is a line
