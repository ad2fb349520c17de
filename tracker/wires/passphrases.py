"""Passphrases as they are kept: argon2id hashes, which are slow to guess."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tracker.domain.people.people import check_passphrase

HASHER = PasswordHasher()  # tests put a cheap one in its place


def hash_passphrase(passphrase: str) -> str:
    """The hash to store. Raises ValueError when the passphrase is too short."""
    return HASHER.hash(check_passphrase(passphrase))


def fits(stored: str | None, passphrase: str) -> bool:
    """Whether the passphrase is the one of the stored hash.

    Without a hash, for an unknown address, it takes as long and is False: time tells nothing.
    """
    try:
        if stored is None:
            HASHER.hash(passphrase)
            return False
        return HASHER.verify(stored, passphrase)
    except (VerificationError, InvalidHashError):
        return False
