"""The pages about an address that is to be confirmed."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ConfirmPage:
    """What the link in the mail opens; `done` after the button."""

    template: ClassVar[str] = "address_confirm.html"
    place: ClassVar[str] = ""

    done: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        return "Your address is confirmed" if self.done else "Is this your address?"


@dataclass(frozen=True, slots=True)
class SentPage:
    """After the mail was asked for once more."""

    template: ClassVar[str] = "address_sent.html"
    place: ClassVar[str] = "own_data"

    email: str

    @property
    def title(self) -> str:
        """The page's name."""
        return "Look at your mail"
