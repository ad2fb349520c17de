"""Typed text in the form in which it is kept: what looks the same is the same, nothing is hidden.

The only place that decides about invisible characters. Sources: UAX 15 (normal forms), UAX 44
(Default_Ignorable_Code_Point), UTS 39 (hidden characters), NIST SP 800-63B 5.1.1.2 (passphrases).
"""

import re
import unicodedata

LOST = "\ufffd"  # replaces a character that cannot be kept, so that readers see the gap
UNFIT = "it holds a sign that no screen shows; delete it and type the words around it again"

_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Three flags are spelled with invisible letters: England, Scotland, Wales (UTS 51).
_FLAG = re.compile("(\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067"
    "|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f)")  # fmt: skip
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_FIRST_JOINING_LETTER = "\u0590"  # no alphabet before Hebrew uses joiners
_HIDDEN_KINDS = frozenset({"Cc", "Co", "Cs"})  # controls, private use, surrogates


def _signs(*ranges: tuple[int, int]) -> frozenset[str]:
    return frozenset(chr(code) for first, last in ranges for code in range(first, last + 1))


# They are invisible and mean nothing. Programs leave them in what is copied: U+202A to U+202C and
# U+2066 to U+2069 come with names from an address book, U+FFFC from dictation.
_EMPTY = _signs(
    (0xAD, 0xAD), (0x34F, 0x34F), (0x180E, 0x180E), (0x200B, 0x200B), (0x202A, 0x202C),
    (0x2060, 0x2064), (0x2066, 0x206F), (0xFEFF, 0xFEFF), (0xFFFC, 0xFFFC),
    (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
)  # fmt: skip
_DIRECTIONS = _signs((0x61C, 0x61C), (0x200E, 0x200F))
# They change how the preceding character looks.
_TIES = _signs(
    (0x180B, 0x180D), (0x180F, 0x180F), (0x200C, 0x200D), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)
)
_BLANK_LETTERS = _signs((0x115F, 0x1160), (0x17B4, 0x17B5), (0x2800, 0x2800), (0x3164, 0x3164),
    (0xFFA0, 0xFFA0))  # fmt: skip
_INVISIBLE = _EMPTY | _DIRECTIONS | _TIES | _BLANK_LETTERS
# They reverse the order of what follows, hide comments in it, or are unassigned.
_UNFIT = _signs(
    (0x202D, 0x202E), (0x2065, 0x2065), (0xFDD0, 0xFDEF), (0xFFF0, 0xFFFB), (0xE0000, 0xE00FF),
    (0xE01F0, 0xE0FFF), *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000))
)  # fmt: skip


def readable(text: str) -> str:
    """The text as it is kept: composed (NFC), with one character for the end of a line.

    Invisible characters without meaning are left out; LOST replaces what must not be kept. Text
    that shows nothing at all becomes the empty text. White space at the ends stays.
    """
    if text.isascii() and text.isprintable():
        return text
    turns = any(unicodedata.bidirectional(sign) in _RIGHT_TO_LEFT for sign in text)
    parts = _FLAG.split(_LINE_END.sub("\n", text))  # every second one is a flag
    parts[::2] = [_without_hidden(part, keep_directions=turns) for part in parts[::2]]
    kept = unicodedata.normalize("NFC", "".join(parts))
    return kept if any(shows(sign) for sign in kept) else ""


def one_line(text: str) -> str:
    """The readable text with one space for each run of white space, and none at the ends."""
    return " ".join(readable(text).split())


def checked(text: str) -> str:
    """Return the text when all of it can be read; ValueError with the remedy otherwise."""
    if LOST in readable(text):
        raise ValueError(UNFIT)
    return text


def secret(typed: str) -> str:
    """A passphrase as it is compared (NFKC): the same from every keyboard and with any spaces."""
    composed = unicodedata.normalize("NFKC", typed)
    return "".join(" " if sign.isspace() else sign for sign in composed if sign not in _INVISIBLE)


def shows(sign: str) -> bool:
    """Whether a reader sees this one character when it is alone."""
    is_mark = unicodedata.category(sign).startswith("M")
    return not (sign.isspace() or is_mark or sign in _INVISIBLE)


def _without_hidden(text: str, *, keep_directions: bool) -> str:
    kept: list[str] = []
    for sign, after in zip(text, [*text[1:], ""], strict=True):
        before = kept[-1] if kept else " "
        if sign in _EMPTY or (sign in _DIRECTIONS and not keep_directions):
            continue
        if sign in _TIES and not _ties(before, sign, after):
            continue
        kept.append(_spaced(sign))
    return "".join(kept)


def _spaced(sign: str) -> str:
    if sign == "\n":
        return sign
    if sign == "\t" or unicodedata.category(sign) == "Zs":
        return " "
    is_hidden = unicodedata.category(sign) in _HIDDEN_KINDS or sign in _UNFIT
    return LOST if is_hidden else sign


def _ties(before: str, sign: str, after: str) -> bool:
    """Whether the character can change how its neighbours look."""
    if before.isspace() or before in _TIES:
        return False
    if sign not in "\u200c\u200d":
        return True
    return max(before, after) >= _FIRST_JOINING_LETTER and after != "" and not after.isspace()
