"""How Dr Dana records and corrects what was done to Alice."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.own_data.deciding import decide_consent
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.course.procedures import Product, ProductUse
from tracker.domain.course.treatments import AREAS, Region
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.people.people import Person, Risk
from tracker.domain.protocols.protocols import Asks
from tracker.domain.protocols.screening import form_questions
from tracker.storage.clinic import audit_log
from tracker.storage.course import corrections, readings, screenings, treatments
from tracker.storage.people import people

NEEDLED: dict[str, Any] = {
    "kind": "microneedling",
    "known": "1",
    "stage": "done",
    "performed_at": "2026-03-05T08:30",
    "setting": "clinic",
    "depth": "0,5",
    "passes": "3",
    "areas": ["nose", "chin"],
    "device": "SkinPen  Precision",
    "maker": "Crown",
    "performed_by": "Dr Dana",
    "product_0": "Lidocaine cream",
    "product_0_use": "numbing",
    "product_0_batch": "L-17",
    "product_1": "",
    "product_1_use": "during",
    "ask_pregnancy": "no",
    "ask_cold_sores": "yes",
    "reason": "Another part of the face.",  # three days after the first session
}


@pytest.fixture
def new(cast: Cast) -> str:
    return f"/patients/{cast.alice.id}/treatments/new"


@pytest.fixture
def course(cast: Cast) -> str:
    return f"/patients/{cast.alice.id}/treatments/{cast.treatment.id}"


def on_record() -> dict[str, Any]:
    """What is on record about Alice's first session, as its form holds it."""
    return {**NEEDLED, "performed_at": "2026-03-02T10:00", "depth": "1.5", "known": "0"}


def test_a_session_is_kept_with_device_passes_products_and_answers(
    db: Database, cast: Cast, dana: Browser, new: str
) -> None:
    assert dana.send(new, NEEDLED).status_code == 303
    session = treatments.of_patient(db, cast.alice.id)[-1]
    assert session.performed_at == TREATED_AT + timedelta(days=2, hours=22, minutes=30)
    assert (session.needle_depth_mm, session.areas) == (0.5, frozenset({Region.NOSE, Region.CHIN}))
    assert (session.procedure.device, session.procedure.passes) == ("SkinPen Precision", 3)
    numbing = Product("Lidocaine cream", ProductUse.NUMBING, "L-17")
    assert session.procedure.products == (numbing,)
    screening = screenings.of_treatment(db, session.id)
    assert screening is not None
    assert screening.answers["numbing"] == "Lidocaine cream"
    assert (screening.answers["pregnancy"], screening.by) == (False, cast.dana.id)
    alice = people.get(db, cast.alice.id)
    assert alice is not None
    assert Risk.COLD_SORES in alice.history
    page = dana.read(f"/patients/{cast.alice.id}/treatments")
    assert page.index("Session 2") < page.index("Session 1")
    assert "SkinPen Precision, Crown" in page
    assert "Lidocaine cream (before, to numb), batch L-17" in page


def test_what_speaks_against_it_needs_a_reason_that_is_kept(
    db: Database, cast: Cast, dana: Browser, new: str
) -> None:
    keloids = {**NEEDLED, "ask_keloid": "yes", "reason": ""}
    answer = dana.send(new, keloids)
    assert answer.status_code == 409
    assert "Do not needle where keloids can form." in answer.text
    assert 'value="L-17"' in answer.text
    assert len(treatments.of_patient(db, cast.alice.id)) == 1
    why = "Only on the chest; none on the face in 20 years."
    assert dana.send(new, {**keloids, "reason": why}).status_code == 303
    session = treatments.of_patient(db, cast.alice.id)[-1]
    screening = screenings.of_treatment(db, session.id)
    assert screening is not None
    assert screening.reason == why
    assert why in dana.read(f"/patients/{cast.alice.id}/treatments")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"performed_at": "2026-03-05T12:00"}, "That time is in the future"),
        ({"stage": "planned"}, "That time has passed"),
        ({"performed_at": "soon"}, "Write the day and the time"),
        ({"performed_at": "0001-01-01T00:00"}, "Write the day and the time"),
        ({"depth": "9"}, "from 0.1 to 3 mm"),
        ({"passes": "0"}, "whole number from 1 to 50"),
        ({"areas": []}, "at least one area"),
        ({"product_1_batch": "4711"}, "A product needs a name"),
        ({"setting": ""}, "Say where it was done"),
        ({"reason": "x" * 2000}, "Keep the reason under"),
        ({"passes": "9" * 5000}, "Write a whole number from 1 to 50"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    db: Database, cast: Cast, dana: Browser, new: str, changed: dict[str, str], words: str
) -> None:
    answer = dana.send(new, {**NEEDLED, **changed})
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="SkinPen  Precision"' in answer.text
    assert 'name="ask_cold_sores" value="yes" checked' in answer.text
    assert len(treatments.of_patient(db, cast.alice.id)) == 1


def test_a_planned_session_may_lie_ahead(db: Database, cast: Cast, dana: Browser, new: str) -> None:
    ahead = {**NEEDLED, "stage": "planned", "performed_at": "2026-03-06T10:00"}
    assert dana.send(new, ahead).status_code == 303
    assert ">Planned</span>" in dana.read(f"/patients/{cast.alice.id}/treatments")


def test_a_session_sent_twice_is_entered_once(
    db: Database, cast: Cast, dana: Browser, new: str
) -> None:
    assert dana.send(new, NEEDLED).status_code == 303
    again = dana.send(new, NEEDLED)
    assert again.status_code == 409
    assert 'name="known" value="2"' in again.text
    assert len(treatments.of_patient(db, cast.alice.id)) == 2


def test_one_more_product_has_a_row_and_keeps_the_rest(dana: Browser, new: str) -> None:
    page = dana.send(new, {**NEEDLED, "more": "product"}).text
    assert 'name="product_2"' in page
    assert 'value="L-17"' in page


def test_the_next_session_begins_as_the_last_one(dana: Browser, cast: Cast, new: str) -> None:
    dana.send(new, NEEDLED)
    listed = dana.read(new)
    assert "Same as last time: Microneedling, 0.5" in listed
    form = dana.read(f"{new}?like={cast.treatment.id}")
    assert 'name="depth" inputmode="decimal" autocomplete="off" value="1.5"' in form
    assert '<option value="SkinPen Precision">' in form
    assert 'value="2026-03-05T10:00"' in form  # now, where Alice lives
    assert 'name="ask_pregnancy" value="no" checked' not in form  # asked again every time


def test_nothing_is_entered_against_the_patients_will(
    db: Database, cast: Cast, dana: Browser, new: str
) -> None:
    withdrawn = Consent(Purpose.CARE, Decision.WITHDRAWN, TREATED_AT)
    decide_consent(db, cast.alice.id, withdrawn)
    assert "withdrawn consent" in dana.send(new, NEEDLED).text
    assert len(treatments.of_patient(db, cast.alice.id)) == 1


def test_a_correction_keeps_what_stood_there_and_has_the_course_judged_again(
    db: Database, cast: Cast, dana: Browser, course: str
) -> None:
    corrected = {**on_record(), "depth": "2", "why": "Tip was set deeper."}
    assert dana.send(f"{course}/correct", corrected).status_code == 303
    (kept,) = corrections.of_treatment(db, cast.treatment.id)
    assert (kept.before, kept.by) == (cast.treatment, "Dr Dana")
    assert treatments.get(db, cast.treatment.id).needle_depth_mm == 2
    assert [t.id for t, _ in treatments.with_news(db, None)] == [cast.treatment.id]
    page = dana.read(f"/patients/{cast.alice.id}/treatments")
    assert "<del>1.5\N{NO-BREAK SPACE}mm</del>" in page
    assert "Tip was set deeper." in page


def test_two_corrections_at_once_do_not_overwrite_each_other(
    db: Database, cast: Cast, dana: Browser, course: str
) -> None:
    corrected = {**on_record(), "why": "Mistyped."}
    assert dana.send(f"{course}/correct", {**corrected, "depth": "2"}).status_code == 303
    late = dana.send(f"{course}/correct", {**corrected, "depth": "0.5"})
    assert late.status_code == 409
    assert 'value="0.5"' in late.text
    assert treatments.get(db, cast.treatment.id).needle_depth_mm == 2


def test_a_correction_needs_a_reason_and_fits_the_photos(
    db: Database, cast: Cast, dana: Browser, course: str, records: Records
) -> None:
    records.measured(-1)
    records.measured(1)
    silent = dana.send(f"{course}/correct", {**on_record(), "depth": "2"})
    assert (silent.status_code, "Say why" in silent.text) == (422, True)
    for time, words in (("2026-03-01T08:00", "from before"), ("2026-03-04T08:00", "from after")):
        moved = {**on_record(), "performed_at": time, "why": "Another day."}
        answer = dana.send(f"{course}/correct", moved)
        assert (answer.status_code, words in answer.text) == (422, True)
    assert treatments.get(db, cast.treatment.id) == cast.treatment


def test_other_areas_wait_for_consent_and_all_else_is_corrected(
    db: Database, cast: Cast, dana: Browser, course: str, records: Records
) -> None:
    photo = records.measured(-1)
    decide_consent(db, cast.alice.id, Consent(Purpose.CARE, Decision.WITHDRAWN, TREATED_AT))
    corrected = {**on_record(), "depth": "2", "why": "Tip was set deeper."}
    refused = dana.send(f"{course}/correct", {**corrected, "areas": ["nose"]})
    assert (refused.status_code, "withdrawn consent" in refused.text) == (409, True)
    assert [each.photo_id for each in readings.of_treatment(db, cast.treatment.id)] == [photo.id]
    all_areas = [str(area) for area in AREAS]
    answer = dana.send(f"{course}/correct", {**corrected, "areas": all_areas})
    assert answer.status_code == 303
    assert treatments.get(db, cast.treatment.id).needle_depth_mm == 2


def test_another_kind_of_treatment_can_be_put_right(
    db: Database, cast: Cast, dana: Browser, course: str
) -> None:
    form = dana.read(f"{course}/correct?kind=chemical_peel")
    assert 'name="variant" value="deep"' in form
    peel = {**on_record(), "kind": "chemical_peel", "variant": "deep", "why": "A peel."}
    assert dana.send(f"{course}/correct", peel).status_code == 303
    corrected = treatments.get(db, cast.treatment.id)
    assert (corrected.kind, corrected.needle_depth_mm) == ("chemical_peel", None)


def test_an_ended_course_reminds_nobody_and_may_be_taken_up_again(
    db: Database, cast: Cast, dana: Browser, course: str, clock: Clock
) -> None:
    def watched() -> list[str]:
        return [t.id for t in treatments.latest_between(db, TREATED_AT, clock.now)]

    assert watched() == [cast.treatment.id]
    assert dana.send(f"{course}/end", {"why": " "}).status_code == 422
    assert dana.send(f"{course}/end", {"why": "Alice moved away."}).status_code == 303
    assert watched() == []
    assert "Alice moved away." in dana.read(f"/patients/{cast.alice.id}/treatments")
    assert dana.get(f"/patients/{cast.alice.id}").status_code == 200  # charts stay
    assert dana.send(f"{course}/resume", {}).status_code == 303
    assert watched() == [cast.treatment.id]
    assert len(corrections.of_treatment(db, cast.treatment.id)) == 2


def test_nobody_reaches_a_session_through_another_patient(
    db: Database, cast: Cast, browser_of: Callable[[Person], Browser]
) -> None:
    people.add_to_care(db, cast.eli.id, cast.bob.id)
    eli = browser_of(cast.eli)
    path = f"/patients/{cast.bob.id}/treatments/{cast.treatment.id}"
    assert eli.get(f"{path}/correct").status_code == 404
    assert eli.send(f"{path}/end", {"why": "No."}).status_code == 404


def test_a_needling_after_a_fresh_peel_is_not_entered_without_a_word(
    db: Database, cast: Cast, dana: Browser, new: str, course: str
) -> None:
    peel = {**on_record(), "kind": "chemical_peel", "variant": "medium", "why": "A peel."}
    assert dana.send(f"{course}/correct", peel).status_code == 303
    hasty = {**NEEDLED, "ask_cold_sores": "no", "reason": ""}
    told = dana.send(new, hasty)
    assert told.status_code == 409
    assert "3 days after chemical peel, medium (2 Mar 2026). At least " in told.text
    assert 'value="L-17"' in told.text
    assert len(treatments.of_patient(db, cast.alice.id)) == 1
    why = "Only the chin, which was not peeled."
    assert dana.send(new, {**hasty, "reason": why}).status_code == 303
    session = treatments.of_patient(db, cast.alice.id)[-1]
    screening = screenings.of_treatment(db, session.id)
    assert screening is not None
    assert screening.reason == why
    assert "3 days after chemical peel" in screening.warned[-1]
    for path in (f"/patients/{cast.alice.id}/treatments", f"/patients/{cast.alice.id}"):
        assert "<strong>Too soon.</strong> 3 days after chemical peel" in dana.read(path)


def test_ipl_on_recorded_type_6_asks_for_a_reason_though_every_answer_was_harmless(
    db: Database, cast: Cast, dana: Browser, new: str
) -> None:
    db.execute("UPDATE people SET skin_type = 6 WHERE id = ?", [cast.alice.id])
    form = dana.read(f"{new}?kind=ipl")
    assert "From the record: skin type 6." in form
    assert 'name="ask_dark_or_tanned" value="yes" checked' in form
    harmless = {
        f"ask_{q.id}": "no" if q.warn_if else "yes" for q in form_questions(PROTOCOLS.of("ipl"))
    }
    ipl = {**NEEDLED, **harmless, "kind": "ipl", "reason": ""}
    told = dana.send(new, ipl)
    assert told.status_code == 409
    assert "Answered no, but the record says: skin type 6." in told.text


def test_a_screening_is_completed_later_and_the_course_is_judged_again(
    db: Database, cast: Cast, dana: Browser, course: str
) -> None:
    page = dana.read(f"/patients/{cast.alice.id}/treatments")
    assert f"{course}/screening" in page
    sent = {"known": "0", "ask_melasma": "yes", "ask_rosacea": "no"}
    assert dana.send(f"{course}/screening", sent).status_code == 303
    assert "Screened in part: 2 of 20 answered" in dana.read(f"/patients/{cast.alice.id}")
    assert [t.id for t, _ in treatments.with_news(db, None)] == [cast.treatment.id]
    alice = people.get(db, cast.alice.id)
    assert alice is not None
    assert Risk.MELASMA in alice.history
    noted = [entry.act for entry in audit_log.search(db, Search(by=cast.dana.id))]
    assert Act.SCREENING_CHANGED in noted


def test_a_corrected_answer_keeps_the_old_one_with_who_and_why(
    db: Database, cast: Cast, dana: Browser, course: str
) -> None:
    dana.send(f"{course}/screening", {"known": "0", "ask_melasma": "yes", "ask_rosacea": "no"})
    silent = dana.send(f"{course}/screening", {"known": "1", "ask_melasma": "no"})
    assert (silent.status_code, "Say why" in silent.text) == (422, True)
    why = "Mistyped: that was her sister."
    mended = {"known": "1", "ask_melasma": "no", "why": why}
    assert dana.send(f"{course}/screening", mended).status_code == 303
    first, second = (each.screening for each in screenings.editions(db, cast.treatment.id))
    assert (first.answers["melasma"], second.answers["melasma"]) == (True, False)
    assert second.answers["rosacea"] is False  # left open in the form: the answer stays
    alice = people.get(db, cast.alice.id)
    assert alice is not None
    assert Risk.MELASMA not in alice.history
    page = dana.read(f"/patients/{cast.alice.id}/treatments")
    assert "<del>yes</del>" in page
    assert why in page


def test_two_people_who_screen_at_once_do_not_overwrite_each_other(
    db: Database, cast: Cast, dana: Browser, course: str
) -> None:
    dana.send(f"{course}/screening", {"known": "0", "ask_keloid": "yes"})
    late = dana.send(f"{course}/screening", {"known": "0", "ask_keloid": "no", "ask_rosacea": "no"})
    assert late.status_code == 409
    assert 'name="ask_rosacea" value="no" checked' in late.text
    assert 'name="known" value="1"' in late.text
    screening = screenings.of_treatment(db, cast.treatment.id)
    assert screening is not None
    assert screening.answers == {"keloid": True}


def test_a_yes_that_another_session_repeats_stays_in_the_history(
    db: Database, cast: Cast, dana: Browser, course: str, new: str
) -> None:
    assert dana.send(new, NEEDLED).status_code == 303  # with a yes to cold sores
    dana.send(f"{course}/screening", {"known": "0", "ask_cold_sores": "yes"})
    mended = {"known": "1", "ask_cold_sores": "no", "why": "Not then."}
    assert dana.send(f"{course}/screening", mended).status_code == 303
    alice = people.get(db, cast.alice.id)
    assert alice is not None
    assert Risk.COLD_SORES in alice.history


def test_areas_are_chosen_and_device_and_depth_are_as_the_reader_used_them_last(
    dana: Browser, browser_of: Callable[[Person], Browser], fay: Person, new: str
) -> None:
    assert " checked><span>Nose" not in dana.read(f"{new}?kind=microneedling")
    assert dana.send(new, NEEDLED).status_code == 303
    page = dana.read(f"{new}?kind=microneedling")
    for field, value in (("device", "SkinPen Precision"), ("maker", "Crown"), ("depth", "0.5")):
        assert re.search(rf'name="{field}"[^>]* value="{value}"', page), field
    assert "Check them" in page
    assert "SkinPen" not in re.sub(r"<option[^>]*>", "", dana.read(f"{new}?kind=ipl"))
    other = browser_of(fay).read(f"{new}?kind=microneedling")
    assert 'value="0.5"' not in other
    assert "Check them" not in other


def test_no_to_all_the_rest_fills_what_only_a_yes_makes_warn_and_saves_nothing(
    dana: Browser, db: Database, cast: Cast, new: str
) -> None:
    page = dana.send(new, {**NEEDLED, "rest": "no"}).text
    assert len(treatments.of_patient(db, cast.alice.id)) == 1
    for question in form_questions(PROTOCOLS.of("microneedling")):
        answer = {"pregnancy": "no", "cold_sores": "yes"}.get(question.id, "no")
        ticked = f'name="ask_{question.id}" value="{answer}" checked'
        if question.asks is Asks.YES_NO:
            assert (ticked in page) == bool(question.warn_if), ticked
    assert 'value="L-17"' in page  # nothing typed is lost


def test_a_planned_treatment_has_its_time_left_open(dana: Browser, new: str) -> None:
    assert "kind=ipl&amp;planned=yes" in dana.read(f"{new}?planned=yes")
    page = dana.read(f"{new}?kind=ipl&planned=yes")
    assert 'name="stage" value="planned" checked' in page
    assert re.search(r'name="performed_at"[^>]* value=""', page)
