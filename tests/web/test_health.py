"""The health page says plainly what stopped, and names no patient."""

from collections.abc import Callable
from datetime import timedelta

from sqlite_utils import Database

from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.clinic.health import leave_sign_of_life
from tracker.domain.clinic.health import SignOfLife
from tracker.domain.people.people import Person


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
    for sign in set(SignOfLife) - {SignOfLife.BACKED_UP}:
        leave_sign_of_life(db, sign, clock.now)
    page = browser.read("/clinic/health")
    assert "No backup is known." in page
    assert "It works; something wants a look." in page
    clock.now += timedelta(minutes=6)
    page = browser.read("/clinic/health")
    assert "Done 6 min ago." in page
    assert "No photo is measured. Start the worker again" in page
    assert "No alert is raised, whatever patients answer." in page
    assert "Urgent alerts without an answer are not passed on." in page
    assert "Alice" not in page
