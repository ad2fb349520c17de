"""Every field of every form is made readable in one place."""

import re
from pathlib import Path

import pytest
from flask import Flask, request
from sqlite_utils import Database

import web
from tests.conftest import Cast
from tests.web.browser import Browser
from tracker.domain.texts import LOST
from tracker.storage.course import check_ins
from tracker.storage.people import people
from tracker.storage.talk import conversation

FIELD = re.compile(r'<(?:textarea|input)\b[^>]*?\bname="([^"]+)"', re.DOTALL)
CLASSES = {
    "control": ("a\x00b", f"a{LOST}b"),
    "escape": ("a\x1bb", f"a{LOST}b"),
    "order turned": ("a\u202eb", f"a{LOST}b"),
    "private": ("a\ue000b", f"a{LOST}b"),
    "no character": ("a\ufdd0b", f"a{LOST}b"),
    "tag": ("a\U000e0041b", f"a{LOST}b"),
    "zero width": ("a\u200bb", "ab"),
    "byte order": ("\ufeffab", "ab"),
    "soft hyphen": ("a\u00adb", "ab"),
    "of an address book": ("\u202aab\u202c", "ab"),
    "no-break space": ("a\u00a0b", "a b"),
    "ends of lines": ("a\r\nb\vc\u2028d", "a\nb\nc\nd"),
    "in two parts": ("e\u0301", "é"),
    "nothing to see": ("\u200b\u3164\ufe0f", ""),
    "family": ("👩\u200d👧", "👩\u200d👧"),
    "Arabic": ("می\u200cخواهم", "می\u200cخواهم"),
}
NEW = {"name": "Nina", "email": "nina@clinic.example"}


def fields() -> list[str]:
    """The name of every field with text in every template; `{{ }}` in it becomes `x`."""
    pages = [*Path(web.__file__).parent.glob("**/templates/*.html")]
    found = {
        re.sub(r"\{\{.*?\}\}", "x", name)
        for page in pages
        if "node_modules" not in page.parts
        for name in FIELD.findall(page.read_text(encoding="utf-8"))
    }
    return sorted(found - {"passphrase", "photo"})


def test_every_field_reaches_the_pages_readable(app: Flask) -> None:
    names = fields()
    assert {"name", "note", "text", "why", "line", "email", "x"} <= set(names)
    for told, (sent, kept) in CLASSES.items():
        data = dict.fromkeys(names, sent)
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
            with app.test_request_context("/", method="POST", data=data, content_type=kind):
                assert dict(request.form) == dict.fromkeys(names, kept), (told, kind)


def test_a_part_without_a_name_is_left_out(app: Flask) -> None:
    nameless = (f"--x\r\nContent-Disposition: form-data{more}\r\n\r\n1" for more in ("", "; b"))
    named = '--x\r\nContent-Disposition: form-data; name="note"\r\n\r\n2'
    file = '--x\r\nContent-Disposition: form-data; filename="a.jpg"\r\n\r\n3'
    body = "\r\n".join([*nameless, named, file, "--x--\r\n"])
    kind = "multipart/form-data; boundary=x"
    with app.test_request_context(method="POST", data=body, content_type=kind):
        assert list(request.form.items(multi=True)) == [("note", "2")]
        assert list(request.files) == []


def test_a_passphrase_arrives_as_it_was_typed(app: Flask) -> None:
    sent = "e\u0301\u200b \u00a0 \x00"
    with app.test_request_context("/", method="POST", data={"passphrase": sent}):
        assert request.form["passphrase"] == sent


@pytest.mark.parametrize(
    "name", ["\u200b\u200b", "\u3164", "\u2800", "\u200e\u200f", "\u0301", "…"]
)
def test_an_invisible_name_is_refused(dana: Browser, db: Database, name: str) -> None:
    answer = dana.send("/invite", NEW | {"name": name})
    assert answer.status_code == 422
    assert "with at least one letter" in answer.text
    assert people.by_email(db, NEW["email"]) is None


def test_a_name_is_kept_without_invisible_characters(dana: Browser, db: Database) -> None:
    dana.send("/invite", NEW | {"name": "\u202aNo\u200be\u0308l\u00a0 Ng\u202c"})
    invited = people.by_email(db, NEW["email"])
    assert invited is not None
    assert invited.name == "Noël Ng"


def test_a_form_with_a_control_character_is_refused_and_returns_the_text(
    dana: Browser, cast: Cast, db: Database
) -> None:
    path = f"/patients/{cast.alice.id}/notes"
    written = {"text": "first line\nsecond\x00 <b>line</b>", "key": "k" * 20}
    answer = dana.send(path, written)
    assert answer.status_code == 422
    assert "contains a character that cannot be displayed" in answer.text
    assert f"first line\nsecond{LOST} &lt;b&gt;line&lt;/b&gt;</textarea>" in answer.text
    assert "k" * 20 not in answer.text
    assert list(db.query("SELECT * FROM notes")) == []


def test_a_control_character_never_holds_up_what_a_patient_reports(
    alice: Browser, cast: Cast, db: Database
) -> None:
    answer = alice.send("/check-in", {"pus": "yes", "note": "hot\x00 and\u202e red"})
    assert answer.status_code == 303
    (kept,) = check_ins.of_treatment(db, cast.treatment.id)
    assert kept.answers.pus
    assert kept.answers.note == f"hot{LOST} and{LOST} red"


def test_a_patients_message_arrives_with_a_visible_gap(
    alice: Browser, cast: Cast, db: Database
) -> None:
    alice.send(f"/patients/{cast.alice.id}/conversation", {"text": "it\x07 burns", "key": "k" * 20})
    (said,) = conversation.of_patient(db, cast.alice.id)
    assert said.text == f"it{LOST} burns"
