from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tests.tracker.actions.pictures import Answering, analysed
from tests.tracker.courses_of_readings import focal, reading, with_focal
from tests.web.conftest import Records
from tracker.actions.course.measuring import measure_photos
from tracker.domain.course.readings import Estimate
from tracker.domain.course.treatments import Region
from tracker.domain.own_data.own_data import reading_rows
from tracker.storage.course import readings
from tracker.world import World


@pytest.mark.parametrize(
    ("value", "sd"), [(float("nan"), 0.1), (float("inf"), 0.1), (0.1, float("nan")), (0.1, -0.1)]
)
def test_what_is_no_number_becomes_no_reading(value: float, sd: float) -> None:
    face = reading(3).regions[Region.FACE]
    with pytest.raises(ValueError, match="cannot be used; measure the photo again"):
        replace(face, redness=Estimate(value, sd))
    with pytest.raises(ValueError, match="cannot be used; measure the photo again"):
        replace(face, pigment=Estimate(value, sd))


def test_spots_and_the_difference_of_the_cheeks_go_with_the_readings() -> None:
    kept = with_focal(reading(3.0), Region.CHIN, focal(0.34, darker=(2, 0.04)), Estimate(0.7, 0.1))
    rows = {row["region"]: row for row in reading_rows([kept], {}, ZoneInfo("UTC"))}
    chin = rows[Region.CHIN]
    assert (chin["affected"], chin["darker_spots"], chin["darker_spots_share"]) == (0.34, 2, 0.04)
    assert (chin["left_minus_right"], chin["left_minus_right_sd"]) == (0.7, 0.1)
    assert rows[Region.NOSE]["affected"] is None  # not kept: empty, and not "none"


def test_spots_affected_share_and_the_difference_of_the_cheeks_are_kept_with_the_reading(
    db: Database, world: World, cast: Cast
) -> None:
    before = Records(db, world, cast).photo(-1)
    patch = focal(0.34, redder=(3, 0.05), darker=(1, 0.01))
    seen = with_focal(reading(1.0), Region.LEFT_CHEEK, patch, Estimate(0.7, 0.1))
    measure_photos(db, world.files, Answering(analysed(seen)), before.taken_at)
    (kept,) = readings.of_treatment(db, cast.treatment.id)
    assert kept.asymmetry == Estimate(0.7, 0.1)
    assert kept.regions[Region.LEFT_CHEEK].focal == patch
    assert kept.regions[Region.CHIN].focal is None
