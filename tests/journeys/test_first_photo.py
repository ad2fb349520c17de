"""From the link of an invitation to the first photo, before any treatment is entered."""

import time
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import PROTOCOLS
from tests.journeys.conftest import PHONE, OpenClinic
from tests.journeys.test_browser import look
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.people.joining import Invited, invite_patient
from tracker.domain.mail.mails import welcome_link
from tracker.world import open_world

MOST_TAPS, MOST_SECONDS = 6, 60


@dataclass
class Thumb:
    """Counts what it taps."""

    taps: int = 0

    def tap(self, what: Locator) -> None:
        self.taps += 1
        what.click()


def invited_by(clinic: OpenClinic) -> tuple[Invited, str]:
    """A patient without a treatment, and the link."""
    world = open_world(clinic.settings)
    db = world.connect()
    born = date(1985, 4, 23)
    invited = invite_patient(
        db, clinic.dana, "Chinwe", "chinwe@home.example", clinic.now, birth_date=born
    )
    db.close()
    assert isinstance(invited, Invited)
    return invited, welcome_link(invited.invitation.id, world.envelope)


@pytest.mark.timeout(200)
def test_the_first_photo_takes_few_taps_and_waits_for_its_treatment(
    page: Page, clinic: OpenClinic, pictures: Path, troubles: list[str]
) -> None:
    clinic.now = clinic.story.treatment.performed_at - timedelta(hours=2)
    page.clock.set_fixed_time(clinic.now)
    page.set_viewport_size(PHONE)
    invited, link = invited_by(clinic)
    thumb, began = Thumb(), time.monotonic()
    page.goto(link)
    page.keyboard.type("1985")  # the field has the focus
    thumb.tap(page.get_by_role("button", name="Agree and begin"))
    thumb.tap(page.get_by_role("button", name="Open the camera"))
    expect(page.get_by_role("button", name="Take it again")).to_be_visible(timeout=30_000)
    thumb.tap(page.get_by_role("button", name="Send photo"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, your photo is here")
    assert thumb.taps <= MOST_TAPS
    assert time.monotonic() - began <= MOST_SECONDS
    look(page, pictures, "f1-kept")
    photo = page.url
    page.get_by_role("link", name="Make a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("So that you can come back")
    look(page, pictures, "f2-way-in")
    page.get_by_role("link", name="Not now").click()
    expect(page.get_by_text("Your photo is kept.")).to_be_visible()
    page.goto(link)
    expect(page.get_by_text("Your photo is kept.")).to_be_visible()  # on the same phone it goes on

    db = open_world(clinic.settings).connect()
    begin_treatment(db, PROTOCOLS, replace(clinic.story.treatment, patient_id=invited.patient.id))
    db.close()
    page.goto(photo)
    expect(page.get_by_text("Ready.")).to_be_visible(timeout=90_000)
    assert troubles == []
