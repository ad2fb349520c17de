"""What patients know the clinic by, and the telephone numbers by which they reach it."""

import re
from dataclasses import dataclass

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
