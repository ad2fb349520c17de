"""What a file notes about its photo, part by part: damage to one part costs no other."""

import re
import struct
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from PIL.ExifTags import IFD, Base

from analysis.containers.contents import Contents

_TURNS: Final = range(1, 9)
_NOT_SRGB: Final = (2, 0xFFFF)  # values of ColorSpace with which R03 means Adobe RGB
_INTEROP_INDEX: Final = 1
_XMP_TURN: Final = re.compile(rb"tiff:Orientation(?:=[\"']|>)([1-8])")
# The moment of exposure first; the last is rewritten by programs that change the picture.
_TIMES: Final = (
    (Base.DateTimeOriginal, Base.OffsetTimeOriginal),
    (Base.DateTimeDigitized, Base.OffsetTimeDigitized),
    (Base.DateTime, Base.OffsetTime),
)
# How phones name the lens on the screen's side, and programs that take photos of their own user.
_SELFIE: Final = re.compile(r"\bfront\b|\bselfie\b|truedepth|photo booth", re.IGNORECASE)
_NO_CLOCK: Final = re.compile(r"[0: ]*")
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 13: 4}  # bytes of the types that are read
_ENDS: Final = {b"II": "<", b"MM": ">"}


class Lost(StrEnum):
    """A part of the notes that is there and cannot be read; it counts as absent."""

    TIME = "file_time_lost"
    TURN = "file_turn_lost"
    COLOURS = "file_colours_lost"


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes about a photo.

    `captured_at` is naive where the camera gave no offset. `turn` is EXIF's, 1 to 8, None where
    nothing tells it; `is_turn_sure` where it is told and no two blocks differ. `is_adobe_rgb`
    counts only without a profile. `is_selfie` where lens or program belong to a front camera.
    """

    captured_at: datetime | None
    turn: int | None
    is_turn_sure: bool
    is_adobe_rgb: bool
    lost: frozenset[Lost]
    is_selfie: bool = False


def read_notes(contents: Contents) -> Notes:
    """Everything that can be read of the notes; of several blocks the last that tells a thing."""
    blocks = [_Block(tiff) for tiff in contents.exif]
    times = [block.captured_at for block in blocks if block.captured_at is not None]
    turns = [block.turn for block in blocks if block.turn is not None]
    if not turns and (found := _XMP_TURN.search(contents.xmp)):
        turns = [int(found[1])]
    lost: set[Lost] = set()
    if not times and any(block.has_lost_time for block in blocks):
        lost.add(Lost.TIME)
    if not turns and not contents.turns_itself and any(block.has_lost_turn for block in blocks):
        lost.add(Lost.TURN)
    return Notes(
        times[-1] if times else None,
        turns[-1] if turns and not contents.turns_itself else None,
        len(set(turns)) == 1,
        any(block.is_adobe_rgb for block in blocks),
        frozenset(lost),
        any(block.is_selfie for block in blocks),
    )


class _Block:
    """One EXIF block (TIFF 6.0, CIPA DC-008): the few fields that are needed, each by itself."""

    def __init__(self, tiff: bytes) -> None:
        self._tiff = tiff
        self._end = _ENDS.get(tiff[:2], "<")
        main = self._fields(4)
        details = self._fields_at(main, IFD.Exif)
        interop = self._fields_at(details or {}, IFD.Interop)
        every = {**(main or {}), **(details or {})}
        self.captured_at = next((t for names in _TIMES if (t := _time(every, *names))), None)
        told = [_text(every, name) for name, _ in _TIMES if name in every]
        is_cut = main is None or (IFD.Exif in main and details is None)
        is_damaged = any(_NO_CLOCK.fullmatch(text) is None for text in told)
        self.has_lost_time = self.captured_at is None and (is_cut or is_damaged)
        turn = (main or {}).get(Base.Orientation)
        self.turn = turn if isinstance(turn, int) and turn in _TURNS else None
        is_told = main is None or Base.Orientation in main
        self.has_lost_turn = self.turn is None and is_told and turn != 0  # 0: "unknown"
        named = (_text(every, name) for name in (Base.LensModel, Base.Software))
        self.is_selfie = any(_SELFIE.search(text) for text in named)
        self.is_adobe_rgb = (
            every.get(Base.ColorSpace) in _NOT_SRGB
            and _text(interop or {}, _INTEROP_INDEX) == "R03"
        )

    def _fields_at(
        self, fields: dict[int, int | bytes] | None, pointer: int
    ) -> dict[int, int | bytes] | None:
        """The directory that a field points to; None where there is none that can be read."""
        place = (fields or {}).get(pointer)
        return self._fields(place) if isinstance(place, int) else None

    def _fields(self, place: int) -> dict[int, int | bytes] | None:
        """Numbers and texts by tag; `place` 4 is where the head points to the first directory.

        A field that is cut off is an empty text. None where the directory cannot be read.
        """
        try:
            if place == 4:
                (place,) = struct.unpack_from(f"{self._end}4xI", self._tiff)
            (count,) = struct.unpack_from(f"{self._end}H", self._tiff, place)
        except struct.error:
            return None
        fields: dict[int, int | bytes] = {}
        if count == 0 and place >= 8 and not any(self._tiff[place:]):
            return fields  # programs that clear the notes leave an empty directory and no more
        for at in range(place + 2, min(place + 2 + 12 * count, len(self._tiff) - 11), 12):
            tag, kind, number = struct.unpack_from(f"{self._end}HHI", self._tiff, at)
            fields.setdefault(tag, self._value(at + 8, kind, number))
        return fields or None

    def _value(self, at: int, kind: int, number: int) -> int | bytes:
        size = _SIZES.get(kind, 0) * number
        if size > 4:
            (at,) = struct.unpack_from(f"{self._end}I", self._tiff, at)
        value = self._tiff[at : at + size]
        if size == 0 or len(value) < size:
            return b""
        if kind in (3, 4, 13) and number == 1:
            return int.from_bytes(value, "little" if self._end == "<" else "big")
        return value


def _text(fields: dict[int, int | bytes], tag: int) -> str:
    value = fields.get(tag, b"")
    return value.decode("latin-1").strip("\0 ") if isinstance(value, bytes) else ""


def _time(fields: dict[int, int | bytes], time: int, offset: int) -> datetime | None:
    taken = _text(fields, time)
    for text, layout in (
        (taken + _text(fields, offset), "%Y:%m:%d %H:%M:%S%z"),
        (taken, "%Y:%m:%d %H:%M:%S"),
    ):
        try:
            return datetime.strptime(text, layout)  # noqa: DTZ007  (cameras often know no offset)
        except ValueError:
            continue  # the next, plainer layout
    return None
