"""What keeps a browser safe, on every response."""

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from sqlite_utils import Database
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.conftest import PASSPHRASE, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.domain.course.check_ins import Answers
from tracker.settings import Settings
from tracker.world import World, open_world
from web import create_app
from web.security import MAX_REQUEST_BYTES

WEB = Path(__file__).resolve().parents[2] / "web"


def a_file(size: int) -> FileStorage:
    return FileStorage(BytesIO(b"x" * size), filename="photo.jpg", content_type="image/jpeg")


@pytest.fixture
def far_world(settings: Settings) -> World:
    """The same clinic, reached over TLS."""
    return open_world(replace(settings, base_url="https://clinic.example"))


def test_every_answer_carries_the_safe_headers(alice: Browser, records: Records) -> None:
    photo = records.photo(1)
    picture = f"/patients/{records.cast.alice.id}/photos/{photo.id}/photo"
    for path in ("/", picture, "/nowhere", "/static/afterglow.css", "/sign-in"):
        headers = alice.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';"), path
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers.getlist("Content-Security-Policy") == [policy]


def test_nothing_about_a_patient_stays_in_a_cache(alice: Browser, records: Records) -> None:
    photo = records.photo(1)
    for path in ("/", f"/patients/{records.cast.alice.id}/photos/{photo.id}/photo"):
        assert alice.get(path).headers["Cache-Control"] == "private, no-store"


def test_a_picture_is_a_jpeg_and_nothing_else(alice: Browser, records: Records) -> None:
    photo = records.photo(1)
    path = f"/patients/{records.cast.alice.id}/photos/{photo.id}"
    answer = alice.get(f"{path}/aligned")
    assert answer.content_type == "image/jpeg"
    assert answer.data == b"JPEG of aligned"
    assert alice.get(f"{path}/something-else").status_code == 404


def test_a_request_forged_elsewhere_is_refused(alice: Browser) -> None:
    for path in ("/check-in", "/photo", "/sign-out"):
        answer = alice.client.post(path, data={"csrf_token": "forged", "pain": "1"})
        assert answer.status_code == 400
        assert "This page was open too long" in answer.text


def test_no_page_has_script_or_style_inside(
    alice: Browser, dana: Browser, records: Records
) -> None:
    photo, given = records.measured(1), records.check_in(1, Answers(pus=True))
    alert = records.alert(photo)
    pages = [alice.read(p) for p in ("/", "/photo", "/check-in", "/progress")]
    pages += [alice.read(f"/photos/{photo.id}"), alice.read(f"/check-ins/{given.id}")]
    pages += [dana.read(p) for p in ("/", "/alerts", "/outbox", f"/alerts/{alert.id}")]
    pages += [dana.read(f"/patients/{records.cast.alice.id}"), dana.get("/nowhere").text]
    for page in pages:
        assert re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", page) is None
        scripts = re.findall(r"<script[^>]*>", page)
        assert all("src=" in tag or 'type="application/json"' in tag for tag in scripts)


def test_what_people_write_is_shown_as_text(dana: Browser, records: Records) -> None:
    records.check_in(1, Answers(note="<script>alert(1)</script> & more"))
    page = dana.read(f"/patients/{records.cast.alice.id}")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(cast: Cast, stranger: Browser) -> None:
    cookie = stranger.sign_in(cast.alice, PASSPHRASE).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_over_tls_cookies_and_pages_insist_on_it(
    far_world: World, cast: Cast, clock: Clock
) -> None:
    browser = Browser(create_app(far_world, clock), "https://clinic.example")
    answer = browser.sign_in(cast.alice, PASSPHRASE)
    cookies = answer.headers.getlist("Set-Cookie")
    names = {cookie.partition("=")[0] for cookie in cookies}
    assert names == {"__Host-afterglow", "__Host-afterglow_known"}
    for cookie in cookies:
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
    says = answer.headers["Strict-Transport-Security"]
    assert says == "max-age=31536000; includeSubDomains"
    assert "Day 3" in browser.read("/")


def test_over_tls_a_form_from_another_site_is_refused(
    far_world: World, cast: Cast, clock: Clock
) -> None:
    browser = Browser(create_app(far_world, clock), "https://clinic.example")
    browser.sign_in(cast.alice, PASSPHRASE)
    answer = browser.client.post(
        "/sign-out",
        base_url="https://clinic.example",
        data={"csrf_token": browser.token()},
        headers={"Referer": "https://evil.example/"},
    )
    assert answer.status_code == 400


def test_another_host_name_is_refused(app: Flask) -> None:
    answer = Browser(app, "http://evil.example").get("/sign-in")
    assert answer.status_code == 400


def test_a_request_that_is_too_large_gets_a_friendly_page(alice: Browser) -> None:
    boundary, body = encode_multipart({"photo": a_file(MAX_REQUEST_BYTES)})
    kind = f"multipart/form-data; boundary={boundary}"
    answer = alice.client.post("/photo", data=body, content_type=kind)
    assert answer.status_code == 413
    assert "Send one photo of less than 40 MB" in answer.text


def test_words_may_not_be_as_large_as_a_photo(alice: Browser) -> None:
    answer = alice.client.post("/check-in", data={"note": "x" * 100_000})
    assert answer.status_code == 413


@pytest.mark.parametrize("photo_first", [True, False])
def test_an_upload_that_is_cut_off_keeps_nothing(
    alice: Browser, db: Database, photo_first: bool
) -> None:
    values = {"csrf_token": alice.token(), "role": "follow_up"}
    photo = {"photo": a_file(200_000)}
    boundary, body = encode_multipart(photo | values if photo_first else values | photo)
    answer = alice.client.post(
        "/photo",
        content_type=f"multipart/form-data; boundary={boundary}",
        input_stream=BytesIO(body[:100_000]),
        content_length=len(body),
    )
    assert answer.status_code == 400
    assert "did not arrive whole" in answer.text
    assert list(db.query("SELECT id FROM photos")) == []


def test_a_photo_never_touches_the_disk_before_it_is_encrypted(app: Flask) -> None:
    boundary, body = encode_multipart({"photo": a_file(1_000_000)})
    kind = f"multipart/form-data; boundary={boundary}"
    with app.test_request_context(method="POST", data=body, content_type=kind) as context:
        assert isinstance(context.request.files["photo"].stream, BytesIO)


def test_a_broken_page_says_so_kindly_and_tells_nothing(
    app: Flask, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("left cheek of Alice")

    monkeypatch.setattr("web.patient.routes.show_course", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = alice.get("/")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert "cheek" not in answer.text


def test_the_pages_ask_nothing_of_other_hosts() -> None:
    for path in [*WEB.glob("templates/*.html"), *WEB.glob("static/*")]:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert re.search(r"https?://|//cdn", text) is None, path
