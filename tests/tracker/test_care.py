from dataclasses import replace

import pytest

from tests.conftest import PROTOCOLS
from tests.tracker.courses_of_readings import treatment
from tracker.protocol_text import ProtocolTextError, parse_protocol
from tracker.storage import protocol_files

KINDS = protocol_files.shipped_kinds()
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
