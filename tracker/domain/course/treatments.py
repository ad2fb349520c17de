"""A treatment: what was done to the skin, where and when."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from tracker.domain.course.procedures import Ending, Procedure

NOTHING_NOTED = Procedure()


class Setting(StrEnum):
    """Where the treatment was done."""

    CLINIC = "clinic"
    HOME = "home"


class Region(StrEnum):
    """A region of the face, the patient's own left and right; FACE is all treated ones together."""

    FOREHEAD = "forehead"
    LEFT_CHEEK = "left_cheek"
    RIGHT_CHEEK = "right_cheek"
    NOSE = "nose"
    CHIN = "chin"
    FACE = "face"

    @property
    def words(self) -> str:
        """The region as people say it: `left cheek`, `whole face`."""
        return "whole face" if self is Region.FACE else self.value.replace("_", " ")

    @property
    def mirrored(self) -> "Region":
        """The region in whose place it is in a mirror image; itself for those in the middle."""
        exchanged = {Region.LEFT_CHEEK: Region.RIGHT_CHEEK, Region.RIGHT_CHEEK: Region.LEFT_CHEEK}
        return exchanged.get(self, self)


AREAS = tuple(region for region in Region if region is not Region.FACE)


@dataclass(frozen=True, slots=True)
class Treatment:
    """One session; the next session is a treatment of its own with its own baseline.

    `kind` names a protocol and `variant` one of its variants, such as a deep peel;
    `needle_depth_mm` is None where no needle was used; `performed_at` carries its zone. `ending`
    is None while the course runs, also when its plan is over.
    """

    id: str
    patient_id: str
    kind: str
    performed_at: datetime
    setting: Setting
    needle_depth_mm: float | None
    areas: frozenset[Region]
    variant: str | None = None
    procedure: Procedure = NOTHING_NOTED
    ending: Ending | None = None

    def __post_init__(self) -> None:
        if self.performed_at.tzinfo is None:
            raise ValueError("performed_at has no zone; write an offset such as +01:00")
        if not 1900 < self.performed_at.year < 2200:
            raise ValueError(
                f"performed_at is in the year {self.performed_at.year}; check the date"
            )
        if not self.areas or not self.areas <= set(AREAS):
            raise ValueError(f"areas must be some of {', '.join(AREAS)}")
        if self.needle_depth_mm is not None and not 0 < self.needle_depth_mm <= 5:
            raise ValueError("needle_depth_mm must lie between 0 and 5 millimetres")

    @property
    def is_withdrawn(self) -> bool:
        """Whether it was entered for the wrong patient; what the patient sent for it stays."""
        return self.ending is not None and self.ending.is_mistake


def days_since(treatment: Treatment, at: datetime) -> float:
    """Elapsed days of 24 hours since the treatment; negative before it. For the models of skin."""
    return (at.astimezone(UTC) - treatment.performed_at.astimezone(UTC)).total_seconds() / 86400


def day_number(treatment: Treatment, at: datetime, zone: ZoneInfo) -> int:
    """Calendar days since the treatment, counted where the patient lives; 0 is treatment day."""
    return (at.astimezone(zone).date() - treatment.performed_at.astimezone(zone).date()).days


def check_planned(treatment: Treatment, now: datetime, *, planned: bool) -> None:
    """Raise ValueError when the time contradicts the choice between done already and planned."""
    if treatment.performed_at > now and not planned:
        raise ValueError(
            "that time is in the future; choose an earlier one, or say that it is planned"
        )
    if treatment.performed_at <= now and planned:
        raise ValueError("that time has passed; choose a later one, or say that it has been done")


@dataclass(frozen=True, slots=True)
class Correction:
    """A change to what is on record about a treatment: `before` is the earlier value.

    `by` is the name of the person who changed it.
    """

    before: Treatment
    at: datetime
    by: str
    why: str
