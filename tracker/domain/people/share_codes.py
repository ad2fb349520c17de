"""Codes by which a patient lets a practitioner in: short enough to read out, valid once."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

GOOD_FOR = timedelta(days=7)
CLEAR_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without characters that look alike
SIGNS = 12  # of 31 each: 59 bits, which cannot be guessed within a week


@dataclass(frozen=True, slots=True)
class ShareCode:
    """A patient's offer to the person who enters the code; only the code's digest is stored."""

    patient_id: str
    created_at: datetime
    used_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether it still works: neither used nor too old."""
        return self.used_at is None and now < self.created_at + GOOD_FOR


def new_code() -> str:
    """A fresh code in groups of four: `K7PM-3XQ9-TBHW`."""
    signs = "".join(secrets.choice(CLEAR_SIGNS) for _ in range(SIGNS))
    return "-".join(signs[i : i + 4] for i in range(0, SIGNS, 4))


def as_entered(code: str) -> str:
    """The code as people type it: small letters, blanks and hyphens make no difference."""
    signs = "".join(sign for sign in code.upper() if sign in CLEAR_SIGNS)
    return "-".join(signs[i : i + 4] for i in range(0, len(signs), 4))
