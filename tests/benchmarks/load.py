"""How `afterglow serve` holds up while many phones send photos at once.

`python -m tests.benchmarks.load` starts a clinic of its own and sends photos from many threads,
which come back when they are sent away. Meanwhile it asks for pages and reports emergencies. It
prints how long each took, the memory of the server, and whether a photo was lost or kept twice.
`--slow` opens sockets that send a byte now and then. At the end the server is stopped under load.
"""

import argparse
import base64
import hashlib
import http.client
import itertools
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.managers import ListProxy
from pathlib import Path
from threading import Event
from urllib.parse import urlencode

from tests.post_office import free_port
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.people.accounts import add_person
from tracker.domain.course.treatments import AREAS, Setting, Treatment
from tracker.domain.people.people import Person, Role
from tracker.environment import read_settings
from tracker.world import World, open_world

PASSPHRASE = "only for this benchmark"
FACE = Path("sample_images/infection_type_6/d02.jpg")
BEFORE = FACE.with_name("baseline-1.jpg")
PATIENTS = 4
SLOW_BYTE_EVERY = 15.0
PATIENCE = 900.0
UNANSWERED_SECONDS = 5
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
START_OF_FRAME = 2  # bytes of a JPEG before which a comment may be put
LONGEST_COMMENT = 60_000


@dataclass
class Tally:
    """What was observed; `spent` are seconds, by kind of request."""

    spent: dict[str, list[float]] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    accepted: set[str] = field(default_factory=set)
    memory: dict[str, float] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Take in what was observed elsewhere."""
        self.spent |= other.spent
        self.answers += other.answers
        self.accepted |= other.accepted

    def took(self, what: str, seconds: float, answer: object) -> None:
        """Note one answered request."""
        self.spent.setdefault(what, []).append(seconds)
        self.answers[f"{what} {answer}"] += 1


class Phone:
    """One signed-in browser; a request opens a connection of its own."""

    def __init__(self, port: int, email: str) -> None:
        self._port, self._cookies = port, dict[str, str]()
        values = {"email": email, "passphrase": PASSPHRASE, "next": ""}
        answer, _, _ = self.send("/sign-in", values | {"csrf_token": self.token("/sign-in")})
        assert answer == 303, (email, answer)
        self.known_token = self.token("/settings")

    def token(self, path: str) -> str:
        """A token against forged requests."""
        _, _, page = self._ask("GET", path, b"", {})
        found = TOKEN.search(page.decode())
        assert found is not None, page[:300]
        return found[1]

    def read(self, path: str) -> int:
        """The status of a page."""
        return self._ask("GET", path, b"", {})[0]

    def send(self, path: str, values: Mapping[str, str]) -> tuple[int, float, bytes]:
        """Post a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(values).encode(), kind)

    def report(self, answers: Mapping[str, str]) -> int:
        """Send a check-in; the status."""
        return self.send("/check-in", {**answers, "csrf_token": self.known_token})[0]

    def send_photo(self, photo: bytes, role: str, view: str = "front") -> tuple[int, float, bytes]:
        """Post a photo; status, the seconds after which it may come again, and the page."""
        edge = "edge" + hashlib.sha256(photo).hexdigest()[:16]
        days = 3 if role == "baseline" else 1
        fields = {
            "csrf_token": self.known_token,
            "role": role,
            "view": view,
            "skin_state": "clean",
            "taken_at": (datetime.now(UTC) - timedelta(days=days)).isoformat()[:16],
        }
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        head = (
            f'--{edge}\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        )
        body = b"".join([*parts, head.encode(), photo, f"\r\n--{edge}--\r\n".encode()])
        return self._ask(
            "POST", "/photo", body, {"Content-Type": f"multipart/form-data; boundary={edge}"}
        )

    def _ask(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, float, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        own = {"Cookie": cookies, "Referer": f"http://127.0.0.1:{self._port}{path}"}
        with closing(connection):
            connection.request(method, path, body or None, {**own, **headers})
            answer = connection.getresponse()
            page = answer.read()
        for given in answer.headers.get_all("Set-Cookie", []):
            name, _, value = given.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, float(answer.getheader("Retry-After") or 0), page


def main() -> None:
    """Start the server, load it and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.load")
    parser.add_argument("--uploads", type=int, default=40, help="phones that send one photo each")
    parser.add_argument("--megabytes", type=float, default=5.0, help="of one photo")
    parser.add_argument("--seconds", type=float, default=60.0, help="until the server is stopped")
    parser.add_argument("--slow", type=int, default=0, help="sockets that send a byte in 15 s")
    options = parser.parse_args()
    tally, stop, others = Tally(), threading.Event(), get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        environment, world = clinic(Path(folder))
        port = world.settings.port
        with served(environment, port) as server, others.Manager() as manager:
            told, ready, end = manager.list(), manager.Event(), manager.Event()
            phones = others.Process(target=_send_all, args=(options, port, told, ready, end))
            phones.start()
            patient, urgent = Phone(port, "p0@home.example"), Phone(port, "p1@home.example")
            dana = Phone(port, "dana@clinic.example")
            assert ready.wait(timeout=600)
            asking = [
                _again("an emergency", lambda: urgent.report({"pus": "yes"}), tally, stop),
                _again("a patient's page", lambda: patient.read("/"), tally, stop),
                _again("the work list", lambda: dana.read("/"), tally, stop),
            ]
            threads = [threading.Thread(target=ask) for ask in asking]
            for thread in threads:
                thread.start()
            _watch_memory(server.pid, options.seconds, tally)
            stop.set()
            end.set()
            stopped, status = _stop(server)
            for thread in threads:
                thread.join()
            phones.join()
            tally.add(told[0])
        _print(options, tally)
        say(f"stopped under load after {stopped:.1f} s with exit status {status}")
        say(_ledger(world, tally))


def _send_all(
    options: argparse.Namespace, port: int, told: "ListProxy[Tally]", ready: Event, end: Event
) -> None:
    """The phones, in a process of their own, so that they do not slow down those who ask."""
    phones = [Phone(port, f"p{number}@home.example") for number in range(PATIENTS)]
    for phone in phones:
        answer, _, page = phone.send_photo(BEFORE.read_bytes(), "baseline")
        assert answer == 303, page.decode()
    tally, stop = Tally(), threading.Event()
    face, size = FACE.read_bytes(), int(options.megabytes * 1e6)
    pairs = zip(range(options.uploads), itertools.cycle(phones), strict=False)
    loads = [
        _upload(phone, photo_of_its_own(face, number, size), tally, stop) for number, phone in pairs
    ]
    loads += [_slow_socket(port, stop) for _ in range(options.slow)]
    ready.set()
    for load in loads:
        threading.Thread(target=load, daemon=True).start()
    end.wait()
    stop.set()
    told.append(tally)


def clinic(
    folder: Path, patients: int = PATIENTS, secret: bytes = b"load" * 8
) -> tuple[dict[str, str], World]:
    """A clinic whose patients were treated two days ago, and the settings to open it with."""
    port = free_port()
    environment = {
        "AFTERGLOW_DATA": str(folder),
        "AFTERGLOW_SECOND_STEP": "off",
        "AFTERGLOW_SECRET": base64.urlsafe_b64encode(secret).decode(),
        "AFTERGLOW_LISTEN": f"127.0.0.1:{port}",
    }
    world = open_world(read_settings(environment))
    with closing(world.connect()) as db:
        dana = Person("", Role.PRACTITIONER, "Dr Dana", "dana@clinic.example", "Europe/Berlin")
        dana = add_person(db, dana, PASSPHRASE)
        treated = datetime.now(UTC) - timedelta(days=2)
        for number in range(patients):
            email = f"p{number}@home.example"
            patient = Person("", Role.PATIENT, f"Patient {number}", email, "Europe/Berlin")
            patient = add_person(db, patient, PASSPHRASE, cared_for_by=dana.id)
            treatment = Treatment(
                id="",
                patient_id=patient.id,
                kind="microneedling",
                performed_at=treated,
                setting=Setting.CLINIC,
                needle_depth_mm=1.5,
                areas=frozenset(AREAS),
            )
            begin_treatment(db, world.protocols, treatment)
    return environment, world


@contextmanager
def served(environment: Mapping[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The server, once it listens; it is killed at the end."""
    command = [sys.executable, "-c", "from tracker.cli.main import main; main()", "serve"]
    with subprocess.Popen(command, env={**os.environ, **environment}) as server:
        try:
            while server.poll() is None:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.2)
            yield server
        finally:
            server.kill()


def _again(
    what: str, ask: Callable[[], int], tally: Tally, stop: threading.Event
) -> Callable[[], None]:
    """Ask twice a second until the end."""

    def load() -> None:
        while not stop.wait(0.5):
            began = time.monotonic()
            try:
                answer: object = ask()
            except OSError as error:
                answer = type(error).__name__
            except http.client.HTTPException as error:
                answer = type(error).__name__
            lasted = time.monotonic() - began
            if not stop.is_set():
                tally.took(what, lasted, answer)
            elif lasted > UNANSWERED_SECONDS:  # it broke off at the end, and counts as this long
                tally.took(what, lasted, "not answered")

    return load


def _upload(phone: Phone, photo: bytes, tally: Tally, stop: threading.Event) -> Callable[[], None]:
    """Send one photo until it is answered for good, as the script on a phone does."""

    def load() -> None:
        began = time.monotonic()
        while not stop.is_set():
            asked = time.monotonic()
            try:
                status, rest, _ = phone.send_photo(photo, "follow_up")
            except (OSError, http.client.HTTPException) as error:
                tally.answers[f"broken off: {type(error).__name__}"] += not stop.is_set()
                stop.wait(30)
                continue
            if status == 303:
                tally.accepted.add(hashlib.sha256(photo).hexdigest())
                tally.took("a photo", time.monotonic() - began, status)
                return
            tally.took("a refusal", time.monotonic() - asked, status)
            stop.wait(rest or 60)

    return load


def _slow_socket(port: int, stop: threading.Event) -> Callable[[], None]:
    """A client that never finishes its request; when it is cut off, it comes back."""

    def load() -> None:
        while not stop.is_set():
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
                    slow.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
                    while not stop.wait(SLOW_BYTE_EVERY):
                        slow.sendall(b"x")
            except OSError:
                stop.wait(1)

    return load


def photo_of_its_own(face: bytes, number: int, size: int) -> bytes:
    """The face with comments in the file, so that each is another file of this size."""
    comments = b""
    while len(face) + len(comments) < size or not comments:
        text = f"{number}".encode().ljust(LONGEST_COMMENT, b" ")
        comments += b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text
    return face[:START_OF_FRAME] + comments + face[START_OF_FRAME:]


def _watch_memory(pid: int, seconds: float, tally: Tally) -> None:
    """Look twice a second at what the server and its children hold."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        own = resident(pid)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        family = own + sum(resident(int(child)) for child in children)
        for who, now in (("serve", own), ("with its processes", family)):
            tally.memory[who] = max(tally.memory.get(who, 0), now)
        time.sleep(0.5)


def resident(pid: int) -> float:
    """In MB; a process that has just ended holds nothing."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _stop(server: subprocess.Popen[bytes]) -> tuple[float, int]:
    began = time.monotonic()
    server.send_signal(signal.SIGTERM)
    try:
        status = server.wait(timeout=120)
    except subprocess.TimeoutExpired:
        server.kill()
        status = server.wait()
    return time.monotonic() - began, status


def _print(options: argparse.Namespace, tally: Tally) -> None:
    say(
        f"{options.uploads} photos of {options.megabytes} MB at once, {options.slow} slow sockets,"
        f" {options.seconds:.0f} s, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    say(f"{'seconds until answered':24}{'count':>7}{'p50':>8}{'p95':>8}{'p99':>8}{'worst':>8}")
    for what, spent in tally.spent.items():
        if len(spent) > 1:
            cuts = statistics.quantiles(spent, n=100, method="inclusive")
            figures = "".join(f"{x:8.2f}" for x in (cuts[49], cuts[94], cuts[98], max(spent)))
            say(f"{what:24}{len(spent):7}{figures}")
    for answer, count in sorted(tally.answers.items()):
        say(f"  {answer}: {count}")
    for who, megabytes in tally.memory.items():
        say(f"memory of {who}: {megabytes:,.0f} MB at most")


def _ledger(world: World, tally: Tally) -> str:
    """What is on record, against what the phones were told."""
    with closing(world.connect()) as db:
        rows = [
            row["digest"] for row in db.query("SELECT digest FROM photos WHERE role != 'baseline'")
        ]
    lost, twice = tally.accepted - set(rows), len(rows) - len(set(rows))
    return f"on record: {len(rows)} photos; accepted and lost: {len(lost)}; kept twice: {twice}"


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
