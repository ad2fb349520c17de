"""Open a photo's file with no more pixels than its face needs."""

from typing import Final

from analysis.errors import Unmeasurable
from analysis.face.faces import FindFace
from analysis.face.grid import EYE_DISTANCE
from analysis.images import WORKING_EDGE, SrgbImage, decode_photo

_ENOUGH: Final = 1.5 * EYE_DISTANCE  # pixels between the pupils
_LONG_EDGE: Final = 1500  # of a halved photo; on a shorter one few faces are so large


def open_photo(data: bytes, find: FindFace, *, is_whole: bool = False) -> SrgbImage:
    """The photo for judging and measuring: halved if its face stays large enough.

    Grid and pictures have at most 256 pixels between the pupils, so of a photo from a phone three
    quarters of the pixels would be averaged away. Where no face is found in the smaller photo, none
    is found in the full one: both are searched at the same size. `is_whole` and errors are those of
    `decode_photo`.
    """
    small = decode_photo(data, _LONG_EDGE, is_whole=is_whole)
    if small.scale == 1:
        return small
    try:
        is_enough = find(small).eye_distance >= _ENOUGH
    except Unmeasurable:
        return small
    return small if is_enough else decode_photo(data, is_whole=True)


def open_again(data: bytes, scale: float) -> SrgbImage:
    """A photo that `open_photo` opened at this scale, which vouches that no row is missing."""
    return decode_photo(data, _LONG_EDGE if scale < 1 else WORKING_EDGE, is_whole=True)
