"""Photos and maps as DICOM: read back, sent to a node that takes them, and to nodes that do not."""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    SecondaryCaptureImageStorage,
    VLPhotographicImageStorage,
)
from pynetdicom import AE, evt
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tests.web.conftest import Records
from tracker.cli.main import main
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.course.photos import Photo
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.own_data import consents
from tracker.storage.people import people
from tracker.wires.photo_files import Picture
from tracker.world import World

pytestmark = pytest.mark.usefixtures("swept")
NAME = "Ālîß 李^\\=  d’Été"


def jpeg(turned: int = 1, **options: Any) -> bytes:
    """A small photo whose four quarters differ, with the EXIF tag that says how it is turned."""
    image = Image.new("RGB", (48, 32), (200, 150, 130))
    image.paste((90, 40, 30), (0, 0, 24, 16))
    exif, file = Image.Exif(), BytesIO()
    exif[0x0112] = turned
    image.save(file, "JPEG", quality=95, exif=exif, **options)
    return file.getvalue()


@pytest.fixture
def course(db: Database, world: World, cast: Cast) -> tuple[Photo, ...]:
    """Alice's photos: a baseline, one that is turned, a progressive one, and one that is none."""
    with writing(db):
        people.rename(db, cast.alice.id, NAME)
        people.set_birth_date(db, cast.alice.id, date(1985, 4, 23))
    records = Records(db, world, cast)
    taken = tuple(records.measured(day) for day in (-1, 1, 2, 3))
    files = (jpeg(), jpeg(turned=6), jpeg(progressive=True))
    for photo, data in zip(taken, files, strict=False):
        world.files.save(photo.id, Picture.PHOTO, data)
        world.files.save(photo.id, Picture.REDNESS, jpeg())
    return taken


def run(world: World, *arguments: str) -> Result:
    secret = base64.urlsafe_b64encode(world.settings.secret).decode()
    environment = {"AFTERGLOW_DATA": str(world.settings.data), "AFTERGLOW_SECRET": secret}
    return CliRunner().invoke(main, ["dicom", *arguments], env=environment)


def read(folder: Path) -> list[Dataset]:
    return [dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


def test_each_photo_and_map_is_read_back_with_what_it_shows_and_of_whom(
    world: World, db: Database, cast: Cast, course: tuple[Photo, ...], tmp_path: Path
) -> None:
    done = run(world, cast.alice.email, "--out", str(tmp_path / "out"), "--json")
    assert done.exit_code == 1, done.output  # one file is no photo
    told = json.loads(done.stdout)
    assert told == {"pictures": 6, "unreadable": [course[3].id], "refused": {}}
    photos = [each for each in read(tmp_path / "out") if each.Modality == "XC"]
    maps = [each for each in read(tmp_path / "out") if each.Modality == "OT"]
    assert {each.SOPClassUID for each in photos} == {VLPhotographicImageStorage}
    assert {each.SOPClassUID for each in maps} == {SecondaryCaptureImageStorage}
    for each in (*photos, *maps):
        assert str(each.PatientName) == "Ālîß 李 d’Été"
        assert (each.PatientBirthDate, each.PatientID) == ("19850423", cast.alice.id)
        assert each.TimezoneOffsetFromUTC == "+0100"
        assert each.AnatomicRegionSequence[0].CodeValue == "73897004"
    assert len({each.StudyInstanceUID for each in (*photos, *maps)}) == 1
    assert len({each.SeriesInstanceUID for each in (*photos, *maps)}) == 2
    sources = {each.SourceImageSequence[0].ReferencedSOPInstanceUID for each in maps}
    assert sources == {each.SOPInstanceUID for each in photos}
    assert photos[0].StudyTime.startswith("100000")  # nine o'clock UTC, in Berlin
    (entry,) = audit_log.search(db, Search(act=Act.DATA_EXPORTED))
    assert (entry.about, entry.details) == (cast.alice.id, "DICOM")


def test_a_plain_photo_keeps_its_bytes_and_another_its_upright_pixels(
    world: World, cast: Cast, course: tuple[Photo, ...], tmp_path: Path
) -> None:
    run(world, cast.alice.email, "--out", str(tmp_path / "a"))
    run(world, cast.alice.email, "--out", str(tmp_path / "b"))
    plain, turned, progressive = (e for e in read(tmp_path / "a") if e.Modality == "XC")
    assert plain.file_meta.TransferSyntaxUID == JPEGBaseline8Bit
    assert get_frame(plain.PixelData, 0, number_of_frames=1).rstrip(b"\0") == jpeg()
    assert turned.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert (turned.Columns, turned.Rows) == (32, 48)
    assert turned.pixel_array[4, 28].max() < 120  # the dark quarter is at the top right now
    exact = np.asarray(Image.open(BytesIO(jpeg(progressive=True))))
    assert np.array_equal(progressive.pixel_array, exact)
    first, second = ([e.SOPInstanceUID for e in read(tmp_path / name)] for name in "ab")
    assert first == second


@contextmanager
def node(answer: Callable[[Dataset], int], *kinds: str) -> Iterator[tuple[str, list[Dataset]]]:
    """A DICOM node that takes these kinds; yields its address and what it took."""
    taken: list[Dataset] = []

    def store(event: Any) -> int:
        received = event.dataset
        received.file_meta = event.file_meta
        status = answer(received)
        if status == 0:
            taken.append(received)
        return status

    theirs = AE(ae_title="ARCHIVE")
    for kind in kinds:
        theirs.add_supported_context(kind, [ExplicitVRLittleEndian, JPEGBaseline8Bit])
    server = theirs.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, store)]
    )
    assert server is not None
    try:
        yield f"127.0.0.1:{server.server_address[1]}", taken
    finally:
        server.shutdown()


@pytest.mark.usefixtures("course")
def test_a_node_receives_every_picture_as_it_is_written(
    world: World, cast: Cast, tmp_path: Path
) -> None:
    kinds = (VLPhotographicImageStorage, SecondaryCaptureImageStorage)
    with node(lambda _: 0, *kinds) as (address, taken):
        done = run(world, cast.alice.email, "--send", address, "--json")
    assert json.loads(done.stdout)["refused"] == {}
    run(world, cast.alice.email, "--out", str(tmp_path / "out"))
    written = {each.SOPInstanceUID: each.PixelData for each in read(tmp_path / "out")}
    assert {each.SOPInstanceUID: each.PixelData for each in taken} == written


@pytest.mark.usefixtures("course")
def test_what_a_node_refuses_is_named_and_the_rest_is_sent(world: World, cast: Cast) -> None:
    with node(lambda each: 0xA700 * (each.InstanceNumber == 2), VLPhotographicImageStorage) as (
        address,
        taken,
    ):
        done = run(world, cast.alice.email, "--send", address)
    assert done.exit_code == 1
    assert [each.InstanceNumber for each in taken] == [1, 3]
    assert "status 0xA700" in done.stderr
    assert done.stderr.count("status 0x0122") == 3  # maps, which the node does not know


@pytest.mark.usefixtures("course")
def test_a_node_that_speaks_no_dicom_is_named(world: World, cast: Cast) -> None:
    def hang_up() -> None:
        for _ in range(2):
            line, _address = silent.accept()
            line.close()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        listener = threading.Thread(target=hang_up)
        listener.start()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        done = run(world, cast.alice.email, "--send", address)
        listener.join(timeout=30)
    assert (done.exit_code, "no DICOM node" in done.output) == (1, True), done.output


def test_what_cannot_be_handed_out_says_why(
    world: World, db: Database, cast: Cast, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    nowhere = run(world, cast.alice.email, "--send", "127.0.0.1:1")
    assert (nowhere.exit_code, "Connection refused" in nowhere.output) == (1, True)
    for wrong in ("pacs", "pacs:", ":104", "pacs:99999"):
        done = run(world, cast.alice.email, "--send", wrong)
        assert (done.exit_code, "write HOST:PORT" in done.output) == (2, True), wrong
    assert run(world, cast.alice.email).exit_code == 2
    assert run(world, "carl@home.example", "--out", str(out)).exit_code == 2
    with writing(db):
        gone = Consent(Purpose.CARE, Decision.WITHDRAWN, TREATED_AT)
        consents.insert(db, cast.alice.id, gone)
    refused = run(world, cast.alice.email, "--out", str(out))
    assert "withdrawn consent" in refused.output
    assert not out.exists()
