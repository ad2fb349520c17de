"""What a part of a form holds decides; a label that is missing, empty or unreadable does not."""

import time
from typing import Final

import pytest
from werkzeug.test import TestResponse

from tests.web.browser import Browser
from tests.web.conftest import Records
from tracker.actions.course.receiving import Accepted
from tracker.domain.course.photos import Upload

BOUNDARY: Final = b"----a-boundary"
BYTES: Final = bytes(range(256)) * 2 + b"\r\n\r\n--not it\r\n\xff\xd9"
LABELS: Final[dict[str, bytes]] = {
    "plain": b'; filename="photo.jpg"',
    "empty": b'; filename=""',
    "none": b"",
    "Latin-1": b'; filename="Portr\xe4t.jpg"',
    "UTF-8": '; filename="Porträt 📷.jpg"'.encode(),
    "Windows-1251": b'; filename="\xf4\xee\xf2\xee.jpg"',
    "Shift JIS": b'; filename="\x8e\xca\x90^.jpg"',
    "half a character": b'; filename="\xf0\x9f\x93"',
    "extended": b"; filename*=UTF-8''Portr%C3%A4t.jpg",
    "extended Latin-1": b"; filename*=ISO-8859-1''Portr%E4t.jpg",
    "extended and damaged": b"; filename*=UTF-8''Portr%FF.jpg",
    "without quotes": b"; filename=photo.jpg",
    "a path": b'; filename="C:\\Pictures\\me.jpg"',
    "only dots": b'; filename=".."',
    "spaces": b'; filename="   "',
    "quotes": b'; filename="a \\"photo\\".jpg"',
    "a control character": b'; filename="a\x01b.jpg"',
    "long": b'; filename="' + b"x" * 3000 + b'.jpg"',
    "another ending": b'; filename="letter.pdf"',
}
TYPES: Final[dict[str, bytes]] = {
    "image": b"Content-Type: image/jpeg\r\n",
    "bytes": b"Content-Type: application/octet-stream\r\n",
    "text": b"Content-Type: text/plain\r\n",
    "none": b"",
}


def part(name: bytes, body: bytes, label: bytes = b"", kind: bytes = b"") -> bytes:
    head = b'Content-Disposition: form-data; name="' + name + b'"' + label + b"\r\n" + kind
    return b"--" + BOUNDARY + b"\r\n" + head + b"\r\n" + body + b"\r\n"


def post(browser: Browser, *parts: bytes, path: str = "/photo") -> TestResponse:
    token = part(b"csrf_token", browser.token().encode())
    body = token + part(b"role", b"follow_up") + b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"
    return browser.client.post(
        path,
        base_url="http://localhost",
        data=body,
        content_type="multipart/form-data; boundary=" + BOUNDARY.decode(),
        headers={"Referer": "http://localhost/photo"},
    )


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch, records: Records) -> list[bytes]:
    """The bytes that reach the action."""
    came: list[bytes] = []
    photo = records.photo(-1)

    def receive(_db: object, _files: object, _id: str, upload: Upload, *_: object) -> Accepted:
        came.append(upload.data)
        return Accepted(photo)

    monkeypatch.setattr("web.patient.routes.receive_photo", receive)
    return came


@pytest.mark.parametrize("label", LABELS)
def test_a_photo_arrives_whole_whatever_its_label(
    alice: Browser, received: list[bytes], label: str
) -> None:
    for kind in TYPES.values():
        answer = post(alice, part(b"photo", BYTES, LABELS[label], kind))
        assert answer.status_code == 303, (kind, answer.text)
    assert received == [BYTES] * len(TYPES)


@pytest.mark.parametrize("label", ["plain", "empty", "none", "Latin-1"])
def test_an_empty_field_next_to_a_photo_is_passed_over(
    alice: Browser, received: list[bytes], label: str
) -> None:
    empty = part(b"photo", b"", b'; filename=""', TYPES["bytes"])
    full = part(b"photo", BYTES, LABELS[label], TYPES["image"])
    for parts in ((empty, full), (full, empty)):
        assert post(alice, *parts).status_code == 303
    assert received == [BYTES, BYTES]


@pytest.mark.parametrize("label", ["empty", "none"])
def test_an_empty_part_alone_is_no_photo(alice: Browser, received: list[bytes], label: str) -> None:
    answer = post(alice, part(b"photo", b"", LABELS[label], TYPES["bytes"]))
    assert answer.status_code == 422
    assert "Choose a photo first." in answer.text
    assert received == []


def test_two_photos_are_one_too_many_also_without_names(
    alice: Browser, received: list[bytes]
) -> None:
    parts = [part(b"photo", BYTES + more, b"", TYPES["image"]) for more in (b"1", b"2")]
    answer = post(alice, *parts)
    assert answer.status_code == 422
    assert "Send one photo at a time" in answer.text
    assert received == []


def test_a_text_that_is_not_utf_8_is_kept_as_far_as_it_can_be_read(
    alice: Browser, received: list[bytes]
) -> None:
    photo = part(b"photo", BYTES, LABELS["plain"], TYPES["image"])
    assert post(alice, part(b"n\xe4me", b"M\xfcller"), photo).status_code == 303
    assert received == [BYTES]


def test_a_form_of_more_parts_than_any_page_has_is_refused_before_it_is_parsed(
    stranger: Browser,
) -> None:
    began = time.process_time()
    for body in (b"\r\n--b\r\nx" * 7000, b"\r\n--b\r\nx" * 400):
        answer = stranger.client.post(
            "/sign-in", data=body, content_type="multipart/form-data; boundary=b"
        )
        assert answer.status_code in {400, 413}
    assert time.process_time() - began < 3  # 64 KB took 42 seconds
