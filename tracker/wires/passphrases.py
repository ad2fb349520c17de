"""Stored passphrases: argon2id hashes, which are slow to guess."""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tracker.domain.people.people import check_passphrase
from tracker.domain.texts import secret

HASHER = PasswordHasher()  # tests replace it by a cheap one


def hash_passphrase(passphrase: str) -> str:
    """The hash to store. Raises ValueError when the passphrase is too short or cannot be typed."""
    return HASHER.hash(secret(check_passphrase(passphrase)))


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
