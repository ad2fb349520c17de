"""Stored passphrases: argon2id hashes, which are slow to guess."""

import unicodedata
from collections.abc import Iterable
from enum import IntEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from tracker.domain.people.people import check_passphrase
from tracker.domain.texts import secret

HASHER = PasswordHasher()  # tests replace it by a cheap one
# A random code needs less than a passphrase: the least that OWASP's cheat sheet recommends.
CODE_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
GUESSES = 1e8  # "safely unguessable" where each costs a slow hash
STRONG_GUESSES = 1e10  # "very unguessable"
JUDGED = 20


def hash_passphrase(passphrase: str, *about: str) -> str:
    """The hash to store. Raises ValueError when the passphrase is too short or cannot be typed.

    So it does when it is easy to guess; `about` are words that others know, such as the name and
    address of its owner.
    """
    typed = secret(check_passphrase(passphrase))
    if is_easy(typed, *about):
        raise ValueError(
            "this passphrase is easy to guess; use four words that do not belong together"
        )
    return HASHER.hash(typed)


class Strength(IntEnum):
    """How a passphrase that is being typed is judged; from `GOOD` on it is taken."""

    EASY = 1
    GOOD = 2
    STRONG = 3


def strength(passphrase: str, *about: str) -> Strength:
    """What `hash_passphrase` would say, and whether it could be better; nothing is hashed.

    Raises ValueError when the passphrase is too short or cannot be typed.
    """
    typed = secret(check_passphrase(passphrase))
    if is_easy(typed, *about):
        return Strength.EASY
    return Strength.STRONG if guesses(typed, *about) >= STRONG_GUESSES else Strength.GOOD


def is_easy(typed: str, *about: str) -> bool:
    """Whether fewer than `GUESSES` guesses find the passphrase."""
    return guesses(typed, *about) < GUESSES


def guesses(typed: str, *about: str) -> float:
    """How many guesses find the passphrase (zxcvbn, Wheeler, USENIX 2016).

    Its first and its last `JUDGED` characters are judged and the better counts: the time grows fast
    with the length, and 20 characters of signs that stand for letters take 0.4 s.
    """
    known = ["afterglow", *about]
    ends = {typed[:JUDGED], typed[-JUDGED:]}
    return max(float(zxcvbn(end, user_inputs=known)["guesses"]) for end in ends)


def fits(stored: str | None, passphrase: str) -> bool:
    """Whether the passphrase is the one of the stored hash, from any keyboard.

    Without a hash, for an unknown address, it returns False after the same time as for a wrong
    passphrase, so that the time reveals nothing.
    """
    fitting = [_is_of(stored, spelling) for spelling in _spellings(passphrase)]  # always all
    return any(fitting)


def _spellings(passphrase: str) -> list[str]:
    """The spelling that is hashed now, and the spellings of older hashes."""
    older = (unicodedata.normalize(form, passphrase) for form in ("NFC", "NFD"))
    return list(dict.fromkeys([secret(passphrase), passphrase, *older]))


def _is_of(stored: str | None, spelling: str) -> bool:
    try:
        if stored is None:
            HASHER.hash(spelling)
            return False
        return HASHER.verify(stored, spelling)
    except (VerificationError, InvalidHashError):
        return False


def hash_code(code: str) -> str:
    """The hash to store of a random code."""
    return CODE_HASHER.hash(code)


def matching(hashes: Iterable[str], code: str) -> str | None:
    """The hash of this code among the `hashes`, None when there is none; all are compared."""
    found = [each for each in hashes if _is_code_of(each, code)]
    return next(iter(found), None)


def _is_code_of(stored: str, code: str) -> bool:
    try:
        return CODE_HASHER.verify(stored, code)
    except VerificationError:
        return False
