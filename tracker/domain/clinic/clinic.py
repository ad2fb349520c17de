"""What patients know the clinic by, and the telephone numbers by which they reach it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tracker.domain.clinic.opening_hours import OpeningHours

_NUMBER = re.compile(r"\+?[\d\s().\-/]+")
PHONE_DIGITS = range(5, 16)  # ITU-T E.164: 15 digits at most
EMERGENCY_DIGITS = range(2, 16)
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Clinic:
    """Name and numbers as people write them, empty until entered; `edition` counts changes.

    There is no default for the emergency number: a wrong one would be worse than none.
    """

    hours: OpeningHours
    phone: str = ""
    emergency_number: str = ""
    edition: int = 0
    name: str = ""


class FirstStep(StrEnum):
    """What a clinic needs before its first patient; in the order in which it is best done."""

    NUMBERS = "numbers"  # telephone and emergency number: a red flag names them
    HOURS = "hours"  # without them nothing says when messages are read
    MAIL = "mail"  # urgent alerts reach people by mail
    COLLEAGUE = "colleague"  # an alert that waits is passed on to somebody
    PROTOCOLS = "protocols"  # the limits are the clinic's own responsibility
    BACKUP = "backup"


@dataclass(frozen=True, slots=True)
class FirstDay:
    """What the checklist of the first day is computed from; no tick is stored.

    `unsigned` are the titles of the protocols in force that no clinic has signed, of the kinds of
    treatment on record; of all kinds while none is on record and none is signed. `answering` counts
    the people who can sign in and answer alerts. `has_sent_mail` is true once a mail went out.
    """

    clinic: Clinic
    is_backed_up: bool
    is_backup_failing: bool
    has_mail_server: bool
    has_sent_mail: bool
    unsigned: tuple[str, ...]
    answering: int

    @property
    def done(self) -> Mapping[FirstStep, bool]:
        """Each step, and whether it is done."""
        clinic = self.clinic
        return {
            FirstStep.NUMBERS: bool(clinic.phone and clinic.emergency_number),
            FirstStep.HOURS: clinic.hours.are_known,
            FirstStep.MAIL: self.has_mail_server and self.has_sent_mail,
            FirstStep.COLLEAGUE: self.answering > 1,
            FirstStep.PROTOCOLS: not self.unsigned,
            FirstStep.BACKUP: self.is_backed_up and not self.is_backup_failing,
        }

    @property
    def is_over(self) -> bool:
        """Whether nothing is open."""
        return all(self.done.values())


def check_clinic_name(text: str) -> str:
    """The clinic's name on one line, or nothing. Raises ValueError."""
    name = " ".join(text.split())
    if len(name) > LONGEST_NAME:
        raise ValueError(f"the name has {len(name)} characters; {LONGEST_NAME} is the most")
    return name


def check_phone(text: str) -> str:
    """The clinic's number without blanks around it, or nothing. Raises ValueError."""
    return _checked(text, PHONE_DIGITS, "write it as +49 30 1234567")


def check_emergency_number(text: str) -> str:
    """The number for emergencies, or nothing. Raises ValueError."""
    return _checked(text, EMERGENCY_DIGITS, "write it as it is dialled, such as 112")


def dialled(number: str) -> str:
    """The number as a `tel:` link needs it (RFC 3966): digits, after a plus if there is one.

    A zero in brackets after the country code is dropped: it is not dialled from abroad.
    """
    from_abroad = number.lstrip().startswith("+")
    kept = re.sub(r"\(\s*0\s*\)", "", number) if from_abroad else number
    return ("+" if from_abroad else "") + re.sub(r"\D", "", kept)


def _checked(text: str, digits: range, remedy: str) -> str:
    number = " ".join(text.split())
    if not number:
        return ""
    if not _NUMBER.fullmatch(number) or len(dialled(number).lstrip("+")) not in digits:
        raise ValueError(f"{number!r} is no telephone number; {remedy}")
    return number
