"""What libraries would cost where our own code was kept, and whether they give the same results.

`python -m tests.benchmarks.libraries` prints the median time of ours and of the library's, their
ratio, and how far the results differ. Decision 51 in tracker/DECISIONS.md quotes it.
"""

import sys
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import median_abs_deviation, qmc
from skimage.measure import label, regionprops_table
from skimage.morphology import convex_hull_image
from skimage.transform import AffineTransform

from analysis.face.grid import grid_points, moved
from analysis.face.regions import Region, _hull, outlined_areas
from analysis.images import Mask
from analysis.light.viewings import Floats
from analysis.robust import robust_sd
from analysis.spots import _lesions
from tracker.domain.recovery.skin_curves import DRAWS, SEED, _even_draws

ROUNDS = 30
CHEEK = outlined_areas()[Region.LEFT_CHEEK]


def main() -> None:
    """Measure and print."""
    rng = np.random.default_rng(0)
    for shape in ((200_000,), (2_000, 3), (30, 3)):
        values = rng.normal(size=shape)
        _compare(
            f"robust spread {shape}",
            partial(_spread, values),
            partial(_librarys_spread, values),
        )
    dots = np.zeros(CHEEK.pixels.shape, np.bool_)
    for row, column in zip(rng.integers(330, 460, 8), rng.integers(340, 430, 8), strict=True):
        dots[row : row + 6, column : column + 6] = True
    _compare(
        "spots of a region, counted",
        lambda: _lesions(Mask(dots), CHEEK, CHEEK).count,
        lambda: _counted(dots, CHEEK.pixels),
    )
    areas = [area.pixels for area in outlined_areas().values()]
    _compare(
        "hull of the face",
        lambda: _hull(areas),
        lambda: convex_hull_image(np.logical_or.reduce(areas)),
    )
    place = AffineTransform(scale=1.3, rotation=0.1, translation=(40.0, 20.0))
    points = grid_points()
    _compare(
        "every point of the grid, moved",
        lambda: moved(points, place.params[:2]),
        lambda: place(points.reshape(-1, 2)).reshape(points.shape),
    )
    dimensions = len(_even_draws())
    _compare(
        "Latin hypercube",
        lambda: _even_draws.__wrapped__()[..., 0].T,
        lambda: qmc.LatinHypercube(dimensions, rng=np.random.default_rng(SEED)).random(DRAWS),
    )


def _spread(values: Floats) -> ArrayLike:
    return robust_sd(values - np.median(values, axis=0))


def _librarys_spread(values: Floats) -> ArrayLike:
    return np.asarray(1.4826 * median_abs_deviation(values, axis=0))


def _counted(spots: NDArray[np.bool_], area: NDArray[np.bool_]) -> int:
    inside = regionprops_table(
        label(spots, connectivity=2), area.astype(np.float32), properties=("intensity_mean",)
    )
    return int(np.count_nonzero(inside["intensity_mean"] > 0.5))


def _compare(name: str, ours: Callable[[], ArrayLike], library: Callable[[], ArrayLike]) -> None:
    first, second = np.asarray(ours(), np.float64), np.asarray(library(), np.float64)
    apart = float(np.abs(first - second).max())
    spent, theirs = _milliseconds(ours), _milliseconds(library)
    sys.stdout.write(
        f"{name:32} ours {spent:8.3f} ms  library {theirs:8.3f} ms  ratio {theirs / spent:5.1f}  "
        f"differ in {np.count_nonzero(first != second)} of {first.size}, at most {apart:.2g}\n"
    )


def _milliseconds(what: Callable[[], object]) -> float:
    spent = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        what()
        spent.append(1000 * (perf_counter() - begun))
    return median(spent)


if __name__ == "__main__":
    main()
