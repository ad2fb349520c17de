"""Laws that hold for every course, whatever happens in it."""

import random
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.benchmarks.alerts.cohort import Case, Split, draw_case
from tests.tracker.courses_of_readings import (
    DAILY,
    TREATED_AT,
    check_in,
    course,
    fading,
    reading,
    rising_again,
    staying,
    treatment,
)
from tracker.domain.alerts.alerts import Concern, Finding
from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.course.photos import SkinState
from tracker.domain.course.readings import Estimate, Reading, Reference
from tracker.domain.course.treatments import AREAS, Region
from tracker.domain.recovery.recovery import Course, assess
from tracker.storage.protocols import protocol_files

PROTOCOL = protocol_files.load("microneedling")
DAILY_SIGNS = ("warmth", "pus", "blisters", "spreading", "fever", "breathing_or_face_swelling")
LAW = settings(max_examples=25, deadline=None, derandomize=True)

answers = st.builds(
    Answers,
    pain=st.integers(0, 10),
    itch=st.integers(0, 10),
    swelling=st.integers(0, 3),
    trend=st.sampled_from(Trend),
    **{name: st.booleans() for name in DAILY_SIGNS},
)
worse_fields = st.sampled_from(
    [{"pain": 10}, {"itch": 10}, {"swelling": 3}, {"trend": Trend.WORSE}]
    + [{name: True} for name in DAILY_SIGNS]
)


@cache
def case(number: int) -> Case:
    return draw_case(Split.TUNING, number)


def probabilities(judged: Course, until: float) -> dict[Concern, float]:
    return {f.concern: f.probability for f in assess(judged, PROTOCOL, until).findings}


def finding(judged: Course, concern: Concern, until: float) -> Finding:
    return next(f for f in assess(judged, PROTOCOL, until).findings if f.concern is concern)


@LAW
@given(number=st.integers(0, 199), until=st.floats(0.5, 30), seed=st.integers())
def test_order_and_doubled_rows_never_change_the_verdict(
    number: int, until: float, seed: int
) -> None:
    told = case(number).course
    chance = random.Random(seed)  # noqa: S311
    readings = chance.choices(told.readings, k=5) + list(told.readings)
    check_ins = chance.choices(told.check_ins, k=3) + list(told.check_ins)
    chance.shuffle(readings)
    chance.shuffle(check_ins)
    shuffled = replace(told, readings=tuple(readings), check_ins=tuple(check_ins))
    assert assess(shuffled, PROTOCOL, until) == assess(told, PROTOCOL, until)


@LAW
@given(number=st.integers(0, 199), until=st.floats(0.5, 30))
def test_what_comes_later_changes_nothing_said_before(number: int, until: float) -> None:
    told = case(number).course
    end = TREATED_AT.timestamp() + until * 86400
    known = replace(
        told,
        readings=tuple(r for r in told.readings if r.taken_at.timestamp() <= end + 3600),
        check_ins=tuple(c for c in told.check_ins if c.at.timestamp() <= end + 3600),
    )
    assert assess(known, PROTOCOL, until) == assess(told, PROTOCOL, until)


@LAW
@given(
    given_answers=st.lists(st.tuples(st.floats(0, 16), answers), min_size=1, max_size=5),
    which=st.integers(0, 4),
    worse=worse_fields,
)
def test_a_worse_answer_never_lowers_a_probability(
    given_answers: list[tuple[float, Answers]],
    which: int,
    worse: dict[str, object],
) -> None:
    days = [reading(day, rising_again) for day in DAILY]
    rows = [replace(check_in(day, a), id=str(n)) for n, (day, a) in enumerate(given_answers)]
    which %= len(rows)
    worsened = list(rows)
    worsened[which] = replace(rows[which], answers=replace(rows[which].answers, **worse))  # type: ignore[arg-type]
    for until in (rows[which].at - TREATED_AT).total_seconds() / 86400, 12.0, 16.0:
        before = probabilities(course(days, rows), until)
        after = probabilities(course(days, worsened), until)
        assert all(after[c] >= before[c] - 1e-12 for c in before)


@LAW
@given(day=st.floats(0, 14), answered=answers, worse=worse_fields)
def test_answers_that_report_something_never_say_less_than_no_answers_at_all(
    day: float, answered: Answers, worse: dict[str, object]
) -> None:
    told = check_in(day, replace(answered, **worse))  # type: ignore[arg-type]
    silent = probabilities(course([]), day)
    spoken = probabilities(course([], [told]), day)
    named = PROTOCOL.concerns
    signs = {"pain": "pain_high", "itch": "itch_high", "swelling": "swelling_high"}
    sign = next(iter(worse))
    sign = "trend_worse" if sign == "trend" else signs.get(sign, sign)
    for concern in Concern:
        if concern in named and sign in named[concern].signs:
            assert spoken[concern] >= silent[concern] - 1e-12


@pytest.mark.parametrize("sd", [0.3, 0.05, 0.001])
def test_one_photo_alone_raises_nothing_however_small_its_error(sd: float) -> None:
    def sharp(photo: Reading) -> Reading:
        return replace(
            photo,
            regions={
                region: replace(
                    seen,
                    redness=Estimate(seen.redness.value, sd),
                    pigment=Estimate(seen.pigment.value, sd),
                )
                for region, seen in photo.regions.items()
            },
        )

    for day in (3.0, 7.0, 20.0, 30.0):
        alone = sharp(reading(day, lambda _r, _d: 1.4, lambda _r, _d: 0.8))
        before = [sharp(reading(d)) for d in DAILY if d < day - 1]
        for known in ([alone], [*before, alone]):
            findings = assess(course(known), PROTOCOL, day + 0.1).findings
            assert [f.concern for f in findings if f.level] == []


def test_a_burst_of_photos_is_little_more_than_one() -> None:
    burst = [reading(8 + n / 400, lambda _r, _d: 1.2, seed=n) for n in range(40)]
    usual = [reading(day) for day in DAILY[:7]]
    found = finding(course([*usual, *burst]), Concern.INFECTION, 8.3)
    assert found.level is None
    assert finding(course([*usual, *burst]), Concern.PROLONGED_INFLAMMATION, 8.3).level is None


def test_a_shift_that_untreated_skin_shares_is_the_light() -> None:
    treated = frozenset({Region.LEFT_CHEEK, Region.RIGHT_CHEEK})
    cheeks = replace(treatment(), areas=treated)

    def lit(region: Region, day: float) -> float:
        return (fading(region, day) if region in treated else 0.0) + (1.0 if day > 4 else 0.0)

    def sick(region: Region, day: float) -> float:
        return (fading(region, day) + max(0.0, 0.5 * (day - 4))) if region in treated else 0.0

    def judged(truth) -> Finding:  # type: ignore[no-untyped-def]
        readings = tuple(reading(day, truth) for day in DAILY)
        return finding(Course(cheeks, readings, ()), Concern.INFECTION, 9.5)

    assert judged(lit).level is None
    assert judged(sick).level is not None


def test_a_new_phone_that_reddens_the_whole_face_raises_nothing() -> None:
    for shift in (0.25, -0.25):
        days = [reading(d, lambda r, d: fading(r, d) + shift * (d > 4)) for d in (*DAILY, 12, 14)]  # noqa: B023
        findings = assess(course(days), PROTOCOL, 14.2).findings
        assert [f.concern for f in findings if f.level and f.level.is_mailed] == []


def test_a_flush_after_sport_or_a_nick_raises_nothing() -> None:
    flushed = [reading(d, lambda r, d: fading(r, d) + 0.7 * (5 < d < 5.2)) for d in DAILY]
    flushed[5] = replace(flushed[5], skin_state=SkinState.AFTER_SPORT)

    def nicked(region: Region, day: float) -> float:
        nick = 0.6 * 2 ** -(day - 5) if region is Region.CHIN and day > 5 else 0.0
        return fading(region, day) + nick

    for known in (flushed, [reading(d, nicked) for d in DAILY]):
        for until in (5.5, 6.5, 7.5, 9.5):
            findings = assess(course(known), PROTOCOL, until).findings
            assert [f.concern for f in findings if f.level and f.level.is_mailed] == []


@pytest.mark.parametrize("missing", [Region.NOSE, Region.LEFT_CHEEK])
def test_regions_that_are_hidden_on_some_days_are_no_evidence(missing: Region) -> None:
    days = [reading(day, seed=3) for day in DAILY]
    gaps = [
        replace(r, regions={k: v for k, v in r.regions.items() if k is not missing or n % 2})
        for n, r in enumerate(days)
    ]
    findings = assess(course(gaps), PROTOCOL, 9.5).findings
    assert [f.concern for f in findings if f.level] == []


def test_a_face_read_only_as_a_whole_is_judged_all_the_same() -> None:
    whole = [
        replace(r, regions={Region.FACE: r.regions[Region.FACE]})
        for r in (reading(day, staying) for day in DAILY)
    ]
    found = finding(course(whole), Concern.PROLONGED_INFLAMMATION, 9.5)
    assert found.level is not None
    assert found.regions == (Region.FACE,)


def test_photos_without_reference_cannot_hide_what_others_show() -> None:
    days = [reading(day, rising_again) for day in DAILY]
    calm = [
        replace(reading(day + 0.1), reference=Reference.HISTORY, photo_id=f"weak-{day}")
        for day in DAILY
    ]
    alone = finding(course(days), Concern.INFECTION, 9.5).probability
    together = finding(course([*days, *calm]), Concern.INFECTION, 9.5).probability
    odds = [p / (1 - p) for p in (alone, together)]
    assert odds[1] >= odds[0] / (PROTOCOL.history_factor_limit * 1.5)


def test_what_is_said_of_a_small_cohort_is_about_as_often_so() -> None:
    normal = [case(n) for n in range(0, 40, 2)]
    ill = [case(n) for n in (49, 51, 60, 62, 64, 66, 82, 84, 86, 88)]
    until = 21.0
    said = [probabilities(c.course, until) for c in normal]
    mean = np.mean([[p[c] for c in PROTOCOL.concerns] for p in said], axis=0)
    priors = np.array([rule.prior for rule in PROTOCOL.concerns.values()])
    assert (mean < 1.2 * priors).all()
    named = [probabilities(c.course, until)[c.skin.concern] for c in ill if c.skin.concern]
    assert np.mean(named) > 0.5


def test_areas_of_the_benchmark_are_those_of_the_house() -> None:
    assert {r for n in range(3) for p in case(n).course.readings for r in p.regions} <= {
        *AREAS,
        Region.FACE,
    }


def test_a_risk_alone_is_no_alert() -> None:
    words = frozenset({"melasma", "skin_type_6", "keloid", "cold_sores", "immunosuppression"})
    at_risk = PROTOCOL.adapted_to(words)
    calm = [check_in(day, Answers()) for day in (3, 8, 27, 40)]
    unreferenced = [replace(reading(d), reference=Reference.HISTORY) for d in (*DAILY, 14, 21, 28)]
    for known in (course([]), course([], calm), course(unreferenced, calm)):
        for until in (4, 9, 14.5, 28.5, 41):
            assert [f.concern for f in assess(known, at_risk, until).findings if f.level] == []
