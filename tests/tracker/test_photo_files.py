import os
from collections.abc import Callable, Set
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tracker.wires.photo_files import (
    MOST_STRAYS,
    STRAY_AFTER,
    PhotoDamaged,
    PhotoFiles,
    PhotoMissing,
    Picture,
    TooManyStrays,
)


@pytest.fixture
def files(tmp_path: Path) -> PhotoFiles:
    return PhotoFiles(str(tmp_path / "photos"), b"k" * 32)


def stored(files: PhotoFiles) -> list[Path]:
    return [path for path in Path(files.url).rglob("*") if path.is_file()]


def test_what_was_saved_comes_back_and_lies_encrypted(files: PhotoFiles) -> None:
    files.save("abc", Picture.PHOTO, b"a face")
    assert files.load("abc", Picture.PHOTO) == b"a face"
    (path,) = stored(files)
    assert b"face" not in path.read_bytes()


def test_a_picture_moved_to_another_photo_is_not_read(files: PhotoFiles) -> None:
    files.save("abc", Picture.PHOTO, b"alice")
    files.save("abd", Picture.PHOTO, b"bob")
    alice, bob = sorted(stored(files))
    bob.write_bytes(alice.read_bytes())
    with pytest.raises(PhotoDamaged, match="damaged"):
        files.load("abd", Picture.PHOTO)


def test_a_damaged_or_short_file_is_told_apart_from_a_missing_one(files: PhotoFiles) -> None:
    files.save("abc", Picture.PHOTO, b"alice")
    (path,) = stored(files)
    path.write_bytes(b"\0" * 5)
    with pytest.raises(PhotoDamaged, match="damaged"):
        files.load("abc", Picture.PHOTO)
    with pytest.raises(PhotoMissing, match="not in the store"):
        files.load("abc", Picture.REDNESS)


def test_another_key_reads_nothing(files: PhotoFiles) -> None:
    files.save("abc", Picture.PHOTO, b"alice")
    with pytest.raises(PhotoDamaged):
        PhotoFiles(files.url, b"x" * 32).load("abc", Picture.PHOTO)


def test_saving_again_replaces_and_leaves_nothing_unfinished(files: PhotoFiles) -> None:
    files.save("abc", Picture.PHOTO, b"one")
    files.save("abc", Picture.PHOTO, b"two")
    assert files.load("abc", Picture.PHOTO) == b"two"
    assert len(stored(files)) == 1


def test_deleting_removes_every_picture_and_may_be_repeated(files: PhotoFiles) -> None:
    files.save("abc", Picture.PHOTO, b"one")
    files.save("abc", Picture.REDNESS, b"two")
    files.delete("abc")
    files.delete("abc")
    assert stored(files) == []


NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
OLD, FRESH = NOW - STRAY_AFTER, NOW - STRAY_AFTER + timedelta(minutes=1)


def all_but(*known: str) -> Callable[[Set[str]], Set[str]]:
    def unknown(ids: Set[str]) -> Set[str]:
        return ids - set(known)

    return unknown


def saved(files: PhotoFiles, photo_id: str, at: datetime) -> Path:
    files.save(photo_id, Picture.PHOTO, b"a face")
    path = Path(files.url) / photo_id[:2] / photo_id / Picture.PHOTO
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def test_a_file_that_no_row_refers_to_is_swept_and_no_other(files: PhotoFiles) -> None:
    kept = saved(files, "kept", OLD)
    saved(files, "stray", OLD)
    fresh = saved(files, "under-way", FRESH)
    assert files.sweep(all_but("kept"), NOW) == ["stray"]
    assert sorted(stored(files)) == sorted([kept, fresh])


def test_writing_that_broke_off_is_swept(files: PhotoFiles) -> None:
    kept = saved(files, "kept", OLD)
    for name, at in (("photo.0a1b.part", OLD), ("photo.2c3d.part", FRESH)):
        part = kept.with_name(name)
        part.write_bytes(b"half a face")
        os.utime(part, (at.timestamp(), at.timestamp()))
    files.sweep(all_but("kept"), NOW)
    assert sorted(path.name for path in stored(files)) == ["photo", "photo.2c3d.part"]


def test_a_database_older_than_the_photos_deletes_none_of_them(files: PhotoFiles) -> None:
    for number in range(MOST_STRAYS + 1):
        saved(files, f"{number:02}-stray", OLD)
    with pytest.raises(TooManyStrays, match=r"21 photos.*Restore both"):
        files.sweep(all_but(), NOW)
    assert len(stored(files)) == MOST_STRAYS + 1
