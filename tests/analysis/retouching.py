"""Photos of one person whose skin changes by a known amount: the truth for the tests.

The face is that of Eileen Collins in a public-domain NASA photo that ships with scikit-image.
"""

from functools import cache

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from analysis.face.faces import find_face
from analysis.face.grid import view_on_grid
from analysis.face.regions import Region, map_skin
from analysis.images import LinearImage, SrgbImage, decode_photo, encode_photo, to_linear, to_srgb
from analysis.light.skin_optics import BASELINE_BLOOD, log_rgb

MELANIN = 0.022  # of the person in the photo, by the hue of her skin
CHEEKS = frozenset({Region.LEFT_CHEEK, Region.RIGHT_CHEEK})


@cache
def portrait() -> SrgbImage:
    """A light face, 400 pixels wide, its neck covered, in front of a flag and a model shuttle."""
    astronaut: NDArray[np.uint8] = skimage.data.astronaut()
    cut = astronaut[:330].astype(np.float32) / 255
    enlarged = cv2.resize(cut, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    return SrgbImage(np.clip(enlarged, 0, 1).astype(np.float32))


def retouched(
    regions: frozenset[Region] = frozenset(),
    *,
    blood: float = 0.0,
    melanin: float = 0.0,
    light: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> SrgbImage:
    """The portrait with this many doublings in these regions, under another light.

    Stored as JPEG and decoded again, as a real photo is.
    """
    change = log_rgb(MELANIN * 2**melanin, BASELINE_BLOOD * 2**blood)
    change = change - log_rgb(MELANIN, BASELINE_BLOOD)
    factor = np.exp(_softly(regions)[..., np.newaxis] * change) * np.array(light)
    changed = to_linear(portrait()).pixels * factor.astype(np.float32)
    return decode_photo(encode_photo(to_srgb(LinearImage(changed))))


@cache
def _softly(regions: frozenset[Region]) -> NDArray[np.float32]:
    """The regions as the portrait shows them (h, w), 1 inside, with a soft edge outside."""
    view = view_on_grid(portrait(), find_face(portrait()))
    areas = map_skin(view).areas
    mask = np.zeros(view.covered.pixels.shape, np.float32)
    for region in regions:
        mask = np.maximum(mask, areas[region].pixels)
    spread = cv2.GaussianBlur(cv2.dilate(mask, np.ones((21, 21))), (0, 0), 4)
    return cv2.warpAffine(spread, view.to_photo.params[:2], portrait().size).astype(np.float32)


def turned(photo: SrgbImage, degrees: float, *, scale: float = 1.0) -> SrgbImage:
    """The photo turned about its centre, clockwise, and resized; beyond its edge it is repeated."""
    width, height = photo.size
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, scale)
    pixels = cv2.warpAffine(photo.pixels, turn, photo.size, borderMode=cv2.BORDER_REPLICATE)
    return SrgbImage(pixels.astype(np.float32))
