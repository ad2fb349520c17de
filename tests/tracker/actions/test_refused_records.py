"""A record that is not as it was exported is refused by name, and nothing of it comes in."""

import hashlib
import json
import os
import signal
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tests.tracker.courses_of_readings import CALM
from tests.web.conftest import Records
from tracker.actions.own_data.closing import BROKEN_OFF_AFTER, erase_accounts
from tracker.actions.own_data.exporting import export_own_data
from tracker.actions.own_data.record_export import export_record
from tracker.actions.own_data.record_import import import_record
from tracker.domain.own_data.erasures import erasure_asked
from tracker.domain.own_data.record_manifest import MANIFEST, RecordError
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.own_data import erasures, rows
from tracker.wires import archives
from tracker.wires.archives import ArchiveRefused, opened, zipped
from tracker.wires.photo_files import PhotoFiles, Picture
from tracker.world import World

NOW = TREATED_AT + timedelta(days=12)
SAVE = PhotoFiles.save
Edit = Mapping[str, Callable[[bytes], bytes | None]]


@pytest.fixture
def record(db: Database, world: World, cast: Cast, tmp_path: Path) -> Path:
    """Alice's record, who is erased here since: so it may come back."""
    on = Records(db, world, cast)
    on.alert(on.measured(-1))
    on.check_in(1, CALM)
    on.note("Afraid of needles")
    entries = export_record(
        db,
        world.files,
        cast.alice,
        PROTOCOLS,
        lambda: export_own_data(db, world.files, cast.alice),
        None,
        NOW,
    )
    file = tmp_path / "alice.zip"
    file.write_bytes(b"".join(zipped(entries, NOW)))
    for each in world.files.ids():
        world.files.delete(each)
    with writing(db):
        erasures.insert(db, erasure_asked(cast.alice.id, 0, NOW))
        rows.erase_rows(db, cast.alice.id)
    return file


def edited(record: Path, edit: Edit, *, with_digests: bool = True) -> Path:
    """The record with some files changed, or left out where the edit gives None."""
    with ZipFile(record) as before:
        data = {path: before.read(path) for path in before.namelist()}
    for path, change in edit.items():
        after = change(data.get(path, b""))
        data.pop(path, None)
        if after is not None:
            data[path] = after
    if with_digests and MANIFEST not in edit:
        manifest = json.loads(data[MANIFEST])
        manifest["sha256"] = {
            path: hashlib.sha256(each).hexdigest()
            for path, each in data.items()
            if path != MANIFEST
        }
        data[MANIFEST] = json.dumps(manifest).encode()
    file = record.with_name("edited.zip")
    with ZipFile(file, "w", ZIP_DEFLATED) as into:
        for path, each in data.items():
            into.writestr(path, each)
    return file


def line_with(name: str, value: Any) -> Callable[[bytes], bytes]:
    """The first line of a file with another value."""

    def change(data: bytes) -> bytes:
        first, _, rest = data.partition(b"\n")
        return json.dumps(json.loads(first) | {name: value}).encode() + b"\n" + rest

    return change


def manifest_with(**changes: Any) -> Edit:
    """The manifest with other values."""
    return {MANIFEST: lambda data: json.dumps(json.loads(data) | changes).encode()}


ROWS = "record/{}.ndjson".format
REFUSED: list[tuple[Edit, str]] = [
    ({MANIFEST: lambda _: None}, "is missing, so this ZIP is no record"),
    ({MANIFEST: lambda _: b"{"}, "manifest.json: it is no JSON"),
    (manifest_with(format="zip"), "export one with afterglow export-patient"),
    (manifest_with(version=2), "version 2, and this Afterglow reads 1; bring this Afterglow up"),
    (manifest_with(origins=[]), "'?origins'? is wrong or missing"),
    (manifest_with(pictures={}), "photos of photos are missing"),
    (manifest_with(protocols={"00000000": "record/patient.ndjson"}), "cannot be read"),
    ({ROWS("check_ins"): lambda _: None}, "check_ins.ndjson is missing"),
    ({ROWS("check_ins"): lambda _: b""}, "lines were lost or added"),
    ({ROWS("check_ins"): lambda data: data * 2}, "check_ins.ndjson, line 2: UNIQUE"),
    ({ROWS("patient"): lambda data: data * 2}, "patient.ndjson, line 2: UNIQUE"),
    ({ROWS("patient"): line_with("email", "alice")}, "'alice' is not an e-mail address"),
    ({ROWS("patient"): line_with("time_zone", "Mars/Base")}, "Mars/Base"),
    ({ROWS("patient"): line_with("skin_type", 7)}, "patient.ndjson, line 1: CHECK"),
    ({ROWS("photos"): line_with("status", "lovely")}, "'lovely' is not a valid PhotoStatus"),
    ({ROWS("photos"): line_with("taken_at", "2026-03-01T09:00")}, "taken_at must be a time"),
    ({ROWS("photos"): line_with("treatment", "elsewhere")}, "treatment must be the id of another"),
    ({ROWS("photos"): line_with("id", "../../etc")}, "photos.ndjson, line 1: id must be an id"),
    ({ROWS("photos"): line_with("more", 1)}, "photos.ndjson, line 1: its fields must be id,"),
    ({ROWS("regions"): line_with("redness", "much")}, "redness must be a number"),
    ({ROWS("regions"): lambda data: data.replace(b": 0.9", b": NaN")}, "line 1: it is no JSON"),
    ({ROWS("alerts"): line_with("regions", ["tail"])}, "'tail' is not a valid Region"),
    ({ROWS("notes"): line_with("text", 7)}, "text must be text"),
    ({ROWS("notes"): line_with("by", None)}, "notes.ndjson, line 1: NOT NULL"),
    ({ROWS("people"): line_with("role", "patient")}, "it must name someone of a clinic"),
    ({ROWS("people"): line_with("name", "Dr\nW")}, r"people.ndjson, line 1: 'Dr.nW' is wrong"),
]


def test_every_fault_of_a_record_is_named_and_nothing_comes_in(
    record: Path, db: Database, world: World, cast: Cast
) -> None:
    before = list(db.query("SELECT * FROM people")), list(db.query("SELECT * FROM audit_log"))
    for edit, told in REFUSED:
        file = edited(record, edit)
        with pytest.raises(RecordError, match=told):
            import_record(db, world.files, PROTOCOLS, file, cast.dana, None, NOW)
    after = list(db.query("SELECT * FROM people")), list(db.query("SELECT * FROM audit_log"))
    assert after == before
    assert world.files.ids() == []
    assert import_record(db, world.files, PROTOCOLS, record, cast.dana, None, NOW).open_alerts == 1


def test_a_photo_that_was_changed_on_the_way_is_refused(
    record: Path, db: Database, world: World, cast: Cast
) -> None:
    with ZipFile(record) as before:
        (photo,) = [path for path in before.namelist() if path.endswith("01.jpg")]
    file = edited(record, {photo: lambda data: data + b"!"}, with_digests=False)
    with pytest.raises(RecordError, match=r"\.jpg is not as it was exported \(digest\); ask the"):
        import_record(db, world.files, PROTOCOLS, file, cast.dana, None, NOW)
    extra = edited(record, {"virus.exe": lambda _: b"MZ"}, with_digests=False)
    with pytest.raises(RecordError, match=r"virus.exe is not as it was exported"):
        import_record(db, world.files, PROTOCOLS, extra, cast.dana, None, NOW)


@pytest.mark.parametrize(
    "name", ["../out.jpg", "/etc/passwd", "a/../../b", "a\\b", "C:/b", "a//b", "./a", "a/"]
)
def test_no_path_leaves_the_zip(name: str, tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    with ZipFile(file, "w") as archive:
        archive.writestr(ZipInfo(name), b"")
    with pytest.raises(ArchiveRefused, match="is no plain path inside the ZIP"), opened(file):
        pass


def test_a_zip_that_fills_disk_or_memory_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = tmp_path / "bomb.zip"
    with ZipFile(bomb, "w", ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(4 * 1024**2))
    with pytest.raises(ArchiveRefused, match="unpacks to more than 200 times"), opened(bomb):
        pass
    large = tmp_path / "large.zip"
    with ZipFile(large, "w", ZIP_STORED) as archive:
        archive.writestr("one", b"x" * 2000)
        archive.writestr("two", b"no end of line" * 10)
    for limit, told in (
        ("MOST_FILES", "too many files"),
        ("MOST_LIST_BYTES", "too many files"),
        ("MOST_BYTES", "a record is smaller"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(archives, limit, 1)
            with pytest.raises(ArchiveRefused, match=told), opened(large):
                pass
    monkeypatch.setattr(archives, "MOST_FILE_BYTES", 1000)
    monkeypatch.setattr(archives, "MOST_LINE_BYTES", 100)
    with opened(large) as archive:
        with pytest.raises(ArchiveRefused, match="one is larger than"):
            archive.read("one")
        with pytest.raises(ArchiveRefused, match="two has a line longer"):
            list(archive.lines("two"))


@pytest.mark.parametrize("data", [b"", b"no ZIP", b"PK\x05\x06" + bytes(10)])
def test_what_is_no_zip_is_refused(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(data)
    with pytest.raises(ArchiveRefused, match="it is no whole ZIP"), opened(file):
        pass


def test_a_zip_that_was_cut_or_damaged_is_refused(
    record: Path, db: Database, world: World, cast: Cast
) -> None:
    whole = record.read_bytes()
    record.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecordError, match="it is no whole ZIP"):
        import_record(db, world.files, PROTOCOLS, record, cast.dana, None, NOW)
    middle = whole.index(b"JPEG of photo")
    record.write_bytes(whole[:middle] + b"\0" + whole[middle + 1 :])
    with pytest.raises(RecordError, match="cannot be unpacked"):
        import_record(db, world.files, PROTOCOLS, record, cast.dana, None, NOW)


def killed_at(step: str, world: World, file: Path, cast: Cast) -> int:
    """Take the record in, in a process that is killed at a step; how it ended."""
    child = os.fork()
    if child > 0:
        return os.waitpid(child, 0)[1]
    saved: list[None] = []

    def kill(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def save(*given: Any) -> None:
        SAVE(*given)
        saved.append(None)
        if len(saved) == 4:
            kill()

    if step == "the fourth picture":
        PhotoFiles.save = save  # type: ignore[method-assign, assignment]
    else:
        audit_log.add = kill  # type: ignore[assignment]  # the last row
    db = world.connect()
    import_record(db, world.files, PROTOCOLS, file, cast.dana, None, NOW)
    os._exit(0)


def test_a_crash_at_any_moment_leaves_nothing_and_the_import_can_be_repeated(
    record: Path, db: Database, world: World, cast: Cast, tmp_path: Path
) -> None:
    people = list(db.query("SELECT id FROM people"))
    for step in ("the fourth picture", "the last row"):
        assert killed_at(step, world, record, cast) == signal.SIGKILL
        assert list(db.query("SELECT id FROM people")) == people
    assert len(world.files.ids()) == 2
    done = import_record(db, world.files, PROTOCOLS, record, cast.dana, None, NOW)
    later = NOW + BROKEN_OFF_AFTER + timedelta(minutes=1)
    erase_accounts(db, world.files, world.parts, tmp_path, later)
    (photo,) = world.files.ids()
    assert world.files.load(photo, Picture.PHOTO) == b"JPEG of photo"
    assert done.lines["photos"] == 1
    assert list(db.query("SELECT * FROM import_files")) == []
