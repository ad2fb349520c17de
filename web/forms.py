"""Form data: a request becomes a typed value, or messages next to each field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.datastructures.file_storage import FileStorage

from tracker.domain.alerts.alert_life import (
    MAX_WHY_LENGTH,
    SNOOZE_REASON,
    Resolution,
    ShownAlert,
    Snooze,
)
from tracker.domain.alerts.alerts import Alert, Level, Outcome
from tracker.domain.course.check_ins import (
    HABITS,
    HELP,
    MAX_FREE_TEXT_LENGTH,
    SCALES,
    SIGNS,
    Answers,
    Queued,
    Trend,
)
from tracker.domain.course.photos import PhotoRole, Sides, SkinState, Upload, View
from tracker.domain.course.readings import Quantity
from tracker.domain.course.sides import Said
from tracker.domain.course.treatments import Region
from tracker.domain.desk.worklist import Group, Place, WorklistQuery
from tracker.domain.people.absences import Leave
from tracker.domain.people.people import HOURS, MAX_NAME_LENGTH, Person, Role
from tracker.domain.people.time_zones import check_time_zone
from tracker.domain.protocols.own_treatments import OwnTreatment
from tracker.domain.protocols.protocols import Asks, Protocol
from tracker.domain.talk.conversation import Draft
from tracker.domain.texts import one_line
from web.charts.leaves import Leaves
from web.charts.recovery import Focus
from web.parts import photos_in

K = TypeVar("K", bound=StrEnum)

KEY = re.compile(r"[0-9a-zA-Z-]{16,64}")
LEAF_NUMBER = re.compile(r"[1-9][0-9]{0,5}")

Form = ImmutableMultiDict[str, str]
Files = ImmutableMultiDict[str, FileStorage]


@dataclass(frozen=True, slots=True)
class Errors:
    """What is wrong, by field name; each text says the remedy."""

    by_field: Mapping[str, str]


def read_upload(form: Form, files: Files, zone: ZoneInfo) -> Upload | Errors:
    """The photo and the words about it; a time without a zone is the patient's own."""
    errors: dict[str, str] = {}
    sent = photos_in(files)
    if len(sent) != 1:
        errors["photo"] = (
            "Choose a photo first." if not sent else "Send one photo at a time; choose only one."
        )
    role = one_of(PhotoRole, form.get("role", ""))
    if role is None:
        errors["role"] = "Say whether the photo is from before or after your treatment."
    state = one_of(SkinState, form.get("skin_state", SkinState.CLEAN))
    if state is None:
        errors["skin_state"] = "Choose one of the skin states."
    view = one_of(View, form.get("view", View.FRONT))
    if view is None:
        errors["view"] = "Choose one of the three views."
    taken_at = local_time(form.get("taken_at", ""), zone)
    is_just_now = form.get("just_now") == "yes"
    if isinstance(taken_at, str):
        errors["taken_at"] = taken_at
    elif taken_at is not None and is_just_now:
        errors["taken_at"] = "Tick “just now” or give a day and time, not both."
    if errors or role is None or state is None or view is None or isinstance(taken_at, str):
        return Errors(errors)
    return Upload(
        data=sent[0].read(),
        role=role,
        taken_at=taken_at,
        skin_state=state,
        made_at=_phone_time(form, zone),
        view=view,
        sent_at=_moment(form, "sent_at"),
        is_fresh=form.get("source") in {"camera", "page"},
        is_just_now=is_just_now,
        sides=Sides.SURE if form.get("source") == "page" else Sides.UNKNOWN,
    )


@dataclass(frozen=True, slots=True)
class SentSides:
    """What was said about left and right in a photo; `known` is how many answers were shown."""

    photo_id: str
    said: Said
    known: int


def read_sides(form: Form) -> SentSides | None:
    """What was chosen, or that the person wants to say it later; None if nothing was chosen."""
    said = Said.LATER if "later" in form else one_of(Said, form.get("said", ""))
    known = form.get("known", "")
    shown = int(known) if re.fullmatch(r"[0-9]{1,6}", known) else -1
    return None if said is None else SentSides(form.get("photo", ""), said, shown)


@dataclass(frozen=True, slots=True)
class SentAnswers:
    """The content of the check-in form: the usable answers, and what is wrong, by field.

    `wants_help` means that the button "I need help now" was pressed; `is_as_before` as in CheckIn.
    """

    answers: Answers
    errors: Mapping[str, str]
    wants_help: bool
    is_as_before: bool = False


def read_check_in(form: Form) -> SentAnswers:
    """The answers. No question must be answered; what is left out is neither a yes nor a no.

    An empty box is a no only where "none of these" is ticked and no complaint is; then the form
    names the signs it asked for.
    """
    errors: dict[str, str] = {}
    scores = _scores(form, errors)
    trend = one_of(Trend, form.get("trend", ""))
    if trend is None and form.get("trend"):
        errors["trend"] = "Choose better, the same or worse, or leave it out."
    note = typed(form, "note")
    if len(note) > MAX_FREE_TEXT_LENGTH:
        errors["note"] = f"The note is too long; keep it under {MAX_FREE_TEXT_LENGTH} characters."
    signs = {name: True for name in SIGNS if name != HELP and form.get(name) == "yes"}
    if form.get("none") == "yes" and HABITS.issuperset(signs):
        signs = {name: name in signs for name in SIGNS if name in {*form.getlist("asked"), *signs}}
    wants_help = form.get("help") == "now"
    if wants_help:
        signs[HELP] = True
    answers = Answers(
        pain=scores["pain"],
        itch=scores["itch"],
        swelling=scores["swelling"],
        trend=trend,
        note="" if "note" in errors else note,
        **signs,
    )
    if answers.is_empty and not errors:
        errors["signs"] = (
            "Nothing is ticked or written yet, so there is nothing to send. "
            "Tick what is true, or “None of these”."
        )
    is_as_before = "," in form.get("as_before", "") and not any(map(form.get, SCALES))
    return SentAnswers(answers, errors, wants_help, is_as_before)


def _scores(form: Form, errors: dict[str, str]) -> dict[str, int | None]:
    """By name; of a score that is given and one that is confirmed the worse one counts."""
    scores: dict[str, int | None] = {}
    confirmed = dict(zip(SCALES, form.get("as_before", "").split(","), strict=False))
    for name, top in SCALES.items():
        possible = {str(score): score for score in range(top + 1)}
        given = form.get(name, "")
        if given and given not in possible:
            errors[name] = f"Choose one of the answers for {name}, or leave it out."
        known = [possible[text] for text in (given, confirmed.get(name)) if text in possible]
        scores[name] = max(known, default=None)
    return scores


def read_worklist_query(args: Mapping[str, str]) -> WorklistQuery:
    """What an address of the work list asks for; unknown parameters are ignored."""
    after, before = (Place.read(args.get(name, "")) for name in ("after", "before"))
    return WorklistQuery(
        group=one_of(Group, args.get("show", "")),
        sought=one_line(args.get("q", ""))[:MAX_NAME_LENGTH],
        whose=args.get("whose") or None,
        after=after,
        before=before if after is None else None,
    )


def read_shown_alert(form: Form, alert: Alert) -> ShownAlert | None:
    """This alert as shown on the page that the form came from; None when the form says nothing.

    Only the patient is taken from the current alert.
    """
    match form.get("shown", "").split(" "):
        case [level, steps, raised_at]:
            try:
                return ShownAlert(
                    id=alert.id,
                    patient_id=alert.patient_id,
                    level=Level(level),
                    raised_at=datetime.fromisoformat(raised_at),
                    steps=max(0, int(steps)),
                )
            except ValueError:
                return None
        case _:
            return None


def read_leave(form: Form) -> Leave | Errors:
    """The days a person is away and the deputy; none if none is named."""
    days, errors = {}, {}
    for name, words in (("first_day", "first"), ("last_day", "last")):
        try:
            days[name] = date.fromisoformat(form.get(name, ""))
        except ValueError:
            errors[name] = f"Choose the {words} day away."
    if errors:
        return Errors(errors)
    return Leave(days["first_day"], days["last_day"], form.get("deputy") or None)


def read_snooze(form: Form) -> Snooze | Errors:
    """The day and the reason; the alert decides whether the day is valid."""
    errors = _reason_errors(form, "snooze_why")
    if not typed(form, "snooze_why"):
        errors["snooze_why"] = sentence(SNOOZE_REASON)
    try:
        until = date.fromisoformat(form.get("until", ""))
    except ValueError:
        return Errors(errors | {"until": "Choose a day."})
    return Errors(errors) if errors else Snooze(until, typed(form, "snooze_why"))


def read_resolution(form: Form) -> Resolution | Errors:
    """The outcome and the reason."""
    errors = _reason_errors(form, "why")
    outcome = one_of(Outcome, form.get("outcome", ""))
    if outcome is None:
        errors["outcome"] = "Choose what it turned out to be."
    if errors or outcome is None:
        return Errors(errors)
    return Resolution(outcome, typed(form, "why"))


def read_mail_choice(form: Form, person: Person) -> Person | Errors:
    """The person with the hours and the time zone chosen; a patient may choose no reminder."""
    errors: dict[str, str] = {}
    zone = form.get("time_zone", "").strip()
    try:
        zone = check_time_zone(zone)
    except ValueError as error:
        errors["time_zone"] = sentence(str(error))
    hour = form.get("hour", "")
    if hour not in {str(each) for each in HOURS}:
        errors["hour"] = "Choose an hour."
    if errors:
        return Errors(errors)
    if person.role is not Role.PATIENT:
        return replace(person, digest_hour=int(hour), time_zone=zone)
    reminded = form.get("reminder") == "yes"
    return replace(person, reminder_hour=int(hour) if reminded else None, time_zone=zone)


def read_focus(said: MultiDict[str, str]) -> Focus:
    """Which chart to show large; what is missing or unknown is left to the page."""
    region, quantity = said.get("region", ""), said.get("quantity", "")
    return Focus(one_of(Region, region), one_of(Quantity, quantity))


def read_leaves(said: MultiDict[str, str]) -> Leaves:
    """Which parts of long lists to show; what is missing or no number is left to the page."""

    def number(name: str) -> int | None:
        asked = said.get(name, "")
        return int(asked) if LEAF_NUMBER.fullmatch(asked) else None

    return Leaves(
        photos=number("photos"),
        values=number("values"),
        spots=number("spots"),
        answers=number("answers"),
        photo=said.get("photo", ""),
    )


def sentence(remedy: str) -> str:
    """An error of the domain as a sentence for a page; names in it keep their capitals."""
    return f"{remedy[:1].upper()}{remedy[1:]}."


def _reason_errors(form: Form, field: str) -> dict[str, str]:
    if len(typed(form, field)) <= MAX_WHY_LENGTH:
        return {}
    return {field: f"The reason is too long; keep it under {MAX_WHY_LENGTH} characters."}


def read_draft(form: Form, files: Files) -> Draft | Errors:
    """A message, perhaps with a photo."""
    sent = photos_in(files)
    if len(sent) > 1:
        return Errors({"photo": "Send one photo at a time; choose only one."})
    key = form.get("key", "")
    if KEY.fullmatch(key) is None:
        return Errors({"text": "The page was not complete; send it once more."})
    text = typed(form, "text")
    try:
        return Draft(text, sent[0].read() if sent else None, key)
    except ValueError as error:
        words = str(error)
        return Errors({"text": f"{words[:1].upper()}{words[1:]}."})


def read_own_treatment(form: Form, protocol: Protocol, zone: ZoneInfo) -> OwnTreatment | Errors:
    """What a person is about to do at home; every yes-or-no question must be answered."""
    errors: dict[str, str] = {}
    answers: dict[str, bool | str] = {}
    for question in protocol.screening:
        given = form.get(question.id, "").strip()
        if question.asks is Asks.TEXT:
            answers[question.id] = given
        elif given in {"yes", "no"}:
            answers[question.id] = given == "yes"
        else:
            errors[question.id] = f"Answer yes or no: {question.question}"
    performed_at = local_time(form.get("performed_at", ""), zone)
    if not isinstance(performed_at, datetime):
        errors["performed_at"] = "Choose the day and time at which you roll."
    depth = form.get("depth", "")
    if re.fullmatch(r"0\.\d{1,2}", depth) is None:
        errors["depth"] = "Choose how long the needles are."
    if errors or not isinstance(performed_at, datetime):
        return Errors(errors)
    cautions_read = form.get("cautions_read") == "yes"
    return OwnTreatment(protocol.kind, performed_at, float(depth), answers, cautions_read)


def read_queued(form: Form) -> Queued | None:
    """The key and the times under which a page kept answers; None for a plain form."""
    key, made_at = form.get("key", ""), read_made_at(form)
    return (
        Queued(key, made_at, _moment(form, "sent_at")) if KEY.fullmatch(key) and made_at else None
    )


def read_made_at(form: Form) -> datetime | None:
    """When the page's script says that something was made, in UTC; None without a script."""
    return _moment(form, "made_at")


def _phone_time(form: Form, zone: ZoneInfo) -> datetime | None:
    """The same with the phone's own offset; pages of earlier versions sent UTC and none."""
    moment = read_made_at(form)
    if moment is None or form["made_at"].upper().endswith("Z"):
        return moment and moment.astimezone(zone)
    return datetime.fromisoformat(form["made_at"])


def _moment(form: Form, field: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(form.get(field, ""))
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def typed(form: Mapping[str, str], field: str) -> str:
    """What was typed; forms end a line with two characters, which people count as one."""
    return form.get(field, "").replace("\r\n", "\n").strip()


def one_of(kind: type[K], text: str) -> K | None:
    """The kind of this name, or None."""
    return kind(text) if text in set(kind) else None


def local_time(text: str, zone: ZoneInfo) -> datetime | str | None:
    """The moment, None when none was given, or what is wrong with it."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        local = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return "Write date and time like 2026-03-05 08:10, or leave it empty."
