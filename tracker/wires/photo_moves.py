"""Moving photos to another store: copied as they lie, compared by digest, then deleted."""

import errno
import hashlib
import secrets
from collections.abc import Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby

from tracker.wires.photo_files import MOST_STRAYS, PhotoFiles, TooManyStrays
from tracker.wires.places import UNFINISHED, Place, StoredFile

COPIES_AT_ONCE = 8
MOST_LOST = 20  # more are no damage to single photos: their folder is gone, or not mounted
HEAD_BYTES = 128  # with its size they tell what is encrypted from all else: a nonce is among them


class MoveRefused(Exception):  # noqa: N818  (a state of the places; the message names the remedy)
    """Photos cannot be moved there, or not yet; none was deleted."""


def copied(
    files: PhotoFiles, there: PhotoFiles, *, only_looks: bool = False, replaces: bool = True
) -> Iterator[tuple[int, bool]]:
    """Copy every file; the size of each in bytes, and whether it was missing there.

    It may be broken off and repeated, and files may change meanwhile. What arrives is read back and
    compared. A file that does not decrypt here replaces none there. With `only_looks` nothing is
    copied. Raises OSError, and MoveRefused for another file there that was written since; without
    `replaces`, which is for a place that has been the only whole one, for any other file.
    """
    whole = (file for file in files.stored() if not file.path.endswith(UNFINISHED))
    with ThreadPoolExecutor(COPIES_AT_ONCE) as threads:
        for top, group in groupby(whole, key=lambda file: file.path.partition("/")[0]):
            before = {file.path: file for file in there.place.files(top)}
            copy = partial(_copied, files, there, before, only_looks, replaces)
            yield from threads.map(copy, group)


def _copied(
    files: PhotoFiles,
    there: PhotoFiles,
    found: Mapping[str, StoredFile],
    only_looks: bool,
    replaces: bool,
    file: StoredFile,
) -> tuple[int, bool]:
    path, before, source, target = file.path, found.get(file.path), files.place, there.place
    if before is not None:
        head, head_there = (place.read(path, HEAD_BYTES) for place in (source, target))
        if before.size == file.size and head == head_there:
            return file.size, False
        if not files.opens(path):
            return file.size, False
        if not replaces or before.written_at > file.written_at:
            raise MoveRefused(
                f"{path} was written in {target.url} after it was written in {source.url}; was"
                " Afterglow used with that place? Then leave AFTERGLOW_PHOTOS there"
            )
    if not only_looks:
        _copy(source, target, path)
    return file.size, True


def _copy(source: Place, target: Place, path: str) -> None:
    target.write(path, source.read(path))
    if not _is_same(source, target, path):
        raise OSError(errno.EIO, f"{path} did not arrive whole in {target.url}")


def refuse_same(files: PhotoFiles, there: PhotoFiles) -> None:
    """Raise MoveRefused when both are one place under two addresses, such as two mounts of a disk.

    A file is written there, looked for here, and deleted: addresses do not tell.
    """
    path = f"probe-{secrets.token_hex(16)}"  # at the top, where no photo lies
    there.place.write(path, b"probe")
    try:
        is_same = files.place.has(path)
    finally:
        there.place.delete(path)
    if is_same:
        raise MoveRefused(f"{there.url} is the place where the photos are, under another name")


def refuse_strangers(files: PhotoFiles, there: PhotoFiles) -> None:
    """Raise MoveRefused when somebody else keeps photos there."""
    others = set(there.ids()) - set(files.ids())
    strange = [photo_id for photo_id in others if not there.is_under_present_key(photo_id)]
    if strange:
        raise MoveRefused(
            f"{there.url} holds {len(strange)} photos that are not this clinic's;"
            " name an empty place"
        )


def is_place_lost(lost: Set[str], photo_ids: Set[str]) -> bool:
    """Whether so many of these photos are `lost` that it must be their place, not the photos."""
    return len(lost) > MOST_LOST or lost == photo_ids != set()


def forget_erased(files: PhotoFiles, there: PhotoFiles, known: Set[str], is_moved: bool) -> None:
    """Delete photos that were copied there and are not among the `known` ones any more.

    Nothing is deleted, and MoveRefused raised, when many known photos are in neither place, or none
    is here although they were not moved (`is_moved`) before; TooManyStrays, when many photos here
    are not known.
    """
    lost = known - set(files.ids()) - set(there.ids())
    if is_place_lost(lost, known):
        raise MoveRefused(
            f"{len(lost)} of {len(known)} photos are neither in {files.url} nor in {there.url}; are"
            " both folders mounted?"
        )
    if known and not files.holds_photos() and not is_moved:
        raise MoveRefused(f"{files.url} holds no photo; is its folder mounted?")
    strays = set(files.ids()) - known
    if len(strays) > MOST_STRAYS:
        raise TooManyStrays(
            f"{len(strays)} photos have no row in the database; is it older than the photos?"
        )
    for photo_id in set(there.ids()) - known:
        there.delete(photo_id)


def delete_moved(files: PhotoFiles, there: PhotoFiles) -> None:
    """Delete each photo here, after each of its files had the same digest there.

    Files whose writing was broken off are no part of it and are deleted with it. A file that does
    not decrypt here is not missed where the one there does; one that does not decrypt there is
    copied again, once. Raises MoveRefused at the first photo of which that is not so, and OSError.
    """
    for photo_id in files.ids():
        paths = [file.path for file in files.place.files(f"{photo_id[:2]}/{photo_id}")]
        whole = (path for path in paths if not path.endswith(UNFINISHED))
        if not all(_is_kept(files, there, path) for path in whole):
            raise MoveRefused(f"photo {photo_id} is not whole in {there.url}; it was kept")
        files.delete(photo_id)


def _is_kept(files: PhotoFiles, there: PhotoFiles, path: str) -> bool:
    """Whether what lies at this path here is there, too, or is spoiled here and whole there.

    What is damaged there behind its head, which is all that copying looks at, is copied again.
    """
    try:
        is_same = _is_same(files.place, there.place, path)
    except FileNotFoundError:
        return False
    if is_same:
        return True
    is_whole, is_whole_there = files.opens(path), there.opens(path)
    if is_whole and not is_whole_there:
        _copy(files.place, there.place, path)
        return True
    return is_whole_there and not is_whole


def _is_same(one: Place, other: Place, path: str) -> bool:
    digests = [hashlib.sha256(place.read(path)).digest() for place in (one, other)]
    return digests[0] == digests[1]
