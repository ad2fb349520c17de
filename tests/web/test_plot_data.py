"""The course as numbers for the browser's own chart, and the library that draws it."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any, cast

import pytest

from tests.tracker.courses_of_readings import reading
from tests.web.browser import Browser
from tests.web.conftest import Records
from tests.web.course_so_far import so_far
from tracker.domain.alerts.alerts import Level
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.readings import Quantity, Reference
from tracker.domain.course.treatments import Region
from web import app_shell
from web.charts.recovery import plot_data


def numbers(*days: float, quantity: Quantity = Quantity.REDNESS) -> dict[str, Any]:
    course = so_far(days[-1], [reading(day) for day in days])
    told = json.dumps(plot_data(course, quantity, Region.FACE))
    return cast(dict[str, Any], json.loads(told))


def test_every_region_comes_with_its_points_and_their_range() -> None:
    regions = numbers(0.5, 1.5)["regions"]
    assert [region["name"] for region in regions][:2] == ["face", "forehead"]
    photos = numbers(0.5, 1.5)["photos"]
    assert [day for day, _ in photos] == [0.5, 1.5]
    assert photos[0][1].startswith("Day 0 (2 Mar, ")
    for region in regions:
        assert [at for at, *_ in region["values"]] == [0, 1]
        assert all(reach > 0 for _, _, reach, *_ in region["values"])
        assert " the redness of before" in region["values"][0][-1]


def test_a_line_breaks_where_days_were_missed() -> None:
    values = numbers(0.5, 1.5, 6.5)["regions"][0]["values"]
    assert [breaks for *_, breaks, _ in values] == [False, False, True]


def test_less_certain_points_are_told() -> None:
    course = so_far(2, [reading(1, reference=Reference.HISTORY)])
    told = plot_data(course, Quantity.REDNESS, Region.FACE)
    regions = cast(list[dict[str, Any]], told["regions"])
    _, _, _, hollow, _, words = regions[0]["values"][0]
    assert hollow
    assert words.endswith("(no colour reference in the picture)")


def test_the_band_reaches_to_the_end_of_the_axis_and_that_of_pigment_is_level() -> None:
    redness, pigment = numbers(40.0), numbers(40.0, quantity=Quantity.PIGMENT)
    assert redness["band"][-1][0] == redness["lastDay"]
    (first, last) = pigment["band"]
    assert (first[0], last[0]) == (0, pigment["lastDay"])
    assert first[1:] == last[1:]
    assert pigment["bandWords"] == "too small to tell"
    assert [0, "before"] in redness["levels"]


def test_reported_signs_and_alerts_are_marked_at_their_days(
    dana: Browser, records: Records
) -> None:
    photo = records.measured(1)
    records.check_in(0.5, Answers(sun=True, pus=True))
    records.alert(photo, level=Level.REVIEW)
    told = dana.read(f"/patients/{records.cast.alice.id}/values?region=face&quantity=redness")
    marked = {(kind, mark): day for day, kind, mark, _ in json.loads(told)["events"]}
    assert marked["alarm", "!"] == pytest.approx(0.5, abs=0.01)
    assert marked["review", "◆"] >= 1
    page = dana.read(f"/patients/{records.cast.alice.id}")
    assert '<line class="event review"' in page
    assert "reported sign" in page


@pytest.mark.parametrize("installed", [True, False])
def test_the_chart_of_the_server_stands_whether_or_not_the_library_is_there(
    dana: Browser,
    records: Records,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    installed: bool,
) -> None:
    monkeypatch.setattr(app_shell, "UPLOT", tmp_path)
    if installed:
        (tmp_path / "uPlot.iife.min.js").touch()
    records.measured(1)
    page = dana.read(f"/patients/{records.cast.alice.id}")
    assert 'aria-label="Redness of the whole face: 1 photo' in page
    assert ("uPlot.iife.min.js" in page) is installed
    address = re.search(r'data-values="([^"]+)"', page)
    assert (address is not None) is installed
    if address is not None:
        told = json.loads(dana.read(unescape(address[1])))
        assert (told["chosen"], told["quantity"]) == ("face", "redness")
        assert len(told["photos"]) == 1
