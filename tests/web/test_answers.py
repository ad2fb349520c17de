"""Dr Dana answers an alert: a message from a template, and a colleague who is asked."""

from collections.abc import Callable
from dataclasses import replace

from sqlite_utils import Database

from tests.conftest import Cast
from tests.web.browser import Browser
from tests.web.conftest import Records
from tracker.domain.alerts.alerts import Level
from tracker.domain.people.people import Person
from tracker.storage.alerts import alerts
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import people
from tracker.storage.talk import conversation

KEY = "a1b2c3d4e5f60718293a4b5c6d7e8f90"


def said(db: Database, cast: Cast) -> list[str]:
    return [message.text for message in conversation.of_patient(db, cast.alice.id)]


def test_a_template_comes_filled_in_and_goes_only_when_sent(
    db: Database, cast: Cast, dana: Browser, records: Records
) -> None:
    alert = records.alert()
    page = dana.answer(alert.id, "message", {"reply": "come-and-show", "text": "P.S."})
    assert page.status_code == 200
    assert "P.S.\n\nHello Alice, I would like to look at your skin myself" in page.text
    assert said(db, cast) == []
    sent = dana.answer(alert.id, "message", {"text": "Hello Alice, call me", "key": KEY})
    assert sent.status_code == 303
    assert said(db, cast) == ["Hello Alice, call me"]
    assert "Sent." in dana.read(str(sent.headers["Location"]))


def test_what_was_typed_stays_when_the_template_was_withdrawn_meanwhile(
    dana: Browser, records: Records
) -> None:
    alert = records.alert()
    dana.send("/message-templates/come-and-show/withdraw", {"read": "0"})
    page = dana.answer(alert.id, "message", {"reply": "come-and-show", "text": "P.S."})
    assert (page.status_code, ">P.S.</textarea>" in page.text) == (200, True)


def test_lines_as_browsers_send_them_count_as_people_count_them(
    db: Database, cast: Cast, dana: Browser, records: Records
) -> None:
    alert = records.alert()
    lines = "\n".join(["x" * 9] * 50)  # 499 signs
    asked = {"colleague": cast.eli.id, "note": lines.replace("\n", "\r\n")}
    assert dana.answer(alert.id, "hand-over", asked).status_code == 303
    dana.answer(alert.id, "message", {"text": "Call me\r\nnow", "key": KEY})
    assert said(db, cast) == ["Call me\nnow"]


def test_sending_and_seeing_are_one_step_where_wished(
    db: Database, dana: Browser, records: Records
) -> None:
    alert = records.alert()
    dana.answer(alert.id, "message", {"text": "Call me", "key": KEY})
    known = alerts.get(db, alert.id)
    assert known is not None
    assert known.needs_answer
    dana.answer(alert.id, "message", {"text": "Call me!", "key": KEY[::-1], "seen": "yes"})
    seen = alerts.get(db, alert.id)
    assert seen is not None
    assert seen.seen_at is not None


def test_a_message_sent_twice_goes_once(
    db: Database, cast: Cast, dana: Browser, records: Records
) -> None:
    alert = records.alert()
    for _ in range(2):
        dana.answer(alert.id, "message", {"text": "Call me", "key": KEY, "seen": "yes"})
    assert said(db, cast) == ["Call me"]


def test_nothing_goes_when_the_alert_has_changed_since_and_the_words_stay(
    db: Database, cast: Cast, dana: Browser, records: Records
) -> None:
    alert = records.alert()
    values = {"text": "All is well", "key": KEY, "shown": dana.shown(alert.id)}
    with writing(db):
        alerts.save(db, replace(alert, level=Level.REVIEW))
    stale = dana.send(f"/alerts/{alert.id}/message", values)
    assert stale.status_code == 409
    assert "This alert has changed since you opened it" in stale.text
    assert "All is well</textarea>" in stale.text
    assert said(db, cast) == []


def test_an_empty_message_is_refused(dana: Browser, records: Records) -> None:
    answer = dana.answer(records.alert().id, "message", {"text": " ", "key": KEY})
    assert answer.status_code == 422
    assert "Write the message first" in answer.text


def test_a_colleague_is_asked_with_a_note_and_the_alert_asks_again(
    db: Database, cast: Cast, dana: Browser, records: Records
) -> None:
    with writing(db):
        people.add_to_care(db, cast.eli.id, cast.alice.id)
    alert = records.alert()
    dana.answer(alert.id, "answer", {})
    asked = {"colleague": cast.eli.id, "note": "Is this a cold sore?"}
    page = dana.answer(alert.id, "hand-over", asked, follow=True).text
    assert "Passed to a colleague" in page
    assert "to Dr Eli: Is this a cold sore?" in page
    again = alerts.get(db, alert.id)
    assert again is not None
    assert again.needs_answer
    (mail,) = mails.of_recipient(db, cast.eli.id)
    assert mail.kind == "handed_over"


def test_whoever_is_asked_from_outside_joins_the_care_team_and_the_audit_log_tells(
    db: Database,
    cast: Cast,
    dana: Browser,
    records: Records,
    browser_of: Callable[[Person], Browser],
) -> None:
    alert = records.alert()
    eli = browser_of(cast.eli)
    assert eli.get(f"/alerts/{alert.id}").status_code == 404
    assert "Joins the care team by this" in dana.read(f"/alerts/{alert.id}")
    dana.answer(alert.id, "hand-over", {"colleague": cast.eli.id, "note": "Please look"})
    assert "Please look" in eli.read(f"/alerts/{alert.id}")
    (entry,) = db.query("SELECT * FROM audit_log WHERE act = 'care_team_changed'")
    assert (entry["by_id"], entry["about_id"]) == (cast.dana.id, cast.alice.id)


def test_nobody_is_asked_who_cannot_answer_or_without_a_note(
    db: Database, cast: Cast, dana: Browser, records: Records
) -> None:
    alert = records.alert()
    for colleague in (cast.bob.id, cast.dana.id, "nobody"):
        answer = dana.answer(alert.id, "hand-over", {"colleague": colleague, "note": "Please look"})
        assert answer.status_code == 422
        assert "Choose a colleague who can answer" in answer.text
    answer = dana.answer(alert.id, "hand-over", {"colleague": cast.eli.id, "note": ""})
    assert "Say what you ask your colleague" in answer.text
    known = alerts.get(db, alert.id)
    assert known is not None
    assert known.needs_answer
    assert cast.eli.id not in {who.id for who, _ in people.care_team_of(db, cast.alice.id)}


def test_at_an_urgent_alert_what_is_not_meant_for_it_takes_one_more_press(
    dana: Browser, records: Records
) -> None:
    urgent, _, folded = dana.read(f"/alerts/{records.alert(level=Level.URGENT).id}").partition(
        "<summary>Others, not for infection ("
    )
    assert "Please come and let us look" in urgent
    assert "Thank you, keep going" not in urgent
    assert "Thank you, keep going" in folded


def test_templates_have_versions_and_go_out_of_use_without_being_lost(
    dana: Browser, records: Records
) -> None:
    changed = {"title": "Go on", "text": "Hello {first name}, all fine.\n{me}", "read": "0"}
    assert dana.send("/message-templates/keep-going", changed).status_code == 303
    page = dana.read("/message-templates")
    assert "written by Dr Dana" in page
    assert "As shipped" in page
    late = dana.send("/message-templates/keep-going", replace_text(changed, "Mine"))
    assert late.status_code == 409
    assert "Someone was faster" in late.text
    assert "Mine</textarea>" in late.text
    gone = dana.send("/message-templates/another-photo/withdraw", {"read": "0"})
    assert gone.status_code == 303
    assert "Out of use" in dana.read("/message-templates")
    on_alert = dana.read(f"/alerts/{records.alert().id}")
    assert "Go on" in on_alert
    assert "Please send another photo" not in on_alert


def test_a_place_nobody_can_fill_in_is_said_beside_the_message(dana: Browser) -> None:
    values = {"title": "Hi", "text": "Hello {name}", "read": "0"}
    answer = dana.send("/message-templates/mine", values)
    assert answer.status_code == 422
    assert "{name} cannot be filled in" in answer.text
    assert "Hello {name}</textarea>" in answer.text


def replace_text(values: dict[str, str], text: str) -> dict[str, str]:
    return {**values, "text": text}
