"""Photos move from a folder to an object store and back, as an operator moves them."""

import base64
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlite_utils import Database

from tests.conftest import Cast
from tests.tracker.object_store import ObjectStore, hurried, object_store, saying
from tests.web.conftest import Records
from tracker.cli.main import main
from tracker.domain.clinic.audit import Act
from tracker.storage import connection
from tracker.storage.connection import PHOTOS_MOVED, writing
from tracker.wires.photo_files import PhotoFiles, Picture, files_of
from tracker.wires.photo_moves import HEAD_BYTES, MoveRefused, copied, delete_moved, refuse_same
from tracker.wires.places import Place
from tracker.world import World

__all__ = ["hurried", "object_store"]


@pytest.fixture
def environment(world: World, object_store: ObjectStore) -> dict[str, str]:
    return {
        "AFTERGLOW_DATA": str(world.settings.data),
        "AFTERGLOW_SECRET": base64.urlsafe_b64encode(world.settings.secret).decode(),
    }


@pytest.fixture
def taken(db: Database, world: World, cast: Cast) -> list[str]:
    """The ids of three photos; nobody uses the database any more."""
    found = [Records(db, world, cast).photo(day).id for day in (-1, 1, 2)]
    db.close()
    return sorted(found)


@pytest.fixture
def there(world: World, object_store: ObjectStore) -> PhotoFiles:
    return files_of(replace(world.settings, photos_at=object_store.bucket()))


@pytest.fixture
def folder(world: World, tmp_path: Path) -> PhotoFiles:
    return files_of(replace(world.settings, photos_at=str(tmp_path / "there")))


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment)


def all_of(files: PhotoFiles) -> dict[str, bytes]:
    return {file.path: files.place.read(file.path) for file in files.stored()}


def test_photos_move_to_the_store_and_back_and_every_byte_comes_along(
    environment: dict[str, str], world: World, taken: list[str], there: PhotoFiles
) -> None:
    before = all_of(world.files)
    looked = run(environment, "move-photos", "--to", there.url, "--dry-run")
    assert f"missing there: {len(before)} files" in looked.stdout
    assert there.ids() == []
    moved = run(environment, "move-photos", "--to", there.url, "--delete-source")
    assert moved.exit_code == 0, moved.output
    assert "set AFTERGLOW_PHOTOS to it" in moved.stdout
    assert all_of(there) == before
    assert world.files.ids() == []
    refused = run(environment, "health")
    assert refused.exit_code == 1
    assert f"the photos are in {there.url} now; set AFTERGLOW_PHOTOS" in refused.stderr
    switched = environment | {"AFTERGLOW_PHOTOS": there.url}
    assert "all 3 can be read" in run(switched, "doctor").stdout
    back = run(switched, "move-photos", "--to", world.files.url, "--delete-source")
    assert back.exit_code == 0, back.output
    assert all_of(world.files) == before
    assert there.ids() == []
    assert "all 3 can be read" in run(environment, "doctor").stdout


def test_what_was_prepared_while_afterglow_runs_is_finished_after_its_stop(
    environment: dict[str, str],
    db: Database,
    world: World,
    cast: Cast,
    there: PhotoFiles,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.1)
    records = Records(db, world, cast)
    erased, kept = records.photo(-1), records.photo(1)
    running = run(environment, "move-photos", "--to", there.url)
    assert running.exit_code == 1
    assert "the database is in use" in running.stderr
    assert run(environment, "move-photos", "--to", there.url, "--prepare").exit_code == 0
    assert there.ids() == sorted([erased.id, kept.id])
    world.files.delete(erased.id)
    with writing(db):
        db.execute("DELETE FROM photos WHERE id = ?", [erased.id])
    world.files.save(kept.id, Picture.REDNESS, b"another map")
    db.close()
    assert run(environment, "move-photos", "--to", there.url).exit_code == 0
    assert there.ids() == [kept.id]
    assert there.load(kept.id, Picture.REDNESS) == b"another map"
    assert world.files.ids() == [kept.id]  # nobody asked to delete it
    with closing(world.connect()) as later:
        acts = [row["act"] for row in later.query("SELECT act FROM audit_log ORDER BY rowid")]
    assert acts[-1] == Act.PHOTOS_MOVED


@pytest.mark.parametrize("survives", [0, 10])
def test_a_move_that_is_killed_is_finished_by_the_next_and_loses_nothing(
    environment: dict[str, str],
    world: World,
    taken: list[str],
    there: PhotoFiles,
    monkeypatch: pytest.MonkeyPatch,
    survives: int,
) -> None:
    before, left = all_of(world.files), iter(range(survives))
    write, delete = Place.write, PhotoFiles.delete

    def dying(*arguments: Any, **options: Any) -> bool:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return write(*arguments, **options)

    def dying_later(*arguments: Any) -> None:
        delete(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Place, "write", dying)
        assert run(environment, "move-photos", "--to", there.url, "--delete-source").exit_code
    assert all_of(world.files) == before
    with monkeypatch.context() as patch:
        patch.setattr(PhotoFiles, "delete", dying_later)
        assert run(environment, "move-photos", "--to", there.url, "--delete-source").exit_code
    assert all_of(there) == before
    assert len(world.files.ids()) == 2
    assert run(environment, "health").exit_code == 1  # not with two of three photos
    elsewhere = run(environment, "move-photos", "--to", str(world.settings.data / "elsewhere"))
    assert f"the photos are in {there.url} now" in elsewhere.stderr
    done = run(environment, "move-photos", "--to", there.url, "--delete-source")
    assert done.exit_code == 0, done.output
    assert all_of(there) == before
    assert world.files.ids() == []


def test_a_file_whose_writing_was_broken_off_keeps_no_photo_from_being_deleted(
    environment: dict[str, str], world: World, taken: list[str], folder: PhotoFiles
) -> None:
    before = all_of(world.files)
    world.files.place.write(f"{taken[0][:2]}/{taken[0]}/photo.0a1b.part", b"half a photo")
    moved = run(environment, "move-photos", "--to", folder.url, "--delete-source")
    assert moved.exit_code == 0, moved.output
    assert all_of(folder) == before
    assert list(world.files.place.files()) == []


def breaking_off_after(steps: int, patch: pytest.MonkeyPatch) -> None:
    """Let the process die in a deletion, right after so many changes to the disk."""
    left, is_deleting, delete = iter(range(steps)), [False], PhotoFiles.delete

    def watched(*arguments: Any) -> None:
        is_deleting[0] = True
        delete(*arguments)
        is_deleting[0] = False

    def stepping(function: Any) -> Any:
        def step(*arguments: Any, **options: Any) -> Any:
            if is_deleting[0] and next(left, None) is None:
                raise KeyboardInterrupt
            return function(*arguments, **options)

        return step

    patch.setattr(PhotoFiles, "delete", watched)
    for name in ("fsync", "remove", "rename", "replace", "rmdir", "unlink"):
        patch.setattr(os, name, stepping(getattr(os, name)))


def move(files: PhotoFiles, there: PhotoFiles) -> None:
    assert [size for size, _ in copied(files, there)]
    delete_moved(files, there)


def test_a_deletion_that_is_killed_after_any_step_leaves_every_photo_whole_there(
    world: World, taken: list[str], folder: PhotoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, steps, is_deleted = all_of(world.files), 0, False
    while not is_deleted:
        with monkeypatch.context() as patch:
            breaking_off_after(steps, patch)
            with pytest.raises(KeyboardInterrupt):
                move(world.files, folder)
        assert all_of(folder) == before
        is_deleted = taken[0] not in world.files.ids()
        move(world.files, folder)
        assert all_of(folder) == before
        assert list(world.files.stored()) == []
        move(folder, world.files)
        steps += 1
    assert steps > len(before) / len(taken)


@pytest.mark.parametrize("was_moved", [False, True])
def test_a_key_that_does_not_open_here_replaces_none_there(
    environment: dict[str, str], world: World, taken: list[str], folder: PhotoFiles, was_moved: bool
) -> None:
    before = all_of(world.files)
    assert run(environment, "move-photos", "--to", folder.url).exit_code == 0
    if was_moved:
        (world.settings.data / PHOTOS_MOVED).write_text(folder.url)
    key = f"{taken[0][:2]}/{taken[0]}/key"
    world.files.place.write(key, bytes(len(before[key])))
    moved = run(environment, "move-photos", "--to", folder.url, "--delete-source")
    assert moved.exit_code == 0, moved.output
    assert all_of(folder) == before
    assert world.files.ids() == []


def test_no_file_is_replaced_where_all_photos_were_moved_to(
    environment: dict[str, str], world: World, taken: list[str], folder: PhotoFiles
) -> None:
    assert run(environment, "move-photos", "--to", folder.url).exit_code == 0
    kept = all_of(folder)
    (world.settings.data / PHOTOS_MOVED).write_text(folder.url)
    world.files.save(taken[0], Picture.REDNESS, b"a map of before")
    refused = run(environment, "move-photos", "--to", folder.url, "--delete-source")
    assert refused.exit_code == 1
    assert "Then leave AFTERGLOW_PHOTOS there" in refused.stderr
    assert all_of(folder) == kept
    assert world.files.load(taken[0], Picture.REDNESS) == b"a map of before"


@pytest.mark.parametrize("prepared", [False, True])
def test_a_folder_that_is_not_mounted_does_not_count_as_moved(
    environment: dict[str, str], world: World, taken: list[str], folder: PhotoFiles, prepared: bool
) -> None:
    if prepared:
        assert run(environment, "move-photos", "--to", folder.url, "--prepare").exit_code == 0
    kept, before = all_of(folder), all_of(world.files)
    mounted = Path(world.files.url).rename(f"{folder.url} not mounted")
    refused = run(environment, "move-photos", "--to", folder.url, "--delete-source")
    assert refused.exit_code == 1
    assert "mounted?" in refused.stderr
    assert all_of(folder) == kept
    assert not (world.settings.data / PHOTOS_MOVED).exists()
    mounted.rename(world.files.url)
    assert run(environment, "move-photos", "--to", folder.url, "--delete-source").exit_code == 0
    assert all_of(folder) == before


def test_a_single_photo_that_is_lost_does_not_keep_the_others_from_moving(
    environment: dict[str, str], world: World, taken: list[str], folder: PhotoFiles
) -> None:
    world.files.delete(taken[0])
    moved = run(environment, "move-photos", "--to", folder.url, "--delete-source")
    assert moved.exit_code == 0, moved.output
    assert folder.ids() == taken[1:]


def test_a_photo_that_did_not_arrive_whole_is_not_deleted(
    environment: dict[str, str],
    world: World,
    taken: list[str],
    there: PhotoFiles,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, write = all_of(world.files), Place.write

    def damaging(place: Place, path: str, data: bytes, **options: Any) -> bool:
        return write(place, path, data[:-1] if taken[1] in path else data, **options)

    monkeypatch.setattr(Place, "write", damaging)
    refused = run(environment, "move-photos", "--to", there.url, "--delete-source")
    assert refused.exit_code == 1
    assert "did not arrive whole" in refused.stderr
    assert all_of(world.files) == before


def test_a_file_that_was_damaged_there_behind_its_head_is_copied_again(
    environment: dict[str, str], world: World, taken: list[str], folder: PhotoFiles
) -> None:
    world.files.save(taken[0], Picture.REDNESS, bytes(1000))
    before = all_of(world.files)
    assert run(environment, "move-photos", "--to", folder.url).exit_code == 0
    path = f"{taken[0][:2]}/{taken[0]}/redness"
    damaged = before[path][:HEAD_BYTES] + bytes(len(before[path]) - HEAD_BYTES)
    folder.place.write(path, damaged)
    moved = run(environment, "move-photos", "--to", folder.url, "--delete-source")
    assert moved.exit_code == 0, moved.output
    assert all_of(folder) == before
    assert world.files.ids() == []


def test_a_place_that_was_used_meanwhile_or_by_others_is_left_as_it_is(
    environment: dict[str, str], world: World, taken: list[str], there: PhotoFiles
) -> None:
    assert run(environment, "move-photos", "--to", there.url).exit_code == 0
    before = Path(world.files.url, taken[0][:2], taken[0], Picture.REDNESS)
    os.utime(before, (0, 0))  # the store tells the time in whole seconds
    there.save(taken[0], Picture.REDNESS, b"a map of the time after the move")
    refused = run(environment, "move-photos", "--to", there.url)
    assert "Then leave AFTERGLOW_PHOTOS there" in refused.stderr
    with pytest.raises(MoveRefused, match="not whole"):
        delete_moved(world.files, there)
    assert before.exists()
    assert there.load(taken[0], Picture.REDNESS) == b"a map of the time after the move"
    others = PhotoFiles(f"{there.url}-of-others", b"o" * 32)
    others.save("theirs", Picture.PHOTO, b"a face")
    refused = run(environment, "move-photos", "--to", others.url, "--prepare")
    assert "1 photos that are not this clinic's; name an empty place" in refused.stderr
    assert others.ids() == ["theirs"]


def test_one_place_under_two_names_is_no_place_to_move_to(
    environment: dict[str, str],
    world: World,
    taken: list[str],
    tmp_path: Path,
    object_store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = all_of(world.files)
    Path(world.files.url).rename(tmp_path / "disk")
    Path(world.files.url).symlink_to(tmp_path / "disk")
    monkeypatch.setattr(Path, "resolve", Path.absolute)  # no path tells of two mounts of one disk
    refused = run(environment, "move-photos", "--to", str(tmp_path / "disk"), "--delete-source")
    assert refused.exit_code == 1
    assert "under another name" in refused.stderr
    assert all_of(world.files) == before
    assert not (world.settings.data / PHOTOS_MOVED).exists()
    assert not [*(tmp_path / "disk").glob("probe-*")]
    bucket = object_store.bucket()
    one, other = (replace(world.files, url=url) for url in (bucket, f"{bucket}/"))
    with pytest.raises(MoveRefused, match="under another name"):
        refuse_same(one, other)
    assert list(one.place.files()) == []


@pytest.mark.usefixtures("hurried")
def test_a_wrong_place_is_told_in_one_line(
    environment: dict[str, str], world: World, taken: list[str], object_store: ObjectStore
) -> None:
    for place, status, words in (
        (world.files.url, 2, "--to names the place that AFTERGLOW_PHOTOS names already"),
        ("s3://key:sesame@bucket", 2, "--to is no place for photos"),
        ("s3://not-made-yet/clinic", 1, "no such bucket; make it"),
    ):
        refused = run(environment, "move-photos", "--to", place)
        assert refused.exit_code == status
        assert words in refused.stderr.splitlines()[-1]
        assert "sesame" not in refused.stderr
    with object_store.failing(saying("503 Service Unavailable", "SlowDown")):
        refused = run(environment, "move-photos", "--to", "s3://photos/clinic")
    assert "wait until it is back" in refused.stderr


def moved_with_deletion(environment: dict[str, str], to: str) -> dict[str, str]:
    """The environment after all photos were moved to a folder."""
    assert run(environment, "move-photos", "--to", to, "--delete-source").exit_code == 0
    return environment | {"AFTERGLOW_PHOTOS": to}


@pytest.mark.usefixtures("taken")
def test_photos_that_were_moved_and_copied_back_are_where_the_command_says(
    environment: dict[str, str], world: World, tmp_path: Path
) -> None:
    moved = moved_with_deletion(environment, str(tmp_path / "b"))
    assert run(moved, "move-photos", "--to", world.files.url).exit_code == 0
    assert "all 3 can be read" in run(environment, "doctor").stdout
    assert run(environment, "migrate").exit_code == 0
    refused = run(moved, "migrate")
    assert f"the photos are in {world.files.url} now; set AFTERGLOW_PHOTOS" in refused.stderr


def test_a_folder_of_photos_may_get_another_name_but_only_whole(
    environment: dict[str, str], world: World, taken: list[str], tmp_path: Path
) -> None:
    moved = moved_with_deletion(environment, str(tmp_path / "b"))
    renamed = (tmp_path / "b").rename(tmp_path / "c")
    photo = renamed / taken[0][:2] / taken[0]
    photo.rename(tmp_path / "lost")
    switched = environment | {"AFTERGLOW_PHOTOS": str(renamed)}
    mark = world.settings.data / "photos-moved"
    refused = run(switched, "migrate")
    assert refused.exit_code == 1
    assert f"So says {mark}: delete that file if it is wrong" in refused.stderr
    (tmp_path / "lost").rename(photo)
    assert run(switched, "migrate").exit_code == 0
    assert mark.read_text() == str(renamed)
    assert run(moved, "migrate").exit_code == 1
