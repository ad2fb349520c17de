"""The page of one's own passkeys."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tracker.passkeys import Passkey
from tracker.people import Person
from web.times import when


@dataclass(frozen=True, slots=True)
class PasskeysPage:
    """Keys as id and the time they were added; `trouble` says why the latest was not kept.

    Without `may_change` the person of `email` must first show again who they are.
    """

    template: ClassVar[str] = "passkeys.html"
    place: ClassVar[str] = "settings"

    keys: tuple[tuple[str, str], ...]
    email: str
    may_change: bool
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Passkeys"


def passkeys_page(
    keys: Iterable[Passkey], owner: Person, now: datetime, trouble: str, *, may_change: bool
) -> PasskeysPage:
    """The page."""
    listed = tuple((key.id, when(key.added_at, now, owner.zone)) for key in keys)
    return PasskeysPage(listed, owner.email, may_change, trouble)
