"""What is lost when `afterglow serve` is killed again and again, and what a backup brings back.

`python -m tests.benchmarks.crash` starts a clinic of its own with a mail server, sends photos and
emergencies, and kills the server (SIGKILL) at random moments. In between it makes a backup under
load. It compares what the phones were told with what is on record, restores the backup into an
empty folder with another secret, examines it and signs in there. `--photos 500 --alerts 50
--kills 20` is the large run.
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
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.controller import Controller

from tests.benchmarks.load import (
    BEFORE,
    FACE,
    PATIENTS,
    Phone,
    clinic,
    photo_of_its_own,
    say,
    served,
)
from tests.post_office import Inbox, free_port
from tracker.actions.clinic.health import examine
from tracker.domain.mail.mails import MailKind
from tracker.settings import read_settings
from tracker.storage.course import photos
from tracker.wires.photo_files import Picture
from tracker.world import World

COMMAND = (sys.executable, "-c", "from tracker.cli.main import main; main()")
AGAIN_SECONDS = 1.0
LONGEST_REST_SECONDS = 5.0
SETTLES_SECONDS = 1800.0


@dataclass
class Told:
    """What the phones were told: digests of accepted photos, keys of accepted check-ins."""

    photos: set[str] = field(default_factory=set)
    check_ins: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)


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
    mail = Controller(inbox, hostname="127.0.0.1", port=free_port())
    mail.start()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        environment, world = clinic(place / "data", PATIENTS + options.alerts)
        environment |= {"AFTERGLOW_SMTP": f"smtp://127.0.0.1:{mail.port}"}
        environment |= _backup_settings(place)
        told = Told()
        killed = _run(options, environment, world, told)
        say(f"killed {killed} times; load {os.getloadavg()[0]:.1f}")
        for line in _ledger(world, told, inbox):
            say(line)
        _restore(place, environment)
    mail.stop()


def _backup_settings(place: Path) -> dict[str, str]:
    made = _afterglow({}, "backup-key", str(place / "identity"))
    return {
        "AFTERGLOW_BACKUP_TO": str(place / "backups"),
        "AFTERGLOW_BACKUP_RECIPIENT": made.stdout.strip(),
        "AFTERGLOW_BACKUP_HOURS": "160",
    }


def _run(
    options: argparse.Namespace, environment: Mapping[str, str], world: World, told: Told
) -> int:
    """Send everything while the server is killed; then wait until all is measured and mailed."""
    port, luck = world.settings.port, random.Random(options.seed)  # noqa: S311 (chance, no secret)
    with served(environment, port):
        phones = [Phone(port, f"p{n}@home.example") for n in range(PATIENTS + options.alerts)]
        for phone in phones[:PATIENTS]:
            answer, _, page = phone.send_photo(BEFORE.read_bytes(), "baseline")
            assert answer == 303, page.decode()
    everything = [
        *_photos(options.photos, phones[:PATIENTS], told),
        *[threading.Thread(target=_emergency, args=(phone, told)) for phone in phones[PATIENTS:]],
    ]
    half = threading.Thread(target=_back_up_under_load, args=(environment, told, options.photos))
    half.start()
    kills, started = 0, False
    while kills < options.kills or any(thread.is_alive() for thread in everything):
        with served(environment, port) as server:
            if not started:
                luck.shuffle(everything)
                for thread in everything:
                    thread.start()
                started = True
            if kills == options.kills:
                for thread in everything:
                    thread.join()
                break
            time.sleep(luck.uniform(0, options.every))
            server.kill()
            kills += 1
    with served(environment, port):
        half.join()
        _settle(world)
    return kills


def _photos(count: int, phones: list[Phone], told: Told) -> Iterator[threading.Thread]:
    """One thread a phone, which sends its photos one after another."""
    face = FACE.read_bytes()
    shares: dict[int, list[bytes]] = {n: [] for n in range(len(phones))}
    for number, owner in zip(range(count), itertools.cycle(shares), strict=False):
        shares[owner].append(photo_of_its_own(face, number, 1))
    for owner, photos_of_phone in shares.items():
        yield threading.Thread(target=_send_photos, args=(phones[owner], photos_of_phone, told))


def _send_photos(phone: Phone, mine: list[bytes], told: Told) -> None:
    for photo in mine:
        while True:
            try:
                status, rest, _ = phone.send_photo(photo, "follow_up")
            except (OSError, http.client.HTTPException) as error:
                status, rest = 0, AGAIN_SECONDS
                told.answers[f"photo: {type(error).__name__}"] += 1
            else:
                told.answers[f"photo: {status}"] += 1
            if status == 303:
                told.photos.add(hashlib.sha256(photo).hexdigest())
                break
            time.sleep(min(rest or AGAIN_SECONDS, LONGEST_REST_SECONDS))


def _emergency(phone: Phone, told: Told) -> None:
    """One emergency, sent until it is answered, as the script on a phone does."""
    key, made_at = secrets.token_hex(16), datetime.now(UTC).isoformat()
    time.sleep(secrets.randbelow(30))
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
    say(
        f"backup under load, {accepted} of the photos accepted, after"
        f" {time.monotonic() - began:.1f} s: {made.stdout.strip()}"
    )


def _restore(place: Path, environment: Mapping[str, str]) -> None:
    """Restore on an empty folder with another secret, examine it, and sign in there."""
    new = {
        **environment,
        "AFTERGLOW_DATA": str(place / "new"),
        "AFTERGLOW_SECRET": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    began = time.monotonic()
    restored = _afterglow(new, "restore", "--identity", str(place / "identity"))
    say(f"restored after {time.monotonic() - began:.1f} s: {restored.stdout.strip()}")
    began = time.monotonic()
    examined = _afterglow(new, "doctor")
    say(f"examined after {time.monotonic() - began:.1f} s, exit status {examined.returncode}")
    say(examined.stdout.rstrip())
    with served(new, read_settings(new).port):
        phone = Phone(read_settings(new).port, "p0@home.example")
        say(f"signed in there: status of the first page {phone.read('/')}")


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
