from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tests.tracker.courses_of_readings import treatment
from tracker.actions.course.planning import add_care_line, end_care_line
from tracker.actions.course.progress import Progress, show_progress
from tracker.actions.course.treatments import begin_treatment
from tracker.domain.course.treatments import day_number, days_since
from tracker.domain.protocols.aftercare import (
    ALWAYS,
    DayPlan,
    OwnLine,
    RunningTreatment,
    day_plan,
    questions_of,
)
from tracker.domain.protocols.care import Heading

TODAY = date(2026, 3, 5)
BERLIN = ZoneInfo("Europe/Berlin")


def running(kind: str, day: int, variant: str | None = None) -> RunningTreatment:
    done = replace(treatment(), id=kind, kind=kind, variant=variant)
    return RunningTreatment(done, PROTOCOLS.of(kind), day)


def plan(*courses: RunningTreatment, own: tuple[OwnLine, ...] = ()) -> DayPlan:
    found = day_plan(courses, own, TODAY)
    assert found is not None
    return found


def avoided(of: DayPlan) -> dict[str, date]:
    return {each.line: each.last_date for each in of.avoid}


def own_line(heading: Heading, line: str, last: date = TODAY) -> OwnLine:
    return OwnLine("", "p", heading, line, TODAY, last, "dana", TREATED_AT)


def test_what_is_avoided_says_until_when() -> None:
    assert avoided(plan(running("microneedling", 3)))["Direct sun"] == date(2026, 3, 16)
    assert avoided(plan(running("microneedling", 3)))["Tanning and sunbeds"] == ALWAYS
    assert "Make-up" not in avoided(plan(running("microneedling", 3)))


def test_of_two_treatments_everything_is_avoided_and_for_the_longer_time() -> None:
    needles, peel = running("microneedling", 3), running("chemical_peel", 1, "deep")
    both, alone = avoided(plan(needles, peel)), avoided(plan(needles))
    for line, last in {**alone, **avoided(plan(peel))}.items():
        assert both[line] >= last
    assert both["Make-up"] == TODAY + timedelta(days=12)
    sauna = "Sauna, steam, pool and swimming"
    assert alone[sauna] == TODAY + timedelta(days=11)
    assert both[sauna] == TODAY + timedelta(days=19)


def test_what_one_treatment_forbids_the_other_does_not_advise() -> None:
    needles, peel = running("microneedling", 6), running("chemical_peel", 2, "medium")
    assert any("sunscreen" in line for line in plan(needles).do)
    assert not any("sunscreen" in line for line in plan(needles, peel).do)
    assert not any("active products" in line for line in plan(needles, peel).do)
    assert any("moisturiser" in line for line in plan(needles).do)
    assert not any("moisturiser" in line for line in plan(needles, peel).do)


def test_every_reason_to_call_is_kept_and_each_is_said_once() -> None:
    needles, peel = running("microneedling", 3), running("chemical_peel", 3, "deep")
    both = plan(needles, peel)
    assert set(both.call_us) == {*plan(needles).call_us, *plan(peel).call_us}
    assert len(both.call_us) == len(set(both.call_us))
    assert both.normal[0].startswith("Microneedling: ")


@pytest.mark.parametrize("variant", ["superficial", "medium", "deep"])
def test_a_peel_speaks_of_its_own_depth(variant: str) -> None:
    told = plan(running("chemical_peel", 10, variant))
    assert len(told.normal) == (2 if variant == "deep" else 1)  # crusts, and new skin under them
    assert ("active" in " ".join(told.do)) is (variant == "superficial")


def test_a_line_of_the_patients_own_stands_beside_the_others_on_its_dates() -> None:
    line = own_line(Heading.AVOID, "Contact lenses", date(2026, 3, 9))
    assert avoided(plan(running("ipl", 2), own=(line,)))["Contact lenses"] == date(2026, 3, 9)
    late = replace(line, first_date=date(2026, 3, 6))
    assert "Contact lenses" not in avoided(plan(running("ipl", 2), own=(late,)))
    longer = own_line(Heading.AVOID, "make-up", date(2027, 1, 1))
    told = avoided(plan(running("chemical_peel", 1, "deep"), own=(longer,)))
    assert told["Make-up"] == date(2027, 1, 1)


def test_an_own_line_must_say_something_and_end_after_it_begins() -> None:
    with pytest.raises(ValueError, match="line must have"):
        own_line(Heading.DO, " ")
    with pytest.raises(ValueError, match="swap them"):
        own_line(Heading.DO, "Rest", date(2026, 3, 1))


def test_after_the_plan_only_what_holds_always_is_told_and_every_warning_sign_stays() -> None:
    after, last = plan(running("microneedling", 101)), plan(running("microneedling", 100))
    assert after.normal == ()
    assert set(avoided(after).values()) == {ALWAYS}
    assert after.call_us == last.call_us


def test_before_a_treatment_there_is_no_plan() -> None:
    assert day_plan([running("microneedling", -1)], (), TODAY) is None


def test_questions_of_two_treatments_are_asked_once() -> None:
    signs = [q.sign for q in questions_of([running("ipl", 3), running("microneedling", 3)])]
    assert len(signs) == len(set(signs))
    assert "hardness" not in signs
    assert "hardness" in {q.sign for q in questions_of([running("ipl", 30)])}


def test_an_earlier_treatment_of_another_kind_still_speaks_on_today(
    db: Database, cast: Cast
) -> None:
    later = TREATED_AT + timedelta(days=2)
    peel = replace(
        cast.treatment,
        kind="chemical_peel",
        variant="medium",
        needle_depth_mm=None,
        performed_at=later,
    )
    begin_treatment(db, PROTOCOLS, peel)
    progress = show_progress(db, PROTOCOLS, cast.alice.id, later + timedelta(days=1))
    assert isinstance(progress, Progress)
    assert progress.aftercare is not None
    assert [line.split(":")[0] for line in progress.aftercare.normal] == [
        "Chemical peel",
        "Microneedling",
    ]
    again = replace(cast.treatment, performed_at=later + timedelta(days=10))
    begin_treatment(db, PROTOCOLS, again)
    progress = show_progress(db, PROTOCOLS, cast.alice.id, later + timedelta(days=11))
    assert isinstance(progress, Progress)
    assert progress.aftercare is not None
    assert len(progress.aftercare.normal) == 2  # the first needles' course has ended


def test_own_lines_are_kept_shown_and_taken_back(db: Database, cast: Cast) -> None:
    line = OwnLine(
        "", cast.alice.id, Heading.DO, "Eye drops", TODAY, TODAY, cast.dana.id, TREATED_AT
    )
    added = add_care_line(db, line)
    at = datetime(2026, 3, 5, 9, tzinfo=UTC)

    def do_today() -> tuple[str, ...]:
        progress = show_progress(db, PROTOCOLS, cast.alice.id, at)
        assert isinstance(progress, Progress)
        assert progress.aftercare is not None
        return progress.aftercare.do

    assert "Eye drops" in do_today()
    assert end_care_line(db, added.id, cast.dana.id, at)
    assert "Eye drops" not in do_today()
    assert not end_care_line(db, added.id, cast.dana.id, at)
    (row,) = db.query("SELECT ended_by FROM care_lines")
    assert row["ended_by"] == cast.dana.id


def test_after_a_treatment_at_half_past_eleven_the_next_morning_is_day_one() -> None:
    late = replace(treatment(), performed_at=datetime(2026, 3, 2, 23, 30, tzinfo=BERLIN))
    assert day_number(late, datetime(2026, 3, 2, 23, 59, tzinfo=BERLIN), BERLIN) == 0
    assert day_number(late, datetime(2026, 3, 3, 0, 1, tzinfo=BERLIN), BERLIN) == 1


@pytest.mark.parametrize(
    ("zone", "before"),
    [
        ("Europe/Berlin", date(2026, 3, 28)),
        ("Europe/Berlin", date(2026, 10, 24)),
        ("America/New_York", date(2026, 10, 31)),
        ("Australia/Lord_Howe", date(2026, 4, 4)),
    ],
)
def test_a_change_of_clocks_neither_skips_nor_doubles_a_day(zone: str, before: date) -> None:
    here = ZoneInfo(zone)
    done = replace(treatment(), performed_at=datetime.combine(before, time(23, 30), tzinfo=here))
    days = [
        day_number(
            done, datetime.combine(before + timedelta(days=day), time(hour), tzinfo=here), here
        )
        for day in range(4)
        for hour in (0, 12, 23)
    ]
    assert days == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


@given(
    hours=st.floats(0, 24 * 90),
    minutes=st.integers(0, 364 * 24 * 60),
    zone=st.sampled_from(["Pacific/Auckland", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_wherever_a_patient_travels_the_day_stays_within_one_of_the_days_that_passed(
    hours: float, minutes: int, zone: str
) -> None:
    began = datetime(2026, 1, 1, tzinfo=BERLIN) + timedelta(minutes=minutes)
    done = replace(treatment(), performed_at=began)
    now = done.performed_at.astimezone(UTC) + timedelta(hours=hours)
    there = day_number(done, now, ZoneInfo(zone))
    assert abs(there - days_since(done, now)) <= 1 + 1 / 24
