"""Forms about treatments at the clinic: filled from the record, and read back from a request."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.actions.course.showing_treatments import Series, TreatmentSession
from tracker.domain.course.procedures import (
    MAX_REASON_LENGTH,
    MOST_PASSES,
    Procedure,
    Product,
    ProductUse,
    answers_told,
)
from tracker.domain.course.session_plans import MOST_DAYS, MOST_SESSIONS, SessionPlan
from tracker.domain.course.treatments import AREAS, Region, Setting, Treatment
from tracker.domain.people.people import Person
from tracker.domain.protocols.aftercare import DatesSwapped, OwnLine
from tracker.domain.protocols.ahead import Unheard
from tracker.domain.protocols.care import Heading
from tracker.domain.protocols.protocols import Asks, Protocol
from tracker.domain.protocols.screening import MAX_TEXT_LENGTH, Screening
from web.forms import Errors, Form, local_time, one_of, sentence, typed
from web.screening import ASKED
from web.words.treatments import session_number_words, session_time_words
from web.words.words import born_words, number_words, treatment_words

DEPTH = re.compile(r"\d(?:[.,]\d{1,2})?")
PASSES = re.compile(r"\d{1,3}")
NOT_CONFIRMED = "The patient answered this with a warning. Ask again, and choose yes or no."
NOT_KNOWN = "not_known"  # the treatment is withdrawn and entered for no one


@dataclass(frozen=True, slots=True)
class Entered:
    """A treatment as it was entered; `planned` means that it is still to come."""

    treatment: Treatment
    planned: bool


@dataclass(frozen=True, slots=True)
class WrongPatientPage:
    """The form that withdraws a treatment that was entered for the wrong patient.

    `others` are those for whom it can be entered, as id and words; `left` says what stays.
    """

    template: ClassVar[str] = "treatment_wrong_patient.html"
    place: ClassVar[str] = "patients"
    not_known: ClassVar[str] = NOT_KNOWN

    patient_id: str
    name: str
    unread: int
    treatment_id: str
    treatment: str
    left: str
    others: tuple[tuple[str, str], ...]
    chosen: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The page's name."""
        return "Entered for the wrong patient"


def wrong_patient_page(
    series: Series,
    session: TreatmentSession,
    mine: Sequence[Person],
    chosen: Mapping[str, str] | None = None,
) -> WrongPatientPage:
    """The form; `mine` are the patients of its reader, told apart by more than the name."""
    count = session.photos
    return WrongPatientPage(
        patient_id=series.patient.id,
        name=series.patient.name,
        unread=series.unread,
        treatment_id=session.treatment.id,
        treatment=treatment_words(session.treatment, session.protocol.title),
        left=f"{count} photo{'' if count == 1 else 's'}" if count else "",
        others=tuple(
            (each.id, ", ".join(filter(None, (each.name, born_words(each), number_words(each)))))
            for each in mine
            if each.id != series.patient.id
        ),
        chosen=chosen or {},
    )


@dataclass(frozen=True, slots=True)
class PlanForm:
    """The form for the plan of a patient's sessions, counted from the latest one that was entered.

    `now` says where the patient is, empty without a plan; `least_days` is what the protocol asks
    for between two of these sessions, 0 if it asks for nothing.
    """

    treatment_id: str
    treatment: str
    now: str
    least_days: int
    chosen: Mapping[str, str]
    most_sessions: int = MOST_SESSIONS
    most_days: int = MOST_DAYS


def plan_form(series: Series, now: datetime) -> PlanForm | None:
    """The form with what the plan says; None before any treatment was entered."""
    given = [each for each in series.sessions if not each.treatment.is_withdrawn]
    if not given:
        return None
    latest, plan, so_far = given[-1], series.plan, series.so_far
    treatment, zone = latest.treatment, series.patient.zone
    booked = so_far.booked if len(given) > 1 else None
    time = session_time_words(so_far, booked, now, zone)
    words = ", ".join(
        filter(None, (session_number_words(so_far), f"the next one {time}" if time else ""))
    )
    of_kind = sum(each.treatment.kind == treatment.kind for each in given)
    number = so_far.number + bool(booked) if so_far.number is not None else of_kind
    rules = [rule.least_days for rule in latest.protocol.spacing if rule.follows(treatment)]
    return PlanForm(
        treatment_id=treatment.id,
        treatment=treatment_words(treatment, latest.protocol.title),
        now=sentence(words) if words else "",
        least_days=max(rules, default=0),
        chosen={
            "number": str(number),
            "sessions": str(plan.sessions) if plan else "",
            "every_days": str(plan.every_days) if plan else "",
        },
    )


def read_plan(form: Form, patient_id: str, by: str, now: datetime) -> SessionPlan | Errors:
    """The plan of a patient's sessions."""
    given = {name: typed(form, name) for name in ("number", "sessions", "every_days")}
    wrong = [name for name, text in given.items() if PASSES.fullmatch(text) is None]
    if wrong:
        return Errors(dict.fromkeys(wrong, "Give a whole number."))
    numbers = {name: int(text) for name, text in given.items()}
    treatment_id = form.get("treatment", "")
    try:
        return SessionPlan(patient_id, treatment_id, **numbers, made_at=now, made_by=by)
    except ValueError as error:
        wrong_days = not 1 <= numbers["every_days"] <= MOST_DAYS
        return Errors({"every_days" if wrong_days else "number": sentence(str(error))})


def product_rows(form: Mapping[str, str]) -> int:
    """How many rows for products a form has."""
    return sum(1 for name in form if re.fullmatch(r"product_\d{1,2}", name))


def filled_anew(
    now: datetime,
    zone: ZoneInfo,
    by: str,
    like: Treatment | None,
    remembered: Treatment | None,
    *,
    planned: bool,
) -> dict[str, str]:
    """The content of a fresh form: now, at the clinic, by its user; all else as `like`.

    Without `like`, device, maker and depth are as in the treatment `remembered`. If it is
    `planned`, the time is left open. The screening is asked again before every session.
    """
    fresh = {"setting": str(Setting.CLINIC)}
    if like is not None:
        fresh |= filled_from(like, zone)
    elif remembered is not None:
        of_last = filled_from(remembered, zone)
        fresh |= {name: of_last[name] for name in ("device", "maker", "depth")}
    time = {"performed_at": "" if planned else _local(now, zone)}
    return {**fresh, "performed_by": by, "stage": "planned" if planned else "done", **time}


def filled_from(
    treatment: Treatment, zone: ZoneInfo, now: datetime | None = None
) -> dict[str, str]:
    """What is on record about a treatment, as the form's fields."""
    procedure = treatment.procedure
    fields = {
        "stage": "planned" if now and treatment.performed_at > now else "done",
        "performed_at": _local(treatment.performed_at, zone),
        "setting": str(treatment.setting),
        "variant": treatment.variant or "",
        "depth": "" if treatment.needle_depth_mm is None else f"{treatment.needle_depth_mm:g}",
        "device": procedure.device,
        "maker": procedure.maker,
        "passes": "" if procedure.passes is None else str(procedure.passes),
        "performed_by": procedure.performed_by,
    }
    for row, product in enumerate(procedure.products):
        fields |= {
            f"product_{row}": product.name,
            f"product_{row}_use": str(product.use),
            f"product_{row}_batch": product.batch,
        }
    return fields


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%dT%H:%M}"


def areas_of(treatment: Treatment | None) -> tuple[str, ...]:
    """The areas to tick: those of a treatment; none in a fresh form, so that they are chosen."""
    return tuple(str(area) for area in treatment.areas) if treatment else ()


def read_known(form: Form) -> int:
    """How many the form says its reader had seen; -1 without the field."""
    known = form.get("known", "")
    return int(known) if known.isdecimal() else -1


def read_heard(form: Form) -> int:
    """The number of the patient's latest answer that the reader of the form had seen; 0 of none."""
    heard = form.get("heard", "")
    return int(heard) if heard.isdecimal() else 0


def read_treatment(form: Form, protocol: Protocol, patient: Person) -> Entered | Errors:
    """The facts of a treatment, without an id; a time without a zone is the patient's own."""
    errors: dict[str, str] = {}
    performed_at = _performed_at(form, patient.zone, errors)
    setting = one_of(Setting, form.get("setting", ""))
    if setting is None:
        errors["setting"] = "Say where it was done."
    variant = form.get("variant") or None
    if protocol.variants and variant not in protocol.variants:
        errors["variant"] = "Choose which kind of it was done."
    areas = frozenset(Region(each) for each in form.getlist("areas") if each in set(AREAS))
    if not areas:
        errors["areas"] = "Choose at least one area."
    depth = _depth(form, protocol, errors)
    procedure = _procedure(form, errors)
    stage = form.get("stage")
    if stage not in {"done", "planned"}:
        errors["stage"] = "Say whether it has been done or is planned."
    if errors or performed_at is None or setting is None or procedure is None:
        return Errors(errors)
    treatment = Treatment(
        id="",
        patient_id=patient.id,
        kind=protocol.kind,
        performed_at=performed_at,
        setting=setting,
        needle_depth_mm=depth,
        areas=areas,
        variant=variant,
        procedure=procedure,
    )
    return Entered(treatment, planned=stage == "planned")


def read_screening(
    form: Form, protocol: Protocol, procedure: Procedure, by: str, now: datetime
) -> Screening | Errors:
    """The answers given; an open question stays open. What the procedure answers is not asked."""
    errors: dict[str, str] = {}
    answers: dict[str, bool | str] = {}
    told = answers_told(procedure)
    for question in protocol.screening:
        given = form.get(f"{ASKED}{question.id}", "").strip()
        if question.asks is Asks.YES_NO and given in {"yes", "no"}:
            answers[question.id] = given == "yes"
        elif question.asks is Asks.TEXT and (text := told.get(question.id, given)):
            answers[question.id] = text
            if len(text) > MAX_TEXT_LENGTH:
                errors[f"{ASKED}{question.id}"] = (
                    f"Keep the answer under {MAX_TEXT_LENGTH} characters."
                )
    reason = typed(form, "reason")
    if len(reason) > MAX_REASON_LENGTH:
        errors["reason"] = f"Keep the reason under {MAX_REASON_LENGTH} characters."
    return Errors(errors) if errors else Screening(answers, now, by, reason)


def unheard(found: Unheard) -> Errors:
    """What to do about each answer of the patient that was not confirmed."""
    return Errors({f"{ASKED}{name}": NOT_CONFIRMED for name in found.questions})


def read_line(form: Form, patient_id: str, by: str, now: datetime) -> OwnLine | Errors:
    """A line of aftercare for one patient, without an id."""
    errors: dict[str, str] = {}
    heading = one_of(Heading, form.get("heading", ""))
    if heading is None:
        errors["heading"] = "Choose a heading for it."
    first, last = (_date(form, name, errors) for name in ("first_date", "last_date"))
    if errors or heading is None or first is None or last is None:
        return Errors(errors)
    text = _line(form, "line")
    try:
        return OwnLine("", patient_id, heading, text, first, last, added_by=by, added_at=now)
    except ValueError as error:
        return Errors(
            {"last_date" if isinstance(error, DatesSwapped) else "line": sentence(str(error))}
        )


def _date(form: Form, name: str, errors: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(form.get(name, ""))
    except ValueError:
        errors[name] = "Choose a day."
        return None


def _performed_at(form: Form, zone: ZoneInfo, errors: dict[str, str]) -> datetime | None:
    performed_at = local_time(form.get("performed_at", ""), zone)
    if isinstance(performed_at, datetime) and 1900 < performed_at.year < 2200:
        return performed_at
    errors["performed_at"] = "Write the day and the time like 2026-03-05 08:10."
    return None


def _depth(form: Form, protocol: Protocol, errors: dict[str, str]) -> float | None:
    if protocol.needle_depth_mm is None:
        return None
    low, high = protocol.needle_depth_mm
    written = form.get("depth", "").strip()
    depth = float(written.replace(",", ".")) if DEPTH.fullmatch(written) else None
    if depth is None or not low <= depth <= high:
        errors["depth"] = f"Write how deep the needles went, from {low:g} to {high:g} mm."
    return depth


def _procedure(form: Form, errors: dict[str, str]) -> Procedure | None:
    passes = form.get("passes", "").strip()
    if passes and not (PASSES.fullmatch(passes) and 1 <= int(passes) <= MOST_PASSES):
        errors["passes"] = f"Write a whole number from 1 to {MOST_PASSES}, or leave it empty."
        passes = ""
    products = _products(form, errors)
    try:
        return Procedure(
            device=_line(form, "device"),
            maker=_line(form, "maker"),
            passes=int(passes) if passes else None,
            products=products,
            performed_by=_line(form, "performed_by"),
        )
    except ValueError as error:
        errors["device"] = sentence(str(error))
        return None


def _products(form: Form, errors: dict[str, str]) -> tuple[Product, ...]:
    products = []
    for row in range(product_rows(form)):
        name, batch = _line(form, f"product_{row}"), _line(form, f"product_{row}_batch")
        use = one_of(ProductUse, form.get(f"product_{row}_use", ""))
        if not name and not batch:
            continue
        if use is None:
            errors[f"product_{row}"] = "Say when the product was used."
            continue
        try:
            products.append(Product(name, use, batch))
        except ValueError as error:
            errors[f"product_{row}"] = sentence(str(error))
    return tuple(products)


def _line(form: Form, name: str) -> str:
    return " ".join(form.get(name, "").split())
