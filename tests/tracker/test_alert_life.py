"""What may happen to an alert, step by step, without a database."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracker.courses_of_readings import TREATED_AT, treatment
from tracker.domain.alerts.alert_life import (
    CALM,
    LONGEST_SNOOZE,
    MOST_ESCALATIONS,
    JudgedBy,
    Moved,
    Step,
    Transition,
    escalated,
    handed_over,
    is_new_cause,
    judged_again,
    opened,
    read,
    readers,
    relabelled,
    resolved,
    seen,
    side_told,
    snoozed,
)
from tracker.domain.alerts.alerts import (
    Alert,
    Concern,
    Finding,
    Level,
    Outcome,
    Stage,
    false_alarms,
)
from tracker.domain.alerts.promises import decision_time, woken
from tracker.domain.clinic.opening_hours import OpeningHours, read_spans
from tracker.domain.course.treatments import Region

BY = JudgedBy("1", "microneedling 1")
BY_LATER = JudgedBy("2", "microneedling 2")
LIMIT = timedelta(minutes=30)


def on(day: float) -> datetime:
    return TREATED_AT + timedelta(days=day)


def found(
    level: Level | None = Level.REVIEW,
    *,
    onset: float | None = 3.0,
    flagged_on: float | None = None,
    concern: Concern = Concern.INFECTION,
) -> Finding:
    flagged = None if flagged_on is None else on(flagged_on)
    return Finding(concern, 0.9, level, onset, (), (), None, flagged)


def alert(level: Level = Level.REVIEW, *, onset: float | None = 3.0, day: float = 4.0) -> Alert:
    moved = opened("a", treatment(), found(level, onset=onset), BY, on(day))
    assert moved is not None
    return moved.alert


def test_what_passes_no_limit_opens_nothing() -> None:
    assert opened("a", treatment(), found(None), BY, on(4)) is None


def test_every_step_says_who_when_why_and_by_which_engine() -> None:
    step = resolved(alert(), Outcome.FALSE, "dana", "a new lamp", on(5)).transition
    assert step is not None
    assert (step.step, step.by, step.at) == (Step.RESOLVED, "dana", on(5))
    assert step.why == "false: a new lamp"
    assert (step.engine, step.protocol) == ("1", "microneedling 1")
    risen = judged_again(alert(), found(Level.URGENT), BY_LATER, on(5)).transition
    assert risen is not None
    assert (risen.step, risen.by, risen.level) == (Step.ROSE, None, Level.URGENT)
    assert (risen.engine, risen.protocol) == ("2", "microneedling 2")


def test_the_first_look_and_the_first_outcome_stand() -> None:
    looked = seen(alert(), "dana", on(4.1)).alert
    assert seen(looked, "eli", on(4.2)).transition is None
    over = resolved(looked, Outcome.TRUE, "dana", "", on(5)).alert
    again = resolved(over, Outcome.FALSE, "eli", "", on(6))
    assert again.transition is None
    assert again.alert.outcome is Outcome.TRUE


def lived(*steps: Moved) -> list[Transition]:
    return [step.transition for step in steps if step.transition is not None]


def test_the_first_reader_is_kept_and_every_reader_is_in_the_history_once() -> None:
    first = read(alert(), [], "dana", on(4.1))
    assert (first.alert.read_at, first.alert.read_by) == (on(4.1), "dana")
    assert read(first.alert, lived(first), "dana", on(4.2)).transition is None
    second = read(first.alert, lived(first), "eli", on(4.3))
    assert (second.alert.read_at, second.alert.read_by) == (on(4.1), "dana")
    assert readers(lived(first, second)) == {"dana", "eli"}


def test_reading_an_alert_is_not_answering_it() -> None:
    urgent = read(alert(Level.URGENT), [], "dana", on(4)).alert
    assert urgent.needs_answer
    assert urgent.raised_at == on(4)
    assert escalated(urgent, LIMIT, (), on(4) + LIMIT).transition is not None


def test_what_was_read_before_an_alert_asked_again_counts_no_more() -> None:
    looked = read(alert(), [], "dana", on(4.1))
    risen = judged_again(looked.alert, found(Level.URGENT), BY, on(5))
    assert (risen.alert.read_at, risen.alert.read_by) == (None, None)
    assert readers(lived(looked, risen)) == frozenset()
    assert read(risen.alert, lived(looked, risen), "dana", on(5.1)).alert.read_at == on(5.1)


def test_the_colleague_who_is_asked_has_not_read_the_alert_yet() -> None:
    looked = read(alert(), [], "dana", on(4.1))
    given = handed_over(looked.alert, "Dr Eli", "dana", "please look", on(4.2))
    history = lived(looked, given)
    assert readers(history) == {"dana"}
    assert read(given.alert, history, "dana", on(4.3)).alert.read_at is None
    assert read(given.alert, history, "eli", on(4.4)).alert.read_by == "eli"


def test_a_snoozed_alert_is_quiet_until_its_day_and_then_asks_again() -> None:
    asleep = snoozed(alert(), on(6), "dana", "see again after the weekend", on(4)).alert
    assert asleep.stage is Stage.SNOOZED
    assert woken(asleep, on(5.9)).transition is None
    awake = woken(asleep, on(6)).alert
    assert awake.needs_answer
    assert awake.raised_at == on(6)


def test_a_snooze_is_broken_by_a_rise_and_by_a_red_flag() -> None:
    asleep = snoozed(alert(), on(9), "dana", "on tablets", on(4)).alert
    assert judged_again(asleep, found(Level.REVIEW), BY, on(5)).alert.stage is Stage.SNOOZED
    assert judged_again(asleep, found(Level.URGENT), BY, on(5)).alert.needs_answer
    assert judged_again(asleep, found(Level.URGENT, flagged_on=5), BY, on(5)).alert.needs_answer


@pytest.mark.parametrize("day", [3.0, 4.0, 4.0 + LONGEST_SNOOZE.days + 0.1])
def test_a_snooze_ends_on_a_day_to_come_and_not_too_far_away(day: float) -> None:
    with pytest.raises(ValueError, match="choose a day after today, at most 30 days away"):
        snoozed(alert(), on(day), "dana", "on tablets", on(4))


def test_an_urgent_alert_that_nobody_looks_at_is_passed_on_again_and_again_but_not_for_ever() -> (
    None
):
    waiting, now, steps = alert(Level.URGENT), on(4), 0
    for _ in range(10):
        assert escalated(waiting, LIMIT, (), now + LIMIT - timedelta(seconds=1)).transition is None
        now += LIMIT
        moved = escalated(waiting, LIMIT, (), now)
        steps += moved.transition is not None
        waiting = moved.alert
    assert steps == waiting.escalations == MOST_ESCALATIONS


def test_only_urgent_alerts_that_nobody_saw_are_passed_on() -> None:
    for quiet in (alert(Level.REVIEW), seen(alert(Level.URGENT), "dana", on(4)).alert):
        assert escalated(quiet, LIMIT, (), on(5)).transition is None


@pytest.mark.parametrize("is_passed_on", [False, True])
def test_a_clock_set_back_an_hour_does_not_hold_up_an_escalation(is_passed_on: bool) -> None:
    waiting = alert(Level.URGENT)
    if is_passed_on:
        waiting = replace(waiting, escalated_at=on(4), escalations=1)
    an_hour_back = on(4) - timedelta(hours=1)
    moved = escalated(waiting, LIMIT, (), an_hour_back)
    assert moved.transition is not None
    after = escalated(moved.alert, LIMIT, (), an_hour_back + LIMIT / 2)
    assert after.transition is None
    assert escalated(moved.alert, LIMIT, (), an_hour_back + LIMIT).transition is not None


def test_clocks_that_differ_by_seconds_escalate_nothing_early() -> None:
    waiting = alert(Level.URGENT)
    assert escalated(waiting, LIMIT, (), on(4) - timedelta(seconds=5)).transition is None


def test_a_rise_begins_the_wait_anew() -> None:
    passed_on = escalated(alert(Level.URGENT), LIMIT, (), on(4) + LIMIT).alert
    flagged = judged_again(passed_on, found(Level.URGENT, flagged_on=5), BY, on(5)).alert
    assert flagged.escalations == 0
    assert escalated(flagged, LIMIT, (), on(5) + LIMIT).transition is not None


@pytest.mark.parametrize(
    ("finding", "now", "new"),
    [
        (found(Level.REVIEW), 5.5, False),  # the same, still there
        (found(Level.REVIEW, onset=3.8), 5.5, False),  # the same, its onset estimated again
        (found(Level.WATCH, onset=8.0), 9.0, True),  # it began after a person had looked
        (found(Level.URGENT), 5.5, True),  # worse than what was looked at
        (found(Level.URGENT, flagged_on=5.2), 5.5, True),  # a red flag not reported before
        (found(None, flagged_on=None), 9.0, False),  # nothing
    ],
)
def test_only_a_new_cause_opens_an_alert_after_a_resolved_one(
    finding: Finding, now: float, new: bool
) -> None:
    over = resolved(alert(), Outcome.FALSE, "dana", "", on(5)).alert
    assert is_new_cause(over, finding, treatment(), on(now)) is new


def test_answers_that_pause_and_come_back_are_a_new_cause() -> None:
    over = resolved(alert(onset=None), Outcome.TRUE, "dana", "", on(5)).alert
    over = replace(over, found_at=on(6))
    came_back = found(Level.REVIEW, onset=None)
    assert not is_new_cause(over, came_back, treatment(), on(6) + CALM - timedelta(hours=1))
    assert is_new_cause(over, came_back, treatment(), on(6) + CALM)


def test_a_red_flag_told_before_is_not_told_again() -> None:
    moved = opened("a", treatment(), found(Level.URGENT, flagged_on=4), BY, on(4))
    assert moved is not None
    over = resolved(moved.alert, Outcome.FALSE, "dana", "", on(4.2)).alert
    assert not is_new_cause(over, found(Level.URGENT, flagged_on=4), treatment(), on(4.5))
    assert is_new_cause(over, found(Level.URGENT, flagged_on=4.4), treatment(), on(4.5))


@given(
    findings=st.lists(
        st.tuples(
            st.sampled_from([None, *Level]),
            st.none() | st.floats(0, 20),
            st.none() | st.floats(4, 20),
        )
    )
)
def test_an_alert_stays_open_until_somebody_answers_and_never_falls_in_level(
    findings: list[tuple[Level | None, float | None, float | None]],
) -> None:
    current = alert(Level.WATCH)
    for step, (level, onset, flagged_on) in enumerate(findings):
        after = judged_again(
            current, found(level, onset=onset, flagged_on=flagged_on), BY, on(5 + step)
        ).alert
        assert after.needs_answer
        if flagged_on is None:
            assert after.level.rank >= current.level.rank
        current = after


LEFT, RIGHT, NOSE = Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.NOSE


@pytest.mark.parametrize(
    ("before", "after", "asks"),
    [
        ((LEFT,), (RIGHT,), True),
        ((NOSE, RIGHT), (LEFT,), True),
        ((LEFT,), (LEFT, NOSE), False),
        ((LEFT,), (LEFT, RIGHT), False),
        ((LEFT, RIGHT), (RIGHT,), False),
        ((NOSE,), (RIGHT,), False),
        ((LEFT,), (), False),
    ],
)
def test_a_judgement_that_names_the_other_cheek_is_never_silent(
    before: tuple[Region, ...], after: tuple[Region, ...], *, asks: bool
) -> None:
    known = seen(replace(alert(), regions=before), "dana", on(4)).alert
    finding = replace(found(), regions=after)
    moved = side_told(known, judged_again(known, finding, BY, on(5)), on(5))
    assert moved.alert.regions == after
    assert moved.alert.needs_answer is asks
    if asks:
        assert moved.transition is not None
        assert moved.transition.step is Step.RELABELLED
        assert moved.transition.why.endswith("cheek: the photos were judged again")


def test_an_exchange_of_sides_does_not_hold_up_an_escalation() -> None:
    waiting = replace(alert(Level.URGENT), regions=(Region.LEFT_CHEEK,))
    due = waiting.raised_at + LIMIT
    almost = due - timedelta(minutes=1)
    other = replace(waiting, regions=(Region.RIGHT_CHEEK,))
    for moved in (
        relabelled(waiting, None, "said so", almost),
        side_told(waiting, Moved(other, None), almost),
    ):
        assert moved.alert.raised_at == almost
        assert escalated(moved.alert, LIMIT, (), due).transition is not None
    answered = seen(waiting, "d", on(4) + timedelta(minutes=5)).alert
    asked = relabelled(answered, None, "said so", almost).alert
    assert escalated(asked, LIMIT, (), due).transition is None
    assert escalated(asked, LIMIT, (), almost + LIMIT).transition is not None


def test_the_false_alarm_rate_counts_verdicts_and_leaves_unclear_ones_out() -> None:
    count = false_alarms(Counter({Outcome.FALSE: 1, Outcome.TRUE: 2, Outcome.UNCLEAR: 1}))
    assert (count.false, count.judged, count.unclear) == (1, 3, 1)
    assert count.rate == pytest.approx(1 / 3)
    assert false_alarms(Counter()).rate is None


# Weekdays from nine to five in UTC; the treatment was on Monday, 2 March, at nine.
WEEK = OpeningHours("UTC", (*[read_spans("9-17")] * 5, (), ()))


@pytest.mark.parametrize(
    ("level", "concern", "day", "hours", "expected"),
    [
        (Level.URGENT, Concern.INFECTION, 4.75, WEEK, on(4.75) + LIMIT),
        (Level.REVIEW, Concern.INFECTION, 2.0, WEEK, on(3)),
        (Level.REVIEW, Concern.INFECTION, 2.5, OpeningHours("UTC"), on(3.5)),
        (Level.REVIEW, Concern.INFECTION, 2.5, WEEK, on(4) + 2 * LIMIT),
        (Level.REVIEW, Concern.UNJUDGED, 4.0, WEEK, on(7) + 2 * LIMIT),
        (Level.WATCH, Concern.INFECTION, 2.0, WEEK, None),
        (Level.REVIEW, Concern.SILENCE, 2.0, WEEK, None),
    ],
    ids=["urgent, at night", "open", "hours not known", "night", "weekend", "watch", "silence"],
)
def test_a_decision_is_due_by_the_level_and_the_opening_hours(
    level: Level, concern: Concern, day: float, hours: OpeningHours, expected: datetime | None
) -> None:
    about = replace(alert(level), concern=concern)
    assert decision_time(about, hours, LIMIT, on(day)) == expected


def test_an_alert_that_was_seen_asks_again_when_the_decision_is_due() -> None:
    taken = seen(alert(Level.URGENT), "dana", on(4), on(4) + LIMIT).alert
    assert woken(taken, on(4) + LIMIT - timedelta(seconds=1)).transition is None
    again = woken(taken, on(5))
    assert (again.alert.needs_answer, again.alert.raised_at) == (True, on(4) + LIMIT)
    assert again.transition is not None
    assert (again.transition.step, again.transition.why) == (
        Step.WOKE,
        "nothing was decided by then",
    )
    assert woken(again.alert, on(5)).transition is None
    assert escalated(again.alert, LIMIT, ["Dr Eli"], on(4) + 2 * LIMIT).transition is not None
    for answered in (
        resolved(taken, Outcome.FALSE, "dana", "", on(4.01)),
        snoozed(taken, on(6), "dana", "lamp", on(4.01)),
        handed_over(taken, "Dr Eli", "dana", "look", on(4.01)),
    ):
        assert woken(answered.alert, on(4) + LIMIT).transition is None
