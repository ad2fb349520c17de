"""The work list: the data for its template, made from the action's result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.actions.desk.worklist import Worklist, WorklistRow
from tracker.domain.alerts.alerts import Concern
from tracker.domain.course.photos import GivenUp
from tracker.domain.course.readings import Change, Estimate, Quantity
from tracker.domain.course.treatments import day_number
from tracker.domain.desk.worklist import (
    Facts,
    Gauge,
    Group,
    LatestPhotos,
    Pair,
    WorklistQuery,
)
from tracker.domain.people.absences import Absence
from tracker.domain.people.people import Person
from tracker.domain.recovery.evidence_words import times
from web.charts.points import Spark, spark
from web.desk.alert_cards import AlertCard, alert_card
from web.words.times import day_and_month, day_words, when, withdrawn_words
from web.words.words import range_words, treatment_words

MARK_SIGNS = 12
ALERTS_SHOWN = 3  # of one patient; more are counted


@dataclass(frozen=True, slots=True)
class GroupWords:
    """A group in words; `mark` is a shape, so that colour is never alone."""

    name: str
    mark: str


GROUPS: Mapping[Group, GroupWords] = {
    Group.ANSWER: GroupWords("Needs an answer", "!"),
    Group.UNSEEN: GroupWords("New photos", "▣"),
    Group.SILENT: GroupWords("Silent", "…"),
    Group.SNOOZED: GroupWords("Snoozed", "◷"),
    Group.RECOVERING: GroupWords("Recovering", "↘"),
    Group.PLANNED: GroupWords("Not begun", "▹"),
    Group.FINISHED: GroupWords("Finished or paused", "✓"),
}
CHANGES: Mapping[Quantity, Mapping[Change, str]] = {
    Quantity.REDNESS: {
        Change.LESS: "↘ calmer",
        Change.SAME: "→ no change",
        Change.MORE: "↗ redder",
    },
    Quantity.PIGMENT: {
        Change.LESS: "↘ lighter",
        Change.SAME: "→ no change",
        Change.MORE: "↗ darker",
    },
}


@dataclass(frozen=True, slots=True)
class PatientRow:
    """One line of the work list; `card` is its worst alert, `others` the next worst.

    `more` counts those that are not shown. `gauge` names what `measured` is, such as
    `Redness, left cheek` next to an alert about it. `mark` changes when anything in the row does,
    except through the passing of time. `pair` are the last measured photo and the one from before,
    `pair_day` the day of the former; `is_old` when a newer photo came and is not measured.
    """

    id: str
    mark: str
    name: str
    in_place_of: str
    treatment: str
    day: str
    card: AlertCard | None
    others: tuple[AlertCard, ...]
    more: int
    gauge: str
    measured: str
    spark: Spark | None
    change: str
    photo: str
    unseen: str
    mail_trouble: bool
    came_from: str
    lost_photos: str
    care_withdrawn: str | None
    unread: int
    pair: Pair | None
    pair_day: str
    is_old: bool


@dataclass(frozen=True, slots=True)
class Section:
    """The patients of one group that this page shows; `count` is how many there are in all."""

    group: Group
    words: GroupWords
    count: int
    rows: tuple[PatientRow, ...]

    @property
    def more(self) -> int:
        """How many are not shown here."""
        return self.count - len(self.rows)


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to narrow the list: a link that keeps the other choices."""

    words: str
    mark: str
    count: int
    kept: Mapping[str, str]
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class StandInLine:
    """For whom the reader deputises: `link` holds the address parameters that show those alone."""

    words: str
    link: Mapping[str, str]
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """The patients in care, worst first; `waiting` counts those who wait for an action.

    `kept` holds the address parameters that show the same list from its beginning.
    """

    template: ClassVar[str] = "worklist.html"
    place: ClassVar[str] = "patients"

    sections: tuple[Section, ...]
    folded: tuple[Section, ...]
    choices: tuple[Choice, ...]
    stood_in: tuple[StandInLine, ...]
    notes: tuple[str, ...]
    kept: Mapping[str, str]
    sought: str
    found: int
    waiting: int
    has_patients: bool
    span: str
    earlier: str
    later: str
    here: Mapping[str, str]
    version: str

    @property
    def title(self) -> str:
        """The page's name."""
        return "Patients"


def worklist_page(
    listed: Worklist,
    query: WorklistQuery,
    reader: Person,
    now: datetime,
    *,
    version: str,
) -> WorklistPage:
    """The page of the work list that was asked for, times in the reader's zone.

    `version` is for the script that watches for changes.
    """
    zone = reader.zone
    part = listed.excerpt
    found = sum(part.counts.values())
    is_narrowed = bool(query.sought or query.whose or query.group)
    return WorklistPage(
        sections=tuple(
            _section(group, listed, list(rows), now, zone)
            for group, rows in groupby(listed.rows, key=lambda row: row.ranked.group)
        ),
        folded=tuple(
            _section(group, listed, rows, now, zone) for group, rows in listed.folded.items()
        ),
        choices=_choices(part.counts, query),
        stood_in=_stood_in(listed, query, reader.id, zone),
        notes=_notes(listed, zone),
        kept=_kept(query, query.group),
        sought=query.sought,
        found=found,
        waiting=sum(count for group, count in part.counts.items() if group.waits),
        has_patients=found > 0 or is_narrowed,
        span=_span(part.first, len(part.rows), part.total),
        earlier=str(part.earlier or ""),
        later=str(part.later or ""),
        here=here(query),
        version=version,
    )


def here(query: WorklistQuery) -> dict[str, str]:
    """The address parameters that show the same page of the same list."""
    places = {"after": str(query.after or ""), "before": str(query.before or "")}
    return _kept(query, query.group) | {name: place for name, place in places.items() if place}


def _stood_in(
    listed: Worklist, query: WorklistQuery, reader_id: str, zone: ZoneInfo
) -> tuple[StandInLine, ...]:
    """Everyone the reader deputises for, with links to one's own patients alone and back to all."""
    notes = [
        StandInLine(
            f"Standing in for {each.absent.name} until {_end(each.absence, zone)}:"
            f" {each.patients:,} {'patient' if each.patients == 1 else 'patients'}",
            _kept(query, query.group, each.absent.id),
            each.absent.id == query.whose,
        )
        for each in listed.stood_in
    ]
    if not notes:
        return ()
    own = StandInLine("Only my own", _kept(query, query.group, reader_id), query.whose == reader_id)
    everybody = StandInLine("Everybody’s", _kept(query, query.group, ""), query.whose is None)
    return (everybody, own, *notes)


def _notes(listed: Worklist, zone: ZoneInfo) -> tuple[str, ...]:
    """What else the reader must know about absences."""
    notes = [
        f"You will stand in for {listed.named[each.person_id].name} from"
        f" {day_and_month(each.begins_at, zone)} until {_end(each, zone)}."
        for each in listed.coming
    ]
    if (own := listed.own_absence) is not None:
        deputy = listed.named[own.deputy_id] if own.deputy_id else None
        told = "the next in turn is asked"
        if deputy is not None and deputy.answers_alerts:
            told = f"{deputy.name} stands in"
        notes.append(f"You are away until {_end(own, zone)}; {told}.")
    return tuple(notes)


def _end(absence: Absence, zone: ZoneInfo) -> str:
    """The last day of an absence, as the reader counts days."""
    return day_and_month(absence.ends_at - timedelta(microseconds=1), zone)


def _kept(query: WorklistQuery, group: Group | None, whose: str | None = None) -> dict[str, str]:
    """The address parameters of a choice; `whose` overrides that of the query."""
    chosen = (query.whose or "") if whose is None else whose
    kept = {"show": str(group or ""), "q": query.sought, "whose": chosen}
    return {name: value for name, value in kept.items() if value}


def _choices(counts: Mapping[Group, int], query: WorklistQuery) -> tuple[Choice, ...]:
    """Everyone, then each group that has a patient in it (or is chosen, however empty)."""
    everybody = Choice("All", "", sum(counts.values()), _kept(query, None), query.group is None)
    return (
        everybody,
        *(
            Choice(words.name, words.mark, counts[group], _kept(query, group), group is query.group)
            for group, words in GROUPS.items()
            if counts[group] or group is query.group
        ),
    )


def _span(first: int, shown: int, total: int) -> str:
    """`51–100 of 245`; empty if everything is on one page."""
    return "" if shown == total else f"{first:,}–{first + shown - 1:,} of {total:,}"


def _section(
    group: Group, listed: Worklist, rows: Sequence[WorklistRow], now: datetime, zone: ZoneInfo
) -> Section:
    shown = tuple(patient_row(row, listed.named, now, zone) for row in rows)
    return Section(group, GROUPS[group], listed.excerpt.counts[group], shown)


def patient_row(
    row: WorklistRow, named: Mapping[str, Person], now: datetime, zone: ZoneInfo
) -> PatientRow:
    """What the list shows of a patient; `named` are the staff in it, by id."""
    treatment, photos, facts = row.treatment, row.photos, row.ranked.facts
    cards = tuple(alert_card(each, row.patient, named, now, zone) for each in row.alerts)
    kind = treatment.kind.replace("_", " ").capitalize() if treatment else ""
    pair = photos.pair if photos else None
    return PatientRow(
        id=row.patient.id,
        mark=_mark(row),
        name=row.patient.name,
        in_place_of=named[facts.in_place_of].name if facts.in_place_of else "",
        treatment=treatment_words(treatment, kind) if treatment else "No treatment yet",
        day="" if row.day is None else day_words(row.day),
        card=cards[0] if cards else None,
        others=cards[1:ALERTS_SHOWN],
        more=max(0, len(cards) - ALERTS_SHOWN),
        gauge=_gauge_words(photos),
        measured=_measured(photos.latest) if photos and photos.latest else "",
        spark=spark(photos.recent, photos.gauge.quantity) if photos else None,
        change=_change_words(row),
        photo=when(photos.taken_at, now, zone) if photos else "",
        unseen=_unseen(facts, now, zone),
        mail_trouble=row.mail_trouble,
        came_from=row.came_from,
        lost_photos=_lost(facts.given_up),
        care_withdrawn=withdrawn_words(facts.care_withdrawn_at, now, zone),
        unread=facts.unread,
        pair=pair,
        pair_day=day_words(day_number(treatment, pair.taken_at, row.patient.zone))
        if pair and treatment
        else "",
        is_old=photos is not None and pair is not None and pair.taken_at < photos.taken_at,
    )


def _change_words(row: WorklistRow) -> str:
    """The change since the photo before; a calm one is left out while an alert is not closed."""
    photos = row.photos
    if photos is None or photos.change is None:
        return ""
    if row.alerts:
        fades = row.alerts[0].alert.concern is Concern.HYPOPIGMENTATION
        if photos.change is not (Change.LESS if fades else Change.MORE):
            return ""
    return CHANGES[photos.gauge.quantity][photos.change]


def _measured(latest: Estimate) -> str:
    """`1.8 × (1.6 to 2.0 ×)`."""
    return f"{times(latest.value)} ({range_words(latest)})"


def _gauge_words(photos: LatestPhotos | None) -> str:
    gauge = photos.gauge if photos else Gauge()
    return f"{gauge.quantity.capitalize()}, {gauge.region.words}"


def _unseen(facts: Facts, now: datetime, zone: ZoneInfo) -> str:
    """How many photos no one has looked at, and for how many days, as the reader counts them."""
    if facts.unseen_since is None:
        return ""
    count = "1 new photo" if facts.unseen == 1 else f"{facts.unseen} new photos"
    days = (now.astimezone(zone).date() - facts.unseen_since.astimezone(zone).date()).days
    match days:
        case 0:
            words = f"{count}, came today"
        case 1:
            words = f"{count}, unseen since yesterday"
        case _:
            words = f"{count}, unseen for {days} days"
    kinds = (
        (facts.waiting, "not measured yet"),
        (facts.sides, "from the side"),
        (facts.early, "without a treatment"),
    )
    told = (f"{n} {which}" if facts.unseen > 1 else which for n, which in kinds if n)
    return ", ".join((words, *told))


def _lost(given_up: Sequence[GivenUp]) -> str:
    """What could not be measured, and what that means for the patient."""
    if any(photo.is_baseline for photo in given_up):
        return "The photo from before cannot be used"
    if not given_up:
        return ""
    photos = "1 photo" if len(given_up) == 1 else f"{len(given_up)} photos"
    return f"{photos} could not be measured"


def _mark(row: WorklistRow) -> str:
    facts = row.ranked.facts
    told = (
        row.ranked.group,
        [
            (each.alert.id, each.alert.raised_at, each.alert.stage, each.alert.read_at)
            for each in row.alerts
        ],
        (facts.unread, facts.unseen, facts.waiting, facts.sides, facts.early),
        (facts.care_withdrawn_at, facts.treatment_id),
        (row.photos, row.mail_trouble, facts.given_up, row.patient.name),
    )
    return sha256(repr(told).encode()).hexdigest()[:MARK_SIGNS]
