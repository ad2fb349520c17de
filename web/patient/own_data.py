"""The patient's own data: who looked, download, consents, deletion."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import ClassVar

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.clinic.audit import record_export
from tracker.actions.course.progress import show_courses
from tracker.actions.own_data.closing import close_account
from tracker.actions.own_data.deciding import OwnData, decide_consent, show_own_data
from tracker.actions.own_data.exporting import export_own_data
from tracker.domain.course.photos import Photo, PhotoStatus
from tracker.domain.own_data.consents import Consent, Decision, Purpose, is_given
from tracker.domain.own_data.erasures import years_later
from tracker.domain.own_data.looks import Look
from tracker.domain.people.access import may_open_own_data, require
from tracker.domain.people.people import Person
from tracker.wires.archives import zipped
from web import session
from web.forms import Errors, one_of
from web.pages import render
from web.report.asking import OwnReportPage, Reader, courses_listed, read_wanted
from web.report.handing_out import NothingToPrint, Report, make_report
from web.session import Visit, freshly_signed_in, signed_in
from web.words.times import date_words, when
from web.words.words import PURPOSES, STATUSES


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
    """One photo and what it may be used for besides care."""

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
WRONG_PASSPHRASE: Mapping[str, str] = {
    "passphrase": "That is not your passphrase. If you have none, choose one in the settings first."
}


@dataclass(frozen=True, slots=True)
class ClosingPage:
    """What is deleted, what stays and why; `kept_until` is None if nothing must be kept."""

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
    """After the account was closed; its phone uses the id to delete what it still kept."""

    template: ClassVar[str] = "patient_closed.html"
    place: ClassVar[str] = ""

    patient_id: str
    kept_until: str | None

    @property
    def title(self) -> str:
        """The page's name."""
        return "Your account is closed"


def closing_page(patient: Person, keep_years: int, now: datetime) -> ClosingPage:
    """The page before an account is closed, in a clinic that must keep records that many years."""
    until = years_later(now.astimezone(patient.zone), keep_years)
    return ClosingPage(patient.email, keep_years, date_words(until, now) if keep_years else None)


def own_data_page(
    own: OwnData, now: datetime, errors: Mapping[str, str] | None = None
) -> OwnDataPage:
    """My data, in its current state."""
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
    waiting = tuple(
        OwnPhoto(
            id=photo.id,
            taken=when(photo.taken_at, now, own.patient.zone),
            state=(
                "not measured: we do not know whether it is from before your treatment"
                if own.is_treated
                else "waits for your treatment to be entered"
            ),
            has_thumbnail=False,
            uses=(),
        )
        for photo in reversed(own.early)
    )
    measured = tuple(_photo(photo, own, now) for photo in own.photos)
    return OwnPhotosPage(own.patient.id, (*waiting, *measured))


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


blueprint = Blueprint("own_data", __name__)


@blueprint.get("/my-data")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """What is kept and who has seen it."""
    require(may_open_own_data(visit.viewer))
    return render(own_data_page(show_own_data(visit.db, visit.person, visit.now), visit.now))


@blueprint.get("/my-data/afterglow-my-data.zip")
@freshly_signed_in
def download(visit: Visit) -> ResponseReturnValue:
    """Everything that is kept, as an archive that is written while it is sent."""
    require(may_open_own_data(visit.viewer))
    record_export(visit.db, visit.person.id, visit.person.id, "own data", visit.now)
    entries = export_own_data(visit.db, visit.world.files, visit.person)
    pieces = zipped(entries, visit.now.astimezone(visit.person.zone))
    disposition = {"Content-Disposition": "attachment"}
    return Response(pieces, mimetype="application/zip", headers=disposition)


@blueprint.get("/my-data/report")
@signed_in
def report(visit: Visit) -> ResponseReturnValue:
    """What can be printed of one's own courses."""
    require(may_open_own_data(visit.viewer))
    return render(_report_page(visit))


@blueprint.get("/my-data/report/file")
@freshly_signed_in
def report_file(visit: Visit) -> ResponseReturnValue:
    """The report as a file to keep, or the form with what is wrong."""
    require(may_open_own_data(visit.viewer))
    wanted = read_wanted(request.args, Reader.PATIENT)
    if isinstance(wanted, Errors):
        return render(replace(_report_page(visit), errors=wanted.by_field)), 422
    made = make_report(visit.db, visit.world, visit.person.id, wanted, visit.person, visit.now)
    match made:
        case Report():
            return made.response()
        case NothingToPrint(words):
            return render(replace(_report_page(visit), trouble=words)), 409
        case None:
            return abort(404)


def _report_page(visit: Visit) -> OwnReportPage:
    person = visit.person
    series = courses_listed(show_courses(visit.db, person.id), person.zone)
    return OwnReportPage(person.id, person.name, series, request.args)


@blueprint.get("/my-data/photos")
@signed_in
def own_photos(visit: Visit) -> ResponseReturnValue:
    """Every photo, and what it may be used for."""
    require(may_open_own_data(visit.viewer))
    return render(own_photos_page(show_own_data(visit.db, visit.person, visit.now), visit.now))


@blueprint.post("/my-data/uses")
@signed_in
def decide(visit: Visit) -> ResponseReturnValue:
    """Allow a use, or withdraw it."""
    require(may_open_own_data(visit.viewer))
    match _consent(request.form, visit.now):
        case Errors(by_field):
            own = show_own_data(visit.db, visit.person, visit.now)
            return render(own_data_page(own, visit.now, by_field)), 422
        case Consent(photo_id=photo_id) as consent:
            if not decide_consent(visit.db, visit.person.id, consent):
                abort(404)
            if photo_id is None:
                return redirect(url_for(".show", _anchor=consent.purpose), code=303)
            return redirect(url_for(".own_photos", _anchor=photo_id), code=303)


def _consent(form: Mapping[str, str], now: datetime) -> Consent | Errors:
    """A decision about one use of one photo or of everything."""
    purpose = one_of(Purpose, form.get("purpose", ""))
    decision = one_of(Decision, form.get("decision", ""))
    photo_id = form.get("photo_id") or None
    if purpose is None or decision is None or (photo_id and not purpose.is_asked_by_photo):
        return Errors({"uses": "Choose again what you allow; the page was not complete."})
    return Consent(purpose, decision, now, photo_id)


@blueprint.get("/my-data/close")
@signed_in
def closing(visit: Visit) -> ResponseReturnValue:
    """What is deleted, what stays and why, before the account is closed."""
    require(may_open_own_data(visit.viewer))
    return render(closing_page(visit.person, visit.world.settings.keep_records_years, visit.now))


@blueprint.post("/my-data/close")
@signed_in
def close(visit: Visit) -> ResponseReturnValue:
    """Close the account for good, if the passphrase is right."""
    require(may_open_own_data(visit.viewer))
    keep_years, passphrase = visit.world.settings.keep_records_years, request.form.get("passphrase")
    page = closing_page(visit.person, keep_years, visit.now)
    if request.form.get("understood") != "yes":
        return render(replace(page, errors=NOT_UNDERSTOOD)), 422
    if close_account(visit.db, visit.person.id, passphrase or "", keep_years, visit.now) is None:
        return render(replace(page, errors=WRONG_PASSPHRASE)), 422
    session.leave()
    return render(ClosedPage(visit.person.id, page.kept_until), with_person=False)
