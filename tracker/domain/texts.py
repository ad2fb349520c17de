"""Typed text as it is kept: what looks the same is equal, and nothing in it is invisible.

All rules about invisible characters are here. Sources: UAX 15 (normal forms), UAX 44
(Default_Ignorable_Code_Point), UTS 39 (hidden characters), NIST SP 800-63B 5.1.1.2 (passphrases).
"""

import re
import unicodedata
from itertools import pairwise

LOST = "\ufffd"  # replaces a character that cannot be kept, so that the gap is visible
UNFIT = "it contains a character that cannot be displayed; delete the text and type it again"

_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# The flags of England, Scotland and Wales are spelled with invisible letters (UTS 51).
_FLAG = re.compile("(\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067"
    "|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f)")  # fmt: skip
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_FIRST_JOINING_LETTER = "\u0590"  # no alphabet before Hebrew changes by a joiner
_HIDDEN_KINDS = frozenset({"Cc", "Co", "Cs"})  # control, private use, surrogates


def _chars(*ranges: tuple[int, int]) -> frozenset[str]:
    return frozenset(chr(code) for first, last in ranges for code in range(first, last + 1))


# Invisible and without meaning. They come with copied text: U+202A to U+202C and U+2066 to U+2069
# with names from an address book, U+FFFC from dictation.
_EMPTY = _chars(
    (0xAD, 0xAD), (0x34F, 0x34F), (0x180E, 0x180E), (0x200B, 0x200B), (0x202A, 0x202C),
    (0x2060, 0x2064), (0x2066, 0x206F), (0xFEFF, 0xFEFF), (0xFFFC, 0xFFFC),
    (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
)  # fmt: skip
_DIRECTIONS = _chars((0x61C, 0x61C), (0x200E, 0x200F))
# They change how the character before them looks.
_TIES = _chars(
    (0x180B, 0x180D), (0x180F, 0x180F), (0x200C, 0x200D), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)
)
_BLANK_LETTERS = _chars((0x115F, 0x1160), (0x17B4, 0x17B5), (0x2800, 0x2800), (0x3164, 0x3164),
    (0xFFA0, 0xFFA0))  # fmt: skip
_INVISIBLE = _EMPTY | _DIRECTIONS | _TIES | _BLANK_LETTERS
# They reorder the text after them, annotate it invisibly, or are reserved.
_UNFIT = _chars(
    (0x202D, 0x202E), (0x2065, 0x2065), (0xFDD0, 0xFDEF), (0xFFF0, 0xFFFB), (0xE0000, 0xE00FF),
    (0xE01F0, 0xE0FFF), *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000))
)  # fmt: skip


def readable(text: str) -> str:
    """The text as it is kept: composed (NFC), with a line feed at the end of each line.

    Invisible characters without meaning are left out; LOST replaces those that must not be kept.
    A text without any visible character becomes empty. White space at the ends stays.
    """
    if text.isascii() and text.isprintable():
        return text
    turns = any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text if shows(char))
    parts = _FLAG.split(_LINE_END.sub("\n", text))  # every second one is a flag
    parts[::2] = [_without_hidden(part, keep_directions=turns) for part in parts[::2]]
    kept = unicodedata.normalize("NFC", "".join(parts))
    return kept if any(shows(char) for char in kept) else ""


def one_line(text: str) -> str:
    """The readable text with one space for each run of white space, and none at the ends."""
    return " ".join(readable(text).split())


def compared(text: str) -> str:
    """The text as it is compared where case and form of its letters do not count (NFKC, folded).

    `É1` and `é1` are the same, and so are full-width and plain digits.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)


def secret(typed: str) -> str:
    """The passphrase as it is compared and hashed (NFKC), the same for every keyboard."""
    composed = unicodedata.normalize("NFKC", typed)
    return "".join(" " if char.isspace() else char for char in composed if char not in _INVISIBLE)


def shows(char: str) -> bool:
    """Whether this one character is visible on its own."""
    is_mark = unicodedata.category(char).startswith("M")
    return not (char.isspace() or is_mark or char in _INVISIBLE)


def _without_hidden(text: str, *, keep_directions: bool) -> str:
    kept: list[str] = []
    for char, after in pairwise(f"{text}\n"):
        before = kept[-1] if kept else " "
        if char in _EMPTY or (char in _DIRECTIONS and not keep_directions):
            continue
        if char in _TIES and not _ties(before, char, after):
            continue
        kept.append(_spaced(char))
    return "".join(kept)


def _spaced(char: str) -> str:
    if char == "\n":
        return char
    if char == "\t" or unicodedata.category(char) == "Zs":
        return " "
    is_hidden = unicodedata.category(char) in _HIDDEN_KINDS or char in _UNFIT
    return LOST if is_hidden else char


def _ties(before: str, char: str, after: str) -> bool:
    """Whether the character can change how its neighbours look."""
    if before.isspace() or before in _TIES:
        return False
    if char not in "\u200c\u200d":
        return True
    return max(before, after) >= _FIRST_JOINING_LETTER and not after.isspace()
