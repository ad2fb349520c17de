"""Backups: everything comes back, and who was erased does not."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tests.tracker.actions.test_erase_accounts import NOW, close, erase, full, records
from tests.web.conftest import Records
from tracker.actions.clinic.keeping import back_up, is_backup_due, restore
from tracker.domain.clinic.health import SignOfLife
from tracker.domain.course.photos import FileFault
from tracker.storage.clinic import health
from tracker.storage.connection import open_database, writing
from tracker.storage.course import photos
from tracker.storage.own_data import rows
from tracker.wires import backups
from tracker.wires.backups import (
    BackupPlace,
    BackupUnusable,
    Recipient,
    new_identity,
    read_back,
    read_identity,
    read_recipient,
    written,
)
from tracker.wires.photo_files import PhotoDamaged, PhotoFiles, Picture
from tracker.world import World, open_world

__all__ = ["full", "records"]

MONTH = timedelta(days=30)
IDENTITY, RECIPIENT = new_identity()


@pytest.fixture
def place(tmp_path: Path) -> BackupPlace:
    return BackupPlace(str(tmp_path / "backups"), b"n" * 32)


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    file = tmp_path / "identity"
    file.write_text(IDENTITY)
    return file


@pytest.fixture
def other(world: World, tmp_path: Path) -> Iterator[tuple[Database, PhotoFiles]]:
    """An empty machine, with another secret."""
    settings = replace(world.settings, data=tmp_path / "other", secret=b"1" * 32)
    settings.data.mkdir()
    files = PhotoFiles(settings.photos, settings.key_for("photos"))
    with closing(open_database(settings.database, settings.key_for("database"))) as db:
        yield db, files


def backed_up(db: Database, world: World, place: BackupPlace, at: datetime = NOW) -> str:
    made = back_up(db, world.files, place, read_recipient(RECIPIENT), MONTH, at)
    assert made.unreadable == ()
    return made.snapshot


def everything(db: Database) -> dict[str, list[object]]:
    """Every row but the signs of life, which a backup leaves itself."""
    return {
        table: sorted((tuple(row.values()) for row in db.table(table).rows), key=repr)
        for table in db.table_names()
        if table != "signs_of_life"
    }


@pytest.mark.usefixtures("full")
def test_every_row_and_every_picture_comes_back_on_a_machine_with_another_secret(
    db: Database,
    world: World,
    place: BackupPlace,
    identity: Path,
    other: tuple[Database, PhotoFiles],
) -> None:
    backed_up(db, world, place)
    restored = restore(*other, place, read_identity(identity), None, NOW)
    assert (restored.patients, restored.erased_since) == (2, 0)
    assert everything(other[0]) == everything(db)
    assert rows.schema(other[0]) == rows.schema(db)
    ids = world.files.ids()
    assert len(ids) == restored.photos > 3
    assert other[1].ids() == ids
    for photo_id in ids:
        for picture in world.files.pictures(photo_id):
            assert other[1].load(photo_id, picture) == world.files.load(photo_id, picture)


def test_who_was_erased_today_cannot_be_read_in_the_backup_of_yesterday(
    db: Database,
    world: World,
    place: BackupPlace,
    identity: Path,
    other: tuple[Database, PhotoFiles],
    full: Records,
    cast: Cast,
) -> None:
    theirs = [photo.id for photo in photos.of_patient(db, cast.alice.id)]
    yesterday = backed_up(db, world, place)
    key = read_identity(identity)
    then = place.read_snapshot(yesterday, key)
    with writing(db):
        db.execute("UPDATE photos SET status = 'measured'")
    close(db, cast)
    assert erase(db, world) == [cast.alice.id]
    assert is_backup_due(db, timedelta(days=1), NOW + timedelta(minutes=1))
    backed_up(db, world, place, NOW + timedelta(minutes=1))

    assert place.read_snapshot(yesterday, key) == then  # it is all still there
    found = [place.read_blob(blob, key) for blob in sorted(place.blobs())]
    names = (cast.alice.name, cast.alice.email, "Afraid of needles", "Is this normal?")
    assert len(found) > 5
    assert not any(name.encode() in each for each in found for name in names)
    kept = place.read_keys(key)
    assert not set(theirs) & set(kept["photos"])
    assert set(kept["rows"]) == {cast.bob.id}
    restored = restore(*other, place, key, yesterday, NOW)
    assert (restored.patients, restored.erased_since, restored.photos) == (1, 1, 0)
    assert cast.alice.email not in repr(everything(other[0]))
    assert cast.bob.email in repr(everything(other[0]))


def test_only_what_is_new_is_stored_again(
    db: Database, world: World, place: BackupPlace, full: Records, cast: Cast
) -> None:
    backed_up(db, world, place)
    before = place.blobs()
    full.note("Sleeps badly")
    made = back_up(db, world.files, place, read_recipient(RECIPIENT), MONTH, NOW + timedelta(1))
    assert (
        made.new_blobs == len(place.blobs() - before) == 2
    )  # Alice's rows, and the clinic's signs
    assert len(place.snapshots()) == 2


def test_old_snapshots_are_forgotten_with_their_blobs_but_never_the_last(
    db: Database,
    world: World,
    place: BackupPlace,
    full: Records,
    identity: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backups, "FEWEST", 1)
    first = backed_up(db, world, place)
    full.note("Sleeps badly")
    second = backed_up(db, world, place, NOW + MONTH)
    assert place.snapshots() == [first, second]
    full.note("Sleeps well")
    broken_off = Path(place.url, "blobs", "ab", "abc.0a1b.part")
    broken_off.parent.mkdir(exist_ok=True)
    broken_off.touch()
    third = backed_up(db, world, place, NOW + 3 * MONTH)
    assert place.snapshots() == [third]
    assert not broken_off.exists()
    content = place.read_snapshot(third, read_identity(identity))
    needed = {*content["people"].values()}
    needed |= {blob for each in content["photos"].values() for blob in each.values()}
    assert place.blobs() == needed


def test_a_clock_that_is_years_ahead_leaves_the_newest_snapshots(
    db: Database, world: World, place: BackupPlace
) -> None:
    made = [backed_up(db, world, place, NOW + timedelta(days=day)) for day in range(9)]
    later = backed_up(db, world, place, NOW + 100 * MONTH)
    assert place.snapshots() == [*made[-backups.FEWEST + 1 :], later]


def test_what_the_machine_keeps_cannot_read_its_backups(
    db: Database, world: World, place: BackupPlace, identity: Path, full: Records
) -> None:
    snapshot = backed_up(db, world, place)
    identity.write_text(new_identity()[0])
    with pytest.raises(BackupUnusable, match="another identity"):
        place.read_snapshot(snapshot, read_identity(identity))
    everywhere = b"".join(
        path.read_bytes() for path in Path(place.url).rglob("*") if path.is_file()
    )
    assert b"photos" not in everywhere
    assert b"Alice" not in everywhere


def spoil(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes((data[-1] ^ 1,)))


def test_a_damaged_photo_is_told_and_left_out_and_a_damaged_blob_stops_the_restoration(
    db: Database,
    world: World,
    place: BackupPlace,
    identity: Path,
    other: tuple[Database, PhotoFiles],
    full: Records,
) -> None:
    broken = full.measured(2.5)
    file = Path(world.files.url) / broken.id[:2] / broken.id / Picture.PHOTO
    spoil(file)
    with pytest.raises(PhotoDamaged):
        world.files.load(broken.id, Picture.PHOTO)
    made = back_up(db, world.files, place, read_recipient(RECIPIENT), MONTH, NOW)
    assert made.unreadable == (broken.id,)
    found = photos.get(db, broken.id)
    assert found is not None
    assert found.file_fault is FileFault.DAMAGED
    blob = next(path for path in Path(place.url, "blobs").rglob("*") if path.is_file())
    spoil(blob)
    with pytest.raises(BackupUnusable, match="damaged"):
        restore(*other, place, read_identity(identity), None, NOW)


def test_a_photo_that_is_damaged_later_comes_back_from_an_earlier_backup(
    db: Database,
    world: World,
    place: BackupPlace,
    identity: Path,
    other: tuple[Database, PhotoFiles],
    full: Records,
) -> None:
    photo = full.measured(2.5)
    whole = world.files.load(photo.id, Picture.PHOTO)
    yesterday = backed_up(db, world, place)
    file = Path(world.files.url) / photo.id[:2] / photo.id / Picture.PHOTO
    file.write_bytes(b"rubbish")
    world.files.delete(full.measured(3).id)
    made = back_up(db, world.files, place, read_recipient(RECIPIENT), MONTH, NOW + timedelta(1))
    assert photo.id in made.unreadable
    assert len(made.unreadable) == 2  # the missing photo is named, too
    restore(*other, place, read_identity(identity), yesterday, NOW)
    assert other[1].load(photo.id, Picture.PHOTO) == whole


@pytest.mark.usefixtures("full")
def test_a_folder_of_photos_that_is_not_mounted_takes_no_key_from_the_backup(
    db: Database, world: World, place: BackupPlace, identity: Path
) -> None:
    backed_up(db, world, place)
    before = place.read_keys(read_identity(identity))
    store = Path(world.files.url)
    store.rename(store.with_name("elsewhere"))
    with pytest.raises(BackupUnusable, match="is its folder mounted"):
        back_up(db, world.files, place, read_recipient(RECIPIENT), MONTH, NOW + timedelta(1))
    assert place.read_keys(read_identity(identity)) == before
    assert world.files.ids() == []


def test_a_forged_backup_writes_nothing_elsewhere(
    db: Database,
    world: World,
    place: BackupPlace,
    identity: Path,
    other: tuple[Database, PhotoFiles],
    full: Records,
    tmp_path: Path,
) -> None:
    known, recipient = full.measured(2.5).id, read_recipient(RECIPIENT)
    content = place.read_snapshot(backed_up(db, world, place), read_identity(identity))
    pictures, stolen = content["photos"][known], tmp_path / "stolen"
    place.keep_keys({"rows": {}, "photos": {str(stolen): b"k" * 32, known: b"k" * 32}}, recipient)
    forged = [
        {"schema": [f"ATTACH DATABASE '{stolen}' AS other"]},
        {"photos": {str(stolen): pictures}},
        {"photos": {known: {str(stolen): pictures["photo"]}}},
    ]
    for days, each in enumerate(forged, start=1):
        at = NOW + timedelta(days)
        name = place.keep_snapshot(at, content | each, set(), recipient)
        with pytest.raises(BackupUnusable, match=r"that none has|make no table"):
            restore(*other, place, read_identity(identity), name, NOW)
        assert not stolen.exists()
        assert other[0].table_names() == other[1].ids() == []


def test_what_a_stranger_sealed_is_not_restored(
    db: Database,
    world: World,
    place: BackupPlace,
    identity: Path,
    other: tuple[Database, PhotoFiles],
    full: Records,
) -> None:
    snapshot = backed_up(db, world, place)
    key, ours = read_identity(identity), read_recipient(RECIPIENT)
    stranger = Recipient(ours.key, b"s" * 32)  # who has seen the recipient's public half at most
    content, keys = place.read_snapshot(snapshot, key), place.read_keys(key)
    rows_of_clinic = content["people"][rows.CLINIC]
    forged = {
        f"snapshots/{snapshot}.snapshot": stranger.seal(written(content), snapshot),
        "keys": stranger.seal(written(keys), "keys"),
        f"blobs/{rows_of_clinic[:2]}/{rows_of_clinic}": stranger.seal(b"{}", rows_of_clinic),
    }
    for path, data in forged.items():
        file = Path(place.url, path)
        true = file.read_bytes()
        file.write_bytes(data)
        with pytest.raises(BackupUnusable, match="made by a stranger"):
            restore(*other, place, key, snapshot, NOW)
        assert other[0].table_names() == other[1].ids() == []
        file.write_bytes(true)
    assert restore(*other, place, key, snapshot, NOW).patients == 2


def test_the_newest_backup_is_not_one_of_a_clock_that_was_ahead(
    db: Database,
    world: World,
    place: BackupPlace,
    identity: Path,
    other: tuple[Database, PhotoFiles],
    full: Records,
) -> None:
    ahead = backed_up(db, world, place, NOW + 12 * MONTH)
    assert place.newest(NOW) == (ahead, ())  # the only one there is
    full.note("Sleeps badly")
    latest = backed_up(db, world, place)
    restored = restore(*other, place, read_identity(identity), None, NOW)
    assert (restored.snapshot, restored.passed_over) == (latest, [ahead])


@pytest.mark.usefixtures("full")
def test_files_of_others_in_the_place_disturb_nothing(
    db: Database, world: World, place: BackupPlace
) -> None:
    first = backed_up(db, world, place)
    for name in ("notes.snapshot", "2026-13-99T00-00-00.snapshot", "x.names"):
        Path(place.url, "snapshots", name).write_text("of another program")
    second = backed_up(db, world, place, NOW + timedelta(days=1))
    assert place.snapshots() == [first, second]


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(("names", "told"), [(None, "is missing"), (b"\xff", "is damaged")])
def test_no_part_is_deleted_while_a_snapshot_has_lost_its_names(
    db: Database,
    world: World,
    place: BackupPlace,
    caplog: pytest.LogCaptureFixture,
    names: bytes | None,
    told: str,
) -> None:
    first = backed_up(db, world, place)
    before, file = place.blobs(), Path(place.url, "snapshots", f"{first}.names")
    if names is None:
        file.unlink()
    else:
        file.write_bytes(names)
    later = NOW + timedelta(days=1)
    backed_up(db, world, place, later)
    assert before <= place.blobs()
    assert f"{first}.names {told}" in caplog.text
    assert not is_backup_due(db, timedelta(days=1), later)


def test_a_restored_clinic_opens(
    db: Database,
    world: World,
    place: BackupPlace,
    identity: Path,
    other: tuple[Database, PhotoFiles],
    tmp_path: Path,
    full: Records,
) -> None:
    backed_up(db, world, place)
    restore(*other, place, read_identity(identity), None, NOW)
    opened = open_world(replace(world.settings, data=tmp_path / "other", secret=b"1" * 32))
    with closing(opened.connect()) as again:
        assert health.latest_signs(again).keys() <= set(SignOfLife)
        assert len(photos.all_ids(again)) == len(photos.all_ids(db))


def test_backups_are_due_by_the_day_and_after_a_clock_was_set_back(
    db: Database, world: World, place: BackupPlace
) -> None:
    day = timedelta(days=1)
    assert is_backup_due(db, day, NOW)
    backed_up(db, world, place)
    assert not is_backup_due(db, day, NOW + day / 2)
    assert is_backup_due(db, day, NOW + day)
    assert is_backup_due(db, day, NOW - day)


@pytest.mark.parametrize("text", ["", "short", "no base64 !", "ä"])
def test_a_key_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "identity"
    file.write_text(text)
    with pytest.raises(BackupUnusable, match="identity"):
        read_identity(file)
    with pytest.raises(BackupUnusable, match="damaged"):
        read_back(b"{")
