"""Alice answers the questions before her treatment on her phone; Dr Dana confirms them."""

import html
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tracker.actions.course.treatments import end_treatment
from tracker.actions.own_data.exporting import export_own_data
from tracker.domain.course.procedures import Ending
from tracker.domain.course.treatments import Setting, Treatment
from tracker.domain.mail.mails import MailKind
from tracker.domain.people.people import Person
from tracker.domain.protocols.ahead import AheadAnswer, ahead_questions
from tracker.domain.protocols.screening import Screening
from tracker.storage.connection import writing
from tracker.storage.course import ahead_answers, screenings, treatments
from tracker.storage.talk import conversation
from tracker.world import World

PATH = "/before-treatment"
QUESTIONS = ahead_questions(PROTOCOLS.of("microneedling"))
CALL = "Call your clinic before you come"
NEXT_AT = TREATED_AT + timedelta(days=30)
FORM: dict[str, Any] = {
    "kind": "microneedling",
    "known": "2",
    "stage": "done",
    "performed_at": "2026-03-31T09:00",
    "setting": "clinic",
    "depth": "0.5",
    "areas": ["nose"],
    "performed_by": "Dr Dana",
}


@pytest.fixture
def booked(db: Database, cast: Cast, clock: Clock) -> Treatment:
    """Alice's next session, which is in two days."""
    session = replace(cast.treatment, id="next", performed_at=NEXT_AT)
    with writing(db):
        treatments.insert(db, session)
    clock.now = NEXT_AT - timedelta(days=2)
    return session


@pytest.fixture
def screening(cast: Cast) -> str:
    return f"/patients/{cast.alice.id}/treatments/next/screening"


def come_back(browser: Browser, person: Person, clock: Clock, at: datetime) -> None:
    """Sign in again after days."""
    clock.now = at
    browser.client.delete_cookie("afterglow", domain="localhost")
    browser.sign_in(person, PASSPHRASE)


def say(alice: Browser, **answers: str) -> int:
    given = {f"ask_{name}": answer for name, answer in answers.items()}
    answer = alice.send(PATH, {"kind": "microneedling", **given})
    assert "sign-in" not in answer.headers.get("Location", "")
    return answer.status_code


def said(db: Database, alice: Person) -> list[AheadAnswer]:
    return ahead_answers.of_patient(db, alice.id)


def heard(db: Database, alice: Person) -> str:
    return str(max(each.number for each in said(db, alice)))


def is_chosen(page: str, question: str, value: str) -> bool:
    return f'name="ask_{question}" value="{value}" checked' in page


@pytest.mark.usefixtures("booked")
def test_today_asks_and_each_answer_can_be_changed_until_the_treatment(
    alice: Browser, clock: Clock, db: Database, cast: Cast
) -> None:
    assert f"Answer {len(QUESTIONS)} questions before your treatment" in alice.read("/")
    form = alice.read(PATH)
    assert all(each.question in form for each in QUESTIONS)
    assert "written consent" not in form  # the clinic does that, and answers it
    assert "checked" not in form
    assert say(alice) == 422
    assert say(alice, keloid="no", eczema="unknown") == 303
    assert f"Answer {len(QUESTIONS) - 2} more questions" in alice.read("/")
    page = alice.read(f"{PATH}?kept=yes")
    assert "Your clinic reads them before it begins" in page
    assert is_chosen(page, "keloid", "no")
    assert is_chosen(page, "eczema", "unknown")
    assert say(alice, keloid="no", eczema="yes") == 303
    kept = [(each.question, each.answer) for each in said(db, cast.alice)]
    assert kept == [("eczema", None), ("keloid", False), ("eczema", True)]
    log = [row["details"] for row in db.table("audit_log").rows]
    assert "answers before a treatment: 2" in log
    assert not any("eczema" in str(details) for details in log)
    clock.now = NEXT_AT + timedelta(minutes=1)
    assert "before your treatment" not in alice.read("/")
    assert alice.get(PATH).status_code == 303
    assert say(alice, keloid="yes") == 303
    assert len(said(db, cast.alice)) == 3


@pytest.mark.usefixtures("booked")
def test_a_contraindication_says_at_once_to_call_and_nothing_reassures(alice: Browser) -> None:
    assert say(alice, keloid="yes", rosacea="yes") == 303
    for path in ("/", PATH):
        page = alice.read(path)
        before_the_form = page.split("<fieldset")[0]
        assert CALL in before_the_form
        assert "thick or raised (keloids)?" in before_the_form
        assert "Do not needle" not in page  # advice is worded for the practitioner
    assert say(alice, **{each.id: "no" for each in QUESTIONS}) == 303
    today = alice.read("/")
    assert CALL not in today
    card = today.split('id="ahead"')[1].split("</section>")[0]
    assert "You answered the questions today" in card
    assert "tick-mark" not in card


@pytest.mark.usefixtures("booked")
def test_a_contraindication_waits_on_the_work_list_until_the_clinic_has_read_it(
    alice: Browser, dana: Browser, db: Database, cast: Cast
) -> None:
    def mailed() -> list[str]:
        sent = db.query("SELECT recipient_id FROM messages WHERE kind = ?", [MailKind.MESSAGE])
        return [row["recipient_id"] for row in sent]

    say(alice, rosacea="yes", eczema="unknown")
    assert "new message" not in dana.read("/")  # cautions are read before the treatment begins
    say(alice, keloid="yes", active_acne="yes")
    say(alice, keloid="yes", active_acne="yes")  # the same form once more
    assert "1 new message" in dana.read("/")
    assert mailed() == [cast.dana.id]
    say(alice, keloid="no", active_acne="yes")
    assert "2 new messages" in dana.read("/")
    assert mailed() == [cast.dana.id] * 2  # even while the first one waits
    talk = html.unescape(dana.read(f"/patients/{cast.alice.id}/conversation"))
    for words in (
        "(keloids)?” Yes.",
        "(acne) in the area?” Yes.",
        "No. Before that I answered yes.",
    ):
        assert words in talk
    assert "rosacea" not in talk
    assert "new message" not in dana.read("/")


@pytest.mark.usefixtures("booked")
def test_a_contraindication_reaches_the_clinic_though_the_session_was_taken_back_meanwhile(
    alice: Browser, db: Database, cast: Cast
) -> None:
    end_treatment(db, "next", Ending(NEXT_AT, cast.dana.id, "Booked twice.", is_mistake=True))
    told = alice.send(PATH, {"kind": "microneedling", "ask_keloid": "yes"})
    assert told.headers["Location"] == f"/patients/{cast.alice.id}/conversation"
    assert said(db, cast.alice) == []
    (message,) = conversation.of_patient(db, cast.alice.id)
    assert "keloids" in message.text
    assert alice.send(PATH, {"kind": "microneedling", "ask_keloid": "no"}).location == "/"


def test_only_a_session_at_the_clinic_that_is_near_is_asked_about(
    alice: Browser, clock: Clock, db: Database, cast: Cast, booked: Treatment
) -> None:
    come_back(alice, cast.alice, clock, NEXT_AT - timedelta(days=3, minutes=1))
    assert "before your treatment" not in alice.read("/")  # her skin heals from the last one
    clock.now += timedelta(minutes=2)
    assert "questions before your treatment" in alice.read("/")
    with writing(db):
        treatments.update(db, replace(booked, setting=Setting.HOME))
    assert "questions before your treatment" not in alice.read("/")
    come_back(alice, cast.alice, clock, TREATED_AT - timedelta(days=12))  # before the first one
    assert "questions before your treatment" in alice.read("/")
    assert say(alice, keloid="no") == 303
    assert "In the last 3 days before your treatment we ask once more" in alice.read(PATH)
    come_back(alice, cast.alice, clock, TREATED_AT - timedelta(days=1))
    assert f"Answer {len(QUESTIONS)} questions" in alice.read("/")
    assert "Please answer again" in alice.read(PATH)
    assert not is_chosen(alice.read(PATH), "keloid", "no")


def test_a_session_that_is_due_by_plan_is_asked_about_and_answers_wait_for_its_form(
    alice: Browser, dana: Browser, clock: Clock, db: Database, cast: Cast
) -> None:
    plan = {"treatment": cast.treatment.id, "number": "1", "sessions": "3", "every_days": "30"}
    assert dana.send(f"/patients/{cast.alice.id}/session-plan", plan).status_code == 303
    come_back(alice, cast.alice, clock, NEXT_AT - timedelta(days=1))
    assert say(alice, keloid="no", eczema="yes", rosacea="unknown") == 303
    come_back(dana, cast.dana, clock, clock.now)
    page = dana.read(f"/patients/{cast.alice.id}")
    assert f"Answered by the patient, today, 11:00: 2 of {len(QUESTIONS)} questions" in page
    assert "Enter the treatment and confirm the answers" in page
    new = f"/patients/{cast.alice.id}/treatments/new"
    form = dana.read(f"{new}?kind=microneedling")
    assert is_chosen(form, "keloid", "no")
    assert not is_chosen(form, "eczema", "yes")
    sent = FORM | {"known": "1", "heard": heard(db, cast.alice), "ask_keloid": "no"}
    rest = dana.send(new, {**sent, "rest": "no"}).text
    assert is_chosen(rest, "pregnancy", "no")
    assert not is_chosen(rest, "eczema", "no")
    assert not is_chosen(rest, "rosacea", "no")  # "I don't know" is no answer
    refused = dana.send(new, sent)
    assert refused.status_code == 422
    assert "The patient answered this with a warning" in refused.text
    come_back(dana, cast.dana, clock, NEXT_AT)
    sent |= {"ask_eczema": "yes", "performed_at": "2026-04-01T11:00"}
    assert dana.send(new, sent).status_code == 303
    entered = treatments.of_patient(db, cast.alice.id)[-1]
    kept = screenings.of_treatment(db, entered.id)
    assert kept is not None
    assert {name: kept.answers.get(name) for name in ("keloid", "eczema", "rosacea")} == {
        "keloid": False,
        "eczema": True,
        "rosacea": None,
    }
    assert {each.treatment_id for each in said(db, cast.alice)} == {entered.id}
    log = [row["details"] for row in db.table("audit_log").rows]
    assert "treatment entered; answers of the patient confirmed: 3" in log


@pytest.mark.usefixtures("booked")
def test_the_planned_session_is_screened_with_what_the_patient_said(
    alice: Browser, dana: Browser, db: Database, cast: Cast, screening: str
) -> None:
    assert say(alice, keloid="yes", eczema="no") == 303
    page = dana.read(f"/patients/{cast.alice.id}")
    assert "Not confirmed yet" in page
    assert screening in page
    form = dana.read(screening)
    assert "Answered by the patient, 30 Mar, 11:00: yes." in form
    assert is_chosen(form, "eczema", "no")
    assert not is_chosen(form, "keloid", "yes")
    sent = {"known": "0", "heard": heard(db, cast.alice), "ask_eczema": "no"}
    assert dana.send(screening, sent).status_code == 422
    assert screenings.of_treatment(db, "next") is None
    assert dana.send(screening, sent | {"ask_keloid": "no"}).status_code == 303
    told = dana.read(f"/patients/{cast.alice.id}/treatments")
    assert "2 answered by the patient" in told
    assert "confirmed by Dr Dana" in told
    assert "The patient: <strong>yes</strong>. Recorded: <strong>no</strong>" in told
    assert "Not confirmed yet" not in dana.read(f"/patients/{cast.alice.id}")


@pytest.mark.usefixtures("booked")
def test_an_answer_that_comes_after_the_form_was_opened_is_not_missed(
    alice: Browser, dana: Browser, db: Database, cast: Cast, screening: str
) -> None:
    assert say(alice, keloid="no") == 303
    sent = {"known": "0", "heard": heard(db, cast.alice), "ask_keloid": "no"}
    assert say(alice, keloid="yes") == 303
    late = dana.send(screening, sent)
    assert late.status_code == 409
    assert "after you opened this form" in late.text
    assert not is_chosen(late.text, "keloid", "no")
    assert screenings.of_treatment(db, "next") is None
    assert say(alice, keloid="no") == 303  # a yes that was taken back is asked about as well
    form = dana.read(screening)
    assert "Before that, 30 Mar, 11:00: yes." in form
    assert not is_chosen(form, "keloid", "no")
    sent["heard"] = heard(db, cast.alice)
    assert dana.send(screening, {k: sent[k] for k in ("known", "heard")}).status_code == 422
    assert dana.send(screening, sent).status_code == 303


@pytest.mark.usefixtures("booked")
def test_a_later_answer_reopens_a_screening_and_needs_no_other_reason(
    alice: Browser, dana: Browser, db: Database, cast: Cast, screening: str, clock: Clock
) -> None:
    with writing(db):
        given = Screening({"keloid": False, "eczema": False}, clock.now, cast.dana.id)
        screenings.insert(db, "next", given)
    assert say(alice, keloid="yes", eczema="no") == 303
    form = dana.read(screening)
    assert is_chosen(form, "eczema", "no")
    assert not is_chosen(form, "keloid", "no")
    sent = {"known": "1", "heard": heard(db, cast.alice), "ask_keloid": "yes"}
    assert dana.send(screening, sent | {"ask_eczema": "yes"}).status_code == 422  # said no one
    assert dana.send(screening, sent).status_code == 303
    kept = screenings.of_treatment(db, "next")
    assert kept is not None
    assert (kept.answers["keloid"], kept.by) == (True, cast.dana.id)


def test_old_answers_and_those_about_another_treatment_are_shown_and_not_filled_in(
    dana: Browser, clock: Clock, db: Database, cast: Cast, booked: Treatment
) -> None:
    clock.now = TREATED_AT + timedelta(days=3)
    with writing(db):
        for question in QUESTIONS[:2]:
            ahead_answers.insert(
                db, cast.alice.id, booked.kind, question, answer=False, at=clock.now
            )
        gold = next(q for q in PROTOCOLS.of("ipl").screening if q.id == "gold")
        scars = next(q for q in QUESTIONS if q.id == "keloid")
        for other in (gold, scars):
            ahead_answers.insert(db, cast.alice.id, "ipl", other, answer=True, at=clock.now)
    come_back(dana, cast.dana, clock, NEXT_AT - timedelta(days=1))
    form = dana.read(f"/patients/{cast.alice.id}/treatments/next/screening")
    assert "more than 3 days before the treatment: ask again" in form
    assert not is_chosen(form, QUESTIONS[0].id, "no")
    assert not is_chosen(form, "keloid", "yes")
    assert f"{gold.question} <strong>Yes.</strong>" in form


def test_answers_of_a_treatment_that_has_passed_stay_in_sight_until_confirmed(
    booked: Treatment, alice: Browser, dana: Browser, clock: Clock, cast: Cast, db: Database
) -> None:
    assert say(alice, keloid="yes") == 303
    come_back(dana, cast.dana, clock, NEXT_AT + timedelta(days=1))
    page = dana.read(f"/patients/{cast.alice.id}")
    assert "Not confirmed yet" in page
    assert f"/treatments/{booked.id}/screening" in page
    with writing(db):
        ahead_answers.confirm(db, [1], booked.id, 1)
        wrong = replace(booked, performed_at=NEXT_AT + timedelta(days=9))
        treatments.insert(db, replace(wrong, id="again"))
        db.table("treatments").update(booked.id, {"ended_as_mistake": 1})
    assert [each.is_open for each in said(db, cast.alice)] == [True]  # it waits again


@pytest.mark.usefixtures("booked")
def test_the_download_says_who_answered_and_who_confirmed(
    alice: Browser, dana: Browser, db: Database, cast: Cast, screening: str, world: World
) -> None:
    assert say(alice, keloid="yes", eczema="unknown") == 303
    sent = {"known": "0", "heard": heard(db, cast.alice), "ask_keloid": "no"}
    assert dana.send(screening, sent).status_code == 303
    assert say(alice, eczema="no") == 303
    files = {entry.path: entry.data for entry in export_own_data(db, world.files, cast.alice)}
    rows = json.loads(files["answers-ahead.json"])
    assert [(row["answer"], row["recorded_as"], row["confirmed_by"]) for row in rows] == [
        ("I don’t know", "", "Dr Dana"),
        ("yes", "no", "Dr Dana"),
        ("no", "", ""),
    ]
    (course,) = [name for name in files if name.startswith("course-2") and "treatment" in name]
    treatment = json.loads(files[course])
    assert treatment["answers_entered_by"] == "Dr Dana"
    assert len(treatment["answered_on_the_phone"]) == 2


def test_a_patient_of_no_planned_treatment_is_asked_nothing(
    alice: Browser, dana: Browser, db: Database, cast: Cast
) -> None:
    assert alice.get(PATH).status_code == 303
    assert say(alice, keloid="yes") == 303
    assert dana.get(PATH).status_code == 404
    assert said(db, cast.alice) == []
