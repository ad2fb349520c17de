import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from markupsafe import escape

from analysis.errors import Fault
from tests.conftest import PROTOCOLS
from tests.tracker.courses_of_readings import TREATED_AT
from tests.web.browser import Browser
from tracker.domain.alerts.alerts import Alert, Concern, Factor, Level, Source
from tracker.domain.course.check_ins import SIGNS
from tracker.domain.course.photo_times import TimeFault
from tracker.domain.course.photos import FAILED, PhotoStatus, SkinState
from tracker.domain.course.readings import Estimate, Quantity
from tracker.domain.course.treatments import AREAS, Region
from tracker.domain.desk.telling_words import SIGNS_TICKED
from tracker.domain.recovery.evidence_words import times_words
from web.words.times import day_words, deadline, when
from web.words.words import (
    LEVELS,
    REMEDIES,
    SIGN_NAMES,
    SKIN_STATES,
    STATUSES,
    alert_headline,
    areas_words,
    range_words,
    share_words,
)

BERLIN = ZoneInfo("Europe/Berlin")


def test_every_fault_has_one_problem_and_one_remedy() -> None:
    for fault in [*Fault, *TimeFault, FAILED]:
        remedy = REMEDIES[str(fault)]
        assert remedy.problem.endswith(".")
        assert remedy.remedy.endswith(".")


def test_every_kind_has_its_words() -> None:
    assert set(LEVELS) == set(Level)
    assert set(STATUSES) == set(PhotoStatus)
    assert set(SKIN_STATES) == set(SkinState)
    assert set(SIGN_NAMES) == set(SIGNS_TICKED) == set(SIGNS)


def test_levels_differ_by_shape_and_word_and_not_by_colour_alone() -> None:
    assert len({words.mark for words in LEVELS.values()}) == len(Level)
    assert len({words.name for words in LEVELS.values()}) == len(Level)


def test_every_concern_has_a_headline_and_none_says_diagnosis() -> None:
    for concern, regions, onset in product(Concern, [(), (Region.CHIN,)], [None, 4.4]):
        headline = alert_headline(_alert(concern, regions, onset))
        assert headline[0].isupper()
        assert "diagnos" not in headline.lower()
        assert "_" not in headline


def test_a_headline_names_the_place_and_the_day() -> None:
    headline = alert_headline(_alert(Concern.INFECTION, (Region.LEFT_CHEEK,), 4.4))
    assert headline == "Left cheek: redder again since about day 4, which can mean an infection"


def test_a_headline_says_whether_photos_or_answers_speak() -> None:
    alert = _alert(Concern.INFECTION, (), None)
    of_photos = Factor("second rise, whole face", 14.0, Source.PHOTOS)
    denied = Factor("not reported: pus", 0.4, Source.ANSWERS)
    answered = Factor("answered: pus or yellow crust", 1.0, Source.RED_FLAG)
    heads = {
        alert_headline(replace(alert, evidence=given))
        for given in ((of_photos, denied), (answered, of_photos), (answered,))
    }
    assert heads == {
        "The photos point to an infection",
        "The photos and answers point to an infection",
        "The answers point to an infection",
    }


def test_a_number_comes_with_the_range_that_holds_95_in_100() -> None:
    assert spaced(range_words(Estimate(0.81, 0.09))) == "1.6 to 2.0 ×"
    assert spaced(range_words(Estimate(-0.2, 0.1))) == "0.8 to 1.0 ×"


def test_a_number_is_a_multiple_of_what_was_before() -> None:
    assert spaced(times_words(1.807, Quantity.REDNESS)) == "3.5 × the redness of before"
    assert spaced(times_words(-1.0, Quantity.PIGMENT)) == "0.5 × the pigment of before"
    assert spaced(times_words(0.05, Quantity.REDNESS)) == "about the redness of before (1.0 ×)"
    assert spaced(times_words(4.0, Quantity.REDNESS)) == "16 × the redness of before"


def test_a_number_can_say_what_is_normal_today() -> None:
    red, pale = (times_words(value, Quantity.REDNESS, 0.38) for value in (1.807, 0.0))
    assert spaced(red) == "3.5 × the redness of before (normal today: up to 1.3 ×)"
    assert spaced(pale) == "about the redness of before (1.0 ×; normal today: up to 1.3 ×)"


def spaced(words: str) -> str:
    """With plain spaces."""
    return words.replace("\N{NO-BREAK SPACE}", " ")


def test_no_probability_is_told_as_certain() -> None:
    assert share_words(1.0) == "99 in 100"
    assert share_words(0.0) == "1 in 100"
    assert share_words(0.42) == "42 in 100"


def test_areas_are_named_from_forehead_to_chin() -> None:
    assert areas_words(frozenset(AREAS)) == "whole face"
    assert areas_words(frozenset({Region.CHIN, Region.FOREHEAD})) == "forehead and chin"


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 3, 5, 7, 10, tzinfo=UTC), "today, 08:10"),
        (datetime(2026, 3, 4, 23, 30, tzinfo=UTC), "today, 00:30"),
        (datetime(2026, 3, 4, 7, 10, tzinfo=UTC), "yesterday, 08:10"),
        (datetime(2026, 3, 2, 7, 10, tzinfo=UTC), "Mon 2 Mar, 08:10"),
        (datetime(2025, 12, 31, 7, 10, tzinfo=UTC), "Wed 31 Dec 2025, 08:10"),
    ],
)
def test_moments_are_told_in_the_readers_zone(at: datetime, words: str) -> None:
    assert when(at, datetime(2026, 3, 5, 12, 0, tzinfo=UTC), BERLIN) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 3, 5, 13, 20, tzinfo=UTC), "14:20 today"),
        (datetime(2026, 3, 5, 23, 30, tzinfo=UTC), "00:30 tomorrow"),
        (datetime(2026, 3, 4, 9, 0, tzinfo=UTC), "10:00 yesterday"),
        (datetime(2026, 3, 9, 9, 0, tzinfo=UTC), "10:00 on Mon 9 Mar"),
    ],
)
def test_a_time_until_which_the_clinic_acts_is_a_clock_time_first(at: datetime, words: str) -> None:
    assert deadline(at, datetime(2026, 3, 5, 12, 0, tzinfo=UTC), BERLIN) == words


def test_days_are_counted_from_the_treatment() -> None:
    assert [day_words(day) for day in (-2, -1, 0, 3)] == [
        "2 days before treatment",
        "1 day before treatment",
        "Treatment day",
        "Day 3",
    ]


def _alert(concern: Concern, regions: tuple[Region, ...], onset: float | None) -> Alert:
    return Alert(
        id="a",
        patient_id="p",
        treatment_id="t",
        concern=concern,
        level=Level.REVIEW,
        raised_at=TREATED_AT,
        probability=0.9,
        onset_day=onset,
        regions=regions,
        evidence=(),
        photo_id=None,
        engine="1",
        protocol="microneedling 1",
    )


def test_a_protocol_says_each_advice_once_though_several_signs_have_it(dana: Browser) -> None:
    page = dana.read("/protocols/microneedling")
    at_once = page[page.index("<h2>Act at once") :].split("</ul>", maxsplit=1)[0]
    said = re.findall("<li>(.*?)</li>", at_once)
    assert len(said) == len(set(said))
    floors = PROTOCOLS.of("microneedling").floors
    assert set(said) == {str(escape(floor.words)) for floor in floors}
