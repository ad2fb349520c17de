from dataclasses import replace

import pytest

from tests.tracker.courses_of_readings import reading
from tracker.readings import Estimate
from tracker.treatments import Region


@pytest.mark.parametrize(
    ("value", "sd"), [(float("nan"), 0.1), (float("inf"), 0.1), (0.1, float("nan")), (0.1, -0.1)]
)
def test_what_is_no_number_becomes_no_reading(value: float, sd: float) -> None:
    face = reading(3).regions[Region.FACE]
    with pytest.raises(ValueError, match="cannot be used; measure the photo again"):
        replace(face, redness=Estimate(value, sd))
    with pytest.raises(ValueError, match="cannot be used; measure the photo again"):
        replace(face, pigment=Estimate(value, sd))
