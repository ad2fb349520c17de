"""A clinic that is open: pages, worker and a real SMTP server, its clock set by the test."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import Message as Mail
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import ConsoleMessage, Page, Request, ViewportSize, expect

from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT
from tests.journeys.film import COURSE, camera_that_shows, shoot_film
from tests.journeys.fonts import FontSet, font_settings
from tests.post_office import Inbox, free_port
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.people.accounts import add_person
from tracker.domain.own_data.course_folders import CourseFolder
from tracker.domain.people.people import Person, Role
from tracker.replay import patient_of, read_course
from tracker.settings import Settings
from tracker.wires.processes import LocalProcesses
from tracker.worker import run_worker
from tracker.world import World, open_world
from web import create_app
from web.serve import open_server

PATIENCE = timedelta(seconds=120)
expect.set_options(timeout=20_000)  # ms: two cores are shared with a server and a browser
PHONE: ViewportSize = {"width": 390, "height": 844}
DAY_3 = TREATED_AT + timedelta(days=3)


@dataclass
class OpenClinic:
    """Dr Dana treats Alice, whose course is that of the sample folder."""

    address: str
    story: CourseFolder
    inbox: Inbox
    alice: Person
    dana: Person
    now: datetime
    settings: Settings
    passphrase: str = PASSPHRASE
    folder: Path = field(default=COURSE)

    def clock(self) -> datetime:
        return self.now

    def mails_to(self, person: Person) -> list[Mail]:
        """The mails that have arrived for a person, without reminders to others."""
        return [mail for mail in self.inbox.mails if person.email in str(mail["To"])]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The folder for screenshots: the one named by AFTERGLOW_SCREENSHOTS, else a temporary one."""
    folder = Path(os.environ.get("AFTERGLOW_SCREENSHOTS", tmp_path / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def troubles(page: Page, clinic: OpenClinic) -> list[str]:
    """What the browser complains about, and every request to another host."""
    return heard_from(page, clinic.address)


def heard_from(page: Page, address: str) -> list[str]:
    """A list to which every complaint of the browser is added from now on."""
    heard: list[str] = []

    def listen(request: Request) -> None:
        if not request.url.startswith((address, "data:")):
            heard.append(f"asked {request.url}")

    def note(message: ConsoleMessage) -> None:
        if not message.text.startswith("Clear-Site-Data header on"):  # signing out, as it should
            heard.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", listen)
    return heard


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until something has happened; the worker next to the test decides when."""
    deadline = time.monotonic() + PATIENCE.total_seconds()
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.2)


@contextmanager
def pages_open(world: World, clock: Callable[[], datetime]) -> Iterator[None]:
    """The pages, served as for a clinic, at the address of its settings."""
    server = open_server(create_app(world, clock), world.settings)
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        server.wake()
        thread.join(timeout=30)
        server.finish()  # a browser keeps its connections open


@contextmanager
def clinic_at_day_3(settings: Settings, *, host: str = "127.0.0.1") -> Iterator[World]:
    """The pages alone, without worker and mail, three days after Alice's treatment."""
    port = free_port()
    world = open_world(replace(settings, port=port, base_url=f"http://{host}:{port}"))
    with pages_open(world, lambda: DAY_3):
        yield world


@pytest.fixture
def clinic(settings: Settings) -> Iterator[OpenClinic]:
    port, mail_port = free_port(), free_port()
    settings = replace(
        settings,
        port=port,
        base_url=f"http://127.0.0.1:{port}",
        smtp_url=f"smtp://127.0.0.1:{mail_port}",
    )
    world = open_world(settings)
    story = read_course(COURSE)
    db = world.connect()
    dana = add_person(
        db, Person("", Role.PRACTITIONER, "Dr Dana", "dana@clinic.example", "UTC"), PASSPHRASE
    )
    alice = add_person(
        db, patient_of(story, "Alice", "alice@home.example"), PASSPHRASE, cared_for_by=dana.id
    )
    begin_treatment(db, PROTOCOLS, replace(story.treatment, patient_id=alice.id))
    db.close()
    inbox = Inbox()
    post = Controller(inbox, hostname="127.0.0.1", port=mail_port)
    opened = OpenClinic(settings.base_url, story, inbox, alice, dana, story.events[0].at, settings)
    stop = threading.Event()
    with LocalProcesses(workers=1) as compute, pages_open(world, opened.clock):
        worker = threading.Thread(target=run_worker, args=(world, compute, opened.clock, stop))
        post.start()
        worker.start()
        yield opened
        stop.set()
        worker.join(timeout=30)
        post.stop()


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "face.mjpeg"
    shoot_film(path)
    return path


@pytest.fixture(scope="session")
def fonts(request: pytest.FixtureRequest) -> FontSet:
    """The fonts of the browser: the wide ones, unless a test asks for others by indirection."""
    return getattr(request, "param", FontSet.WIDE)


@pytest.fixture(scope="session")
def browser_type_launch_args(
    film: Path, fonts: FontSet, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Chromium of the system; without one browser tests skip, or fail where one is required."""
    chromium = shutil.which("chromium")
    if chromium is None and os.environ.get("AFTERGLOW_REQUIRE_BROWSER"):
        pytest.fail("AFTERGLOW_REQUIRE_BROWSER is set, but there is no chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine; apt-get install chromium")
    return {
        "executable_path": chromium,
        "env": {**os.environ, **font_settings(fonts, tmp_path_factory.mktemp("fonts"))},
        "args": [
            "--no-sandbox",
            "--disable-background-networking",
            *camera_that_shows(film),
        ],
    }
