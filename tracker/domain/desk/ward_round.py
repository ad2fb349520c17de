"""The ward round: what a person must have seen of a patient before an alert is closed in it."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from tracker.domain.alerts.alert_life import ANSWERING, Moved, Step, Transition
from tracker.domain.alerts.alerts import Alert, Concern, Source, asking_again
from tracker.domain.alerts.promises import PROMISED
from tracker.domain.course.check_ins import CheckIn, Trend
from tracker.domain.course.photos import EarlyPhoto, GivenUp, Photo, PhotoStatus
from tracker.domain.course.treatments import Treatment
from tracker.domain.people.sessions import SEEN_EVERY
from tracker.domain.talk.conversation import Message

TAKEN_BACK_WITHIN = timedelta(minutes=5)
_MARK_SIGNS = 16


class Hold(StrEnum):
    """Why the round does not offer to close an alert; the order is the order on the page."""

    WARNING = "warning"  # an answer is alarming, or was a floor of the alert
    SEVERAL = "several"  # more than one alert waits, each with grounds of its own
    UNJUDGED = "unjudged"  # the engine failed on the course
    UNUSABLE = "unusable"  # without the photo from before nothing is measured
    MESSAGE = "message"  # this reader has not opened what the patient wrote
    PHOTO = "photo"  # no person of the clinic has opened it
    UNMEASURED = "unmeasured"  # a photo waits, or is being measured


@dataclass(frozen=True, slots=True)
class Standing:
    """All that an answer in the round must know of a patient.

    `alerts` are those not resolved, worst first; `courses` the treatments, by id; `check_ins` those
    of all treatments, in time order, each of which counts for `memory`; `messages` the whole
    conversation, oldest first; `photos` those of all treatments and `early` those of none; `unseen`
    are those of both that no one at the clinic has opened; `given_up` what the system cannot use.
    """

    alerts: tuple[Alert, ...]
    courses: Mapping[str, Treatment]
    check_ins: tuple[CheckIn, ...]
    memory: timedelta
    messages: tuple[Message, ...]
    unseen: tuple[Photo | EarlyPhoto, ...]
    photos: tuple[Photo, ...]
    given_up: tuple[GivenUp, ...]
    early: tuple[EarlyPhoto, ...] = ()

    @property
    def awake(self) -> tuple[Alert, ...]:
        """The alerts that wait, seen or not, worst first."""
        return tuple(alert for alert in self.alerts if alert.is_awake)

    @property
    def warnings(self) -> tuple[CheckIn, ...]:
        """All that ticked a sign, were alarming or said that it gets worse, the latest first.

        Those that still count, and all of a treatment with an alert that is not closed.
        """
        return tuple(c for c in self._told if c.warns)

    @property
    def noted(self) -> tuple[CheckIn, ...]:
        """The others with words of the patient's own, the latest first."""
        warnings = self.warnings
        return tuple(c for c in self._told if c.answers.note and c not in warnings)

    @property
    def _told(self) -> list[CheckIn]:
        about = {alert.treatment_id for alert in self.alerts}
        since = self._counts_since
        return [
            each
            for each in reversed(self.check_ins)
            if each.treatment_id in about or _came(each) >= since
        ]

    @property
    def _counts_since(self) -> datetime:
        """From when on answers still count: `memory` before the last one, and before each alert
        that is not closed was raised, was flagged, or is thought to have begun.
        """
        times = [_came(self.check_ins[-1])] if self.check_ins else []
        times += [alert.raised_at for alert in self.alerts]
        times += [alert.flagged_at for alert in self.alerts if alert.flagged_at is not None]
        times += [
            self.courses[alert.treatment_id].performed_at + timedelta(days=alert.onset_day)
            for alert in self.alerts
            if alert.onset_day is not None
        ]
        return min(times) - self.memory if times else datetime.max.replace(tzinfo=UTC)

    @property
    def mark(self) -> str:
        """A text that changes when anything comes in; what is opened meanwhile leaves it."""
        told = (
            [
                (each.id, each.level, each.raised_at, each.stage, each.flagged_at, each.evidence)
                for each in self.alerts
            ],
            [each.id for each in self.check_ins],
            [each.id for each in self.messages],
            [(each.id, each.status, each.file_fault) for each in self.photos],
            [each.id for each in self.early],
        )
        return sha256(repr(told).encode()).hexdigest()[:_MARK_SIGNS]

    def unopened(self, reader_id: str) -> tuple[Message, ...]:
        """What the patient wrote and this reader must open, oldest first.

        Old messages count only if no person of the clinic has read them.
        """
        unanswered = {each.id for each in self.unanswered}
        return tuple(
            each
            for each in self.messages
            if each.is_from_patient
            and (not each.receipts or (each.id in unanswered and each.waits_for(reader_id)))
        )

    @property
    def unanswered(self) -> tuple[Message, ...]:
        """What the patient wrote after the clinic's last message, oldest first."""
        last = max((n for n, m in enumerate(self.messages) if not m.is_from_patient), default=-1)
        return self.messages[last + 1 :]

    def holds(self, reader_id: str, opened: Set[str] = frozenset()) -> tuple[Hold, ...]:
        """Why no alert may be closed in the round; `opened` are photos that the page shows."""
        sources = {factor.source for alert in self.awake for factor in alert.evidence}
        reasons = {
            Hold.WARNING: Source.RED_FLAG in sources
            or any(_is_alarming(c) for c in self._told if _came(c) >= self._counts_since),
            Hold.SEVERAL: len(self.awake) > 1,
            Hold.UNJUDGED: any(alert.concern is Concern.UNJUDGED for alert in self.awake),
            Hold.UNUSABLE: any(each.is_baseline for each in self.given_up),
            Hold.MESSAGE: bool(self.unopened(reader_id)),
            Hold.PHOTO: any(photo.id not in opened for photo in self.unseen),
            Hold.UNMEASURED: any(map(_waits, self.photos)),
        }
        return tuple(hold for hold, applies in reasons.items() if applies)


def _came(given: CheckIn) -> datetime:
    return max(given.at, given.received_at)


def _is_alarming(given: CheckIn) -> bool:
    return given.answers.is_alarming or given.answers.trend is Trend.WORSE


def _waits(photo: Photo) -> bool:
    return photo.file_fault is None and photo.status in {PhotoStatus.WAITING, PhotoStatus.MEASURING}


def may_take_back(
    history: Sequence[Transition], by: str, now: datetime, patient_seen_at: datetime | None
) -> bool:
    """Whether the last step of an alert is this person's own answer of the last minutes.

    Reading does not count as a step. A hand-over has told a colleague, so it stays. So does the
    promise of a call that the patient may have read: `patient_seen_at` is when they last used a
    page, noted once in `SEEN_EVERY`. `history` is in time order.
    """
    last = next((step for step in reversed(history) if step.step is not Step.READ), None)
    if last is None or last.by != by or last.step not in ANSWERING - {Step.HANDED_OVER}:
        return False
    was_here = patient_seen_at is not None and patient_seen_at + SEEN_EVERY >= last.at
    if last.why == PROMISED and was_here:
        return False
    return timedelta(0) <= now - last.at <= TAKEN_BACK_WITHIN


def taken_back(alert: Alert, by: str, now: datetime) -> Moved:
    """The alert after an answer was taken back: it asks again, as if raised now."""
    again = replace(asking_again(alert, now), resolved_at=None, outcome=None)
    step = Transition(
        alert.id, Step.TAKEN_BACK, now, by, "", alert.level, alert.engine, alert.protocol
    )
    return Moved(again, step)
