"""Texts that would take a parser long are refused before it sees them."""

import time
import tomllib

import pytest

from tracker.domain.editing.protocol_drafts import differences
from tracker.domain.editing.protocol_edits import checked
from tracker.domain.protocols.protocol_text import MOST_LINES, MOST_ROWS
from tracker.domain.protocols.toml_tables import MAX_LENGTH, MAX_MISTAKES, MAX_PARTS, read_toml
from tracker.storage.protocols import protocol_files
from web.security import MAX_WORDS_BYTES

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


SHIPPED = protocol_files.load("microneedling")
MANY_LINES = "".join(
    f'  {{ line = "Pain that grows, {n} spots", days = [{n}, 400] }},\n'
    for n in range(MOST_ROWS - 22)
)


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{n:x} = 1\n" for n in range(MOST_LINES)),
        "[[check_in]]\n" * MOST_LINES,
        "[[check_in]]\n" * 5000,
        "a = [" + "{}," * 20_000 + "]",
        SHIPPED.text.replace("normal = [\n", "normal = [\n" + MANY_LINES, 1),
        SHIPPED.text.replace("normal = [\n", "normal = [\n" + MANY_LINES * 4, 1),
        SHIPPED.text.replace(
            "normal = [\n", 'normal = [{ line = "' + "swell " * 4000 + '", days = [0, 2] },\n', 1
        ),
        SHIPPED.text + "#\n" * 12_000,
        SHIPPED.text + "[[healing]]\n" * 2000,
    ],
)
def test_a_draft_of_a_protocol_made_to_be_costly_is_checked_and_compared_at_once(
    text: str,
) -> None:
    assert len(text) < MAX_WORDS_BYTES
    began = time.process_time()
    found = checked(text, "microneedling", SHIPPED)
    shown = differences(SHIPPED.text, text)
    assert time.process_time() - began < A_MOMENT
    assert isinstance(found, tuple)
    assert 0 < len(found) <= MAX_MISTAKES
    assert sum(len(str(mistake)) for mistake in found) < 100_000
    assert 0 < len(shown) <= 2 * MOST_LINES


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
