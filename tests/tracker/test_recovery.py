import random
from dataclasses import replace

import numpy as np
import pytest

from tests.tracker.courses_of_readings import (
    DAILY,
    Doublings,
    check_in,
    course,
    darkening,
    fading,
    reading,
    rising_again,
    staying,
    treatment,
    unchanged,
)
from tracker.domain.alerts.alerts import Concern, Finding, Level, Source
from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.course.photos import SkinState
from tracker.domain.course.readings import Reference
from tracker.domain.course.treatments import Region
from tracker.domain.recovery.bands import LONGEST_BAND, band_until
from tracker.domain.recovery.recovery import Course, assess
from tracker.storage.protocols import protocol_files

PROTOCOL = protocol_files.load("microneedling")


def finding(judged: Course, concern: Concern, until: float = 40.0) -> Finding:
    findings = assess(judged, PROTOCOL, until).findings
    return next(f for f in findings if f.concern is concern)


@pytest.mark.parametrize("seed", range(5))
def test_a_usual_recovery_raises_nothing(seed: int) -> None:
    usual = [reading(day, seed=seed) for day in (*DAILY, 12, 16, 21, 28)]
    for until in (1.5, 3.5, 5.5, 7.5, 9.5, 30):
        findings = assess(course(usual), PROTOCOL, until).findings
        assert [f.concern for f in findings if f.level] == []


@pytest.mark.parametrize("seed", range(5))
def test_a_second_rise_is_an_infection_within_three_days(seed: int) -> None:
    days = [reading(day, rising_again, seed=seed) for day in DAILY]
    found = finding(course(days), Concern.INFECTION, until=7.1)
    assert found.level is not None
    assert found.level.is_mailed
    assert found.regions == (Region.LEFT_CHEEK,)
    assert found.onset_day == pytest.approx(4, abs=1.5)
    assert "second rise, left cheek" in found.evidence[0].what
    prolonged = finding(course(days), Concern.PROLONGED_INFLAMMATION, until=9.5)
    assert prolonged.level is None


@pytest.mark.parametrize("seed", range(5))
def test_redness_that_stays_is_prolonged_inflammation_after_the_limit_of_the_depth(
    seed: int,
) -> None:
    days = [reading(day, staying, seed=seed) for day in DAILY]
    assert finding(course(days), Concern.PROLONGED_INFLAMMATION, until=5.9).level is None
    found = finding(course(days), Concern.PROLONGED_INFLAMMATION, until=8.1)
    assert found.level is Level.REVIEW
    infection = finding(course(days), Concern.INFECTION, until=8.1)
    assert infection.level is None


def test_pigment_that_comes_is_hyperpigmentation_after_two_readings_three_days_apart() -> None:
    days = [reading(day, fading, darkening) for day in (*DAILY, 12, 14, 17, 21)]
    found = finding(course(days), Concern.HYPERPIGMENTATION, until=21.1)
    assert found.level is Level.REVIEW
    close = [reading(day, fading, unchanged) for day in DAILY]
    close += [reading(20, fading, darkening), reading(21, fading, darkening)]
    assert finding(course(close), Concern.HYPERPIGMENTATION, until=21.1).level is None
    minutes = 4 / 24 / 60  # sooner on the third day: it is three days apart all the same
    apart = [*close[:-2], reading(20, fading, darkening), reading(23 - minutes, fading, darkening)]
    found = finding(course(apart), Concern.HYPERPIGMENTATION, until=23.1)
    assert found.level is Level.REVIEW


@pytest.mark.parametrize("shape", [fading, staying, rising_again])
def test_the_order_of_rows_and_doubled_rows_change_nothing(shape: Doublings) -> None:
    rows = [reading(day, shape) for day in DAILY]
    answers = [check_in(day, Answers(pain=2)) for day in (1, 2, 3)]
    shuffled = random.Random(7).sample(rows + rows[:3], len(rows) + 3)  # noqa: S311
    told = assess(course(rows, answers), PROTOCOL, 10)
    assert assess(course(shuffled, answers[::-1]), PROTOCOL, 10) == told


def test_what_is_not_known_yet_is_not_used() -> None:
    rows = [reading(day, rising_again) for day in DAILY]
    early = assess(course(rows[:5]), PROTOCOL, 4.5)
    assert assess(course(rows), PROTOCOL, 4.5) == early


def test_one_bad_photo_raises_nothing() -> None:
    days = [reading(day) for day in DAILY]
    spoiled = reading(5.05, lambda _region, _day: 1.5)
    days[5] = spoiled
    findings = assess(course(days), PROTOCOL, 6.5).findings
    assert [f.concern for f in findings if f.level and f.level.is_mailed] == []


@pytest.mark.parametrize(
    "weaken",
    [
        lambda r: replace(r, reference=Reference.HISTORY),
        lambda r: replace(r, skin_state=SkinState.MAKE_UP),
    ],
)
def test_photos_without_reference_or_with_make_up_never_alert_alone(weaken) -> None:  # type: ignore[no-untyped-def]
    days = [weaken(reading(day, rising_again)) for day in DAILY]
    assert finding(course(days), Concern.INFECTION, until=9.5).level is None
    sick = [check_in(day, Answers(pain=int(day), warmth=True, pus=day > 6)) for day in range(3, 9)]
    assert finding(course(days, sick), Concern.INFECTION, until=9.5).level is not None


def test_symptoms_can_carry_an_alert_without_photos() -> None:
    worse = Answers(pain=6, warmth=True, pus=True, spreading=True, trend=Trend.WORSE)
    told = course([], [check_in(3, Answers(pain=1)), check_in(4, worse)])
    found = finding(told, Concern.INFECTION, until=4.5)
    assert found.level is Level.URGENT
    assert found.photo_id is None
    assert found.regions == ()


@pytest.mark.parametrize("seed", range(3))
def test_a_rise_of_the_whole_face_with_strong_itch_is_first_called_an_allergy(seed: int) -> None:
    def flaring(region: Region, day: float) -> float:
        return fading(region, day) + 0.8 * max(0.0, day - 2)

    days = [reading(day, flaring, seed=seed) for day in (1, 2, 3, 4)]
    itching = [check_in(day, Answers(pain=0, itch=8)) for day in (3, 4)]
    judged = course(days, itching)
    allergy = finding(judged, Concern.ALLERGIC_REACTION, until=4.5)
    infection = finding(judged, Concern.INFECTION, until=4.5)
    assert allergy.level is not None
    assert infection.level is not None
    assert allergy.probability > infection.probability
    without = finding(course(days), Concern.ALLERGIC_REACTION, until=4.5)
    assert without.level is None  # redness alone does not tell an allergy from an infection


def test_signs_of_an_infection_do_not_name_an_allergy() -> None:
    days = [reading(day, rising_again) for day in DAILY]
    ill = Answers(pain=6, pus=True, warmth=True, spreading=True, swelling=2, trend=Trend.WORSE)
    judged = course(days, [check_in(day, ill) for day in (6, 7)])
    assert finding(judged, Concern.INFECTION, until=7.5).level is Level.URGENT
    allergy = finding(judged, Concern.ALLERGIC_REACTION, until=7.5)
    assert all(f.factor <= 4 for f in allergy.evidence if f.source is Source.PHOTOS)


def test_a_red_flag_is_urgent_on_any_day() -> None:
    flagged = course([], [check_in(30, Answers(breathing_or_face_swelling=True))])
    found = finding(flagged, Concern.ALLERGIC_REACTION, until=30.1)
    assert found.level is Level.URGENT
    assert found.evidence[0].what == "answered: trouble breathing, or swollen lips or tongue"


def test_deeper_needles_are_given_more_time() -> None:
    days = [reading(day, staying) for day in DAILY]
    shallow = Course(treatment(0.5), tuple(days), ())
    deep = Course(treatment(2.5), tuple(days), ())
    assert finding(shallow, Concern.PROLONGED_INFLAMMATION, until=4.1).level is not None
    assert finding(deep, Concern.PROLONGED_INFLAMMATION, until=8.9).level is None


def test_the_band_falls_from_its_peak_to_none_and_holds_the_usual_course() -> None:
    band = band_until(treatment(), PROTOCOL, 10)
    medians = [point.median for point in band]
    assert medians == sorted(medians, reverse=True)
    assert 1.0 <= medians[0] <= 2.0
    assert medians[-1] < 0.1
    for point in band:
        assert point.low < fading(Region.FACE, point.day) < point.high


def test_the_band_ends_with_the_longest_plan_however_long_ago_the_treatment_was() -> None:
    band = band_until(treatment(), PROTOCOL, 45_000)
    assert band[-1].day == LONGEST_BAND
    assert len(band) < LONGEST_BAND + 20


def test_the_standing_tells_how_many_are_less_red() -> None:
    usual = assess(course([reading(day) for day in DAILY[:4]]), PROTOCOL, 4)
    red = assess(course([reading(day, staying) for day in DAILY[:6]]), PROTOCOL, 6)
    assert usual.standing is not None
    assert red.standing is not None
    assert 0.1 < usual.standing < 0.9
    assert red.standing > 0.95
    assert assess(course([]), PROTOCOL, 4).standing is None


def test_a_window_goes_by_the_facts_not_by_the_hour_of_judging() -> None:
    days = [reading(day, lambda r, d: rising_again(r, d - 6)) for day in (*DAILY, 11, 12, 13.5)]
    sick = [check_in(13.5, Answers(pus=True, warmth=True, trend=Trend.WORSE))]
    assert finding(course(days, sick), Concern.INFECTION, until=14.2).level is not None


def test_nothing_is_said_to_begin_in_the_future() -> None:
    for until in (2.5, 3.1, 4.5):
        for found in assess(course([reading(day) for day in DAILY[:3]]), PROTOCOL, until).findings:
            assert found.onset_day is None or found.onset_day <= until


@pytest.mark.parametrize("hours", [18.0, 30.0, 50.0])
def test_the_engine_learns_the_persons_own_half_life(hours: float) -> None:
    def healing(_region: Region, day: float) -> float:
        return float(np.log2(1 + 1.8 * 2 ** (-day * 24 / hours)))

    nothing = assess(course([]), PROTOCOL, 1).half_life_hours
    assert nothing == PROTOCOL.healing_for(1.5).half_life_hours
    learned = assess(course([reading(day, healing) for day in DAILY]), PROTOCOL, 10).half_life_hours
    assert learned.low < hours < learned.high
    assert learned.high / learned.low < 0.8 * nothing.high / nothing.low
