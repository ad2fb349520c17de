"""Copies for teaching: the eyes covered, so that a face is hard to recognise."""

import cv2
import numpy as np

from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import Face, FindFace
from analysis.images import SrgbImage

# In distances between the pupils: how far the bar goes beyond each pupil, above and below them.
BEYOND, ABOVE, BELOW = 0.65, 0.5, 0.35
BAR = (32, 32, 32)


def mask_eyes(photo: SrgbImage, find: FindFace) -> SrgbImage:
    """The upright photo with an opaque bar over both eyes and brows, in its pixels.

    Raises Unmeasurable where that is not sure: as `find` does, and with `OCCLUDED` where an eye was
    not found, or a face with eyes is still found afterwards: it may be somebody in the background,
    whom `find` does not count next to a larger face. No photo leaves without its bar.
    """
    face = find(photo)
    if face.eyes_seen < 2:
        raise Unmeasurable(Fault.OCCLUDED, f"{face.eyes_seen} eyes seen")
    covered = photo.codes.copy()
    cv2.fillConvexPoly(covered, bar_over(face).round().astype(np.int32), BAR)
    masked = SrgbImage(covered)
    if _sees_eyes(masked, find):
        raise Unmeasurable(Fault.OCCLUDED, "eyes are seen next to the bar")
    return masked


def bar_over(face: Face) -> np.ndarray:
    """The corners of the bar, (4, 2) pixels: an oblong that is turned with the eyes."""
    left, right = (np.array(eye, dtype=float) for eye in face.eyes)
    along = right - left
    down = np.array([-along[1], along[0]])
    ends = (left - BEYOND * along, right + BEYOND * along)
    return np.array(
        [
            ends[0] - ABOVE * down,
            ends[1] - ABOVE * down,
            ends[1] + BELOW * down,
            ends[0] + BELOW * down,
        ]
    )


def _sees_eyes(photo: SrgbImage, find: FindFace) -> bool:
    """Whether a face with eyes is left; several faces are as bad as one."""
    try:
        return find(photo).eyes_seen > 0
    except Unmeasurable as verdict:
        return verdict.fault is Fault.SEVERAL_FACES
