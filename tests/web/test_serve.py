"""The server around the pages: what it keeps in memory, whom it trusts, where it listens."""

import gc
import http.client
import signal
import socket
import stat
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import waitress.buffers

from tests.benchmarks.load import BEFORE, Phone, clinic, served
from tests.post_office import free_port
from tracker.domain.talk.conversation import MAX_MESSAGE_LENGTH
from tracker.settings import Settings
from web.security import MAX_REQUEST_BYTES, NO_ROOM
from web.serve import (
    LONGEST_MESSAGE_BYTES,
    MAX_BODY_BYTES,
    CannotListen,
    Lane,
    check_address,
    open_server,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SLOW_MESSAGES = "/patients/slow/conversation"
MEBIBYTE = 1 << 20
PIECE = b"x" * MEBIBYTE


def tell_size(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer with the size of the body."""
    size = sum(len(piece) for piece in iter(lambda: environ["wsgi.input"].read(1 << 20), b""))
    start_response("200 OK", [])
    return [str(size).encode()]


def tell_client(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer with the client that a proxy has named."""
    start_response("200 OK", [])
    return [environ.get("HTTP_X_FORWARDED_FOR", "nobody").encode()]


@contextmanager
def running(app: "WSGIApplication", settings: Settings) -> Iterator[http.client.HTTPConnection]:
    settings = replace(settings, port=free_port())
    server = open_server(app, settings)
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=60)
    yield connection
    connection.close()
    stop.set()
    server.wake()
    thread.join(timeout=60)
    server.finish()


@pytest.fixture
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a body in clear would go to disk")

    monkeypatch.setattr(waitress.buffers, "TempfileBasedBuffer", fail)


@pytest.mark.usefixtures("no_disk")
def test_the_largest_photo_stays_in_memory_until_it_is_encrypted(settings: Settings) -> None:
    body = PIECE * (MAX_REQUEST_BYTES // len(PIECE)) + b"x"
    with running(tell_size, settings) as connection:
        connection.request("POST", "/", body=body)
        assert connection.getresponse().read() == str(len(body)).encode()


@pytest.mark.usefixtures("no_disk")
def test_a_body_that_never_tells_its_size_is_refused_before_it_reaches_the_disk(
    settings: Settings,
) -> None:
    whole = MAX_BODY_BYTES // len(PIECE)
    with running(tell_size, settings) as connection:
        connection.request("POST", "/", body=(PIECE for _ in range(whole)), encode_chunked=True)
        assert connection.getresponse().status == 413


@pytest.mark.parametrize(("proxies", "told"), [(0, b"nobody"), (1, b"203.0.113.7")])
def test_only_a_proxy_that_the_settings_know_may_name_the_client(
    settings: Settings, proxies: int, told: bytes
) -> None:
    with running(tell_client, replace(settings, proxies=proxies)) as connection:
        connection.request("GET", "/", headers={"X-Forwarded-For": "203.0.113.7"})
        assert connection.getresponse().read() == told


@dataclass
class Doors:
    """An application whose answers wait until they are let through, and which notes who came."""

    came: list[str] = field(default_factory=list)
    opened: threading.Event = field(default_factory=threading.Event)
    lines: list[http.client.HTTPConnection] = field(default_factory=list)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        self.came.append(environ["PATH_INFO"])
        slow = {"/photo", "/slow", "/patients/a/photos/b/thumbnail", SLOW_MESSAGES}
        if environ["PATH_INFO"] in slow and not environ[NO_ROOM]:
            assert self.opened.wait(timeout=60)
        start_response("503 Busy" if environ[NO_ROOM] else "200 OK", [])
        return [b"done"]

    def asked(
        self, of: http.client.HTTPConnection, path: str, body: bytes | None = None
    ) -> http.client.HTTPConnection:
        """One more connection to the same server, which waits for an answer."""
        line = http.client.HTTPConnection(of.host, of.port, timeout=20)
        self.lines.append(line)
        line.request("GET" if body is None else "POST", path, body)
        return line

    def has_let_in(self, path: str, times: int) -> bool:
        """Wait until so many requests have come."""
        for _ in range(500):
            if self.came.count(path) >= times:
                return True
            time.sleep(0.01)
        return False


@pytest.fixture
def doors() -> Iterator[Doors]:
    doors = Doors()
    yield doors
    doors.opened.set()
    for line in doors.lines:
        line.close()


def test_no_page_waits_for_pictures(
    settings: Settings, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.serve.THREADS", dict.fromkeys(Lane, 1))
    with running(doors, settings) as connection:
        picture = doors.asked(connection, "/patients/a/photos/b/thumbnail")
        for path in (
            "/patients/a/compare",
            "/patients/a/treatments/c/areas",
            "/patients/a/treatments/c/sides",
            "/patients/a/conversation/d/photo",
            "/sides",
        ):
            doors.asked(connection, path)
        assert doors.has_let_in("/patients/a/photos/b/thumbnail", 1)
        for path in ("/", "/photos/b", "/patients/a", "/patients/a/conversation"):
            connection.request("GET", path)
            assert connection.getresponse().read() == b"done"
        assert len(doors.came) == 5
        doors.opened.set()
        assert picture.getresponse().read() == b"done"


def test_a_check_in_waits_neither_for_photos_nor_for_pages(
    settings: Settings, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.serve.THREADS", dict.fromkeys(Lane, 1))
    with running(doors, settings) as connection:
        waiting = [doors.asked(connection, "/photo", b"photo") for _ in range(3)]
        assert doors.has_let_in("/photo", 1)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"done"
        waiting += [doors.asked(connection, "/slow") for _ in range(3)]
        assert doors.has_let_in("/slow", 1)
        connection.request("POST", "/check-in", b"pus=yes")
        assert connection.getresponse().read() == b"done"
        assert doors.came.count("/photo") == 1
        doors.opened.set()
        assert {line.getresponse().read() for line in waiting} == {b"done"}


def test_neither_pages_nor_messages_wait_for_messages_with_a_small_photo(
    settings: Settings, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.serve.THREADS", dict.fromkeys(Lane, 1))
    with running(doors, settings) as connection:
        photo = b"p" * (LONGEST_MESSAGE_BYTES + 1)
        waiting = [doors.asked(connection, SLOW_MESSAGES, photo) for _ in range(3)]
        assert doors.has_let_in(SLOW_MESSAGES, 1)
        for method, path, body in (
            ("GET", "/", None),
            ("POST", "/patients/a/conversation", "€".encode() * MAX_MESSAGE_LENGTH),
        ):
            connection.request(method, path, body)
            assert connection.getresponse().read() == b"done"
        assert doors.came.count(SLOW_MESSAGES) == 1
        doors.opened.set()
        assert {line.getresponse().read() for line in waiting} == {b"done"}


def test_a_photo_beyond_the_room_is_sent_away_at_once_and_later_there_is_room_again(
    settings: Settings, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.serve.PHOTOS_AT_ONCE", 1)
    with running(doors, settings) as connection:
        first = doors.asked(connection, "/photo", PIECE)
        assert doors.has_let_in("/photo", 1)
        connection.request("POST", "/photo", PIECE * 4)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (503, b"done")
        doors.opened.set()
        assert first.getresponse().status == 200
        assert is_let_in_soon(connection, "/patients/1/conversation", PIECE)


def test_the_room_counts_bytes_and_a_phone_that_vanishes_gives_its_place_back(
    settings: Settings, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.serve.PHOTO_BYTES_AT_ONCE", 3 * len(PIECE))
    doors.opened.set()
    with running(doors, settings) as connection:
        head = f"POST /photo HTTP/1.1\r\nHost: a\r\nContent-Length: {2 * len(PIECE)}\r\n\r\n"
        with socket.create_connection((connection.host, connection.port)) as vanishing:
            vanishing.sendall(head.encode() + PIECE)
            connection.request("POST", "/photo", PIECE * 2)
            assert connection.getresponse().read() == b"done"
        assert doors.came == ["/photo"]
        assert is_let_in_soon(connection, "/photo", PIECE * 2)


def is_let_in_soon(connection: http.client.HTTPConnection, path: str, photo: bytes) -> bool:
    """Whether there is room within some seconds: a place is given back after the answer is sent."""
    for _ in range(200):
        connection.request("POST", path, photo)
        answer = connection.getresponse()
        answer.read()
        if answer.status == 200:
            return True
        time.sleep(0.05)
    return False


def test_forms_without_a_photo_take_no_room_for_good(
    doors: Doors, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.serve.PHOTOS_AT_ONCE", 2)
    doors.opened.set()
    with running(doors, settings) as connection:
        for body in (b"", b"", b"", PIECE):
            connection.request("POST", "/photo", body)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, body[:1]


def test_a_photo_that_came_in_parts_takes_the_room_of_the_whole_and_a_part_its_own(
    settings: Settings, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.serve.PHOTO_BYTES_AT_ONCE", 2 * len(PIECE))
    monkeypatch.setattr("web.serve.THREADS", dict.fromkeys(Lane, 1))
    with running(doors, settings) as connection:
        judged = doors.asked(connection, "/photo", PIECE)
        assert doors.has_let_in("/photo", 1)
        for method, path, body, size, status in (
            ("POST", "/photo", b"its parts", len(PIECE), 503),
            ("POST", "/photo", b"its parts", 10**20, 503),
            ("PATCH", "/photo/parts/a", PIECE * 2, 0, 503),
            ("POST", "/photo/parts/a", PIECE * 2, 0, 503),  # no such form, and received as any
            ("PATCH", "/photo/parts/a", PIECE[1:], 0, 200),  # while a photo is judged
        ):
            connection.request(method, path, body, {"Upload-Length": str(size)} if size else {})
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (status, b"done"), (method, size)
        doors.opened.set()
        assert judged.getresponse().status == 200


def test_what_a_client_sent_before_it_went_is_done_unless_it_still_has_the_photo(
    settings: Settings, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.serve.THREADS", dict.fromkeys(Lane, 1))
    with running(doors, settings) as connection:
        lines = [doors.asked(connection, path, b"x") for path in ("/photo", "/slow")]
        assert doors.has_let_in("/photo", 1)
        assert doors.has_let_in("/slow", 1)
        for path in ("/photo", "/written"):
            doors.asked(connection, path, b"x").close()
        time.sleep(0.2)
        doors.opened.set()
        assert {line.getresponse().read() for line in lines} == {b"done"}
        assert doors.has_let_in("/written", 1)
    assert doors.came.count("/photo") == 1


def test_slow_clients_shut_no_one_out_and_are_cut_off(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.serve.GRACE_SECONDS", 0.5)
    monkeypatch.setattr("web.serve.LOOK_SECONDS", 1)
    with running(tell_size, settings) as connection:
        slow = [
            socket.create_connection((connection.host, connection.port), timeout=20)
            for _ in range(40)
        ]
        for each in slow:
            each.sendall(b"POST /photo HTTP/1.1\r\nX-Slow: ")
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"0"
        assert {each.recv(1) for each in slow} == {b""}
        for each in slow:
            each.close()


def test_a_server_that_stops_still_answers_what_has_arrived(
    settings: Settings, doors: Doors
) -> None:
    with running(doors, settings) as connection:
        waits = doors.asked(connection, "/slow")
        assert doors.has_let_in("/slow", 1)
        threading.Timer(0.3, doors.opened.set).start()
    assert waits.getresponse().read() == b"done"
    with pytest.raises(ConnectionRefusedError):
        doors.asked(connection, "/slow")


def test_a_stop_under_load_ends_well_and_keeps_exactly_what_was_called_kept(
    tmp_path: Path,
) -> None:
    environment, world = clinic(tmp_path, patients=2)
    answers: list[int] = []

    def send(phone: Phone) -> None:
        with suppress(OSError, http.client.HTTPException):  # broken off: not called kept
            answers.append(phone.send_photo(BEFORE.read_bytes(), "baseline")[0])

    with served(environment, world.settings.port) as server:
        phones = [Phone(world.settings.port, f"p{number}@home.example") for number in range(2)]
        assert phones[0].report({"fever": "yes", "spreading": "yes"}) == 303
        until = time.monotonic() + 30
        while not list(tmp_path.glob("outbox/*.eml")) and time.monotonic() < until:
            time.sleep(0.1)
        uploads = [threading.Thread(target=send, args=(phone,)) for phone in phones]
        for upload in uploads:
            upload.start()
        time.sleep(0.3)
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 0
        for upload in uploads:
            upload.join(timeout=60)
    with closing(world.connect()) as db:
        kept = [row["id"] for row in db.query("SELECT id FROM photos ORDER BY id")]
        assert db.execute("SELECT count(*) FROM check_ins").fetchone() == (1,)
    assert answers.count(303) == len(kept)
    assert world.files.ids() == kept
    assert list(tmp_path.glob("outbox/*.eml"))
    for path in (tmp_path, *tmp_path.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_checking_an_address_that_is_taken_tells_the_remedy(taken_port: int) -> None:
    with pytest.raises(CannotListen, match=f"127.0.0.1:{taken_port}: .*choose another port"):
        check_address("127.0.0.1", taken_port)


def test_opening_an_address_that_is_taken_tells_the_remedy(
    settings: Settings, taken_port: int
) -> None:
    with warnings.catch_warnings():
        # A server that cannot bind leaves what it has opened to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        with pytest.raises(CannotListen, match=f"127.0.0.1:{taken_port}: .*choose another port"):
            open_server(tell_size, replace(settings, port=taken_port))
        gc.collect()
