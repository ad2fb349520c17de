"""The data for a template: one frozen dataclass each, and how it becomes HTML."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from flask import render_template
from flask_login import current_user

from web.words.words import NOT_KEPT, ErrorWords


class Page(Protocol):
    """What every page has: its template, its place in the navigation and its title."""

    template: ClassVar[str]
    place: ClassVar[str]

    @property
    def title(self) -> str:
        """The page's name, for the browser's tab and the first heading."""


def render(page: Page, *, with_person: bool = True) -> str:
    """The page as HTML, with the navigation of the signed-in person."""
    signed_in = with_person and current_user.is_authenticated
    person = current_user.person if signed_in else None
    return render_template(page.template, page=page, person=person)


@dataclass(frozen=True, slots=True)
class SignInPage:
    """The sign-in form; `target` is where it leads, `lost` what was not kept (NOT_KEPT).

    `renewed` says that a new passphrase was chosen just now.
    """

    template: ClassVar[str] = "sign_in.html"
    place: ClassVar[str] = ""

    target: str
    email: str = ""
    failed: bool = False
    trouble: str = ""
    may_sign_up: bool = False
    lost: str = ""
    renewed: bool = False

    @property
    def not_kept(self) -> str:
        """What became of what was sent without a session; empty when nothing was."""
        return NOT_KEPT.get(self.lost, "")

    @property
    def title(self) -> str:
        """The page's name."""
        return "Sign in"


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What went wrong and what to do."""

    template: ClassVar[str] = "error.html"
    place: ClassVar[str] = ""

    code: int
    words: ErrorWords

    @property
    def title(self) -> str:
        """The page's name."""
        return self.words.title
