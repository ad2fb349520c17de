"""What each person chooses for themselves: hours of mail, time zone, tokens for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.mail.daily import choose_mail, stop_reminders
from tracker.actions.people.tokens import make_token, revoke_token, show_tokens
from tracker.domain.people.access import may_hold_tokens, require
from tracker.domain.people.people import HOURS, Person, Role
from tracker.domain.people.signed_links import LinkPurpose, named_by
from tracker.domain.people.time_zones import known_time_zones
from tracker.domain.people.tokens import (
    LIFETIMES,
    LONGEST_NAME,
    Scope,
    Token,
    TokenRefused,
    scopes_for,
)
from web import session
from web.forms import Errors, one_of, read_mail_choice, sentence, typed
from web.pages import render
from web.session import Visit, freshly_signed_in, signed_in
from web.words.times import when

SCOPES: Mapping[Scope, str] = {
    Scope.READ_PATIENTS: "read names and treatments",
    Scope.READ_READINGS: "read what photos measured",
    Scope.READ_PHOTOS: "read photos",
    Scope.READ_CHECK_INS: "read check-ins",
    Scope.READ_ALERTS: "read alerts",
    Scope.READ_MESSAGES: "read messages",
    Scope.READ_HEALTH: "read the health of this installation",
    Scope.WRITE_CHECK_INS: "send check-ins",
    Scope.WRITE_PHOTOS: "send photos",
    Scope.ANSWER_ALERTS: "answer alerts",
}
USUAL_LIFETIME = 90


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """Hours and time zone; `chosen` is what the form holds, `saved` whether it was just kept."""

    template: ClassVar[str] = "settings.html"
    place: ClassVar[str] = "settings"
    hours: ClassVar[Sequence[tuple[str, str]]] = [(str(h), f"{h:02d}:00") for h in HOURS]

    is_patient: bool
    email: str
    chosen: Mapping[str, str]
    zones: Sequence[str]
    saved: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The page's name."""
        return "Settings"


@dataclass(frozen=True, slots=True)
class UnsubscribePage:
    """The page behind a reminder's link; `done` after the button."""

    template: ClassVar[str] = "unsubscribe.html"
    place: ClassVar[str] = ""

    token: str
    done: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        return "No more reminders" if self.done else "Stop the reminders?"


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One token in words; `scopes` are what it may do, `over` whether its time has passed."""

    id: str
    name: str
    scopes: tuple[str, ...]
    times: str
    over: bool


@dataclass(frozen=True, slots=True)
class TokensPage:
    """The reader's tokens and the form for another; `chosen_…` are what the form holds.

    `secret` is that of a token which was made just now; it is in no other answer.
    """

    template: ClassVar[str] = "tokens.html"
    place: ClassVar[str] = "settings"
    lifetimes: ClassVar[Sequence[int]] = LIFETIMES
    longest_name: ClassVar[int] = LONGEST_NAME

    is_patient: bool
    rows: tuple[TokenRow, ...]
    scopes: tuple[tuple[str, str], ...]
    chosen_name: str = ""
    chosen_scopes: frozenset[str] = frozenset()
    chosen_days: int = USUAL_LIFETIME
    trouble: str = ""
    secret: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Programs that work in your name"


def settings_page(
    person: Person, chosen: Mapping[str, str], errors: Mapping[str, str]
) -> SettingsPage:
    """The form as it was sent, with what is wrong."""
    is_patient = person.role is Role.PATIENT
    zones = known_time_zones()
    return SettingsPage(is_patient, person.email, chosen, zones, errors=errors)


def saved_settings_page(person: Person, *, saved: bool) -> SettingsPage:
    """The form with the stored values."""
    is_patient = person.role is Role.PATIENT
    hour = person.reminder_hour if is_patient else person.digest_hour
    chosen = {"time_zone": person.time_zone, "hour": str(18 if hour is None else hour)}
    if hour is not None:
        chosen["reminder"] = "yes"
    zones = known_time_zones()
    return SettingsPage(is_patient, person.email, chosen, zones, saved=saved)


blueprint = Blueprint("preferences", __name__)


@blueprint.get("/settings")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """One's own hours and time zone."""
    saved = request.args.get("saved") == "yes"
    return render(saved_settings_page(visit.person, saved=saved))


@blueprint.post("/settings")
@signed_in
def save(visit: Visit) -> ResponseReturnValue:
    """Keep them, or name what is wrong."""
    match read_mail_choice(request.form, visit.person):
        case Errors(by_field):
            return render(settings_page(visit.person, request.form, by_field)), 422
        case Person() as person:
            choose_mail(visit.db, visit.world.protocols, person, visit.now)
            return redirect(url_for(".show", saved="yes"), code=303)


@blueprint.get("/unsubscribe/<token>")
def unsubscribe(token: str) -> ResponseReturnValue:
    """A button: opening a link changes nothing, because machines open links too."""
    key = session.resources().world.envelope.link_key
    if named_by(LinkPurpose.UNSUBSCRIBE, token, key) is None:
        abort(404)
    return render(UnsubscribePage(token), with_person=False)


@blueprint.post("/unsubscribe/<token>")
def stop(token: str) -> ResponseReturnValue:
    """Stop the reminders for the holder of the signed link (RFC 8058)."""
    resources = session.resources()
    if not stop_reminders(resources.db, token, resources.world.envelope.link_key):
        abort(404)
    return render(UnsubscribePage(token, done=True), with_person=False)


@blueprint.get("/settings/tokens")
@signed_in
def tokens(visit: Visit) -> ResponseReturnValue:
    """One's own tokens."""
    require(may_hold_tokens(visit.viewer))
    return render(_tokens_page(visit))


@blueprint.post("/settings/tokens")
@freshly_signed_in
def make(visit: Visit) -> ResponseReturnValue:
    """Make a token and show its secret once."""
    require(may_hold_tokens(visit.viewer))
    name, days = typed(request.form, "name"), request.form.get("days", "")
    asked = request.form.getlist("scope")
    scopes = frozenset(scope for each in asked if (scope := one_of(Scope, each)) is not None)
    chosen_days = int(days) if days in map(str, LIFETIMES) else 0
    try:
        _, secret = make_token(
            visit.db, visit.person, visit.viewer, name, scopes, chosen_days, visit.now
        )
    except TokenRefused as error:
        page = _tokens_page(visit, name, frozenset(asked), chosen_days, sentence(str(error)))
        return render(page), 422
    return render(_tokens_page(visit, secret=secret))


@blueprint.post("/settings/tokens/revoke")
@signed_in
def revoke(visit: Visit) -> ResponseReturnValue:
    """End a token; it needs no proof, because it opens nothing."""
    require(may_hold_tokens(visit.viewer))
    revoke_token(visit.db, visit.person, request.form.get("token", ""), visit.now)
    return redirect(url_for(".tokens"), code=303)


def _tokens_page(
    visit: Visit,
    name: str = "",
    chosen: frozenset[str] = frozenset(),
    days: int = USUAL_LIFETIME,
    trouble: str = "",
    secret: str = "",
) -> TokensPage:
    offered = scopes_for(visit.viewer)
    kept = show_tokens(visit.db, visit.person)
    return TokensPage(
        is_patient=not visit.viewer.duties and Scope.WRITE_PHOTOS in offered,
        rows=tuple(_row(each, visit.person, visit.now) for each in kept),
        scopes=tuple((str(each), words) for each, words in SCOPES.items() if each in offered),
        chosen_name=name,
        chosen_scopes=chosen,
        chosen_days=days,
        trouble=trouble,
        secret=secret,
    )


def _row(token: Token, owner: Person, now: datetime) -> TokenRow:
    made, ends = (when(at, now, owner.zone) for at in (token.made_at, token.ends_at))
    used = f"last used {when(token.used_at, now, owner.zone)}" if token.used_at else "not used yet"
    ending = f"ended {ends}" if token.is_over(now) else f"works until {ends}"
    return TokenRow(
        id=token.id,
        name=token.name,
        scopes=tuple(words for each, words in SCOPES.items() if each in token.scopes),
        times=f"Made {made}, {used}, {ending}.",
        over=token.is_over(now),
    )
