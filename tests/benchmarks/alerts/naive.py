"""What simple rules would have said about the same courses: thresholds on CIELAB a* and L*.

The colours come from the same readings, through the same optics. These rules are thus spared lamps
and cameras, with which they would do far worse.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.light.skin_optics import BASELINE_BLOOD, TONES, log_rgb
from tracker.domain.course.readings import Reading
from tracker.domain.course.treatments import Region, Treatment, days_since

REDDER: Final = "Δa\\* > 5 for three days"
RISING: Final = "a\\* rises by 3 in two days"
DARKER: Final = "ΔL\\* < −3"
RULES: Final = (REDDER, RISING, DARKER)

Lab = NDArray[np.float64]


def naive_alarms(
    treatment: Treatment, readings: Sequence[Reading], ita: int
) -> Mapping[str, tuple[float, ...]]:
    """The days on which each rule would have alarmed. `readings` in time order."""
    days = np.array([days_since(treatment, reading.taken_at) for reading in readings])
    before = _lab(ita, 0.0, 0.0)
    labs = [
        _lab(ita, r.regions[Region.FACE].redness.value, r.regions[Region.FACE].pigment.value)
        for r in readings
    ]
    lightness, redness = (np.array([lab[k] - before[k] for lab in labs]) for k in (0, 1))
    return {
        REDDER: _lasting(days, redness > 5, lasting=3),
        RISING: _rising(days, redness, by=3, within=2),
        DARKER: tuple(days[lightness < -3].tolist()),
    }


def _lasting(days: Lab, beyond: NDArray[np.bool_], lasting: float) -> tuple[float, ...]:
    """Days on which a value has been beyond its limit for that many days without a break."""
    since, alarms = None, []
    for day, is_beyond in zip(days.tolist(), beyond.tolist(), strict=True):
        since = (day if since is None else since) if is_beyond else None
        if since is not None and day - since >= lasting - 0.5:
            alarms.append(day)
    return tuple(alarms)


def _rising(days: Lab, values: Lab, by: float, within: float) -> tuple[float, ...]:
    """Days on which a value is higher than on some day shortly before."""
    alarms = []
    for day, value in zip(days, values, strict=True):
        lately = values[(days < day) & (days >= day - within - 0.5)]
        if lately.size and value - lately.min() >= by:
            alarms.append(float(day))
    return tuple(alarms)


def _lab(ita: int, redness: float, pigment: float) -> Lab:
    """CIELAB (3,) under D65 of a tone class with this many doublings of blood and melanin."""
    tone = min(TONES, key=lambda tone: abs(tone.ita - ita))
    light = np.exp(log_rgb(tone.melanin * 2**pigment, BASELINE_BLOOD * 2**redness))
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    pixel = encoded.astype(np.float32).reshape(1, 1, 3)
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB)[0, 0], np.float64)
