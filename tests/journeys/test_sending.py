"""Photos and answers on a phone when people, its storage or the clinic misbehave."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

import pytest
from playwright.sync_api import Page, Route, expect
from sqlite_utils import Database

from analysis import decode_photo, encode_photo
from tests.conftest import PASSPHRASE, Cast
from tests.journeys.conftest import DAY_3, clinic_at_day_3, wait_for
from tests.journeys.film import COURSE
from tests.journeys.test_browser import sign_in
from tests.web.conftest import Records
from tracker.domain.course.check_ins import SCALES, Answers, Trend
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.people.people import Person
from tracker.settings import Settings
from tracker.storage.course import check_ins
from tracker.storage.own_data import consents
from tracker.world import World

NO_STORAGE = "indexedDB.open = () => { throw new DOMException('private', 'InvalidStateError'); };"
KEEP = """
async (person) => {
  const { keep } = await import("/static/queue.js");
  const key = crypto.randomUUID(), madeAt = new Date().toISOString();
  await keep({ key, person, path: "/check-in", fields: [], photo: null, madeAt });
}
"""
KEPT = """
async (person) => (await (await import("/static/queue.js")).kept(person)).length
"""
LOSE_THE_KEY = """
new Promise((done) => {
  const opening = indexedDB.open("afterglow");
  opening.onsuccess = () => {
    const losing = opening.result.transaction("keys", "readwrite");
    losing.objectStore("keys").clear();
    losing.oncomplete = () => { opening.result.close(); done(); };
  };
})
"""

COUNT_TAPS = """
const counted = () => { sessionStorage.taps = 1 + Number(sessionStorage.taps ?? 0); };
addEventListener("pointerdown", counted, true);
"""


@dataclass
class Phone:
    """A browser at the pages of a clinic."""

    page: Page
    address: str
    world: World
    db: Database
    cast: Cast

    def sign_in(self, person: Person) -> None:
        sign_in(self.page, self.address, person.email, PASSPHRASE)
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    def answer(self, sign: str | None = None) -> None:
        """Fill in the check-in and send it."""
        for name, value in (*((scale, "1") for scale in SCALES), ("trend", "same")):
            self.page.locator(f'input[name="{name}"][value="{value}"]').check(force=True)
        if sign is not None:
            self.page.locator(f'input[name="{sign}"]').check(force=True)
        self.page.get_by_role("button", name="Send answers").click()

    def check_in(self, sign: str | None = None) -> None:
        self.page.goto(f"{self.address}/check-in")
        self.answer(sign)

    def refuse(self, path: str, status: HTTPStatus, body: str = "") -> None:
        """Let a proxy before the clinic answer what is posted there."""

        def answer(route: Route) -> None:
            if route.request.method == "POST":
                route.fulfill(status=status, body=body, content_type="text/html")
            else:
                route.continue_()

        self.page.route(f"**{path}", answer)

    def received(self) -> int:
        return len(check_ins.of_treatment(self.db, self.cast.treatment.id))


@pytest.fixture
def phone(page: Page, settings: Settings, db: Database, cast: Cast) -> Iterator[Phone]:
    with clinic_at_day_3(settings) as world:
        yield Phone(page, world.settings.base_url, world, db, cast)


@pytest.mark.timeout(200)
def test_what_one_person_wrote_never_goes_out_as_another(phone: Phone) -> None:
    phone.sign_in(phone.cast.alice)
    phone.page.goto(f"{phone.address}/check-in")
    other_tab = Phone(
        phone.page.context.new_page(), phone.address, phone.world, phone.db, phone.cast
    )
    other_tab.page.goto(phone.address)
    other_tab.page.get_by_role("button", name="Sign out").click()
    other_tab.sign_in(phone.cast.bob)

    phone.answer()
    expect(phone.page.get_by_text("You are signed out. It is kept on this phone")).to_be_visible()
    assert list(phone.db["check_ins"].rows) == []
    other_tab.page.reload()
    expect(other_tab.page.get_by_text("Kept on this phone")).to_be_hidden()

    other_tab.page.get_by_role("button", name="Sign out").click()
    other_tab.sign_in(phone.cast.alice)
    wait_for(lambda: phone.received() == 1)


@pytest.mark.timeout(200)
def test_a_calm_day_takes_half_a_minute_of_taps(phone: Phone) -> None:
    """At a second and a half for each tap; the camera hands over a file."""
    records = Records(phone.db, phone.world, phone.cast)
    records.measured(-1)
    records.check_in(2.1, Answers(pain=2, itch=1, swelling=0, trend=Trend.SAME))
    phone.page.set_viewport_size({"width": 390, "height": 844})
    phone.sign_in(phone.cast.alice)
    phone.page.context.add_init_script(COUNT_TAPS)
    phone.page.reload()
    phone.page.get_by_role("link", name="Check-in", exact=True).click()
    phone.page.get_by_label("None of these, here or above").click()
    yesterday = re.compile("^Same as yesterday, .*: pain 2, itch 1, no swelling$")
    phone.page.get_by_role("radio", name=yesterday).click()
    phone.page.get_by_role("radio", name="the same").click()
    phone.page.get_by_role("button", name="Send answers").click()
    phone.page.locator("main").get_by_role("link", name="Take a photo").click()
    undated = encode_photo(decode_photo((COURSE / "d03.jpg").read_bytes()))
    phone.page.locator("#library").set_input_files(
        {"name": "selfie.jpg", "mimeType": "image/jpeg", "buffer": undated}
    )
    phone.page.get_by_role("button", name="Send photo").click()
    expect(phone.page).to_have_url(re.compile(r"/photos/\w+"), timeout=60_000)
    taps = int(phone.page.evaluate("sessionStorage.taps"))
    assert 7 <= taps < 20 - 2  # and two for the file
    (_, kept) = check_ins.of_treatment(phone.db, phone.cast.treatment.id)
    assert kept.is_as_before
    assert kept.answers.pus is False


@pytest.mark.timeout(200)
def test_a_phone_that_can_keep_nothing_sends_the_plain_form(phone: Phone) -> None:
    phone.page.add_init_script(NO_STORAGE)
    phone.sign_in(phone.cast.alice)
    phone.check_in()
    expect(phone.page.get_by_text("Your answers are with your clinic")).to_be_visible()
    assert phone.received() == 1


@pytest.mark.timeout(200)
def test_a_photo_for_which_there_is_no_room_comes_again_when_the_clinic_says(phone: Phone) -> None:
    phone.sign_in(phone.cast.alice)
    phone.page.goto(f"{phone.address}/photo")
    no_room = {"status": HTTPStatus.SERVICE_UNAVAILABLE, "headers": {"Retry-After": "6"}}
    phone.page.route(
        "**/photo",
        lambda route: route.fulfill(**no_room),
        times=1,
    )
    selfie = {"name": "selfie.jpg", "mimeType": "image/jpeg", "buffer": b"JPEG"}
    phone.page.locator("#library").set_input_files(selfie)  # type: ignore[arg-type]
    phone.page.get_by_role("button", name="Send photo").click()
    expect(phone.page.get_by_text("Many photos are arriving at the moment")).to_be_visible()
    kept = phone.page.locator("[data-unsent] li")
    expect(kept).to_have_text(re.compile("kept until it can go out"))
    expect(kept).to_have_text(re.compile("it was not taken"), timeout=20_000)


@pytest.mark.timeout(200)
def test_trouble_at_the_clinic_loses_nothing_and_holds_nothing_else_up(phone: Phone) -> None:
    phone.sign_in(phone.cast.alice)
    phone.refuse("/photo", HTTPStatus.INTERNAL_SERVER_ERROR)
    phone.page.goto(f"{phone.address}/photo")
    selfie = {"name": "selfie.jpg", "mimeType": "image/jpeg", "buffer": b"JPEG"}
    phone.page.locator("#library").set_input_files(selfie)  # type: ignore[arg-type]
    phone.page.get_by_role("button", name="Send photo").click()
    expect(phone.page.get_by_text("Afterglow has trouble at the moment")).to_be_visible()
    phone.page.goto(f"{phone.address}/check-in")
    kept = phone.page.locator("[data-unsent] li")
    expect(kept).to_have_text(re.compile("^Photo of"))
    phone.answer()
    expect(phone.page.get_by_text("Your answers are with your clinic")).to_be_visible()
    expect(kept).to_have_text(re.compile("^Photo of"))


@pytest.mark.timeout(200)
def test_a_refusal_is_told_whoever_writes_it(phone: Phone) -> None:
    phone.sign_in(phone.cast.alice)
    phone.refuse("/check-in", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "<h1>413 too large</h1>")
    phone.check_in()
    expect(phone.page.get_by_text("no reason was given")).to_be_focused()
    phone.page.unroute_all()
    phone.page.goto(f"{phone.address}/check-in")
    consent = Consent(Purpose.CARE, Decision.WITHDRAWN, DAY_3)
    with phone.db.conn:
        consents.insert(phone.db, phone.cast.alice.id, consent)
    phone.answer()
    expect(phone.page.get_by_text("You have withdrawn your consent to care")).to_be_focused()


@pytest.mark.timeout(200)
def test_emergency_words_wait_for_no_answer(phone: Phone) -> None:
    phone.sign_in(phone.cast.alice)
    phone.page.goto(f"{phone.address}/check-in")
    phone.page.route("**/check-in", lambda _: None)  # a network that swallows everything
    phone.answer(sign="breathing_or_face_swelling")
    expect(phone.page.get_by_role("heading", name="Get help now")).to_be_visible()


@pytest.mark.timeout(200)
def test_the_page_that_a_phone_keeps_names_nobody_and_goes_with_the_session(phone: Phone) -> None:
    kept = "caches.match('/offline').then(page => page ? page.text() : null)"
    phone.sign_in(phone.cast.alice)
    wait_for(lambda: phone.page.evaluate(kept) is not None)
    assert phone.cast.alice.name not in phone.page.evaluate(kept)
    phone.page.get_by_role("button", name="Sign out").click()
    expect(phone.page.get_by_role("heading", name="Sign in")).to_be_visible()
    wait_for(lambda: phone.page.evaluate(kept) is None)


@pytest.mark.timeout(200)
def test_closing_an_account_forgets_what_the_phone_kept_of_it_and_of_nobody_else(
    phone: Phone,
) -> None:
    alice, bob = phone.cast.alice, phone.cast.bob
    phone.sign_in(alice)
    phone.page.route("**/check-in", lambda route: route.abort())
    for person in (alice, bob):
        phone.page.evaluate(KEEP, person.id)
    phone.page.goto(f"{phone.address}/my-data/close")
    phone.page.get_by_label("I have read what happens").check()
    phone.page.get_by_label("Your passphrase").fill(PASSPHRASE)
    phone.page.get_by_role("button", name="Delete my account").click()
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("Your account is closed")
    wait_for(lambda: phone.page.evaluate(KEPT, alice.id) == 0)
    assert phone.page.evaluate(KEPT, bob.id) == 1


@pytest.mark.timeout(200)
def test_what_a_phone_can_no_longer_read_is_told_and_holds_nothing_up(phone: Phone) -> None:
    phone.sign_in(phone.cast.alice)
    phone.refuse("/check-in", HTTPStatus.SERVICE_UNAVAILABLE)
    phone.check_in()
    expect(phone.page.get_by_text("Afterglow has trouble at the moment")).to_be_visible()
    phone.page.evaluate(LOSE_THE_KEY)
    phone.page.unroute_all()
    phone.page.goto(f"{phone.address}/check-in")
    expect(phone.page.get_by_text("This phone can no longer read it")).to_be_visible()
    phone.answer()
    expect(phone.page.get_by_text("Your answers are with your clinic")).to_be_visible()
    phone.page.get_by_role("button", name="I have read this").click()
    expect(phone.page.get_by_text("Kept on this phone")).to_be_hidden()


@pytest.mark.timeout(200)
def test_hidden_numbers_are_hidden_on_every_page(phone: Phone) -> None:
    records = Records(phone.db, phone.world, phone.cast)
    records.measured(-1)
    photo = records.measured(2)
    phone.sign_in(phone.cast.alice)
    finding = phone.page.get_by_text(re.compile("^Redness:"))
    phone.page.goto(f"{phone.address}/photos/{photo.id}")
    expect(finding).to_be_visible()
    phone.page.goto(f"{phone.address}/progress")
    phone.page.get_by_role("button", name="Hide numbers").click()
    expect(phone.page.get_by_role("heading", name="Day by day")).to_be_hidden()
    phone.page.goto(f"{phone.address}/photos/{photo.id}")
    expect(finding).to_be_hidden()
