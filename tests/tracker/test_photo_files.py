import errno
import os
from collections.abc import Callable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tracker.wires.photo_files import (
    KEY_FILE,
    MOST_STRAYS,
    STRAY_AFTER,
    PhotoDamaged,
    PhotoFiles,
    PhotoMissing,
    Picture,
    TooManyStrays,
)
from tracker.wires.places import _write_whole


@pytest.fixture
def files(tmp_path: Path) -> PhotoFiles:
    return PhotoFiles(str(tmp_path / "photos"), b"k" * 32)


def stored(files: PhotoFiles) -> list[Path]:
    """The files of pictures; keys lie next to them."""
    paths = Path(files.url).rglob("*")
    return [path for path in paths if path.is_file() and path.name != KEY_FILE]


def key_file(files: PhotoFiles, photo_id: str) -> Path:
    return Path(files.url) / photo_id[:2] / photo_id / KEY_FILE


def stored_before_keys(files: PhotoFiles, photo_id: str, picture: Picture, data: bytes) -> Path:
    """A picture as it was stored when the clinic's key encrypted all of them."""
    path = Path(files.url) / photo_id[:2] / photo_id / picture
    path.parent.mkdir(parents=True, exist_ok=True)
    nonce = b"n" * 12
    sealed = AESGCM(files.key).encrypt(nonce, data, f"{photo_id}/{picture}".encode())
    path.write_bytes(nonce + sealed)
    return path


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
    assert list(Path(files.url).glob("*/*/*")) == []


def test_a_photo_cannot_be_read_without_its_own_key(files: PhotoFiles) -> None:
    files.save("abc", Picture.PHOTO, b"alice")
    files.save("abd", Picture.PHOTO, b"bob")
    key_file(files, "abc").write_bytes(key_file(files, "abd").read_bytes())
    with pytest.raises(PhotoDamaged, match="key of photo abc"):
        files.load("abc", Picture.PHOTO)
    key_file(files, "abc").unlink()
    with pytest.raises(PhotoDamaged, match="key of photo abc is not in the store"):
        files.load("abc", Picture.PHOTO)
    assert files.load("abd", Picture.PHOTO) == b"bob"


def test_a_photo_that_comes_again_mends_a_damaged_key(files: PhotoFiles) -> None:
    files.save("abc", Picture.PHOTO, b"alice")
    key_file(files, "abc").write_bytes(b"rubbish")
    with pytest.raises(PhotoDamaged):
        files.save("abc", Picture.REDNESS, b"a heat map of a photo that cannot be read")
    files.save("abc", Picture.PHOTO, b"alice")
    assert files.load("abc", Picture.PHOTO) == b"alice"


def test_photos_from_before_keys_are_read_and_get_a_key_however_often_that_is_broken_off(
    files: PhotoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = stored_before_keys(files, "abc", Picture.PHOTO, b"alice")
    stored_before_keys(files, "abc", Picture.REDNESS, b"map")
    files.save("abc", Picture.PIGMENT, b"new map")
    before = old.read_bytes()
    for survives in (1, 0):
        writes = iter(range(9))

        def die(
            *arguments: object,
            writes: Iterator[int] = writes,
            survives: int = survives,
            **options: object,
        ) -> bool:
            if next(writes) == survives:
                raise KeyboardInterrupt
            return _write_whole(*arguments, **options)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr("tracker.wires.places._write_whole", die)
            with pytest.raises(KeyboardInterrupt):
                files.renew("abc")
        assert files.load("abc", Picture.PHOTO) == b"alice"
        assert files.load("abc", Picture.REDNESS) == b"map"
    assert files.renew("abc")
    assert not files.renew("abc")
    assert old.read_bytes() != before
    assert [files.load("abc", each) for each in files.pictures("abc")] == [
        b"alice",
        b"map",
        b"new map",
    ]


def test_a_lost_key_is_not_replaced_by_one_that_opens_nothing(files: PhotoFiles) -> None:
    files.save("abc", Picture.PHOTO, b"alice")
    key_file(files, "abc").unlink()
    with pytest.raises(PhotoDamaged, match="key of photo abc is not in the store"):
        files.renew("abc")
    with pytest.raises(PhotoMissing):
        files.renew("abd")
    assert not key_file(files, "abc").exists()
    assert files.ids() == ["abc"]


def test_keys_pass_to_another_secret_and_the_old_one_reads_nothing_more(files: PhotoFiles) -> None:
    files.save("abc", Picture.PHOTO, b"alice")
    stored_before_keys(files, "abd", Picture.PHOTO, b"bob")
    later = PhotoFiles(files.url, b"n" * 32, older=(files.key,))
    assert [later.load(each, Picture.PHOTO) for each in later.ids()] == [b"alice", b"bob"]
    assert [later.renew(each) for each in later.ids()] == [True, True]
    without_the_old = PhotoFiles(files.url, b"n" * 32)
    assert without_the_old.load("abc", Picture.PHOTO) == b"alice"
    assert without_the_old.load("abd", Picture.PHOTO) == b"bob"
    for each in files.ids():
        with pytest.raises(PhotoDamaged, match="another secret"):
            files.load(each, Picture.PHOTO)


def test_two_that_store_the_first_pictures_of_a_photo_agree_on_its_key(files: PhotoFiles) -> None:
    with ThreadPoolExecutor(8) as threads:
        for number in range(5):
            saves = [
                threads.submit(files.save, f"photo-{number}", each, str(each).encode())
                for each in Picture
            ]
            assert [save.result() for save in saves] == [None] * len(Picture)
            for each in Picture:
                assert files.load(f"photo-{number}", each) == str(each).encode()


def test_a_write_that_fails_leaves_nothing_behind(
    files: PhotoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    files.save("abc", Picture.REDNESS, b"one")
    with monkeypatch.context() as patch:
        patch.setattr("tracker.wires.places.os.fsync", full)
        with pytest.raises(OSError, match="no space"):
            files.save("abc", Picture.PHOTO, b"one")
    assert [path.name for path in stored(files)] == ["redness"]


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
    assert files.sweep(all_but("kept"), NOW, nullcontext) == ["stray"]
    assert sorted(stored(files)) == sorted([kept, fresh])


def test_writing_that_broke_off_is_swept(files: PhotoFiles) -> None:
    kept = saved(files, "kept", OLD)
    for name, at in (("photo.0a1b.part", OLD), ("photo.2c3d.part", FRESH)):
        part = kept.with_name(name)
        part.write_bytes(b"half a face")
        os.utime(part, (at.timestamp(), at.timestamp()))
    files.sweep(all_but("kept"), NOW, nullcontext)
    assert sorted(path.name for path in stored(files)) == ["photo", "photo.2c3d.part"]


def test_a_database_older_than_the_photos_deletes_none_of_them(files: PhotoFiles) -> None:
    for number in range(MOST_STRAYS + 1):
        saved(files, f"{number:02}-stray", OLD)
    with pytest.raises(TooManyStrays, match=r"21 photos.*Restore both"):
        files.sweep(all_but(), NOW, nullcontext)
    assert len(stored(files)) == MOST_STRAYS + 1
