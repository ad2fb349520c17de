"""Photos of real faces whose skin is changed by known amounts, also on darker skin of their own."""

from io import BytesIO
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from analysis import analyse_photo, decode_photo
from analysis.errors import Unmeasurable
from analysis.face.faces import find_face
from analysis.face.grid import view_on_grid
from analysis.face.regions import Region, map_skin
from analysis.images import LinearImage, SrgbImage, to_linear, to_srgb
from analysis.light.skin_optics import BASELINE_BLOOD, TONES
from analysis.scenes.shots import change_photo

_CHEEKS: Final = frozenset({Region.LEFT_CHEEK, Region.RIGHT_CHEEK})
_CHANGES: Final = ((0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (2.0, 0.0), (0.0, 0.585), (1.0, 0.585))
_LIGHTS: Final = ((1.0, 1.0, 1.0), (1.15, 1.0, 0.8), (0.8, 0.75, 0.8))
_OWN_MELANIN: Final = 0.022
_LONG_EDGE: Final = 1280  # pixels
_DARKER: Final = (TONES[1], *TONES[4:])


def rehearse_faces(folder: Path) -> str:
    """Both cheeks of every face in the folder, changed and measured under several lights."""
    rows = ["#### Real faces, retouched by the optics (cheeks; untreated skin as reference)\n"]
    rows += ["| photo | re-toned to ITA | readings | redness error | pigment error | in 95 % |"]
    rows += ["|---|---|---|---|---|---|"]
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() not in {".jpg", ".jpeg", ".png", ".heic", ".webp"}:
            continue
        photo = _reduced(decode_photo(file.read_bytes()))
        for tone in _DARKER:
            rows.append(_rehearse_face(file.name, photo, tone.melanin, tone.ita))
    return "\n".join(rows) + "\n"


def _reduced(photo: SrgbImage) -> SrgbImage:
    """The photo no larger than those of the rendered people."""
    scale = min(1.0, _LONG_EDGE / max(photo.size))
    pixels = cv2.resize(photo.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return SrgbImage(np.ascontiguousarray(pixels, np.float32))


def _rehearse_face(name: str, photo: SrgbImage, melanin: float, ita: float) -> str:
    whole = np.ones(photo.pixels.shape[:2], np.float32)
    pigment = float(np.log2(melanin / _OWN_MELANIN))
    own = (_OWN_MELANIN, BASELINE_BLOOD)
    toned = change_photo(to_linear(photo), whole, own, redness=0.0, pigment=pigment)
    try:
        coverage = _cheeks(photo)
        errors = [
            error
            for redness, darker in _CHANGES
            for light in _LIGHTS
            for error in _measure(toned, coverage, melanin, (redness, darker), light)
        ]
    except Unmeasurable as unmeasurable:
        return f"| {name} | {ita:.0f}° | not measurable: {unmeasurable.fault.value} | | | |"
    table = np.array(errors)
    redness, darker, inside = np.median(table[:, 0]), np.median(table[:, 1]), table[:, 2].mean()
    return f"| {name} | {ita:.0f}° | {len(table)} | {redness:.2f} | {darker:.2f} | {inside:.0%} |"


def _measure(
    toned: LinearImage,
    coverage: NDArray[np.float32],
    melanin: float,
    change: tuple[float, float],
    light: tuple[float, float, float],
) -> list[tuple[float, float, bool]]:
    redness, pigment = change
    skin = (melanin, BASELINE_BLOOD)
    changed = change_photo(toned, coverage, skin, redness=redness, pigment=pigment)
    lit = LinearImage(np.clip(changed.pixels * np.array(light, np.float32), 0, 1))
    analysis = analyse_photo(_as_jpeg(to_srgb(lit)), _as_jpeg(to_srgb(toned)), _CHEEKS)
    return [
        (
            abs(read.redness.value - redness),
            abs(read.pigment.value - pigment),
            abs(read.redness.value - redness) < 1.96 * read.redness.sd,
        )
        for region, read in analysis.regions.items()
        if region in _CHEEKS
    ]


def _cheeks(photo: SrgbImage) -> NDArray[np.float32]:
    view = view_on_grid(photo, find_face(photo))
    areas = map_skin(view).areas
    mask = np.maximum.reduce([areas[cheek].pixels.astype(np.float32) for cheek in _CHEEKS])
    spread = cv2.GaussianBlur(cv2.dilate(mask, np.ones((21, 21))), (0, 0), 4)
    return cv2.warpAffine(spread, view.to_photo.params[:2], photo.size).astype(np.float32)


def _as_jpeg(image: SrgbImage) -> SrgbImage:
    encoded = BytesIO()
    codes = np.rint(image.pixels * 255).astype(np.uint8)
    Image.fromarray(codes).save(encoded, "JPEG", quality=90)
    return decode_photo(encoded.getvalue())
