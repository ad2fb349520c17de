"""Hairs drawn one by one: polylines with soft edges on the face plane."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.scenes.head.plane import MM_PER_PIXEL, SHAPE, Map, to_pixels

Strands = NDArray[np.float32]
"""Polylines (count, points, 2) in mm on the face plane."""

_FINE: Final = 3
_FINE_WINDOW: Final = (-62.0, -40.0, 62.0, 26.0)  # left, top, right, bottom: eyes and brows


def draw_strands(strands: Strands, values: NDArray[np.float32]) -> tuple[Map, Map]:
    """Value (0..1) and coverage (0..1) of hairs half a pixel wide, later ones on top."""
    rows, columns = SHAPE
    canvas = np.zeros((2 * rows, 2 * columns, 2), np.uint8)
    _draw(canvas, to_pixels(strands) * np.float32(2.0), values)
    small = cv2.resize(canvas, (columns, rows), interpolation=cv2.INTER_AREA)
    return _apart(small.astype(np.float32) / 255.0)


def draw_fine_strands(strands: Strands, values: NDArray[np.float32]) -> tuple[Map, Map]:
    """As `draw_strands`, around the eyes only, with hairs as thin as real ones (0.08 mm)."""
    left, top, right, bottom = _FINE_WINDOW
    scale = _FINE / MM_PER_PIXEL
    canvas = np.zeros((round((bottom - top) * scale), round((right - left) * scale), 2), np.uint8)
    corner = np.array([left, top], dtype=np.float32)
    _draw(canvas, (strands - corner) * np.float32(scale), values)
    rows, columns = canvas.shape[0] // _FINE, canvas.shape[1] // _FINE
    small = cv2.resize(
        canvas.astype(np.float32) / 255.0, (columns, rows), interpolation=cv2.INTER_AREA
    )
    whole = np.zeros((*SHAPE, 2), dtype=np.float32)
    column, row = np.round(to_pixels([left, top])).astype(int)
    whole[row : row + rows, column : column + columns] = small
    return _apart(whole)


def _draw(
    canvas: NDArray[np.uint8], pixels: NDArray[np.float32], values: NDArray[np.float32]
) -> NDArray[np.uint8]:
    points = np.round(pixels * 16.0).astype(np.int32)
    levels = np.round(np.clip(values, 0.0, 1.0) * 255.0).astype(int)
    for strand, level in zip(points, levels, strict=True):
        cv2.polylines(canvas, [strand], False, (int(level), 255), 1, cv2.LINE_AA, 4)
    return canvas


def _apart(drawn: Map) -> tuple[Map, Map]:
    coverage = np.ascontiguousarray(drawn[..., 1])
    value = np.minimum(drawn[..., 0] / np.maximum(coverage, 1e-3), 1.0)
    return value.astype(np.float32), coverage
