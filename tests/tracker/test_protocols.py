from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from tests.conftest import PROTOCOLS
from tests.tracker.courses_of_readings import treatment
from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.people.people import Risk
from tracker.domain.protocols.care import CareLine, Heading
from tracker.domain.protocols.protocol_text import ProtocolTextError, parse_protocol
from tracker.domain.protocols.protocols import ProtocolError
from tracker.domain.protocols.screening import known_risk_factors
from tracker.storage.protocols import protocol_files

ROOM = files("tracker.domain.protocols")
SHIPPED = ROOM.joinpath("microneedling.toml").read_text(encoding="utf-8")
EVERY_KIND = pytest.mark.parametrize("kind", protocol_files.shipped_kinds())


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


@EVERY_KIND
def test_what_is_normal_and_when_to_call_is_said_for_every_day_of_three_months(kind: str) -> None:
    care = protocol_files.load(kind).aftercare
    for heading in (Heading.NORMAL, Heading.CALL_US):
        for day in range(101):
            assert any(_covers(line, day) for line in care[heading])


def _covers(line: CareLine, day: int) -> bool:
    return line.first_day <= day <= (line.last_day if line.last_day is not None else day)


@EVERY_KIND
def test_a_usual_course_is_clear_on_the_day_the_protocol_says(kind: str) -> None:
    for healing in protocol_files.load(kind).healing:
        began = healing.peak_days.median if healing.peak_days else 0.0
        half_lives = (healing.clear_days - began) * 24 / healing.half_life_hours.median
        assert 2.3 < half_lives < 3.1  # an eighth to a fifth of the extra blood is left


@EVERY_KIND
def test_every_protocol_is_honest_about_where_its_figures_come_from(kind: str) -> None:
    protocol = protocol_files.load(kind)
    assert protocol.sign_off_words == "not yet signed off by a clinic"
    assert {source.citation == "team prior" for source in protocol.sources} == {True, False}


@EVERY_KIND
def test_who_had_cold_sores_is_asked_daily_to_day_ten(kind: str) -> None:
    (question,) = [q for q in protocol_files.load(kind).check_in if q.sign == "tingling"]
    assert question.risk_factors == {"cold_sores"}
    assert question.days[0] == 0
    assert question.days[1] >= 10


def test_after_ablative_laser_redness_peaks_at_day_14_and_its_rise_is_no_infection() -> None:
    protocol = protocol_files.load("fractional_laser")
    peak = protocol.healing_for(None, "ablative").peak_days
    assert peak is not None
    assert peak.median == 14
    assert not protocol.counts(Concern.INFECTION, 13, "ablative")
    assert protocol.counts(Concern.INFECTION, 13, "non_ablative")
    assert protocol.healing_for(None, "non_ablative").peak_days is None


def test_dark_crusts_after_ipl_are_no_new_pigment() -> None:
    protocol = protocol_files.load("ipl")
    assert not any(protocol.counts(Concern.HYPERPIGMENTATION, day) for day in range(2, 11))
    assert protocol.counts(Concern.HYPERPIGMENTATION, 14)
    assert protocol.concerns[Concern.HYPERPIGMENTATION].window_days[0] > 10


def test_the_depth_of_a_peel_is_its_variant() -> None:
    protocol = protocol_files.load("chemical_peel")
    assert protocol.variants == ("superficial", "medium", "deep")
    clear = [protocol.healing_for(None, variant).clear_days_p95 for variant in protocol.variants]
    assert clear == [5, 30, 90]
    assert protocol.healing_for(None, None).clear_days_p95 == 90


@pytest.mark.parametrize("variant", [None, "enormous"])
def test_a_treatment_must_name_a_variant_that_there_is(variant: str | None) -> None:
    peel = replace(treatment(), kind="chemical_peel", variant=variant)
    with pytest.raises(ProtocolError, match="use one of superficial, medium, deep"):
        PROTOCOLS.for_treatment(peel)
    with pytest.raises(ProtocolError, match="leave it out"):
        PROTOCOLS.for_treatment(replace(treatment(), variant="deep"))


@pytest.mark.parametrize(
    ("kind", "variant", "depth", "words"),
    [
        ("home_roller", None, 1.0, "home_roller is for needles of 0.1 to 0.5 mm, not 1"),
        ("microneedling", None, 4.0, "microneedling is for needles of 0.1 to 3 mm"),
        ("chemical_peel", "deep", 1.0, "uses no needles; leave the needle depth out"),
    ],
)
def test_needles_of_another_depth_belong_to_another_treatment(
    kind: str, variant: str | None, depth: float, words: str
) -> None:
    done = replace(treatment(depth), kind=kind, variant=variant)
    with pytest.raises(ProtocolError, match=words):
        PROTOCOLS.for_treatment(done)
    assert PROTOCOLS.for_treatment(replace(done, needle_depth_mm=None)).kind == kind


@EVERY_KIND
def test_a_history_of_dark_patches_is_watched_at_least_as_early_and_longer(kind: str) -> None:
    protocol = protocol_files.load(kind)
    usual = protocol.concerns[Concern.HYPERPIGMENTATION]
    for risk_factors in (
        known_risk_factors(5, frozenset()),
        known_risk_factors(1, frozenset({Risk.MELASMA})),
    ):
        watched = protocol.adapted_to(risk_factors).concerns[Concern.HYPERPIGMENTATION]
        assert watched.prior > usual.prior
        assert watched.window_days[0] <= usual.window_days[0]
        assert watched.window_days[1] > usual.window_days[1]
    assert protocol.adapted_to(known_risk_factors(1, frozenset())) == protocol


def test_a_no_to_spreading_says_less_where_redness_is_hard_to_see() -> None:
    protocol = protocol_files.load("microneedling")
    light, dark = (
        protocol.adapted_to(known_risk_factors(skin_type, frozenset())).concerns[Concern.INFECTION]
        for skin_type in (2, 6)
    )
    assert dark.signs["spreading"].denied > light.signs["spreading"].denied
    assert dark.signs["pus"] == light.signs["pus"]


def test_every_concern_has_its_window() -> None:
    for kind in protocol_files.shipped_kinds():
        protocol = protocol_files.load(kind)
        assert set(protocol.concerns) == {c for c in Concern if c.is_estimated}
        assert protocol.silence.window_days == (0, 7)


def test_a_changed_text_of_the_same_version_has_another_label() -> None:
    changed = parse_protocol(SHIPPED.replace("prior = 0.06", "prior = 0.03"), "own.toml")
    assert changed.version == protocol_files.load("microneedling").version
    assert changed.label != protocol_files.load("microneedling").label


def test_limits_rise_with_their_level() -> None:
    for rule in protocol_files.load("microneedling").concerns.values():
        limits = [rule.limits[level] for level in Level if level in rule.limits]
        assert limits == sorted(limits)


def test_allergy_is_flagged_by_trouble_breathing() -> None:
    for kind in protocol_files.shipped_kinds():
        floors = protocol_files.load(kind).floors
        (breathing,) = (f for f in floors if f.signs == {"breathing_or_face_swelling"})
        assert (breathing.concern, breathing.level) == (Concern.ALLERGIC_REACTION, Level.URGENT)
        assert breathing.is_emergency


RED_FLAG = """[[red_flags]]
signs = ["fever", "spreading"]
pain_from = 9
concern = "infection"
words = "Call."

"""


def test_the_red_flags_of_an_edition_from_before_floors_are_urgent_floors() -> None:
    start, end = SHIPPED.index("[[floors]]"), SHIPPED.index("[[screening]]")
    old = parse_protocol(SHIPPED[:start] + RED_FLAG + SHIPPED[end:], "old.toml")
    assert [(f.signs, f.pain_from, f.level) for f in old.floors] == [
        ({"fever", "spreading"}, None, Level.URGENT),
        (frozenset(), 9, Level.URGENT),
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("schema = 1", "schema = 9", "schema .line 6.: must be 1"),
        ('title = "Microneedling"', "title = 3", "title .line 8.: must be a text"),
        ("prior = 0.06", "prior = 1.5", "prolonged_inflammation.prior .*must lie below 1"),
        ("[concerns.infection]", "[concerns.boredom]", "boredom .*no such concern; use one of"),
        ("pus = [15.0, 0.7]", "puss = [15.0, 0.7]", "infection.signs.puss .*no such sign"),
        ("pus = [15.0, 0.7]", "pus = [0.5, 0.7]", "1 or more when reported"),
        ("low = 0.9, high = 2.1", "low = 2.9, high = 2.1", "low, median and high must rise"),
        ("clear_days = 0.5", "clear_days = -1", r"healing\[1\].clear_days .*greater than 0"),
        ("clear_days = 0.5", "clear_days = 7", "must lie below clear_days_p95"),
        ('concern = "infection"', 'concern = "x"', r"floors\[3\].concern .*'x'; use one of"),
        ('level = "urgent"', 'level = "soon"', r"floors\[1\].level .*'soon'; use one of"),
        ('level = "urgent"', 'level = "watch"', "though it is an emergency; use urgent"),
        ('level = "urgent"', "", r"floors\[1\].level .line .*: is missing; add one of watch"),
        ("pain_from = 9\n", "", r"floors\[12\].*needs signs, pain_from or swelling_from"),
        ("pain_from = 9", "pain_from = 11", r"floors\[12\].pain_from .*from 1 to 10"),
        ("pain_from = 9", "swelling_from = 4", r"floors\[12\].swelling_from .*from 1 to 3"),
        ("pain_from = 9", "pain_from = 9\nusual_days = [0, 1.5]", "usual_days .*whole days"),
        (
            "pain_from = 9",
            'pain_from = 9\nvariants = ["deep"]',
            "'deep' is unknown; use some of none",
        ),
        ('["hives", "faint"]', '["hives", "sneezing"]', "'sneezing' is unknown; use some of"),
        ('concern = "infection"', 'concern = "silence"', "silence is not judged from answers"),
        ("window_days = [2, 14]", "window_days = [2]", "window_days .*must be two numbers"),
        ("window_days = [2, 14]", "window_days = [14, 2]", "must not be above"),
        ("schema = 1", "schema = ", "cannot be read"),
        ("day_sd = 0.12", "day_sd = nan", "redness.day_sd"),
        ("watch = 0.03, review = 0.05", "watch = 0.8, review = 0.05", "must not fall"),
        ("watch = 0.03, review = 0.05", "watch = 0.03, soon = 0.05", "no such level"),
        (
            "days = [11, 14], over_mm",
            "days = [11.5, 14], over_mm",
            r"aftercare.normal\[16\].*whole days",
        ),
        (
            "days = [11, 14], over_mm",
            "days = [11, 1], over_mm",
            r"aftercare.normal\[16\].days .line",
        ),
        ('sign = "dusky"', 'sign = "hives"', "dusky is used but never asked"),
        ('id = "eczema"', 'id = "rosacea"', "asks rosacea twice"),
        ('about = ["screening"]', 'about = ["magic"]', "'magic' is unknown"),
        ("missed_days = 2", "missed_days = 2\nmissed_nights = 1", "missed_nights .*no such key"),
        ("missed_days = 2", "missed_days = 2.5", "must be a whole number"),
        ('when_any = ["keloid"]', 'when_any = ["freckles"]', "'freckles' is unknown"),
        ("up_to_mm = 0.75", "up_to_mm = 0.25", "up_to_mm must rise"),
        ("memory_hours = 48", "memory_hours = nan", "is nan; it must be a number from 1 to 336"),
        ("memory_hours = 48", "memory_hours = 1e300", "must be a number from 1 to 336"),
        ("schema = 1", "schema = 1" + "0" * 90, "must be a number from 1 to 1000"),
        ("schema = 1", "schema = 1" + "0" * 5000, "cannot be read"),
        ("schema = 1", "schema = " + "[" * 3000, "nested too deeply"),
        ("window_days = [2, 14]", "window_days = [2, 9999999999]", "numbers from 0 to 400"),
        ("days = [11, 14], over_mm", "days = [11, 9999999999], over_mm", "numbers from 0 to 400"),
        ("low = 0.9, high = 2.1", "low = 0.9, high = 1e300", "must be a number from 0.001"),
        ('kind = "microneedling"', 'kind = "../secrets"', "use small letters a to z"),
    ],
)
def test_a_mistake_is_named_with_file_key_and_remedy(right: str, wrong: str, words: str) -> None:
    assert right in SHIPPED
    with pytest.raises(ProtocolError, match=words) as caught:
        parse_protocol(SHIPPED.replace(right, wrong), "own.toml")
    assert str(caught.value).startswith("own.toml")


def test_a_protocol_is_signed_off_on_a_day_and_not_at_an_hour() -> None:
    signed = '[sign_off]\nby = "Dr Dana"\non = 2026-11-20'
    assert parse_protocol(f"{SHIPPED}\n{signed}", "own.toml").sign_off is not None
    with pytest.raises(ProtocolError, match="must be a date without an hour"):
        parse_protocol(f"{SHIPPED}\n{signed}T10:00:00", "own.toml")


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(SHIPPED, encoding="utf-8-sig")
    assert protocol_files.read(file).label == protocol_files.load("microneedling").label


def test_a_table_that_is_missing_is_one_mistake() -> None:
    start, end = SHIPPED.index("[silence]"), SHIPPED.index("# Risks")
    with pytest.raises(ProtocolTextError) as caught:
        parse_protocol(SHIPPED[:start] + SHIPPED[end:], "own.toml")
    assert [mistake.key for mistake in caught.value.mistakes] == ["silence"]


def test_an_unknown_kind_is_told_what_there_is() -> None:
    with pytest.raises(ProtocolError, match=r"use one of .*microneedling"):
        protocol_files.load("../secrets")


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file() -> None:
    broken = SHIPPED.replace("day_sd = 0.12", "day_sd = 12").replace("schema = 1", "schema = 2")
    broken = broken.replace("missed_days", "missed_day")
    with pytest.raises(ProtocolTextError) as caught:
        parse_protocol(broken, "own.toml")
    mistakes = caught.value.mistakes
    named = [mistake.key for mistake in mistakes]
    assert named == ["schema", "redness.day_sd", "silence.missed_days", "silence.missed_day"]
    lines = broken.splitlines()
    for mistake in mistakes:
        assert mistake.line is not None
        assert mistake.key.split(".")[0] in "\n".join(lines[mistake.line - 4 : mistake.line])
