"""The pages about how a patient is treated: the series of sessions, and the form for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.actions.course.showing_treatments import Series, TreatmentSession
from tracker.domain.course.procedures import ProductUse
from tracker.domain.course.treatments import AREAS, Correction, Setting, Treatment, day_number
from tracker.domain.protocols.aftercare import OwnLine
from tracker.domain.protocols.ahead import AheadTold, answers_for, told_ahead
from tracker.domain.protocols.care import Heading
from tracker.domain.protocols.protocols import Protocol, Severity
from web.desk.treatment_forms import PlanForm, plan_form
from web.screening import (
    CaveatRow,
    ChangeRow,
    ConfirmedCard,
    QuestionRow,
    ScreeningCard,
    ScreeningPage,
    confirmed_cards,
    edition_rows,
    elsewhere_rows,
    filled_in,
    from_answers,
    no_to_the_rest,
    question_rows,
    screening_card,
    status_words,
    still_chosen,
)
from web.words.times import day_words, short_date, until_words, when
from web.words.treatments import (
    PRODUCT_USES,
    SETTINGS,
    fact_words,
    marking_words,
    product_words,
)
from web.words.words import treatment_words

LEAST_PRODUCT_ROWS = 2
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SessionCard:
    """One session of the series; `state` is empty for a course that simply continues."""

    id: str
    number: int
    words: str
    day: str
    performed: str
    state: str
    facts: Pairs
    products: tuple[str, ...]
    baseline_id: str | None
    drawn: str
    photos: str
    screening: ScreeningCard
    screening_changes: tuple[ChangeRow, ...]
    confirmed: tuple[ConfirmedCard, ...]
    reason: str
    depth_missing: bool
    corrections: tuple[ChangeRow, ...]
    ended: str
    is_withdrawn: bool
    may_end: bool


@dataclass(frozen=True, slots=True)
class OwnLineRow:
    """An aftercare line for this patient only."""

    id: str
    heading: str
    line: str
    dates: str


@dataclass(frozen=True, slots=True)
class TreatmentsPage:
    """All sessions of a patient, the latest first, and the patient's own aftercare."""

    template: ClassVar[str] = "treatments.html"
    place: ClassVar[str] = "patients"
    headings: ClassVar[Pairs] = (
        (Heading.DO, "Do"),
        (Heading.AVOID, "Avoid"),
        (Heading.NORMAL, "Normal"),
        (Heading.CALL_US, "Call us if"),
    )

    patient_id: str
    name: str
    unread: int
    care_withdrawn: bool
    sessions: tuple[SessionCard, ...]
    lines: tuple[OwnLineRow, ...]
    plan: PlanForm | None
    chosen: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""

    @property
    def adds_line(self) -> bool:
        """Whether an aftercare line was sent that could not be kept."""
        return not self.errors.keys().isdisjoint({"heading", "line", "first_date", "last_date"})

    @property
    def title(self) -> str:
        """The page's name."""
        return f"Treatment of {self.name}"


@dataclass(frozen=True, slots=True)
class ChooseKindPage:
    """Which treatment is to be entered; each kind has its own questions."""

    template: ClassVar[str] = "treatment_kind.html"
    place: ClassVar[str] = "patients"

    patient_id: str
    name: str
    unread: int
    kinds: Pairs
    last: str
    last_id: str | None
    planned: str | None

    @property
    def title(self) -> str:
        """The page's name."""
        return "Enter a treatment"


@dataclass(frozen=True, slots=True)
class TreatmentForm:
    """The form for one session.

    `chosen` and `areas` are its contents; `caveats` are what the answers say against the treatment,
    which requires a reason; `kinds` are the other kinds to choose from when a treatment is
    corrected. `is_remembered` says that device and depth are those of the reader's last treatment.
    `heard` is the number of the patient's latest answer ahead that the form shows; `elsewhere` are
    those to questions that it does not ask.
    """

    template: ClassVar[str] = "treatment_form.html"
    place: ClassVar[str] = "patients"
    all_areas: ClassVar[Pairs] = tuple((str(area), area.words.capitalize()) for area in AREAS)
    settings: ClassVar[Pairs] = tuple((str(each), SETTINGS[each]) for each in Setting)
    uses: ClassVar[Pairs] = tuple((str(use), PRODUCT_USES[use]) for use in ProductUse)

    patient_id: str
    name: str
    unread: int
    zone: str
    kind: str
    kind_title: str
    depths: tuple[float, float] | None
    variants: Pairs
    questions: tuple[QuestionRow, ...]
    devices: tuple[str, ...]
    makers: tuple[str, ...]
    team: tuple[str, ...]
    known: int
    heard: int
    elsewhere: Pairs
    chosen: Mapping[str, str]
    areas: frozenset[str]
    product_rows: int
    corrects: str | None = None
    kinds: Pairs = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    caveats: tuple[CaveatRow, ...] = ()
    too_soon: tuple[str, ...] = ()
    notice: str = ""
    is_remembered: bool = False

    @property
    def against(self) -> tuple[CaveatRow, ...]:
        """What is against the treatment."""
        return tuple(c for c in self.caveats if c.kind == Severity.CONTRAINDICATION)

    @property
    def title(self) -> str:
        """The page's name."""
        return f"{'Correct' if self.corrects else 'Enter'}: {self.kind_title}"


def treatments_page(series: Series, now: datetime, reader: ZoneInfo) -> TreatmentsPage:
    """The series, times where the patient lives, and an empty form for a line of aftercare."""
    today = series.patient.date_at(now)
    return TreatmentsPage(
        patient_id=series.patient.id,
        name=series.patient.name,
        unread=series.unread,
        care_withdrawn=series.care_withdrawn_at is not None,
        sessions=tuple(_card(each, series, now, reader) for each in reversed(series.sessions)),
        lines=tuple(_line(each, today) for each in series.own_lines),
        plan=plan_form(series, now),
        chosen={"first_date": today.isoformat(), "last_date": today.isoformat()},
    )


def choose_kind_page(
    series: Series, protocols: Mapping[str, Protocol], planned: str | None = None
) -> ChooseKindPage:
    """All kinds that have a protocol, and the last session as a starting point.

    `planned` is kept in the addresses of the forms, which then plan the treatment.
    """
    given = [each for each in series.sessions if not each.treatment.is_withdrawn]
    last = given[-1] if given else None
    return ChooseKindPage(
        patient_id=series.patient.id,
        name=series.patient.name,
        unread=series.unread,
        kinds=kinds_of(protocols),
        last=treatment_words(last.treatment, last.protocol.title) if last else "",
        last_id=last.treatment.id if last else None,
        planned=planned,
    )


def kinds_of(protocols: Mapping[str, Protocol]) -> Pairs:
    """Every kind of treatment with its name, by name."""
    titles = [(kind, protocol.title) for kind, protocol in protocols.items()]
    return tuple(sorted(titles, key=lambda each: each[1]))


def treatment_form(
    series: Series,
    ahead: AheadTold,
    chosen: Mapping[str, str],
    areas: Sequence[str],
    rows: int,
    reader: ZoneInfo,
) -> TreatmentForm:
    """The form for a kind of treatment, filled with what is given.

    `ahead` is what the patient answered, as the protocol of that kind sees it.
    """
    protocol = ahead.protocol
    return TreatmentForm(
        patient_id=series.patient.id,
        name=series.patient.name,
        unread=series.unread,
        zone=series.patient.time_zone,
        kind=protocol.kind,
        kind_title=protocol.title,
        depths=protocol.needle_depth_mm,
        variants=tuple((v, v.replace("_", "-").capitalize()) for v in protocol.variants),
        questions=question_rows(protocol, series.patient, ahead, reader),
        devices=tuple(dict.fromkeys(device for device, _ in series.devices)),
        makers=tuple(dict.fromkeys(maker for _, maker in series.devices if maker)),
        team=series.team,
        known=len(series.sessions),
        heard=ahead.known,
        elsewhere=elsewhere_rows(ahead),
        chosen=chosen,
        areas=frozenset(areas),
        product_rows=max(rows, LEAST_PRODUCT_ROWS),
    )


def screening_page(series: Series, session: TreatmentSession, reader: ZoneInfo) -> ScreeningPage:
    """The form of a session's screening, filled with the answers on record, then by the record."""
    ahead = ahead_of(series, session)
    questions = question_rows(session.protocol, series.patient, ahead, reader)
    screening = session.screening.screening
    answers = from_answers(screening.answers) if screening else {}
    return ScreeningPage(
        patient_id=series.patient.id,
        name=series.patient.name,
        unread=series.unread,
        treatment_id=session.treatment.id,
        treatment=treatment_words(session.treatment, session.protocol.title),
        status=status_words(session.screening),
        questions=questions,
        edition=len(session.editions),
        heard=ahead.known,
        elsewhere=elsewhere_rows(ahead),
        chosen=still_chosen(questions, {**filled_in(questions), **answers}),
    )


def ahead_of(series: Series, session: TreatmentSession) -> AheadTold:
    """What the patient answered before a session and no practitioner has confirmed."""
    treatments = [each.treatment for each in series.sessions]
    said = answers_for(series.ahead, session.treatment, treatments)
    return told_ahead(said, session.protocol, session.treatment.performed_at)


def filled_further(form: TreatmentForm, pressed: Mapping[str, str]) -> TreatmentForm | None:
    """The form with what one of its own buttons adds; None if it was sent to be saved."""
    if "more" in pressed:
        return replace(form, product_rows=form.product_rows + 1)
    if "rest" in pressed:
        return replace(form, chosen=no_to_the_rest(form.questions, form.chosen))
    return None


def _card(
    session: TreatmentSession, series: Series, now: datetime, reader: ZoneInfo
) -> SessionCard:
    treatment, patient = session.treatment, series.patient
    ending = treatment.ending
    facts = fact_words(treatment, patient.zone)
    return SessionCard(
        id=treatment.id,
        number=session.number,
        words=treatment_words(treatment, session.protocol.title),
        day=day_words(day_number(treatment, now, patient.zone)),
        performed=facts["When"],
        state=_state(session, series, now),
        facts=tuple(
            (name, words)
            for name, words in facts.items()
            if words and name not in {"Treatment", "When", "Depth", "Variant", "Products", "Course"}
        ),
        products=tuple(product_words(each) for each in treatment.procedure.products),
        baseline_id=session.baseline.id if session.baseline else None,
        drawn=marking_words(session.markings[-1].outlines) if session.markings else "",
        photos=_photos_words(session),
        screening=screening_card(session.screening, patient, treatment, now, reader),
        screening_changes=edition_rows(session.editions, session.protocol, now, reader),
        confirmed=confirmed_cards(
            [each for each in series.ahead if each.treatment_id == treatment.id],
            session.editions,
            now,
            reader,
        ),
        reason=session.editions[-1].screening.reason if session.editions else "",
        depth_missing=session.protocol.is_depth_missing(treatment),
        corrections=tuple(
            _correction(each, after, patient.zone, now, reader)
            for each, after in zip(session.corrections, _afterwards(session), strict=True)
        ),
        ended=f"{short_date(ending.at, reader)} by {session.ended_by}: {ending.why}"
        if ending
        else "",
        is_withdrawn=treatment.is_withdrawn,
        may_end=ending is None and treatment.performed_at <= now,
    )


def _line(line: OwnLine, today: date) -> OwnLineRow:
    until = until_words(line.last_date, today)
    if line.last_date < today:
        until = f"Was until {line.last_date.day} {line.last_date:%b}"
    elif line.first_date > today:
        until = f"From {line.first_date.day} {line.first_date:%b}, {until.lower()}"
    return OwnLineRow(line.id, dict(TreatmentsPage.headings)[line.heading], line.line, until)


def _state(session: TreatmentSession, series: Series, now: datetime) -> str:
    if session.treatment.is_withdrawn:
        return "Withdrawn: wrong patient"
    if session.treatment.ending is not None:
        return "Ended early"
    if session.treatment.performed_at > now:
        return "Planned"
    later = series.sessions[session.number :]
    if any(e.treatment.performed_at <= now and not e.treatment.is_withdrawn for e in later):
        return "Followed by the next session"
    return ""


def _photos_words(session: TreatmentSession) -> str:
    count = f"{session.photos} photo{'' if session.photos == 1 else 's'}"
    return f"{count}, {session.waiting} still being measured" if session.waiting else count


def _afterwards(session: TreatmentSession) -> list[Treatment]:
    """What was on record after each correction."""
    return [*(each.before for each in session.corrections[1:]), session.treatment][
        : len(session.corrections)
    ]


def _correction(
    correction: Correction, after: Treatment, zone: ZoneInfo, now: datetime, reader: ZoneInfo
) -> ChangeRow:
    before, since = fact_words(correction.before, zone), fact_words(after, zone)
    return ChangeRow(
        who=correction.by,
        at=when(correction.at, now, reader),
        why=correction.why,
        changes=tuple(
            (name, before[name] or "nothing noted", since[name] or "nothing noted")
            for name in before
            if before[name] != since[name]
        ),
    )
