"""What patients allow their data to be used for: decisions that are added and never edited."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Purpose(StrEnum):
    """What photos and answers may be used for."""

    CARE = "care"  # to be measured, and seen by the care team
    TEACHING = "teaching"
    RESEARCH = "research"

    @property
    def is_asked_by_photo(self) -> bool:
        """Whether it can be decided for single photos; care is impossible without its photos."""
        return self is not Purpose.CARE


class Decision(StrEnum):
    """What the patient decided."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Consent:
    """One decision at a time, about one photo or (`photo_id` None) about everything."""

    purpose: Purpose
    decision: Decision
    at: datetime
    photo_id: str | None = None


@dataclass(frozen=True, slots=True)
class CareWithdrawn:
    """Nothing is accepted or measured, because the patient has withdrawn consent to care."""


def is_given(history: Iterable[Consent], purpose: Purpose, photo_id: str | None = None) -> bool:
    """Whether a use is allowed for everything, or for the photo named.

    `history` is in the order of the decisions. A photo's own decision overrides that for
    everything, but withdrawing everything also ends what was given for single photos. Without any
    decision, care is allowed, because an account is opened for care, and nothing else is.
    """
    everything, of_photo = purpose is Purpose.CARE, None
    for each in history:
        given = each.decision is Decision.GIVEN
        if each.purpose is not purpose:
            continue
        if each.photo_id is None:
            everything = given
            of_photo = of_photo if given or of_photo is False else None
        elif each.photo_id == photo_id:
            of_photo = given
    return everything if of_photo is None else of_photo
