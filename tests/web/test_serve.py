"""The server around the pages: what it keeps in memory, whom it trusts, where it listens."""

import gc
import http.client
import socket
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import waitress.buffers

from tests.post_office import free_port
from tracker.settings import Settings
from web.security import MAX_REQUEST_BYTES
from web.serve import MAX_BODY_BYTES, CannotListen, check_address, open_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PIECE = b"x" * (1 << 20)


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
    thread = threading.Thread(target=server.run)
    thread.start()
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=60)
    yield connection
    connection.close()
    with suppress(OSError):  # awake already, it may close its trigger while we still pull
        server.trigger.pull_trigger(server.close)  # in the thread that waits for its sockets
    thread.join(timeout=60)
    server.task_dispatcher.shutdown()


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
