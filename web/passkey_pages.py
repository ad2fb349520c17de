"""The page of one's own passkeys."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.passkeys import Passkey
from web.times import when


@dataclass(frozen=True, slots=True)
class PasskeysPage:
    """Keys as id and the time they were added; `trouble` says why the latest was not kept."""

    template: ClassVar[str] = "passkeys.html"
    place: ClassVar[str] = "settings"

    keys: tuple[tuple[str, str], ...]
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Passkeys"


def passkeys_page(
    keys: Iterable[Passkey], now: datetime, zone: ZoneInfo, trouble: str
) -> PasskeysPage:
    """The page."""
    listed = tuple((key.id, when(key.added_at, now, zone)) for key in keys)
    return PasskeysPage(listed, trouble)
