"""What programs that watch the service read: logs, two words, figures. None holds a person."""

import io
import json
import logging
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import NoReturn

import pytest
from flask import Flask
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tests.post_office import free_port
from tests.web.browser import Browser
from tests.web.conftest import Records
from tracker.actions.clinic.health import leave_sign_of_life, show_health
from tracker.cli import LogLines
from tracker.domain.clinic.health import Facts, SignOfLife
from tracker.wires.metrics import serve_metrics
from tracker.world import World
from web import patient

CANARY = "kanarienvogel"
TOKEN = f"{CANARY}.afterglow-signed-token"


@pytest.fixture(params=[False, True], ids=["lines", "json"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What `afterglow serve` would write."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(LogLines(as_json=request.param))
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield written
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.mark.usefixtures("cast")
def test_no_log_holds_what_a_person_typed_or_the_key_in_an_address(
    log: io.StringIO,
    app: Flask,
    alice: Browser,
    dana: Browser,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stranger = Browser(app)
    stranger.send("/sign-in", {"email": f"{CANARY}@x.example", "passphrase": CANARY})
    for path in (
        f"/welcome/{TOKEN}",
        f"/confirm/{TOKEN}",
        f"/renew/{TOKEN}",
        f"/unsubscribe/{TOKEN}",
    ):
        stranger.get(path)
        stranger.send(path, {"passphrase": CANARY, "name": CANARY})
    alice.send("/check-in", {"pus": "yes", "note": CANARY})
    alice.send(f"/patients/{cast.alice.id}/conversation", {"text": CANARY, "key": "k" * 16})
    dana.get(f"/?q={CANARY}")

    def fail(*_: object, **__: object) -> NoReturn:
        raise ValueError(f"{CANARY} cannot be kept") from OSError(5, "disk", f"/data/{CANARY}")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(patient.routes, "record_check_in", fail)
    assert alice.send("/check-in", {"pus": "yes", "note": CANARY}).status_code == 500
    logging.getLogger("waitress").error("Exception while serving %s", f"/renew/{TOKEN}")
    told = log.getvalue()
    assert CANARY not in told
    assert "POST patient.send_check_in failed" in told
    assert "ValueError" in told
    assert "OSError: disk" in told
    assert "test_operations.py" in told
    assert "Exception while serving /" in told


def test_a_log_of_json_is_one_object_a_line() -> None:
    lines = LogLines(as_json=True)
    record = logging.LogRecord("tracker.worker", logging.WARNING, "f", 1, "%d mails", (2,), None)
    told = json.loads(lines.format(record))
    assert (told["level"], told["logger"], told["message"]) == (
        "WARNING",
        "tracker.worker",
        "2 mails",
    )


def test_the_service_says_that_it_is_alive_and_whether_it_is_ready(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = Browser(app)
    assert probe.read("/healthz") == "alive\n"
    assert probe.read("/readyz") == "ready\n"
    world.settings.database.write_bytes(b"rubbish" * 1000)
    answer = probe.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready\n")
    assert probe.read("/healthz") == "alive\n"


def test_prometheus_gets_figures_without_names_on_a_port_of_its_own(
    world: World, db: Database, cast: Cast
) -> None:
    Records(db, world, cast).photo(1)
    leave_sign_of_life(db, SignOfLife.MAIL, TREATED_AT)

    def look() -> Facts:
        connection = world.connect()
        try:
            now = TREATED_AT + timedelta(seconds=7)
            return show_health(connection, world.settings, PROTOCOLS, now)
        finally:
            connection.close()

    port = free_port()
    with (
        serve_metrics(("127.0.0.1", port), look),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer,
    ):
        told = answer.read().decode()
    assert 'afterglow_state{part="mail"} 0.0' in told
    assert 'afterglow_state{part="measuring"} 2.0' in told
    assert 'afterglow_sign_age_seconds{sign="mail"} 7.0' in told
    assert 'afterglow_waiting{queue="photos"} 0.0' in told
    assert 'afterglow_bytes{what="free"}' in told
    assert cast.alice.id not in told
