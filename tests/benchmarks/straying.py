"""How far regions are displaced from their skin when the head turns, tilts or is mirrored.

`python -m tests.benchmarks.straying [--people N]` photographs rendered heads, whose every point has
a known place in both photos, and prints the median and the 90th percentile of its displacement
after registration, in % of the eye distance. Bar: a median of at most 1.5 % in every tone class.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.errors import Unmeasurable
from analysis.face.faces import find_face
from analysis.face.grid import locate, view_on_grid
from analysis.face.registration import register
from analysis.images import SrgbImage
from analysis.light.skin_optics import TONES
from analysis.scenes import Pose, Shot
from analysis.scenes.head.heads import Person, paint_head
from analysis.scenes.head.plane import MM_PER_PIXEL, coordinates, to_pixels
from analysis.scenes.shots import FRAME_HEIGHT_MM
from tests.benchmarks.measurement.people import Subject
from tests.benchmarks.runs import run_benchmark
from tests.benchmarks.snapshots import aim, take

POSES: Final = {
    "straight": Pose(2, -3, 1, 0, 0.97),
    "turned +8°": Pose(0, 0, 2, 8, 0.95),
    "turned +15°": Pose(3, 0, 0, 15, 0.95),
    "turned -15°": Pose(-3, 2, 0, -15, 0.95),
    "tilted +12°": Pose(0, 0, 12, 0, 0.90),
    "tilted -12°": Pose(0, 0, -12, 3, 0.90),
}
MIRRORED: Final = "mirrored"
_VIEWING_DISTANCE_MM: Final = 900.0
_FRAME_CENTRE_MM: Final = (0.0, 37.0)


def where_seen(person: Person, points: NDArray[np.float32], shot: Shot) -> NDArray[np.float64]:
    """Pixels (n, 2) of the photo that show these points (n, 2) of the face plane, in mm.

    The inverse of what `analysis.scenes.shots` does to render a pose.
    """
    height = paint_head(person).height
    depth = cv2.GaussianBlur(np.clip(height, -85.0, 40.0), (0, 0), 2.0 / MM_PER_PIXEL)
    spots = to_pixels(points) - np.float32(0.5)
    z = cv2.remap(depth, spots[np.newaxis], np.empty(0), cv2.INTER_LINEAR)[0].astype(np.float64)
    turn, tilt = np.radians(shot.pose.yaw_degrees), np.radians(shot.pose.tilt_degrees)
    nearer = 1 + z / _VIEWING_DISTANCE_MM
    u = nearer * (points[:, 0] * np.cos(turn) + z * np.sin(turn)) - _FRAME_CENTRE_MM[0]
    v = nearer * points[:, 1] - _FRAME_CENTRE_MM[1]
    across = u * np.cos(tilt) - v * np.sin(tilt) + shot.pose.right_mm
    down = u * np.sin(tilt) + v * np.cos(tilt) + shot.pose.down_mm
    columns, rows = shot.size
    per_mm = rows / FRAME_HEIGHT_MM * shot.pose.scale
    return np.column_stack([across * per_mm + columns / 2 - 0.5, down * per_mm + rows / 2 - 0.5])


def measure_straying(subject: Subject) -> dict[str, NDArray[np.float64] | None]:
    """Displacements (n,) in eye distances by pose; none where the photo was refused."""
    rng = np.random.default_rng([23, *subject.rng_seed])
    first = aim(subject, Pose(), rng)
    baseline = take(subject.person, first)
    view = view_on_grid(baseline, find_face(baseline))
    points = _skin_points(subject.person, rng)
    places = view.to_photo.inverse(where_seen(subject.person, points, first)).astype(np.float32)
    found: dict[str, NDArray[np.float64] | None] = {}
    for name, photo, truth in _photos(subject, points, rng):
        try:
            face = find_face(photo)
            registration = register(photo, face, onto=view)
        except Unmeasurable:
            found[name] = None
            continue
        source = cv2.remap(registration.source, places[np.newaxis], np.empty(0), cv2.INTER_LINEAR)[
            0
        ]
        gap = locate(registration.view, source) - truth
        found[name] = np.hypot(gap[:, 0], gap[:, 1]) / face.eye_distance
    return found


def _photos(
    subject: Subject, points: NDArray[np.float32], rng: np.random.Generator
) -> Iterator[tuple[str, SrgbImage, NDArray[np.float64]]]:
    for name, pose in POSES.items():
        shot = aim(subject, pose, rng)
        photo = take(subject.person, shot)
        truth = where_seen(subject.person, points, shot)
        yield name, photo, truth
        if name == "straight":
            flipped = SrgbImage(np.ascontiguousarray(photo.pixels[:, ::-1]))
            yield MIRRORED, flipped, np.array([photo.size[0] - 1, 0]) - truth * [1, -1]


def _skin_points(person: Person, rng: np.random.Generator) -> NDArray[np.float32]:
    """Points of the measured regions, in mm, without those that a turned head hides."""
    head = paint_head(person)
    inside = np.maximum.reduce(list(head.regions.values())) > 0.5
    rows, columns = np.nonzero(inside & (head.skin_share > 0.9) & (head.normals[..., 2] > 0.55))
    chosen = rng.choice(len(rows), 400, replace=False)
    x, y = coordinates()
    at = rows[chosen], columns[chosen]
    return np.column_stack([x[at], y[at]]).astype(np.float32)


def write_table(
    subjects: Sequence[Subject], found: Sequence[dict[str, NDArray[np.float64] | None]]
) -> str:
    """Median and 90th percentile of the displacement, a row for every tone class."""
    names = list(found[0])
    lines = ["| ITA | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for tone in TONES:
        cells = []
        for name in names:
            mine = [gaps[name] for s, gaps in zip(subjects, found, strict=True) if s.tone == tone]
            seen = [gaps for gaps in mine if gaps is not None]
            if not seen:
                cells.append("refused")
                continue
            middle, most = np.quantile(np.concatenate(seen), (0.5, 0.9)) * 100
            lost = f" -{len(mine) - len(seen)}" if len(seen) < len(mine) else ""
            cells.append(f"{middle:.2f} / {most:.2f}{lost}")
        lines.append(f"| {tone.ita:.0f}° | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run_benchmark("straying", measure_straying, write_table)
