from importlib.resources import files

import pytest

from tracker.alerts import Concern, Level
from tracker.protocols import ProtocolError, parse_protocol
from tracker.storage import protocol_files

SHIPPED = files("tracker").joinpath("protocols", "microneedling.toml").read_text(encoding="utf-8")


def test_every_shipped_protocol_reads_and_names_its_sources() -> None:
    for kind in protocol_files.shipped_kinds():
        protocol = protocol_files.load(kind)
        assert protocol.kind == kind
        assert protocol.sources


@pytest.mark.parametrize(
    ("depth", "clear_by"), [(0.25, 1), (0.5, 3), (1.0, 4), (1.5, 6), (2.5, 9), (None, 9)]
)
def test_the_depth_chooses_the_healing(depth: float | None, clear_by: float) -> None:
    protocol = protocol_files.load("microneedling")
    assert protocol.healing_for(depth).clear_days_p95 == clear_by


def test_aftercare_covers_every_day_of_three_months_once() -> None:
    protocol = protocol_files.load("microneedling")
    for day in range(100):
        lines = [c for c in protocol.aftercare if c.first_day <= day <= c.last_day]
        assert len(lines) == 1
    assert protocol.aftercare_on(-1) is None


def test_limits_rise_with_their_level() -> None:
    for rule in protocol_files.load("microneedling").concerns.values():
        limits = [rule.limits[level] for level in Level if level in rule.limits]
        assert limits == sorted(limits)


def test_allergy_is_flagged_by_trouble_breathing() -> None:
    flags = protocol_files.load("microneedling").red_flags
    breathing = [f for f in flags if "breathing_or_face_swelling" in f.signs]
    assert [f.concern for f in breathing] == [Concern.ALLERGIC_REACTION]


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("schema = 1", "schema = 9", "schema must be 1"),
        ('title = "Microneedling"', "title = 3", "title must be a text"),
        ("prior = 0.04", "prior = 1.5", "prior must lie below 1"),
        ("[concerns.infection]", "[concerns.boredom]", "boredom: use one of"),
        ("pus = [15.0, 0.7]", "puss = [15.0, 0.7]", "puss is no sign"),
        ("low = 0.9, high = 2.1", "low = 2.9, high = 2.1", "low, median and high must rise"),
        ("clear_days = 0.5", "clear_days = -1", "clear_days must be greater than 0"),
        ('concern = "infection"', 'concern = "x"', "red_flags"),
        ("window_days = [2, 14]", "window_days = [2]", "window_days must be two numbers"),
        ("schema = 1", "schema = ", "not valid TOML"),
    ],
)
def test_a_mistake_is_named_with_file_key_and_remedy(right: str, wrong: str, words: str) -> None:
    assert right in SHIPPED
    with pytest.raises(ProtocolError, match=words) as caught:
        parse_protocol(SHIPPED.replace(right, wrong), "own.toml")
    assert str(caught.value).startswith("own.toml")


def test_an_unknown_kind_is_told_what_there_is() -> None:
    with pytest.raises(ProtocolError, match=r"use one of .*microneedling"):
        protocol_files.load("../secrets")
