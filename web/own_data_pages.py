"""The pages about a patient's own data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import ClassVar

from tracker.actions.show_own_data import OwnData
from tracker.consents import Consent, Decision, Purpose, is_given
from tracker.erasures import years_later
from tracker.looks import Look
from tracker.people import Person
from tracker.photos import Photo, PhotoStatus
from web.times import date_words, when
from web.words import PURPOSES, STATUSES


@dataclass(frozen=True, slots=True)
class LookerRow:
    """One person who looked: how many photos, when last, and each photo's line."""

    name: str
    photos: int
    last: str
    each: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """Whether one use is allowed, for everything or for one photo; `history` in words."""

    purpose: Purpose
    title: str
    allowed: bool
    history: tuple[str, ...] = ()

    @property
    def other_decision(self) -> Decision:
        """What can be decided instead."""
        return Decision.WITHDRAWN if self.allowed else Decision.GIVEN


@dataclass(frozen=True, slots=True)
class OwnPhoto:
    """One photo and what it may be used for beside care."""

    id: str
    taken: str
    state: str
    has_thumbnail: bool
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class OwnPhotosPage:
    """All photos, the latest first."""

    template: ClassVar[str] = "patient_own_photos.html"
    place: ClassVar[str] = "own_data"

    patient_id: str
    photos: tuple[OwnPhoto, ...]

    @property
    def title(self) -> str:
        """The page's name."""
        return "My photos"


@dataclass(frozen=True, slots=True)
class OwnDataPage:
    """Who may see the patient's data, and who has looked at the photos."""

    template: ClassVar[str] = "patient_own_data.html"
    place: ClassVar[str] = "own_data"

    care_team: tuple[str, ...]
    lookers: tuple[LookerRow, ...]
    uses: tuple[Use, ...]
    errors: Mapping[str, str] | None

    @property
    def title(self) -> str:
        """The page's name."""
        return "My data"


NOT_UNDERSTOOD: Mapping[str, str] = {"understood": "Tick that you have read what happens."}
WRONG_PASSPHRASE: Mapping[str, str] = {"passphrase": "That is not your passphrase."}


@dataclass(frozen=True, slots=True)
class ClosingPage:
    """What goes, what stays and why; `kept_until` is None where nothing must be kept."""

    template: ClassVar[str] = "patient_closing.html"
    place: ClassVar[str] = "own_data"

    email: str
    years: int
    kept_until: str | None
    errors: Mapping[str, str] | None = None

    @property
    def title(self) -> str:
        """The page's name."""
        return "Delete my account"


@dataclass(frozen=True, slots=True)
class ClosedPage:
    """After the account was closed; by the id its phone forgets what it still kept."""

    template: ClassVar[str] = "patient_closed.html"
    place: ClassVar[str] = ""

    patient_id: str
    kept_until: str | None

    @property
    def title(self) -> str:
        """The page's name."""
        return "Your account is closed"


def closing_page(patient: Person, keep_years: int, now: datetime) -> ClosingPage:
    """The page before an account is closed, in a clinic that must keep records so many years."""
    until = years_later(now.astimezone(patient.zone), keep_years)
    return ClosingPage(patient.email, keep_years, date_words(until, now) if keep_years else None)


def own_data_page(
    own: OwnData, now: datetime, errors: Mapping[str, str] | None = None
) -> OwnDataPage:
    """My data, as it stands now."""
    by_person = sorted(own.looks, key=lambda look: look.person_id)  # stable: the latest stays first
    people = [tuple(of_one) for _, of_one in groupby(by_person, lambda look: look.person_id)]
    people.sort(key=lambda of_one: of_one[0].last_at, reverse=True)
    return OwnDataPage(
        care_team=tuple(person.name for person in own.care_team),
        lookers=tuple(_looker(of_one, own, now) for of_one in people),
        uses=tuple(_use(purpose, own, now) for purpose in Purpose),
        errors=errors,
    )


def own_photos_page(own: OwnData, now: datetime) -> OwnPhotosPage:
    """Every photo, and what it may be used for."""
    return OwnPhotosPage(own.patient.id, tuple(_photo(photo, own, now) for photo in own.photos))


def _use(purpose: Purpose, own: OwnData, now: datetime) -> Use:
    return Use(
        purpose=purpose,
        title=PURPOSES[purpose],
        allowed=is_given(own.consents, purpose),
        history=tuple(_decision_words(c, own, now) for c in own.consents if c.purpose is purpose),
    )


def _decision_words(consent: Consent, own: OwnData, now: datetime) -> str:
    verb = {Decision.GIVEN: "Allowed", Decision.WITHDRAWN: "Withdrawn"}[consent.decision]
    taken = {photo.id: when(photo.taken_at, now, own.patient.zone) for photo in own.photos}
    photo = f" for the photo of {taken[consent.photo_id]}" if consent.photo_id in taken else ""
    return f"{verb}{photo}: {when(consent.at, now, own.patient.zone)}"


def _photo(photo: Photo, own: OwnData, now: datetime) -> OwnPhoto:
    return OwnPhoto(
        id=photo.id,
        taken=when(photo.taken_at, now, own.patient.zone),
        state=STATUSES[photo.status],
        has_thumbnail=photo.status is PhotoStatus.MEASURED,
        uses=tuple(
            Use(purpose, PURPOSES[purpose], is_given(own.consents, purpose, photo.id))
            for purpose in Purpose
            if purpose.is_asked_by_photo
        ),
    )


def _looker(looks: tuple[Look, ...], own: OwnData, now: datetime) -> LookerRow:
    zone = own.patient.zone
    return LookerRow(
        name=looks[0].name,
        photos=len(looks),
        last=when(looks[0].last_at, now, zone),
        each=tuple(_look_words(look, own, now) for look in looks),
    )


def _look_words(look: Look, own: OwnData, now: datetime) -> str:
    first, last, taken = (
        when(at, now, own.patient.zone) for at in (look.first_at, look.last_at, look.taken_at)
    )
    opened = f"opened {first}" if first == last else f"first opened {first}, last {last}"
    return f"Photo of {taken}: {opened}"
