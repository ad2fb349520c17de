"""An object store of this machine (moto's), which counts its requests and fails on demand."""

import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs

import fsspec
import pytest
import s3fs
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from tracker.wires import places

Start = Callable[..., Any]
Fault = Callable[[dict[str, Any], Start], Iterable[bytes] | None]


class ObjectStore:
    """The store behind `endpoint`; `asked` counts its requests by kind, `fault` answers instead.

    A fault is called with what WSGI calls an application with; it returns None to let a request
    through.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.fault: Fault | None = None
        self._lock = Lock()
        self._store = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=_Silent
        )
        self.endpoint = f"http://127.0.0.1:{self._server.port}"
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def bucket(self) -> str:
        """The address of an empty prefix in a fresh bucket."""
        name = f"photos-{secrets.token_hex(4)}"
        self.look().call_s3("create_bucket", Bucket=name)
        self.asked.clear()
        return f"s3://{name}/clinic"

    def look(self) -> Any:
        """The store as s3fs sees it, without our own code."""
        return s3fs.S3FileSystem(use_listings_cache=False)

    def objects(self, url: str) -> list[str]:
        """The paths below an address."""
        root = url.removeprefix("s3://")
        return [each.removeprefix(f"{root}/") for each in self.look().find(root)]

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Let the fault answer meanwhile."""
        self.fault = fault
        try:
            yield
        finally:
            self.fault = None

    def _answer(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        kind = environ["REQUEST_METHOD"]
        if kind == "GET" and "list-type" in parse_qs(environ["QUERY_STRING"]):
            kind = "LIST"
        with self._lock:
            self.asked[kind] += 1
        instead = self.fault(environ, start) if self.fault else None
        if instead is not None:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            return instead
        answer: Iterable[bytes] = self._store(environ, start)
        return answer


class _Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Tests read no log of requests."""


def saying(status: str, code: str) -> Fault:
    """A fault that answers every request with this status and this code of S3."""

    def answer(_: dict[str, Any], start: Start) -> Iterable[bytes]:
        start(status, [("Content-Type", "application/xml")])
        return [f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()]

    return answer


@cache
def server() -> ObjectStore:
    """One server for all tests of this process, which ends with it."""
    return ObjectStore()


@pytest.fixture
def object_store(swept: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """The server, as the variables of AWS name it."""
    keyed(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server().endpoint)
    fsspec.config.conf.pop("s3", None)
    server().asked.clear()
    yield server()
    fsspec.config.conf.pop("s3", None)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tries at once instead of four over seconds, and half a second for an answer."""
    _try(monkeypatch, 2)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """One try of each request, and half a second for an answer."""
    _try(monkeypatch, 1)


def _try(patch: pytest.MonkeyPatch, times: int) -> None:
    config = {"retries": {"mode": "standard", "total_max_attempts": times}, "read_timeout": 0.5}
    patch.setattr(places, "OPTIONS", {**places.OPTIONS, "config_kwargs": config})


@pytest.fixture
def other_variables(object_store: ObjectStore) -> Iterator[None]:
    """For a test that changes variables of AWS; clients take long to make and are shared."""
    yield
    forget_clients()


def forget_clients() -> None:
    """Close all connections to object stores: the next one reads the variables again."""
    for store in list(s3fs.S3FileSystem._cache.values()):
        if store._s3 is not None:
            store.close_session(store.loop, store._s3creator)
    s3fs.S3FileSystem.clear_instance_cache()


def keyed(patch: pytest.MonkeyPatch) -> None:
    """Variables of AWS with a key that opens nothing anywhere, and none of this machine's own."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        patch.delenv(name)
    patch.setenv("AWS_ACCESS_KEY_ID", "testing")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patch.setenv("AWS_CONFIG_FILE", os.devnull)
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
