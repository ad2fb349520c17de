"""The second step of signing in, after the passphrase: an authenticator app, or a passkey.

The app shows six digits that change every 30 seconds (TOTP, RFC 6238). Without the phone, one of
eight recovery codes does it, once each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import pyotp
from pyotp.exceptions import OTPVerificationError

from tracker.domain.people.people import Person, Role
from tracker.domain.people.share_codes import new_code

RECOVERY_CODES = 8
HALF_GOOD_FOR = timedelta(minutes=10)  # from the passphrase to the code
DRIFT = 1  # steps of 30 s by which a phone's clock may differ (RFC 6238, 5.2)
# A code is one of a million, and three of them fit: 30 tries a day find one in 30 years.
MOST_TRIES = ((10, timedelta(minutes=10)), (30, timedelta(days=1)))
REMEMBERED = max(span for _, span in MOST_TRIES)


class SecondStep(StrEnum):
    """What comes after the right passphrase."""

    NONE = "none"
    CODE = "code"  # of the app, a passkey, or a recovery code
    SET_UP = "set_up"  # there is nothing yet that could be asked for


@dataclass(frozen=True, slots=True)
class Authenticator:
    """An app that shares a secret (base32) with us; codes up to `last_step` were used."""

    person_id: str
    secret: str
    last_step: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class HalfSignedIn:
    """The passphrase was right; `token` names the sign-in that waits for its second `step`."""

    person: Person
    token: str
    step: SecondStep


@dataclass(frozen=True, slots=True)
class Ways:
    """What a person can take the second step with, and how many recovery codes are left."""

    has_app: bool
    passkeys: int
    recovery_codes: int

    @property
    def is_set_up(self) -> bool:
        """Whether there is an app or a passkey."""
        return self.has_app or self.passkeys > 0


def step_after_passphrase(role: Role, ways: Ways, *, is_demanded: bool) -> SecondStep:
    """What comes next; `is_demanded` says whether the clinic wants a second step of its people.

    A person who has set up an app is asked for it in any case. Patients have no second step.
    """
    if role is Role.PATIENT or not (is_demanded or ways.has_app):
        return SecondStep.NONE
    return SecondStep.CODE if ways.is_set_up else SecondStep.SET_UP


def new_secret() -> str:
    """A secret for an app: 160 random bits in base32."""
    return pyotp.random_base32(32)


def app_address(secret: str, person: Person) -> str:
    """What the app reads from the code on the page (Key Uri Format)."""
    return pyotp.TOTP(secret, name=person.email, issuer="Afterglow").provisioning_uri()


def used_step(app: Authenticator, code: str, now: datetime) -> int | None:
    """The step of 30 s to which the code belongs; None when it is wrong, too old or was used."""
    digits = "".join(code.split())
    try:
        step = pyotp.TOTP(app.secret).verify_and_get_timecode(
            digits, for_time=now, valid_window=DRIFT
        )
    except OTPVerificationError:
        return None
    return step if step > app.last_step else None


def new_recovery_codes() -> tuple[str, ...]:
    """Fresh codes of 59 bits each, to be written down."""
    return tuple(new_code() for _ in range(RECOVERY_CODES))


def tries_again_at(tries: Sequence[datetime], now: datetime) -> datetime | None:
    """When the next try is allowed, None for now; `tries` are times since the last right code."""
    waits = [
        sorted(recent)[-most] + span
        for most, span in MOST_TRIES
        if len(recent := [at for at in tries if now - at < span]) >= most
    ]
    return max(waits, default=None)
