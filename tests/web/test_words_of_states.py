"""Forty-odd typical states, read page by page: nothing reassures while anything is open."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.benchmarks.word_states import STATES
from tests.benchmarks.words import words_of_states
from tests.conftest import PROTOCOLS
from tests.tracker.courses_of_readings import check_in, treatment
from tests.web.course_so_far import now_on, so_far
from tracker.domain.course.check_ins import Answers
from tracker.domain.desk.telling import Situation, named_answers, tell
from tracker.domain.desk.telling_words import SIGNS_TICKED, SWELLINGS
from tracker.domain.protocols.protocols import Floor, Protocol
from tracker.domain.recovery.recovery import Assessment

REASSURING = re.compile(
    r"\b(calmer|(is|are|looks?) (usual|normal)|normal for|clear skin|smoother|thank you)\b"
    r"|what is normal|✓|(?<!not )(?<!instead of )fading"
    r"|about the (redness|pigment) of before",
    re.IGNORECASE,
)
PATIENT_PAGES = ("Result", "Today", "Progress", "Photo")


def test_no_page_of_any_state_reassures_while_something_is_open() -> None:
    opened = 0
    for words in words_of_states(STATES):
        opened += words.is_open
        for page in PATIENT_PAGES if words.is_open else ():
            found = REASSURING.search(words.pages.get(page, ""))
            assert not found, (words.state.name, page, found)
        if words.state.is_alone:
            assert "call your clinic" not in "".join(words.pages.values()).lower()
    assert opened >= len(STATES) / 3


def every_floor() -> Iterator[tuple[Protocol, Floor]]:
    for protocol in PROTOCOLS.by_kind.values():
        for floor in protocol.floors:
            yield protocol, floor


@pytest.mark.parametrize("is_alone", [False, True])
@pytest.mark.parametrize("day", [0, 2, 17, 40, 130])
def test_every_answer_that_reaches_a_floor_is_named_at_once(day: int, is_alone: bool) -> None:
    for protocol, floor in every_floor():
        usual = floor.usual_days
        if usual is not None and usual[0] <= day <= usual[1]:
            continue
        signs: dict[str, Any] = dict.fromkeys(floor.signs, True)
        answers = Answers(pain=floor.pain_from, swelling=floor.swelling_from, **signs)
        given = check_in(day + 0.3, answers)
        variant = next(iter(sorted(floor.variants)), None)
        case = situation(protocol, day, is_alone=is_alone, variant=variant)
        told = tell(case, given).open
        words = " ".join(each.what for each in told)
        assert all(SIGNS_TICKED[sign] in words for sign in floor.signs), (floor, words)
        assert floor.pain_from is None or f"{floor.pain_from} of 10" in words
        assert floor.swelling_from is None or SWELLINGS[floor.swelling_from] in words
        assert all(each.do for each in told)
        assert not (is_alone and any("your clinic" in each.do for each in told))


def situation(protocol: Protocol, day: int, *, is_alone: bool, variant: str | None) -> Situation:
    """A person of whom only the answers are known."""
    progress = so_far(0.1)
    nothing = Assessment((), None, progress.assessment.half_life_hours)
    return Situation(
        treatment=replace(treatment(), kind=protocol.kind, variant=variant),
        protocol=protocol,
        zone=progress.patient.zone,
        now=now_on(day + 0.3),
        readings=(),
        check_ins=(),
        assessment=nothing,
        alerts=(),
        earlier=(),
        is_alone=is_alone,
    )


def test_a_complaint_below_every_floor_is_named_and_not_thanked_for() -> None:
    protocol = PROTOCOLS.of("microneedling")
    warm = check_in(1.1, Answers(warmth=True, sun=True, pain=0))
    assert named_answers(warm, protocol) == "You ticked warm skin."
    assert named_answers(check_in(1.1, Answers(sun=True, pain=1)), protocol) == ""
