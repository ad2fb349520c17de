"""What sessions need besides their facts: treated areas, left and right, a plan, own aftercare."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.course.drawing import (
    Drawn,
    DrawnMeanwhile,
    NothingToDrawOn,
    Undrawable,
    draw_areas,
    suggest_outline,
)
from tracker.actions.course.planning import add_care_line, end_care_line, plan_sessions
from tracker.actions.course.showing_treatments import Series, TreatmentSession, show_treatments
from tracker.actions.course.sides import SidesKept, SidesRefused, answer_sides, show_sides
from tracker.domain.course.outlines import (
    MOST_CORNERS,
    MOST_OUTLINES,
    NOTHING_DRAWN,
    Outline,
    Outlines,
    outlines_text,
    parse_outlines,
)
from tracker.domain.course.photos import Photo
from tracker.domain.course.session_plans import SessionPlan
from tracker.domain.course.sides import Said, SaidBy
from tracker.domain.course.treatments import AREAS, Region
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.domain.people.access import may_treat, require
from tracker.domain.protocols.aftercare import OwnLine
from web.desk.treatment_forms import read_line, read_plan
from web.desk.treatment_pages import treatments_page
from web.forms import Errors, one_of, read_sides, sentence
from web.pages import render
from web.session import Visit, signed_in
from web.words.sides import CHOOSE_AS_CLINIC, OBSTACLES, SidesView, file_sides, sides_view
from web.words.times import when
from web.words.treatments import MARK_FAULTS, marking_words
from web.words.words import treatment_words


@dataclass(frozen=True, slots=True)
class AreasPage:
    """The photo, what is drawn on it as text (`treated`, `untreated`) and as shapes, and by whom.

    `shapes` are kind and points in percent; `again` counts the photos that would be measured again.
    """

    template: ClassVar[str] = "treatment_areas.html"
    place: ClassVar[str] = "patients"
    most_outlines: ClassVar[int] = MOST_OUTLINES
    most_corners: ClassVar[int] = MOST_CORNERS
    regions: ClassVar[tuple[tuple[str, str], ...]] = tuple(
        (str(area), area.words.capitalize()) for area in AREAS
    )

    patient_id: str
    name: str
    unread: int
    treatment_id: str
    session: str
    baseline_id: str | None
    file_sides: str
    treated: str
    untreated: str
    shapes: tuple[tuple[str, str], ...]
    known: int
    versions: tuple[tuple[str, str, str], ...]
    again: int
    errors: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Treated areas"


@dataclass(frozen=True, slots=True)
class Sent:
    """The two fields as they were sent."""

    treated: str
    untreated: str

    def plus(self, kind: str, outline: Outline) -> "Sent":
        """With one more outline."""
        field = "untreated" if kind == "untreated" else "treated"
        text = f"{getattr(self, field).rstrip()}\n{outlines_text((outline,))}".lstrip()
        return replace(self, **{field: text})

    def read(self) -> Outlines:
        """The outlines; ValueError that names field, line and corner."""
        return Outlines(
            _named("treated areas", self.treated), _named("untreated skin", self.untreated)
        )


def areas_page(
    series: Series,
    session: TreatmentSession,
    now: datetime,
    reader: ZoneInfo,
    sent: Sent | None = None,
) -> AreasPage:
    """What is drawn now, or what was sent if it could not be kept."""
    latest = session.markings[-1].outlines if session.markings else NOTHING_DRAWN
    fields = sent or Sent(outlines_text(latest.treated), outlines_text(latest.untreated))
    patient = series.patient
    return AreasPage(
        patient_id=patient.id,
        name=patient.name,
        unread=series.unread,
        treatment_id=session.treatment.id,
        session=_session_words(session),
        baseline_id=session.baseline.id if session.baseline else None,
        file_sides=file_sides(session.baseline, "the patient’s") if session.baseline else "",
        treated=fields.treated,
        untreated=fields.untreated,
        shapes=_shapes(fields),
        known=len(session.markings),
        versions=tuple(
            (when(each.at, now, reader), each.by, marking_words(each.outlines))
            for each in reversed(session.markings)
        ),
        again=session.photos,
    )


def fault_words(troubles: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """What is wrong with which outlines, next to their field."""
    words: dict[str, list[str]] = {}
    for outline, fault in troubles:
        where = "untreated" if outline.startswith("untreated") else "treated"
        words.setdefault(where, []).append(f"{outline.capitalize()} {MARK_FAULTS[fault]}.")
    return {where: " ".join(said) for where, said in words.items()}


def _shapes(fields: Sent) -> tuple[tuple[str, str], ...]:
    """Kind and points of what can be drawn; a field that cannot be read has its own message."""
    try:
        outlines = fields.read()
    except ValueError:
        return ()
    kinds = (("treated", outlines.treated), ("untreated", outlines.untreated))
    return tuple(
        (kind, " ".join(f"{100 * x:.2f},{100 * y:.2f}" for x, y in outline))
        for kind, drawn in kinds
        for outline in drawn
    )


def _named(name: str, text: str) -> tuple[tuple[tuple[float, float], ...], ...]:
    try:
        return parse_outlines(text)
    except ValueError as error:
        raise ValueError(f"{name}, {error}") from error


blueprint = Blueprint("areas", __name__)

NOT_KEPT: Mapping[type, str] = {
    DrawnMeanwhile: "Someone else drew on this photo after you opened the page. Your drawing"
    " was not saved yet: look at the versions below, then save again.",
    NothingToDrawOn: "The photo from before cannot be measured any more. Please tell the"
    " people who run Afterglow for you.",
    CareWithdrawn: "The patient has withdrawn consent to care: no photo may be measured again, so"
    " nothing was saved.",
}


@blueprint.get("/patients/<patient_id>/treatments/<treatment_id>/areas")
@signed_in
def show(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """What is drawn, and the means to draw."""
    series, session = _session(visit, patient_id, treatment_id)
    return render(areas_page(series, session, visit.now, visit.person.zone))


@blueprint.post("/patients/<patient_id>/treatments/<treatment_id>/areas")
@signed_in
def draw(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """Keep what was drawn and have the course measured with it."""
    series, session = _session(visit, patient_id, treatment_id)
    sent = Sent(request.form.get("treated", ""), request.form.get("untreated", ""))
    page = areas_page(series, session, visit.now, visit.person.zone, sent)
    if session.baseline is None:
        return render(page), 409
    if "add" in request.form:
        sent = _with_region(visit, session.baseline, sent)
        return render(areas_page(series, session, visit.now, visit.person.zone, sent))
    match _drawn(visit, session, session.baseline, sent):
        case Drawn():
            return redirect(url_for("treatments.series", patient_id=patient_id), code=303)
        case DrawnMeanwhile() | NothingToDrawOn() | CareWithdrawn() as why_not:
            return render(replace(page, notice=NOT_KEPT[type(why_not)])), 409
        case Undrawable(troubles):
            return render(replace(page, errors=fault_words(troubles))), 422
        case Errors(by_field):
            return render(replace(page, errors=by_field)), 422


def _drawn(
    visit: Visit, session: TreatmentSession, baseline: Photo, sent: Sent
) -> Drawn | DrawnMeanwhile | Undrawable | NothingToDrawOn | CareWithdrawn | Errors:
    known = request.form.get("known", "")
    try:
        outlines = sent.read()
        return draw_areas(
            visit.db,
            visit.world.files,
            session.treatment,
            baseline,
            outlines,
            visit.person.id,
            visit.now,
            known=int(known) if known.isdecimal() else -1,
            find=visit.world.find_face,
            apart=visit.world.apart,
        )
    except ValueError as error:
        words = str(error)
        return Errors(
            {"untreated" if words.startswith("untreated") else "treated": sentence(words)}
        )


def _with_region(visit: Visit, baseline: Photo, sent: Sent) -> Sent:
    """What was sent, with one more part of the face if it can be found."""
    region = one_of(Region, request.form.get("region", ""))
    if region not in AREAS:
        return sent
    world = visit.world
    outline = suggest_outline(world.files, baseline, region, world.find_face, world.apart)
    return sent.plus(request.form["add"], outline) if outline else sent


@dataclass(frozen=True, slots=True)
class SidesPage:
    """Which side of the photo from before is left; `view` is None without one.

    `as_stored` names the picture that shows the file as it is; `again` counts the photos that would
    be measured again.
    """

    template: ClassVar[str] = "treatment_sides.html"
    place: ClassVar[str] = "patients"

    patient_id: str
    name: str
    unread: int
    session: str
    view: SidesView | None
    as_stored: str
    again: int
    notice: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The page's name."""
        return "Left and right"


@blueprint.get("/patients/<patient_id>/treatments/<treatment_id>/sides")
@signed_in
def sides(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """Both ways round, and what was said so far."""
    return render(_sides_page(visit, *_session(visit, patient_id, treatment_id)))


@blueprint.post("/patients/<patient_id>/treatments/<treatment_id>/sides")
@signed_in
def say_sides(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """Keep what the clinic says, and have the course measured so."""
    series, session = _session(visit, patient_id, treatment_id)
    sent = read_sides(request.form)
    if sent is None or sent.said is Said.LATER:
        page = _sides_page(visit, series, session)
        return render(replace(page, errors={"said": CHOOSE_AS_CLINIC})), 422
    match answer_sides(
        visit.db, patient_id, sent.photo_id, sent.said, visit.person, visit.now, known=sent.known
    ):
        case SidesKept():
            return redirect(url_for("practitioner.patient", patient_id=patient_id), code=303)
        case SidesRefused(why_not):
            page = _sides_page(visit, series, session)
            return render(replace(page, notice=OBSTACLES[why_not])), 409
        case CareWithdrawn():
            page = _sides_page(visit, series, session)
            return render(replace(page, notice=NOT_KEPT[CareWithdrawn])), 409


def _sides_page(visit: Visit, series: Series, session: TreatmentSession) -> SidesPage:
    view = None
    if session.baseline is not None:
        world = visit.world
        case = show_sides(visit.db, world.files, session.baseline, world.find_face, world.apart)
        view = sides_view(case, SaidBy.CLINIC, visit.now, visit.person.zone)
    return SidesPage(
        patient_id=series.patient.id,
        name=series.patient.name,
        unread=series.unread,
        session=_session_words(session),
        view=view,
        as_stored=view.as_stored if view else "",
        again=session.photos,
    )


def _session_words(session: TreatmentSession) -> str:
    words = treatment_words(session.treatment, session.protocol.title)
    return f"Session {session.number}: {words}"


def _session(visit: Visit, patient_id: str, treatment_id: str) -> tuple[Series, TreatmentSession]:
    series = _series(visit, patient_id)
    return series, series.of(treatment_id) or abort(404)


def _series(visit: Visit, patient_id: str) -> Series:
    require(may_treat(visit.viewer, patient_id))
    return show_treatments(visit.db, visit.world.protocols, patient_id, visit.now) or abort(404)


@blueprint.post("/patients/<patient_id>/session-plan")
@signed_in
def plan_series(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Keep which session of how many the latest one is, and the days between them."""
    shown = _series(visit, patient_id)
    match read_plan(request.form, patient_id, visit.person.id, visit.now):
        case Errors(by_field):
            page = treatments_page(shown, visit.now, visit.person.zone)
            form = page.plan and replace(page.plan, chosen=request.form)
            return render(replace(page, plan=form, errors=by_field)), 422
        case SessionPlan() as plan:
            if shown.of(plan.treatment_id) is None:
                abort(404)
            plan_sessions(visit.db, plan)
            return redirect(url_for("treatments.series", patient_id=patient_id), code=303)


@blueprint.post("/patients/<patient_id>/care-lines")
@signed_in
def add_line(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Give the patient a line, or say what is wrong with it."""
    shown = _series(visit, patient_id)
    match read_line(request.form, patient_id, visit.person.id, visit.now):
        case Errors(by_field):
            page = treatments_page(shown, visit.now, visit.person.zone)
            return render(replace(page, chosen=request.form, errors=by_field)), 422
        case OwnLine() as line:
            add_care_line(visit.db, line)
            return _to_lines(patient_id)


@blueprint.post("/patients/<patient_id>/care-lines/<line_id>/end")
@signed_in
def end_line(visit: Visit, patient_id: str, line_id: str) -> ResponseReturnValue:
    """Withdraw a line."""
    shown = _series(visit, patient_id)
    if line_id in {line.id for line in shown.own_lines}:  # otherwise another person was faster
        end_care_line(visit.db, line_id, visit.person.id, visit.now)
    return _to_lines(patient_id)


def _to_lines(patient_id: str) -> ResponseReturnValue:
    address = url_for("treatments.series", patient_id=patient_id, _anchor="own-lines")
    return redirect(address, code=303)
