"""The patient's routes. Each one: parse, allow, act, match, render."""

from dataclasses import replace
from datetime import date
from io import BytesIO

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.datastructures.file_storage import FileStorage
from werkzeug.exceptions import NotFound

from tracker.actions.course.checking_in import (
    NothingToAnswer,
    Recorded,
    call_for_help,
    record_check_in,
)
from tracker.actions.course.progress import CourseSoFar, NotTreated, Progress, judged, show_course
from tracker.actions.course.receiving import (
    Accepted,
    AlreadyReceived,
    Early,
    NoTreatment,
    Refused,
    receive_photo,
)
from tracker.actions.course.sides import SidesKept, SidesRefused, answer_sides, show_sides
from tracker.domain.course.photo_times import TimeFault
from tracker.domain.course.photos import PhotoRole, reference_of
from tracker.domain.course.sides import Said
from tracker.domain.course.treatments import Region
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.domain.people.access import may_record_for_patient, require
from tracker.wires.upload_parts import Arriving
from web.forms import (
    Errors,
    Files,
    SentAnswers,
    one_of,
    read_check_in,
    read_leaves,
    read_queued,
    read_sides,
    read_upload,
)
from web.pages import Page, render
from web.patient.before_sessions import (
    NoCheckInPage,
    NoProgressPage,
    NoTreatmentPage,
    early_photo_page,
    empty_page,
    next_photo_page,
)
from web.patient.sending import (
    EARLY_UPLOAD,
    OfflinePage,
    UploadPage,
    check_in_page,
    check_in_result_page,
    offline_page,
    photo_page,
    upload_page,
)
from web.patient.sides import SidesPage, sides_page
from web.patient.today import (
    PausedPage,
    day_page,
    progress_page,
    today_page,
)
from web.security import UPLOAD_LENGTH
from web.session import Visit, signed_in
from web.words.sides import CHOOSE, OBSTACLES
from web.words.telling import open_things, telling_of, urgent_thing
from web.words.times import when
from web.words.words import remedy_for

blueprint = Blueprint("patient", __name__)


def today(visit: Visit) -> ResponseReturnValue:
    """The first page."""
    match _open_course(visit):
        case CourseSoFar() as course:
            progress = judged(course, visit.now)
            page = today_page(progress, visit.now)
            may_begin = progress.is_alone and visit.world.settings.open_sign_up is not None
            return render(replace(page, may_begin=may_begin and not page.told))
        case page:
            return render(page)


@blueprint.get("/days/<day>")
@signed_in
def one_day(visit: Visit, day: str) -> ResponseReturnValue:
    """The day that a reminder was for."""
    asked = _day(day) or abort(404)
    if asked == visit.person.date_at(visit.now):
        return today(visit)
    match _own_progress(visit):
        case Progress() as progress:
            return render(day_page(progress, asked, visit.now) or abort(404))
        case NotTreated():
            raise NotFound


@blueprint.get("/photo")
@signed_in
def upload(visit: Visit) -> ResponseReturnValue:
    """The upload form."""
    match _open_course(visit):
        case CourseSoFar() as progress:
            day = _day(request.args.get("day", ""))
            taken_at = "" if day is None else f"{day}T12:00"
            page = replace(upload_page(progress, visit.now), taken_at=taken_at)
            if request.args.get("session") == "next" and progress.next_session is not None:
                page = replace(page, role=PhotoRole.BASELINE, is_next=True)
            return render(page)
        case NoTreatmentPage(may_send=True):
            return render(EARLY_UPLOAD)
        case page:
            return render(page)


@blueprint.post("/photo")
@signed_in
def send_photo(visit: Visit) -> ResponseReturnValue:
    """Receive a photo, or say what to do better. Its parts are deleted once it is judged."""
    require(may_record_for_patient(visit.viewer, visit.person.id))
    if "parts" not in request.form:
        return _judged(visit, request.files)
    upload = Arriving.read(request.form["parts"]) or abort(400)
    if request.headers.get(UPLOAD_LENGTH) != str(upload.size):  # the server has room for that much
        abort(400)
    parts = visit.world.parts
    whole = parts.whole(visit.person.id, upload)
    if whole is None:
        abort(410)
    photo = FileStorage(BytesIO(whole), "photo")
    answer = _judged(visit, ImmutableMultiDict([("photo", photo)]))
    parts.forget(visit.person.id, upload)
    return answer


def _judged(visit: Visit, files: Files) -> ResponseReturnValue:
    """The answer about a photo that is whole."""
    sent = read_upload(request.form, files, visit.person.zone)
    if isinstance(sent, Errors):
        return render(_upload_again(visit, errors=sent)), 422
    world = visit.world
    received = receive_photo(
        visit.db, world.files, visit.person.id, sent, visit.now, world.find_face, world.apart
    )
    match received:
        case Accepted(photo) | Early(photo, already=False):
            return redirect(url_for(".photo", photo_id=photo.id), code=303)
        case AlreadyReceived(photo) | Early(photo):
            return redirect(url_for(".photo", photo_id=photo.id, already="yes"), code=303)
        case Refused(faults):
            return render(_upload_again(visit, faults=faults)), 422
        case NoTreatment():
            return render(NoTreatmentPage(visit.person.name)), 409
        case CareWithdrawn():
            return render(PausedPage()), 409


@blueprint.get("/photos/<photo_id>")
@signed_in
def photo(visit: Visit, photo_id: str) -> ResponseReturnValue:
    """What became of a photo."""
    already = request.args.get("already") == "yes"
    match _own_progress(visit):
        case Progress(next_photos=photos, patient=patient) if photo_id in {p.id for p in photos}:
            waits = next(p for p in photos if p.id == photo_id)
            return render(next_photo_page(waits, patient, visit.now, already=already))
        case Progress(photos=photos) as progress:
            found = next((p for p in photos if p.id == photo_id), None) or abort(404)
            return render(photo_page(progress, found, visit.now, already=already))
        case NotTreated(patient, early=early):
            waiting = next((p for p in early if p.id == photo_id), None) or abort(404)
            return render(early_photo_page(waiting, patient, visit.now, already=already))


@blueprint.get("/sides")
@signed_in
def sides(visit: Visit) -> ResponseReturnValue:
    """Which side of the photo from before is left."""
    match _open_course(visit):
        case CourseSoFar() as progress:
            page = _sides_page(visit, progress)
            return render(replace(page, is_kept=request.args.get("kept") == "yes"))
        case page:
            return render(page)


@blueprint.post("/sides")
@signed_in
def say_sides(visit: Visit) -> ResponseReturnValue:
    """Keep the answer. It may be changed later; one that is put off is asked for once more."""
    course = _open_course(visit)
    if not isinstance(course, CourseSoFar):
        return render(course), 409
    sent = read_sides(request.form)
    if sent is None:
        page = _sides_page(visit, course)
        return render(replace(page, errors={"said": CHOOSE})), 422
    person = visit.person
    match answer_sides(
        visit.db, person.id, sent.photo_id, sent.said, person, visit.now, known=sent.known
    ):
        case SidesKept() if sent.said is Said.LATER:
            return redirect("/", code=303)
        case SidesKept():
            return redirect(url_for(".sides", kept="yes"), code=303)
        case SidesRefused(why_not):
            page = _sides_page(visit, course)
            return render(replace(page, notice=OBSTACLES[why_not])), 409
        case CareWithdrawn():
            return render(PausedPage()), 409


def _sides_page(visit: Visit, progress: CourseSoFar) -> SidesPage:
    photo = reference_of(progress.photos)
    if photo is None:
        return sides_page(progress, None, visit.now)
    world = visit.world
    case = show_sides(visit.db, world.files, photo, world.find_face, world.apart)
    return sides_page(progress, case, visit.now)


@blueprint.get("/check-in")
@signed_in
def check_in(visit: Visit) -> ResponseReturnValue:
    """The check-in form."""
    match _open_course(visit):
        case CourseSoFar() as progress:
            return render(check_in_page(progress, {}, {}, visit.now))
        case NoTreatmentPage() as page:
            return render(empty_page(page, NoCheckInPage))
        case page:
            return render(page)


@blueprint.post("/check-in")
@signed_in
def send_check_in(visit: Visit) -> ResponseReturnValue:
    """Keep the answers. A mistake elsewhere in the form never holds up what was ticked.

    Nor does anything else that a page needs: what is read for it is read afterwards.
    """
    require(may_record_for_patient(visit.viewer, visit.person.id))
    sent = read_check_in(request.form)
    if sent.errors and not (sent.answers.reports_a_sign or sent.answers.is_alarming):
        return _check_in_again(visit, sent)
    protocols, queued = visit.world.protocols, read_queued(request.form)
    recorded = record_check_in(
        visit.db,
        protocols,
        visit.person.id,
        sent.answers,
        visit.now,
        queued,
        is_as_before=sent.is_as_before,
    )
    match recorded:
        case Recorded() if sent.errors:
            return _check_in_again(visit, sent, is_kept=True)
        case Recorded(kept):
            help_asked = "now" if sent.wants_help else None
            target = url_for(".check_in_result", check_in_id=kept.id, help=help_asked)
            return redirect(target, code=303)
        case NothingToAnswer() | CareWithdrawn():
            return _not_kept(visit, sent)


def _check_in_again(
    visit: Visit, sent: SentAnswers, *, is_kept: bool = False
) -> ResponseReturnValue:
    course = _open_course(visit)
    if not isinstance(course, CourseSoFar):
        return render(course), 409
    page = check_in_page(course, request.form, sent.errors, visit.now)
    return render(replace(page, wants_help=sent.wants_help, is_kept=is_kept)), 422


def _not_kept(visit: Visit, sent: SentAnswers) -> ResponseReturnValue:
    """The page that says why.

    A patient who reports something bad or asks for help reads whom to call, and the clinic is
    informed.
    """
    needs_help = sent.answers.is_alarming
    is_passed_on = needs_help and call_for_help(visit.db, visit.person, sent.answers, visit.now)
    page = _open_course(visit)
    if not isinstance(page, NoTreatmentPage | PausedPage):  # it could be kept by now
        page = PausedPage()
    return render(replace(page, needs_help=needs_help, is_passed_on=is_passed_on)), 409


@blueprint.get("/check-ins/<check_in_id>")
@signed_in
def check_in_result(visit: Visit, check_in_id: str) -> ResponseReturnValue:
    """Thanks, or emergency words; also for answers that belong to another treatment."""
    match _own_progress(visit):
        case Progress(check_ins=check_ins, other_check_ins=others) as progress:
            given = (c for c in (*check_ins, *others) if c.id == check_in_id)
            page = check_in_result_page(progress, next(given, None) or abort(404), visit.now)
            says_so = bool(page.told) and page.told[0].needs_help_now
            asked = request.args.get("help") == "now"
            return render(replace(page, wants_help=asked and not says_so))
        case NotTreated():
            raise NotFound


@blueprint.get("/progress")
@signed_in
def progress(visit: Visit) -> ResponseReturnValue:
    """Words, chart, pictures."""
    match _own_progress(visit):
        case Progress() as so_far:
            values = read_leaves(request.args).values
            asked = one_of(Region, request.args.get("region", ""))
            return render(progress_page(so_far, visit.now, values, asked))
        case NotTreated() as untreated:
            return render(empty_page(_untreated_page(visit, untreated), NoProgressPage))


@blueprint.get("/offline")
@signed_in
def offline(visit: Visit) -> ResponseReturnValue:
    """What a phone keeps for the time without a network: both forms, nothing of the course."""
    match _open_course(visit):
        case CourseSoFar() as progress:
            return render(offline_page(progress, visit.now))
        case NoTreatmentPage(may_send=True):
            return render(OfflinePage(EARLY_UPLOAD))
        case _:
            return render(OfflinePage())


def _open_course(visit: Visit) -> CourseSoFar | Page:
    """The course that photos and answers belong to, or the page that says why there is none.

    It is not judged: what was sent must be kept first.
    """
    match _own_course(visit):
        case CourseSoFar(care_withdrawn_at=None) as course:
            return course
        case CourseSoFar() as course:
            progress = judged(course, visit.now)
            telling = telling_of(progress, visit.now)
            return PausedPage(open_things(telling, progress, visit.now))
        case NotTreated(care_withdrawn_at=None) as untreated:
            return _untreated_page(visit, untreated)
        case NotTreated():
            return PausedPage()


def _untreated_page(visit: Visit, untreated: NotTreated) -> NoTreatmentPage:
    is_alone, zone = untreated.is_alone, visit.person.zone
    return NoTreatmentPage(
        visit.person.name,
        may_begin=is_alone and visit.world.settings.open_sign_up is not None,
        may_send=not is_alone,
        early=tuple(when(photo.taken_at, visit.now, zone) for photo in untreated.early),
    )


def _own_progress(visit: Visit) -> Progress | NotTreated:
    course = _own_course(visit)
    return judged(course, visit.now) if isinstance(course, CourseSoFar) else course


def _own_course(visit: Visit) -> CourseSoFar | NotTreated:
    require(may_record_for_patient(visit.viewer, visit.person.id))
    return show_course(visit.db, visit.world.protocols, visit.person.id, visit.now) or abort(404)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _upload_again(visit: Visit, faults: tuple[str, ...] = (), errors: Errors | None = None) -> Page:
    role, course = request.form.get("role", ""), _own_course(visit)
    return UploadPage(
        role=PhotoRole(role) if role in set(PhotoRole) else PhotoRole.FOLLOW_UP,
        skin_state=request.form.get("skin_state", ""),
        view=request.form.get("view", ""),
        taken_at=request.form.get("taken_at", ""),
        remedies=tuple(remedy_for(fault) for fault in faults),
        asks_for_time=any(fault in faults for fault in TimeFault if fault.asks_for_time),
        errors=errors.by_field if errors else None,
        is_early=isinstance(course, NotTreated),
        urgent=urgent_thing(course, visit.now) if isinstance(course, CourseSoFar) else None,
    )
