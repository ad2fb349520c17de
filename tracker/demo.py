"""The demo clinic: the sample courses as patients of today, and fresh sign-ins at every start."""

import base64
import secrets
import shutil
from collections.abc import Generator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event

from sqlite_utils import Database

from tracker.actions.clinic.clinic import change_clinic
from tracker.actions.people.accounts import add_person, set_passphrase
from tracker.domain.clinic.clinic import Clinic
from tracker.domain.clinic.opening_hours import OpeningHours, read_spans
from tracker.domain.own_data.course_folders import CourseFolder, shifted
from tracker.domain.people.people import Duty, Person, Role
from tracker.environment import SECRET_BYTES, read_settings
from tracker.replay import Replay, patient_of, read_course
from tracker.settings import Settings
from tracker.storage.people import people
from tracker.world import World, open_world

LOOPBACK = "127.0.0.1"
PRACTITIONER_EMAIL = "dana@clinic.example"
PRACTITIONER_NAME = "Dr Dana Whitfield"
PATIENTS = (
    ("Alice Murray", "alice@patients.example", date(1991, 2, 3)),
    ("Bob Okafor", "bob@patients.example", date(1984, 11, 19)),
    ("Chloé Martin", "chloe@patients.example", date(1997, 6, 30)),
    ("Devi Raghunathan", "devi@patients.example", date(1979, 9, 12)),
    ("Esther Mensah-Lindqvist", "esther@patients.example", date(1988, 4, 23)),
    ("Fatou Diallo", "fatou@patients.example", date(2001, 12, 8)),
)
OPEN_HOURS = read_spans("09:00–12:30, 14:00–18:00")
CLINIC = Clinic(
    OpeningHours("Europe/Berlin", (OPEN_HOURS,) * 5 + ((),) * 2),
    phone="+49 30 23125 014",  # of the block that the German regulator keeps for stories
    emergency_number="112",
    name="Lindenhof Skin Clinic",
)
CLEAR_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without letters that look alike


class FolderInUse(Exception):  # noqa: N818  (a state of the disk; the message names the remedy)
    """The folder given for the demo contains something else."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in, printed once and never stored as text."""

    who: str
    email: str
    passphrase: str


def demo_settings(folder: Path, port: int) -> Settings:
    """Settings of a demo in `folder`; its secret is made at the first start."""
    secret_file = folder / "secret"
    if not secret_file.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        secret_file.touch(mode=0o600)
        secret_file.write_bytes(base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)))
    return read_settings(
        {
            "AFTERGLOW_DATA": str(folder),
            "AFTERGLOW_SECRET_FILE": str(secret_file),
            "AFTERGLOW_LISTEN": f"{LOOPBACK}:{port}",
            "AFTERGLOW_SECOND_STEP": "off",  # one printed passphrase lets everybody try it
        }
    )


def is_made(folder: Path) -> bool:
    """Whether `folder` holds a clinic already."""
    return (folder / "afterglow.db").exists()


def open_demo(
    folder: Path, samples: Path, port: int, compute: Executor, now: datetime
) -> Generator[tuple[int, int], None, None]:
    """Make the demo's data in `folder` unless it is there; yields (photos done, all).

    The data is made next to the folder and moved into place at the end, so that an interrupted
    start leaves nothing half made. Raises FolderInUse.
    """
    if is_made(folder):
        return
    if folder.exists() and any(folder.iterdir()):
        raise FolderInUse(f"{folder} holds something else; choose another folder with --data")
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    world = open_world(demo_settings(unfinished, port))
    yield from _import_samples(world, samples, compute, now)
    folder.mkdir(parents=True, exist_ok=True)  # an empty one is replaced by the rename
    unfinished.rename(folder)


def renew_sign_ins(db: Database) -> list[SignIn]:
    """Give everyone in the demo a fresh passphrase: the practitioner first, then the patients."""
    practitioner = people.by_email(db, PRACTITIONER_EMAIL)
    if practitioner is None:
        return []
    sign_ins = []
    for person in (practitioner, *people.patients_of(db, practitioner.id)):
        passphrase = _fresh_passphrase()
        set_passphrase(db, person.id, passphrase)
        sign_ins.append(SignIn(person.name, person.email, passphrase))
    return sign_ins


def _import_samples(
    world: World, samples: Path, compute: Executor, now: datetime
) -> Iterator[tuple[int, int]]:
    folders = sorted(path.parent for path in samples.glob("*/course.toml"))
    stories = [_until_now(read_course(folder), now) for folder in folders]
    db = world.connect()
    try:
        owner = Person(
            "",
            Role.PRACTITIONER,
            PRACTITIONER_NAME,
            PRACTITIONER_EMAIL,
            "Europe/Berlin",
            duties=frozenset(Duty),
        )
        practitioner = add_person(db, owner, _fresh_passphrase())
        change_clinic(db, CLINIC, practitioner.id, now)
        patients = [
            add_person(
                db,
                replace(
                    patient_of(story, name, email), birth_date=born, record_number=f"AG-{number}"
                ),
                _fresh_passphrase(),
                cared_for_by=practitioner.id,
            )
            for number, ((name, email, born), story) in enumerate(
                zip(PATIENTS, stories, strict=True), start=1001
            )
        ]
    finally:
        db.close()
    told: SimpleQueue[bool] = SimpleQueue()
    stop = Event()
    with ThreadPoolExecutor(max_workers=2) as threads, _set_at_the_end(stop):
        replays = [
            threads.submit(_replay, world, compute, folder, story, patient.id, told, stop)
            for folder, story, patient in zip(folders, stories, patients, strict=False)
        ]
        done, total = 0, sum(len(story.photos) for story in stories)
        while not all(replay.done() for replay in replays):
            yield done, total
            with suppress(Empty):
                done += told.get(timeout=0.5)
        for replay in replays:
            replay.result()  # raises here what went wrong in a thread
        yield total, total


@contextmanager
def _set_at_the_end(stop: Event) -> Iterator[None]:
    """Whatever ends the import, including Ctrl-C, ends its threads after their current photo."""
    try:
        yield
    finally:
        stop.set()


def _replay(
    world: World,
    compute: Executor,
    folder: Path,
    story: CourseFolder,
    patient_id: str,
    told: "SimpleQueue[bool]",
    stop: Event,
) -> None:
    db = world.connect()
    try:
        for line in Replay(world, db, compute, folder, story, patient_id).lines():
            told.put(line["type"] == "photo")
            if stop.is_set():
                return
    finally:
        db.close()


def _until_now(story: CourseFolder, now: datetime) -> CourseFolder:
    """The story moved by whole days so that its last event is the latest before `now`."""
    return shifted(story, (now - story.events[-1].at).days)


def _fresh_passphrase() -> str:
    groups = ("".join(secrets.choice(CLEAR_LETTERS) for _ in range(4)) for _ in range(4))
    return "-".join(groups)
