"""Texts that would take a parser long are refused before it sees them."""

import time
import tomllib

import pytest

from tracker.domain.protocols.toml_tables import MAX_LENGTH, MAX_PARTS, read_toml

A_MOMENT = 1.0  # seconds of the processor; a text of 16 KB took 58 before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a." * 8000 + "a = 1", "more than 8 parts"),
        ("[" + "a . " * 8000 + "a]", "more than 8 parts"),
        ('"a".' * 8000 + "a = 1", "more than 8 parts"),
        ("a = " + "[" * 20_000, "nested too deeply"),
        ("a = " + "{a=" * 20_000, "nested too deeply"),
        ("a = " + "1" * 60_000, "longer than 100 characters"),
        ("a" * 60_000, "longer than 100 characters"),
        ('a = """' + '\\"' * 30_000, "does not end"),
        ('a = "' + '\\"' * 30_000, "does not end"),
        ("a = 1\n" * (MAX_LENGTH // 6 + 1), f"longer than {MAX_LENGTH} characters"),
    ],
)
def test_a_text_made_to_be_costly_is_refused_at_once(text: str, words: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match=words):
        read_toml(text)
    assert time.process_time() - began < A_MOMENT


@pytest.mark.parametrize(
    "text",
    [
        "f = [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5]",
        "at = 2026-03-02T10:00:00.123456+01:00",
        'a = """x""""\nb = \'\'\'y\'\'\'\'\n# a.b.c.d.e.f.g.h.i.j\nc = ""',
        'c.d."e.f.g.h.i.j.k.l" = "it\\"s # not a comment"',
        "words = '" + "long " * 1000 + "'",
        ".".join("a" * MAX_PARTS) + " = 1",
    ],
)
def test_what_people_write_is_read_as_it_is(text: str) -> None:
    assert read_toml(text) == tomllib.loads(text)
