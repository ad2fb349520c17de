"""Words for what is on record about a treatment."""

from collections.abc import Mapping
from datetime import datetime, time
from zoneinfo import ZoneInfo

from tracker.domain.course.outlines import Outlines
from tracker.domain.course.procedures import Product, ProductUse
from tracker.domain.course.session_plans import Sessions
from tracker.domain.course.treatments import Setting, Treatment
from tracker.domain.protocols.ahead import COUNTS, AheadAnswer, Told
from tracker.domain.protocols.screening import answer_words
from web.words.times import day_and_month, moment_words, short_date
from web.words.words import areas_words, depth_words

SETTINGS: Mapping[Setting, str] = {Setting.CLINIC: "In the clinic", Setting.HOME: "At home"}

PRODUCT_USES: Mapping[ProductUse, str] = {
    ProductUse.NUMBING: "Before, to numb",
    ProductUse.DURING: "During",
    ProductUse.AFTER: "After",
}


def product_words(product: Product) -> str:
    """`Lidocaine cream (before, to numb), batch 4711`."""
    batch = f", batch {product.batch}" if product.batch else ""
    return f"{product.name} ({PRODUCT_USES[product.use].lower()}){batch}"


MARK_FAULTS: Mapping[str, str] = {
    "too_small": "is too small to be measured; draw it larger",
    "outside": "is outside face, neck and upper chest; draw it on them",
    "no_skin": "shows too little bare skin, for hair, eyes, lips and shade do not count; move it",
}


def marking_words(outlines: Outlines) -> str:
    """`2 treated areas, 1 untreated`, or that nothing is drawn any more."""
    treated, untreated = len(outlines.treated), len(outlines.untreated)
    parts = [f"{treated} treated area{'' if treated == 1 else 's'}"] if treated else []
    parts += [f"{untreated} untreated"] if untreated else []
    return ", ".join(parts) or "nothing drawn any more"


def fact_words(treatment: Treatment, zone: ZoneInfo) -> dict[str, str]:
    """Every fact by its name, empty if it was not recorded; times in `zone`."""
    at, procedure = treatment.performed_at.astimezone(zone), treatment.procedure
    depth = treatment.needle_depth_mm
    return {
        "Treatment": treatment.kind.replace("_", " ").capitalize(),
        "Variant": (treatment.variant or "").replace("_", "-"),
        "When": f"{at:%a} {at.day} {at:%b %Y, %H:%M}",
        "Depth": "" if depth is None else depth_words(depth),
        "Areas": areas_words(treatment.areas),
        "Passes": "" if procedure.passes is None else str(procedure.passes),
        "Device": ", ".join(part for part in (procedure.device, procedure.maker) if part),
        "Treated by": procedure.performed_by,
        "Where": SETTINGS[treatment.setting].lower(),
        "Products": "; ".join(map(product_words, procedure.products)),
        "Course": "ended early" if treatment.ending else "goes on",
    }


def session_number_words(sessions: Sessions) -> str:
    """`Session 2 of 4`, empty without a plan."""
    return "" if sessions.number is None else f"Session {sessions.number} of {sessions.of}"


def session_time_words(
    sessions: Sessions, booked: Treatment | None, now: datetime, zone: ZoneInfo
) -> str:
    """`is tomorrow at 09:00`, `is due on Mon 9 Mar`, `was due on Mon 9 Mar`; empty if not known."""
    if booked is not None:
        at, today = booked.performed_at, now.astimezone(zone).date()
        is_today = at.astimezone(zone).date() == today
        words = moment_words(at, now, zone)
        return f"is today at {words}" if is_today else f"is {words}"
    if sessions.due is None:
        return ""
    is_past = sessions.due < now.astimezone(zone).date()
    day = day_and_month(datetime.combine(sessions.due, time(12), zone), zone)
    return f"{'was' if is_past else 'is'} due on {day}"


TOO_OLD = f"That is more than {COUNTS.days} days before the treatment: ask again."
ELSEWHERE = "The question was about another treatment: ask again."


def given_words(answer: AheadAnswer) -> str:
    """What a patient answered on the phone: `yes`, `no` or `don’t know`."""
    return "don’t know" if answer.answer is None else answer_words(answer.answer)


def told_words(told: Told, zone: ZoneInfo) -> str:
    """`Answered by the patient, 30 Nov, 18:04: yes.`, and what follows from it."""
    latest = told.latest
    words = f"Answered by the patient, {short_date(latest.at, zone)}: {given_words(latest)}."
    if told.was is not None:
        words += f" Before that, {short_date(told.was.at, zone)}: {given_words(told.was)}."
    if told.must_be_confirmed:
        return f"{words} Ask again, and choose what is right."
    if latest.answer is None or told.is_fresh:
        return words
    return f"{words} {TOO_OLD if told.is_here else ELSEWHERE}"
