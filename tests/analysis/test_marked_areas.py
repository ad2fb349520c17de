"""Outlines drawn by a practitioner override what the analysis detects by itself."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.__main__ import main
from analysis.face.faces import find_face
from analysis.face.grid import locate, view_on_grid
from analysis.face.regions import FACE_REGIONS, Region, outlined_areas
from analysis.images import encode_photo
from analysis.light.chromophores import Reference
from analysis.marked_areas import MarkedAreas, Outline, find_marked
from analysis.marking import MarkFault, judge_marked, outline_region
from analysis.pipeline import analyse_photo
from tests.analysis.retouching import portrait, retouched

LEFT, RIGHT = frozenset({Region.LEFT_CHEEK}), frozenset({Region.RIGHT_CHEEK})
FACE = frozenset({Region.FACE})
WARM = (1.1, 1.0, 0.8)


def around(region: Region) -> Outline:
    """A box around a region of the portrait, in shares of the photo."""
    places = locate(view_on_grid(portrait(), find_face(portrait())))
    x, y = (places[outlined_areas()[region].pixels] / portrait().size).T
    left, right, top, bottom = (float(edge) for edge in (x.min(), x.max(), y.min(), y.max()))
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def test_a_marked_area_is_measured_and_the_rest_compares() -> None:
    photo = retouched(LEFT, blood=1, light=WARM)
    marked = MarkedAreas(treated=(around(Region.LEFT_CHEEK),))
    analysis = analyse_photo(photo, portrait(), FACE_REGIONS, marked)
    assert analysis.reference is Reference.SKIN
    assert analysis.regions[Region.LEFT_CHEEK].redness.value == pytest.approx(1, abs=0.15)
    assert analysis.regions[Region.FACE].redness.value == pytest.approx(1, abs=0.15)
    assert abs(analysis.regions[Region.RIGHT_CHEEK].redness.value) < 0.12


def test_marked_untreated_skin_compares_though_the_whole_face_was_named() -> None:
    photo = retouched(FACE_REGIONS - RIGHT, blood=1, light=WARM)
    marked = MarkedAreas(untreated=(around(Region.RIGHT_CHEEK),))
    alone = analyse_photo(photo, portrait(), FACE_REGIONS)
    analysis = analyse_photo(photo, portrait(), FACE_REGIONS, marked)
    assert alone.reference is Reference.HISTORY
    assert analysis.reference is Reference.SKIN
    assert analysis.regions[Region.LEFT_CHEEK].redness.value == pytest.approx(1, abs=0.15)
    assert Region.RIGHT_CHEEK not in analysis.regions  # it cannot be its own reference


def test_outlines_lie_where_they_were_drawn() -> None:
    view = view_on_grid(portrait(), find_face(portrait()))
    marked = find_marked(MarkedAreas(treated=(around(Region.NOSE),)), view, portrait().size)
    assert marked.treated is not None
    assert marked.untreated is None
    nose = outlined_areas()[Region.NOSE].pixels
    assert marked.treated.pixels[nose].mean() > 0.97
    assert np.count_nonzero(marked.treated.pixels) < 3 * nose.sum()


@pytest.mark.parametrize(
    ("outline", "words"),
    [
        (((0.1, 0.1), (0.2, 0.2)), "untreated skin 1 needs at least three corners"),
        (((0, 0), (0, 2), (1, 1)), "untreated skin 1 leaves the photo"),
        (((0, 0), (0, float("nan")), (1, 1)), "untreated skin 1 leaves the photo"),
        (((0.1, 0.1), (0.4, 0.4), (0.4, 0.1), (0.1, 0.4)), "untreated skin 1 crosses itself"),
        (((0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.4, 0.1)), "untreated skin 1 crosses itself"),
        (((0.1, 0.1), (0.4, 0.1), (0.2, 0.1), (0.2, 0.4)), "untreated skin 1 crosses itself"),
        (((0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.25, 0.1)), "untreated skin 1 crosses itself"),
    ],
)
def test_an_outline_that_is_none_is_told(outline: Outline, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MarkedAreas(untreated=(outline,))


def test_areas_can_be_given_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, baseline = tmp_path / "red.jpg", tmp_path / "before.jpg"
    photo.write_bytes(encode_photo(retouched(LEFT, blood=1)))
    baseline.write_bytes(encode_photo(portrait()))
    command = [str(photo), "--baseline", str(baseline), "--treated-area"]
    corners = [f"{x:.3f},{y:.3f}" for x, y in around(Region.LEFT_CHEEK)]
    assert main([*command, *corners]) == 0
    readings = json.loads(capsys.readouterr().out)
    assert readings["regions"]["face"]["redness"]["value"] == pytest.approx(1, abs=0.15)
    assert main([*command, *corners[:2]]) == 2
    assert "three corners" in capsys.readouterr().err


BOX: Outline = ((0.2, 0.2), (0.4, 0.2), (0.4, 0.4), (0.2, 0.4))


@pytest.mark.parametrize(
    "other",
    [
        BOX,
        ((0.25, 0.25), (0.35, 0.25), (0.35, 0.35)),  # within
        ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.5)),  # around
        ((0.3, 0.1), (0.5, 0.3), (0.3, 0.5)),  # across
    ],
)
def test_skin_is_not_treated_and_untreated(other: Outline) -> None:
    with pytest.raises(ValueError, match="treated area 1 and untreated skin 1 overlap"):
        MarkedAreas((BOX,), (other,))


def test_neighbours_may_touch_and_outlines_of_one_kind_may_overlap() -> None:
    beside: Outline = ((0.4, 0.2), (0.6, 0.2), (0.6, 0.4), (0.4, 0.4))
    assert MarkedAreas((BOX,), (beside,)).untreated == (beside,)
    assert MarkedAreas((BOX, BOX)).treated == (BOX, BOX)


def test_what_cannot_be_measured_is_told_while_it_is_drawn() -> None:
    def box(x: float, y: float, side: float) -> Outline:
        return ((x, y), (x + side, y), (x + side, y + side), (x, y + side))

    view = view_on_grid(portrait(), find_face(portrait()))
    x, y = (float(share) for share in locate(view)[280, 200] / portrait().size)
    eye, speck, wall = box(x - 0.015, y - 0.015, 0.03), box(0.45, 0.5, 0.01), box(0.88, 0.3, 0.1)
    cheek = around(Region.LEFT_CHEEK)
    marked = MarkedAreas(treated=(cheek, speck), untreated=(eye, wall))
    assert [(each.outline, each.fault) for each in judge_marked(portrait(), FACE, marked)] == [
        ("treated area 2", MarkFault.TOO_SMALL),
        ("untreated skin 1", MarkFault.NO_SKIN),
        ("untreated skin 2", MarkFault.OUTSIDE),
    ]


def test_marking_all_that_was_treated_as_untreated_leaves_nothing_to_measure() -> None:
    cheek = around(Region.LEFT_CHEEK)
    marked = MarkedAreas(untreated=(cheek,))
    (trouble,) = judge_marked(portrait(), LEFT, marked)
    assert trouble.fault is MarkFault.NO_SKIN


def test_a_part_of_the_face_can_be_begun_from() -> None:
    view = view_on_grid(portrait(), find_face(portrait()))
    cheek = outline_region(Region.LEFT_CHEEK, portrait())
    drawn = find_marked(MarkedAreas((cheek,)), view, portrait().size).treated
    assert drawn is not None
    expected = outlined_areas()[Region.LEFT_CHEEK].pixels
    both = np.count_nonzero(drawn.pixels & expected)
    assert both > 0.97 * np.count_nonzero(drawn.pixels | expected)
    assert judge_marked(portrait(), FACE, MarkedAreas((cheek,))) == ()
