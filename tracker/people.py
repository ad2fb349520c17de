"""Who uses Afterglow: patients and the practitioners who treat them."""

import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SKIN_TYPES = range(1, 7)
MIN_PASSPHRASE_LENGTH = 12
_DOMAIN = re.compile(r"[^\W_](?:[\w.-]*[^\W_])?")


class Role(StrEnum):
    """What a person is to the clinic."""

    PATIENT = "patient"
    PRACTITIONER = "practitioner"


class Risk(StrEnum):
    """A word of the patient's history that the practitioner should know."""

    HYPERPIGMENTATION = "hyperpigmentation"
    MELASMA = "melasma"
    KELOID = "keloid"
    COLD_SORES = "cold_sores"
    ALLERGY = "allergy"
    IMMUNOSUPPRESSION = "immunosuppression"


@dataclass(frozen=True, slots=True)
class Person:
    """One account.

    `time_zone` is an IANA name; `skin_type` the Fitzpatrick type 1–6 as the patient reports it.
    """

    id: str
    role: Role
    name: str
    email: str
    time_zone: str
    skin_type: int | None = None
    history: frozenset[Risk] = frozenset()

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which this person's days begin and end."""
        return ZoneInfo(self.time_zone)


def check_time_zone(name: str) -> str:
    """Return `name` if it is an IANA time zone; raise ValueError with the remedy otherwise."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"time zone {name!r} is unknown; write an IANA name such as Europe/Berlin"
        raise ValueError(message) from error
    return name


def check_email(address: str) -> str:
    """Return the address as it is compared (trimmed, lower case); ValueError if it is none."""
    cleaned = address.strip().lower()
    message = f"{address!r} is not an e-mail address; write name@example.org"
    try:
        parsed = Address(addr_spec=cleaned)
    except (HeaderParseError, ValueError, IndexError) as error:
        raise ValueError(message) from error
    if parsed.addr_spec != cleaned or not parsed.username or not _DOMAIN.fullmatch(parsed.domain):
        raise ValueError(message)
    return cleaned


def check_passphrase(passphrase: str) -> str:
    """Return the passphrase if it is long enough; length beats puzzles (NIST SP 800-63B)."""
    if len(passphrase) < MIN_PASSPHRASE_LENGTH:
        raise ValueError(f"the passphrase is too short; use {MIN_PASSPHRASE_LENGTH} signs or more")
    return passphrase
