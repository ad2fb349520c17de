"""No page reassures while anything is open, and an answer is answered by its name.

Findings 2 and 5 of the safety review: the text came from the average of the whole face, and a
specific answer got general thanks.
"""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.conftest import Cast
from tests.tracker.courses_of_readings import (
    TREATED_AT,
    Doublings,
    check_in,
    fading,
    reading,
    treatment,
)
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tests.web.course_so_far import now_on, so_far
from tracker.actions.course.progress import Progress
from tracker.domain.alerts.alerts import Alert, Concern, CourseAlert, Level, Outcome
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.photos import SkinState
from tracker.domain.course.readings import Estimate, Quantity, Reading
from tracker.domain.course.treatments import Region
from tracker.domain.desk.told import Picture, Telling, Waiting
from tracker.domain.desk.worklist import Gauge
from web.patient.sending import check_in_result_page
from web.patient.today import progress_page, today_page
from web.words.telling import open_amount, open_things, standing, telling_of

REASSURES = re.compile(
    r"\b(calmer|usual|usually|normal|clear skin|thank you|all is well|tick-mark)\b"
    r"|about the (redness|pigment) of before",
    re.IGNORECASE,
)
CALM = {"pain": "1", "itch": "0", "swelling": "0", "trend": "better"}


def alert(
    concern: Concern = Concern.INFECTION,
    level: Level = Level.URGENT,
    regions: tuple[Region, ...] = (Region.LEFT_CHEEK,),
) -> Alert:
    return Alert(
        id=f"{concern}",
        patient_id="p",
        treatment_id="t",
        concern=concern,
        level=level,
        raised_at=now_on(7),
        probability=0.9,
        onset_day=5.0,
        regions=regions,
        evidence=(),
        photo_id=None,
        engine="1",
        protocol="microneedling 1",
    )


def on_day(day: float, *alerts: Alert, answers: Answers | None = None) -> Progress:
    """Alice after a week of normal photos."""
    given = [check_in(day - 0.1, answers)] if answers else []
    readings = [reading(d + 0.1, fading) for d in range(int(day) + 1)]
    return so_far(day, readings, check_ins=given, alerts=alerts)


def told(progress: Progress, day: float) -> Telling:
    return telling_of(progress, now_on(day))


def glowing(region: Region, day: float) -> float:
    return fading(region, day) + (1.8 if region is Region.LEFT_CHEEK and day >= 6 else 0)


def level(value: float, only: Region | None = None) -> Doublings:
    return lambda region, day: value if only in {None, region} else fading(region, day)


def text_of(page: str) -> str:
    """The text of the page's main part, without hidden text and the numbers of the chart."""
    main = page[page.index('<main id="main"') : page.index("</main>")]
    hidden = r'<div class="emergency" data-emergency.*?</section>'
    return re.sub(f"{hidden}|<svg class.*</details>", "", main, flags=re.DOTALL)


# Finding 2, through the pages


@pytest.mark.parametrize("asked", [Level.URGENT, Level.REVIEW, Level.WATCH])
def test_no_page_reassures_above_an_open_alert(
    alice: Browser, records: Records, clock: Clock, asked: Level
) -> None:
    photos = [records.measured(d + 0.1, glowing) for d in range(1, 8)]
    records.measured(-1)
    records.alert(photos[-1], asked)
    clock.now = TREATED_AT + timedelta(days=7.2)
    day = f"/days/{(TREATED_AT + timedelta(days=7)).date()}"
    for path in ("/", "/progress", f"/photos/{photos[-1].id}", "/days/2026-03-08", day):
        page = text_of(alice.read(path))
        assert "Your left cheek is getting redder again" in page, path
        assert not REASSURES.search(page), (path, REASSURES.search(page))


def test_a_pigment_alert_is_told_as_pigment_of_its_region(
    alice: Browser, records: Records, clock: Clock
) -> None:
    photo = records.measured(2.1, fading, level(0.6))
    records.alert(photo, Level.REVIEW, Concern.HYPERPIGMENTATION)
    page = text_of(alice.read("/progress"))
    assert "Your left cheek is darker than before the treatment" in page
    assert "Pigment, left cheek" in page
    assert "Redness, whole face" not in page


def test_opening_a_picture_is_not_an_answer_of_the_clinic(
    alice: Browser, dana: Browser, records: Records
) -> None:
    photo = records.measured(2.1)
    records.alert(photo)
    dana.get(f"/patients/{photo.patient_id}/photos/{photo.id}/photo")
    for path in ("/progress", f"/photos/{photo.id}"):
        page = alice.read(path)
        assert "Photo opened by Dr Dana" in page
        assert "That is not an answer yet." in page
        assert "Your clinic has not opened it yet" in page
        assert "saw this" not in page


# Finding 5, through the pages


def test_a_red_answer_is_named_and_not_thanked_for(alice: Browser) -> None:
    answers = CALM | {"fever": "yes", "spreading": "yes", "pain": "9"}
    page = text_of(alice.send("/check-in", answers, follow=True).text)
    assert "You ticked redness that spreads and fever, and gave your pain as 9 of 10." in page
    assert not REASSURES.search(page)


def test_a_page_that_says_emergency_names_a_number_without_a_clinic_too(alice: Browser) -> None:
    page = alice.send("/check-in", CALM | {"breathing_or_face_swelling": "yes"}, follow=True).text
    assert "112</a> in Europe" in text_of(page)


def test_answers_are_kept_and_help_is_said_while_the_engine_fails(
    alice: Browser, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.measured(-1)
    records.measured(1)
    assert "Normal for day 1" in alice.read("/progress")

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tracker.domain.recovery.recovery.judge_photos", fail)
    for path in ("/", "/progress"):
        page = alice.read(path)
        assert "Normal for day" not in page
        assert "What is normal today" not in page
        assert "Your clinic is being told" in page
    answers = CALM | {"pus": "yes", "breathing_or_face_swelling": "yes"}
    said = text_of(alice.send("/check-in", answers, follow=True).text)
    assert "Get help now" in said
    assert "You ticked pus" in said


def test_without_an_expected_range_pages_say_so_and_show_alerts_answers_and_photos(
    alice: Browser,
    dana: Browser,
    cast: Cast,
    records: Records,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records.measured(-1)
    records.alert(records.measured(1))
    assert alice.send("/check-in", CALM | {"pus": "yes"}).status_code == 303
    whole = "The expected range cannot be computed at the moment."
    course = f"/patients/{cast.alice.id}"
    assert whole not in alice.read("/progress") + dana.read(course)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    for module in ("bands", "recovery"):
        monkeypatch.setattr(f"tracker.domain.recovery.{module}.usual_redness", fail)
    for page in (alice.read("/progress"), dana.read(course)):
        assert whole in page
        assert "Expected then" not in page
        assert "left cheek" in text_of(page)
    assert "Your left cheek is getting redder again" in text_of(alice.read("/"))
    assert "pus" in dana.read(course)
    assert dana.get(f"{course}/values").status_code == 200


def test_a_form_for_answers_is_shown_and_kept_without_the_engine(
    alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(*_: object) -> None:
        raise AssertionError("nothing is told here")

    for engine in ("assess", "judge_answers"):
        monkeypatch.setattr(f"tracker.actions.course.progress.{engine}", judge)
    assert 'name="pus"' in alice.read("/check-in")
    assert 'name="photo"' in alice.read("/photo")
    assert alice.send("/check-in", CALM).status_code == 303


# The table of cases


def test_what_is_open_comes_before_a_region_and_a_region_before_the_face() -> None:
    quiet = told(on_day(7.2), 7.2)
    assert (quiet.picture, quiet.is_calm) == (Picture.AS_USUAL, True)
    focus = so_far(6.2, [reading(d + 0.1, glowing) for d in range(7)])
    region = told(replace(focus, assessment=replace(focus.assessment, findings=())), 6.2)
    assert region.picture is Picture.REGION_REDDER
    assert region.gauge == Gauge(Region.LEFT_CHEEK)
    assert not region.is_calm
    shown = standing(focus, region)
    assert shown is not None
    assert shown.headline.startswith("Your left cheek is redder than most people’s at day 6")
    assert told(on_day(7.2, alert()), 7.2).open[0].level is Level.URGENT


def test_a_finding_is_told_before_the_clock_has_made_an_alert_of_it() -> None:
    focus = so_far(8.2, [reading(d + 0.1, glowing) for d in range(9)])
    assert any(f.level for f in focus.assessment.findings)
    opened = told(focus, 8.2).open
    assert "left cheek" in opened[0].what
    assert opened[0].waiting is Waiting.BEING_TOLD


def test_a_watch_alert_asks_for_the_next_photo_and_does_not_reassure() -> None:
    page = today_page(on_day(7.2, alert(level=Level.WATCH)), now_on(7.2))
    assert page.told[0].do == "Your clinic will look at this with your next photo."
    assert page.care is not None
    assert page.care.normal == ()


@pytest.mark.parametrize("level", [Level.WATCH, Level.REVIEW])
def test_nothing_next_to_an_urgent_alert_asks_to_wait(level: Level) -> None:
    lesser = alert(Concern.ALLERGIC_REACTION, level)
    page = today_page(on_day(7.2, lesser, alert()), now_on(7.2))
    assert [each.kind for each in page.told] == ["urgent", level]
    assert page.told[1].do.startswith("First do what the red box says")


def test_an_alert_that_was_opened_says_so_and_that_no_answer_came() -> None:
    opened = replace(alert(), read_at=now_on(7.1), read_by="dana")
    page = today_page(on_day(7.2, opened), now_on(7.2))
    assert page.told[0].waiting.startswith(
        "Waiting since today, 10:00. Opened at your clinic today"
    )
    assert page.told[0].waiting.endswith("no answer yet.")


def test_an_answer_after_the_alert_was_opened_has_not_been_opened() -> None:
    opened = replace(alert(), seen_at=now_on(7.01), seen_by="dana")
    flagged = on_day(7.2, opened, answers=Answers(fever=True, spreading=True))
    assert told(flagged, 7.2).open[0].waiting is Waiting.NOT_OPENED


def test_a_snoozed_alert_is_still_open() -> None:
    snoozed = replace(alert(), seen_at=now_on(7.01), snoozed_until=now_on(8))
    opened = told(on_day(7.2, snoozed), 7.2).open[0]
    assert (opened.waiting, opened.at) == (Waiting.PUT_OFF, now_on(8))


def test_a_resolved_alert_is_told_as_closed_and_a_new_answer_opens_again() -> None:
    closed = replace(alert(), resolved_at=now_on(7.05), outcome=Outcome.FALSE)
    page = today_page(on_day(7.2, closed), now_on(7.2))
    assert page.told == ()
    assert page.closed.startswith("Your clinic closed its question about your left cheek: today")
    red = Answers(fever=True, spreading=True)
    assert told(on_day(7.2, closed, answers=red), 7.2).open[0].what.startswith("You ticked")
    later = replace(closed, resolved_at=now_on(7.15))
    assert told(on_day(7.2, later, answers=red), 7.2).open == ()


def test_an_alert_that_closes_by_itself_is_no_answer_of_the_clinic() -> None:
    heard = alert(Concern.SILENCE, Level.REVIEW, ())
    course = on_day(7.2, replace(heard, resolved_at=now_on(7.1)))
    assert today_page(course, now_on(7.2)).closed == ""


def test_an_open_alert_of_an_earlier_treatment_is_told_with_its_date() -> None:
    before = replace(treatment(), id="u", performed_at=TREATED_AT - timedelta(days=40))
    course = replace(on_day(7.2), earlier_alerts=(CourseAlert(alert(), before),))
    assert told(course, 7.2).open[0].what == (
        "From your treatment of 21 January: your left cheek is getting redder again."
    )


def test_who_has_no_clinic_is_sent_to_a_doctor_and_to_no_clinic() -> None:
    red = Answers(fever=True, spreading=True)
    course = replace(on_day(7.2, alert(), answers=red), is_alone=True)
    things = open_things(told(course, 7.2), course, now_on(7.2))
    assert things[0].do.startswith("See a doctor now.")
    assert "call your clinic" not in f"{things[0].do} {things[0].until}".lower()
    assert things[0].waiting.endswith("No clinic sees your photos and answers here.")
    stale = replace(alert(), raised_at=now_on(7) - timedelta(days=20))
    old = told(replace(on_day(7.2, stale), is_alone=True), 7.2).open[0]
    assert (old.level, old.do) == (
        Level.WATCH,
        "If no doctor has looked at this yet, show it to one today.",
    )


def test_withdrawn_consent_does_not_hide_what_is_open() -> None:
    course = replace(on_day(7.2, alert()), care_withdrawn_at=now_on(7.1))
    things = open_things(told(course, 7.2), course, now_on(7.2))
    assert things[0].waiting.startswith("You have withdrawn your consent")


def wide(taken: Reading, sd: float) -> Reading:
    regions = {
        region: replace(r, redness=Estimate(r.redness.value, sd))
        for region, r in taken.regions.items()
    }
    return replace(taken, regions=regions)


@pytest.mark.parametrize(
    "vague",
    [wide(reading(3.1), 0.8), replace(reading(3.1), skin_state=SkinState.MAKE_UP)],
)
def test_a_photo_that_says_too_little_is_not_called_normal(vague: Reading) -> None:
    course = so_far(3.2, [reading(1.1), reading(2.1), vague])
    shown = standing(course, told(course, 3.2))
    assert shown is not None
    assert "too uncertain to say" in shown.headline
    assert not shown.is_normal


def test_the_chart_shows_what_the_alert_is_about() -> None:
    dark = alert(Concern.HYPERPIGMENTATION, Level.REVIEW, (Region.CHIN,))
    (chart,) = progress_page(on_day(20.2, dark), now_on(20.2)).charts
    assert (chart.region, chart.quantity) == (Region.CHIN, Quantity.PIGMENT)


def test_answers_alone_show_the_reddest_region_and_never_the_average() -> None:
    by_answers = alert(regions=())
    (chart,) = progress_page(on_day(7.2, by_answers), now_on(7.2)).charts
    assert chart.region is not Region.FACE


def test_a_region_is_shown_when_asked_but_what_is_open_stays_first() -> None:
    infected = on_day(7.2, alert())
    first, second = progress_page(infected, now_on(7.2), asked=Region.FOREHEAD).charts
    assert first.region is Region.LEFT_CHEEK
    assert second.region is Region.FOREHEAD
    calm = so_far(3.2, [reading(day) for day in (0.1, 1.1, 2.1, 3.1)])
    charts = progress_page(calm, now_on(3.2), asked=Region.NOSE).charts
    assert {chart.region for chart in charts} == {Region.NOSE}


def test_as_much_as_before_is_not_said_where_something_is_open() -> None:
    course = on_day(9.2, alert(regions=(Region.FACE,)))
    assert open_amount(course, told(course, 9.2)) == ""


def test_the_answers_behind_an_alert_are_still_named_when_they_are_old() -> None:
    given = Answers(fever=True, spreading=True)
    by_answers = replace(alert(regions=()), flagged_at=now_on(7), found_at=now_on(7))
    course = so_far(12.2, check_ins=[check_in(6.9, given)], alerts=[by_answers])
    (opened,) = told(course, 12.2).open
    assert opened.what == "You ticked redness that spreads and fever."
    assert "Call your clinic now." in opened.do


def test_silence_asks_for_photo_and_answers() -> None:
    silent = told(on_day(7.2, alert(Concern.SILENCE, Level.REVIEW, ())), 7.2).open[0]
    assert silent.do.startswith("Send today’s photo and answers.")


def test_an_emergency_comes_first_of_all_that_is_open() -> None:
    gasping = Answers(breathing_or_face_swelling=True)
    course = on_day(7.2, alert(), answers=gasping)
    page = check_in_result_page(course, course.check_ins[0], now_on(7.2))
    assert page.title == "Get help now"
    assert page.told[0].what == "You ticked trouble breathing or swollen lips or tongue."
    assert "left cheek" in page.told[1].headline


def test_a_sign_this_morning_and_one_this_evening_are_named_together() -> None:
    morning, evening = check_in(7.0, Answers(fever=True)), check_in(7.3, Answers(pus=True))
    course = so_far(7.4, check_ins=[morning, evening])
    page = check_in_result_page(course, evening, now_on(7.4))
    assert page.title == "Get help now"
    assert page.told[0].what == "You ticked pus and fever."
