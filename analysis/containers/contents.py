"""What a file of a photo holds: the picture, and the notes about it, apart from each other.

The notes are only copied out here. Damage in them never keeps the picture from being decoded.
"""

from dataclasses import dataclass
from typing import Final

from analysis.containers.colours import Colours


@dataclass(frozen=True, slots=True)
class Contents:
    """A file taken apart.

    `picture` is the file in its own format without its notes, complete as far as rows were found.
    `exif` are TIFF structures in the order in which they stand; `profile` is an ICC profile, which
    comes before `colours`, the colours that the container itself names. `turns_itself` tells that
    the format turns the picture without EXIF, whose turn is then void. `tells_by_last_block` says
    that the decoded picture shows whether rows are missing; see `jpeg.may_lack_rows`.
    """

    picture: bytes
    exif: tuple[bytes, ...] = ()
    xmp: bytes = b""
    profile: bytes | None = None
    colours: Colours | None = None
    is_moving: bool = False
    turns_itself: bool = False
    tells_by_last_block: bool = False


EXIF_MARK: Final = b"Exif\0\0"


def tiff_of(exif: bytes) -> bytes:
    """The TIFF structure of an EXIF block; some writers put the mark of JPEG before it."""
    return exif.removeprefix(EXIF_MARK)
