"""Outlines as people write them, and as they are read again."""

import pytest

from tracker.domain.course.outlines import (
    MOST_CORNERS,
    MOST_OUTLINES,
    Outlines,
    outlines_text,
    parse_outlines,
)

CHEEK = ((0.5, 0.4), (0.625, 0.4), (0.6, 0.501))
CHIN = ((0.4, 0.8), (0.5, 0.8), (0.45, 0.9))


def test_what_is_written_is_read_again() -> None:
    written = outlines_text((CHEEK, CHIN))
    assert written == "50 40; 62.5 40; 60 50.1\n40 80; 50 80; 45 90"
    assert parse_outlines(written) == (CHEEK, CHIN)


def test_blanks_and_a_decimal_comma_are_understood() -> None:
    assert parse_outlines("\n 50  40;62,5 40 ; 60 50.1; \n\n") == (CHEEK,)
    assert parse_outlines("") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("50 40; 62", "line 1, corner 2"),
        ("50 40; 1 1; 2 2\n\nhere", "line 2, corner 1"),
        ("50 40; -1 1", "line 1, corner 2"),
        ("1e3 40", "line 1, corner 1"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_outlines(text)


def test_nobody_draws_without_end() -> None:
    with pytest.raises(ValueError, match="outlines of a kind at most"):
        Outlines(treated=(CHEEK,) * (MOST_OUTLINES + 1))
    with pytest.raises(ValueError, match="corners at most"):
        Outlines(untreated=(((0.1, 0.1),) * (MOST_CORNERS + 1),))
