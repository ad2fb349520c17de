"""What is allowed follows from the decisions in their order."""

from datetime import UTC, datetime

import pytest

from tracker.domain.own_data.consents import Consent, Decision, Purpose, is_given

NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
YES, NO = Decision.GIVEN, Decision.WITHDRAWN


def taught(*decisions: tuple[str | None, Decision]) -> list[Consent]:
    """Decisions about teaching, for a photo or (None) for all."""
    return [Consent(Purpose.TEACHING, decision, NOW, photo) for photo, decision in decisions]


def test_before_any_decision_photos_serve_care_and_nothing_else() -> None:
    assert [purpose for purpose in Purpose if is_given([], purpose)] == [Purpose.CARE]


def test_decisions_about_one_purpose_say_nothing_of_another() -> None:
    assert not is_given(taught((None, YES)), Purpose.RESEARCH)
    assert is_given(taught((None, NO)), Purpose.CARE)


@pytest.mark.parametrize(
    ("decisions", "allowed"),
    [
        ([(None, YES)], True),
        ([(None, YES), (None, NO)], False),
        ([("this", YES)], True),
        ([("other", YES)], False),
        ([(None, YES), ("this", NO)], False),
        ([(None, YES), ("other", NO)], True),
        ([("this", YES), (None, NO)], False),  # withdrawing everything includes single photos
        ([("this", YES), (None, NO), (None, YES)], True),
        ([("this", NO), (None, YES)], False),  # and an exception stays one
        ([(None, YES), ("this", NO), (None, NO), (None, YES)], False),
        ([("this", NO), (None, YES), ("this", YES)], True),
    ],
)
def test_a_photos_own_decision_and_that_for_all_combine(
    decisions: list[tuple[str | None, Decision]], allowed: bool
) -> None:
    assert is_given(taught(*decisions), Purpose.TEACHING, "this") is allowed
