"""Dr Dana lowers a limit, sees what it would have raised, and puts it into force."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT, Cast
from tests.journeys.conftest import pages_open
from tests.journeys.test_browser import sign_in
from tests.post_office import free_port
from tests.web.conftest import Records
from tracker.actions.protocols.editing import sign_draft
from tracker.domain.course.check_ins import Answers
from tracker.domain.editing.protocol_drafts import Signature
from tracker.settings import Settings
from tracker.storage.protocols import protocol_drafts
from tracker.worker import run_worker
from tracker.world import open_world

NOW = TREATED_AT + timedelta(days=4.3)
DESK = {"width": 1280, "height": 800}
PATIENCE = 60_000  # a worker looks once a second, and a course takes a while


@pytest.fixture
def address(settings: Settings, db: Database, cast: Cast) -> Iterator[str]:
    """Pages and a worker; answers and photos of Alice just below every shipped limit."""
    port = free_port()
    world = open_world(replace(settings, port=port, base_url=f"http://127.0.0.1:{port}"))
    records = Records(db, world, cast)
    for day in (-1, 1, 2):
        records.measured(day)
    records.check_in(4.1, Answers(pain=4))
    stop = threading.Event()
    with ThreadPoolExecutor(1) as compute, pages_open(world, lambda: NOW):
        worker = threading.Thread(target=run_worker, args=(world, compute, lambda: NOW, stop))
        worker.start()
        yield world.settings.base_url
        stop.set()
        worker.join(timeout=30)


@pytest.mark.timeout(300)
def test_a_limit_is_edited_previewed_and_put_into_force(
    page: Page, address: str, cast: Cast, db: Database
) -> None:
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    sign_in(page, address, "dana@clinic.example", PASSPHRASE)
    alice = f"{address}/patients/{cast.alice.id}"
    page.goto(alice)
    expect(page.get_by_role("link", name=re.compile("infection"))).to_have_count(0)

    page.get_by_role("link", name="Clinic").click()
    page.get_by_role("link", name="Protocols").click()
    page.get_by_role("link", name="Microneedling", exact=True).click()
    page.get_by_role("link", name="Change limits, questions, aftercare").click()
    infection = page.get_by_role("group", name="Infection")
    infection.get_by_label("Watch").fill("0.06")
    infection.get_by_label("Review").fill("0.01")
    page.get_by_role("button", name="Save and see what it would have raised").click()
    expect(page.get_by_role("alert")).to_contain_text("limits must not fall")
    infection.get_by_label("Watch").fill("0.01")
    page.get_by_role("button", name="Save and see what it would have raised").click()

    raised = "This draft would have raised 1 alert in the last 90 days, on 1 course."
    expect(page.locator("[data-preview]")).to_contain_text(raised, timeout=PATIENCE)
    expect(page.locator("[data-preview]")).to_contain_text("The edition in force raises none.")
    expect(page.get_by_role("row", name=re.compile("^Infection"))).to_contain_text("1 more")
    expect(page.get_by_role("row", name=re.compile("added"))).to_have_count(2)
    expect(page.get_by_role("button", name="Put into force")).to_be_disabled()
    draft = protocol_drafts.get(db, page.url.rpartition("/")[2])
    assert draft is not None
    assert isinstance(sign_draft(db, PROTOCOLS, draft, cast.eli, NOW), Signature)
    page.reload()
    page.get_by_label("Why").fill("Two were seen late")
    page.get_by_role("button", name="Put into force").click()
    expect(page.get_by_text("Two were seen late")).to_be_visible()

    def alert_is_there() -> bool:
        page.goto(alice)
        return bool(page.get_by_role("link", name=re.compile("infection", re.IGNORECASE)).count())

    for _ in range(60):
        if alert_is_there():
            break
        page.wait_for_timeout(500)
    page.get_by_role("link", name=re.compile("infection", re.IGNORECASE)).first.click()
    page.get_by_text("How this was worked out").click()
    edition = re.compile(r"protocol microneedling 2026-03-06 \([0-9a-f]{8}\)")
    expect(page.get_by_text(edition).first).to_be_visible()
