"""Photos in parts: the same answers as for whole ones, encrypted on the way, and little room."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from typing import NoReturn

import pytest
from sqlite_utils import Database
from werkzeug.test import TestResponse

from tests.conftest import PASSPHRASE, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tests.web.test_upload import gate, send
from tracker.actions.own_data.closing import erase_accounts
from tracker.domain.own_data.erasures import Erasure
from tracker.domain.people.people import Person
from tracker.storage.connection import writing
from tracker.storage.course import photos
from tracker.storage.own_data import erasures
from tracker.wires import upload_parts
from tracker.wires.processes import Busy
from tracker.wires.upload_parts import (
    KEPT_FOR,
    LARGEST_PHOTO_BYTES,
    LEAST_PART_BYTES,
    UPLOADS_EACH,
    Arriving,
    Part,
)
from tracker.world import World
from web import create_app

__all__ = ["gate"]

PHOTO = b"a face" + token_bytes(3 * LEAST_PART_BYTES)


def name_of(photo: bytes) -> str:
    return f"{len(photo)}-{hashlib.sha256(photo).hexdigest()}"


def send_part(
    phone: Browser, photo: bytes, offset: int, part: bytes, digest: bytes | None = None
) -> TestResponse:
    digest = digest or hashlib.sha256(part).digest()
    headers = {
        "Upload-Offset": str(offset),
        "Upload-Checksum": f"sha256 {b64encode(digest).decode()}",
        "Content-Type": "application/offset+octet-stream",
    }
    return phone.send_bytes(f"/photo/parts/{name_of(photo)}", part, headers)


def send_parts(phone: Browser, photo: bytes = PHOTO, parts: int | None = None) -> None:
    """Send so many parts, or all, from where the clinic says that the next one begins."""
    for _ in range(len(photo) if parts is None else parts):
        offset = reached(phone, photo)
        if offset == len(photo):
            return
        part = photo[offset : offset + LEAST_PART_BYTES]
        answer = send_part(phone, photo, offset, part)
        assert answer.status_code == 204, answer.text
        assert answer.headers["Upload-Offset"] == str(offset + len(part))


def add(world: World, person: Person, photo: bytes) -> None:
    """A photo of one part."""
    digest = hashlib.sha256(photo)
    upload = Arriving(len(photo), digest.hexdigest())
    world.parts.add(person.id, upload, Part(0, photo, digest.digest()))


def reached(phone: Browser, photo: bytes = PHOTO) -> int:
    answer = phone.get(f"/photo/parts/{name_of(photo)}", method="HEAD")
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


def finish(phone: Browser, photo: bytes = PHOTO, size: int | None = None) -> TestResponse:
    length = {"Upload-Length": str(len(photo) if size is None else size)}
    values = {"role": "follow_up", "parts": name_of(photo)}
    return phone.send("/photo", values, headers=length)


def files_of(world: World) -> list[Path]:
    return [path for path in world.parts.folder.rglob("*") if path.is_file()]


@pytest.mark.usefixtures("gate")
def test_a_photo_in_parts_is_answered_as_a_whole_one_and_kept_once(
    alice: Browser, cast: Cast, db: Database, world: World
) -> None:
    send_parts(alice)
    assert len(files_of(world)) == 4
    assert not any(PHOTO[:6] in path.read_bytes() for path in files_of(world))
    answer = finish(alice)
    (kept,) = photos.of_treatment(db, cast.treatment.id)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/photos/{kept.id}")
    assert files_of(world) == []
    asked = alice.get(f"/photo/parts/{name_of(PHOTO)}", method="HEAD")
    assert asked.headers["Content-Location"] == f"/photos/{kept.id}?already=yes"
    assert "We already had this photo" in send(alice, PHOTO).text
    assert photos.of_treatment(db, cast.treatment.id) == [kept]


def test_a_refused_photo_is_not_kept_in_parts_either(
    alice: Browser, gate: Callable[..., None], world: World
) -> None:
    gate("blurred")
    send_parts(alice)
    answer = finish(alice)
    assert answer.status_code == 422
    assert "remedies" in answer.text
    assert files_of(world) == []


@pytest.mark.parametrize("checksum", ["", "sha256 \u00e9", "sha256 ="])
def test_a_part_without_a_checksum_is_refused(alice: Browser, checksum: str) -> None:
    headers = {"Upload-Offset": "0", "Upload-Checksum": checksum}
    part = PHOTO[:LEAST_PART_BYTES]
    answer = alice.send_bytes(f"/photo/parts/{name_of(PHOTO)}", part, headers)
    assert answer.status_code in {400, 409}
    assert reached(alice) == 0


@pytest.mark.usefixtures("gate")
def test_parts_outlive_the_server_and_a_photo_that_is_sent_away(
    alice: Browser,
    cast: Cast,
    world: World,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send_parts(alice, parts=2)
    (world.parts.folder / cast.alice.id / name_of(PHOTO) / f"{2 * LEAST_PART_BYTES}.x.part").touch()
    gone = world.parts.folder / cast.alice.id / name_of(PHOTO) / "0.y.part"
    gone.symlink_to("was renamed meanwhile")
    after_restart = Browser(create_app(world, clock))
    after_restart.sign_in(cast.alice, PASSPHRASE)
    assert reached(after_restart) == 2 * LEAST_PART_BYTES
    send_parts(alice)

    def busy(*_: object) -> NoReturn:
        raise Busy("too many wait")

    with monkeypatch.context() as patch:
        patch.setattr("tracker.actions.course.receiving._look", busy)
        assert finish(alice).status_code == 503
    assert reached(alice) == len(PHOTO)
    assert finish(alice).status_code == 303


@pytest.mark.usefixtures("gate")
def test_a_part_counts_only_where_it_belongs_and_as_it_was_sent(
    alice: Browser, world: World
) -> None:
    send_parts(alice, parts=1)
    part = PHOTO[LEAST_PART_BYTES : 2 * LEAST_PART_BYTES]
    for offset, sent, digest in (
        (0, part, None),
        (LEAST_PART_BYTES + 1, part, None),
        (-1, part, None),
        (LEAST_PART_BYTES, part, bytes(32)),
        (LEAST_PART_BYTES, part[:-1], None),  # many small files
        (LEAST_PART_BYTES, b"", None),
        (LEAST_PART_BYTES, bytes(len(PHOTO)), None),  # more than the photo has
    ):
        answer = send_part(alice, PHOTO, offset, sent, digest)
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, str(len(part)))
    assert len(files_of(world)) == 1
    too_large = f"/photo/parts/{LARGEST_PHOTO_BYTES + 1}-{'0' * 64}"
    assert alice.send_bytes(too_large, part, {}).status_code == 404
    assert alice.send_bytes("/photo/parts/..", part, {}).status_code == 404


@pytest.mark.usefixtures("gate")
def test_nothing_but_the_whole_photo_of_that_name_comes_out(
    alice: Browser, cast: Cast, db: Database, world: World, browser_of: Callable[[Person], Browser]
) -> None:
    send_parts(alice)
    assert finish(browser_of(cast.bob)).status_code == 410  # what is not his is not there
    assert finish(alice, size=1).status_code == 400  # the server made less room than it takes
    damaged = files_of(world)[0]
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert finish(alice).status_code == 410
    assert files_of(world) == []
    send_parts(alice, parts=1)
    assert finish(alice).status_code == 410
    assert reached(alice) == LEAST_PART_BYTES
    assert photos.of_treatment(db, cast.treatment.id) == []


@pytest.mark.usefixtures("gate")
def test_begun_uploads_take_a_few_places_and_never_that_of_a_whole_photo(
    alice: Browser,
    cast: Cast,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = [bytes([number]) for number in range(8)]
    for photo in begun:
        assert send_part(alice, photo, 0, photo).status_code == 204
    assert len(files_of(world)) == UPLOADS_EACH
    assert reached(alice, begun[-1]) == 1
    monkeypatch.setattr(upload_parts, "UPLOADS_IN_ALL", UPLOADS_EACH)
    world.parts.forget(cast.alice.id)
    for photo in begun:
        add(world, cast.bob, photo)
    assert send_part(alice, PHOTO, 0, PHOTO[:LEAST_PART_BYTES]).status_code == 507
    assert len(files_of(world)) == UPLOADS_EACH
    assert "Thank you, your photo is here" in send(alice, PHOTO).text


def test_a_full_disk_takes_no_part_and_says_so(
    alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_parts(alice)
    monkeypatch.setattr(World, "has_room", lambda _: False)
    for answer in (send_part(alice, b"?", 0, b"?"), finish(alice)):
        assert answer.status_code == 503
        assert "We have no space for photos at the moment" in answer.text


def test_parts_go_after_a_day_and_with_their_person(cast: Cast, db: Database, world: World) -> None:
    now = datetime.now(UTC)
    for person in (cast.alice, cast.bob):
        add(world, person, b"not sent on")
    with writing(db):
        erasures.insert(db, Erasure(cast.bob.id, now, now))
    erase_accounts(db, world.files, world.parts, world.settings.outbox, now)
    assert {path.parts[-3] for path in files_of(world)} == {cast.alice.id}
    assert world.parts.sweep(now + KEPT_FOR - timedelta(hours=1)) == 0
    assert world.parts.sweep(now + KEPT_FOR + timedelta(hours=1)) == 1
    assert list(world.parts.folder.iterdir()) == []
