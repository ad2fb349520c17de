from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.alerts.showing import show_alert
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.course.progress import Progress, show_progress
from tracker.actions.course.treatments import begin_treatment
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.treatments import AREAS, Setting, Treatment
from tracker.domain.people.people import Person, Risk, Role
from tracker.domain.protocols.protocols import Protocols, Severity
from tracker.domain.protocols.screening import (
    Completeness,
    Screening,
    checked_answers,
    form_questions,
    risk_factors_of,
    summary,
)
from tracker.domain.protocols.spacing import too_soon
from tracker.storage.course import screenings, treatments
from tracker.storage.people import people

PROTOCOL = PROTOCOLS.of("microneedling")
ASKED = len(form_questions(PROTOCOL))
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
ALICE = Person("p", Role.PATIENT, "Alice", "a@b.example", "UTC", skin_type=5)


def screened(**answers: bool | str) -> Screening:
    return Screening(answers, AT, None)


def begin(db: Database, cast: Cast, screening: Screening) -> Progress:
    again = replace(cast.treatment, performed_at=cast.treatment.performed_at + timedelta(days=1))
    begin_treatment(db, PROTOCOLS, again, screening)
    progress = show_progress(db, PROTOCOLS, cast.alice.id, again.performed_at + timedelta(days=3))
    assert isinstance(progress, Progress)
    return progress


def test_contraindications_come_before_cautions_and_say_what_to_do() -> None:
    told = summary(
        screened(pregnancy=True, active_infection=True, patch_test=True), PROTOCOL, ALICE
    )
    assert [c.severity for c in told.caveats] == [Severity.CONTRAINDICATION, Severity.CAUTION]
    assert told.is_contraindicated
    assert told.caveats[0].advice == "Do not needle until it has healed."


def test_a_no_warns_where_the_no_is_the_trouble() -> None:
    told = summary(screened(patch_test=False, pregnancy=False), PROTOCOL, ALICE)
    assert [(c.question.split()[1], c.answer) for c in told.caveats] == [("a", False)]


def test_what_nobody_answered_is_told_apart_from_a_no() -> None:
    told = summary(screened(rosacea=False, device="Pen, 12 needles"), PROTOCOL, ALICE)
    assert told.caveats == ()
    assert ("Do you have rosacea?", "no") in told.noted
    assert ("Which device and tip?", "Pen, 12 needles") in told.noted
    assert len(told.open) == len(form_questions(PROTOCOL)) - 1


def test_an_empty_screening_is_never_clear() -> None:
    for nothing in (None, screened(), screened(device="Pen", passes="3")):
        told = summary(nothing, PROTOCOL, ALICE)
        assert told.completeness is Completeness.NOTHING
        assert (told.answered, told.asked) == (0, ASKED)
        assert not told.is_clear


def test_a_screening_is_clear_only_when_every_question_was_answered_and_none_warns() -> None:
    harmless = {q.id: not q.warn_if for q in form_questions(PROTOCOL)}
    assert summary(screened(**harmless), PROTOCOL, ALICE).is_clear
    one_open = {**harmless}
    del one_open["rosacea"]
    told = summary(screened(**one_open), PROTOCOL, ALICE)
    assert (told.completeness, told.answered, told.asked) == (Completeness.PARTLY, ASKED - 1, ASKED)
    assert not told.is_clear
    assert not summary(screened(**{**harmless, "cold_sores": True}), PROTOCOL, ALICE).is_clear


@pytest.mark.parametrize("skin_type", [5, 6])
def test_ipl_on_recorded_dark_skin_is_contraindicated_whatever_was_answered(skin_type: int) -> None:
    ipl = PROTOCOLS.of("ipl")
    dark = replace(ALICE, skin_type=skin_type)
    harmless = {q.id: not q.warn_if for q in form_questions(ipl)}
    for screening in (None, screened(), screened(**harmless)):
        told = summary(screening, ipl, dark)
        assert told.is_contraindicated
        assert told.caveats[0].record == f"skin type {skin_type}"
    assert summary(screened(**harmless), ipl, dark).caveats[0].is_contradiction
    assert not summary(screened(**harmless), ipl, replace(ALICE, skin_type=2)).caveats


def test_a_recorded_history_answers_its_own_question_and_contradicts_a_no() -> None:
    known = replace(ALICE, history=frozenset({Risk.KELOID, Risk.COLD_SORES}))
    asked_nothing_of_it = summary(screened(rosacea=False), PROTOCOL, known)
    assert [c.record for c in asked_nothing_of_it.caveats] == [
        "history of keloid",
        "history of cold sores",
    ]
    assert len(asked_nothing_of_it.open) == ASKED - 3
    denied = summary(screened(keloid=False), PROTOCOL, known)
    assert [c.is_contradiction for c in denied.caveats] == [True, False]
    assert denied.is_contraindicated


def test_an_answer_to_a_question_that_was_dropped_since_is_kept() -> None:
    assert ("old question", "yes") in summary(screened(old_question=True), PROTOCOL, ALICE).noted


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"pregnant": True}, "pregnant is no screening question"),
        ({"pregnancy": "maybe"}, "pregnancy must be answered with true or false"),
        ({"device": True}, "device must be answered with a text"),
        ({"device": "x" * 501}, "device is too long"),
    ],
)
def test_an_answer_that_fits_no_question_is_named(
    answers: dict[str, bool | str], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        checked_answers(answers, PROTOCOL)


def test_history_tone_and_yeses_become_the_words_that_risks_go_by() -> None:
    person = replace(ALICE, history=frozenset({Risk.KELOID}))
    screening = screened(recent_sun=True, rosacea=False, device="Pen")
    assert risk_factors_of(person, screening) == {"keloid", "skin_type_5", "recent_sun"}
    assert risk_factors_of(ALICE, None) == {"skin_type_5"}


def test_the_screening_is_kept_with_the_treatment_and_adds_to_the_history(
    db: Database, cast: Cast
) -> None:
    screening = Screening({"cold_sores": True, "device": "Pen"}, AT, cast.dana.id)
    progress = begin(db, cast, screening)
    assert screenings.of_treatment(db, progress.treatment.id) == screening
    assert screenings.of_treatment(db, cast.treatment.id) is None
    assert progress.patient.history == {Risk.COLD_SORES}
    assert progress.screening is not None
    assert progress.screening.caveats[0].severity is Severity.CAUTION


def test_wrong_answers_leave_nothing_behind(db: Database, cast: Cast) -> None:
    before = treatments.of_kind(db, "microneedling")
    with pytest.raises(ValueError, match="no screening question"):
        begin(db, cast, screened(pregnant=True))
    assert treatments.of_kind(db, "microneedling") == before


def test_the_check_in_asks_about_cold_sores_where_the_history_says_so(
    db: Database, cast: Cast
) -> None:
    without = show_progress(
        db, PROTOCOLS, cast.alice.id, cast.treatment.performed_at + timedelta(days=3)
    )
    assert isinstance(without, Progress)
    assert "tingling" not in {question.sign for question in without.questions}
    progress = begin(db, cast, screened(cold_sores=True))
    assert "tingling" in {question.sign for question in progress.questions}
    late = show_progress(
        db, PROTOCOLS, cast.alice.id, progress.treatment.performed_at + timedelta(days=15)
    )
    assert isinstance(late, Progress)
    assert "tingling" not in {question.sign for question in late.questions}


def test_a_history_moves_the_priors_that_judge_and_the_screening_stands_beside_the_alert(
    db: Database, cast: Cast
) -> None:
    progress = begin(db, cast, screened(cold_sores=True, pregnancy=True))
    day_3 = progress.treatment.performed_at + timedelta(days=3)
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(pain=1, tingling=True), day_3)
    (alert,) = raise_alerts(db, PROTOCOLS, day_3)
    usual = PROTOCOL.concerns[alert.concern]
    assert progress.protocol.concerns[alert.concern].prior > 5 * usual.prior
    case = show_alert(db, PROTOCOLS, alert.id)
    assert case is not None
    assert case.screening is not None
    assert [c.severity for c in case.screening.caveats] == [Severity.CAUTION, Severity.CAUTION]
    assert people.get(db, cast.alice.id) == case.patient


def treated(days: int, **facts: Any) -> Treatment:
    """A treatment this many days after the earlier peel or needling."""
    at = AT + timedelta(days=days)
    known: dict[str, Any] = {"kind": "microneedling", "needle_depth_mm": 1.0} | facts
    return Treatment(
        "", "p", performed_at=at, setting=Setting.CLINIC, areas=frozenset(AREAS), **known
    )


@pytest.mark.parametrize(
    ("earlier", "later", "is_too_soon"),
    [
        ({"kind": "chemical_peel", "variant": "medium", "needle_depth_mm": None}, {}, True),
        ({"needle_depth_mm": 2.5}, {}, True),
        ({"needle_depth_mm": None}, {}, True),
        ({"kind": "home_roller", "needle_depth_mm": 0.3}, {"kind": "ipl"}, True),
        ({"kind": "gone", "needle_depth_mm": None}, {}, False),
    ],
)
def test_a_treatment_on_the_day_after_another_comes_too_soon(
    earlier: dict[str, Any], later: dict[str, Any], is_too_soon: bool
) -> None:
    before = replace(treated(0, **earlier), id="before")
    after = treated(1, **later)
    waits = too_soon(after, [before], PROTOCOLS, ALICE.zone)
    assert [wait.days for wait in waits] == ([1] if is_too_soon else [])
    assert too_soon(before, [before, after], PROTOCOLS, ALICE.zone) == ()
    late = treated(400, **later)
    assert too_soon(late, [before], PROTOCOLS, ALICE.zone) == ()


def test_the_interval_counts_days_where_the_patient_lives() -> None:
    (rule,) = [r for r in PROTOCOL.spacing if r.after_kind == "ipl"]
    ipl = replace(treated(0, kind="ipl", needle_depth_mm=None), id="before")
    late_in_the_evening = replace(ipl, performed_at=datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    after = replace(treated(0), performed_at=late_in_the_evening.performed_at)
    after = replace(after, performed_at=after.performed_at + timedelta(days=rule.least_days - 1))
    early_next_day = replace(after, performed_at=after.performed_at + timedelta(hours=1))
    utc, berlin = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
    assert too_soon(early_next_day, [late_in_the_evening], PROTOCOLS, utc) == ()
    assert len(too_soon(early_next_day, [late_in_the_evening], PROTOCOLS, berlin)) == 1


def test_a_kind_without_a_written_wait_must_have_had_time_to_heal() -> None:
    without = Protocols({**PROTOCOLS.by_kind, "microneedling": replace(PROTOCOL, spacing=())})
    deep = replace(treated(0, needle_depth_mm=2.5), id="before")
    assert [w.least_days for w in too_soon(treated(8), [deep], without, ALICE.zone)] == [9]
    assert too_soon(treated(9), [deep], without, ALICE.zone) == ()


def test_a_screening_is_not_clear_when_the_treatment_came_too_soon() -> None:
    harmless = {q.id: not q.warn_if for q in form_questions(PROTOCOL)}
    before = replace(treated(0), id="before")
    waits = too_soon(treated(1), [before], PROTOCOLS, ALICE.zone)
    told = summary(screened(**harmless), PROTOCOL, ALICE, waits)
    assert not told.is_clear
    assert told.needs_reason


@pytest.mark.parametrize("kind", sorted(PROTOCOLS.by_kind))
def test_every_treatment_asks_for_the_age_that_no_record_holds(kind: str) -> None:
    told = summary(screened(under_age=True), PROTOCOLS.of(kind), replace(ALICE, skin_type=2))
    worst = Severity.CONTRAINDICATION if kind == "home_roller" else Severity.CAUTION
    assert [caveat.severity for caveat in told.caveats] == [worst]
