"""The one-minute check-in, through the form."""

import json
from datetime import timedelta

from sqlite_utils import Database

from tests.web.browser import Browser
from tests.web.conftest import Clock

CALM = {"pain": "1", "itch": "0", "swelling": "0", "trend": "better"}


def test_answers_are_kept_and_thanked_for(alice: Browser, db: Database) -> None:
    page = alice.send("/check-in", CALM | {"note": "calm"}, follow=True).text
    assert "Your answers are with your clinic" in page
    assert len(list(db.query("SELECT id FROM check_ins"))) == 1
    assert "Today’s check-in is done" in alice.read("/")


def test_reloading_the_answer_sends_nothing_again(alice: Browser, db: Database) -> None:
    answer = alice.send("/check-in", CALM)
    assert answer.status_code == 303
    for _ in range(2):
        alice.read(answer.headers["Location"])
    assert len(list(db.query("SELECT id FROM check_ins"))) == 1


def test_missing_answers_are_named_and_the_others_stay(alice: Browser) -> None:
    answer = alice.send("/check-in", {"pain": "4", "pus": "yes", "note": "hot <b>cheek</b>"})
    assert answer.status_code == 422
    assert '<a href="#itch">Choose a number for itch.</a>' in answer.text
    assert 'name="pain" value="4" required checked' in answer.text
    assert 'name="pus" value="yes" checked' in answer.text
    assert "hot &lt;b&gt;cheek&lt;/b&gt;" in answer.text


def test_a_red_flag_shows_emergency_words_on_the_next_screen(alice: Browser) -> None:
    flagged = CALM | {"breathing_or_face_swelling": "yes"}
    page = alice.send("/check-in", flagged, follow=True).text
    assert "Get help now" in page
    assert "Call the emergency number now" in page
    assert 'role="alert"' in page
    assert "Get help now" in alice.read("/")


def test_later_calm_answers_do_not_take_the_emergency_words_off_any_page(
    alice: Browser, clock: Clock
) -> None:
    page = alice.send("/check-in", CALM | {"fever": "yes", "spreading": "yes"}, follow=True).text
    assert "Get help now" in page
    clock.now += timedelta(hours=2)
    assert "Get help now" in alice.send("/check-in", CALM, follow=True).text
    assert "Get help now" in alice.read("/")
    clock.now += timedelta(days=3)
    assert "Get help now" not in alice.read("/")


def test_the_wording_works_on_every_tone(alice: Browser) -> None:
    page = alice.read("/check-in")
    assert "Redness may be hard to see on brown or black skin" in page


def test_only_what_was_asked_is_denied_by_an_empty_box(alice: Browser, db: Database) -> None:
    page = alice.read("/check-in")
    assert 'name="asked" value="dusky"' in page
    assert 'value="tingling"' not in page
    alice.send("/check-in", CALM | {"asked": ["hives", "pus"]})
    (row,) = db.query("SELECT answers FROM check_ins")
    answers = json.loads(row["answers"])
    assert (answers["hives"], answers["tingling"], answers["pus"]) == (False, None, False)
