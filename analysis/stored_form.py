"""The form in which an upload is judged, stored and measured."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from analysis.containers import jpeg
from analysis.containers.colours import adobe_rgb, in_srgb
from analysis.containers.contents import Contents
from analysis.containers.notes import Lost, Notes, read_notes
from analysis.containers.opening import FORMATS, decoding, open_container
from analysis.images import decode_photo, encode_photo, mirror_photo, turn_photo

_SAME_COLOUR: Final = 2  # codes of 8 bits by which a profile of sRGB may round


@dataclass(frozen=True, slots=True)
class StoredForm:
    """An upload as the plain JPEG that is judged, stored and measured, and what its file noted.

    `data` has no metadata but how the picture is turned. The notes are those of `SrgbImage`.
    """

    data: bytes
    captured_at: datetime | None = None
    lost: frozenset[Lost] = frozenset()
    is_turn_known: bool = False
    is_selfie: bool = False


def to_stored_form(data: bytes) -> StoredForm:
    """The upload as a plain JPEG: gate and measuring see the same pixels, those that are kept.

    A plain JPEG in sRGB keeps its own compressed pixels, and opening it shows whether it can be
    read. Everything else is decoded whole and encoded. Errors are those of `decode_photo`.
    """
    if data.startswith(jpeg.SIGNATURE):
        with decoding(data):
            plain = _plain_form(data)
        if plain is not None:
            return plain
    whole = decode_photo(data)
    notes = whole.captured_at, whole.lost, whole.is_turn_known, whole.is_selfie
    return StoredForm(encode_photo(whole), *notes)


def _plain_form(data: bytes) -> StoredForm | None:
    """A JPEG stripped of all but its pixels, if they still look the same; None for another one."""
    contents = open_container(data, is_whole=True)
    notes = read_notes(contents)
    stripped = jpeg.strip(data, notes.turn or 1)
    if stripped is None:
        return None
    open_container(data)  # what was stripped always ends well, so the upload itself must be whole
    lost = notes.lost
    if contents.profile or contents.colours or notes.is_adobe_rgb:
        is_srgb, has_lost_colours = _is_srgb(contents, notes)
        if not is_srgb:
            return None
        lost |= {Lost.COLOURS} if has_lost_colours else set()
    return StoredForm(stripped, notes.captured_at, lost, notes.is_turn_sure, notes.is_selfie)


def _is_srgb(contents: Contents, notes: Notes) -> tuple[bool, bool]:
    """Whether what a JPEG declares moves no colour, in general and of its own; and is broken.

    A profile may leave the colours of the cube alone and move those between them. So it is also
    tried on the photo, decoded at an eighth of its size, which is quick.
    """
    colours = contents.colours or (adobe_rgb() if notes.is_adobe_rgb else None)
    with Image.open(BytesIO(contents.picture), formats=FORMATS) as picture:
        picture.draft(None, (max(1, picture.width // 8), max(1, picture.height // 8)))
        every = Image.fromarray(_every_colour()).convert(picture.mode)
        for colour in (every, picture):
            managed, is_broken = in_srgb(colour, contents.profile, colours)
            gaps = cv2.absdiff(np.asarray(managed), np.asarray(colour.convert("RGB")))
            if gaps.max() > _SAME_COLOUR:
                return False, is_broken
    return True, is_broken


@cache
def _every_colour() -> NDArray[np.uint8]:
    """Colours (289, 17, 3) that fill the cube of 8 bits."""
    levels = np.linspace(0, 255, 17).astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    return np.ascontiguousarray(cube.reshape(-1, 17, 3))


def turn_stored_form(data: bytes, quarters: int, *, is_mirrored: bool) -> bytes:
    """The stored form turned by so many quarters, counter-clockwise, and then mirrored.

    It is encoded again, unless there is nothing to do.
    """
    if not quarters and not is_mirrored:
        return data
    turned = turn_photo(decode_photo(data, is_whole=True), quarters)
    return encode_photo(mirror_photo(turned) if is_mirrored else turned)
