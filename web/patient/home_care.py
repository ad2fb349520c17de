"""People who roll their skin at home: begin a treatment, let a practitioner in."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.course.progress import Progress, show_progress
from tracker.actions.course.treatments import begin_own_treatment
from tracker.actions.own_data.deciding import show_own_data
from tracker.actions.people.joining import ask_to_sign_up
from tracker.actions.people.sharing import accept_share_code, make_share_code
from tracker.domain.course.treatments import Treatment
from tracker.domain.people.access import may_accept_share_codes, may_treat_themselves, require
from tracker.domain.people.people import Person
from tracker.domain.protocols.care import Heading
from tracker.domain.protocols.own_treatments import Cautioned, OwnTreatment, Stopped
from tracker.domain.protocols.protocols import Asks, Protocol, ProtocolError, ScreeningQuestion
from tracker.settings import Settings
from web import session
from web.forms import Errors, read_own_treatment
from web.pages import render
from web.screening import CaveatRow, QuestionRow, caveat_rows, question_rows
from web.session import Visit, freshly_signed_in, signed_in
from web.words.telling import OpenThing, open_things, telling_of

DEPTHS_MM = (0.2, 0.25, 0.3, 0.5)
TIME_FOR_PHOTOS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SignUpPage:
    """An account without a clinic; `trouble` says what was wrong with the address.

    `asked` after the form was sent: the words are the same whether or not there is an account.
    """

    template: ClassVar[str] = "sign_up.html"
    place: ClassVar[str] = ""

    email: str = ""
    trouble: str = ""
    asked: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        return "Look at your mail" if self.asked else "Create an account"


@dataclass(frozen=True, slots=True)
class BeginPage:
    """Advice, screening questions, needle and time; `cautions` are to be read before going on."""

    template: ClassVar[str] = "patient_begin.html"
    place: ClassVar[str] = "today"
    depths: ClassVar[tuple[float, ...]] = DEPTHS_MM

    advice: tuple[str, ...]
    questions: tuple[QuestionRow, ...]
    notes: tuple[ScreeningQuestion, ...]
    chosen: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    cautions: tuple[CaveatRow, ...] = ()
    too_soon: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The page's name."""
        return "Before you roll"


@dataclass(frozen=True, slots=True)
class StoppedPage:
    """What is against rolling now: answers, each with what to do, or what is open (`told`)."""

    template: ClassVar[str] = "patient_stopped.html"
    place: ClassVar[str] = "today"

    caveats: tuple[CaveatRow, ...] = ()
    told: tuple[OpenThing, ...] = ()

    @property
    def title(self) -> str:
        """The page's name."""
        return "Please do not roll now"


@dataclass(frozen=True, slots=True)
class SharePage:
    """The code for a practitioner, shown once; None before it is made."""

    template: ClassVar[str] = "patient_share.html"
    place: ClassVar[str] = "own_data"

    code: str | None = None

    @property
    def title(self) -> str:
        """The page's name."""
        return "Let a practitioner in"


@dataclass(frozen=True, slots=True)
class AcceptPage:
    """The page on which a practitioner enters a patient's code."""

    template: ClassVar[str] = "practitioner_accept.html"
    place: ClassVar[str] = "patients"

    code: str = ""
    failed: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        return "A patient’s code"


def begin_page(protocol: Protocol, patient: Person, now: datetime) -> BeginPage:
    """The form with what the record answers; its time leaves room for photos from before."""
    soon = (now + TIME_FOR_PHOTOS).astimezone(patient.zone)
    questions = tuple(row for row in question_rows(protocol, patient) if not row.is_text)
    return BeginPage(
        advice=tuple(line.words for line in protocol.aftercare[Heading.DO] if line.first_day <= 0),
        questions=questions,
        notes=tuple(q for q in protocol.screening if q.asks is Asks.TEXT),
        chosen={
            "performed_at": f"{soon:%Y-%m-%dT%H:%M}",
            **{row.question.id: "yes" for row in questions if row.record},
        },
    )


blueprint = Blueprint("home_care", __name__)


@blueprint.get("/sign-up")
def sign_up() -> ResponseReturnValue:
    """The form for a new account."""
    _open_kind(session.resources().world.settings)
    return render(SignUpPage(), with_person=False)


@blueprint.post("/sign-up")
def ask_for_account() -> ResponseReturnValue:
    """Mail a link to the address; neither answer nor time tells whether it has an account."""
    resources, began = session.resources(), time.monotonic()
    _open_kind(resources.world.settings)
    email = request.form.get("email", "")
    try:
        ask_to_sign_up(resources.db, email, resources.now)
    except ValueError as error:
        return render(SignUpPage(email, str(error)), with_person=False), 422
    session.answer_after(began)
    return render(SignUpPage(email, asked=True), with_person=False)


@blueprint.get("/begin")
@signed_in
def begin(visit: Visit) -> ResponseReturnValue:
    """Advice and questions before the needles."""
    protocol = _own_protocol(visit)
    if told := _waiting_for_a_doctor(visit):
        return render(StoppedPage(told=told))
    return render(begin_page(protocol, visit.person, visit.now))


@blueprint.post("/begin")
@signed_in
def begin_now(visit: Visit) -> ResponseReturnValue:
    """Begin the treatment, or say what is against it."""
    protocol = _own_protocol(visit)
    if told := _waiting_for_a_doctor(visit):
        return render(StoppedPage(told=told)), 409
    page = replace(begin_page(protocol, visit.person, visit.now), chosen=request.form)
    own = read_own_treatment(request.form, protocol, visit.person.zone)
    if isinstance(own, Errors):
        return render(replace(page, errors=own.by_field)), 422
    match _begun(visit, own):
        case Treatment():
            return redirect(url_for("patient.upload"), code=303)
        case Stopped(caveats):
            return render(StoppedPage(caveat_rows(caveats))), 409
        case Cautioned(caveats, waits):
            too_soon = tuple(each.words for each in waits)
            return render(replace(page, cautions=caveat_rows(caveats), too_soon=too_soon)), 409
        case Errors(by_field):
            return render(replace(page, errors=by_field)), 422


@blueprint.get("/my-data/share")
@signed_in
def share(visit: Visit) -> ResponseReturnValue:
    """What a practitioner would see, and a button."""
    require(may_treat_themselves(visit.viewer))
    return render(SharePage())


@blueprint.post("/my-data/share")
@freshly_signed_in
def make_code(visit: Visit) -> ResponseReturnValue:
    """Show the code, once."""
    require(may_treat_themselves(visit.viewer))
    return render(SharePage(make_share_code(visit.db, visit.person.id, visit.now)))


@blueprint.get("/accept")
@signed_in
def accept(visit: Visit) -> ResponseReturnValue:
    """Where a code is entered."""
    require(may_accept_share_codes(visit.viewer))
    return render(AcceptPage())


@blueprint.post("/accept")
@signed_in
def enter_code(visit: Visit) -> ResponseReturnValue:
    """Take the patient into one's care, if the code works."""
    require(may_accept_share_codes(visit.viewer))
    code = request.form.get("code", "")
    patient = accept_share_code(visit.db, visit.person.id, code, visit.now)
    if patient is None:
        return render(AcceptPage(code, failed=True)), 422
    return redirect(url_for("practitioner.patient", patient_id=patient.id), code=303)


def _open_kind(settings: Settings) -> str:
    """The kind of treatment that people may begin without a clinic; 404 if they may not."""
    return settings.open_sign_up or abort(404)


def _own_protocol(visit: Visit) -> Protocol:
    """The protocol for people without a clinic; for all others there is no such page."""
    require(may_treat_themselves(visit.viewer))
    kind = _open_kind(visit.world.settings)
    if show_own_data(visit.db, visit.person, visit.now).care_team:
        abort(404)
    return visit.world.protocols.of(kind)


def _waiting_for_a_doctor(visit: Visit) -> tuple[OpenThing, ...]:
    """What is open about the skin that a doctor must look at before it is rolled again."""
    match show_progress(visit.db, visit.world.protocols, visit.person.id, visit.now):
        case Progress() as progress:
            telling = telling_of(progress, visit.now)
            must_wait = any(told.level.is_mailed for told in telling.open)
            return open_things(telling, progress, visit.now) if must_wait else ()
        case _:
            return ()


def _begun(visit: Visit, own: OwnTreatment) -> Treatment | Stopped | Cautioned | Errors:
    protocols = visit.world.protocols
    try:
        return begin_own_treatment(visit.db, protocols, visit.person.id, own, visit.now)
    except ProtocolError as error:
        return Errors({"depth": _sentence(error)})
    except ValueError as error:
        return Errors({"performed_at": _sentence(error)})


def _sentence(error: ValueError) -> str:
    words = str(error)
    return f"{words[:1].upper()}{words[1:]}."
