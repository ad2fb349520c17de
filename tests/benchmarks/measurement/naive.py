"""What today's tools do: the mean CIELAB a* of the face, as the photo shows it."""

from typing import Final

import cv2
import numpy as np

from analysis.face.faces import find_face
from analysis.images import SrgbImage

_HALF_WIDTH: Final = 0.5  # of the box, in face widths
_ABOVE, _BELOW = 0.35, 0.85  # of the middle between the pupils, in face widths


def mean_redness(photo: SrgbImage) -> float:
    """Mean a* (D65) over the box of the face."""
    face = find_face(photo)
    (x, y), width = face.centre, face.width
    rows = slice(max(int(y - _ABOVE * width), 0), int(y + _BELOW * width))
    columns = slice(max(int(x - _HALF_WIDTH * width), 0), int(x + _HALF_WIDTH * width))
    box = np.ascontiguousarray(photo.pixels[rows, columns])
    return float(cv2.cvtColor(box, cv2.COLOR_RGB2LAB)[..., 1].mean())
