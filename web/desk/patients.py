"""One patient's course, for the practitioner, and the record of who opened it."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import ClassVar
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import NotFound

from tracker.actions.alerts.showing import show_alerts
from tracker.actions.course.pictures import record_opening
from tracker.actions.course.progress import CourseSoFar, NotTreated, show_course
from tracker.actions.course.remeasuring import try_photos_again
from tracker.domain.course.photos import (
    EarlyPhoto,
    Photo,
    PhotoRole,
    PhotoStatus,
    SkinState,
    View,
    reference_of,
)
from tracker.domain.course.readings import Quantity
from tracker.domain.course.treatments import Region, Setting, day_number
from tracker.domain.people.access import (
    may_follow,
    may_open_worklist,
    may_see_staff,
    may_treat,
    require,
)
from web import session
from web.charts.leaves import Leaf, Leaves, leaf
from web.charts.recovery import Focus, Recovery, focus_of, plot_data, recovery
from web.desk.alert_cards import (
    AnswerForm,
    AnswersRow,
    answers_rows,
    undelivered_words,
)
from web.desk.alert_pages import PatientAlerts, alerts_page, patient_alerts, photo_of
from web.desk.alerts import case_opened, shown
from web.forms import read_focus, read_leaves
from web.pages import render
from web.screening import AheadCard, ScreeningCard, ahead_card, screening_card
from web.session import Visit, signed_in
from web.words.doubts import clinic_doubts, differing_baselines, lost_photos
from web.words.sides import SidesNote, blind_side, sides_note
from web.words.times import day_words, when, withdrawn_words
from web.words.words import (
    SKIN_STATES,
    STATUSES,
    VIEWS,
    areas_words,
    treatment_words,
    uses_words,
)

blueprint = Blueprint("practitioner", __name__)


@blueprint.get("/patients/<patient_id>")
@signed_in
def patient(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """One patient's recovery."""
    require(may_follow(visit.viewer, patient_id))
    focus, leaves = read_focus(request.args), read_leaves(request.args)
    match show_course(visit.db, visit.world.protocols, patient_id, visit.now):
        case CourseSoFar() as progress:
            return render(patient_page(progress, visit.now, visit.person.zone, focus, leaves))
        case NotTreated(patient=found, early=early):
            waiting = _waiting(early, visit.now, visit.person.zone)
            return render(UntreatedPage(found.id, found.name, waiting))
        case None:
            raise NotFound


@blueprint.get("/patients/<patient_id>/values")
@signed_in
def values(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """All regions as numbers, for the script that draws the large chart."""
    require(may_follow(visit.viewer, patient_id))
    focus = read_focus(request.args)
    match show_course(visit.db, visit.world.protocols, patient_id, visit.now):
        case CourseSoFar() as progress:
            quantity, region = focus.quantity or Quantity.REDNESS, focus.region or Region.FACE
            return jsonify(plot_data(progress, quantity, region))
        case _:
            raise NotFound


@blueprint.post("/patients/<patient_id>/photos/again")
@signed_in
def measure_again(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Have the photos measured again that were given up."""
    require(may_treat(visit.viewer, patient_id))
    try_photos_again(visit.db, patient_id)
    return redirect(url_for(".patient", patient_id=patient_id), code=303)


@blueprint.get("/alerts")
@signed_in
def alerts(visit: Visit) -> ResponseReturnValue:
    """All alerts, worst first."""
    require(may_open_worklist(visit.viewer))
    listed = show_alerts(visit.db, visit.person, visit.now)
    return render(alerts_page(listed, visit.now, visit.person.zone))


@blueprint.get("/alerts/<alert_id>")
@signed_in
def alert(visit: Visit, alert_id: str) -> ResponseReturnValue:
    """Why this alert was raised; the care team may read it, answering is another matter."""
    form = AnswerForm(is_sent=request.args.get("sent") == "yes")
    return render(shown(visit, case_opened(visit, alert_id), form))


PHOTOS_AT_ONCE = 12


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """One photo in a patient's list; `is_new` until a person of the clinic has opened it."""

    photo: Photo
    day: str
    taken: str
    is_new: bool
    about: tuple[str, ...]
    faults: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def has_pictures(self) -> bool:
        """Whether thumbnail and heat maps exist."""
        return self.photo.status is PhotoStatus.MEASURED


@dataclass(frozen=True, slots=True)
class WaitingPhoto:
    """A photo of no treatment; `is_new` until a person of the clinic has opened it."""

    id: str
    taken: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class PatientPage:
    """One patient's recovery: what is open on every page, and one leaf of each long list.

    `apart` are photos that are listed before the leaf of photos, which does not hold them: first
    those that are lost, then those that no one has opened and that the newest leaf does not hold,
    `new_total` in all. The list has no more than a leaf of the `apart_total`. `lost` are all
    that are lost, the latest first. `ahead` is what the patient answered before the next session.
    `undated` came before the treatment was entered, and may
    show treated skin. `kept` are the address parameters of the view.
    """

    template: ClassVar[str] = "practitioner_patient.html"
    place: ClassVar[str] = "patients"

    patient_id: str
    name: str
    lost_photos: str
    care_withdrawn: str | None
    unread: int
    facts: tuple[tuple[str, str], ...]
    alerts: PatientAlerts
    undelivered: tuple[str, ...]
    screening: ScreeningCard
    ahead: AheadCard | None
    depth_missing: bool
    doubts: tuple[str, ...]
    sides: SidesNote
    recovery: Recovery
    answers: Leaf[AnswersRow]
    photos: Leaf[PhotoRow]
    apart: tuple[PhotoRow, ...]
    apart_total: int
    new_total: int
    lost: tuple[Photo, ...]
    undated: tuple[WaitingPhoto, ...]
    leaves: Leaves
    kept: Mapping[str, str | int]

    @property
    def title(self) -> str:
        """The page's name."""
        return self.name


@dataclass(frozen=True, slots=True)
class UntreatedPage:
    """A patient without a treatment; `early` are the photos that wait for it."""

    template: ClassVar[str] = "practitioner_untreated.html"
    place: ClassVar[str] = "patients"

    patient_id: str
    name: str
    early: tuple[WaitingPhoto, ...] = ()

    @property
    def title(self) -> str:
        """The page's name."""
        return self.name


def patient_page(
    progress: CourseSoFar,
    now: datetime,
    zone: ZoneInfo,
    focus: Focus,
    leaves: Leaves,
) -> PatientPage:
    """One patient's recovery, times in the reader's zone; `focus` is what the large chart shows.

    `leaves` are the parts of the long lists; what is open is there whatever they are.
    """
    told, reference = patient_alerts(progress, now, zone), reference_of(progress.photos)
    as_row = partial(_photo_row, progress=progress, now=now, zone=zone)
    number = _leaf_with(leaves.photo, progress.photos[::-1]) or leaves.photos
    photos = leaf(progress.photos[::-1], number, PHOTOS_AT_ONCE, as_row)
    new, apart = _apart(progress, {row.photo.id for row in photos.rows})
    return PatientPage(
        patient_id=progress.patient.id,
        name=progress.patient.name,
        lost_photos=lost_photos(progress.photos),
        care_withdrawn=withdrawn_words(progress.care_withdrawn_at, now, zone),
        unread=progress.unread_by_clinic,
        facts=_facts(progress, now),
        alerts=told,
        undelivered=tuple(undelivered_words(m, now, zone) for m in progress.undelivered),
        screening=screening_card(
            progress.screening, progress.patient, progress.treatment, now, zone
        ),
        ahead=_ahead(progress, now, zone),
        depth_missing=progress.protocol.is_depth_missing(progress.treatment),
        doubts=(
            *clinic_doubts(reference, progress.treatment),
            *blind_side(reference, progress.treatment),
            *differing_baselines(progress.photos, progress.readings),
        ),
        sides=sides_note(
            reference,
            progress.treatment.id,
            progress.sides_said,
            progress.photos,
            progress.readings,
            photo_of(told.alert, progress) if told.alert else None,
        ),
        recovery=recovery(progress, focus, focus_of(told.alert), leaves),
        answers=answers_rows(progress, now, zone, leaves.answers),
        photos=photos,
        apart=tuple(map(as_row, apart[:PHOTOS_AT_ONCE])),
        apart_total=len(apart),
        new_total=len(new),
        lost=_lost(progress),
        undated=_waiting(progress.undated, now, zone),
        leaves=leaves,
        kept=_kept(focus, replace(leaves, photos=number)),
    )


def _waiting(
    early: Sequence[EarlyPhoto], now: datetime, zone: ZoneInfo
) -> tuple[WaitingPhoto, ...]:
    return tuple(
        WaitingPhoto(each.id, when(each.taken_at, now, zone), each.seen_at is None)
        for each in early
    )


def _ahead(progress: CourseSoFar, now: datetime, zone: ZoneInfo) -> AheadCard | None:
    """What the patient answered about the next session."""
    if progress.told_next is None:
        return None
    told, booked = progress.told_next
    return ahead_card(told, progress.patient.id, booked, now, zone)


def _lost(progress: CourseSoFar) -> tuple[Photo, ...]:
    """Photos from after the treatment that the system can no longer use, the latest first."""
    return tuple(
        each for each in progress.photos[::-1] if each.is_lost and each.role is PhotoRole.FOLLOW_UP
    )


def _apart(progress: CourseSoFar, here: Set[str]) -> tuple[list[Photo], list[Photo]]:
    """New photos of earlier days, and all photos that are listed before the leaf with these ids."""
    near = here | {each.id for each in progress.photos[-PHOTOS_AT_ONCE:]}
    new = [each for each in progress.unseen[::-1] if each.id not in near]
    lost = {each.id: each for each in _lost(progress) if each.id not in here}
    return new, list((lost | {each.id: each for each in new}).values())


def _leaf_with(photo_id: str, newest_first: Sequence[Photo]) -> int | None:
    """The number of the leaf of photos that holds this one; None if the course has no such."""
    at = next((at for at, each in enumerate(newest_first) if each.id == photo_id), None)
    return None if at is None else at // PHOTOS_AT_ONCE + 1


def _kept(focus: Focus, leaves: Leaves) -> dict[str, str | int]:
    """The address parameters of what is shown, as far as they were asked for."""
    asked = asdict(focus) | asdict(replace(leaves, photo=""))
    return {name: value for name, value in asked.items() if value}


def _facts(progress: CourseSoFar, now: datetime) -> tuple[tuple[str, str], ...]:
    patient, treatment = progress.patient, progress.treatment
    place = "in the clinic" if treatment.setting is Setting.CLINIC else "at home"
    history = ", ".join(sorted(risk.replace("_", " ") for risk in patient.history))
    return (
        ("Treatment", f"{treatment_words(treatment, progress.protocol.title)}, {place}"),
        ("Treated", when(treatment.performed_at, now, patient.zone)),
        ("Areas", areas_words(treatment.areas)),
        ("Protocol", f"{progress.protocol.title}, {progress.protocol.sign_off_words}"),
        ("Skin type", f"{patient.skin_type} of 6" if patient.skin_type else "not given"),
        ("History", history or "nothing noted"),
        ("Photos may serve", uses_words(progress.consents)),
    )


def _photo_row(photo: Photo, progress: CourseSoFar, now: datetime, zone: ZoneInfo) -> PhotoRow:
    return PhotoRow(
        photo=photo,
        day=_day_of(photo, progress),
        taken=when(photo.taken_at, now, zone),
        is_new=photo in progress.unseen,
        about=_about(photo) + _extra_uses(photo, progress),
        faults=tuple(name.replace("_", " ") for name in photo.faults),
        warnings=tuple(name.replace("_", " ") for name in photo.warnings),
    )


def _day_of(photo: Photo, progress: CourseSoFar) -> str:
    if photo.treatment_id != progress.treatment.id:
        return "Another treatment"
    return day_words(day_number(progress.treatment, photo.taken_at, progress.patient.zone))


def _about(photo: Photo) -> tuple[str, ...]:
    """What is out of the ordinary; most photos are clean, measured follow-ups."""
    about = []
    if photo.role is PhotoRole.BASELINE:
        about.append("the photo from before")
    if photo.view is not View.FRONT:
        about.append(VIEWS[photo.view].lower())
    if photo.status is not PhotoStatus.MEASURED:
        about.append(STATUSES[photo.status])
    if photo.skin_state is not SkinState.CLEAN:
        about.append(SKIN_STATES[photo.skin_state].lower())
    return tuple(about)


def _extra_uses(photo: Photo, progress: CourseSoFar) -> tuple[str, ...]:
    """How this photo's consent differs from that for all photos."""
    for_all, for_this = uses_words(progress.consents), uses_words(progress.consents, photo.id)
    return () if for_this == for_all else (f"may serve {for_this}",)


COUNTED_OTHERWISE = frozenset(
    {"pictures.show", "api.read_picture"}
)  # a look at a photo is recorded with the photo
# A form with mistakes, or an outdated one, returns on the whole page about the patient.
SHOWN_TO_STAFF = frozenset({HTTPStatus.OK, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})


def init_app(app: Flask) -> None:
    """Record every page with a patient or alert in its address that is shown to staff.

    It runs before the response leaves. If the opening cannot be recorded, the page is not shown.
    """
    app.after_request(_record)


def _record(response: Response) -> Response:
    named = request.view_args or {}
    patient_id, alert_id = named.get("patient_id"), named.get("alert_id")
    was_shown = response.status_code in SHOWN_TO_STAFF and request.endpoint not in COUNTED_OTHERWISE
    if not was_shown or (patient_id is None and alert_id is None):
        return response
    if session.is_signed_in() and may_see_staff(current_user.viewer):
        resources = session.resources()
        by = current_user.person.id
        record_opening(resources.db, by, resources.now, patient_id=patient_id, alert_id=alert_id)
    return response
