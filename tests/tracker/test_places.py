"""An object store as a place for files: what it is asked, and what its failures mean."""

import os
import pickle
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from threading import Event
from typing import Any

import fsspec
import pytest

from tests.tracker.object_store import (
    ObjectStore,
    Start,
    forget_clients,
    hasty,
    object_store,
    other_variables,
    saying,
)
from tracker.wires import places
from tracker.wires.places import Place, PlaceUnreachable, keep_credentials

__all__ = ["hasty", "object_store", "other_variables"]


@pytest.fixture
def place(object_store: ObjectStore) -> Place:
    found = Place(object_store.bucket())
    found.write("ab/abc/photo", b"a face")
    object_store.asked.clear()
    return found


def all_but_html(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    start("404 Not Found", [("Content-Type", "text/html")])
    return [b"<html><p>This is a printer"]


def test_each_call_asks_once_and_lists_nothing(place: Place, object_store: ObjectStore) -> None:
    place.write("ab/abc/redness", b"map")
    assert place.read("ab/abc/redness") == b"map"
    assert place.read("ab/abc/redness", 2) == b"ma"
    assert (place.has("ab/abc/photo"), place.has("ab/abc/pigment")) == (True, False)
    place.delete("ab/abc/redness")
    place.delete("ab/abc/redness")
    assert object_store.asked == {"PUT": 1, "GET": 4, "DELETE": 2}
    assert [file.path for file in place.files()] == ["ab/abc/photo"]
    assert object_store.asked["LIST"] == 1


def test_what_is_there_stays_when_many_write_at_once(place: Place) -> None:
    assert not place.write("ab/abc/photo", b"another face", replaces=False)
    with ThreadPoolExecutor(8) as threads:
        keys = [b"%d" % n for n in range(8)]
        written = list(
            threads.map(lambda key: place.write("ab/abc/key", key, replaces=False), keys)
        )
    assert sum(written) == 1
    assert place.read("ab/abc/key") == keys[written.index(True)]
    assert place.read("ab/abc/photo") == b"a face"


def test_a_large_file_is_sent_in_parts_and_a_photo_of_25_mb_in_one(
    place: Place, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, rows = bytes(25 * 1024 * 1024), os.urandom(10 * 1024 * 1024)
    place.write("ab/abc/photo", photo)
    assert object_store.asked == {"PUT": 1}
    monkeypatch.setattr(places, "BLOCK_BYTES", 5 * 1024 * 1024)  # the least that S3 takes
    place.write("snapshots/rows", rows)
    assert object_store.asked == {"PUT": 3, "POST": 2}  # begun, two parts, ended
    assert place.read("ab/abc/photo") == photo
    assert place.read("snapshots/rows") == rows


def test_another_writer_is_seen_at_once(place: Place, object_store: ObjectStore) -> None:
    assert [file.path for file in place.files()] == ["ab/abc/photo"]
    object_store.look().pipe_file(f"{place.url}/cd/cde/photo", b"bob")
    assert [file.path for file in place.files()] == ["ab/abc/photo", "cd/cde/photo"]
    assert [file.path for file in place.files("cd/cde")] == ["cd/cde/photo"]


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        ("404 Not Found", "NoSuchBucket", "no such bucket; make it"),
        ("403 Forbidden", "InvalidAccessKeyId", "mend AWS_ACCESS_KEY_ID"),
        ("403 Forbidden", "SignatureDoesNotMatch", "mend AWS_SECRET_ACCESS_KEY"),
        ("403 Forbidden", "AccessDenied", "it needs s3:ListBucket"),
        ("400 Bad Request", "ExpiredToken", "renew AWS_SESSION_TOKEN"),
        ("404 Not Found", "NoSuchThing", "fails (NoSuchThing)"),
    ],
)
def test_what_will_not_pass_is_asked_once_and_is_never_a_missing_file(
    place: Place, object_store: ObjectStore, status: str, code: str, words: str
) -> None:
    calls: list[Callable[[], object]] = [
        lambda: place.read("ab/abc/photo"),
        lambda: place.read("ab/abc/photo", 5),
        lambda: place.has("ab/abc/photo"),
        lambda: place.write("ab/abc/photo", b"x"),
        lambda: place.write("ab/abc/photo", b"x", replaces=False),
        lambda: place.delete("ab/abc/photo"),
        lambda: list(place.files()),
    ]
    with object_store.failing(saying(status, code)):
        for call in calls:
            with pytest.raises(PlaceUnreachable) as raised:
                call()
            assert words in str(raised.value)
    assert sum(object_store.asked.values()) == len(calls)


@pytest.mark.parametrize("bucket", ["not-made-yet", "x" * 70])
def test_a_bucket_that_is_not_there_is_no_lost_photo(
    object_store: ObjectStore, bucket: str
) -> None:
    place = Place(f"s3://{bucket}/clinic")
    for call in (lambda: place.read("ab/abc/photo"), lambda: list(place.files())):
        with pytest.raises(PlaceUnreachable, match="no such bucket"):
            call()


def test_a_server_that_is_no_object_store_has_lost_no_photo(
    place: Place, object_store: ObjectStore
) -> None:
    with object_store.failing(all_but_html), pytest.raises(PlaceUnreachable, match="no object"):
        place.read("ab/abc/photo")


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("status", "code"),
    [("500 Internal Server Error", "InternalError"), ("503 Service Unavailable", "SlowDown")],
)
def test_what_may_pass_is_tried_again(
    place: Place, object_store: ObjectStore, status: str, code: str
) -> None:
    failing, fails = saying(status, code), iter([True, False])

    def once(environ: dict[str, Any], start: Start) -> Iterable[bytes] | None:
        return failing(environ, start) if next(fails) else None

    with object_store.failing(once):
        assert place.read("ab/abc/photo") == b"a face"
    assert object_store.asked == {"GET": 2}


@pytest.mark.usefixtures("hasty")
def test_a_store_that_is_silent_is_given_up_in_time(
    place: Place, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = Event()

    def silent(*_: object) -> None:
        over.wait(20)

    monkeypatch.setattr(places, "READ_SECONDS", 1)
    with object_store.failing(silent), pytest.raises(PlaceUnreachable, match="too long"):
        place.read("ab/abc/photo")
    over.set()
    assert object_store.asked["GET"] <= 2


@pytest.mark.usefixtures("hasty", "other_variables")
def test_nothing_behind_the_endpoint_is_told_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    forget_clients()
    with pytest.raises(PlaceUnreachable, match="no object store answers; mend AWS_ENDPOINT_URL"):
        Place("s3://photos/clinic").read("ab/abc/photo")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.example")
    forget_clients()
    with pytest.raises(PlaceUnreachable, match="must be https://"):
        Place("s3://photos/clinic").read("ab/abc/photo")


@pytest.mark.usefixtures("other_variables")
def test_without_a_key_the_remedy_is_told(
    object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(object_store.bucket())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    forget_clients()
    with pytest.raises(PlaceUnreachable, match="set AWS_ACCESS_KEY_ID") as raised:
        place.read("ab/abc/photo")
    assert "testing" not in str(raised.value)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)  # noqa: S301 (ours)


@pytest.mark.usefixtures("other_variables")
def test_the_key_is_kept_here_and_passed_to_no_other_process(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_credentials(os.environ)
    assert "AWS_SECRET_ACCESS_KEY" not in os.environ
    forget_clients()
    assert place.read("ab/abc/photo") == b"a face"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "no pair")
    fsspec.config.conf.pop("s3")
    keep_credentials(os.environ)
    assert "s3" not in fsspec.config.conf


@pytest.mark.parametrize("kind", ["fork", "spawn"])
def test_processes_started_later_reach_the_store_while_threads_use_it(
    place: Place, kind: str
) -> None:
    with (
        ThreadPoolExecutor(4) as threads,
        ProcessPoolExecutor(1, mp_context=get_context(kind)) as other,
    ):
        reads = [threads.submit(place.read, "ab/abc/photo") for _ in range(20)]
        elsewhere = other.submit(place.read, "ab/abc/photo")
        assert elsewhere.result(timeout=60) == b"a face"
        assert {read.result() for read in reads} == {b"a face"}


@pytest.mark.parametrize("url", ["nosuch://name:passphrase@host/x", "dropbox://passphrase/x"])
def test_an_address_that_no_library_reads_is_told_and_not_repeated(url: str) -> None:
    with pytest.raises(PlaceUnreachable, match="nothing here opens") as told:
        Place(url).read("keys")
    assert "passphrase" not in str(told.value)
