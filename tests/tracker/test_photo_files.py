from pathlib import Path

import pytest

from tracker.photo_files import PhotoFiles, PhotoMissing, Picture


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
    with pytest.raises(PhotoMissing, match="damaged"):
        files.load("abd", Picture.PHOTO)


def test_a_damaged_or_short_file_is_told_apart_from_a_missing_one(files: PhotoFiles) -> None:
    files.save("abc", Picture.PHOTO, b"alice")
    (path,) = stored(files)
    path.write_bytes(b"\0" * 5)
    with pytest.raises(PhotoMissing, match="damaged"):
        files.load("abc", Picture.PHOTO)
    with pytest.raises(PhotoMissing, match="not in the store"):
        files.load("abc", Picture.REDNESS)


def test_another_key_reads_nothing(files: PhotoFiles) -> None:
    files.save("abc", Picture.PHOTO, b"alice")
    with pytest.raises(PhotoMissing):
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
