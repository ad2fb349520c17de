"""Drawing on a baseline, through the real analysis: one rendered face with known truth."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tests.tracker.actions.test_measure_photos import keep
from tracker.actions.course.drawing import (
    Drawn,
    DrawnMeanwhile,
    NothingToDrawOn,
    Undrawable,
    draw_areas,
    suggest_outline,
)
from tracker.actions.course.measuring import measure_photos
from tracker.domain.course.outlines import Outline, Outlines
from tracker.domain.course.photos import Photo, PhotoRole, Sides
from tracker.domain.course.treatments import Region
from tracker.storage.course import outlines, readings, treatments
from tracker.wires.photo_files import Picture
from tracker.world import World

P = ParamSpec("P")
T = TypeVar("T")

COURSE = Path(str(files("sample_images"))) / "infection_type_6"
NOW = TREATED_AT + timedelta(days=8)
# In an unmirrored photo the patient's left cheek is in the right half of the picture.
LEFT_CHEEK = ((0.58, 0.43), (0.74, 0.43), (0.72, 0.58), (0.58, 0.56))
RIGHT_CHEEK = tuple((1 - x, y) for x, y in LEFT_CHEEK)


class Here(Executor):
    """Measures at once, in this process."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.fixture
def baseline(db: Database, world: World, cast: Cast) -> Photo:
    """Alice's photo from before."""
    photo = keep(db, world, cast, "baseline", PhotoRole.BASELINE)
    world.files.save(photo.id, Picture.PHOTO, (COURSE / "baseline-1.jpg").read_bytes())
    return photo


def draw(
    db: Database, world: World, cast: Cast, baseline: Photo, drawn: Outlines, known: int = 0
) -> object:
    treatment = treatments.get(db, cast.treatment.id)
    return draw_areas(db, world.files, treatment, baseline, drawn, cast.dana.id, NOW, known=known)


def test_drawing_a_treated_area_changes_the_regions_of_all_readings(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    day = keep(db, world, cast, "day-7")
    world.files.save(day.id, Picture.PHOTO, (COURSE / "d07.jpg").read_bytes())
    measure_photos(db, world.files, Here(), NOW)
    before = readings.of_treatment(db, cast.treatment.id)[-1].regions
    assert before[Region.FACE].redness.value < before[Region.LEFT_CHEEK].redness.value - 0.3
    drawn = Outlines(treated=(LEFT_CHEEK,), untreated=(RIGHT_CHEEK,))
    assert draw(db, world, cast, baseline, drawn) == Drawn(photos=2)
    assert readings.of_treatment(db, cast.treatment.id) == []
    measure_photos(db, world.files, Here(), NOW)
    after = readings.of_treatment(db, cast.treatment.id)[-1].regions
    # The left cheek rises again in this course: drawn alone, it is all that "the face" means now.
    assert after[Region.FACE].redness.value > before[Region.FACE].redness.value + 0.3
    gap = after[Region.FACE].redness.value - after[Region.LEFT_CHEEK].redness.value
    # The face is the mean over all that was drawn, a part of which lies beyond the cheek's region.
    assert abs(gap) < 0.2
    (marking,) = outlines.of_baseline(db, baseline.id)
    assert (marking.outlines, marking.by, marking.at) == (drawn, "Dr Dana", NOW)


def test_what_shows_too_little_skin_is_refused_and_nothing_is_kept(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    wall = ((0.02, 0.3), (0.12, 0.3), (0.12, 0.45), (0.02, 0.45))
    refused = draw(db, world, cast, baseline, Outlines((LEFT_CHEEK, wall)))
    assert isinstance(refused, Undrawable)
    assert [outline for outline, _ in refused.troubles] == ["treated area 2"]
    assert outlines.of_baseline(db, baseline.id) == []
    with pytest.raises(ValueError, match="overlap"):
        draw(db, world, cast, baseline, Outlines((LEFT_CHEEK,), (LEFT_CHEEK,)))


def test_two_people_do_not_draw_over_each_other(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    first, second = Outlines((LEFT_CHEEK,)), Outlines((RIGHT_CHEEK,))
    assert isinstance(draw(db, world, cast, baseline, first), Drawn)
    assert draw(db, world, cast, baseline, second) == DrawnMeanwhile()
    assert isinstance(draw(db, world, cast, baseline, second, known=1), Drawn)
    versions = outlines.of_baseline(db, baseline.id)
    assert [each.outlines for each in versions] == [first, second]


def test_a_baseline_that_is_gone_is_told(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    world.files.delete(baseline.id)
    lost = draw(db, world, cast, baseline, Outlines((LEFT_CHEEK,)))
    assert lost == NothingToDrawOn()


def test_in_a_mirror_image_a_suggested_left_cheek_is_the_left_one_of_the_patient(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    def suggested(photo: Photo) -> Outline:
        outline = suggest_outline(world.files, photo, Region.LEFT_CHEEK)
        assert outline is not None
        return outline

    known = replace(baseline, sides=Sides.MIRRORED)
    assert min(x for x, _ in suggested(baseline)) > 0.5
    assert max(x for x, _ in suggested(known)) < 0.5
    assert isinstance(draw(db, world, cast, known, Outlines((suggested(known),))), Drawn)
