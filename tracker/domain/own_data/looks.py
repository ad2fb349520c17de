"""Who has looked at a photo, and when: kept for the patient whose skin it shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

SAME_LOOK = timedelta(minutes=5)  # one page opens a dozen pictures; they are one look


@dataclass(frozen=True, slots=True)
class Look:
    """When one person, called `name`, first and last opened a photo that was taken at `taken_at`.

    A heat map or a thumbnail of the photo counts as the photo itself. `is_small` says that no one
    at the clinic has seen the photo larger than in a list.
    """

    photo_id: str
    taken_at: datetime
    person_id: str
    name: str
    first_at: datetime
    last_at: datetime
    is_small: bool = False


def is_same_look(last_at: datetime | None, now: datetime) -> bool:
    """Whether opening a photo at `now` continues a look that is on record."""
    return last_at is not None and now - last_at < SAME_LOOK
