"""The reference card: find it in a photo, read its patches, see whether a light changed them.

The card's own appearance in the *baseline* photo is the target, so what a printer made of the inks
cancels; only how lamp and camera changed the card since then is left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from analysis.card.layout import CARD_SIZE_MM, PATCHES, Field
from analysis.card.locator import CardTrouble, Unusable, card_edge, locate_card, mapped
from analysis.images import LinearImage, Mask, SrgbImage, to_linear, to_srgb
from analysis.robust import robust_sd

Floats = NDArray[np.float64]

FEWEST_PATCHES: Final = 12
LARGEST_RESIDUAL: Final = 2.0  # ΔE00 left on patches the fit did not see; one print leaves ≤ 1.3
_FLAT_PIXELS_PER_MM: Final = 6.0  # of the flattened card
_CORE: Final = 0.56  # of a patch's edge is read; the rim is blur and misplacement
_FEWEST_PIXELS: Final = 6.0  # of the photo under a patch's core
_CLIPPED: Final = (0.002, 0.955)
_FEW_CLIPPED: Final = 0.02  # of a patch's pixels
_UNEVEN: Final = 0.16  # log units between the quarters of a patch that glare or a shadow leaves
_NOISE_FLOOR: Final = 0.01  # linear light added before quarters of dark patches are compared
_OUTLIER: Final = 4.0  # robust spreads


@dataclass(frozen=True, slots=True, eq=False)
class CardReading:
    """A card as one photo shows it.

    `colours` (n, 3) linear RGB of every patch of the layout, `good` (n,) those that neither clip
    nor shine nor lie in a shadow's edge; `to_photo` (3, 3) leads from millimetres on the card to
    pixels of the photo; `width` is the card's share of the frame's width.
    """

    colours: Floats
    good: NDArray[np.bool_]
    to_photo: Floats
    width: float


def read_card(photo: SrgbImage) -> CardReading:
    """Find the card in a photo, mirrored or not, and read its patches; raises `Unusable`."""
    return read_patches(photo, locate_card(photo))


def read_patches(photo: SrgbImage, to_photo: Floats) -> CardReading:
    """Read the patches of a card that `locate_card` found; raises `Unusable`."""
    width = card_edge(to_photo) / photo.size[0]
    _check_scale(to_photo, width)
    flat = _flattened(photo, to_photo)
    colours = np.full((len(PATCHES), 3), np.nan)
    good = np.zeros(len(PATCHES), np.bool_)
    for index, patch in enumerate(PATCHES):
        encoded = _core_pixels(flat, patch)
        if encoded.min() < 0:  # beyond the frame
            continue
        light = to_linear(SrgbImage(encoded)).pixels.astype(np.float64)
        colours[index] = np.median(light.reshape(-1, 3), axis=0)
        good[index] = _is_clean(light)
    if np.count_nonzero(good) < FEWEST_PATCHES:
        raise Unusable(CardTrouble.TOO_FEW_PATCHES, f"{np.count_nonzero(good)} are clean")
    return CardReading(colours, good, to_photo, width)


def is_covered(to_photo: Floats, positions: NDArray[np.float32], margin_mm: float) -> Mask:
    """Which of the `positions` (h, w, 2), in pixels of the photo, the card hides with a margin."""
    width, height = CARD_SIZE_MM
    to_card = np.linalg.inv(to_photo).astype(np.float64)
    flat = positions.reshape(-1, 2).astype(np.float64)
    scale = np.column_stack([flat, np.ones(len(flat))]) @ to_card[2]
    # The plane's horizon: beyond it points come back mirrored through infinity.
    before = (
        scale * (np.array([*mapped(to_photo, np.array([CARD_SIZE_MM]) / 2)[0], 1.0]) @ to_card[2])
        > 0
    )
    x, y = mapped(to_card, flat).T
    inside = (x > -margin_mm) & (x < width + margin_mm)
    inside &= (y > -margin_mm) & (y < height + margin_mm)
    return Mask((inside & before).reshape(positions.shape[:2]))


def misfit_of_light(today: CardReading, baseline: CardReading) -> float:
    """How badly any light and camera explain the card's change: median ΔE00 on left-out patches.

    Plain 3×3 or root polynomials of degree 2 (Finlayson 2015), whichever predicts patches left out
    of its fit better. Light that falls unevenly over the card is fitted as a plane of log light.
    Raises `Unusable` above `LARGEST_RESIDUAL`: another print, or tones that a phone bent.
    """
    usable = today.good & baseline.good
    usable[usable] = _agrees(today.colours[usable], baseline.colours[usable])
    if np.count_nonzero(usable) < FEWEST_PATCHES:
        raise Unusable(CardTrouble.TOO_FEW_PATCHES, f"{np.count_nonzero(usable)} are clean")
    seen, wanted = today.colours[usable], baseline.colours[usable]
    places = np.array([patch.centre for patch in PATCHES])[usable]
    residual = min(
        _colour_difference(_predict_left_out(seen, wanted, places, expand), wanted)
        for expand in (_plain, _root_polynomial)
    )
    if residual > LARGEST_RESIDUAL:
        raise Unusable(CardTrouble.HIGH_RESIDUAL, f"ΔE00 {residual:.1f}")
    return residual


def _flattened(photo: SrgbImage, to_photo: Floats) -> NDArray[np.float32]:
    """The card as seen from straight before it, display-encoded; −1 where it leaves the frame."""
    width, height = (round(side * _FLAT_PIXELS_PER_MM) for side in CARD_SIZE_MM)
    # Pixel centres lie half a pixel inside their edges.
    shrink = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, _FLAT_PIXELS_PER_MM]])
    rows, columns = _around(to_photo, photo.size)
    here = np.array([[1, 0, -columns.start], [0, 1, -rows.start], [0, 0, 1]])
    flat = cv2.warpPerspective(
        photo.part(rows, columns).pixels,
        here @ to_photo @ shrink,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(-1.0, -1.0, -1.0),
    )
    return flat.astype(np.float32)


def _around(to_photo: Floats, size: tuple[int, int]) -> tuple[slice, slice]:
    """The rows and columns of the photo that hold the card, as far as it is in the frame."""
    width, height = CARD_SIZE_MM
    corners = mapped(to_photo, np.array([[0, 0], [width, 0], [width, height], [0, height]], float))
    low = np.clip(np.floor(corners.min(axis=0)) - 3, 0, np.array(size) - 1).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 4, low + 1, size).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])


def _core_pixels(flat: NDArray[np.float32], field: Field) -> NDArray[np.float32]:
    left, top, width, height = (side * _FLAT_PIXELS_PER_MM for side in field.core(_CORE))
    return flat[round(top) : round(top + height), round(left) : round(left + width)]


def _check_scale(to_photo: Floats, width: float) -> None:
    _, _, across, down = PATCHES[0].core(_CORE)
    area = (card_edge(to_photo) / CARD_SIZE_MM[0]) ** 2 * across * down
    if area < _FEWEST_PIXELS:
        raise Unusable(CardTrouble.TOO_SMALL, f"{width:.0%} of the frame's width")


def _is_clean(light: Floats) -> bool:
    """Whether a patch (h, w, 3) neither clips nor holds glare or the edge of a shadow."""
    low, high = _CLIPPED
    if np.median(light, axis=(0, 1)).max() < low:
        return False
    if (light.max(axis=2) > high).mean() > _FEW_CLIPPED:
        return False
    rows, columns = light.shape[0] // 2, light.shape[1] // 2
    quarters = [
        np.median(light[down, across].mean(axis=2))
        for down in (slice(None, rows), slice(rows, None))
        for across in (slice(None, columns), slice(columns, None))
    ]
    return bool(np.ptp(np.log(np.array(quarters) + _NOISE_FLOOR)) < _UNEVEN)


def _agrees(today: Floats, baseline: Floats) -> NDArray[np.bool_]:
    """Patches whose change of light goes along with the others': no finger, no lone glare."""
    change = np.log(np.maximum(today, 1e-4)) - np.log(np.maximum(baseline, 1e-4))
    off = change - np.median(change, axis=0)
    spread = robust_sd(off) + 0.03
    return np.asarray((np.abs(off) < _OUTLIER * spread).all(axis=1))


def _plain(colours: Floats) -> Floats:
    return colours


def _root_polynomial(colours: Floats) -> Floats:
    """RGB and the roots of its products, (n, 6): exposure scales them all alike."""
    red, green, blue = np.maximum(colours, 0).T
    roots = [np.sqrt(red * green), np.sqrt(green * blue), np.sqrt(red * blue)]
    return np.stack([red, green, blue, *roots], axis=1)


def _fit(
    seen: Floats, wanted: Floats, places: Floats, expand: Callable[[Floats], Floats]
) -> tuple[Floats, Floats]:
    """The matrix, and the plane of log light (3,) over the card: constant, rightward, downward.

    Errors count relative to a patch's light, as they do in the log of skin.
    """
    around = np.column_stack([np.ones(len(places)), (places - places.mean(axis=0)) / 50.0])
    plane = np.zeros(3)
    matrix: Floats = np.zeros((0, 3))
    for _ in range(4):
        lit = wanted * np.exp(around @ plane)[:, np.newaxis]
        weight = 1 / (lit.mean(axis=1, keepdims=True) + 0.02)
        matrix = np.linalg.lstsq(expand(seen) * weight, lit * weight, rcond=None)[0]
        predicted = np.maximum(expand(seen) @ matrix, 1e-4)
        ratio = np.log(predicted.mean(axis=1)) - np.log(np.maximum(wanted.mean(axis=1), 1e-4))
        plane = np.linalg.lstsq(around, ratio, rcond=None)[0]
        plane[0] = 0.0  # a common exposure belongs to the matrix
    return matrix, plane


def _predict_left_out(
    seen: Floats, wanted: Floats, places: Floats, expand: Callable[[Floats], Floats]
) -> Floats:
    """Every patch's baseline colour (n, 3) as the others predict it, freed of uneven light."""
    predicted = np.empty_like(wanted)
    for left_out in range(len(seen)):
        others = np.arange(len(seen)) != left_out
        matrix, plane = _fit(seen[others], wanted[others], places[others], expand)
        offset = (places[left_out] - places[others].mean(axis=0)) / 50.0
        light = np.maximum(expand(seen[left_out : left_out + 1]) @ matrix, 0)[0]
        predicted[left_out] = light / np.exp(plane[1:] @ offset)
    return predicted


def _colour_difference(predicted: Floats, wanted: Floats) -> float:
    """Median CIEDE2000 between two sets (n, 3) of linear RGB."""
    first, second = (
        cv2.cvtColor(
            to_srgb(LinearImage(colours.astype(np.float32).reshape(1, -1, 3))).pixels,
            cv2.COLOR_RGB2LAB,
        )
        for colours in (predicted, wanted)
    )
    differences = deltaE_ciede2000(first, second)
    return float(np.median(differences))
