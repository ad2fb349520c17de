"""What each person chooses for themselves: hours of mail, time zone, keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.mail.daily import choose_mail, stop_reminders
from tracker.domain.people.people import HOURS, Person, Role
from tracker.domain.people.signed_links import LinkPurpose, named_by
from tracker.domain.people.time_zones import known_time_zones
from web import session
from web.forms import Errors, read_mail_choice
from web.pages import render
from web.session import Visit, signed_in


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
