import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tracker.cli.main import main
from tracker.domain.alerts.alerts import Concern
from tracker.domain.editing.protocol_check import contradictions, named_in
from tracker.domain.editing.protocol_edits import checked
from tracker.domain.protocols.care import CareLine
from tracker.domain.protocols.protocol_text import parse_protocol
from tracker.storage.protocols import protocol_files

EVERY_KIND = pytest.mark.parametrize("kind", protocol_files.shipped_kinds())


def found(kind: str, old: str, new: str) -> list[str]:
    """The contradictions in the shipped protocol after its text is changed."""
    text, count = re.subn(old, new, protocol_files.shipped_text(kind), count=1)
    assert count == 1
    return [each.remedy for each in contradictions(parse_protocol(text, kind))]


@EVERY_KIND
def test_no_shipped_protocol_contradicts_itself(kind: str) -> None:
    assert [str(each) for each in contradictions(protocol_files.load(kind))] == []


@pytest.mark.parametrize(
    ("kind", "line", "sign"),
    [
        ("chemical_peel", "Strong tightness, skin that turns brown, and swelling", "eye swelling"),
        ("fractional_laser", "Raw skin that weeps", "eye swelling"),
        ("microneedling", "Redness, a tight feeling, and swelling", "eye swelling"),
        ("ipl", "Dark, dry crusts", "pus"),
        ("home_roller", "A warm feeling and redness", "bleeding"),
    ],
)
def test_what_is_to_be_called_for_is_not_normal_unless_the_line_tells_the_two_apart(
    kind: str, line: str, sign: str
) -> None:
    remedies = found(kind, rf'("{line}[^"]*"), tells_apart = "[^"]*"', r"\1")
    (remedy,) = [words for words in remedies if f"calls {sign} normal, which call_us" in words]
    assert "say in tells_apart how the two differ" in remedy


def test_a_sentence_about_something_else_does_not_tell_two_signs_apart() -> None:
    other = r'\1, tells_apart = "Drink enough water."'
    remedies = found("ipl", r'("Dark, dry crusts[^"]*"), tells_apart = "[^"]*"', other)
    assert any("calls pus normal" in words for words in remedies)


def test_skin_is_not_called_clear_while_the_band_still_shows_redness() -> None:
    remedies = found("microneedling", r"days = \[11, 14\], over_mm", "days = [8, 14], over_mm")
    (remedy,) = remedies
    assert "says the skin is clear while the band still shows redness until day 10" in remedy
    assert "on day 8" in remedy


def test_skin_is_not_called_pink_when_the_band_is_clear() -> None:
    deep = r'days = \[3, 7\], over_mm = 1.25, up_to_mm = 1.75, line = "Flaking'
    remedies = found("microneedling", deep, 'days = [3, 7], line = "Flaking')
    red = "says the skin is red while the band is clear from day 2"
    assert any(red in words and "at 0.35 mm" in words for words in remedies)


def test_redness_that_is_still_usual_is_not_warned_of() -> None:
    warned = r'from_day = 41, variants = \["medium"\]'
    remedies = found("chemical_peel", warned, 'from_day = 20, variants = ["medium"]')
    assert any("redness that is usual until day 30" in words for words in remedies)


@EVERY_KIND
def test_a_warning_sign_is_named_as_long_as_its_concern_can_begin(kind: str) -> None:
    text, protocol = protocol_files.shipped_text(kind), protocol_files.load(kind)
    expected = []
    for line, sign, concern in (
        ("Fever or feeling ill", "fever", Concern.INFECTION),
        ("Fever or feeling ill", "pus", Concern.INFECTION),
        ("Redness that spreads", "spreading", Concern.INFECTION),
        ("Hives, a new rash", "hives", Concern.ALLERGIC_REACTION),
        ("Trouble breathing", "breathing or face swelling", Concern.ALLERGIC_REACTION),
        ('[^"]*ores that look punched out', "tingling", Concern.COLD_SORE),
        ("Dark or light patches", "darkening", Concern.HYPERPIGMENTATION),
        ("A lump, a hard mark", "hardness", Concern.SCARRING),
    ):
        rule = protocol.concerns[concern]
        last = int(max(rule.window_days[1], rule.onset_days[1]))
        days = rf'days = [0, {last - 1}], line = "\1"'
        text = re.sub(rf'from_day = \d+, line = "({line}[^"]*)"', days, text)
        expected.append((f"nothing names {sign};", f" on day {last}"))
    remedies = [each.remedy for each in contradictions(parse_protocol(text, kind))]
    for names, day in expected:
        assert any(names in remedy and day in remedy for remedy in remedies), (names, remedies)


@EVERY_KIND
def test_infection_and_allergy_are_warned_of_from_the_day_of_the_treatment(kind: str) -> None:
    late = r'from_day = 1, line = "\1"'
    for line in ("Fever or feeling ill", "Hives, a new rash", "Trouble breathing"):
        remedies = found(kind, rf'from_day = 0, line = "({line}[^"]*)"', late)
        assert any("on day 0" in words for words in remedies)


@pytest.mark.parametrize("heading", ["Sharing your roller", "A lump, a hard mark"])
def test_what_holds_always_has_no_last_day(heading: str) -> None:
    ends = rf'from_day = \d+, line = "({heading}[^"]*)"'
    remedies = found("home_roller", ends, r'days = [14, 100], line = "\1"')
    assert any("write from_day in place of days" in words for words in remedies)


def test_what_everybody_has_is_warned_of_by_its_measure() -> None:
    remedies = found(
        "ipl", "Swollen eyes: call today", "Swollen eyes, redness or soreness: call us"
    )
    assert remedies == []
    vague = found("ipl", "Marks in the shape of the lamp: call", "Redness or a warm skin: call")
    assert any("say from what level on, or how it changes" in words for words in vague)


def test_a_sign_is_asked_about_as_long_as_what_it_tells_of_can_begin() -> None:
    asked = r'(sign = "hives"\nquestion = "[^"]*"\ndays = )\[0, 400\]'
    remedies = found("chemical_peel", asked, r"\1[0, 14]")
    (remedy,) = remedies
    assert "is asked until day 14, but the concern can begin until day 21" in remedy


def test_a_line_names_signs_by_its_words_or_by_about() -> None:
    said = CareLine(0, 1, "Fever, pus or swollen eyes: call now.")
    assert {"fever", "pus", "eye_swelling"} <= named_in(said)
    meant = CareLine(0, 1, "Gelber Eiter: sofort anrufen.", about=frozenset({"pus"}))
    assert named_in(meant) == {"pus"}
    assert "eye_swelling" not in named_in(CareLine(0, 1, "Swelling. Eyes feel dry."))


def test_protocol_check_names_file_line_key_and_remedy(tmp_path: Path) -> None:
    text = protocol_files.shipped_text("microneedling")
    file = tmp_path / "mine.toml"
    file.write_text(text.replace("days = [11, 14], over_mm", "days = [8, 14], over_mm"), "utf-8")
    line = next(
        n
        for n, row in enumerate(file.read_text("utf-8").splitlines(), 1)
        if "[8, 14], over_mm = 1.75" in row
    )
    answer = CliRunner().invoke(main, ["protocol", "check", str(file)])
    assert answer.exit_code == 2
    assert f"mine.toml: aftercare.normal[16] (line {line}): says the skin is clear" in answer.output


def test_the_editor_refuses_an_edition_that_contradicts_itself() -> None:
    text = protocol_files.shipped_text("microneedling")
    wrong = checked(
        text.replace("days = [11, 14], over_mm", "days = [8, 14], over_mm"), "microneedling"
    )
    assert isinstance(wrong, tuple)
    assert [each.key for each in wrong] == ["aftercare.normal[16]"]
