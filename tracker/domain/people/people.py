"""Who uses Afterglow: patients, and those who work at the clinic."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.errors import HeaderParseError
from email.headerregistry import Address
from enum import StrEnum
from zoneinfo import ZoneInfo

import idna

from tracker.domain.texts import LOST, UNFIT, one_line, readable, secret, shows

SKIN_TYPES = range(1, 7)
HOURS = range(24)
MIN_PASSPHRASE_LENGTH = 12
MAX_NAME_LENGTH = 200
OLDEST_AGE = 120  # years; the longest life on record lasted 122
MAX_RECORD_NUMBER_LENGTH = 40
_DOMAIN = re.compile(r"[^\W_](?:[\w.-]*[^\W_])?")


class Role(StrEnum):
    """What a person is to the patients."""

    PATIENT = "patient"
    PRACTITIONER = "practitioner"  # treats, and answers alerts
    ASSISTANT = "assistant"  # cares for patients with the team, and draws no conclusions
    OFFICE = "office"  # works at the clinic and sees no patient

    @property
    def has_patients(self) -> bool:
        """Whether patients can be in this person's care."""
        return self in {Role.PRACTITIONER, Role.ASSISTANT}


class Duty(StrEnum):
    """What a person who works at the clinic does in addition."""

    ADMINISTRATION = "administration"  # people, opening hours, health of the system, audit log


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
    `reminder_hour` (0–23, where the person lives) is when a patient is reminded, None for never;
    `digest_hour` is when a practitioner gets the morning digest. Since `suspended_at` a person of
    the clinic can neither sign in nor get mail; None for everyone else. `birth_date` is that of a
    patient as the care team entered it, None where no one has; `record_number` is that of the
    clinic's other records about the patient, empty where none is entered.
    """

    id: str
    role: Role
    name: str
    email: str
    time_zone: str
    skin_type: int | None = None
    history: frozenset[Risk] = frozenset()
    reminder_hour: int | None = 18
    digest_hour: int = 7
    duties: frozenset[Duty] = frozenset()
    suspended_at: datetime | None = None
    birth_date: date | None = None
    record_number: str = ""

    def __post_init__(self) -> None:
        if self.role is Role.PATIENT and self.duties:
            raise ValueError("a patient has no duty at the clinic")
        for hour in (self.reminder_hour, self.digest_hour):
            if hour is not None and hour not in HOURS:
                raise ValueError("choose an hour from 0 to 23")

    @property
    def answers_alerts(self) -> bool:
        """Whether this person may answer the alerts of patients in their care, and deputise."""
        return self.role is Role.PRACTITIONER and self.suspended_at is None

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which this person's days begin and end."""
        return ZoneInfo(self.time_zone)

    def date_at(self, moment: datetime) -> date:
        """This person's date at a given time."""
        return moment.astimezone(self.zone).date()

    def moment_of(self, day: date, hour: int) -> datetime:
        """When it is `hour` for this person on a day, in UTC.

        If the clocks skip that hour, the result is later by as much as they skip, or earlier where
        later is the next day. If they show the hour twice, the first one counts (PEP 495, fold 0).
        """
        local = datetime.combine(day, time(hour), self.zone)
        moment = local.astimezone(UTC)
        skipped_into_next_day = self.date_at(moment) > day
        return local.replace(fold=1).astimezone(UTC) if skipped_into_next_day else moment


def in_turn(team: Sequence[tuple[Person, int]], asked: int) -> list[Person]:
    """Whom to ask after `asked` rounds without an answer; once every turn was asked, everyone.

    `team` is the care team, each with the turn (any whole numbers, lowest first).
    """
    turns = sorted({turn for _, turn in team})
    return [person for person, turn in team if asked >= len(turns) or turn == turns[asked]]


class BadEmail(ValueError):  # noqa: N818  (bad input; the message names the remedy)
    """The text is not an e-mail address."""


def check_email(address: str) -> str:
    """Return the address as it is compared (trimmed, lower case, NFC).

    Raises BadEmail if it is not one, or if its mails would go to a domain that reads otherwise.
    """
    cleaned = unicodedata.normalize("NFC", address.strip().lower())
    message = f"{address!r} is not an e-mail address; write name@example.org"
    try:
        parsed = Address(addr_spec=cleaned)
        sent_to = delivery_address(cleaned)
    except (HeaderParseError, ValueError, IndexError) as error:
        raise BadEmail(message) from error
    is_domain = not parsed.domain.isascii() or _DOMAIN.fullmatch(parsed.domain)
    if parsed.addr_spec != cleaned or not parsed.username or not is_domain:
        raise BadEmail(message)
    if not parsed.domain.isascii():
        domain = idna.decode(sent_to.rpartition("@")[2])
        if domain != parsed.domain or "Σ" in address:  # a capital hides whether σ or ς is meant
            raise BadEmail(
                f"mail to {address!r} would go to {parsed.username}@{domain};"
                " write it like that if it is right"
            )
    return cleaned


def delivery_address(address: str) -> str:
    """The address as mails carry it: an international domain in ASCII (IDNA 2008, UTS 46).

    The mapping is non-transitional, so that ß and ς stay letters of their own. Raises ValueError
    for a domain that no registry may hold. A domain in ASCII is kept as it is.
    """
    name, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{name}@{idna.encode(domain, uts46=True, std3_rules=True).decode('ascii')}"


def check_name(name: str) -> str:
    """Return the name as it is kept; ValueError when it has no letter or is too long."""
    cleaned = one_line(name)
    if LOST in cleaned:
        raise ValueError(f"check the name: {UNFIT}")
    has_letter = any(shows(char) and unicodedata.category(char)[0] in "LN" for char in cleaned)
    if not has_letter or len(cleaned) > MAX_NAME_LENGTH:
        raise ValueError(
            f"write a name of at most {MAX_NAME_LENGTH} characters, with at least one letter"
        )
    return cleaned


def read_birth_date(text: str) -> date | None:
    """The date that is written as 1985-04-23; None for an empty text. Raises ValueError."""
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise ValueError("write the date of birth as year, month and day: 1985-04-23") from None


def check_birth_date(born: date, today: date) -> date:
    """Return the date if a person alive `today` may have been born on it; ValueError if not."""
    if not today.year - OLDEST_AGE <= born.year or born > today:
        raise ValueError("check the date of birth; write the year with four digits")
    return born


def check_record_number(number: str) -> str:
    """Return the number as it is kept; ValueError when it is too long or unreadable."""
    cleaned = one_line(number)
    if LOST in cleaned:
        raise ValueError(f"check the record number: {UNFIT}")
    if len(cleaned) > MAX_RECORD_NUMBER_LENGTH:
        raise ValueError(
            f"write a record number of at most {MAX_RECORD_NUMBER_LENGTH} characters, or leave it"
            " empty"
        )
    return cleaned


def check_passphrase(passphrase: str) -> str:
    """Return the passphrase if it is long enough; length beats puzzles (NIST SP 800-63B).

    Both the typed and the compared form must be long enough.
    """
    if LOST in readable(secret(passphrase)):
        raise ValueError(
            "the passphrase contains a character that no keyboard types; choose another"
        )
    if min(len(passphrase), len(secret(passphrase))) < MIN_PASSPHRASE_LENGTH:
        raise ValueError(
            f"the passphrase is too short; use {MIN_PASSPHRASE_LENGTH} characters or more"
        )
    return passphrase
