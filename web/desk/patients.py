"""One patient's course, for the practitioner."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from tracker.actions.alerts.showing import show_alerts
from tracker.actions.course.measuring import try_photos_again
from tracker.actions.course.progress import NotTreated, Progress, show_progress
from tracker.actions.mail.sending import ComposedMail, show_outbox
from tracker.domain.alerts.alerts import Alert, CourseAlert, Stage, worst_first
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, SkinState, reference_of
from tracker.domain.course.treatments import Setting, day_number
from tracker.domain.mail.mails import Mail
from tracker.domain.people.access import (
    may_follow,
    may_open_worklist,
    may_read_outbox,
    may_treat,
    require,
)
from web.charts.recovery import Focus, Recovery, recovery
from web.desk.alert_cards import AlertCard, AnswerForm, AnswersRow, alert_card, answers_rows
from web.desk.alert_pages import (
    Evidence,
    alerts_page,
    evidence_line,
)
from web.desk.alerts import case_opened, shown
from web.forms import read_focus
from web.pages import render
from web.screening import ScreeningCard, screening_card
from web.session import Visit, signed_in
from web.words.doubts import clinic_doubts, differing_baselines, lost_photos
from web.words.sides import SidesNote, blind_side, sides_note
from web.words.times import day_words, short_date, when, withdrawn_words
from web.words.words import (
    SKIN_STATES,
    STATUSES,
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
    focus = read_focus(request.args)
    match show_progress(visit.db, visit.world.protocols, patient_id, visit.now):
        case Progress() as progress:
            return render(patient_page(progress, visit.now, visit.person.zone, focus))
        case NotTreated(patient=found):
            return render(UntreatedPage(found.id, found.name))
        case None:
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


@blueprint.get("/outbox")
@signed_in
def outbox(visit: Visit) -> ResponseReturnValue:
    """The mails written to this practitioner."""
    require(may_read_outbox(visit.viewer))
    mails = show_outbox(visit.db, visit.person.id, visit.world.envelope)
    has_server = visit.world.settings.smtp_url is not None
    return render(outbox_page(mails, visit.now, visit.person.zone, has_server=has_server))


PHOTOS_AT_ONCE = 8
STRONGEST = 3  # lines of evidence for the alert that leads the page


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """One photo in a patient's list."""

    photo: Photo
    day: str
    taken: str
    about: tuple[str, ...]
    faults: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def has_pictures(self) -> bool:
        """Whether thumbnail and heat maps exist."""
        return self.photo.status is PhotoStatus.MEASURED


@dataclass(frozen=True, slots=True)
class Lead:
    """The worst alert that is not closed, its strongest evidence, and what shows it."""

    card: AlertCard
    evidence: tuple[Evidence, ...]
    photo_id: str | None
    taken: str


@dataclass(frozen=True, slots=True)
class PatientPage:
    """One patient's recovery."""

    template: ClassVar[str] = "practitioner_patient.html"
    place: ClassVar[str] = "patients"

    patient_id: str
    name: str
    lost_photos: str
    day: str
    care_withdrawn: str | None
    unread: int
    facts: tuple[tuple[str, str], ...]
    lead: Lead | None
    cards: tuple[AlertCard, ...]
    earlier_cards: tuple[AlertCard, ...]
    undelivered: tuple[str, ...]
    screening: ScreeningCard
    depth_missing: bool
    doubts: tuple[str, ...]
    sides: SidesNote
    recovery: Recovery
    answers: tuple[AnswersRow, ...]
    photos: tuple[PhotoRow, ...]
    earlier_photos: tuple[PhotoRow, ...]

    @property
    def title(self) -> str:
        """The page's name."""
        return self.name


@dataclass(frozen=True, slots=True)
class UntreatedPage:
    """A patient without a treatment."""

    template: ClassVar[str] = "practitioner_untreated.html"
    place: ClassVar[str] = "patients"

    patient_id: str
    name: str

    @property
    def title(self) -> str:
        """The page's name."""
        return self.name


@dataclass(frozen=True, slots=True)
class MailCard:
    """One mail and what became of it."""

    subject: str
    to: str
    date: str
    body: str
    alert_ids: tuple[str, ...]
    state: str
    failed: bool


@dataclass(frozen=True, slots=True)
class OutboxPage:
    """Mails to the practitioner who reads the page."""

    template: ClassVar[str] = "practitioner_outbox.html"
    place: ClassVar[str] = "outbox"

    mails: tuple[MailCard, ...]
    has_server: bool

    @property
    def title(self) -> str:
        """The page's name."""
        return "Outbox"


def patient_page(progress: Progress, now: datetime, zone: ZoneInfo, focus: Focus) -> PatientPage:
    """One patient's recovery, times in the reader's zone; `focus` is what the large chart shows."""
    told = _worst_first(progress)
    first = next((each for each in told if each.alert.is_awake), None)
    current, reference = progress.treatment.id, reference_of(progress.photos)
    photos = [_photo_row(p, progress, now, zone) for p in reversed(progress.photos)]
    return PatientPage(
        patient_id=progress.patient.id,
        name=progress.patient.name,
        lost_photos=lost_photos(progress.photos),
        day=day_words(progress.day),
        care_withdrawn=withdrawn_words(progress.care_withdrawn_at, now, zone),
        unread=progress.unread_by_clinic,
        facts=_facts(progress),
        lead=_lead(first, progress, now, zone) if first else None,
        cards=tuple(
            _card(each, progress, now, zone)
            for each in told
            if each is not first and (each.treatment.id == current or _is_unresolved(each.alert))
        ),
        earlier_cards=tuple(
            _card(each, progress, now, zone)
            for each in told
            if each.treatment.id != current and not _is_unresolved(each.alert)
        ),
        undelivered=tuple(_undelivered(m, now, zone) for m in progress.undelivered),
        screening=screening_card(
            progress.screening, progress.patient, progress.treatment, now, zone
        ),
        depth_missing=progress.protocol.is_depth_missing(progress.treatment),
        doubts=(
            *clinic_doubts(reference, progress.treatment),
            *blind_side(reference, progress.treatment),
            *differing_baselines(progress.photos, progress.readings),
        ),
        sides=sides_note(
            reference,
            current,
            progress.sides_said,
            progress.photos,
            progress.readings,
            _photo_of(first.alert, progress) if first else None,
        ),
        recovery=recovery(progress, focus, _told_by(first.alert if first else None)),
        answers=answers_rows(progress, now, zone),
        photos=tuple(photos[:PHOTOS_AT_ONCE]),
        earlier_photos=tuple(photos[PHOTOS_AT_ONCE:]),
    )


def _card(course: CourseAlert, progress: Progress, now: datetime, zone: ZoneInfo) -> AlertCard:
    return alert_card(course, progress.patient, progress.staff, now, zone)


def _worst_first(progress: Progress) -> list[CourseAlert]:
    """The alerts of all treatments of the patient, in one order."""
    own = [CourseAlert(alert, progress.treatment) for alert in progress.alerts]
    by_id = {each.alert.id: each for each in [*own, *progress.earlier_alerts]}
    return [by_id[alert.id] for alert in worst_first(each.alert for each in by_id.values())]


def _is_unresolved(alert: Alert) -> bool:
    return alert.stage is not Stage.RESOLVED


def _lead(course: CourseAlert, progress: Progress, now: datetime, zone: ZoneInfo) -> Lead:
    alert = course.alert
    photo = _photo_of(alert, progress)
    strongest = sorted(alert.evidence, key=lambda each: -abs(math.log(each.factor)))[:STRONGEST]
    return Lead(
        card=_card(course, progress, now, zone),
        evidence=tuple(evidence_line(factor) for factor in strongest),
        photo_id=photo.id if photo else None,
        taken=_photo_row(photo, progress, now, zone).day if photo else "",
    )


def _photo_of(alert: Alert, progress: Progress) -> Photo | None:
    return next((each for each in progress.photos if each.id == alert.photo_id), None)


def _told_by(alert: Alert | None) -> Focus:
    """The region and the quantity that an alert is about."""
    if alert is None:
        return Focus()
    return Focus(alert.regions[0] if alert.regions else None, alert.concern.quantity)


def outbox_page(
    mails: Sequence[ComposedMail], now: datetime, zone: ZoneInfo, *, has_server: bool
) -> OutboxPage:
    """The mails, newest first as the action gives them."""
    return OutboxPage(
        tuple(_mail_card(composed, now, zone, has_server=has_server) for composed in mails),
        has_server,
    )


def _facts(progress: Progress) -> tuple[tuple[str, str], ...]:
    patient, treatment = progress.patient, progress.treatment
    place = "in the clinic" if treatment.setting is Setting.CLINIC else "at home"
    history = ", ".join(sorted(risk.replace("_", " ") for risk in patient.history))
    return (
        ("Treatment", f"{treatment_words(treatment, progress.protocol.title)}, {place}"),
        ("Treated", short_date(treatment.performed_at, patient.zone)),
        ("Areas", areas_words(treatment.areas)),
        ("Protocol", f"{progress.protocol.version}, {progress.protocol.sign_off_words}"),
        ("Skin type", f"{patient.skin_type} of 6" if patient.skin_type else "not given"),
        ("History", history or "nothing noted"),
        ("Photos may serve", uses_words(progress.consents)),
    )


def _photo_row(photo: Photo, progress: Progress, now: datetime, zone: ZoneInfo) -> PhotoRow:
    return PhotoRow(
        photo=photo,
        day=day_words(day_number(progress.treatment, photo.taken_at, progress.patient.zone)),
        taken=when(photo.taken_at, now, zone),
        about=_about(photo) + _extra_uses(photo, progress),
        faults=tuple(name.replace("_", " ") for name in photo.faults),
        warnings=tuple(name.replace("_", " ") for name in photo.warnings),
    )


def _about(photo: Photo) -> tuple[str, ...]:
    """What is out of the ordinary; most photos are clean, measured follow-ups."""
    about = []
    if photo.role is PhotoRole.BASELINE:
        about.append("the photo from before")
    if photo.status is not PhotoStatus.MEASURED:
        about.append(STATUSES[photo.status])
    if photo.skin_state is not SkinState.CLEAN:
        about.append(SKIN_STATES[photo.skin_state].lower())
    return tuple(about)


def _extra_uses(photo: Photo, progress: Progress) -> tuple[str, ...]:
    """How this photo's consent differs from that for all photos."""
    for_all, for_this = uses_words(progress.consents), uses_words(progress.consents, photo.id)
    return () if for_this == for_all else (f"may serve {for_this}",)


def _mail_card(
    composed: ComposedMail, now: datetime, zone: ZoneInfo, *, has_server: bool
) -> MailCard:
    mail, email = composed.mail, composed.email
    return MailCard(
        subject=str(email["Subject"]),
        to=str(email["To"]),
        date=when(mail.created_at, now, zone),
        body=str(email.get_content()).strip(),
        alert_ids=mail.alert_ids,
        state=_mail_state(mail, now, zone, has_server=has_server),
        failed=mail.failed_at is not None or (bool(mail.error) and mail.sent_at is None),
    )


def _undelivered(mail: Mail, now: datetime, zone: ZoneInfo) -> str:
    outcome = "may have been sent" if mail.unheard else "has not gone out"
    following = f"Next try {when(mail.next_attempt_at, now, zone)}"
    if mail.failed_at is not None:
        outcome = outcome if mail.unheard else "could not be sent and was given up"
        following = "Ask whether it arrived" if mail.unheard else ""
    written = f"A mail of {when(mail.created_at, now, zone)} to {mail.to_address}"
    return f"{written} {outcome}: {mail.error}. {following}".strip(" .") + "."


def _mail_state(mail: Mail, now: datetime, zone: ZoneInfo, *, has_server: bool) -> str:
    if mail.sent_at is not None:
        way = "Sent" if has_server else "Kept in the outbox folder"
        return f"{way} {when(mail.sent_at, now, zone)}"
    if mail.withdrawn_at is not None:
        return f"Not needed any more {when(mail.withdrawn_at, now, zone)}"
    if mail.failed_at is not None:
        outcome = "Maybe sent" if mail.is_maybe_sent else "Given up"
        return f"{outcome} {when(mail.failed_at, now, zone)}: {mail.error}"
    if mail.error:
        outcome = "Maybe sent" if mail.unheard else "Failed"
        return f"{outcome}: {mail.error}. Next try {when(mail.next_attempt_at, now, zone)}"
    return "Waiting to be sent"
