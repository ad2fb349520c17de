"""The room behind a person in a photo: a bathroom, out of focus, in block reflectances."""

import cv2
import numpy as np

from analysis.scenes.head.plane import Map


def paint_room(seed: int, size: tuple[int, int]) -> Map:
    """Light leaving a blurred room, (rows, columns, 3) in block reflectances; one room a seed."""
    rng = np.random.default_rng([seed, 77])
    columns, rows = 250, 325
    wall = np.array([0.42, 0.42, 0.40]) * rng.uniform(0.85, 1.15) * rng.uniform(0.93, 1.07, 3)
    room = np.broadcast_to(wall, (rows, columns, 3)).astype(np.float32).copy()
    tiles = int(rows * rng.uniform(0.42, 0.6))
    room[tiles:] *= np.array([0.80, 0.86, 0.88], dtype=np.float32) * rng.uniform(0.75, 1.0)
    step = int(rng.integers(28, 40))
    for row in range(tiles, rows, step):
        room[row : row + 2] *= 0.8
    for column in range(int(rng.integers(0, step)), columns, step):
        room[tiles:, column : column + 2] *= 0.8
    left = int(columns * rng.uniform(0.70, 0.80))
    room[: int(rows * 0.75), left:] *= rng.uniform(0.55, 0.75)  # an open door
    room[:, left : left + 5] *= 1.25
    shelf = int(rows * rng.uniform(0.22, 0.36))
    room[shelf : shelf + 5, : int(columns * 0.24)] *= 0.5
    for _ in range(5):  # bottles and a towel
        column, width = int(rng.integers(0, 50)), int(rng.integers(6, 14))
        height = int(rng.integers(15, 38))
        room[shelf - height : shelf, column : column + width] = rng.uniform(
            0.15, 0.5
        ) * rng.uniform(0.75, 1.2, 3)
    towel = rng.uniform(0.2, 0.5) * rng.uniform(0.8, 1.2, 3)
    room[int(rows * 0.50) : int(rows * 0.86), int(columns * 0.84) :] = towel
    across = np.linspace(1.15, 0.72, columns, dtype=np.float32)[np.newaxis, :, np.newaxis]
    down = np.linspace(1.05, 0.85, rows, dtype=np.float32)[:, np.newaxis, np.newaxis]
    blurred = cv2.GaussianBlur(room, (0, 0), 6.5)
    return cv2.resize(blurred * across * down * 1.15, size, interpolation=cv2.INTER_CUBIC).astype(
        np.float32
    )
