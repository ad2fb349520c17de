"""A passphrase fits however a keyboard spells it, also with an older hash."""

import time
import unicodedata
from itertools import product
from typing import Literal

import pytest

from tests.conftest import SHIPPED_HASHER
from tracker.wires import passphrases
from tracker.wires.passphrases import Strength, fits, hash_passphrase, strength

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS: tuple[Form, ...] = ("NFC", "NFD", "NFKC", "NFKD")
# What one keyboard composes and another does not, and what a word processor substitutes.
WORDS = {
    "accents": "crème brûlée à Évian",
    "two marks": "ṩṩṩ ǭǭǭ ự ự ự",
    "Vietnamese": "tiếng Việt dễ thương",
    "Hangul": "가나다라마바사아자차카타",
    "kana with voice marks": "がぎぐげご ぱぴぷぺぽ だ",
    "half-width kana": "ｶﾞｷﾞｸﾞｹﾞｺﾞ ﾊﾟﾋﾟﾌﾟﾍﾟﾎﾟ ﾀﾞ",
    "full-width Latin": "ｐａｓｓｐｈｒａｓｅ ９９",
    "ligatures": "ﬁne ﬂowers oﬀer",
    "Greek": "ἄνδρα μοι ἔννεπε",
    "angstrom and ohm": "\u212b ngström 12 \u2126",
    "Devanagari": "क़ख़ग़ज़ड़ढ़फ़ क्षमा",
    "Arabic": "كلمة السر الطويلة آ",
    "Hebrew with points": "שָׁלוֹם לְכֻלָּם",
    "emoji": "👩‍👩‍👧 ❤️ ☀️ plus words",
    "digits": "٧٢٩٤ ٠٣٨٥ ١٦٢٩",
}
SPACES = "\u00a0\u1680\u2000\u2003\u2007\u2009\u200a\u202f\u205f\u3000\t"
INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0f\u034f\u061c"


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_every_form_of_the_same_words_fits(words: str) -> None:
    for set_as, typed_as in product(FORMS, FORMS):
        stored = hash_passphrase(unicodedata.normalize(set_as, words))
        assert fits(stored, unicodedata.normalize(typed_as, words)), (set_as, typed_as)


@pytest.mark.parametrize("space", SPACES, ids=lambda char: f"{ord(char):04x}")
def test_every_space_is_a_space(space: str) -> None:
    plain = "correct horse battery"
    assert fits(hash_passphrase(plain), plain.replace(" ", space))
    assert fits(hash_passphrase(plain.replace(" ", space)), plain)


@pytest.mark.parametrize("char", INVISIBLE, ids=lambda char: f"{ord(char):04x}")
def test_invisible_characters_do_not_count(char: str) -> None:
    plain = "correct horse battery"
    pasted = f"{char}correct{char} horse battery{char}"
    assert fits(hash_passphrase(pasted), plain)
    assert fits(hash_passphrase(plain), pasted)


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_a_hash_from_before_still_fits_what_was_typed_then(words: str) -> None:
    for form in FORMS:
        typed = unicodedata.normalize(form, words)
        assert fits(passphrases.HASHER.hash(typed), typed), form


@pytest.mark.parametrize("words", ["crème brûlée à Évian", "tiếng Việt dễ thương"])
def test_a_hash_from_before_fits_the_other_composition_too(words: str) -> None:
    nfc, nfd = (unicodedata.normalize(form, words) for form in ("NFC", "NFD"))
    assert fits(passphrases.HASHER.hash(nfd), nfc)
    assert fits(passphrases.HASHER.hash(nfc), nfd)


def test_other_words_do_not_fit() -> None:
    stored = hash_passphrase("crème brûlée à Évian")
    for other in ("creme brulee a Evian", "Crème brûlée à Évian", "crème  brûlée à Évian", ""):
        assert not fits(stored, other)
    assert not fits("no hash at all", "crème brûlée à Évian")


def test_an_unknown_address_costs_as_many_hashes_as_a_wrong_passphrase(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = hash_passphrase("correct horse battery")

    class Counting:
        def __init__(self) -> None:
            self.calls = 0

        def hash(self, passphrase: str) -> str:
            self.calls += 1
            return passphrase

        def verify(self, _stored: str, _passphrase: str) -> bool:
            self.calls += 1
            return False

    for words in WORDS.values():
        costs = []
        for known in (stored, None):
            counting = Counting()
            monkeypatch.setattr(passphrases, "HASHER", counting)
            assert not fits(known, words)
            costs.append(counting.calls)
        assert costs[0] == costs[1] >= 1


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("too short", "too short"),
        ("\u200b" * 12, "too short"),
        ("e\u0301" * 11, "too short"),  # eleven letters in two code points each
        ("\ufdfa", "too short"),  # one char, which NFKC writes with eighteen
        ("enough words \x00", "no keyboard types"),
        ("enough words \u202e", "no keyboard types"),
        ("enough words \ue000", "no keyboard types"),
    ],
)
def test_what_is_refused_says_why(typed: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        hash_passphrase(typed)


def test_strength_says_what_the_form_would_say() -> None:
    assert strength("passwordpassword") is Strength.EASY
    assert strength("alice@clinic.example", "alice@clinic.example") is Strength.EASY
    assert strength("tulip9 harbor") is Strength.GOOD
    assert strength("tulip harbor sixteen moss") is Strength.STRONG
    with pytest.raises(ValueError, match="too short"):
        strength("tulip")


def test_the_shipped_hash_is_argon2id() -> None:
    assert SHIPPED_HASHER.type.name == "ID"


@pytest.mark.parametrize(
    "easy",
    [
        "123456789012",
        "passwordpassword",
        " " * 12,
        "qwertyuiopas",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "alice@clinic.example",
        "Afterglow2026",
        "ｐａｓｓｗｏｒｄ１２３４",
    ],
)
def test_what_is_easy_to_guess_is_refused(easy: str) -> None:
    with pytest.raises(ValueError, match="easy to guess"):
        hash_passphrase(easy, "Alice", "alice@clinic.example")


def test_a_long_passphrase_may_begin_or_end_with_something_easy() -> None:
    for good in ("12345678901234567890 violet tram under seven", "violet tram under " + "7" * 30):
        assert fits(hash_passphrase(good), good)


def test_judging_a_hostile_passphrase_takes_no_minutes() -> None:
    began = time.process_time()
    assert not passphrases.is_easy("4@8({[<369!1|70$5+2%xz" * 40)
    assert time.process_time() - began < 5
