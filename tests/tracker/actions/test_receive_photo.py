import io
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data
from sqlite_utils import Database

from analysis.card.comparison import CardSight
from analysis.card.locator import CardTrouble
from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tracker.actions.course.receiving import (
    Accepted,
    AlreadyReceived,
    NoTreatment,
    Refused,
    receive_photo,
)
from tracker.actions.course.treatments import begin_treatment
from tracker.domain.course.photos import (
    FAILED,
    FileFault,
    PhotoRole,
    PhotoStatus,
    Sides,
    Upload,
    View,
)
from tracker.storage.connection import writing
from tracker.storage.course import photos, treatments
from tracker.wires.photo_files import Picture
from tracker.world import World

COURSE = Path(str(files("sample_images"))) / "normal_type_2"
FACE = (COURSE / "baseline-1.jpg").read_bytes()
NEXT_DAY = TREATED_AT + timedelta(days=1)
DAY_BEFORE = TREATED_AT - timedelta(days=1)

Receive = Callable[..., object]


@pytest.fixture
def receive(db: Database, world: World, cast: Cast) -> Receive:
    def send(sent: bytes, taken_at: datetime | None = NEXT_DAY, **words: object) -> object:
        upload = Upload(sent, words.pop("role", PhotoRole.FOLLOW_UP), taken_at)  # type: ignore[arg-type]
        return receive_photo(db, world.files, cast.alice.id, upload, NEXT_DAY)

    return send


def show_card(monkeypatch: pytest.MonkeyPatch, *, is_mirrored: bool | None) -> None:
    """A card in every photo that shows whether it is a mirror image; None: no card."""
    to_photo = None if is_mirrored is None else np.diag([-1.0 if is_mirrored else 1.0, 1.0, 1.0])
    sight = CardSight(to_photo, None, CardTrouble.NOT_FOUND)
    monkeypatch.setattr("analysis.known.KnownPhotos.card", lambda *_: sight)


def kept(db: Database, cast: Cast) -> int:
    return len(photos.of_treatment(db, cast.treatment.id))


def with_exif(taken: str, offset: str | None = None) -> bytes:
    image = Image.open(io.BytesIO(FACE))
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = taken
    if offset:
        exif.get_ifd(0x8769)[0x9011] = offset
    exif[0x010F] = "a camera with a serial number"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, quality=95)
    return out.getvalue()


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=92)
    return out.getvalue()


def no_face() -> bytes:
    launch = np.asarray(data.rocket(), np.uint8)
    return jpeg(np.asarray(Image.fromarray(launch).resize((1000, 1300)), np.uint8))


def two_faces() -> bytes:
    face = np.asarray(Image.open(io.BytesIO(FACE)), np.uint8)
    return jpeg(np.hstack([face, face]))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds a few bytes, like a decompression bomb."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        length, check = len(body), zlib.crc32(kind + body)
        return length.to_bytes(4, "big") + kind + body + check.to_bytes(4, "big")

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    body = chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (b"", "unreadable"),
        (b"this is a letter, not a photo" * 100, "unreadable"),
        (FACE[: len(FACE) // 2], "unreadable"),
        (b"%PDF-1.7" + FACE, "unreadable"),
        (png_header(100_000, 100_000), "too_large"),
        (png_header(10_100, 10_000), "too_large"),
        (no_face(), "no_face"),
        (two_faces(), "several_faces"),
    ],
    ids=["empty", "text", "cut off", "disguised", "bomb", "101 MP", "no face", "two faces"],
)
def test_what_cannot_be_measured_is_refused_by_name_and_not_kept(
    receive: Receive, db: Database, cast: Cast, sent: bytes, fault: str
) -> None:
    assert receive(sent) == Refused((fault,))
    assert kept(db, cast) == 0


@pytest.mark.parametrize(
    ("role", "taken_at", "fault"),
    [
        (PhotoRole.FOLLOW_UP, NEXT_DAY + timedelta(days=1), "taken_in_future"),
        (PhotoRole.FOLLOW_UP, DAY_BEFORE, "taken_before_treatment"),
        (PhotoRole.BASELINE, NEXT_DAY, "baseline_after_treatment"),
        (PhotoRole.BASELINE, datetime(1, 1, 1, tzinfo=UTC), "baseline_too_old"),
    ],
)
def test_a_photo_of_an_impossible_time_is_refused(
    receive: Receive, db: Database, cast: Cast, role: PhotoRole, taken_at: datetime, fault: str
) -> None:
    assert receive(FACE, taken_at, role=role) == Refused((fault,))
    assert kept(db, cast) == 0


def test_a_clock_that_is_a_little_fast_is_forgiven(receive: Receive) -> None:
    assert isinstance(receive(FACE, NEXT_DAY + timedelta(minutes=5)), Accepted)


def test_a_view_of_a_side_is_kept_unjudged_and_never_a_baseline(
    db: Database, world: World, cast: Cast
) -> None:
    upload = Upload(no_face(), PhotoRole.BASELINE, DAY_BEFORE, view=View.LEFT)
    side = receive_photo(db, world.files, cast.alice.id, upload, NEXT_DAY)
    assert isinstance(side, Accepted)
    assert side.photo.status is PhotoStatus.KEPT
    assert photos.baseline(db, cast.treatment.id) is None


def test_an_accepted_photo_waits_and_holds_no_metadata(
    receive: Receive, db: Database, world: World
) -> None:
    outcome = receive(with_exif("2026:03:03 08:00:00"))
    assert isinstance(outcome, Accepted)
    stored = photos.get(db, outcome.photo.id)
    assert stored is not None
    assert stored.status is PhotoStatus.WAITING
    form = world.files.load(outcome.photo.id, Picture.PHOTO)
    assert b"serial number" not in form
    assert dict(Image.open(io.BytesIO(form)).getexif()) == {}


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270])
def test_where_no_note_says_which_way_is_up_the_face_does(
    receive: Receive, world: World, turn: Image.Transpose
) -> None:
    upright = Image.open(io.BytesIO(FACE))
    sideways = jpeg(np.asarray(upright.transpose(turn), np.uint8))
    outcome = receive(sideways)
    assert isinstance(outcome, Accepted)
    with Image.open(io.BytesIO(world.files.load(outcome.photo.id, Picture.PHOTO))) as stored:
        assert stored.size == upright.size
        gap = np.abs(np.asarray(stored, np.float32) - np.asarray(upright, np.float32))
    assert gap.mean() < 8


def test_what_the_file_could_not_say_is_kept_with_the_photo(receive: Receive) -> None:
    damaged = FACE[:2] + b"\xff\xe1\x00\x10Exif\0\0garbage!" + FACE[2:]
    outcome = receive(damaged)
    assert isinstance(outcome, Accepted)
    assert "file_turn_lost" in outcome.photo.warnings


def test_the_cameras_own_time_counts_where_the_patient_gives_none(receive: Receive) -> None:
    at_home = receive(with_exif("2026:03:03 08:00:00"), None)
    assert isinstance(at_home, Accepted)
    assert at_home.photo.taken_at == datetime(2026, 3, 3, 7, 0, tzinfo=UTC)  # Berlin in winter
    abroad = receive(with_exif("2026:03:03 08:00:00", "+05:30"), None)
    assert isinstance(abroad, Accepted)
    assert abroad.photo.taken_at == datetime(2026, 3, 3, 2, 30, tzinfo=UTC)


def test_the_same_photo_twice_is_kept_once(receive: Receive, db: Database, cast: Cast) -> None:
    first = receive(FACE)
    assert isinstance(first, Accepted)
    second = receive(FACE)
    assert isinstance(second, AlreadyReceived)
    assert second.photo.id == first.photo.id
    assert kept(db, cast) == 1


def test_the_same_photo_sent_twice_at_once_is_kept_once(world: World, cast: Cast) -> None:
    def send(_: int) -> object:
        db = world.connect()
        upload = Upload(FACE, PhotoRole.FOLLOW_UP, NEXT_DAY)
        outcome = receive_photo(db, world.files, cast.alice.id, upload, NEXT_DAY)
        db.close()
        return outcome

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(send, range(4)))
    assert sorted(type(o).__name__ for o in outcomes) == ["Accepted"] + ["AlreadyReceived"] * 3
    ids = {o.photo.id for o in outcomes if isinstance(o, Accepted | AlreadyReceived)}
    assert len(ids) == 1
    stored = [p for p in Path(world.files.url).rglob("*") if p.name == Picture.PHOTO]
    assert len(stored) == 1


def test_somebody_without_a_treatment_is_told_so(db: Database, world: World, cast: Cast) -> None:
    upload = Upload(FACE, PhotoRole.FOLLOW_UP, NEXT_DAY)
    assert receive_photo(db, world.files, cast.bob.id, upload, NEXT_DAY) == NoTreatment()


def test_a_photo_that_was_set_aside_may_be_sent_again(
    receive: Receive, db: Database, world: World
) -> None:
    first = receive(FACE)
    assert isinstance(first, Accepted)
    aside = replace(first.photo, status=PhotoStatus.UNMEASURABLE, faults=(FAILED,))
    with writing(db):
        assert photos.claim(db, first.photo, NEXT_DAY)
        assert photos.finish(db, aside, attempt=1)
    again = receive(FACE)
    assert isinstance(again, Accepted)
    assert again.photo.id == first.photo.id
    stored = photos.get(db, first.photo.id)
    assert stored is not None
    assert (stored.status, stored.failures) == (PhotoStatus.WAITING, 0)


def test_a_photo_from_before_belongs_to_the_session_that_is_planned(
    db: Database, world: World, cast: Cast
) -> None:
    coming = replace(cast.treatment, performed_at=NEXT_DAY + timedelta(days=20))
    planned = begin_treatment(db, PROTOCOLS, coming)
    upload = Upload(FACE, PhotoRole.BASELINE, NEXT_DAY)
    before = receive_photo(db, world.files, cast.alice.id, upload, NEXT_DAY)
    assert isinstance(before, Accepted)
    assert before.photo.treatment_id == planned.id
    current = treatments.current(db, cast.alice.id, NEXT_DAY)
    assert current == cast.treatment


@pytest.mark.parametrize("trouble", ["damaged", "missing"])
def test_a_lost_photo_from_before_costs_no_later_photo_and_is_told(
    receive: Receive,
    db: Database,
    world: World,
    caplog: pytest.LogCaptureFixture,
    trouble: str,
) -> None:
    before = receive(FACE, DAY_BEFORE, role=PhotoRole.BASELINE)
    assert isinstance(before, Accepted)
    file = Path(world.files.url) / before.photo.id[:2] / before.photo.id / Picture.PHOTO
    if trouble == "missing":
        file.unlink()
    else:
        sealed = bytearray(file.read_bytes())
        sealed[len(sealed) // 2] ^= 1
        file.write_bytes(bytes(sealed))
    later = receive((COURSE / "d01.jpg").read_bytes())
    assert isinstance(later, Accepted)
    assert later.photo.status is PhotoStatus.WAITING
    assert f"the file of photo {before.photo.id} is {trouble}" in caplog.text
    (stopped,) = photos.given_up(db)
    assert (stopped.photo_id, stopped.is_baseline) == (before.photo.id, True)
    assert str(stopped.file_fault) == trouble
    # The same photo from before, sent once more, repairs it.
    assert isinstance(receive(FACE, DAY_BEFORE, role=PhotoRole.BASELINE), Accepted)
    assert world.files.load(before.photo.id, Picture.PHOTO)
    assert photos.given_up(db) == []


def test_another_photo_from_before_takes_the_place_of_a_lost_one(
    receive: Receive, db: Database, world: World, cast: Cast
) -> None:
    first = receive(FACE, DAY_BEFORE, role=PhotoRole.BASELINE)
    assert isinstance(first, Accepted)
    world.files.delete(first.photo.id)
    assert isinstance(receive((COURSE / "d01.jpg").read_bytes()), Accepted)
    other = receive((COURSE / "baseline-2.jpg").read_bytes(), DAY_BEFORE, role=PhotoRole.BASELINE)
    assert isinstance(other, Accepted)
    counts = photos.baseline(db, cast.treatment.id)
    assert counts is not None
    assert counts.id == other.photo.id
    assert photos.given_up(db) == []


@pytest.mark.parametrize("role", PhotoRole)
def test_a_lost_mirror_image_that_comes_again_is_turned_again(
    db: Database,
    world: World,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    role: PhotoRole,
) -> None:
    show_card(monkeypatch, is_mirrored=True)
    taken_at = DAY_BEFORE if role is PhotoRole.BASELINE else NEXT_DAY

    def send() -> bytes:
        upload = Upload(FACE, role, taken_at)
        outcome = receive_photo(db, world.files, cast.alice.id, upload, NEXT_DAY)
        assert isinstance(outcome, Accepted)
        assert outcome.photo.sides is Sides.SURE
        with writing(db):
            photos.record_file_fault(db, outcome.photo, FileFault.MISSING)
        return world.files.load(outcome.photo.id, Picture.PHOTO)

    assert send() == send()


def test_left_and_right_are_sure_only_where_something_shows_them(
    db: Database, world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    upright = np.asarray(Image.open(io.BytesIO(FACE)), np.float32)

    def sides_of(name: str, *, by_card: bool | None, known: Sides) -> tuple[Sides, bool]:
        show_card(monkeypatch, is_mirrored=by_card)
        sent = FACE[:2] + b"\xff\xfe\x00\x03" + name.encode() + FACE[2:]  # other bytes
        upload = Upload(sent, PhotoRole.BASELINE, DAY_BEFORE, sides=known)
        outcome = receive_photo(db, world.files, cast.alice.id, upload, NEXT_DAY)
        assert isinstance(outcome, Accepted)
        found = photos.get(db, outcome.photo.id)
        assert found is not None
        with Image.open(io.BytesIO(world.files.load(found.id, Picture.PHOTO))) as stored:
            is_mirrored = np.abs(np.asarray(stored, np.float32)[:, ::-1] - upright).mean() < 3
        return found.sides, bool(is_mirrored)

    assert sides_of("a", by_card=None, known=Sides.UNKNOWN) == (Sides.UNKNOWN, False)
    assert sides_of("b", by_card=None, known=Sides.SURE) == (Sides.SURE, False)
    assert sides_of("c", by_card=False, known=Sides.UNKNOWN) == (Sides.SURE, False)
    assert sides_of("d", by_card=True, known=Sides.SURE) == (Sides.SURE, True)
    assert sides_of("e", by_card=None, known=Sides.MIRRORED) == (Sides.MIRRORED, False)
    assert sides_of("f", by_card=True, known=Sides.MIRRORED) == (Sides.SURE, True)
