"""The page that compares two photos of one patient, and the photos of a ward round."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.actions.course.comparing import Comparison, Laid, NothingToCompare
from tracker.actions.desk.worklist import RoundCase
from tracker.domain.course.annotations import Shape
from tracker.domain.course.comparisons import Asked
from tracker.domain.course.photos import (
    EarlyPhoto,
    Photo,
    PhotoRole,
    PhotoStatus,
    SkinState,
    View,
)
from tracker.domain.course.treatments import day_number
from tracker.wires.photo_files import Picture
from web.desk.annotations import (
    NOTHING_DRAWN,
    SHAPES,
    Annotations,
    DrawForm,
    annotations_on,
)
from web.words.sides import picture_sides
from web.words.times import day_words, short_date, when, withdrawn_words
from web.words.words import LIGHT_WORDS, SKIN_STATES, STATUSES, VIEWS, treatment_words

ADDRESS = ("before", "after", "view", "mode", "light", "heat")
"""What the page's address may say."""


class Mode(StrEnum):
    """How the two photos are arranged."""

    SLIDER = "slider"
    SIDE = "side"
    FLICKER = "flicker"


class Light(StrEnum):
    """In whose light the photos are shown."""

    SAME = "same"
    TAKEN = "taken"


class Heat(StrEnum):
    """What is painted over the face."""

    NONE = "none"
    REDNESS = "redness"
    PIGMENT = "pigment"


MODES: Mapping[Mode, str] = {
    Mode.SLIDER: "Slider",
    Mode.SIDE: "Side by side",
    Mode.FLICKER: "Flicker",
}
LIGHTS: Mapping[Light, str] = {Light.SAME: "Same light", Light.TAKEN: "As taken"}
HEATS: Mapping[Heat, str] = {
    Heat.NONE: "None",
    Heat.REDNESS: "Redness",
    Heat.PIGMENT: "Pigment",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What the reader chose to see, and how; the page's address contains all of it."""

    asked: Asked
    mode: Mode
    light: Light
    heat: Heat


@dataclass(frozen=True, slots=True)
class Pane:
    """One of the two photos; `earlier` and `later` are those to step to, None at the ends.

    `light` says in which light it is shown, `caveat` why it is less reliable than others,
    `may_teach` whether the patient allows a copy for teaching.
    """

    side: str
    photo_id: str
    name: str
    taken: str
    picture: Picture
    light: str
    caveat: str
    earlier: str | None
    later: str | None
    may_teach: bool


@dataclass(frozen=True, slots=True)
class ComparePage:
    """Two photos and the controls to look at them; `notice` says why no copy was made."""

    template: ClassVar[str] = "practitioner_compare.html"
    place: ClassVar[str] = "patients"
    modes: ClassVar[Mapping[Mode, str]] = MODES
    lights: ClassVar[Mapping[Light, str]] = LIGHTS
    heats: ClassVar[Mapping[Heat, str]] = HEATS
    shapes: ClassVar[Mapping[Shape, str]] = SHAPES

    patient_id: str
    name: str
    unread: int
    care_withdrawn: str | None
    treatment: str
    choices: Choices
    view: View
    views: tuple[tuple[View, str, int], ...]
    days: tuple[tuple[str, str], ...]
    panes: tuple[Pane, ...]
    sides: str
    are_turned: bool
    notes: Annotations
    form: DrawForm
    notice: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return f"{self.name}: compare"

    @property
    def is_measured(self) -> bool:
        """Whether the photos are aligned to the baseline; side views are not."""
        return self.view is View.FRONT

    @property
    def views_there(self) -> tuple[tuple[str, str], ...]:
        """The views of which there are photos."""
        return tuple((str(view), f"{words} ({n})") for view, words, n in self.views if n)

    @property
    def noted_days(self) -> tuple[tuple[str, str], ...]:
        """Other photos of this view on which something is drawn: id, and day with their number."""
        return tuple(
            (photo_id, f"{words}: {self.notes.elsewhere[photo_id]}")
            for photo_id, words in self.days
            if photo_id in self.notes.elsewhere
        )

    @property
    def address(self) -> dict[str, str]:
        """The parameters of the page's own address, to be changed one at a time."""
        chosen = {pane.side: pane.photo_id for pane in self.panes}
        return {
            **chosen,
            "view": str(self.view),
            "mode": str(self.choices.mode),
            "light": str(self.choices.light),
            "heat": str(self.choices.heat),
        }


def compare_page(
    shown: Comparison | NothingToCompare,
    choices: Choices,
    now: datetime,
    zone: ZoneInfo,
    form: DrawForm = NOTHING_DRAWN,
) -> ComparePage:
    """The two photos, times in the reader's zone; without photos the page says so.

    The date of the treatment is given where the patient lives, as on the patient's other pages.
    """
    if isinstance(shown, NothingToCompare):
        return ComparePage(
            patient_id=shown.patient.id,
            name=shown.patient.name,
            unread=shown.unread_by_clinic,
            care_withdrawn=None,
            treatment="",
            choices=choices,
            view=View.FRONT,
            views=(),
            days=(),
            panes=(),
            sides="",
            are_turned=False,
            notes=Annotations(),
            form=form,
        )
    title = shown.treatment.kind.replace("_", " ").capitalize()
    return ComparePage(
        patient_id=shown.patient.id,
        name=shown.patient.name,
        unread=shown.unread_by_clinic,
        care_withdrawn=withdrawn_words(shown.care_withdrawn_at, now, zone),
        treatment=f"{treatment_words(shown.treatment, title)},"
        f" {short_date(shown.treatment.performed_at, shown.patient.zone)}",
        choices=choices,
        view=shown.view,
        views=tuple((view, VIEWS[view], shown.counts[view]) for view in View),
        days=tuple((p.id, _day_in_list(p, shown, now, zone)) for p in shown.photos),
        panes=tuple(
            _pane(side, laid, shown, choices, now, zone)
            for side, laid in (("before", shown.before), ("after", shown.after))
            if laid is not None
        ),
        sides=picture_sides(shown.baseline, "the patient’s") if shown.view is View.FRONT else "",
        are_turned=any(
            laid is not None and laid.reading is not None and laid.reading.is_turned
            for laid in (shown.before, shown.after)
        ),
        notes=annotations_on(_sides(shown), shown.annotations, now, zone),
        form=form,
    )


def _sides(shown: Comparison) -> dict[str, str]:
    """Which side each photo is on; a photo that is on both sides is called "after"."""
    sides = (("before", shown.before), ("after", shown.after))
    return {laid.photo.id: side for side, laid in sides if laid is not None}


def _pane(
    side: str, laid: Laid, shown: Comparison, choices: Choices, now: datetime, zone: ZoneInfo
) -> Pane:
    photo = laid.photo
    ids = [each.id for each in shown.photos]
    at = ids.index(photo.id)
    picture, light = _light(laid, choices.light)
    return Pane(
        side=side,
        photo_id=photo.id,
        name=_day(photo, shown),
        taken=when(photo.taken_at, now, zone),
        picture=picture,
        light=light,
        caveat="" if photo.skin_state is SkinState.CLEAN else SKIN_STATES[photo.skin_state],
        earlier=ids[at - 1] if at else None,
        later=ids[at + 1] if at + 1 < len(ids) else None,
        may_teach=photo.id in shown.for_teaching,
    )


def _light(laid: Laid, wanted: Light) -> tuple[Picture, str]:
    """The picture that shows the photo in this light, and whose light that is."""
    if laid.photo.view is not View.FRONT:
        return Picture.PHOTO, "As taken"
    if laid.is_reference:
        return Picture.ALIGNED, "As taken; the others are brought into this light"
    if wanted is Light.TAKEN and laid.in_own_light:
        return Picture.AS_TAKEN, "As taken"
    words = LIGHT_WORDS[laid.reading.reference] if laid.reading else ""
    if wanted is Light.TAKEN:
        words += ". This photo was measured before its own light was kept, too"
    return Picture.ALIGNED, words


def _day(photo: Photo, shown: Comparison) -> str:
    return day_words(day_number(shown.treatment, photo.taken_at, shown.patient.zone))


def _day_in_list(photo: Photo, shown: Comparison, now: datetime, zone: ZoneInfo) -> str:
    """Short enough for the list on a phone."""
    is_before = photo.taken_at < shown.treatment.performed_at
    return f"{'Before' if is_before else _day(photo, shown)} · {when(photo.taken_at, now, zone)}"


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo of a round with its day; `is_new` until a person of the clinic has opened it.

    `is_opened`: this page shows it large because a person asked for it.
    """

    id: str
    picture: Picture
    words: str
    is_new: bool
    is_opened: bool


def round_pair(told: RoundCase) -> list[Photo]:
    """The photo that the worst alert is about, then the last measured, if they are others."""
    measured = [
        photo
        for photo in told.standing.photos
        if photo.status is PhotoStatus.MEASURED
        and photo.role is PhotoRole.FOLLOW_UP
        and photo.view is View.FRONT
    ]
    worst = next(iter(told.standing.awake), None)
    about = [photo for photo in measured if worst is not None and photo.id == worst.photo_id]
    newest = max(measured, key=lambda photo: (photo.taken_at, photo.id), default=None)
    return [*about, *(each for each in [newest] if each is not None and each not in about)]


def shot(photo: Photo | EarlyPhoto, told: RoundCase, asked: Set[str], now: datetime) -> Shot:
    """A photo in the light of the one from before; as it came, if it is not measured."""
    zone, is_measured = told.row.patient.zone, False
    if isinstance(photo, EarlyPhoto):
        words = f"Perhaps of {when(photo.taken_at, now, zone)}, without a treatment"
    else:
        is_measured = photo.status is PhotoStatus.MEASURED and photo.role is PhotoRole.FOLLOW_UP
        words = day_words(
            day_number(told.standing.courses[photo.treatment_id], photo.taken_at, zone)
        )
        words += "" if is_measured else f", {STATUSES[photo.status]}"
    return Shot(
        id=photo.id,
        picture=Picture.ALIGNED if is_measured else Picture.PHOTO,
        words=words,
        is_new=photo in told.standing.unseen,
        is_opened=photo.id in asked,
    )
