"""Every page for people who hear it, zoom it or use no mouse.

The pages are those of the access rules, so that every new page is included.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT, Cast
from tests.journeys.conftest import pages_open
from tests.journeys.fonts import FontSet
from tests.journeys.test_browser import sign_in
from tests.post_office import free_port
from tests.web.conftest import Records
from tests.web.test_access import RULES, things
from tracker.actions.people.accounts import issue_renewal
from tracker.actions.people.joining import Invited, invite_patient
from tracker.actions.protocols.editing import draft_protocol
from tracker.actions.protocols.previewing import preview_drafts
from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.course.check_ins import Answers
from tracker.domain.mail.mails import renewal_link, welcome_link
from tracker.settings import Settings
from tracker.world import open_world

FAULTS_ONLY = {"resultTypes": ["violations"], "preload": False}
WCAG = FAULTS_ONLY | {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
CONTRAST = FAULTS_ONLY | {"runOnly": ["color-contrast"]}
CAST = ("alice", "bob", "dana", "eli")
WIDTHS = (320, 390, 1280)
NO_PAGES = {
    "pictures.show",
    "pictures.card",
    "conversation.photo",
    "own_data.download",
    "own_data.report_file",
    "comparison.report_file",
    "worklist.version",
    "practitioner.values",
    "sign_in.still_here",
}
LIGHT = 100 * 1024  # bytes of the first load of Today, without photos
NOW = TREATED_AT + timedelta(days=3)
LOWER = PROTOCOLS.of("microneedling").text.replace("review = 0.05", "review = 0.04")


@dataclass(frozen=True)
class Pages:
    """Pages of a clinic in which much has happened, open at `address`."""

    address: str
    cast: Cast
    public: tuple[str, ...]
    names: dict[str, str]

    def of(self, who: str) -> list[str]:
        """The paths that a person may open."""
        rules = {name.split()[1]: rule for name, rule in RULES.items() if name.startswith("GET ")}
        return [
            rule.path.format(**self.names)
            for name, rule in rules.items()
            if who in rule.allowed and name not in NO_PAGES
        ]


@pytest.fixture
def pages(settings: Settings, db: Database, cast: Cast) -> Iterator[Pages]:
    port = free_port()
    world = open_world(replace(settings, port=port, base_url=f"http://127.0.0.1:{port}"))
    records = Records(db, world, cast)
    records.measured(-1)
    latest = [records.measured(day) for day in (0.2, 1, 2)][-1]
    records.annotation(latest)
    names = things(records) | {
        "photo": latest.id,
        "check_in": records.check_in(2, Answers(pain=9, pus=True)).id,
        "draft": draft_protocol(db, PROTOCOLS, "microneedling", LOWER, cast.dana, NOW).id,
    }
    records.alert(latest, level=Level.REVIEW, concern=Concern.PROLONGED_INFLAMMATION)
    records.note("Allergic to lidocaine", pinned=True)
    with ThreadPoolExecutor(1) as compute:
        preview_drafts(db, compute)
    invited = invite_patient(db, cast.dana, "Chinwe", "chinwe@home.example", NOW)
    assert isinstance(invited, Invited)
    born = date(1985, 4, 23)
    with_year = invite_patient(db, cast.dana, "Nils", "nils@home.example", NOW, birth_date=born)
    assert isinstance(with_year, Invited)
    renewal = issue_renewal(db, cast.bob.id, None, NOW)
    assert renewal is not None
    public = (
        "/sign-in",
        urlsplit(welcome_link(invited.invitation.id, world.envelope)).path,
        urlsplit(welcome_link(with_year.invitation.id, world.envelope)).path,
        "/welcome/too-late",
        "/renew",
        "/renew/too-late",
        urlsplit(renewal_link(renewal.id, world.envelope)).path,
        "/nothing-here",
    )
    with pages_open(world, lambda: NOW):
        yield Pages(world.settings.base_url, cast, public, names)


def faults(page: Page, address: str) -> list[str]:
    """What axe finds on the narrowest phone, what of it is too faint in the dark, and what is wide.

    All in one visit, because loading the pages takes longer than looking at them.
    """
    page.set_viewport_size({"width": WIDTHS[0], "height": 640})
    page.emulate_media(color_scheme="light")
    page.goto(address)
    found = _violations(Axe(), page, address, WCAG)
    page.emulate_media(color_scheme="dark")
    loaded = Axe(axe_script="axe.version")
    found += _violations(loaded, page, f"{address} in the dark", CONTRAST)
    return found + overflows(page, address)


def _violations(axe: Axe, page: Page, where: str, rules: dict[str, object]) -> list[str]:
    return [
        f"{where}: {fault['id']}: {node['target']}"
        for fault in axe.run(page, options=rules).response["violations"]
        for node in fault["nodes"]
    ]


def overflows(page: Page, address: str) -> list[str]:
    """At which widths the page that is open scrolls sideways."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            found.append(f"{address} is {wide} px too wide at {width} px")
    return found


@pytest.mark.timeout(400)
@pytest.mark.parametrize("who", CAST)
def test_no_page_has_a_fault_that_axe_can_find_or_scrolls_sideways(
    page: Page, pages: Pages, who: str
) -> None:
    sign_in(page, pages.address, f"{who}@clinic.example", PASSPHRASE)
    found = [fault for path in pages.of(who) for fault in faults(page, pages.address + path)]
    assert found == []


@pytest.mark.timeout(400)
def test_no_public_page_has_a_fault_that_axe_can_find_or_scrolls_sideways(
    page: Page, pages: Pages
) -> None:
    found = [fault for path in pages.public for fault in faults(page, pages.address + path)]
    assert found == []


@pytest.mark.timeout(400)
@pytest.mark.parametrize("fonts", [FontSet.USUAL], indirect=True)
def test_no_page_scrolls_sideways_with_narrow_letters_either(page: Page, pages: Pages) -> None:
    def wide(paths: Iterable[str]) -> list[str]:
        found = []
        for address in (pages.address + path for path in paths):
            page.goto(address)
            found += overflows(page, address)
        return found

    found = wide(pages.public)
    for who in ("alice", "dana"):  # the others open the same pages
        page.context.clear_cookies()
        sign_in(page, pages.address, f"{who}@clinic.example", PASSPHRASE)
        found += wide(pages.of(who))
    assert found == []


@pytest.mark.timeout(400)
def test_the_first_load_of_today_is_light(
    page: Page, new_context: Callable[..., BrowserContext], pages: Pages
) -> None:
    sign_in(page, pages.address, pages.cast.alice.email, PASSPHRASE)
    phone = new_context()  # with a cookie, and nothing kept from any page
    phone.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    fresh = phone.new_page()
    loaded: list[float] = []
    chrome = phone.new_cdp_session(fresh)
    chrome.send("Network.enable")
    chrome.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    fresh.goto(pages.address, wait_until="networkidle")
    assert len(loaded) > 5
    assert sum(loaded) < LIGHT
