"""Skin under a lamp with known truth, for tests, sample courses and benchmarks.

The measurement itself never imports this package: its cameras, lamps and mottled skin stay apart
from the table that the inverse works with.
"""

from analysis.scenes.shots import (
    Photograph,
    Pose,
    RegionTruth,
    Shot,
    change_photo,
    photograph,
)

__all__ = ["Photograph", "Pose", "RegionTruth", "Shot", "change_photo", "photograph"]
