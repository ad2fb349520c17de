"""Passphrases as they are kept: argon2id hashes, which are slow to guess."""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tracker.domain.people.people import check_passphrase
from tracker.domain.texts import secret

HASHER = PasswordHasher()  # tests put a cheap one in its place


def hash_passphrase(passphrase: str) -> str:
    """The hash to store. Raises ValueError when the passphrase is too short or cannot be typed."""
    return HASHER.hash(secret(check_passphrase(passphrase)))


def fits(stored: str | None, passphrase: str) -> bool:
    """Whether the passphrase is the one of the stored hash, whichever keyboard types it.

    Without a hash, for an unknown address, it takes as long as a wrong one and is False: time
    tells nothing.
    """
    fitting = [_is_of(stored, spelling) for spelling in _spellings(passphrase)]  # always all
    return any(fitting)


def _spellings(passphrase: str) -> list[str]:
    """The spelling that is hashed, and those of hashes from before there was one."""
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
