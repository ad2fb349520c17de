"""The worker's scheduled duties without its threads."""

from datetime import datetime

from sqlite_utils import Database

from tracker.worker import chores, daily_duties, do_duty, pressing_duties
from tracker.world import World


def watch_clock(world: World, db: Database, now: datetime) -> None:
    """Do every scheduled duty once, as the loops of the worker would."""
    for duty in (*pressing_duties(world), *daily_duties(world), *chores(world)):
        do_duty(duty, db, lambda: now)
