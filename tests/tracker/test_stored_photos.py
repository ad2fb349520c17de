"""Photos in an object store: few requests, nothing lost by trouble of the store."""

import pickle
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tracker.object_store import (
    ObjectStore,
    Start,
    object_store,
    saying,
)
from tracker.wires.photo_files import STRAY_AFTER, PhotoDamaged, PhotoFiles, PhotoMissing, Picture
from tracker.wires.places import PlaceUnreachable

__all__ = ["object_store"]


@pytest.fixture
def files(object_store: ObjectStore) -> PhotoFiles:
    return PhotoFiles(object_store.bucket(), b"k" * 32)


def test_a_photo_costs_few_requests_and_no_listing(
    files: PhotoFiles, object_store: ObjectStore
) -> None:
    files.save("abc", Picture.PHOTO, b"a face")
    assert object_store.asked == {"GET": 1, "PUT": 2}  # is there a key? the key, the photo
    object_store.asked.clear()
    for picture in set(Picture) - {Picture.PHOTO}:
        files.save("abc", picture, picture.encode())
    files.save_known("abc", b"key points")
    assert object_store.asked == {"GET": 7, "PUT": 7}
    object_store.asked.clear()
    assert files.load("abc", Picture.PHOTO) == b"a face"
    assert files.known("abc") == b"key points"
    assert object_store.asked == {
        "GET": 4
    }  # the key each time: a person who is erased is erased at once
    object_store.asked.clear()
    files.delete("abc")
    assert object_store.asked == {"DELETE": 10}
    assert object_store.objects(files.url) == []


def test_what_lies_in_the_store_shows_no_photo(
    files: PhotoFiles, object_store: ObjectStore
) -> None:
    files.save("abc", Picture.PHOTO, b"a face")
    store = object_store.look()
    lies = [store.cat_file(f"{files.url}/{path}") for path in object_store.objects(files.url)]
    assert object_store.objects(files.url) == ["ab/abc/key", "ab/abc/photo"]
    assert not any(b"face" in each for each in lies)


def test_trouble_of_the_store_is_no_missing_photo(
    files: PhotoFiles, object_store: ObjectStore
) -> None:
    files.save("abc", Picture.PHOTO, b"a face")
    with pytest.raises(PhotoMissing):
        files.load("abd", Picture.PHOTO)
    for code in ("NoSuchBucket", "AccessDenied", "InvalidAccessKeyId"):
        with object_store.failing(saying("404 Not Found", code)):
            with pytest.raises(PlaceUnreachable):
                files.load("abc", Picture.PHOTO)
            with pytest.raises(PlaceUnreachable):
                files.save("abd", Picture.PHOTO, b"bob")
            assert files.known("abc") == b""
    assert files.load("abc", Picture.PHOTO) == b"a face"
    assert files.ids() == ["abc"]


def test_whose_deletion_breaks_off_cannot_be_read_and_is_deleted_the_next_time(
    files: PhotoFiles, object_store: ObjectStore
) -> None:
    files.save("abc", Picture.PHOTO, b"a face")
    refused = saying("403 Forbidden", "AccessDenied")

    def after_one(environ: dict[str, Any], start: Start) -> Iterable[bytes] | None:
        return refused(environ, start) if object_store.asked["DELETE"] > 1 else None

    with object_store.failing(after_one), pytest.raises(PlaceUnreachable):
        files.delete("abc")
    assert object_store.objects(files.url) == ["ab/abc/photo"]
    later = datetime.now(UTC) + STRAY_AFTER
    assert files.sweep(lambda ids: ids, later, nullcontext) == ["abc"]
    assert object_store.objects(files.url) == []


def test_one_photo_is_read_on_another_machine_with_its_own_key_alone(
    files: PhotoFiles, object_store: ObjectStore
) -> None:
    for photo_id, face in (("abc", b"a face"), ("abd", b"another face")):
        files.save(photo_id, Picture.PHOTO, face)
    passed = pickle.loads(pickle.dumps(files.one("abc")))  # noqa: S301 (ours)
    object_store.asked.clear()
    assert passed.load(Picture.PHOTO) == b"a face"
    assert object_store.asked == {"GET": 1}
    with pytest.raises(PhotoMissing):
        passed.load(Picture.REDNESS)
    with pytest.raises(PhotoDamaged):
        replace(passed, photo_id="abd").load(Picture.PHOTO)
    assert "key" not in repr(passed)


def test_keys_pass_to_another_secret(files: PhotoFiles) -> None:
    files.save("abc", Picture.PHOTO, b"a face")
    later = PhotoFiles(files.url, b"n" * 32, older=(files.key,))
    assert [later.renew(each) for each in later.ids()] == [True]
    assert not later.renew("abc")
    assert later.has_own_keys("abc")
    assert not files.has_own_keys("abc")
    assert PhotoFiles(files.url, b"n" * 32).load("abc", Picture.PHOTO) == b"a face"


def test_a_backup_asks_for_the_list_the_key_and_each_picture_once(
    files: PhotoFiles, object_store: ObjectStore
) -> None:
    for picture in Picture:
        files.save("abc", picture, picture.encode())
    object_store.asked.clear()
    marks = files.marks("abc")
    assert list(marks) == sorted(Picture)
    assert object_store.asked == {"LIST": 1, "GET": len(Picture) + 1}
    files.save("abc", Picture.REDNESS, b"another map")
    later = files.marks("abc")
    assert [each for each in Picture if later[each] != marks[each]] == [Picture.REDNESS]
