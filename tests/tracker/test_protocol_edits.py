import tomllib
from dataclasses import replace
from datetime import date

import tomlkit

from tests.tracker.courses_of_readings import treatment
from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.editing.protocol_drafts import Change, differences
from tracker.domain.editing.protocol_edits import (
    checked,
    misfits,
    values_of,
    with_sign_off,
    with_values,
)
from tracker.domain.protocols.care import Heading
from tracker.domain.protocols.protocols import Protocol, SignOff
from tracker.storage.protocols import protocol_files

SHIPPED = protocol_files.load("microneedling")
TODAY = date(2026, 11, 20)


def changed(**values: str) -> str:
    """The shipped text after the form was sent with these values."""
    before = values_of(SHIPPED.text)
    assert before is not None
    return with_values(SHIPPED.text, before | values, SHIPPED, TODAY)


def edited(**values: str) -> Protocol:
    found = checked(changed(**values), "microneedling")
    assert isinstance(found, Protocol), found
    return found


def remedies(text: str) -> dict[str, str]:
    found = checked(text, "microneedling")
    assert not isinstance(found, Protocol)
    return {mistake.key: mistake.remedy for mistake in found}


def test_a_form_that_changes_nothing_only_renews_the_version() -> None:
    renewed = with_values(SHIPPED.text, values_of(SHIPPED.text) or {}, SHIPPED, date(2027, 1, 2))
    lines = differences(SHIPPED.text, renewed)
    assert [line.text for line in lines if line.change is Change.ADDED] == [
        'version = "2027-01-02"'
    ]
    assert replace(edited(), text="", version="") == replace(SHIPPED, text="", version="")


def test_a_changed_limit_changes_nothing_else_and_keeps_the_notes() -> None:
    text = changed(**{"concerns.infection.limits.review": "0.2"})
    removed = [each.text for each in differences(SHIPPED.text, text) if each.change == "removed"]
    assert removed == [
        f'version = "{SHIPPED.version}"',
        "limits = { watch = 0.03, review = 0.05, urgent = 0.6 }",
    ]
    assert "focal_share = 0.8         # shows in some region only" in text
    after = edited(**{"concerns.infection.limits.review": "0.2"})
    assert after.concerns[Concern.INFECTION].limits[Level.REVIEW] == 0.2


def test_an_emptied_limit_is_of_no_level_any_more() -> None:
    after = edited(**{"concerns.infection.limits.urgent": " "})
    assert Level.URGENT not in after.concerns[Concern.INFECTION].limits


def test_aftercare_loses_emptied_lines_and_gains_new_ones() -> None:
    count = len(SHIPPED.aftercare[Heading.AVOID])
    new = f"aftercare.avoid[{count + 1}]"
    after = edited(
        **{
            "aftercare.avoid[5].line": "",
            f"{new}.line": 'Swimming in "the sea"',
            f"{new}.days.first": "0",
            f"{new}.days.last": "9",
        }
    )
    lines = [line.line for line in after.aftercare[Heading.AVOID]]
    assert len(lines) == count
    assert SHIPPED.aftercare[Heading.AVOID][4].line not in lines
    assert lines[-1] == 'Swimming in "the sea"'
    kept = after.aftercare[Heading.AVOID][0]
    assert kept.things == SHIPPED.aftercare[Heading.AVOID][0].things


def test_a_line_whose_last_day_is_emptied_holds_always_and_back() -> None:
    number = next(n for n, a in enumerate(SHIPPED.aftercare[Heading.AVOID], 1) if "sun" in a.line)
    path = f"aftercare.avoid[{number}].days"
    always = changed(**{f"{path}.last": ""})
    kept = checked(always, "microneedling")
    assert isinstance(kept, Protocol)
    assert kept.aftercare[Heading.AVOID][number - 1].last_day is None
    values = values_of(always)
    assert values is not None
    assert (values[f"{path}.first"], values[f"{path}.last"]) == ("0", "")
    again = checked(_sent(always, {f"{path}.last": "9"}), "microneedling")
    assert isinstance(again, Protocol)
    assert again.aftercare[Heading.AVOID][number - 1].last_day == 9


def test_a_question_nobody_needs_can_be_left_out_and_come_back() -> None:
    number = next(n for n, q in enumerate(SHIPPED.check_in, 1) if q.sign == "make_up")
    without = changed(**{f"check_in[{number}].asked": ""})
    assert isinstance(checked(without, "microneedling"), Protocol)
    values = values_of(without)
    assert values is not None
    again = checked(
        with_values(without, values | {"check_in.make_up.asked": "yes"}, SHIPPED, TODAY),
        "microneedling",
    )
    assert isinstance(again, Protocol)
    assert again.check_in[-1] == SHIPPED.check_in[number - 1]


def test_lines_and_questions_come_back_however_the_text_writes_its_lists() -> None:
    values = tomllib.loads(SHIPPED.text)
    questions = tomlkit.array()
    for row in values.pop("check_in"):
        questions.append(tomlkit.inline_table() | row)
    other_way_round = tomlkit.dumps({"check_in": questions, **values})
    assert "[[aftercare.do]]" in other_way_round
    assert "[[check_in]]" not in other_way_round
    count = len(SHIPPED.aftercare[Heading.DO])
    line = {f"aftercare.do[{count + 1}].{name}": "2" for name in ("days.first", "days.last")}
    line[f"aftercare.do[{count + 1}].line"] = "Drink water."
    fewer = _sent(other_way_round, {"check_in[3].asked": "", **line})
    sign = SHIPPED.check_in[2].sign
    whole = checked(_sent(fewer, {f"check_in.{sign}.asked": "yes"}), "microneedling")
    assert isinstance(whole, Protocol)
    assert whole.aftercare[Heading.DO][-1].line == "Drink water."
    assert {each.sign for each in whole.check_in} == {each.sign for each in SHIPPED.check_in}


def _sent(text: str, changes: dict[str, str]) -> str:
    before = values_of(text)
    assert before is not None
    return with_values(text, before | changes, SHIPPED, TODAY)


def test_a_question_that_an_alert_goes_by_cannot_be_left_out() -> None:
    number = next(n for n, q in enumerate(SHIPPED.check_in, 1) if q.sign == "pus")
    found = remedies(changed(**{f"check_in[{number}].asked": ""}))
    assert "pus is used but never asked" in found["check_in"]


def test_whatever_is_no_number_is_named_by_its_field_and_kept() -> None:
    text = changed(
        **{"concerns.infection.limits.review": "five", "aftercare.do[2].days.first": "soon"}
    )
    assert set(remedies(text)) >= {"concerns.infection.limits.review", "aftercare.do[2].days"}
    values = values_of(text)
    assert values is not None
    assert values["concerns.infection.limits.review"] == "five"
    assert values["aftercare.do[2].days.first"] == "soon"


def test_a_sign_off_is_written_replaced_and_dropped_and_no_other_line_changes() -> None:
    signed = with_sign_off(SHIPPED, SignOff("Dr Dana", TODAY))
    again = checked(signed, "microneedling", SHIPPED)
    assert isinstance(again, Protocol)
    assert again.sign_off_words == "signed off by Dr Dana on 2026-11-20"
    other = with_sign_off(again, SignOff('Dr "Eli"', TODAY))
    assert other == signed.replace('"Dr Dana"', '"Dr \\"Eli\\""')
    assert with_sign_off(again, None) == SHIPPED.text
    values = values_of(signed)
    assert values is not None
    changed_by_form = checked(with_values(signed, values, SHIPPED, TODAY), "microneedling")
    assert isinstance(changed_by_form, Protocol)
    assert changed_by_form.sign_off is None


def test_a_text_the_form_cannot_show_is_left_to_the_text_page() -> None:
    assert values_of("[[[") is None
    assert values_of("deep = " + "[" * 5000) is None
    assert values_of("schema = 1") is None
    assert values_of(SHIPPED.text.replace("\ndo = [", "\ndo = {}\nrest = [", 1)) is None
    assert values_of(SHIPPED.text.replace("limits = {", "limits = 3 #{", 1)) is None


def test_a_protocol_stays_of_its_kind() -> None:
    other = SHIPPED.text.replace('kind = "microneedling"', 'kind = "needles"')
    assert "must stay 'microneedling'" in remedies(other)["kind"]


def test_an_edition_must_fit_every_treatment_on_record() -> None:
    shallow = replace(SHIPPED, needle_depth_mm=(0.1, 1.0))
    (trouble,) = misfits(shallow, [treatment(1.5), treatment(1.5), treatment(0.5)])
    assert "2 courses on record" in trouble.remedy
    assert "0.1 to 1 mm, not 1.5" in trouble.remedy
    assert not misfits(SHIPPED, [treatment(1.5)])


def test_every_shipped_protocol_can_be_edited_by_the_form() -> None:
    for kind in protocol_files.shipped_kinds():
        shipped = protocol_files.load(kind)
        values = values_of(shipped.text)
        assert values is not None
        after = checked(with_values(shipped.text, values, shipped, TODAY), kind)
        assert isinstance(after, Protocol)
        as_before = replace(after, text="", version="", sign_off=None)
        assert as_before == replace(shipped, text="", version="", sign_off=None)
