"""What a person reports counts on every day, whatever the photos show: the rule of floors."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations, product
from zoneinfo import ZoneInfo

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tests.tracker.answers_to_alerts import give
from tests.tracker.courses_of_readings import DAILY, TREATED_AT, fading, reading
from tracker.actions.alerts import raising
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import record_check_in
from tracker.domain.alerts.alert_life import Resolution
from tracker.domain.alerts.alerts import Alert, Concern, Level, Outcome, Stage
from tracker.domain.course.check_ins import SCALES, SIGNS, Answers, CheckIn, Queued, Trend
from tracker.domain.course.treatments import AREAS, Setting, Treatment, days_since
from tracker.domain.editing.protocol_check import named_in
from tracker.domain.protocols.care import Heading
from tracker.domain.protocols.floors import floor_mistakes, unexplained, with_shipped_floors
from tracker.domain.protocols.protocol_text import parse_protocol
from tracker.domain.protocols.protocols import Protocol
from tracker.domain.recovery.recovery import Course, assess
from tracker.domain.recovery.signs import floors_of
from tracker.storage.alerts import alerts
from tracker.storage.clinic import health
from tracker.storage.protocols import protocol_files

UTC = ZoneInfo("UTC")
KINDS = protocol_files.shipped_kinds()
SICK = Answers(
    pus=True, fever=True, warmth=True, pain=6, swelling=3, trend=Trend.WORSE, spreading=True
)
LOCAL = ("warmth", "pus", "blisters", "spreading", "hardness", "tingling", "hives")


def rank(level: Level | None) -> int:
    return -1 if level is None else level.rank


def treated(kind: str, variant: str | None = None) -> Treatment:
    depth = None if protocol_files.load(kind).needle_depth_mm is None else 1.0
    setting = Setting.HOME if kind == "home_roller" else Setting.CLINIC
    return Treatment("t", "p", kind, TREATED_AT, setting, depth, frozenset(AREAS), variant)


def variants(protocol: Protocol) -> tuple[str | None, ...]:
    return protocol.variants or (None,)


def any_answers(chance: random.Random) -> Answers:
    """Answers of any kind; most signs are left out or denied, as people answer."""
    signs = {name: chance.choice([None, False, False, True]) for name in SIGNS}
    scores = {name: chance.choice([None, *range(top + 1)]) for name, top in SCALES.items()}
    return Answers(**signs, **scores, trend=chance.choice([None, *Trend]))  # type: ignore[arg-type]


def ticked(*signs: str) -> Answers:
    return Answers(**dict.fromkeys(signs, True))  # type: ignore[arg-type]


def levels_of(told: Course, protocol: Protocol, at: datetime) -> dict[Concern, Level | None]:
    findings = assess(told, protocol, days_since(told.treatment, at)).findings
    return {finding.concern: finding.level for finding in findings}


def worst_floor(answers: Answers, protocol: Protocol, day: int, variant: str | None) -> int:
    return max((f.level.rank for f in floors_of(answers, protocol, day, variant)), default=-1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_floors_hold_on_every_day(kind: str) -> None:
    protocol = protocol_files.load(kind)
    alone = [Answers(pus=True), Answers(fever=True), Answers(blisters=True), Answers(hives=True)]
    together = [ticked("fever", name) for name in LOCAL]
    together += [ticked("pus", name) for name in ("fever", "warmth", "spreading")]
    together += [Answers(spreading=True, pain=7), Answers(spreading=True, fever=True)]
    at_once = [Answers(breathing_or_face_swelling=True), Answers(dusky=True)]
    for variant in variants(protocol):
        for day in (*range(-1, 121), 400):
            for answers in alone:
                assert worst_floor(answers, protocol, day, variant) >= Level.REVIEW.rank
            for answers in (*together, *at_once):
                assert worst_floor(answers, protocol, day, variant) == Level.URGENT.rank
            for answers in at_once:
                assert floors_of(answers, protocol, day, variant)[0].is_emergency
            if day > 2:
                assert worst_floor(Answers(pain=7), protocol, day, variant) >= Level.REVIEW.rank
            if day > 5:
                assert worst_floor(Answers(swelling=3), protocol, day, variant) >= 1
                warm = Answers(warmth=True, swelling=2)
                assert worst_floor(warm, protocol, day, variant) >= Level.REVIEW.rank


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_plan_says_to_call_for_now_is_never_told_to_wait(kind: str) -> None:
    protocol = protocol_files.load(kind)
    for variant in variants(protocol):
        for day in (0, 1, 2, 3, 5, 10, 17, 40, 100, 200):
            lines = [
                line
                for line in protocol.aftercare[Heading.CALL_US]
                if line.holds(day, variant, 2.5) and line.line.endswith("now.")
            ]
            signs = {s for line in lines for s in named_in(line)} & {*SIGNS, "pain"}
            for sign in signs - {"spreading", "eye_swelling"}:
                answers = Answers(pain=7) if sign == "pain" else ticked(sign)
                (worst, *_) = floors_of(answers, protocol, day, variant)
                assert "now" in worst.words, (day, variant, sign, worst.words)


@pytest.mark.parametrize("kind", KINDS)
def test_swollen_eyes_are_heard_on_every_day_on_which_the_plan_says_to_call(kind: str) -> None:
    protocol = protocol_files.load(kind)
    for variant in variants(protocol):
        for day, depth in product((*range(7), 17, 40), (0.5, 1.0, 2.5)):
            named = any(
                line.line.startswith("Swollen eyes") and line.holds(day, variant, depth)
                for line in protocol.aftercare[Heading.CALL_US]
            )
            heard = floors_of(ticked("eye_swelling"), protocol, day, variant)
            assert bool(heard) >= named, (day, variant, depth)


@pytest.mark.parametrize("kind", KINDS)
def test_adding_a_sign_never_lowers_a_floor(kind: str) -> None:
    """Every set of up to three signs on every day, and any answers at random."""
    protocol, chance = protocol_files.load(kind), random.Random(kind)  # noqa: S311
    used = sorted({name for floor in protocol.floors for name in floor.signs})
    few = [dict.fromkeys(names, True) for n in range(3) for names in combinations(used, n)]
    for variant in variants(protocol):
        for day in (0, 3, 6, 120):
            for signs in few:
                before = worst_floor(Answers(**signs), protocol, day, variant)  # type: ignore[arg-type]
                for name in used:
                    more = Answers(**{**signs, name: True})  # type: ignore[arg-type]
                    assert worst_floor(more, protocol, day, variant) >= before
    for _ in range(150):
        answers, day = any_answers(chance), chance.randrange(121)
        variant = chance.choice(variants(protocol))
        before = worst_floor(answers, protocol, day, variant)
        for worse in (*({name: True} for name in SIGNS), {"pain": 10}, {"swelling": 3}):
            more = replace(answers, **worse)  # type: ignore[arg-type]
            assert worst_floor(more, protocol, day, variant) >= before


@pytest.mark.parametrize("kind", KINDS)
def test_no_answers_on_any_day_are_judged_below_their_floor(kind: str) -> None:
    protocol, chance = protocol_files.load(kind), random.Random(kind)  # noqa: S311
    for day in range(121):
        variant = chance.choice(variants(protocol))
        answers = any_answers(chance)
        treatment = treated(kind, variant)
        at = TREATED_AT + timedelta(days=day, hours=chance.uniform(0, 12))
        told = Course(treatment, (), (CheckIn("c", "t", "p", at, answers, at),), UTC)
        found = {
            f.concern: f.level for f in assess(told, protocol, days_since(treatment, at)).findings
        }
        for floor in floors_of(answers, protocol, day, variant):
            assert rank(found[floor.concern]) >= floor.level.rank
        name = chance.choice(SIGNS)
        more = replace(answers, **{name: True})  # type: ignore[arg-type]
        told = replace(told, check_ins=(CheckIn("c", "t", "p", at, more, at),))
        after = {
            f.concern: f.level for f in assess(told, protocol, days_since(treatment, at)).findings
        }
        assert all(rank(after.get(concern)) >= rank(level) for concern, level in found.items())


def test_clean_photos_never_lower_a_floor() -> None:
    treatment, protocol = treated("microneedling"), protocol_files.load("microneedling")
    calm = tuple(reading(day, fading) for day in (*DAILY, 12, 16))
    for day in (1, 5, 17):
        at = TREATED_AT + timedelta(days=day)
        told = Course(treatment, calm, (CheckIn("c", "t", "p", at, SICK, at),))
        found = {f.concern: f.level for f in assess(told, protocol, day).findings}
        assert found[Concern.INFECTION] is Level.URGENT


def answered(
    db: Database, cast: Cast, answers: Answers, at: datetime, queued: Queued | None = None
) -> list[Alert]:
    record_check_in(db, PROTOCOLS, cast.alice.id, answers, at, queued)
    return raise_alerts(db, PROTOCOLS, at)


@pytest.mark.parametrize("day", [0.1, 1.74, 3.2, 17, 40, 119])
def test_pus_and_fever_reach_the_clinic_on_every_day(db: Database, cast: Cast, day: float) -> None:
    at = cast.treatment.performed_at + timedelta(days=day)
    levels = {a.concern: a.level for a in answered(db, cast, SICK, at)}
    assert levels[Concern.INFECTION] is Level.URGENT


@pytest.mark.parametrize(
    "answers",
    [
        Answers(pus=True),
        Answers(fever=True),
        Answers(blisters=True),
        Answers(hives=True),
        Answers(swelling=3),
        Answers(pain=7),
    ],
)
def test_one_bad_sign_alone_on_day_three_is_a_review(
    db: Database, cast: Cast, answers: Answers
) -> None:
    raised = answered(db, cast, answers, cast.treatment.performed_at + timedelta(days=3.2))
    assert max(a.level.rank for a in raised) >= Level.REVIEW.rank


def test_a_sign_reported_again_after_the_alert_was_resolved_asks_again(
    db: Database, cast: Cast
) -> None:
    day_4 = cast.treatment.performed_at + timedelta(days=4)
    (first,) = answered(db, cast, Answers(pus=True), day_4)
    resolved = Resolution(Outcome.FALSE, "make-up")
    give(db, first, cast.dana, resolved, day_4 + timedelta(hours=1))
    assert answered(db, cast, Answers(pain=1), day_4 + timedelta(hours=2)) == []
    (again,) = answered(db, cast, Answers(pus=True), day_4 + timedelta(hours=3))
    assert (again.id != first.id, again.stage) == (True, Stage.OPEN)


def test_answers_that_a_phone_kept_for_three_weeks_are_heard_when_they_come(
    db: Database, cast: Cast
) -> None:
    made = cast.treatment.performed_at + timedelta(days=5)
    kept = Queued("3f0c8a52-6a51-4c7e-9d0b-0d2f6f1c1e11", made)
    levels = {a.level for a in answered(db, cast, SICK, made + timedelta(days=21), kept)}
    assert Level.URGENT in levels


@pytest.mark.parametrize("off", [timedelta(days=-365), timedelta(days=365)])
def test_answers_of_a_phone_whose_clock_is_a_year_off_are_heard(
    db: Database, cast: Cast, off: timedelta
) -> None:
    now = cast.treatment.performed_at + timedelta(days=20)
    kept = Queued("3f0c8a52-6a51-4c7e-9d0b-0d2f6f1c1e11", now + off)
    assert Level.URGENT in {a.level for a in answered(db, cast, SICK, now, kept)}


def test_answers_dated_before_the_treatment_count_from_when_they_came() -> None:
    treatment, protocol = treated("microneedling"), protocol_files.load("microneedling")
    came = TREATED_AT + timedelta(days=4)
    for at in (TREATED_AT - timedelta(days=300), came + timedelta(days=300)):
        told = Course(treatment, (), (CheckIn("c", "t", "p", at, Answers(pain=7), came),))
        found = {f.concern: f.level for f in assess(told, protocol, 4.0).findings}
        assert found[Concern.INFECTION] is Level.REVIEW


def test_answers_that_waited_while_the_worker_was_down_for_a_week_are_heard(
    db: Database, cast: Cast
) -> None:
    day_4 = cast.treatment.performed_at + timedelta(days=4)
    assert answered(db, cast, Answers(pain=0), day_4) == []
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, day_4 + timedelta(hours=1))
    assert health.unjudged_queue(db).waiting == 1
    raised = raise_alerts(db, PROTOCOLS, day_4 + timedelta(days=7))
    assert Level.URGENT in {a.level for a in raised}
    assert health.unjudged_queue(db).waiting == 0


def test_fever_in_the_morning_and_pus_in_the_evening_are_fever_with_pus() -> None:
    treatment, protocol = treated("microneedling"), protocol_files.load("microneedling")
    morning, evening = (TREATED_AT + timedelta(days=day) for day in (5, 5.4))
    for first, second in ((ticked("fever"), ticked("pus")), (ticked("pus"), ticked("fever"))):
        told = (
            CheckIn("a", "t", "p", morning, first, morning),
            CheckIn("b", "t", "p", evening, second, evening),
        )
        found = assess(Course(treatment, (), told), protocol, 5.5).findings
        levels = {f.concern: f.level for f in found}
        assert levels[Concern.INFECTION] is Level.URGENT


def test_a_course_on_which_the_engine_fails_still_opens_what_answers_report(
    db: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = cast.treatment.performed_at + timedelta(days=4)

    def broken(*_: object) -> None:
        raise ArithmeticError

    with monkeypatch.context() as patch:
        patch.setattr(raising, "conclude", broken)
        levels = {a.concern: a.level for a in answered(db, cast, SICK, at)}
        assert levels[Concern.INFECTION] is Level.URGENT
        assert levels[Concern.UNJUDGED] is Level.REVIEW
        assert raise_alerts(db, PROTOCOLS, at + timedelta(minutes=1)) == []
        assert health.unjudged_queue(db).waiting == 1
    raise_alerts(db, PROTOCOLS, at + timedelta(minutes=2))
    assert health.unjudged_queue(db).waiting == 0
    stages = {a.concern: a.stage for a in alerts.of_treatment(db, cast.treatment.id)}
    assert stages[Concern.UNJUDGED] is Stage.RESOLVED
    assert stages[Concern.INFECTION] is Stage.OPEN


def test_a_report_of_a_lesser_sign_never_lowers_an_open_alert(db: Database, cast: Cast) -> None:
    at = cast.treatment.performed_at + timedelta(days=4)
    answered(db, cast, SICK, at)
    answered(db, cast, Answers(blisters=True, fever=False, pus=True), at + timedelta(days=4))
    (kept,) = (
        a for a in alerts.of_treatment(db, cast.treatment.id) if a.concern is Concern.INFECTION
    )
    assert kept.level is Level.URGENT


SHIPPED = protocol_files.load("microneedling")
PUS_ALONE = """[[floors]]
signs = ["pus"]
concern = "infection"
level = "review"
"""
REASON = """[[lowered_floors]]
signs = ["pus"]
concern = "infection"
because = "Our dressing looks like pus for a day."

"""


def test_a_clinic_that_lowers_a_floor_must_say_why() -> None:
    assert PUS_ALONE in SHIPPED.text
    lower = SHIPPED.text.replace(PUS_ALONE, PUS_ALONE.replace("review", "watch"))
    (mistake,) = floor_mistakes(parse_protocol(lower, "own.toml"), SHIPPED)
    assert "pus must be at least review" in str(mistake)
    held = protocol_files.parse_own(lower, "own.toml")
    assert worst_floor(Answers(pus=True), held, 5, None) == Level.REVIEW.rank
    explained = lower.replace(PUS_ALONE[:10], REASON + PUS_ALONE[:10], 1)
    own = parse_protocol(explained, "own.toml")
    assert floor_mistakes(own, SHIPPED) == ()
    assert worst_floor(Answers(pus=True), with_shipped_floors(own, SHIPPED), 5, None) == 0
    missing = explained.replace('because = "Our dressing looks like pus for a day."', "")
    with pytest.raises(ValueError, match=r"lowered_floors\[1\].because .*is missing"):
        parse_protocol(missing, "own.toml")


def test_the_reason_for_a_lowered_floor_stands_beside_every_alert_of_its_concern() -> None:
    lower = SHIPPED.text.replace(PUS_ALONE[:10], REASON + PUS_ALONE[:10], 1)
    at = TREATED_AT + timedelta(days=5)
    answers = Answers(fever=True)
    told = Course(treated("microneedling"), (), (CheckIn("c", "t", "p", at, answers, at),))
    findings = assess(told, parse_protocol(lower, "own.toml"), 5.0).findings
    infection = next(f for f in findings if f.concern is Concern.INFECTION)
    assert any("Our dressing looks like pus" in factor.what for factor in infection.evidence)


def test_a_clinic_may_raise_a_floor_without_a_reason() -> None:
    higher = SHIPPED.text.replace(PUS_ALONE, PUS_ALONE.replace("review", "urgent"))
    assert unexplained(parse_protocol(higher, "own.toml"), SHIPPED) == ()


def test_an_edition_from_before_floors_hears_what_the_shipped_protocol_hears() -> None:
    start, end = SHIPPED.text.index("# Floors:"), SHIPPED.text.index("# Before treatment:")
    flag = '[[red_flags]]\nsigns = ["dusky"]\nconcern = "infection"\nwords = "Call."\n\n'
    old = SHIPPED.text[:start] + flag + SHIPPED.text[end:]
    held = protocol_files.parse_own(old, "old.toml")
    assert worst_floor(Answers(pus=True), held, 40, None) == Level.REVIEW.rank
