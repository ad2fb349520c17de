from dataclasses import replace
from datetime import timedelta

import pytest

from tests.conftest import TREATED_AT, Cast
from tracker.domain.alerts.alerts import Concern
from tracker.domain.talk.reply_templates import SHIPPED, ReplyText, filled

FORBIDDEN = ("diagnos", "you have an infection", "is infected", "scar", "cancer", "red cheek")


def test_places_are_filled_in_and_nothing_else_is_touched(cast: Cast) -> None:
    says = ReplyText("t", "Hello {first name}, {day}. 100 % {me}")
    now = TREATED_AT + timedelta(days=3)
    alice = replace(cast.alice, name="Chinwe {me} Okonkwo")
    assert (
        filled(says, alice, cast.treatment, cast.dana, now) == "Hello Chinwe, day 3. 100 % Dr Dana"
    )


def test_on_the_day_itself_the_day_reads_as_words(cast: Cast) -> None:
    words = filled(ReplyText("t", "{day}"), cast.alice, cast.treatment, cast.dana, TREATED_AT)
    assert words == "the day of your treatment"


@pytest.mark.parametrize("place", ["{name}", "{0}", "{first_name}", "{me.__class__}"])
def test_a_place_that_cannot_be_filled_in_is_named(place: str) -> None:
    with pytest.raises(ValueError, match="cannot be filled in"):
        ReplyText("t", f"Hello {place}")


def test_a_template_needs_a_title_and_a_message() -> None:
    for title, text in (("", "x"), ("x", ""), ("x" * 81, "x"), ("x", "x" * 2001)):
        with pytest.raises(ValueError, match="at most"):
            ReplyText(title, text)


def test_every_concern_has_a_shipped_template_that_fits() -> None:
    for concern in Concern:
        assert any(says.fits(concern) and says.concerns for says in SHIPPED.values()), concern


def test_shipped_templates_name_no_illness_and_sign_with_a_name() -> None:
    for says in SHIPPED.values():
        assert not [word for word in FORBIDDEN if word in says.text.lower()], says.title
        assert says.text.endswith("{me}")
        assert "{first name}" in says.text
