"""The page with a link for an invited person, as a code to scan and as text."""

from dataclasses import dataclass
from typing import ClassVar

import segno
from markupsafe import Markup

from tracker.domain.people.people import delivery_address


@dataclass(frozen=True, slots=True)
class InvitedPage:
    """The link, to be handed over: as a code for the phone's camera, and as text.

    `patient_id` is empty where the link is not an invitation of a patient.
    """

    template: ClassVar[str] = "practitioner_invited.html"
    place: ClassVar[str] = "patients"

    name: str
    email: str
    link: str
    code: Markup
    until: str
    patient_id: str = ""

    @property
    def sent_to(self) -> str:
        """How the mail writes the address, where that differs."""
        written = delivery_address(self.email)
        return "" if written == self.email else written

    @property
    def title(self) -> str:
        """The page's name."""
        return f"The link for {self.name}"


def code_of(link: str) -> Markup:
    """The link for the camera of a phone."""
    code = segno.make(link, error="m").svg_inline(scale=6, border=4, omitsize=True, light="#fff")
    # The library draws the code from our own address: there is nothing to escape.
    return Markup(code)  # noqa: S704
