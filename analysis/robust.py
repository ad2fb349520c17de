"""A spread that outliers hardly change."""

from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

_NORMAL: Final = 1.4826  # standard deviations of a normal distribution to its median deviation

F = TypeVar("F", bound=np.floating[Any])


def robust_sd(deviations: NDArray[F]) -> NDArray[F]:
    """One standard deviation, from the median size of the `deviations` (n, …) along the first axis.

    The caller takes them about a median, a fit or a local mean. Up to half of them may be outliers.
    Without any it is NaN.
    """
    return np.asarray(_NORMAL * np.median(np.abs(deviations), axis=0), deviations.dtype)
