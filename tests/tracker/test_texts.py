"""Each kind of Unicode character in typed text: kept, left out, or shown as lost."""

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.domain.people.people import MAX_NAME_LENGTH, check_name
from tracker.domain.texts import LOST, one_line, readable, secret

VISIBLE_KINDS = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf",
                 "Po", "Sm", "Sc", "Sk", "So"}  # fmt: skip
BLANK_LETTERS = set("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc")
WHOLE = [(0x0000, 0x3400), (0xA000, 0xAC00), (0xF900, 0x11000), (0x1F000, 0x20000)]


def characters_of_unicode() -> list[str]:
    """Whole blocks where kinds mix; elsewhere both ends of each run of a kind, and every 61st."""
    found, kinds = [], [unicodedata.category(chr(code)) for code in range(sys.maxunicode + 1)]
    for code, kind in enumerate(kinds):
        ends = kind != kinds[code - 1] or kind != kinds[(code + 1) % len(kinds)]
        if ends or code % 61 == 0 or any(first <= code < last for first, last in WHOLE):
            found.append(chr(code))
    return found


CHARACTERS = characters_of_unicode()
HIDDEN = {
    "controls": "\x00\x01\x07\x08\x0e\x1b\x1f\x7f\x80\x9f",
    "order turned": "\u202d\u202e",
    "private": "\ue000\uf8ff\U000f0000\U0010fffd",
    "halves": "\ud800\udfff",
    "no characters": "\ufdd0\ufdef\ufffe\uffff\U0001ffff\U0010ffff",
    "annotations": "\ufff9\ufffa\ufffb",
    "tags": "\U000e0001\U000e0041\U000e007f",
    "spare": "\u2065\ufff0\U000e0080\U000e0fff",
}
EMPTY = "\u00ad\u034f\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u2060\u2064\u2069\u206f\ufeff\ufffc"
SPACES = "\t\u00a0\u1680\u2000\u2007\u200a\u202f\u205f\u3000"
LINE_ENDS = ["\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"]
RIGHT = {
    "Persian with a joiner": "می\u200cخواهم",
    "Devanagari without its ligature": "क्\u200dष",
    "family": "👩\u200d👩\u200d👧",
    "heart": "❤\ufe0f",
    "keycap": "1\ufe0f\u20e3",
    "flag of Scotland": "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "flag of Chile": "🇨🇱",
    "ideograph with its variant": "葛\U000e0100",
    "Hebrew with a mark of direction": "שלום\u200f!",
    "units": "5 cm², 10⁻³, ½ µm ± 0,1 ‰",
    "character of a later Unicode": "\U0001fae9",
}


def test_no_sign_of_unicode_hides_in_a_name_and_no_visible_one_is_lost() -> None:
    for char in CHARACTERS:
        kept, kind = readable(f"Ann{char}a"), unicodedata.category(char)
        if kind in VISIBLE_KINDS:
            expected = unicodedata.normalize("NFC", f"Ann{char}a")
            assert kept == expected or char == "\ufffc", hex(ord(char))
        elif kind in {"Cc", "Cs", "Co", "Zl", "Zp"}:
            assert kept in {f"Ann{LOST}a", "Ann\na", "Ann a"}, hex(ord(char))
        elif kind == "Zs":
            assert kept == "Ann a", hex(ord(char))


def test_a_text_of_one_sign_is_empty_or_a_reader_sees_it() -> None:
    for char in CHARACTERS:
        kept, kind = readable(char).strip(), unicodedata.category(char)
        if kind in VISIBLE_KINDS and char not in BLANK_LETTERS:
            assert kept, hex(ord(char))
        elif kind[0] in "MZ" or char in BLANK_LETTERS:
            assert kept == "", hex(ord(char))
        else:
            assert kept in {"", LOST, char}, hex(ord(char))


@pytest.mark.parametrize("chars", HIDDEN.values(), ids=HIDDEN)
def test_a_hidden_character_leaves_a_visible_gap(chars: str) -> None:
    for char in chars:
        assert readable(f"ab{char}cd") == f"ab{LOST}cd"
        with pytest.raises(ValueError, match="cannot be displayed"):
            check_name(f"Ali{char}ce")


def test_invisible_characters_without_meaning_are_left_out() -> None:
    for char in EMPTY:
        assert readable(f"{char}Ali{char}ce{char}") == "Alice"
        assert check_name(f"{char}Ali{char}ce{char}") == "Alice"


def test_every_space_is_a_space_and_every_end_of_a_line_one() -> None:
    for space in SPACES:
        assert readable(f"a{space}b") == "a b"
        assert check_name(f"{space}Ada{space}{space}Lovelace{space}") == "Ada Lovelace"
    for end in LINE_ENDS:
        assert readable(f"first{end}second") == "first\nsecond"
        assert check_name(f"Ada{end}Lovelace") == "Ada Lovelace"


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_people_write_is_kept(text: str) -> None:
    assert readable(text) == unicodedata.normalize("NFC", text)
    assert one_line(f"a {text} b") == unicodedata.normalize("NFC", f"a {text} b")


@pytest.mark.parametrize(
    "name",
    ["", " ", "\u200b\u200b", "\u3164", "\u2800\u2800", "\u200d", "\u0301", "\ufe0f", "\u115f",
     "\u00a0\u3000", "\u2060\ufeff", "...", "🙂", "-", "x" * (MAX_NAME_LENGTH + 1)],
)  # fmt: skip
def test_a_name_without_a_letter_is_refused_with_its_remedy(name: str) -> None:
    with pytest.raises(ValueError, match="write a name of at most 200 characters, with at least"):
        check_name(name)


@pytest.mark.parametrize(
    "name", ["Ада", "王小明", "Ólöf Þórðar", "O’Brien-Ng", "נועה", "علی\u200cرضا", "R2", "Ṣọlá"]
)
def test_a_name_of_any_script_is_kept_composed(name: str) -> None:
    assert check_name(name) == name
    assert check_name(unicodedata.normalize("NFD", name)) == name


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=30))
def test_readable_text_is_kept_as_it_is(text: str) -> None:
    once = readable(text)
    assert readable(once) == once
    assert secret(secret(text)) == secret(text)
    assert one_line(one_line(text)) == one_line(text)
