from dataclasses import replace
from datetime import date

import pytest

from tests.conftest import PROTOCOLS
from tests.tracker.courses_of_readings import treatment
from tracker.domain.protocols.aftercare import (
    ALWAYS,
    DayPlan,
    RunningTreatment,
    day_plan,
    plan_ends,
)
from tracker.domain.protocols.protocol_text import ProtocolTextError, parse_protocol
from tracker.domain.protocols.protocols import Protocol
from tracker.storage.protocols import protocol_files
from web.words.times import until_words

KINDS = protocol_files.shipped_kinds()
DEPTHS = (0.3, 0.35, 0.5, 1.25, 1.5, None)
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def wait(kind: str, after: str, variant: str | None = None, depth: float | None = None) -> int:
    earlier = replace(treatment(), kind=after, variant=variant, needle_depth_mm=depth)
    return max((s.least_days for s in PROTOCOLS.of(kind).spacing if s.follows(earlier)), default=0)


@EVERY_KIND
def test_every_treatment_waits_after_itself_and_after_every_other(kind: str) -> None:
    for after in KINDS:
        for variant in PROTOCOLS.of(after).variants or (None,):
            assert wait(kind, after, variant) >= 14, (after, variant)


def test_deep_needles_need_four_to_six_weeks_and_shallow_ones_two() -> None:
    waits = [wait("microneedling", "microneedling", None, mm) for mm in (0.3, 0.5, 1.0, 1.5, 2.5)]
    assert waits == [14, 14, 28, 28, 42]


def test_a_depth_that_nobody_wrote_down_waits_as_long_as_the_deepest() -> None:
    assert wait("microneedling", "microneedling") == 42


@pytest.mark.parametrize("kind", ["microneedling", "rf_microneedling", "home_roller", "ipl"])
def test_a_medium_or_deep_peel_is_not_followed_by_another_treatment_for_months(kind: str) -> None:
    waits = [wait(kind, "chemical_peel", depth) for depth in ("superficial", "medium", "deep")]
    assert waits[0] == 14
    assert 84 <= waits[1] < waits[2]


@EVERY_KIND
def test_a_wait_names_only_treatments_and_variants_that_there_are(kind: str) -> None:
    for spacing in PROTOCOLS.of(kind).spacing:
        assert spacing.variants <= set(PROTOCOLS.of(spacing.after_kind).variants)


@EVERY_KIND
def test_every_wait_says_its_days_in_weeks_months_or_a_year(kind: str) -> None:
    for spacing in PROTOCOLS.of(kind).spacing:
        named = {28: "4 weeks", 14: "2 weeks", 21: "3 weeks", 42: "6 weeks", 84: "12 weeks"}
        named |= {90: "3 months", 180: "6 months", 365: "a year"}
        assert named[spacing.least_days] in spacing.words


def test_a_wait_without_words_or_source_is_a_mistake() -> None:
    text = protocol_files.shipped_text("microneedling")
    with pytest.raises(ProtocolTextError, match=r"spacing\[1\]\.least_days.*from 1 to 400"):
        parse_protocol(text.replace("least_days = 14", "least_days = 0", 1), "m")
    with pytest.raises(ProtocolTextError, match=r"where \[spacing\] comes from"):
        parse_protocol(text.replace('about = ["spacing"]', 'about = ["pigment"]'), "m")


def microneedling(line: str) -> Protocol:
    """The shipped protocol with its last line of what to avoid replaced by this one."""
    text = protocol_files.shipped_text("microneedling")
    old = next(row for row in text.splitlines() if "Tanning and sunbeds" in row)
    return parse_protocol(text.replace(old, f"    {line},"), "microneedling")


def told(protocol: Protocol, day: int, depth: float | None = 1.0) -> DayPlan:
    done = treatment() if depth is None else treatment(depth)
    running = RunningTreatment(replace(done, needle_depth_mm=depth), protocol, day)
    found = day_plan([running], (), date(2026, 3, 5))
    assert found is not None
    return found


def test_a_line_without_a_last_day_holds_always_and_never_reads_as_allowed_later() -> None:
    protocol = microneedling('{ from_day = 3, line = "Sharing your needles" }')
    for day in (3, 99, 250, 399):
        kept = {each.line: each.last_date for each in told(protocol, day).avoid}
        assert kept["Sharing your needles"] == ALWAYS
    assert "Sharing your needles" not in {each.line for each in told(protocol, 2).avoid}
    assert until_words(ALWAYS, date(2026, 3, 5)) == "Always"
    assert plan_ends(protocol) == 100


def test_what_one_treatment_forbids_always_outlasts_what_another_forbids_for_a_while() -> None:
    forever = microneedling('{ from_day = 0, line = "Direct sun" }')
    courses = [RunningTreatment(treatment(), p, 2) for p in (PROTOCOLS.of("ipl"), forever)]
    for order in (courses, courses[::-1]):
        found = day_plan(order, (), date(2026, 3, 5))
        assert found is not None
        assert {a.last_date for a in found.avoid if a.line == "Direct sun"} == {ALWAYS}


def test_a_line_for_some_depths_is_told_after_these_needles_only() -> None:
    only = '{ days = [0, 9], over_mm = 0.35, up_to_mm = 1.25, line = "Running" }'
    protocol = microneedling(only)
    heard = {mm: "Running" in {a.line for a in told(protocol, 1, mm).avoid} for mm in DEPTHS}
    assert heard == {0.3: False, 0.35: False, 0.5: True, 1.25: True, 1.5: False, None: False}


def test_a_depth_that_nobody_wrote_down_is_told_what_the_deepest_needles_need() -> None:
    protocol = microneedling('{ days = [0, 9], over_mm = 2.0, line = "Running" }')
    assert "Running" in {each.line for each in told(protocol, 1, None).avoid}


def test_how_to_tell_what_is_normal_apart_is_read_with_the_line() -> None:
    said = 'line = "Dark crusts.", tells_apart = "Yellow ones are not normal."'
    protocol = microneedling("{ days = [0, 1], " + said + " }")
    assert "Dark crusts. Yellow ones are not normal." in {a.line for a in told(protocol, 1).avoid}


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ('{ days = [0, 1], from_day = 0, line = "Sun" }', "is given together with days"),
        ('{ from_day = 1.5, line = "Sun" }', "must be a whole number"),
        ('{ from_day = 0, line = "Sun", about = ["sunny"] }', "'sunny' is unknown"),
        ('{ from_day = 0, line = "Sun", tells_apart = " " }', "tells_apart.*is empty"),
        ('{ line = "Sun" }', "days.*is missing"),
    ],
)
def test_a_line_that_says_its_days_or_signs_wrongly_is_named(line: str, trouble: str) -> None:
    with pytest.raises(ProtocolTextError, match=trouble):
        microneedling(line)
