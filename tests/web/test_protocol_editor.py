import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.protocols.editing import sign_draft
from tracker.actions.protocols.previewing import preview_drafts
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.editing.protocol_drafts import Signature
from tracker.domain.editing.protocol_edits import values_of, with_sign_off
from tracker.domain.people.absences import Absence
from tracker.domain.people.people import Person
from tracker.domain.protocols.protocols import Protocol, ProtocolError, SignOff
from tracker.settings import Settings
from tracker.storage.alerts import alerts
from tracker.storage.clinic import audit_log
from tracker.storage.connection import IntegrityError, writing
from tracker.storage.course import treatments
from tracker.storage.people import absences
from tracker.storage.protocols import protocol_drafts, protocol_editions, protocol_previews
from tracker.worker import work_once
from tracker.world import World, open_world
from web import create_app
from web.clinic.draft_pages import changes_in_words

SHIPPED = PROTOCOLS.of("microneedling")
HERE = "/protocols/microneedling"
DEAF = SHIPPED.text.replace(
    "limits = { watch = 0.03, review = 0.05, urgent = 0.6 }", "limits = { urgent = 1.0 }"
)
KEEN = SHIPPED.text.replace(
    "limits = { watch = 0.03, review = 0.05, urgent = 0.6 }",
    "limits = { watch = 0.01, review = 0.02, urgent = 0.6 }",
)


def save(browser: Browser, text: str) -> str:
    """Save a text and return the address of its redirect."""
    answer = browser.send(f"{HERE}/text", {"text": text})
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def unsigned(protocol: Protocol) -> str:
    return with_sign_off(protocol, None)


def count(db: Database) -> int:
    with ThreadPoolExecutor(1) as compute:
        return preview_drafts(db, compute)


Enact = Callable[..., int]


@pytest.fixture
def make_ready(db: Database, world: World, cast: Cast, clock: Clock) -> Callable[[str], None]:
    """Count the draft at this address and have it signed by somebody who did not write it."""

    def make_ready(address: str) -> None:
        while count(db):
            pass
        draft = protocol_drafts.get(db, address.rpartition("/")[2])
        assert draft is not None
        by = cast.eli if draft.author_id == cast.dana.id else cast.dana
        protocols = world.renewed(db).protocols
        assert isinstance(sign_draft(db, protocols, draft, by, clock.now), Signature)

    return make_ready


@pytest.fixture
def enact(make_ready: Callable[[str], None]) -> Enact:
    def enact(browser: Browser, text: str, why: str = "Two infections were seen late") -> int:
        draft = save(browser, text)
        make_ready(draft)
        return browser.send(draft, {"why": why}).status_code

    return enact


@pytest.fixture
def sick(records: Records, clock: Clock) -> None:
    """Alice's answers reach no floor; the shipped limits call for a review."""
    records.check_in(4.1, Answers(warmth=True, pain=2, trend=Trend.WORSE))
    clock.now = TREATED_AT + timedelta(days=5)


def test_the_list_says_that_nobody_has_signed_off(dana: Browser) -> None:
    page = dana.read("/protocols")
    assert page.count("Not yet signed off by a clinic") == len(PROTOCOLS.by_kind)
    assert "as shipped with Afterglow" in page


def test_a_protocol_reads_as_words(dana: Browser) -> None:
    page = dana.read(HERE)
    for words in (
        "up to 1.75 mm",
        "days 2 to 14",
        "Pus, or wet yellow crusts",
        "Keep your hands off",
    ):
        assert words in page


def test_an_edition_is_in_force_for_pages_and_worker_without_a_restart(
    db: Database, world: World, cast: Cast, sick: None, dana: Browser, clock: Clock, enact: Enact
) -> None:
    assert enact(dana, KEEN) == 303
    page = dana.read(HERE)
    assert "0.02" in page
    assert "Dr Dana" in page
    assert "Two infections were seen late" in page
    with ThreadPoolExecutor(1) as compute:
        (alert,) = work_once(world, db, compute, clock.now).alerts
    assert alert.protocol == world.renewed(db).protocols.of("microneedling").label
    assert alert.protocol != SHIPPED.label


def test_courses_under_way_are_judged_again_and_keep_the_alerts_they_have(
    db: Database, world: World, cast: Cast, sick: None, dana: Browser, clock: Clock, enact: Enact
) -> None:
    with writing(db):
        treatments.tell_news(db, cast.treatment.id)
    with ThreadPoolExecutor(1) as compute:
        (before,) = work_once(world, db, compute, clock.now).alerts
        enact(dana, DEAF)
        assert work_once(world, db, compute, clock.now).alerts == ()
    (after,) = alerts.of_treatment(db, cast.treatment.id)
    assert before.protocol == SHIPPED.label
    assert (after.level, after.raised_at) == (before.level, before.raised_at)
    assert treatments.with_news(db, None) == []


def test_the_preview_counts_every_course_and_owns_up_to_what_is_missed(
    db: Database, cast: Cast, sick: None, dana: Browser
) -> None:
    draft = save(dana, DEAF)
    assert "0 of 1 courses counted so far" in dana.read(draft)
    assert count(db) == 1
    page = dana.read(draft)
    assert "would have raised no alert in the last 90 days, on 1 course" in page
    assert "The edition in force raises 1" in page
    assert "1 fewer" in page
    assert "data-counting" not in page
    assert count(db) == 0


def test_without_courses_the_preview_says_so(
    cast: Cast, db: Database, clock: Clock, browser_of: Callable[[Person], Browser]
) -> None:
    clock.now = TREATED_AT + timedelta(days=200)
    dana = browser_of(cast.dana)
    draft = save(dana, KEEN)
    assert "It is not looked at yet" in dana.read(draft)
    count(db)
    assert "No course of this kind had a photo or an answer" in dana.read(draft)


def test_mistakes_are_named_by_line_and_the_text_is_kept(dana: Browser) -> None:
    broken = SHIPPED.text.replace("prior = 0.06", 'prior = "often"').replace("days = 3", "dayz = 3")
    page = dana.read(save(dana, broken))
    assert "concerns.prolonged_inflammation.prior" in page
    number = broken.splitlines().index('prior = "often"') + 1
    assert f"Line {number}" in page
    assert "prior = &#34;often&#34;" in page


def test_the_form_names_each_mistake_beside_its_field(dana: Browser) -> None:
    values = (values_of(SHIPPED.text) or {}) | {
        "of": SHIPPED.digest,
        "concerns.infection.limits.review": "five",
        "concerns.scarring.limits.watch": "0.5",
    }
    answer = dana.send(f"{HERE}/edit", values, follow=True)
    assert 'id="concerns.infection.limits.review-error"' in answer.text
    assert 'id="concerns.scarring.limits-error"' in answer.text
    assert 'value="five"' in answer.text


def test_the_form_leads_to_a_draft_with_its_differences(dana: Browser) -> None:
    values = (values_of(SHIPPED.text) or {}) | {
        "of": SHIPPED.digest,
        "concerns.infection.limits.review": "0.2",
    }
    answer = dana.send(f"{HERE}/edit", values, follow=True)
    assert "limits = { watch = 0.03, review = 0.2, urgent = 0.6 }" in answer.text


def test_a_draft_is_locked_until_it_is_counted_and_signed_by_another_clinician(
    db: Database,
    world: World,
    cast: Cast,
    sick: None,
    dana: Browser,
    browser_of: Callable[[Person], Browser],
) -> None:
    eli, draft, why = browser_of(cast.eli), save(dana, DEAF), {"why": "Fewer"}
    page = dana.read(draft)
    assert re.search(r"<button[^>]* disabled[^>]*>Put into force", page)
    assert page.count("not yet</span>") == 2
    assert "You wrote it, so another signs it on this page: Dr Eli." in page
    assert "Sign it as" not in eli.read(draft)  # who signs must have seen what it does
    assert eli.send(f"{draft}/sign", {}).status_code == 409
    count(db)
    assert "Sign it as Dr Eli" in eli.read(draft)
    waits = "Waits for a signature"
    assert (waits in eli.read("/protocols"), waits in dana.read("/protocols")) == (True, False)
    assert dana.send(f"{draft}/sign", {}).status_code == 409
    assert dana.send(draft, why).status_code == 409
    assert world.renewed(db).protocols.of("microneedling") == SHIPPED
    assert eli.send(f"{draft}/sign", {}).status_code == 303
    assert "disabled" not in dana.read(draft)
    assert waits not in eli.read("/protocols")
    assert "Signed by Dr Eli" in dana.read(draft)
    changed = save(dana, KEEN)  # another text: nothing of the first one holds for it
    assert dana.send(changed, why).status_code == 409
    assert dana.send(draft, why).status_code == 303
    assert "igned off by Dr Eli on 2026-03-07" in dana.read(HERE)
    acts = [entry.act for entry in audit_log.search(db, Search(), 2)]
    assert acts == [Act.PROTOCOL_CHANGED, Act.PROTOCOL_SIGNED]


def test_a_clinician_who_is_alone_signs_the_own_draft_and_the_page_says_so(
    db: Database, cast: Cast, dana: Browser, clock: Clock
) -> None:
    draft = save(dana, KEEN)
    count(db)
    assert "Sign it as" not in dana.read(draft)
    two_days = (clock.now, clock.now + timedelta(days=2))
    away = Absence("a", cast.eli.id, None, *two_days, "Europe/Berlin", clock.now)
    with writing(db):
        absences.save(db, away)
    assert "no other clinician is here to sign" in dana.read(draft)
    assert dana.send(f"{draft}/sign", {}).status_code == 303
    assert "who also wrote it: no other clinician could sign" in dana.read(draft)


def test_a_name_that_is_typed_as_a_sign_off_counts_for_nothing(db: Database, dana: Browser) -> None:
    signed = SHIPPED.text + '\n[sign_off]\nby = "Dr Nobody"\non = 2026-01-01\n'
    draft = save(dana, signed)
    count(db)
    assert "Dr Nobody" not in dana.read(draft)
    assert dana.send(draft, {"why": "Signed"}).status_code == 409


def test_the_shipped_protocol_is_signed_as_it_is(
    db: Database, world: World, dana: Browser, enact: Enact
) -> None:
    assert "Have it signed as it is" in dana.read(HERE)
    assert enact(dana, SHIPPED.text, "Read and agreed") == 303
    protocol = world.renewed(db).protocols.of("microneedling")
    assert protocol.sign_off == SignOff("Dr Eli", date(2026, 3, 5))
    assert unsigned(protocol) == SHIPPED.text
    assert "Have it signed as it is" not in dana.read(HERE)


def test_a_draft_with_mistakes_never_counts_as_counted(db: Database, dana: Browser) -> None:
    draft = save(dana, KEEN.replace("prior = 0.06", 'prior = "often"'))
    assert count(db) == 0
    assert not protocol_previews.is_complete(db, draft.rpartition("of=")[2])


def test_the_second_of_two_editors_is_told_and_nothing_is_overwritten(
    db: Database,
    world: World,
    cast: Cast,
    dana: Browser,
    browser_of: Callable[[Person], Browser],
    enact: Enact,
    make_ready: Callable[[str], None],
) -> None:
    eli = browser_of(cast.eli)
    first, second = save(dana, KEEN), save(eli, DEAF)
    make_ready(first)
    assert dana.send(first, {"why": "We saw two late"}).status_code == 303
    refused = eli.send(second, {"why": "Too many false ones"})
    assert refused.status_code == 409
    assert "Dr Dana put another edition into force" in refused.text
    assert "Put into force" not in refused.text
    assert unsigned(world.renewed(db).protocols.of("microneedling")) == KEEN
    assert enact(eli, DEAF) == 303  # after having seen what it undoes
    assert unsigned(world.renewed(db).protocols.of("microneedling")) == DEAF


def test_one_goes_back_by_putting_an_older_edition_into_force_again(
    db: Database, world: World, cast: Cast, dana: Browser, enact: Enact
) -> None:
    enact(dana, KEEN)
    older = dana.read(f"{HERE}/editions/{SHIPPED.digest}")
    assert "Go back to this edition" in older
    assert enact(dana, SHIPPED.text, "Too many false ones") == 303
    page = dana.read(HERE)
    assert page.index("Too many false ones") < page.index("Two infections were seen late")
    assert unsigned(world.renewed(db).protocols.of("microneedling")) == SHIPPED.text


def test_an_edition_needs_a_reason(dana: Browser) -> None:
    answer = dana.send(save(dana, KEEN), {"why": "  "})
    assert answer.status_code == 422
    assert "Say why" in answer.text


def test_an_edition_that_a_course_on_record_does_not_fit_is_refused(
    db: Database, world: World, cast: Cast, dana: Browser
) -> None:
    shallow = SHIPPED.text.replace("needle_depth_mm = [0.1, 3.0]", "needle_depth_mm = [0.1, 1.0]")
    draft = save(dana, shallow)
    assert "1 course on record would not fit" in dana.read(draft)
    assert dana.send(draft, {"why": "Safer"}).status_code == 409
    assert world.renewed(db).protocols.of("microneedling") == SHIPPED


def test_what_was_in_force_is_never_rewritten(
    db: Database, cast: Cast, dana: Browser, enact: Enact
) -> None:
    enact(dana, KEEN)
    for forbidden in (
        "UPDATE protocol_enactments SET why = ''",
        "DELETE FROM protocol_enactments",
        "UPDATE protocol_drafts SET text = ''",
    ):
        with pytest.raises(IntegrityError), writing(db):
            db.execute(forbidden)


def test_a_file_goes_before_the_pages_and_tells_so(
    settings: Settings, tmp_path: Path, cast: Cast, dana: Browser, clock: Clock, enact: Enact
) -> None:
    enact(dana, KEEN)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.toml").write_text(DEAF, encoding="utf-8")
    world = open_world(replace(settings, protocols=tmp_path / "own"))
    app: Flask = create_app(world, clock)
    browser = Browser(app)
    browser.sign_in(cast.dana, "a long enough passphrase")
    page = browser.read(HERE)
    assert "Kept in a file" in page
    assert "Change the whole text" not in page
    assert browser.get(f"{HERE}/edit").headers["Location"] == HERE
    assert browser.send(f"{HERE}/text", {"text": KEEN}).headers["Location"] == HERE


def test_an_edition_survives_a_restart_and_its_text_is_kept(
    settings: Settings, db: Database, cast: Cast, dana: Browser, enact: Enact
) -> None:
    enact(dana, KEEN)
    again = open_world(settings).renewed(db).protocols.of("microneedling")
    assert unsigned(again) == KEEN
    assert protocol_editions.text_of(db, again.digest) == again.text


def test_an_edition_that_can_no_longer_be_read_stops_the_start_and_a_file_is_the_way_out(
    settings: Settings, db: Database, cast: Cast, dana: Browser, tmp_path: Path, enact: Enact
) -> None:
    enact(dana, KEEN)
    with writing(db):
        db.execute(
            "UPDATE protocol_editions SET text = 'schema = 2' WHERE text <> ?", [SHIPPED.text]
        )
    with pytest.raises(ProtocolError, match="the edition of microneedling in force"):
        open_world(settings)
    (tmp_path / "mine.toml").write_text(SHIPPED.text, encoding="utf-8")
    opened = open_world(replace(settings, protocols=tmp_path))
    assert opened.renewed(db).protocols.of("microneedling") == SHIPPED


def test_a_draft_says_in_words_what_it_changes(dana: Browser) -> None:
    page = dana.read(save(dana, KEEN))
    assert "Review infection alert: from 5 to 2 in 100 (more alerts)" in page
    assert "Urgent infection alert" not in page
    page = dana.read(save(dana, DEAF))
    assert "Urgent infection alert: from 60 to 100 in 100 (fewer alerts)" in page
    assert "Watch infection alert: never, until now from 3 in 100" in page
    assert changes_in_words(SHIPPED, SHIPPED) == ()
    fewer = replace(SHIPPED, floors=SHIPPED.floors[1:])
    gone = SHIPPED.floors[0].words
    assert changes_in_words(SHIPPED, fewer) == (f"No longer a floor: {gone}",)
    assert changes_in_words(fewer, SHIPPED) == (f"New floor: {gone}",)


def test_an_old_draft_warns_before_it_is_removed(cast: Cast, dana: Browser, clock: Clock) -> None:
    draft = save(dana, DEAF)
    assert "It is removed on" not in dana.read(draft)
    clock.now += timedelta(days=80)
    dana.sign_in(cast.dana, PASSPHRASE)
    for page in (draft, HERE):
        assert "It is removed on Wednesday 3 June" in dana.read(page)
