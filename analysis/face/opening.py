"""Open a photo's file with no more pixels than its face needs, and find that face once."""

from typing import Final

from analysis.errors import Unmeasurable
from analysis.face.faces import Face, FindFace
from analysis.face.registration import EYE_DISTANCE
from analysis.images import SrgbImage, decode_photo

_ENOUGH: Final = 1.5 * EYE_DISTANCE  # pixels between the pupils
_LONG_EDGE: Final = 1500  # of a halved photo; on a shorter one few faces are so large


class KnownFaces:
    """A finder that looks at every picture once, by the finder it is made from."""

    def __init__(self, find: FindFace) -> None:
        self._find = find
        self._found: dict[SrgbImage, Face | Unmeasurable] = {}

    def __call__(self, photo: SrgbImage) -> Face:
        """The one face in the photo; raises `Unmeasurable` as the finder does."""
        if photo not in self._found:
            try:
                self._found[photo] = self._find(photo)
            except Unmeasurable as verdict:
                self._found[photo] = verdict
        found = self._found[photo]
        if isinstance(found, Unmeasurable):
            raise found
        return found


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
