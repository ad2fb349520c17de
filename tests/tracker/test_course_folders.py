from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.course.photos import PhotoRole, Sides
from tracker.domain.course.procedures import Procedure, Product, ProductUse
from tracker.domain.course.treatments import AREAS
from tracker.domain.own_data.course_folders import (
    CourseCheckIn,
    CourseError,
    CourseOutlines,
    CoursePhoto,
    course_text,
    parse_course,
    shifted,
)

COURSE = """
format = 1
[patient]
skin_type = 4
time_zone = "Europe/Berlin"
history = ["hyperpigmentation"]
[treatment]
kind = "microneedling"
performed_at = 2026-03-02T10:00:00+01:00
needle_depth_mm = 1.5
[[photos]]
file = "d01.jpg"
taken_at = 2026-03-03T09:00:00+01:00
[[photos]]
file = "baseline-1.jpg"
taken_at = 2026-03-01T09:00:00+01:00
role = "baseline"
[[check_ins]]
at = 2026-03-03T08:05:00+01:00
pain = 2
trend = "better"
"""


def test_events_come_in_time_order_with_sensible_defaults() -> None:
    story = parse_course(COURSE)
    first, second, third = story.events
    assert isinstance(first, CoursePhoto)
    assert first.role is PhotoRole.BASELINE
    assert isinstance(second, CourseCheckIn)
    assert second.answers.pain == 2
    assert isinstance(third, CoursePhoto)
    assert third.role is PhotoRole.FOLLOW_UP
    assert story.treatment.areas == frozenset(AREAS)


MORE = (
    """
as_before = true
[[treatment.screening]]
question = "pregnancy"
answer = false
[[treatment.screening]]
question = "other"
text = "Takes „a tea\\""
[[outlines]]
file = "baseline-1.jpg"
at = 2026-03-01T10:00:00+01:00
treated = """
    '"""\n31.5 42; 60 42; 60 58\n10 10; 20 10; 20 20"""\n'
)


def test_outlines_screening_and_the_mark_as_before_are_kept() -> None:
    told = parse_course(COURSE + MORE)
    assert told.check_ins[0].is_as_before
    assert told.screening == {"pregnancy": False, "other": 'Takes „a tea"'}
    first, drawn, *_ = told.events
    assert isinstance(first, CoursePhoto)
    assert isinstance(drawn, CourseOutlines)
    assert drawn.drawn.treated[0] == ((0.315, 0.42), (0.6, 0.42), (0.6, 0.58))
    assert len(drawn.drawn.treated) == 2
    assert drawn.drawn.untreated == ()
    assert parse_course(course_text(told)) == told
    assert shifted(told, 2).outlines[0].at - drawn.at == timedelta(days=2)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("31.5 42;", "31.5;", r"outlines\[1\].*line 1, corner 1: write two percentages"),
        ('file = "baseline-1.jpg"\nat', 'file = "d01.jpg"\nat', "a photo with the role baseline"),
        ("03-01T10:00", "02-01T10:00", "taken before it is drawn on"),
        ('"other"\ntext = ', '"pregnancy"\ntext = ', "is answered twice"),
        ("answer = false", "", r"screening\[1\].answer.*is missing"),
        ("as_before = true", "as_before = 1", "as_before.*must be true or false"),
    ],
)
def test_a_mistake_in_them_is_named(before: str, after: str, told: str) -> None:
    text = COURSE + MORE
    assert before in text
    with pytest.raises(CourseError, match=told):
        parse_course(text.replace(before, after))


def test_an_answer_that_was_left_out_stays_left_out() -> None:
    answers = parse_course(COURSE).check_ins[0].answers
    assert answers == Answers(pain=2, trend=Trend.BETTER)
    told = parse_course(COURSE.replace("pain = 2", "eye_pain = true\nfaint = false"))
    assert told.check_ins[0].answers == Answers(eye_pain=True, faint=False, trend=Trend.BETTER)
    assert parse_course(course_text(told)) == told


@pytest.mark.parametrize("sides", Sides)
def test_what_is_known_of_left_and_right_goes_along(sides: Sides) -> None:
    told = parse_course(COURSE)
    known = replace(told, photos=tuple(replace(photo, sides=sides) for photo in told.photos))
    assert parse_course(course_text(known)) == known
    assert ("sides" in course_text(known)) is (sides is not Sides.UNKNOWN)


def test_how_it_was_done_is_written_and_read_again() -> None:
    told = parse_course(COURSE)
    procedure = Procedure(
        device='Pen "X"',
        maker="Maker",
        passes=3,
        products=(
            Product("Lidocaine", ProductUse.NUMBING, "L-17"),
            Product("Gel", ProductUse.AFTER),
        ),
        performed_by="Dr Dana",
    )
    done = replace(told, treatment=replace(told.treatment, procedure=procedure))
    assert parse_course(course_text(done)) == done
    assert told.treatment.procedure == Procedure()


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("format = 1", "format = 2", "format must be 1"),
        ('"Europe/Berlin"', '"Mars/Olympus"', "patient.time_zone.*such as Europe"),
        ("skin_type = 4", "skin_type = 7", "patient.skin_type"),
        ('["hyperpigmentation"]', '["bad luck"]', "patient.history"),
        ("2026-03-02T10:00:00+01:00", "2026-03-02T10:00:00", "treatment.performed_at.*offset"),
        ("needle_depth_mm = 1.5", "needle_depth_mm = 15", "needle_depth_mm"),
        (
            "needle_depth_mm = 1.5",
            "passes = 1.5",
            r"treatment.passes \(line 10\): is 1.5; it must be a whole number",
        ),
        ("needle_depth_mm = 1.5", "passes = 99", "treatment.passes .*from 1 to 50"),
        ("needle_depth_mm = 1.5", "device = 3", "treatment.device .*must be a text"),
        (
            "needle_depth_mm = 1.5",
            'products = [{ name = "Serum", use = "never" }]',
            r"treatment.products\[1\].use",
        ),
        ('"d01.jpg"', '"../d01.jpg"', r"photos\[1\].file .*must be a plain name"),
        ('"d01.jpg"', '"baseline-1.jpg"', "names a file twice"),
        ('role = "baseline"', 'role = "before"', r"photos\[2\].role"),
        ("pain = 2", "pain = 11", r"check_ins\[1\].pain .*from 0 to 10"),
        ("pain = 2", "mood = 2", r"check_ins\[1\].mood .*no such key.*remove it"),
        ('trend = "better"', 'trend = "meh"', r"check_ins\[1\].trend"),
        ("[treatment]", "[treatments]", "treatment: is missing"),
        ("format = 1", "format 1", "not valid TOML"),
        ("format = 1", "format = " + "[" * 3000, "nested too deeply"),
        ("format = 1", "format = 1" + "0" * 5000, "not valid TOML"),
        ('["hyperpigmentation"]', '"hyperpigmentation"', "patient.history .*must be a list"),
        ('["hyperpigmentation"]', '[["hyperpigmentation"]]', "patient.history .*must be a list"),
        ("[[check_ins]]", "[[check_in]]", "check_in: no such key .*not used yet: check_ins"),
        ("skin_type = 4", "skin_typ = 4", "patient.skin_typ .*not used yet.*skin_type"),
    ],
)
def test_a_mistake_is_named_with_file_field_and_remedy(right: str, wrong: str, words: str) -> None:
    assert right in COURSE
    with pytest.raises(CourseError, match=words) as caught:
        parse_course(COURSE.replace(right, wrong))
    assert str(caught.value).startswith("course.toml: ")
    assert "\n" not in str(caught.value)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = COURSE.replace("skin_type = 4", "skin_type = 7").replace("pain = 2", "pain = true")
    with pytest.raises(CourseError) as caught:
        parse_course(text.replace('"d01.jpg"', '""'))
    told = str(caught.value).removeprefix("course.toml: ").split("; ")
    assert [each.split(" ")[0] for each in told if "(line" in each] == [
        "patient.skin_type",
        "photos[1].file",
        "check_ins[1].pain",
    ]


def test_a_shifted_story_keeps_its_hours_on_the_wall_clock() -> None:
    story = shifted(parse_course(COURSE), days=60)  # across the change to summer time
    berlin = ZoneInfo("Europe/Berlin")
    assert story.treatment.performed_at == datetime(2026, 5, 1, 10, tzinfo=berlin)
    assert story.check_ins[0].at == datetime(2026, 5, 2, 8, 5, tzinfo=berlin)
