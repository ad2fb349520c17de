"""The pages of an invitation."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

import segno
from markupsafe import Markup

from tracker.actions.invite_patient import Invited
from tracker.people import MIN_PASSPHRASE_LENGTH, Person, Role
from web.times import date_words


@dataclass(frozen=True, slots=True)
class InvitePage:
    """The form for a new patient; `trouble` says what was wrong with it.

    `choices` are the practitioners among whom an assistant chooses; empty for a practitioner.
    """

    template: ClassVar[str] = "practitioner_invite.html"
    place: ClassVar[str] = "patients"

    name: str = ""
    email: str = ""
    practitioner: str = ""
    choices: tuple[Person, ...] = ()
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Invite a patient"


@dataclass(frozen=True, slots=True)
class InvitedPage:
    """The link, to be handed over: as a code for the phone's camera, and as text."""

    template: ClassVar[str] = "practitioner_invited.html"
    place: ClassVar[str] = "patients"

    name: str
    email: str
    link: str
    code: Markup
    until: str
    back: str = "/"

    @property
    def title(self) -> str:
        """The page's name."""
        return f"The link for {self.name}"


@dataclass(frozen=True, slots=True)
class WelcomePage:
    """Where somebody who was invited chooses a passphrase."""

    template: ClassVar[str] = "patient_welcome.html"
    place: ClassVar[str] = ""
    shortest: ClassVar[int] = MIN_PASSPHRASE_LENGTH

    name: str
    email: str
    is_patient: bool
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return f"Welcome, {self.name}"


@dataclass(frozen=True, slots=True)
class ExpiredPage:
    """A link that no longer works."""

    template: ClassVar[str] = "patient_invitation_expired.html"
    place: ClassVar[str] = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "This link no longer works"


def welcome_page(invited: Person, trouble: str = "") -> WelcomePage:
    """The form for a patient, or for somebody who will work here."""
    return WelcomePage(invited.name, invited.email, invited.role is Role.PATIENT, trouble)


def invited_page(invited: Invited, link: str, now: datetime, zone: ZoneInfo) -> InvitedPage:
    """The link and its code."""
    until = date_words(invited.invitation.expires_at.astimezone(zone), now)
    return InvitedPage(invited.patient.name, invited.patient.email, link, code_of(link), until)


def code_of(link: str) -> Markup:
    """The link for the camera of a phone."""
    code = segno.make(link, error="m").svg_inline(scale=6, border=4, omitsize=True, light="#fff")
    # The code is drawn by the library from our own address: there is nothing to escape.
    return Markup(code)  # noqa: S704
