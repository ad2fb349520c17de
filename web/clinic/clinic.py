"""The clinic's hours and numbers, and the pages that it leads to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import ClassVar, TypeVar

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.clinic.clinic import (
    Changed,
    ChangedMeanwhile,
    change_clinic,
    show_clinic,
    show_first_day,
)
from tracker.actions.clinic.health import show_health
from tracker.actions.desk.outcomes import show_outcomes
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.clinic.clinic import (
    Clinic,
    FirstDay,
    FirstStep,
    check_clinic_name,
    check_emergency_number,
    check_phone,
)
from tracker.domain.clinic.opening_hours import (
    WEEKDAYS,
    OpeningHours,
    read_closed_days,
    read_spans,
    spans_words,
)
from tracker.domain.people.access import may_administer, may_see_outcomes, may_see_staff, require
from tracker.domain.people.people import Duty, Person
from tracker.domain.people.staff import STAFF_ROLES, Position, Reassignment, Status
from tracker.domain.people.time_zones import check_time_zone, known_time_zones
from tracker.domain.texts import one_line
from web import session
from web.clinic.health import health_page
from web.clinic.outcomes import outcomes_page
from web.forms import Errors, sentence
from web.pages import render
from web.session import Visit, signed_in


@dataclass(frozen=True, slots=True)
class HoursPage:
    """Numbers and opening hours; `chosen` is what the form holds.

    `meanwhile` means that another person has changed them since the page was opened.
    """

    template: ClassVar[str] = "clinic_hours.html"
    place: ClassVar[str] = "clinic"
    weekdays: ClassVar[Sequence[str]] = WEEKDAYS

    chosen: Mapping[str, str]
    zones: Sequence[str]
    errors: Mapping[str, str] = field(default_factory=dict)
    saved: bool = False
    meanwhile: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The page's name."""
        return "Name, numbers and opening hours"


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: what is missing, empty when done, and where it is done (`href`, `link`)."""

    name: str
    is_done: bool
    found: str
    href: str
    link: str


@dataclass(frozen=True, slots=True)
class FirstDayPage:
    """The checklist of the first day, what is open first."""

    template: ClassVar[str] = "clinic_first_day.html"
    place: ClassVar[str] = "clinic"

    rows: tuple[StepRow, ...]

    @property
    def open(self) -> int:
        """How many steps are open."""
        return sum(not row.is_done for row in self.rows)

    @property
    def title(self) -> str:
        """The page's name."""
        return "Before your first patient"


STEPS: Mapping[FirstStep, tuple[str, str, str]] = {
    FirstStep.NUMBERS: ("Telephone and emergency number", "clinic.hours", "Enter the numbers"),
    FirstStep.HOURS: ("Opening hours", "clinic.hours", "Enter the hours"),
    FirstStep.MAIL: ("Mail", "clinic.health", "Look at health"),
    FirstStep.COLLEAGUE: ("A colleague", "staff.invite", "Invite a colleague"),
    FirstStep.PROTOCOLS: ("Signed protocols", "protocol_editor.index", "Read and sign protocols"),
    FirstStep.BACKUP: ("Backup", "clinic.health", "Look at health"),
}


def first_day_page(day: FirstDay) -> FirstDayPage:
    """The checklist in words."""
    rows = []
    for step, is_done in sorted(day.done.items(), key=lambda each: each[1]):
        name, endpoint, link = STEPS[step]
        if step is FirstStep.MAIL and day.has_mail_server:
            endpoint, link = "staff.invite", "Invite a colleague by mail"
        found = "" if is_done else _missing(step, day)
        rows.append(StepRow(name, is_done, found, url_for(endpoint), link))
    return FirstDayPage(tuple(rows))


def _missing(step: FirstStep, day: FirstDay) -> str:
    numbers = {"telephone": day.clinic.phone, "emergency": day.clinic.emergency_number}
    lacking = [name for name, number in numbers.items() if not number]
    are = "number is" if len(lacking) == 1 else "numbers are"
    server = "No mail server is set (AFTERGLOW_SMTP). Urgent alerts reach no one by mail."
    unsent = "No mail went out yet. An invitation to a colleague shows whether mail works."
    broke_off = "The last backup broke off. The worker’s log says why."
    unmade = "No backup was made yet. OPERATING.md says how (AFTERGLOW_BACKUP_TO)."
    can = "One practitioner" if day.answering else "No practitioner"
    return {
        FirstStep.NUMBERS: f"The {' and '.join(lacking)} {are} missing. "
        "Patients with a red flag are asked to call.",
        FirstStep.HOURS: "No hours are entered. Patients cannot see when messages are read.",
        FirstStep.MAIL: unsent if day.has_mail_server else server,
        FirstStep.COLLEAGUE: f"{can} can sign in and answer alerts. An urgent alert without an "
        "answer needs a second one.",
        FirstStep.PROTOCOLS: f"Not signed by a clinic: {', '.join(day.unsigned)}. "
        "A practitioner signs them.",
        FirstStep.BACKUP: broke_off if day.is_backup_failing else unmade,
    }[step]


def hours_page(clinic: Clinic, reader: Person, *, saved: bool) -> HoursPage:
    """The stored values; the zone is the reader's until the clinic's is known."""
    chosen = fields(clinic)
    if not clinic.edition:
        chosen["time_zone"] = reader.time_zone
    return HoursPage(chosen, known_time_zones(), saved=saved)


def wrong_hours_page(chosen: Mapping[str, str], errors: Mapping[str, str]) -> HoursPage:
    """The form as it was sent, with what is wrong."""
    return HoursPage(chosen, known_time_zones(), errors)


def outdated_hours_page(chosen: Mapping[str, str], theirs: Clinic) -> HoursPage:
    """The form as it was sent, and what another person has stored meanwhile."""
    known = fields(theirs)
    differs = {name: words for name, words in known.items() if words != chosen.get(name, "")}
    return HoursPage(
        {**chosen, "edition": known["edition"]},
        known_time_zones(),
        meanwhile={name: words for name, words in differs.items() if name != "edition"},
    )


def fields(clinic: Clinic) -> dict[str, str]:
    """As the form writes them."""
    hours = clinic.hours
    days = zip(WEEKDAYS, hours.week, strict=True)
    return {
        "name": clinic.name,
        "phone": clinic.phone,
        "emergency_number": clinic.emergency_number,
        "time_zone": hours.time_zone,
        **{day.lower(): spans_words(spans) for day, spans in days},
        "closed": "\n".join(str(days) for days in hours.closed),
        "edition": str(clinic.edition),
    }


T = TypeVar("T")
MOST_DIGITS = 6  # of a page number


def read_clinic(form: Mapping[str, str]) -> Clinic | Errors:
    """Numbers and hours; `edition` is that of the page on which they were written."""
    errors: dict[str, str] = {}

    def field(name: str, read: Callable[[str], T], otherwise: T) -> T:
        try:
            return read(form.get(name, "").strip())
        except ValueError as error:
            errors[name] = sentence(str(error))
            return otherwise

    hours = OpeningHours(
        time_zone=field("time_zone", check_time_zone, "UTC"),
        week=tuple(field(day.lower(), read_spans, ()) for day in WEEKDAYS),
        closed=field("closed", read_closed_days, ()),
    )
    clinic = Clinic(
        hours=hours,
        phone=field("phone", check_phone, ""),
        emergency_number=field("emergency_number", check_emergency_number, ""),
        edition=field("edition", int, 0),
        name=field("name", check_clinic_name, ""),
    )
    return Errors(errors) if errors else clinic


def read_position(form: Mapping[str, str]) -> Position | Errors:
    """A person's position at the clinic."""
    role = next((each for each in STAFF_ROLES if each == form.get("role")), None)
    if role is None:
        return Errors({"role": "Choose what the person is at the clinic."})
    duties = {Duty.ADMINISTRATION} if form.get("administration") == "yes" else set()
    is_suspended = form.get("status") == Status.SUSPENDED
    return Position(role, frozenset(duties), Status.SUSPENDED if is_suspended else Status.ACTIVE)


def read_reassignment(form: Mapping[str, str], person_id: str) -> Reassignment | Errors:
    """A new position, based on the one that the page showed."""
    match read_position(form):
        case Errors() as errors:
            return errors
        case Position() as to:
            successor = form.get("hand_over_to") or None
            return Reassignment(person_id, form.get("was", ""), to, successor)


def read_turn(form: Mapping[str, str]) -> int | None:
    """The turn in which a person is notified, None to leave. Raises ValueError."""
    if form.get("leave") == "yes":
        return None
    turn = form.get("turn", "")
    if not turn.isdecimal():
        raise ValueError("choose a turn")
    return int(turn)


def read_page_number(query: Mapping[str, str]) -> int:
    """Which page of a list, the first is 1; also the first if it is not a number."""
    asked = query.get("page", "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < MOST_DIGITS else 1


def read_audit_search(
    query: Mapping[str, str], names: Mapping[str, str], reader: Person
) -> Search | Errors:
    """Which entries; days are those of the reader, `names` those that the reader may see, by id.

    Other people are found by the beginning of their id.
    """
    errors: dict[str, str] = {}

    def midnight(name: str, extra_days: int) -> datetime | None:
        try:
            return _midnight(query.get(name, ""), extra_days, reader)
        except (ValueError, OverflowError):
            errors[name] = "Choose a day, or write it as 2026-12-24."
            return None

    since, until = midnight("since", 0), midnight("until", 1)
    if errors:
        return Errors(errors)
    return Search(
        by=query.get("by") or None,
        act=next((act for act in Act if act == query.get("act")), None),
        about=_about(one_line(query.get("about", "")), names),
        since=since,
        until=until,
    )


def _midnight(text: str, extra_days: int, reader: Person) -> datetime | None:
    if not text:
        return None
    day = date.fromisoformat(text) + timedelta(days=extra_days)
    return reader.moment_of(day, hour=0)


def _about(text: str, names: Mapping[str, str]) -> frozenset[str] | None:
    if not text:
        return None
    named = (key for key, name in names.items() if text.casefold() in name.casefold())
    return frozenset(named) | {text.lower()}


blueprint = Blueprint("clinic", __name__, url_prefix="/clinic")


@blueprint.get("/")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """The first page about the clinic that this person may open."""
    return first_page(visit)


def first_page(visit: Visit) -> ResponseReturnValue:
    """Redirect to the first page."""
    require(may_see_staff(visit.viewer))
    if may_administer(visit.viewer) and is_first_day():
        return redirect(url_for("clinic.first_day"), code=303)
    first = "clinic.outcomes" if may_see_outcomes(visit.viewer) else "staff.index"
    return redirect(url_for(first), code=303)


@blueprint.app_template_global()
def is_first_day() -> bool:
    """Whether something on the checklist of the first day is open; looked up once a request."""
    if "is_first_day" not in g:
        found = session.resources()
        day = show_first_day(found.db, found.world.settings, found.world.protocols)
        g.is_first_day = not day.is_over
    return bool(g.is_first_day)


@blueprint.get("/first-day")
@signed_in
def first_day(visit: Visit) -> ResponseReturnValue:
    """The checklist of the first day; once all is done, the page that Clinic opens on."""
    require(may_administer(visit.viewer))
    if not is_first_day():
        return first_page(visit)
    world = visit.world
    return render(first_day_page(show_first_day(visit.db, world.settings, world.protocols)))


@blueprint.get("/hours")
@signed_in
def hours(visit: Visit) -> ResponseReturnValue:
    """Opening hours and numbers."""
    require(may_administer(visit.viewer))
    saved = request.args.get("saved") == "yes"
    return render(hours_page(show_clinic(visit.db), visit.person, saved=saved))


@blueprint.post("/hours")
@signed_in
def save_hours(visit: Visit) -> ResponseReturnValue:
    """Keep them, or name what is wrong."""
    require(may_administer(visit.viewer))
    match read_clinic(request.form):
        case Errors(by_field):
            return render(wrong_hours_page(request.form, by_field)), 422
        case Clinic() as clinic:
            outcome = change_clinic(visit.db, clinic, visit.person.id, visit.now)
    match outcome:
        case Changed():
            return redirect(url_for(".hours", saved="yes"), code=303)
        case ChangedMeanwhile(theirs):
            return render(outdated_hours_page(request.form, theirs)), 409


@blueprint.get("/health")
@signed_in
def health(visit: Visit) -> ResponseReturnValue:
    """The state of the system behind the pages."""
    require(may_administer(visit.viewer))
    world = visit.world
    facts = show_health(visit.db, world.settings, world.protocols, visit.now)
    cluster = world.settings.cluster
    return render(health_page(facts, visit.person.zone, cluster.dashboard if cluster else None))


@blueprint.get("/outcomes")
@signed_in
def outcomes(visit: Visit) -> ResponseReturnValue:
    """How courses and alerts ended, in numbers."""
    require(may_see_outcomes(visit.viewer))
    protocols = visit.world.protocols
    return render(outcomes_page(show_outcomes(visit.db, protocols, visit.now), protocols))
