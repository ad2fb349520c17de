"""The health page says plainly what stopped, and names no patient."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlite_utils import Database

from tests.conftest import PASSPHRASE
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.clinic.health import leave_sign_of_life
from tracker.domain.clinic.health import SignOfLife
from tracker.domain.people.people import Person
from tracker.settings import ClusterAddress, Settings
from tracker.world import open_world
from web import create_app


def test_a_worker_that_stopped_is_told_with_the_remedy(
    db: Database,
    olga: Person,
    records: Records,
    clock: Clock,
    browser_of: Callable[[Person], Browser],
) -> None:
    records.photo(1)
    browser = browser_of(olga)
    assert "Never done here." in browser.read("/clinic/health")
    for sign in set(SignOfLife) - {SignOfLife.BACKED_UP, SignOfLife.BACKUP_FAILED}:
        leave_sign_of_life(db, sign, clock.now)
    page = browser.read("/clinic/health")
    assert "No backup is known." in page
    assert "It works; something wants a look." in page
    leave_sign_of_life(db, SignOfLife.BACKUP_FAILED, clock.now)
    page = browser.read("/clinic/health")
    assert "No backup is known; the last try broke off." in page
    assert "Something fails." in page
    clock.now += timedelta(minutes=6)
    page = browser.read("/clinic/health")
    assert "Done 6 min ago." in page
    assert "No photo is measured. Start the worker again" in page
    assert "No alert is raised, whatever patients answer." in page
    assert "Urgent alerts without an answer are not passed on." in page
    assert "Alice" not in page


def test_the_dashboard_of_a_cluster_is_linked(
    settings: Settings, db: Database, olga: Person, clock: Clock
) -> None:
    cluster = ClusterAddress("tcp://127.0.0.1:8786", dashboard="http://127.0.0.1:8787/status")
    world = open_world(replace(settings, cluster=cluster))
    browser = Browser(create_app(world, clock))
    assert browser.sign_in(olga, PASSPHRASE).status_code == 303
    assert 'href="http://127.0.0.1:8787/status"' in browser.read("/clinic/health")
