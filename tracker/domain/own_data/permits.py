"""Permits: a whole record leaves a clinic only if a second person has allowed it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.domain.clinic.clinic import check_clinic_name

VALID_FOR = timedelta(days=7)  # to be allowed, and then to be used


@dataclass(frozen=True, slots=True)
class Permit:
    """Somebody of the care team asked for it, an administrator who is another person allows it.

    `clinic` is where the record goes.
    """

    id: str
    patient_id: str
    clinic: str
    asked_by: str
    asked_at: datetime
    allowed_by: str | None = None
    allowed_at: datetime | None = None

    def waits(self, now: datetime) -> bool:
        """Whether it can still be allowed."""
        return self.allowed_at is None and now - self.asked_at <= VALID_FOR

    def opens_for(self, person_id: str, now: datetime) -> bool:
        """Whether this person may take the record out now: who asked, while it is valid."""
        allowed_at = self.allowed_at
        is_valid = allowed_at is not None and now - allowed_at <= VALID_FOR
        return is_valid and self.asked_by == person_id


def check_destination(clinic: str) -> str:
    """Return the name of the clinic as it is kept; ValueError when it is empty or too long."""
    name = check_clinic_name(clinic)
    if not name:
        raise ValueError("write to which clinic or doctor the record goes")
    return name
