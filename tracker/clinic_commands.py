"""The commands about the clinic as a whole and those who work there."""

import click

from tracker.actions.appoint_administrator import appoint_administrator
from tracker.console import checked_input, connected, told_errors, world_of_settings


@click.command()
@click.argument("email")
def appoint(email: str) -> None:
    """Make EMAIL an administrator.

    It must be somebody who works at the clinic, and stays what they are there besides.
    """
    with told_errors(), checked_input(), connected(world_of_settings()) as db:
        person = appoint_administrator(db, email)
        click.echo(f"{person.name} is an administrator")
