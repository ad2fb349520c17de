"""The pages on which people choose their daily mail, and stop it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tracker.people import HOURS, Person, Role, known_time_zones


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """Hours and time zone; `chosen` is what the form holds, `saved` whether it was just kept.

    Reminders wait until the address `is_confirmed`.
    """

    template: ClassVar[str] = "settings.html"
    place: ClassVar[str] = "settings"
    hours: ClassVar[Sequence[tuple[str, str]]] = [(str(h), f"{h:02d}:00") for h in HOURS]

    is_patient: bool
    email: str
    chosen: Mapping[str, str]
    zones: Sequence[str]
    is_confirmed: bool
    saved: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The page's name."""
        return "Settings"


@dataclass(frozen=True, slots=True)
class UnsubscribePage:
    """What a reminder's link opens; `done` after the button."""

    template: ClassVar[str] = "unsubscribe.html"
    place: ClassVar[str] = ""

    token: str
    done: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        return "No more reminders" if self.done else "Stop the reminders?"


def settings_page(
    person: Person, chosen: Mapping[str, str], errors: Mapping[str, str], *, is_confirmed: bool
) -> SettingsPage:
    """The form as it was sent, with what is wrong."""
    is_patient = person.role is Role.PATIENT
    zones = known_time_zones()
    return SettingsPage(is_patient, person.email, chosen, zones, is_confirmed, errors=errors)


def saved_settings_page(person: Person, *, saved: bool, is_confirmed: bool) -> SettingsPage:
    """The form with what is kept."""
    is_patient = person.role is Role.PATIENT
    hour = person.reminder_hour if is_patient else person.digest_hour
    chosen = {"time_zone": person.time_zone, "hour": str(18 if hour is None else hour)}
    if hour is not None:
        chosen["reminder"] = "yes"
    zones = known_time_zones()
    return SettingsPage(is_patient, person.email, chosen, zones, is_confirmed, saved=saved)
