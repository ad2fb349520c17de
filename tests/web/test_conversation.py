"""The pages on which patients and clinic write to each other."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from tests.conftest import TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Records
from tracker.domain.people.people import Person
from tracker.domain.talk.reply_templates import ReplyText, filled

SAMPLE = Path(__file__).resolve().parents[2] / "sample_images" / "normal_type_6" / "d01.jpg"


def path_of(cast: Cast) -> str:
    return f"/patients/{cast.alice.id}/conversation"


def say(browser: Browser, cast: Cast, text: str, key: str = "0123456789abcdef") -> int:
    return browser.send(path_of(cast), {"text": text, "key": key}).status_code


def test_a_question_reaches_the_work_list_and_the_answer_reaches_today(
    alice: Browser, dana: Browser, records: Records, cast: Cast
) -> None:
    records.measured(1)
    assert say(alice, cast, "Is this <normal>?\nIt itches.") == 303
    assert "1 new message" in dana.read("/")
    assert "Messages: 1 new" in dana.read(f"/patients/{cast.alice.id}")
    page = dana.read(path_of(cast))
    assert "Is this &lt;normal&gt;?\nIt itches." in page
    assert '<strong class="new">New</strong>' in page
    assert "new message" not in dana.read("/")
    assert "Seen by Dr Dana today, 10:00" in alice.read(path_of(cast))
    assert say(dana, cast, "Yes.") == 303
    assert "You have a new message from your clinic" in alice.read("/")
    alice.read(path_of(cast))
    assert "new message" not in alice.read("/")


def test_mistakes_keep_what_was_written(alice: Browser, cast: Cast) -> None:
    nothing = alice.send(path_of(cast), {"text": "  ", "key": "0123456789abcdef"})
    assert (nothing.status_code, "Write something, or choose a photo." in nothing.text) == (
        422,
        True,
    )
    too_long = alice.send(path_of(cast), {"text": "long " * 801, "key": "0123456789abcdef"})
    assert too_long.status_code == 422
    assert "long long" in too_long.text


def test_a_file_that_is_no_photo_is_named_and_the_words_stay(alice: Browser, cast: Cast) -> None:
    values = {"text": "Look", "key": "0123456789abcdef", "photo": (BytesIO(b"%PDF"), "a.pdf")}
    refused = alice.send(path_of(cast), values)
    assert refused.status_code == 422
    assert ">Look</textarea>" in refused.text
    assert 'id="photo-error"' in refused.text


def test_a_photo_is_shown_to_both_sides(alice: Browser, dana: Browser, cast: Cast) -> None:
    values = {
        "text": "",
        "key": "0123456789abcdef",
        "photo": (BytesIO(SAMPLE.read_bytes()), "d01.jpg"),
    }
    assert alice.send(path_of(cast), values).status_code == 303
    for browser in (alice, dana):
        (source,) = re.findall(r'<img src="([^"]+)"', browser.read(path_of(cast)))
        assert browser.get(source).mimetype == "image/jpeg"


def test_a_patient_whom_nobody_cares_for_is_told_that_nobody_reads(
    cast: Cast, browser_of: Callable[[Person], Browser]
) -> None:
    page = browser_of(cast.bob).read(f"/patients/{cast.bob.id}/conversation")
    assert "nobody would read a message" in page
    assert "<textarea" not in page


def test_a_message_begins_with_a_template_and_is_not_sent(
    alice: Browser, dana: Browser, records: Records, cast: Cast
) -> None:
    assert "Begin with a template" in dana.read(path_of(cast))
    chosen = {"text": "Good news.", "key": "0123456789abcdef", "reply": "another-photo"}
    page = dana.send(path_of(cast), chosen)
    assert page.status_code == 200
    assert ">Good news.\n\nHello Alice, I would like to see your skin" in page.text
    assert page.text.count("Good news.") == 1
    assert "Nothing has been written yet." in page.text
    with_photo = dana.send(path_of(cast), {**chosen, "photo": (BytesIO(b"jpeg"), "a.jpg")})
    assert "Choose the photo again: only the words were kept." in with_photo.text
    gone = dana.send(path_of(cast), {**chosen, "reply": "never-was"})
    assert ">Good news.</textarea>" in gone.text
    assert "template" not in alice.read(path_of(cast))
    assert alice.send(path_of(cast), chosen).status_code == 404


def test_a_template_for_a_patient_without_a_treatment_says_today(cast: Cast) -> None:
    says = ReplyText("Thanks", "Thank you for your answers of {day}, {first name}.")
    words = filled(says, cast.bob, None, cast.dana, TREATED_AT)
    assert words == f"Thank you for your answers of today, {cast.bob.name.split()[0]}."
