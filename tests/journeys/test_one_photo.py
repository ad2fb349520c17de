"""One photo, the whole path: HTTP, worker, reading, alert, mail, chart."""

import re
import time
from dataclasses import asdict
from datetime import timedelta
from http import HTTPStatus
from urllib.error import HTTPError

import pytest
from werkzeug.datastructures import FileStorage

from tests.journeys.conftest import OpenClinic, wait_for
from tests.journeys.visitor import Visitor
from tests.post_office import words_of
from tests.web.browser import SHOWN
from tracker.domain.course.check_ins import SIGNS, Answers
from tracker.domain.course.photos import PhotoRole
from tracker.domain.own_data.course_folders import CourseCheckIn, CoursePhoto


def form_of(answers: Answers) -> dict[str, str]:
    given = asdict(answers)
    form = {name: str(given[name]) for name in ("pain", "itch", "swelling", "trend", "note")}
    return form | {name: "yes" for name in SIGNS if given[name]}


def send_photo(clinic: OpenClinic, alice: Visitor, event: CoursePhoto) -> None:
    with (clinic.folder / event.file).open("rb") as file:
        photo = FileStorage(file, filename=event.file, content_type="image/jpeg")
        page = alice.send("/photo", {"role": str(event.role), "skin_state": "clean"}, photo)
    assert "not kept" not in page, event.file
    wait_for(lambda: "We are measuring it" not in alice.read(alice.url))


@pytest.mark.timeout(400)
def test_from_a_selfie_to_the_mail_and_the_chart(clinic: OpenClinic) -> None:
    alice = Visitor(clinic.address)
    alice.sign_in(clinic.alice.email, clinic.passphrase)
    sent = 0
    for event in clinic.story.events:
        if isinstance(event, CoursePhoto) and event.file == "baseline-2.jpg":
            continue
        clinic.now = event.at
        match event:
            case CoursePhoto():
                send_photo(clinic, alice, event)
                sent += event.role is PhotoRole.FOLLOW_UP
            case CourseCheckIn(answers=answers):
                alice.send("/check-in", form_of(answers))
    clinic.now += timedelta(days=1)  # by then the morning digest has reported what was not urgent
    wait_for(lambda: len(clinic.mails_to(clinic.dana)) > 0)

    mail = clinic.mails_to(clinic.dana)[0]
    assert mail["Subject"].startswith("Afterglow: ")
    link = re.search(r"http://\S+/alerts/\w+", words_of(mail))
    assert link is not None
    for detail in ("alice", "infection", "cheek", "redness"):
        assert detail not in mail.as_string().lower()

    dana = Visitor(clinic.address)
    assert "Sign in" in dana.read(link[0])
    dana.sign_in(clinic.dana.email, clinic.passphrase)
    alert = dana.read(link[0])
    assert "infection" in alert.lower()
    assert "left cheek" in alert

    chart = dana.read(f"/patients/{clinic.alice.id}?region=face&quantity=redness")
    points = chart.split('id="redness-face-title"')[1].split("</section>")[0]
    assert points.count("<circle") == sent

    assert "Dr Dana has it, seen" in answer(dana, link[0])


def answer(dana: Visitor, link: str) -> str:
    """Say that it was seen; what the last photos changed meanwhile has to be read first."""
    for _ in range(10):
        shown = SHOWN.search(dana.read(link))
        assert shown is not None
        try:
            return dana.send(link, {"shown": shown[1]}, to=f"{link}/answer")
        except HTTPError as error:
            if error.code != HTTPStatus.CONFLICT:
                raise
            time.sleep(1)
    raise AssertionError("the alert never comes to rest")
