"""The work list: which patients wait for the clinic, in what order, and how it is paged."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from tracker.domain.alerts.alerts import Alert, Concern, Level, worst_first
from tracker.domain.course.photos import GivenUp
from tracker.domain.course.readings import Change, Estimate, Quantity, change_between
from tracker.domain.course.treatments import Region
from tracker.domain.protocols.aftercare import plan_ends
from tracker.domain.protocols.protocols import Protocols

PAGE = 50
FOLDED = 20  # rows of a folded group that are shown without opening its own page
_NO_LEVEL = len(Level) + 1
RECENT = 14  # measured photos whose course a row of the list draws
_MESSAGE = 2  # an unread message comes after reviews and before alerts that are only watched
_TIE_SIGNS = 12
# Letters without a removable accent that people still search for without it.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})


class Group(StrEnum):
    """What a patient is to the work list; the order of definition is the order of the list."""

    ANSWER = "answer"  # an alert that is not closed, seen or not, or an unread message
    UNSEEN = "unseen"  # photos that no one has looked at
    SILENT = "silent"  # nothing came, and the clinic has not heard from the patient since
    SNOOZED = "snoozed"  # every alert that is not closed asks again on a later day
    RECOVERING = "recovering"
    PLANNED = "planned"  # no treatment yet
    FINISHED = "finished"  # the plan is over, the course was ended, or consent withdrawn

    @property
    def rank(self) -> int:
        """0 for the group that comes first."""
        return list(Group).index(self)

    @property
    def waits(self) -> bool:
        """Whether a person must do something."""
        return self in {Group.ANSWER, Group.UNSEEN, Group.SILENT}

    @property
    def is_folded(self) -> bool:
        """Whether the list of all patients only counts them until it is asked for more."""
        return self in {Group.RECOVERING, Group.PLANNED, Group.FINISHED}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is on record about one patient, before anything is decided.

    The treatment is the current one, else the next one planned; `ended_at` is when a person of the
    clinic ended its course. `unread` counts messages of the patient that no one has read, `unseen`
    photos that no one at the clinic has opened; of them `waiting` are not measured yet, `sides`
    show the face from the side and `early` belong to no treatment. `*_since` is when the oldest
    arrived.
    `alerts` are those not resolved. `in_place_of` is the practitioner for whom the reader
    deputises, None for the reader's own patients.
    """

    patient_id: str
    name: str
    email: str
    treatment_id: str | None
    kind: str
    performed_at: datetime | None
    ended_at: datetime | None
    unread: int
    unread_since: datetime | None
    unseen: int
    unseen_since: datetime | None
    care_withdrawn_at: datetime | None
    in_place_of: str | None
    alerts: tuple[Alert, ...]
    given_up: tuple[GivenUp, ...] = ()  # photos that the system cannot use, although they were good
    waiting: int = 0
    sides: int = 0
    early: int = 0

    @property
    def stopped_since(self) -> datetime | None:
        """When the unusable photo from before arrived, without which nothing is measured."""
        return min((p.received_at for p in self.given_up if p.is_baseline), default=None)


@dataclass(frozen=True, slots=True)
class Gauge:
    """What a row shows of a course: redness of the whole face, or what its worst alert is about."""

    region: Region = Region.FACE
    quantity: Quantity = Quantity.REDNESS


@dataclass(frozen=True, slots=True)
class Pair:
    """The last photo that was measured, and the photo from before that it was compared with."""

    photo_id: str
    taken_at: datetime
    baseline_id: str


@dataclass(frozen=True, slots=True)
class LatestPhotos:
    """When the latest photo since the treatment was taken, whatever became of it, and the gauge on
    the last two that were measured, the later one first. `pair` shows the later one; `recent` are
    the last `RECENT` with their times, the latest first.
    """

    taken_at: datetime
    gauge: Gauge
    latest: Estimate | None
    before: Estimate | None
    pair: Pair | None = None
    recent: tuple[tuple[datetime, float], ...] = ()

    @property
    def change(self) -> Change | None:
        """The change between the two, as far as their errors allow to say."""
        if self.latest is None or self.before is None:
            return None
        return change_between(self.before, self.latest)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The position of a row; smaller places come first, and no two patients have the same.

    Its text names no one, so that it may be part of an address.
    """

    group: int
    level: int
    since: int
    tie: str

    def __str__(self) -> str:
        return f"{self.group}.{self.level}.{self.since}.{self.tie}"

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """The place that a text names, or None when it names none."""
        match text.split("."):
            case [group, level, since, tie]:
                try:
                    return cls(int(group), int(level), int(since), tie)
                except ValueError:
                    return None
            case _:
                return None


@dataclass(frozen=True, slots=True)
class RankedPatient:
    """One patient with what has been decided."""

    facts: Facts
    group: Group
    place: Place


@dataclass(frozen=True, slots=True)
class WorklistQuery:
    """What the reader wants to see: one group, names, whose patients, and from where on.

    `whose` is the practitioner for whom the reader deputises; the reader's own id means the
    reader's own patients only, None both. At most one of `after` and `before` is given.
    """

    group: Group | None = None
    sought: str = ""
    whose: str | None = None
    after: Place | None = None
    before: Place | None = None

    @property
    def folds(self) -> bool:
        """Whether quiet groups are folded: only if everything is shown and nothing searched for."""
        return self.group is None and not self.sought.strip()


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The part of the list that one page shows.

    `first` is the number of the first row, from 1, among the `total` rows that are paged;
    `folded` are the first rows of the folded groups, on the last page only.
    """

    rows: tuple[RankedPatient, ...]
    folded: Mapping[Group, tuple[RankedPatient, ...]]
    counts: Mapping[Group, int]
    first: int
    total: int

    @property
    def earlier(self) -> Place | None:
        """The place before which the earlier page ends, None on the first page."""
        return self.rows[0].place if self.rows and self.first > 1 else None

    @property
    def later(self) -> Place | None:
        """The place after which the next page begins, None on the last page."""
        last = self.first + len(self.rows) - 1
        return self.rows[-1].place if self.rows and last < self.total else None


def ranked_all(known: Iterable[Facts], protocols: Protocols, now: datetime) -> list[RankedPatient]:
    """Decide the place of each patient, in the order given."""
    last_days = {kind: plan_ends(protocol) for kind, protocol in protocols.by_kind.items()}
    return [ranked(facts, last_days.get(facts.kind), now) for facts in known]


def ranked(facts: Facts, last_day: int | None, now: datetime) -> RankedPatient:
    """Decide the place of a patient; `last_day` is the last of the treatment's plan, if known."""
    group = _group(facts, last_day, now)
    level, since = _urgency(facts, group)
    if facts.stopped_since is not None and group is not Group.ANSWER:
        group, level, since = Group.ANSWER, _NO_LEVEL, _seconds(facts.stopped_since)
    tie = sha256(facts.patient_id.encode()).hexdigest()[:_TIE_SIGNS]
    return RankedPatient(facts, group, Place(group.rank, level, since, tie))


def gauge(facts: Facts) -> Gauge:
    """The gauge to show: next to an alert about one cheek, the whole face would mislead."""
    worst = next(iter(worst_first(facts.alerts)), None)
    if worst is None or worst.treatment_id != facts.treatment_id or not worst.regions:
        return Gauge()
    return Gauge(worst.regions[0], worst.concern.quantity)


def excerpt(patients: Iterable[RankedPatient], query: WorklistQuery, reader_id: str) -> Excerpt:
    """The page that was asked for.

    Pages begin after a place and not at a number: a patient who is answered meanwhile leaves the
    list above, and no patient below is skipped because of it.
    """
    found = [each for each in patients if _is_asked_for(each.facts, query, reader_id)]
    counts = Counter(each.group for each in found)
    paged = sorted(
        (e for e in found if not (e.group.is_folded if query.folds else _is_other(e, query))),
        key=lambda each: each.place,
    )
    rows, first = _slice(paged, query)
    ends = first + len(rows) > len(paged)
    folded = _folded(found) if query.folds and ends else {}
    return Excerpt(tuple(rows), folded, counts, first, len(paged))


def waiting_of(patients: Iterable[RankedPatient]) -> list[RankedPatient]:
    """Those who wait for an action, in the order of the list."""
    return sorted((each for each in patients if each.group.waits), key=lambda each: each.place)


def next_waiting(patients: Iterable[RankedPatient], patient_id: str) -> str | None:
    """The patient after this one in the list, or the first of all; None when no other waits."""
    ids = [each.facts.patient_id for each in waiting_of(patients)]
    start = ids.index(patient_id) + 1 if patient_id in ids else 0
    return next((other for other in ids[start:] + ids[:start] if other != patient_id), None)


def plain(text: str) -> str:
    """Text in the form in which it is compared: without case, accents and blanks around it."""
    letters = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())


def _is_asked_for(facts: Facts, query: WorklistQuery, reader_id: str) -> bool:
    if query.whose is not None and (facts.in_place_of or reader_id) != query.whose:
        return False
    sought = plain(query.sought)
    if not sought:
        return True
    name = plain(facts.name)
    return all(word in name for word in sought.split()) or plain(facts.email).startswith(sought)


def _is_other(each: RankedPatient, query: WorklistQuery) -> bool:
    return query.group is not None and each.group is not query.group


def _slice(
    paged: Sequence[RankedPatient], query: WorklistQuery
) -> tuple[Sequence[RankedPatient], int]:
    if query.before is not None:
        earlier = [each for each in paged if each.place < query.before]
        skipped = max(0, len(earlier) - PAGE)
        return earlier[skipped:], skipped + 1
    after = query.after
    skipped = sum(each.place <= after for each in paged) if after is not None else 0
    return paged[skipped : skipped + PAGE], skipped + 1


def _folded(found: Sequence[RankedPatient]) -> dict[Group, tuple[RankedPatient, ...]]:
    groups = [group for group in Group if group.is_folded]
    by_group: dict[Group, list[RankedPatient]] = {group: [] for group in groups}
    for each in sorted((e for e in found if e.group.is_folded), key=lambda e: e.place):
        by_group[each.group].append(each)
    return {group: tuple(rows[:FOLDED]) for group, rows in by_group.items() if rows}


def _group(facts: Facts, last_day: int | None, now: datetime) -> Group:
    waiting = {alert.concern for alert in facts.alerts if alert.is_awake}
    if facts.unread or waiting - {Concern.SILENCE}:
        return Group.ANSWER
    if facts.unseen:
        return Group.UNSEEN
    if waiting:
        return Group.SILENT
    return Group.SNOOZED if facts.alerts else _quiet_group(facts, last_day, now)


def _quiet_group(facts: Facts, last_day: int | None, now: datetime) -> Group:
    if facts.care_withdrawn_at is not None or facts.ended_at is not None:
        return Group.FINISHED
    if facts.performed_at is None or facts.performed_at > now:
        return Group.PLANNED
    is_over = last_day is not None and now - facts.performed_at > timedelta(days=last_day + 1)
    return Group.FINISHED if is_over else Group.RECOVERING


def _urgency(facts: Facts, group: Group) -> tuple[int, int]:
    """The order of the patients in a group: the level of the worst alert, then the age.

    Whether an alert was read or seen does not matter: neither is an answer.
    """
    worst = next(iter(worst_first(facts.alerts)), None)
    match group:
        case Group.ANSWER:
            told = [a for a in facts.alerts if a.is_awake and a.concern is not Concern.SILENCE]
            waits = [(_level(a), _seconds(a.raised_at)) for a in told]
            if facts.unread:
                waits.append((_MESSAGE, _seconds(facts.unread_since)))
            return min(waits)
        case Group.UNSEEN:
            return _level(worst), _seconds(facts.unseen_since)
        case Group.SILENT | Group.SNOOZED if worst is not None:
            return _level(worst), _seconds(worst.raised_at)
        case Group.PLANNED:
            return facts.performed_at is None, _seconds(facts.performed_at)
        case _:
            return 0, -_seconds(facts.performed_at)  # the most recent treatment first


def _level(alert: Alert | None) -> int:
    """0 for urgent, 1 for review; an alert that is only watched comes after a message."""
    if alert is None:
        return _NO_LEVEL
    return {Level.URGENT: 0, Level.REVIEW: 1, Level.WATCH: _MESSAGE + 1}[alert.level]


def _seconds(at: datetime | None) -> int:
    return 0 if at is None else int(at.timestamp())
