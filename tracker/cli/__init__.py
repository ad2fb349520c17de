"""The command line, a module for each group of commands, and its door, which opens at once.

What the commands need takes two seconds to load. Whoever asks for help or mistypes a name waits for
click alone; the modules are loaded when a command is.
"""

import importlib
import logging
from collections.abc import Mapping
from importlib.metadata import version
from typing import Final

import click

SUMMARIES: Final[Mapping[str, str]] = {
    "add-patient": "Open an account for a patient and begin a treatment.",
    "add-practitioner": "Open an account for a practitioner.",
    "add-to-care": "Put PATIENT in the care of CARER (both e-mail addresses), or change the turn.",
    "appoint": "Make EMAIL an administrator.",
    "backup": "Make a backup now; `serve` and `worker` make one each day.",
    "backup-key": "Write a fresh identity to FILE and print its recipient.",
    "card": "Write the reference card to print at home, as PDF and PNG.",
    "change-secret": "Put everything under a new secret.",
    "demo": "Open a clinic with sample patients, one of them not recovering.",
    "doctor": "Look closely at everything that is kept.",
    "hand-over": "Put all patients of GIVER into the care of TAKER (both e-mail addresses).",
    "health": "Report the state of the system behind the pages.",
    "migrate": "Bring the database up to date; `serve` does so too.",
    "protocol": "List, copy, check and preview the protocols.",
    "renew-passphrase": "Print a link with which the person of EMAIL chooses a new passphrase.",
    "replay": "Replay a course folder: what every photo shows, and which alerts it raises.",
    "reset-second-step": "Remove app, recovery codes and passkeys of the colleague of EMAIL.",
    "restore": "Fill the empty folder AFTERGLOW_DATA from a backup.",
    "serve": "Serve the pages and process the queue, both in this process.",
    "verify-backup": "Restore a backup into a folder for the moment, and examine it.",
    "worker": "Process the queue only: measure, judge, send.",
}
"""What help says of every command."""


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

    Settings come from AFTERGLOW_* variables; README.md lists them. The demo needs none.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("waitress").setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # each photo that waits is a line
