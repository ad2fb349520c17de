"""What a patient answers on the phone before a treatment: the line on Today, and the form."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.course.planning import NothingAsked, answer_ahead
from tracker.actions.course.progress import CourseSoFar, show_course
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.domain.people.access import may_record_for_patient, require
from tracker.domain.people.people import Person
from tracker.domain.protocols.ahead import COUNTS, AskedAhead, is_against
from tracker.domain.protocols.protocols import ScreeningQuestion
from web.pages import render
from web.screening import ASKED
from web.session import Visit, signed_in
from web.words.times import when
from web.words.treatments import given_words

ANSWERS: Mapping[str, bool | None] = {"yes": True, "no": False, "unknown": None}
CHOICES = (("no", "No"), ("yes", "Yes"), ("unknown", "I don’t know"))
CHANGED = (
    "Your clinic has changed your treatment. Nothing was kept yet. Look at the questions again."
)
EMPTY = "Choose an answer first. You need not answer all questions at once."

blueprint = Blueprint("ahead", __name__)


@dataclass(frozen=True, slots=True)
class AheadTask:
    """What Today says about the questions before a treatment.

    `open` counts those that wait for an answer; `answered` says when the others were answered,
    empty if none was; `stops` are those whose answer is a reason to call the clinic first.
    """

    open: int
    answered: str
    stops: tuple[ScreeningQuestion, ...]


@dataclass(frozen=True, slots=True)
class AheadRow:
    """A question with what was chosen, empty if nothing was.

    `earlier` says what the patient answered too long ago. `stops` says that a yes is a reason to
    call the clinic first.
    """

    question: ScreeningQuestion
    name: str
    chosen: str
    earlier: str
    stops: bool


@dataclass(frozen=True, slots=True)
class AheadPage:
    """The questions, one below the other; `kind` is that of the treatment.

    `is_kept` after answers were sent. `again` says that the last days before the treatment are
    still to come, in which all is asked again.
    """

    template: ClassVar[str] = "patient_ahead.html"
    place: ClassVar[str] = "today"
    title: ClassVar[str] = "Before your treatment"
    choices: ClassVar[tuple[tuple[str, str], ...]] = CHOICES
    days: ClassVar[int] = COUNTS.days

    kind: str
    rows: tuple[AheadRow, ...]
    task: AheadTask
    again: bool
    is_kept: bool = False
    notice: str = ""


def ahead_task(course: CourseSoFar, now: datetime) -> AheadTask | None:
    """What Today says; None while nothing is asked, as without a clinic that would read it."""
    if course.ahead is None or course.is_alone:
        return None
    return _task(course.ahead, course.patient, now)


def _task(asked: AskedAhead, patient: Person, now: datetime) -> AheadTask:
    counting = asked.counting(now)
    latest = max((each.at for each in counting.values()), default=None)
    answered = "" if latest is None else when(latest, now, patient.zone)
    return AheadTask(len(asked.open(now)), answered, asked.stops)


def ahead_page(asked: AskedAhead, patient: Person, now: datetime) -> AheadPage:
    """The form with the answers that still count; older ones are shown and not chosen."""
    counting, rows = asked.counting(now), []
    for question in asked.questions:
        given = asked.answers.get(question.id)
        counts = question.id in counting
        chosen = next((w for w, a in ANSWERS.items() if given and a is given.answer), "")
        earlier = f"{when(given.at, now, patient.zone)}: {given_words(given)}" if given else ""
        rows.append(
            AheadRow(
                question=question,
                name=f"{ASKED}{question.id}",
                chosen=chosen if counts else "",
                earlier="" if counts else earlier,
                stops=is_against(question, question.warn_if),
            )
        )
    again = now < asked.session.at - COUNTS
    return AheadPage(asked.session.kind, tuple(rows), _task(asked, patient, now), again)


@blueprint.get("/before-treatment")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """The questions, or Today when there are none."""
    asked = _asked(visit)
    if asked is None:
        return redirect("/", code=303)
    page = ahead_page(asked, visit.person, visit.now)
    return render(replace(page, is_kept=request.args.get("kept") == "yes"))


@blueprint.post("/before-treatment")
@signed_in
def send(visit: Visit) -> ResponseReturnValue:
    """Keep the answers that were given; the others can follow."""
    require(may_record_for_patient(visit.viewer, visit.person.id))
    given = {
        name.removeprefix(ASKED): ANSWERS[value]
        for name, value in request.form.items()
        if name.startswith(ASKED) and value in ANSWERS
    }
    asked = _asked(visit)
    if asked is not None and not given:
        return render(replace(ahead_page(asked, visit.person, visit.now), notice=EMPTY)), 422
    kind = request.form.get("kind", "")
    match answer_ahead(visit.db, visit.world.protocols, visit.person, kind, given, visit.now):
        case AskedAhead():
            return redirect(url_for(".show", kept="yes"), code=303)
        case NothingAsked(is_passed_on=True) if asked is None:  # there the patient sees it
            conversation = url_for("conversation.show", patient_id=visit.person.id)
            return redirect(conversation, code=303)
        case NothingAsked() if asked is not None:
            return render(replace(ahead_page(asked, visit.person, visit.now), notice=CHANGED)), 409
        case NothingAsked() | CareWithdrawn():
            return redirect("/", code=303)


def _asked(visit: Visit) -> AskedAhead | None:
    require(may_record_for_patient(visit.viewer, visit.person.id))
    shown = show_course(visit.db, visit.world.protocols, visit.person.id, visit.now) or abort(404)
    if not isinstance(shown, CourseSoFar) or shown.is_alone or shown.care_withdrawn_at is not None:
        return None
    return shown.ahead
