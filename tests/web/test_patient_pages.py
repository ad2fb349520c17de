"""What the patient reads."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.tracker.courses_of_readings import (
    CALM,
    TREATED_AT,
    Doublings,
    check_in,
    fading,
    reading,
    staying,
)
from tests.web.course_so_far import now_on, so_far
from tracker.actions.course.progress import Progress
from tracker.domain.alerts.alerts import Alert, Concern, Level, Outcome
from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, Sides, SkinState
from tracker.domain.course.readings import Reading
from tracker.domain.course.treatments import Region
from web.patient.sending import check_in_result_page, photo_page, upload_page
from web.patient.today import progress_page, today_page
from web.words.telling import Standing, standing, telling_of


def photo(day: float, status: PhotoStatus = PhotoStatus.MEASURED) -> Photo:
    role = PhotoRole.BASELINE if day < 0 else PhotoRole.FOLLOW_UP
    taken_at = TREATED_AT + timedelta(days=day)
    return Photo(f"photo-{day}", "t", "p", role, status, taken_at, taken_at, SkinState.CLEAN)


def alert(level: Level = Level.REVIEW, *, seen_on: float | None = None) -> Alert:
    return Alert(
        id="a",
        patient_id="p",
        treatment_id="t",
        concern=Concern.HYPERPIGMENTATION,
        level=level,
        raised_at=now_on(3),
        probability=0.9,
        onset_day=2.0,
        regions=(Region.CHIN,),
        evidence=(),
        photo_id=None,
        engine="1",
        protocol="microneedling 1",
        seen_at=None if seen_on is None else now_on(seen_on),
    )


def level(value: float) -> Doublings:
    return lambda _region, _day: value


def stands(progress: Progress, day: float) -> Standing | None:
    return standing(progress, telling_of(progress, now_on(day)))


def test_a_usual_course_is_normal_for_its_day() -> None:
    told = stands(so_far(3.2, [reading(d + 0.1, fading) for d in range(4)]), 3.2)
    assert told is not None
    assert told.headline == "Normal for day 3 after 1.5\N{NO-BREAK SPACE}mm"
    assert told.is_normal


def test_one_treated_cheek_that_a_mirror_image_would_hide_is_not_called_normal() -> None:
    course = so_far(3.2, [reading(d + 0.1, fading) for d in range(4)])
    one_cheek = replace(course.treatment, areas=frozenset({Region.LEFT_CHEEK}))
    unsure = replace(course, photos=(photo(-1),), treatment=one_cheek)
    told = stands(unsure, 3.2)
    assert told is not None
    assert "Normal" not in told.headline
    assert not told.is_normal
    assert "may be a mirror image" in told.details[0]
    assert told.headline in today_page(unsure, now_on(3.2)).warning
    assert progress_page(unsure, now_on(3.2)).regions == {}
    shown = photo_page(unsure, photo(3.1), now_on(3.2), already=False)
    assert shown.findings == (f"{told.headline}.",)
    known = replace(unsure, photos=(replace(photo(-1), sides=Sides.PLAIN),))
    assert stands(known, 3.2) == stands(course, 3.2)


def test_redness_that_stays_is_told_as_a_count_of_a_hundred() -> None:
    told = stands(so_far(5.2, [reading(d + 0.1, staying) for d in range(6)]), 5.2)
    assert told is not None
    assert told.headline.startswith("Redder than 9")
    assert "of 100 at day 5" in told.headline
    assert not told.is_normal


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (1.4, 0.6, "Calmer than the day before."),
        (0.6, 1.4, "Redder than the day before."),
        (0.9, 0.95, "Much the same as the day before."),
    ],
)
def test_two_days_are_compared_beyond_their_error(before: float, after: float, words: str) -> None:
    readings = [reading(1.1, level(before)), reading(2.1, level(after))]
    told = stands(so_far(2.5, readings), 2.5)
    assert told is not None
    assert told.details[0] == words


def test_a_missed_day_is_not_called_the_day_before() -> None:
    told = stands(so_far(3.5, [reading(1.1, level(1.4)), reading(3.1, level(0.3))]), 3.5)
    assert told is not None
    assert told.details[0] == "Calmer than day 1."


def test_before_the_first_photo_nothing_is_claimed() -> None:
    before = replace(reading(0.5), taken_at=now_on(-0.5))
    assert stands(so_far(1), 1) is None
    assert stands(so_far(1, [before]), 1) is None


def test_today_tells_what_is_normal_and_when_to_call() -> None:
    page = today_page(so_far(3.2), now_on(3.2))
    assert page.title == "Day 3"
    assert page.date == "Thursday 5 March"
    assert page.care is not None
    assert page.photo is None
    assert page.needs_baseline


def test_a_photo_of_yesterday_is_not_todays() -> None:
    course = so_far(3.2, photos=[photo(-1), photo(2.1)])
    page = today_page(course, now_on(3.2))
    assert page.photo is None
    assert not page.needs_baseline


def test_a_usable_photo_counts_more_than_a_later_one_that_failed() -> None:
    failed = photo(3.2, PhotoStatus.UNMEASURABLE)
    page = today_page(so_far(3.3, photos=[photo(-1), photo(3.1), failed]), now_on(3.3))
    assert page.photo is not None
    assert page.photo.usable
    assert page.photo.id == "photo-3.1"


def test_a_dangerous_answer_stays_on_the_first_page_as_long_as_the_protocol_remembers_it() -> None:
    flagged = [check_in(2.0, Answers(breathing_or_face_swelling=True))]
    memory = so_far(2.0).protocol.answer_memory / timedelta(days=1)
    for day, stays in ((2.0 + memory - 0.1, True), (2.0 + memory + 0.1, False)):
        page = today_page(so_far(day, check_ins=flagged), now_on(day))
        assert bool(page.told) is stays


def test_a_check_in_shows_what_its_own_answers_mean_days_later() -> None:
    flagged = check_in(2.0, Answers(breathing_or_face_swelling=True))
    calm = check_in(9.1, Answers())
    progress = so_far(9.2, check_ins=[flagged, calm])
    assert check_in_result_page(progress, flagged, now_on(9.2)).title == "Get help now"
    assert not check_in_result_page(progress, calm, now_on(9.2)).told


def folds_calls(answers: Answers, *alerts: Alert, photos: Sequence[Reading] = ()) -> bool:
    given = check_in(3.0, answers)
    progress = so_far(3.1, photos, check_ins=[given], alerts=alerts)
    return check_in_result_page(progress, given, now_on(3.1)).folds_calls


def test_the_reasons_to_call_are_folded_only_after_calm_answers_without_an_open_alert() -> None:
    calm = replace(CALM, trend=Trend.BETTER, pain=3, itch=3, swelling=1)
    assert folds_calls(calm)
    others: list[dict[str, Any]] = [
        {"pain": 4},
        {"itch": 4},
        {"swelling": 2},
        {"itch": None},
        {"trend": Trend.WORSE},
        {"trend": None},
        {"note": "It looks odd."},
        {"sun": True},
        {"hardness": True},
    ]
    for other in others:
        assert not folds_calls(replace(calm, **other)), other
    watched = alert(Level.WATCH)
    assert not folds_calls(calm, watched)
    assert folds_calls(calm, replace(watched, resolved_at=now_on(3), outcome=Outcome.FALSE))
    assert not folds_calls(calm, photos=[reading(3.0, lambda _region, _day: 3.0)])


def test_the_first_photo_asked_for_is_the_one_from_before() -> None:
    assert upload_page(so_far(0), now_on(3)).role is PhotoRole.BASELINE
    assert upload_page(so_far(0, photos=[photo(-1)]), now_on(3)).role is PhotoRole.FOLLOW_UP
    unusable = replace(photo(-1), status=PhotoStatus.UNMEASURABLE)
    assert upload_page(so_far(0, photos=[unusable]), now_on(3)).role is PhotoRole.BASELINE


def test_what_to_avoid_is_grouped_by_its_last_day_the_soonest_first() -> None:
    page = today_page(so_far(3.2), now_on(3.2))
    assert page.care is not None
    untils = [until for until, _ in page.care.avoid]
    assert untils[0] == "Until tomorrow"
    assert untils[-2:] == ["Until Mon 16 Mar", "Always"]
    assert "Retinoids, acids, vitamin C and benzoyl peroxide" in page.care.avoid[0][1]


def test_after_the_plan_the_page_promises_nothing_and_keeps_the_warning_signs() -> None:
    page = today_page(so_far(150.2), now_on(150.2))
    assert page.care is not None
    assert page.care.title == "Your plan has ended; this still counts"
    assert page.care.normal == ()
    assert [until for until, _ in page.care.avoid] == ["Always"]
    assert any("Fever" in line for line in page.care.call_us)


def test_a_thing_to_avoid_on_its_last_day_is_avoided_today() -> None:
    page = today_page(so_far(2.2), now_on(2.2))
    assert page.care is not None
    assert page.care.avoid[0] == ("Today", ("Scrubs and brushes",))
