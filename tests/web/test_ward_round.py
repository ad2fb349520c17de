"""The ward round: it shows all that may be open, and closes nothing that was not opened."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlite_utils import Database
from werkzeug.test import TestResponse

from tests.tracker.answers_to_alerts import give
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tests.web.test_worklist import add_patient
from tracker.domain.alerts.alert_life import Resolution
from tracker.domain.alerts.alerts import Alert, Concern, Factor, Level, Outcome, Source
from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.course.photos import Photo, PhotoStatus, View
from tracker.domain.people.people import Person
from tracker.storage.alerts import alerts
from tracker.storage.connection import writing
from tracker.storage.people import people

FINE = ">Fine <"
CALMING = Factor("whole face: infection does not show", 0.1, Source.PHOTOS)
WORRYING = Factor("second rise, left cheek, since day 2", 14.0, Source.PHOTOS)


def page_of(browser: Browser, alert: Alert, more: str = "") -> str:
    return browser.read(f"/round/{alert.patient_id}{more}")


def fields(page: str) -> Mapping[str, str]:
    """The hidden fields of the form that closes; each name has one value here."""
    form = re.search(r'<form[^>]*/fine".*?</form>', page, re.DOTALL)
    assert form is not None, "Fine is not offered"
    found = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    return {name: value for name, value in found.items() if name != "csrf_token"}


def close(browser: Browser, alert: Alert, page: str, why: str = "a lamp") -> TestResponse:
    path = f"/round/{alert.patient_id}/alerts/{alert.id}/fine"
    return browser.send(path, {**fields(page), "why": why})


def look_at(browser: Browser, photo: Photo) -> None:
    """What a browser does with the picture that a page shows large."""
    browser.get(f"/patients/{photo.patient_id}/photos/{photo.id}/photo?large=1")


def test_a_round_goes_through_all_who_wait_and_ends(
    dana: Browser, records: Records, db: Database
) -> None:
    bea = add_patient(db, records, "Bea", "bea@home.example")
    records.message(bea, "It stings.")
    records.alert()
    assert 'href="/round" data-key="w"' in dana.read("/")
    first = dana.get("/round").location or ""
    assert first.startswith(f"/round/{records.cast.alice.id}?place=")
    page = dana.read(first)
    assert "1 more waits after this" in page
    (onwards,) = re.findall(r'href="(/round[?]after=[^"]+)" data-key="n"', page)
    second = dana.get(onwards).location or ""
    assert second.startswith(f"/round/{bea.id}?place=")
    page = dana.read(second)
    assert "the last one" in page
    assert ">1 before<" in page, "those who came meanwhile or were left out are one link away"
    assert "It stings." in page
    (onwards,) = re.findall(r'href="(/round[?]after=[^"]+)" data-key="n"', page)
    end = dana.read(onwards)
    assert "That was everyone." in end
    assert "2 patients still wait" in end


def test_all_warnings_come_before_the_grounds_and_nothing_calms_above_them(
    dana: Browser, records: Records
) -> None:
    records.check_in(2.2, Answers(pus=True, pain=7, note="yellow crust"))
    records.check_in(2.6, Answers(fever=True))
    records.check_in(2.9, Answers(pain=0, pus=False, trend=Trend.BETTER, note="slept well"))
    worst = records.alert(records.measured(2), evidence=(CALMING, WORRYING))
    other = records.alert(level=Level.REVIEW, concern=Concern.ALLERGIC_REACTION)
    records.note("Allergic to latex.", pinned=True)
    page = page_of(dana, worst)
    said = re.sub(r"<[^>]+>", "", page)
    order = [
        "Allergic to latex.",
        "can mean an infection",
        "point to an allergic reaction",
        "2 answers with a warning",
        "Fever",
        "Pus",
        "yellow crust",
        "Second rise, left cheek",
        "slept well",
        "What speaks against infection (1)",
        "infection does not show",
    ]
    places = [said.index(words) for words in order]
    assert places == sorted(places), list(zip(order, places, strict=True))
    assert said.index("Asked before treatment") > places[-1]
    assert "microneedling" in said.lower()
    assert "day 3. Raised today, 08:00" in said, "the day of the alert's own treatment"
    for alert in (worst, other):
        assert re.search(rf'href="/alerts/{alert.id}[?]round=[^"]+">Open the alert', page)
    assert FINE not in page
    assert "More than one alert waits" in page
    assert page.count("A message answers none of the 2 alerts") == 1
    assert "The alert about infection stays quiet until then" in page
    assert "Answer the other alerts on their own pages." in page


def test_what_the_list_warns_of_stands_in_the_round(
    dana: Browser, records: Records, db: Database
) -> None:
    records.photo(2, PhotoStatus.UNMEASURABLE, faults=("analysis_failed",))
    alert = records.alert()
    mail = records.mail(alert, records.cast.dana)
    failed = "UPDATE messages SET attempts = 3, error = 'no route', failed_at = ? WHERE id = ?"
    with writing(db):
        db.execute(failed, ["2026-03-05T09:00:00+00:00", mail.id])
    row = dana.read("/")
    page = page_of(dana, alert)
    for words in ("A mail did not go out", "could not be measured"):
        assert words in row
    assert "no route" in page
    assert "1 photo" in page
    assert FINE not in page


@pytest.mark.parametrize(
    ("answers", "is_offered"),
    [
        (Answers(pain=1, note="fine so far"), True),
        (Answers(pain=7), False),
        (Answers(blisters=True), False),
        (Answers(trend=Trend.WORSE), False),
        (Answers(sun=True), True),
    ],
)
def test_fine_is_not_offered_after_an_alarming_answer(
    dana: Browser, records: Records, answers: Answers, is_offered: bool
) -> None:
    records.check_in(2.5, answers)
    page = page_of(dana, records.alert(level=Level.REVIEW))
    assert (FINE in page) is is_offered
    assert (answers.note or "Pain") in page
    assert ("An answer is a warning sign" in page) is not is_offered


def test_a_warning_of_long_before_the_alert_is_shown_and_does_not_hold(
    dana: Browser, records: Records
) -> None:
    records.check_in(0.2, Answers(warmth=True))
    records.check_in(2.9, Answers(warmth=False))
    page = page_of(dana, records.alert())
    assert "An answer with a warning" in page
    assert "Warmth" in page
    assert FINE in page


def test_answers_that_reached_a_floor_hold_even_if_they_are_old(
    dana: Browser, records: Records
) -> None:
    flag = Factor("pus reported", 1.0, Source.RED_FLAG)
    page = page_of(dana, records.alert(evidence=(flag,)))
    assert "Pus reported" in page
    assert FINE not in page


def test_photos_from_the_side_and_of_no_treatment_are_opened_before_fine_is_offered(
    dana: Browser, records: Records
) -> None:
    alert = records.alert()
    side = records.photo(2, PhotoStatus.KEPT, view=View.LEFT)
    early = records.early(2.5)
    page = page_of(dana, alert)
    assert FINE not in page
    assert "2 new photos, unseen since yesterday, 1 from the side, 1 without a treatment" in page
    assert {side.id, early.id} == set(re.findall(r'name="photo" value="([^"]*)"', page))
    sent = {"round": "0.0.1.x", "photo": [side.id, early.id]}
    opened = dana.read(dana.send(f"/round/{alert.patient_id}/open", sent).location or "")
    for each in (side, early):
        assert f"/photos/{each.id}/photo?large=1" in opened
        dana.get(f"/patients/{alert.patient_id}/photos/{each.id}/photo?large=1")
    assert "without a treatment" in opened
    assert FINE in opened
    records.early(2.6)
    assert close(dana, alert, opened).status_code == 409, "another one came meanwhile"


def test_a_patient_without_a_treatment_waits_with_the_photo_that_came(
    dana: Browser, records: Records, db: Database
) -> None:
    early, bob = records.early(2), records.cast.bob
    with writing(db):
        people.add_to_care(db, records.cast.dana.id, bob.id)
        db.execute("UPDATE early_photos SET patient_id = ?", [bob.id])
    row = "1 new photo, unseen since yesterday, without a treatment"
    assert row in dana.read("/")
    assert f">{row}</h1>" in dana.read(f"/round/{bob.id}")
    assert 'class="new"' in dana.read(f"/patients/{bob.id}")
    dana.get(f"/patients/{bob.id}/photos/{early.id}/photo")
    assert row not in dana.read("/")
    assert 'class="new"' not in dana.read(f"/patients/{bob.id}")


def test_messages_and_photos_are_opened_before_fine_is_offered(
    dana: Browser, records: Records, db: Database
) -> None:
    photo = records.measured(2)
    alert = records.alert(photo)
    records.message(records.cast.alice, "It is hot and swollen.")
    page = page_of(dana, alert)
    assert FINE not in page
    assert "It is hot and swollen." in page
    assert "Not seen yet: 1 new photo, unseen since yesterday." in re.sub(r"<[^>]+>", "", page)
    assert "large=1" not in page, "what was not asked for stays new"
    there = dana.send(
        f"/round/{alert.patient_id}/open", {"round": "0.0.1.x", "photo": photo.id}
    ).location
    opened = dana.read(there or "")
    assert f"/patients/{photo.patient_id}/photos/{photo.id}/aligned?large=1" in opened
    assert "✓ Seen" in opened
    assert "✓ Read" in opened
    assert FINE in opened
    refused = close(dana, alert, opened)
    assert refused.status_code == 409, "the browser has not fetched the photo"
    assert "was not opened yet" in refused.text
    assert 'value="a lamp"' in refused.text
    look_at(dana, photo)
    assert close(dana, alert, opened).location == f"/round?after=0.0.1.x&undo={alert.id}"
    closed = alerts.get(db, alert.id)
    assert closed is not None
    assert closed.outcome is Outcome.FALSE


def test_a_message_that_was_answered_unread_is_shown_with_its_photo_when_it_is_opened(
    dana: Browser, records: Records
) -> None:
    alert = records.alert()
    said = records.message(records.cast.alice, "Look at this crust.", photo=b"jpeg")
    records.message(records.cast.eli, "Please drink enough.")
    assert "With a photo." in page_of(dana, alert)
    there = dana.send(f"/round/{alert.patient_id}/open", {"round": "0.0.1.x"}).location
    opened = dana.read(there or "")
    assert "Look at this crust." in opened
    assert "drink enough" not in opened
    assert f"/patients/{alert.patient_id}/conversation/{said.id}/photo" in opened


def test_a_photo_that_is_not_measured_holds_after_it_was_opened(
    dana: Browser, records: Records
) -> None:
    photo = records.photo(2)
    alert = records.alert()
    look_at(dana, photo)
    page = page_of(dana, alert, f"?photo={photo.id}")
    assert "waiting to be measured" in page
    assert "A photo is not measured yet" in page
    assert FINE not in page


def test_what_comes_while_the_page_is_open_is_not_closed_over(
    dana: Browser, records: Records, db: Database
) -> None:
    alert = records.alert()
    page = page_of(dana, alert)
    records.check_in(2.9, Answers(pain=1, note="one more thing"))
    refused = close(dana, alert, page)
    assert refused.status_code == 409
    assert "one more thing" in refused.text
    assert alerts.get(db, alert.id) != replace(alert, outcome=Outcome.FALSE)
    assert close(dana, alert, refused.text).status_code == 303


def test_an_alert_that_asks_again_meanwhile_is_refused_as_on_its_page(
    dana: Browser, records: Records, db: Database
) -> None:
    alert = records.alert()
    page = page_of(dana, alert)
    with writing(db):
        alerts.save(db, replace(alert, raised_at=alert.raised_at + timedelta(minutes=1)))
    refused = close(dana, alert, page)
    assert refused.status_code == 409
    assert "This alert has changed since you opened it." in refused.text


def test_the_page_of_the_alert_leads_back_into_the_round(dana: Browser, records: Records) -> None:
    alert = records.alert()
    page = dana.read(f"/alerts/{alert.id}?round=0.0.1.x")
    assert f'href="/round/{alert.patient_id}?place=0.0.1.x">Back to the round' in page
    unknown = {"text": "Please call us.", "round": "?"}
    there = f"/alerts/{alert.id}?sent=yes"
    assert dana.answer(alert.id, "message", unknown).location == there
    form = {"outcome": "true", "why": "antibiotics", "round": "0.0.1.x"}
    there = f"/round?after=0.0.1.x&undo={alert.id}"
    assert dana.answer(alert.id, "resolve", form).location == there


def test_a_message_in_the_round_goes_on_to_the_next(
    dana: Browser, records: Records, db: Database
) -> None:
    alert = records.alert()
    page = page_of(dana, alert)
    assert re.search(r'class="button second" href="/round[?]after', page), "next is no answer"
    assert 'name="seen" value="yes" checked' in page, "the mark is visible, and can be taken off"
    (shown,) = set(re.findall(r'name="shown" value="([^"]+)"', page))
    form = {"text": "We will call.", "round": "0.0.1.x", "shown": shown, "seen": "yes"}
    sent = dana.send(f"/alerts/{alert.id}/message", form)
    assert sent.location == f"/round?after=0.0.1.x&undo={alert.id}"
    again = page_of(dana, alert)
    assert "✓ Dr Dana has it, seen" in again
    assert re.search(r'class="button" href="/round[?]after', again)
    there = f"/patients/{alert.patient_id}/conversation"
    plain = dana.send(there, {"text": "All well?", "key": "a" * 32, "round": "0.0.1.x"})
    assert plain.location == "/round?after=0.0.1.x"


def test_an_assistant_may_write_and_open_and_not_close(
    fay: Person, records: Records, browser_of: Callable[[Person], Browser]
) -> None:
    alert = records.alert()
    page = page_of(browser_of(fay), alert)
    assert f'action="/alerts/{alert.id}/message"' in page
    assert FINE not in page
    assert 'name="seen"' not in page
    assert ">Seen<" not in page


def test_a_patient_who_no_longer_waits_can_be_shown_without_an_alert(
    dana: Browser, records: Records
) -> None:
    page = dana.read(f"/round/{records.cast.alice.id}")
    assert "No longer waits" in page
    assert "Nothing waits for an answer" in page
    assert "No photo is measured." in page
    assert dana.get(f"/round/{records.cast.bob.id}").status_code == 404


def test_a_colleague_who_was_first_is_named_and_the_reason_is_kept(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    alert = records.alert()
    page = page_of(dana, alert)
    give(db, alert, records.cast.eli, Resolution(Outcome.TRUE, "saw her"), clock.now)
    refused = close(dana, alert, page, why="a lamp, no heat")
    assert refused.status_code == 409
    assert "A colleague was first." in refused.text
    assert "a lamp, no heat" in refused.text
