"""When the patient is asked which side is left, and whose answer counts."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.tracker.courses_of_readings import TREATED_AT
from tracker.domain.course.outlines import Outlines
from tracker.domain.course.photos import FileFault, Photo, PhotoRole, PhotoStatus, Sides, SkinState
from tracker.domain.course.sides import (
    MOST_ANSWERS,
    Obstacle,
    Said,
    SaidBy,
    SidesAnswer,
    asks_patient,
    in_force,
    obstacle,
    sides_after,
)

BERLIN = ZoneInfo("Europe/Berlin")
EVENING = datetime(2026, 3, 3, 22, 30, tzinfo=BERLIN)


def photo(sides: Sides = Sides.UNKNOWN, fault: FileFault | None = None) -> Photo:
    status, clean = PhotoStatus.MEASURED, SkinState.CLEAN
    at = TREATED_AT - timedelta(days=1)
    role = PhotoRole.BASELINE
    return Photo("p", "t", "a", role, status, at, at, clean, sides=sides, file_fault=fault)


def said(*answers: Said, by: SaidBy = SaidBy.PATIENT, at: datetime = EVENING) -> list[SidesAnswer]:
    return [SidesAnswer("p", each, by, at + timedelta(days=n)) for n, each in enumerate(answers)]


def asks(answers: list[SidesAnswer], at: datetime, sides: Sides = Sides.UNKNOWN) -> bool:
    return asks_patient(photo(sides), answers, at, BERLIN)


def test_the_patient_is_asked_until_something_is_known() -> None:
    assert asks([], EVENING)
    assert not any(asks([], EVENING, sides) for sides in Sides if sides is not Sides.UNKNOWN)
    assert not asks_patient(photo(fault=FileFault.DAMAGED), [], EVENING, BERLIN)


@pytest.mark.parametrize("answer", [Said.PLAIN, Said.MIRRORED, Said.UNSURE])
def test_a_patient_who_answered_is_not_asked_again(answer: Said) -> None:
    assert not asks(said(answer), EVENING + timedelta(days=9))


def test_a_patient_is_still_asked_where_the_clinic_does_not_know() -> None:
    unknown = said(Said.UNSURE, by=SaidBy.CLINIC)
    assert asks(unknown, EVENING)
    assert not asks([*unknown, *said(Said.UNSURE)], EVENING)


def test_not_now_is_asked_once_more_on_another_day_of_the_patient_and_never_again() -> None:
    once = said(Said.LATER)
    assert not asks(once, EVENING + timedelta(hours=1))
    assert asks(once, EVENING + timedelta(hours=2))  # past midnight in Berlin
    assert not asks(said(Said.LATER, Said.LATER), EVENING + timedelta(days=9))


def test_not_now_changes_no_answer() -> None:
    assert in_force(said(Said.LATER)) is None
    mirrored = said(Said.MIRRORED, Said.LATER)
    last = in_force(mirrored)
    assert last is not None
    assert last.said is Said.MIRRORED
    assert sides_after(photo(Sides.MIRRORED), Said.LATER) is Sides.MIRRORED


def test_a_surer_answer_stands_and_may_be_taken_back_by_who_gave_it() -> None:
    for by in SaidBy:
        given = said(Said.MIRRORED, by=by)
        refused = [
            who for who in SaidBy if obstacle(photo(Sides.MIRRORED), given, who) is Obstacle.SETTLED
        ]
        assert refused == list(SaidBy)[: list(SaidBy).index(by)]
    taken_back = said(Said.UNSURE, by=SaidBy.CLINIC)
    assert obstacle(photo(), taken_back, SaidBy.PATIENT) is None


def test_an_answer_from_an_old_page_is_refused() -> None:
    assert obstacle(photo(), [], SaidBy.PATIENT, known=0) is None
    assert obstacle(photo(), said(Said.LATER), SaidBy.PATIENT, known=0) is Obstacle.MEANWHILE
    assert obstacle(photo(Sides.SURE), [], SaidBy.CLINIC, known=0) is Obstacle.SURE


def test_a_patient_who_changes_the_answer_again_and_again_is_sent_to_the_clinic() -> None:
    often = said(*[Said.PLAIN, Said.MIRRORED] * (MOST_ANSWERS // 2))
    assert obstacle(photo(), often, SaidBy.PATIENT) is Obstacle.TOO_OFTEN
    assert obstacle(photo(), often[1:], SaidBy.PATIENT) is None
    assert obstacle(photo(), [*often[1:], *said(Said.LATER)], SaidBy.PATIENT) is None
    assert obstacle(photo(), often, SaidBy.CLINIC) is None


def test_outlines_in_a_mirror_are_the_same_after_two() -> None:
    drawn = Outlines(treated=(((0.125, 0.5), (0.25, 0.5), (0.25, 0.75)),))
    assert drawn.mirrored().treated == (((0.875, 0.5), (0.75, 0.5), (0.75, 0.75)),)
    assert drawn.mirrored().mirrored() == drawn
