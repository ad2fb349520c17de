"""What is lost when Afterglow is killed again and again, and what a backup brings back.

`python -m tests.benchmarks.crash` starts a clinic of its own with a mail server, `afterglow serve`
and an `afterglow worker`, sends photos and emergencies, and kills both (SIGKILL) at random
moments. Meanwhile the mail server is down, the disk fills up and the clock jumps
(`tests/benchmarks/weather.py`). In between it makes a backup under load. It compares what the
phones were told with what is on record. Then a patient is erased, and the backup from before is
restored into an empty folder with another secret, examined, and opened: another patient signs in
there, the erased one cannot. One photo in FRONT_EVERY shows the front and is measured; the others
are views from the side, which are only kept, so that 500 of them take no hour.
`--photos 500 --alerts 50 --kills 20` is the large run.
"""

import argparse
import base64
import hashlib
import http.client
import itertools
import os
import random
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.load import (
    BEFORE,
    FACE,
    PASSPHRASE,
    Phone,
    clinic,
    photo_of_its_own,
    say,
    served,
)
from tests.benchmarks.weather import Clock, Disk, PostOffice, Weather
from tests.post_office import Inbox
from tracker.actions.clinic.health import examine
from tracker.domain.mail.mails import MailKind
from tracker.environment import read_settings
from tracker.storage.course import photos
from tracker.wires.photo_files import Picture
from tracker.world import World

COMMAND = (sys.executable, "-c", "from tracker.cli.main import main; main()")
AGAIN_SECONDS = 1.0
LONGEST_REST_SECONDS = 5.0
SETTLES_SECONDS = 3600.0
FRONT_EVERY = 5
ERASED = "p0@home.example"
PATIENTS = 8  # with one more for each emergency; all sign in from one network, which has a limit


@dataclass
class Told:
    """What the phones were told: digests of accepted photos, keys of accepted check-ins."""

    photos: set[str] = field(default_factory=set)
    check_ins: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    snapshot: str = ""


def main() -> None:
    """Run it and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.crash")
    parser.add_argument("--photos", type=int, default=16)
    parser.add_argument("--alerts", type=int, default=6)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--every", type=float, default=12.0, help="seconds between kills, at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    inbox = Inbox()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        place = Path(folder)
        clock, post = Clock(place / "clock"), stack.enter_context(PostOffice(inbox))
        disk = stack.enter_context(Disk(place / "disk"))
        environment, world = clinic(disk.data, PATIENTS + options.alerts)
        environment |= {"AFTERGLOW_SMTP": f"smtp://127.0.0.1:{post.port}"}
        environment |= _backup_settings(place) | clock.settings
        told = Told()
        weather = Weather(clock, post, disk, lambda: len(told.photos) / max(options.photos, 1))
        killed = _run(options, environment, world, told, weather)
        say(f"killed {killed} times; load {os.getloadavg()[0]:.1f}")
        for line in [*weather.report, *_ledger(world, told, inbox)]:
            say(line)
        _erase(environment, world)
        _restore(place, environment, told.snapshot)


def _backup_settings(place: Path) -> dict[str, str]:
    made = _afterglow({}, "backup-key", str(place / "identity"))
    return {
        "AFTERGLOW_BACKUP_TO": str(place / "backups"),
        "AFTERGLOW_BACKUP_RECIPIENT": made.stdout.strip(),
        "AFTERGLOW_BACKUP_HOURS": "160",
    }


def _run(
    options: argparse.Namespace,
    environment: Mapping[str, str],
    world: World,
    told: Told,
    weather: Weather,
) -> int:
    """Send everything while both processes are killed; then wait until all is done."""
    port, luck = world.settings.port, random.Random(options.seed)  # noqa: S311 (chance, no secret)
    with served(environment, port):
        phones = [Phone(port, f"p{n}@home.example") for n in range(PATIENTS + options.alerts)]
        for phone in phones[:PATIENTS]:
            answer, _, page = phone.send_photo(BEFORE.read_bytes(), "baseline")
            assert answer == 303, page.decode()
    senders = [
        *_photos(options.photos, phones[:PATIENTS], told),
        *[
            threading.Thread(target=_emergency, args=(phone, told, options, luck.random()))
            for phone in phones[PATIENTS:]
        ],
    ]
    around = [
        threading.Thread(target=_back_up_under_load, args=(environment, told, options.photos)),
        threading.Thread(target=weather.change),
    ]
    for thread in [*senders, *around]:
        thread.start()
    kills = 0
    while kills < options.kills or any(thread.is_alive() for thread in senders):
        with served(environment, port) as server, _worker(environment) as worker:
            if kills >= options.kills:
                for thread in senders:
                    thread.join()
                break
            time.sleep(luck.uniform(0, options.every))
            luck.choice([server, worker]).kill()
            time.sleep(luck.uniform(0, options.every))
            kills += 1  # and the other one now, at the end of the block
    with served(environment, port), _worker(environment):
        for thread in around:
            thread.join()
        _settle(world)
    return kills * 2


@contextmanager
def _worker(environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A second process that measures and mails; it is killed at the end."""
    with subprocess.Popen([*COMMAND, "worker"], env={**os.environ, **environment}) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def _photos(count: int, phones: list[Phone], told: Told) -> Iterator[threading.Thread]:
    """One thread a phone, which sends its photos one after another."""
    face = FACE.read_bytes()
    shares: dict[int, list[bytes]] = {n: [] for n in range(len(phones))}
    for number, owner in zip(range(count), itertools.cycle(shares), strict=False):
        shares[owner].append(photo_of_its_own(face, number, 1))
    for owner, photos_of_phone in shares.items():
        yield threading.Thread(target=_send_photos, args=(phones[owner], photos_of_phone, told))


def _send_photos(phone: Phone, mine: list[bytes], told: Told) -> None:
    for number, photo in enumerate(mine):
        view = "left" if number % FRONT_EVERY else "front"
        while True:
            try:
                status, rest, _ = phone.send_photo(photo, "follow_up", view)
            except (OSError, http.client.HTTPException) as error:
                status, rest = 0, AGAIN_SECONDS
                told.answers[f"photo: {type(error).__name__}"] += 1
            else:
                told.answers[f"photo: {status}"] += 1
            if status == 303:
                told.photos.add(hashlib.sha256(photo).hexdigest())
                break
            time.sleep(min(rest or AGAIN_SECONDS, LONGEST_REST_SECONDS))


def _emergency(phone: Phone, told: Told, options: argparse.Namespace, share: float) -> None:
    """One emergency once that share of the photos is there, sent until it is answered."""
    while len(told.photos) < share * options.photos:
        time.sleep(0.5)
    key, made_at = secrets.token_hex(16), datetime.now(UTC).isoformat()
    while True:
        values = {"breathing_or_face_swelling": "yes", "key": key, "made_at": made_at}
        try:
            status = phone.report(values | {"sent_at": datetime.now(UTC).isoformat()})
        except (OSError, http.client.HTTPException) as error:
            told.answers[f"emergency: {type(error).__name__}"] += 1
        else:
            told.answers[f"emergency: {status}"] += 1
            if status == 303:
                told.check_ins.add(key)
                return
        time.sleep(AGAIN_SECONDS)


def _settle(world: World) -> None:
    """Wait until nothing waits, for half an hour at most."""
    until = time.monotonic() + SETTLES_SECONDS
    sql = """SELECT (SELECT count(*) FROM photos WHERE status IN ('waiting', 'measuring'))
             + (SELECT count(*) FROM treatments WHERE news > judged)
             + (SELECT count(*) FROM messages WHERE kind = ? AND sent_at IS NULL) AS waiting"""
    with closing(world.connect()) as db:
        while time.monotonic() < until:
            (row,) = db.query(sql, [str(MailKind.URGENT)])
            if row["waiting"] == 0:
                return
            time.sleep(1)


def _ledger(world: World, told: Told, inbox: Inbox) -> Iterator[str]:
    """What is on record, against what the phones were told."""
    with closing(world.connect()) as db:
        kept = Counter(
            row["digest"] for row in db.query("SELECT digest FROM photos WHERE role <> 'baseline'")
        )
        readable = sum(bool(world.files.load(each, Picture.PHOTO)) for each in photos.all_ids(db))
        charged = next(db.query("SELECT count(*) AS n FROM photos WHERE failures > 0"))["n"]
        states = Counter(row["status"] for row in db.query("SELECT status FROM photos"))
        keys = Counter(row["key"] for row in db.query("SELECT key FROM check_ins"))
        alerts = next(db.query("SELECT count(*) AS n FROM alerts"))["n"]
        sent = {row["id"] for row in db.query("SELECT id FROM messages WHERE sent_at IS NOT NULL")}
        arrived = Counter(
            str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in inbox.mails
        )
        yield ", ".join(f"{answer} × {count}" for answer, count in sorted(told.answers.items()))
        yield (
            f"photos accepted {len(told.photos)}, lost {len(told.photos - set(kept))}, kept twice"
            f" {sum(n - 1 for n in kept.values())},"
            f" files readable {readable} of {sum(states.values())},"
            f" charged with a failure {charged}, {dict(states)}"
        )
        yield (
            f"emergencies accepted {len(told.check_ins)}, lost {len(told.check_ins - set(keys))},"
            f" kept twice {sum(n - 1 for n in keys.values())}, alerts {alerts}"
        )
        yield (
            f"mails sent {len(sent)}, of them not arrived {len(sent - set(arrived))},"
            f" arrived twice with the same Message-ID {sum(n - 1 for n in arrived.values())}"
        )
        for finding in examine(db, world.files, world.settings, datetime.now(UTC)):
            yield f"doctor: {finding.state:8} {finding.what:10} {finding.words}"


def _back_up_under_load(environment: Mapping[str, str], told: Told, photos_to_come: int) -> None:
    """Once half of the photos are there."""
    while len(told.photos) < photos_to_come // 2:
        time.sleep(0.2)
    accepted, began = len(told.photos), time.monotonic()
    made = _afterglow(environment, "backup")
    told.snapshot = made.stdout.partition(":")[0]
    say(
        f"backup under load, {accepted} of the photos accepted, after"
        f" {time.monotonic() - began:.1f} s: {made.stdout.strip()}"
    )


def _erase(environment: Mapping[str, str], world: World) -> None:
    """Close the account of the first patient, and make the backup that its erasure asks for."""
    port = world.settings.port
    with served(environment, port):
        phone = Phone(port, ERASED)
        closed, _, _ = phone.send(
            "/my-data/close",
            {"csrf_token": phone.known_token, "passphrase": PASSPHRASE, "understood": "yes"},
        )
        assert closed == 200, closed
        with closing(world.connect()) as db:
            while any(
                row["erased_at"] is None for row in db.query("SELECT erased_at FROM erasures")
            ):
                time.sleep(1)
    say(f"erased {ERASED}; backup: {_afterglow(environment, 'backup').stdout.strip()}")


def _restore(place: Path, environment: Mapping[str, str], snapshot: str) -> None:
    """Restore on an empty folder with another secret, examine it, and sign in there."""
    new = {
        **environment,
        "AFTERGLOW_DATA": str(place / "new"),
        "AFTERGLOW_SECRET": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    began = time.monotonic()
    key = ("--identity", str(place / "identity"), "--snapshot", snapshot)
    restored = _afterglow(new, "restore", *key)
    say(f"restored after {time.monotonic() - began:.1f} s: {restored.stdout.strip()}")
    began = time.monotonic()
    examined = _afterglow(new, "doctor")
    say(f"examined after {time.monotonic() - began:.1f} s, exit status {examined.returncode}")
    say(examined.stdout.rstrip())
    port = read_settings(new).port
    with served(new, port):
        phone = Phone(port, "p1@home.example")
        say(f"signed in there: status of the first page {phone.read('/')}")
        try:
            Phone(port, ERASED)
        except AssertionError:
            say("the erased patient cannot sign in there")
        else:
            raise AssertionError("the erased patient is back")


def _afterglow(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    main()
