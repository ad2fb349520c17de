"""What Dr Dana sees."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT, Cast
from tests.tracker.courses_of_readings import focal, rising_again
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.course.treatments import begin_treatment
from tracker.domain.alerts.alerts import Concern, Factor, Level, Source
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.photos import PhotoStatus, SkinState
from tracker.domain.course.readings import Estimate
from tracker.domain.people.people import Person
from tracker.domain.protocols.screening import Screening
from tracker.storage.connection import writing
from tracker.storage.course import screenings, treatments
from tracker.storage.mail import mails


def test_the_work_list_gives_the_reason_in_words(dana: Browser, records: Records) -> None:
    photo = records.measured(3)
    records.alert(photo)
    page = dana.read("/")
    assert "1 of 1 wait for you" in page
    assert "Left cheek: redder again since about day 2" in page
    assert "Urgent" in page
    assert "look now" in page
    assert "Alice" in page
    assert "Microneedling, 1.5\N{NO-BREAK SPACE}mm · Day 3" in page
    assert re.search(r"\d\.\d\s× \(\d\.\d to \d\.\d\s×\)", page)


def test_eli_whom_nobody_sees_gets_an_empty_list(
    records: Records, browser_of: Callable[[Person], Browser]
) -> None:
    eli = browser_of(records.cast.eli)
    assert "No patient is in your care yet" in eli.read("/")
    assert "Every alert is closed or snoozed" in eli.read("/alerts")
    assert "No mail yet" in eli.read("/outbox")


def test_an_alert_says_why_and_shows_both_photos(dana: Browser, records: Records) -> None:
    photo = records.measured(3, rising_again)
    alert = records.alert(photo)
    page = dana.read(f"/alerts/{alert.id}")
    assert "<h1>Left cheek: redder again since about day 2" in page
    assert "<strong>97 in 100</strong>" in page
    assert "Second rise, left cheek, since day 2" in page
    assert "×14" in page
    for picture in ("baseline", "aligned", "redness"):
        assert f"/photos/{photo.id}/{picture}" in page
    assert 'id="redness-left_cheek-title"' in page


def test_an_alert_shows_photos_and_signs_before_its_grounds_and_ends_in_one_bar(
    dana: Browser, records: Records
) -> None:
    photo = records.measured(2.9, rising_again)
    records.check_in(2, Answers(pus=True, pain=6, note="It throbs."))
    alert = records.alert(photo)
    page = dana.read(f"/alerts/{alert.id}")
    parts = ('id="pictures"', "Pus or crust", "It throbs.", ">Why<", 'id="text"', 'class="actions"')
    assert [page.index(part) for part in parts] == sorted(page.index(part) for part in parts)
    bar = page[page.index('class="actions"') :]
    for field in re.findall(r'href="#(\w+)"', bar):
        assert f'id="{field}"' in page, "each link of the bar leads to a field"
    shown = f"/photos/{photo.id}/aligned?large=1"
    assert shown in page
    assert "1 new photo" in dana.read("/")
    dana.get(f"/patients/{photo.patient_id}{shown}")
    assert "1 new photo" not in dana.read("/"), "the page of the alert shows the photo large"


def test_an_alert_about_pigment_shows_the_map_of_pigment(dana: Browser, records: Records) -> None:
    photo = records.measured(3)
    for concern in (Concern.HYPERPIGMENTATION, Concern.HYPOPIGMENTATION):
        page = dana.read(f"/alerts/{records.alert(photo, concern=concern).id}")
        assert f"/photos/{photo.id}/pigment" in page
        assert f"/photos/{photo.id}/redness" not in page


def test_an_alert_from_answers_alone_shows_the_answers(dana: Browser, records: Records) -> None:
    records.check_in(2, Answers(pain=9, fever=True, note="shivering"))
    for day in (2.2, 2.4, 2.6, 2.8):  # calmer ones, and one that says nothing, hide it not
        records.check_in(day, Answers(pain=1) if day < 2.7 else Answers())
    alert = records.alert(evidence=(Factor("red flag: pain 9 or more", 1e6, Source.RED_FLAG),))
    page = dana.read(f"/alerts/{alert.id}")
    assert "The answers point to an infection" in page
    assert "The patient’s answers alone are enough for this level" in page
    assert "enough by itself" in page
    assert "shivering" in page
    assert "Before and now" not in page


def test_answering_an_alert_says_who_and_when(
    dana: Browser, records: Records, clock: Clock
) -> None:
    alert = records.alert()
    page = dana.answer(alert.id, "answer", {}, follow=True).text
    assert "Dr Dana has it, seen today, 10:00, decides before 10:30 today" in page
    assert "I have seen this" not in page
    clock.now += timedelta(days=1)
    dana.sign_in(records.cast.dana, PASSPHRASE)
    dana.answer(alert.id, "answer", {})
    late = "Dr Dana has it, a decision was due before 10:30 yesterday, no answer yet"
    assert late in dana.read(f"/alerts/{alert.id}")
    assert "1 of 1 wait for you" in dana.read("/")


def test_an_alert_that_was_seen_stays_among_those_that_are_not_closed(
    dana: Browser, records: Records
) -> None:
    alert = records.alert()
    dana.answer(alert.id, "answer", {})
    page = dana.read("/alerts")
    assert page.index("<h2>Not closed</h2>") < page.index("Dr Dana has it")
    assert "<h2>Snoozed</h2>" not in page
    snooze = {"until": "2026-03-07", "snooze_why": "see her on Saturday"}
    dana.answer(alert.id, "snooze", snooze)
    page = dana.read("/alerts")
    assert "Every alert is closed or snoozed" in page
    assert page.index("<h2>Snoozed</h2>") < page.index("snoozed until Saturday 7 March by Dr Dana")


def test_an_alert_keeps_the_day_of_its_own_treatment(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    records.alert()
    assert "Day 3" in dana.read("/alerts")
    again = replace(records.cast.treatment, performed_at=clock.now + timedelta(days=30))
    begin_treatment(db, PROTOCOLS, again)
    clock.now += timedelta(days=31)
    dana.sign_in(records.cast.dana, PASSPHRASE)
    assert "Day 1" in dana.read("/")
    assert "Day 3" in dana.read("/alerts")
    assert "<h2>Not closed</h2>" in dana.read("/alerts")


def test_the_patient_page_draws_every_region_with_its_table(
    dana: Browser, records: Records
) -> None:
    for day in range(3):
        records.measured(day + 0.1)
    page = dana.read(f"/patients/{records.cast.alice.id}")
    small = [
        f"{quantity}-{region}-small"
        for quantity in ("redness", "pigment")
        for region in ("forehead", "left_cheek", "right_cheek", "nose", "chin")
    ]
    assert re.search(r'<p class="lead">Whole face: [^<]* on day 2: ', page)
    for name in ("redness-face", *small):
        section = page.split(f'id="{name}-title"')[1].split("</section>")[0]
        assert section.count("<circle") == 3
        assert section.count('<th scope="row">') == 3
        assert 'class="band"' in section


def test_the_large_chart_shows_what_is_asked_for_else_what_the_alert_is_about(
    dana: Browser, records: Records
) -> None:
    photo = records.measured(3, rising_again)
    patient = f"/patients/{records.cast.alice.id}"
    assert 'id="redness-face-title"' in dana.read(f"{patient}?region=ear&quantity=height")
    records.alert(photo)
    assert 'id="redness-left_cheek-title"' in dana.read(patient)
    assert 'id="redness-face-title"' in dana.read(f"{patient}?region=face")
    assert 'id="pigment-nose-title"' in dana.read(f"{patient}?region=nose&quantity=pigment")


def test_the_patient_page_tells_spots_affected_share_and_the_difference_of_the_cheeks(
    dana: Browser, records: Records
) -> None:
    patient = f"/patients/{records.cast.alice.id}?region=left_cheek"
    records.measured(2)
    assert "Spots and affected skin" not in dana.read(patient)  # an old reading has none
    records.measured(4, cheek=focal(0.2, redder=(1, 0.004)), asymmetry=Estimate(0.1, 0.2))
    assert "<dd>no clear difference</dd>" in dana.read(patient)
    records.measured(5, cheek=focal(0.34, redder=(3, 0.012)), asymmetry=Estimate(0.68, 0.2))
    page = dana.read(patient)
    section = page.split("Spots and affected skin, left cheek</h3>")[1].split("</details>")[0]
    section = section.replace("\N{NO-BREAK SPACE}", " ")
    assert '34 % <span class="soft">(was 20 %)</span>' in section
    assert '3, covering 1.2 % <span class="soft">(was 1, covering 0.4 %)</span>' in section
    assert "<dd>1.6 ×, left cheek redder</dd>" in section
    assert section.count('<th scope="row">') == 2


def test_an_alert_of_infection_says_that_one_cheek_is_redder(
    dana: Browser, records: Records
) -> None:
    photo = records.measured(3, cheek=focal(0.9), asymmetry=Estimate(1.0, 0.2))
    page = dana.read(f"/alerts/{records.alert(photo).id}")
    why = page.split('id="evidence"')[1].split("</section>")[0]
    assert "the left cheek has 2.0\N{NO-BREAK SPACE}× the redness of the right cheek" in why
    assert "Not part of the evidence that was weighed" in why


def test_the_alert_that_waits_leads_the_page_with_its_evidence_and_two_photos(
    dana: Browser, records: Records
) -> None:
    photo = records.measured(3, rising_again)
    alert = records.alert(photo)
    page = dana.read(f"/patients/{records.cast.alice.id}")
    lead = page.split('class="lead-alert urgent"')[1].split("</article>")[0]
    assert "Second rise, left cheek, since day 2" in lead
    assert f"/photos/{photo.id}/baseline" in lead
    assert f"/photos/{photo.id}/aligned" in lead
    assert f"/compare?after={photo.id}&amp;mode=side" in lead
    assert f'href="/alerts/{alert.id}">Open<' in lead
    dana.answer(alert.id, "answer", {})
    assert "lead-alert" in dana.read(f"/patients/{records.cast.alice.id}")
    dana.answer(alert.id, "snooze", {"until": "2026-03-07", "snooze_why": "see her on Saturday"})
    assert "lead-alert" not in dana.read(f"/patients/{records.cast.alice.id}")


def test_answers_and_photos_are_on_the_patient_page(dana: Browser, records: Records) -> None:
    records.photo(-1, PhotoStatus.MEASURED)
    records.photo(1, PhotoStatus.UNMEASURABLE, faults=("blurred",))
    records.photo(2, skin_state=SkinState.MAKE_UP)
    records.check_in(1, Answers(pain=7, pus=True, note="stings"))
    page = dana.read(f"/patients/{records.cast.alice.id}")
    for words in (
        "The photo from before",
        "Could not be measured",
        "Refused: blurred",
        "Waiting to be measured, with make-up",
        "<strong>pus or crust</strong>",
        "stings",
    ):
        assert words in page, words
    assert page.count("/thumbnail") == 2  # of the one that is measured, and in the header


def test_an_answer_left_out_does_not_read_as_none(dana: Browser, records: Records) -> None:
    records.check_in(1, Answers(pus=True))
    records.check_in(2, Answers(pain=0, swelling=0, pus=False))
    page = dana.read(f"/patients/{records.cast.alice.id}")
    cells = ("<td>none</td>", "not answered</td>", "<strong>pus or crust</strong>; the others not")
    for words in cells:
        assert words in page, words
    assert "None" not in page


def test_a_patient_without_a_treatment_has_a_page(
    dana: Browser, records: Records, db: Database
) -> None:
    with writing(db):
        db.execute(
            "INSERT INTO care_team (practitioner_id, patient_id) VALUES (?, ?)",
            [records.cast.dana.id, records.cast.bob.id],
        )
    page = dana.read(f"/patients/{records.cast.bob.id}")
    assert "No treatment has been entered for <bdi>Bob</bdi> yet" in page
    assert "No treatment yet" in dana.read("/")


def test_a_mail_that_fails_is_seen_on_the_patients_page_and_in_the_outbox(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    mail = records.mail(records.alert(), records.cast.dana)
    page = dana.read("/outbox")
    assert "Afterglow: someone needs your review" in page
    assert "Waiting to be sent" in page
    with writing(db):
        mails.retry(db, mail.id, clock.now + timedelta(minutes=5), "the server answered 421")
    assert "Failed: the server answered 421. Next try today, 10:05" in dana.read("/outbox")
    page = dana.read(f"/patients/{records.cast.alice.id}")
    assert "Mail trouble." in page
    assert "the server answered 421" in page
    with writing(db):
        mails.sent(db, mail.id, clock.now)
    assert "Kept in the outbox folder today, 10:00" in dana.read("/outbox")
    assert "Mail trouble." not in dana.read(f"/patients/{records.cast.alice.id}")


def test_the_mail_in_the_outbox_leads_to_the_alert(dana: Browser, records: Records) -> None:
    alert = records.alert()
    records.mail(alert, records.cast.dana)
    assert f'href="/alerts/{alert.id}"' in dana.read("/outbox")


def test_levels_are_words_and_shapes(dana: Browser, records: Records) -> None:
    records.alert(level=Level.REVIEW)
    page = dana.read("/alerts")
    assert "◆" in page
    assert "Review" in page
    assert "look today" in page


def test_factors_are_told_with_their_strength(dana: Browser, records: Records) -> None:
    told = {
        14.0: ("×14", "strongly for"),
        4.0: ("×4", "clearly for"),
        1.6: ("×1.6", "somewhat for"),
        1.0: ("×1", "says little"),
        0.6: ("×0.6", "somewhat against"),
        0.05: ("×0.05", "strongly against"),
        2e5: ("more than ×1,000", "strongly for"),
        2e-5: ("less than ×0.001", "strongly against"),
    }
    alert = records.alert(evidence=tuple(Factor(f"sign {f}: yes", f, Source.ANSWERS) for f in told))
    why, working = dana.read(f"/alerts/{alert.id}").split("How this was worked out")
    for factor, (words, strength) in told.items():
        line = why.split(f"Sign {factor}: yes")[1].split("</li>")[0]
        assert f">{strength}</span>" in line
        assert "×" not in line
        assert f"<li>Sign {factor}: yes: {words}</li>" in working


def test_what_was_asked_before_treatment_stands_on_the_page_and_beside_the_alert(
    db: Database, cast: Cast, dana: Browser, records: Records
) -> None:
    screening = Screening(
        {"active_infection": True, "rosacea": False, "device": "Pen <12>"}, TREATED_AT, cast.dana.id
    )
    with writing(db):
        screenings.insert(db, cast.treatment.id, screening)
    alert = records.alert()
    for page in (dana.read(f"/patients/{cast.alice.id}"), dana.read(f"/alerts/{alert.id}")):
        assert "<strong>Contraindication.</strong>" in page
        assert "Do not needle until it has healed." in page
        assert "Pen &lt;12&gt;" in page
        assert "Screened in part: 2 of 20 answered" in page
        assert "Not answered: 18" in page
    assert "not yet signed off by a clinic" in dana.read(f"/patients/{cast.alice.id}")


def before_treatment(page: str) -> str:
    """What a page shows under its heading about the screening."""
    return re.split(r">(?:Asked before|Before) treatment</h\d>", page)[1]


def test_what_was_not_asked_never_gets_a_tick(
    db: Database, cast: Cast, dana: Browser, records: Records
) -> None:
    alert = records.alert()
    paths = (
        f"/patients/{cast.alice.id}",
        f"/patients/{cast.alice.id}/treatments",
        f"/alerts/{alert.id}",
    )
    for screening in (None, Screening({"device": "Pen"}, TREATED_AT, cast.dana.id)):
        if screening is not None:
            with writing(db):
                screenings.insert(db, cast.treatment.id, screening)
        for path in paths:
            shown = before_treatment(dana.read(path))
            assert '<p class="note amber"><strong>Not screened: 0 of 20 answered.' in shown
            assert "✓" not in shown.partition("</section>")[0]


def test_a_needling_without_its_depth_says_how_it_is_judged(
    db: Database, cast: Cast, dana: Browser, records: Records
) -> None:
    alert = records.alert()
    paths = (
        f"/patients/{cast.alice.id}",
        f"/patients/{cast.alice.id}/treatments",
        f"/alerts/{alert.id}",
    )
    words = "Depth not recorded: judged by the slowest curve."
    assert not [path for path in paths if words in dana.read(path)]
    with writing(db):
        treatments.update(db, replace(cast.treatment, needle_depth_mm=None))
    assert [path for path in paths if words in dana.read(path)] == list(paths)


def test_no_page_speaks_of_doublings_or_names_an_engine_outside_the_working(
    dana: Browser, alice: Browser, cast: Cast, records: Records
) -> None:
    photos = [records.measured(day, rising_again) for day in (-1, 1, 2, 3, 6)]
    records.check_in(6.1, Answers(pain=4, swelling=2, pus=True))
    alert = records.alert(photos[-1])
    patient = f"/patients/{cast.alice.id}"
    pages = {
        path: who.read(path)
        for who, paths in (
            (dana, ["/alerts", f"/alerts/{alert.id}", patient, f"{patient}?quantity=pigment"]),
            (dana, [f"{patient}/compare?after={photos[-1].id}", "/clinic/outcomes"]),
            (alice, ["/photo", "/progress", f"/photos/{photos[-1].id}"]),
        )
        for path in paths
    } | {"the work list": dana.read("/"), "today": alice.read("/")}
    for path, page in pages.items():
        clinical = re.sub(r"How this was worked out.*?</details>", "", page, flags=re.DOTALL)
        found = re.search(r"doubling|[+−]\d\.\d\d ±|times as much|\bengine\b|\bodds\b", clinical)
        assert not found, (path, found)
    counted = [path for path, page in pages.items() if re.search(r"\d\s×", page)]
    assert {patient, "the work list", "/progress"} <= set(counted)
