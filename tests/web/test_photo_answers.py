"""The line that answers a photo calls only that normal which surely is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import TREATED_AT
from tests.tracker.courses_of_readings import check_in, fading, reading
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tests.web.course_so_far import now_on, so_far
from tests.web.test_patient_pages import alert, photo
from tests.web.test_telling import glowing, text_of
from tracker.actions.course.progress import Progress
from tracker.domain.alerts.alerts import Level
from tracker.domain.course.check_ins import HABITS, SIGNS, Answers, Trend
from tracker.domain.course.photos import (
    EarlyPhoto,
    Photo,
    PhotoStatus,
    Sides,
    SkinState,
    View,
)
from tracker.domain.course.treatments import Region
from tracker.domain.own_data.looks import Look
from web.patient.sending import photo_page
from web.patient.today import progress_page, today_page
from web.words.telling import CALL_IF_WORSE, SEE_A_DOCTOR, AnswerWords

LOOKS = "Your clinic will look"
NOT_SURE = "We cannot say that this is normal"


def calm(*more_photos: float, status: PhotoStatus = PhotoStatus.WAITING) -> Progress:
    """Usual photos until day 3; `more_photos` came on these days and have no reading."""
    days = [d + 0.1 for d in range(4)]
    photos = [photo(-1), *map(photo, days), *(photo(day, status) for day in more_photos)]
    return so_far(3.4, [reading(day, fading) for day in days], photos=photos)


def ticked(sign: str) -> Answers:
    given: dict[str, Any] = {sign: True}
    return Answers(**given)


def answer(course: Progress, day: float = 3.1) -> AnswerWords | None:
    return photo_page(course, photo(day), now_on(3.4), already=False).answer


def one_cheek(course: Progress) -> Progress:
    return replace(
        course, treatment=replace(course.treatment, areas=frozenset({Region.LEFT_CHEEK}))
    )


def compared_with_a_late_photo(course: Progress) -> Progress:
    return replace(course, photos=(replace(photo(-1), received_at=now_on(0.5)), *course.photos[1:]))


def in_make_up(course: Progress) -> Progress:
    last = replace(course.readings[-1], skin_state=SkinState.MAKE_UP)
    return replace(course, readings=(*course.readings[:-1], last))


def without_a_cheek(course: Progress) -> Progress:
    last = course.readings[-1]
    seen = dict(last.regions)
    del seen[Region.LEFT_CHEEK]
    return replace(course, readings=(*course.readings[:-1], replace(last, regions=seen)))


def test_a_usual_photo_of_a_quiet_patient_is_normal_for_its_day() -> None:
    assert answer(calm()) == AnswerWords("Normal for day 3", (), "", is_normal=True)


def test_the_line_is_about_the_photo_that_was_measured_last() -> None:
    assert answer(calm(), 2.1) is None


@pytest.mark.parametrize("level", list(Level))
def test_what_is_open_is_the_answer(level: Level) -> None:
    assert answer(replace(calm(), alerts=(alert(level),))) is None


@pytest.mark.parametrize(
    "answers",
    [
        Answers(trend=Trend.WORSE),
        Answers(pain=9),
        Answers(swelling=3),
        Answers(note="It smells."),
        *[ticked(sign) for sign in SIGNS if sign not in HABITS],
    ],
)
def test_no_complaint_reads_that_all_is_normal(answers: Answers) -> None:
    course = replace(calm(), check_ins=(check_in(3.0, answers),))
    found = answer(course)
    assert found is None or not found.is_normal
    shown = progress_page(course, now_on(3.4)).standing
    assert shown is None or not shown.is_normal
    todays = today_page(course, now_on(3.4)).photo
    assert todays is not None
    assert todays.answer == found


def test_a_complaint_is_named_and_wears_off() -> None:
    given = Answers(trend=Trend.WORSE)
    found = answer(replace(calm(), check_ins=(check_in(3.0, given),)))
    assert found is not None
    assert (found.headline, found.advice) == (LOOKS, CALL_IF_WORSE)
    assert found.why == ("You found your skin worse than the day before.",)
    old = answer(replace(calm(), check_ins=(check_in(0.2, given),)))
    assert old is not None
    assert old.is_normal


@pytest.mark.parametrize(
    ("course", "why"),
    [
        (one_cheek(calm()), "Your photos cannot say yet how your treated cheek is."),
        (compared_with_a_late_photo(calm()), "came after the treatment"),
        (in_make_up(calm()), "too uncertain"),
        (without_a_cheek(calm()), "does not show left cheek well"),
        (replace(calm(), unread_by_clinic=1), "has not read your message"),
        (calm(3.3), "A later photo of yours is not measured."),
        (calm(3.3, status=PhotoStatus.UNMEASURABLE), "A later photo of yours is not measured."),
    ],
)
def test_where_it_is_unsure_it_reads_that_the_clinic_will_look(course: Progress, why: str) -> None:
    found = answer(course)
    assert found is not None
    assert (found.headline, found.is_normal) == (LOOKS, False)
    assert why in " ".join(found.why)


def test_a_clinic_is_promised_only_where_there_is_one_that_has_yet_to_look() -> None:
    alone = answer(replace(in_make_up(calm()), is_alone=True))
    look = Look("photo-3.1", now_on(3.1), "d", "Dr Dana", now_on(3.2), now_on(3.2))
    seen = answer(replace(in_make_up(calm()), looks=(look,)))
    assert alone is not None
    assert seen is not None
    assert (alone.headline, alone.advice) == (NOT_SURE, SEE_A_DOCTOR)
    assert (seen.headline, seen.advice) == (NOT_SURE, CALL_IF_WORSE)
    assert answer(replace(calm(), care_withdrawn_at=now_on(3.3))) is None


def side_view(day: float) -> Photo:
    return replace(photo(day, PhotoStatus.KEPT), id=f"side-{day}", view=View.LEFT)


def undated(day: float) -> EarlyPhoto:
    at, clean = now_on(day), SkinState.CLEAN
    return EarlyPhoto("undated", "p", at, at, clean, View.FRONT, Sides.UNKNOWN, False, False)


@pytest.mark.parametrize("side", [side_view(3.05), side_view(3.3)])
def test_no_photo_is_called_normal_while_another_view_of_that_day_is_not_opened(
    side: Photo,
) -> None:
    course = replace(calm(), photos=(*calm().photos, side), unseen=(side,))
    found = answer(course)
    assert found is not None
    assert (found.headline, found.is_normal) == (LOOKS, False)
    assert "has not opened all your photos" in " ".join(found.why)
    standing = progress_page(course, now_on(3.4)).standing
    assert standing is not None
    assert (standing.headline, standing.is_normal) == (LOOKS, False)
    today = today_page(course, now_on(3.4))
    assert today.warning == f"{LOOKS}."
    assert today.care is not None
    assert "normal" not in today.care.title
    look = Look("photo-3.1", now_on(3.1), "d", "Dr Dana", now_on(3.2), now_on(3.2))
    opened = answer(replace(course, looks=(look,)))
    assert opened is not None
    assert opened.headline == LOOKS, "the clinic has yet to open the other"


def test_the_line_names_its_photo_where_others_were_only_looked_at() -> None:
    side, early = side_view(3.3), replace(undated(3.2), seen_at=now_on(3.3))
    for course in (
        replace(calm(), photos=(*calm().photos, side)),
        replace(calm(), undated=(early,)),
        replace(calm(), photos=(*calm().photos, side), unseen=(side,), is_alone=True),
    ):
        found = answer(course)
        assert found is not None
        assert (found.headline, found.is_normal) == ("Normal for day 3", True)
        assert "your photo from the front, taken" in " ".join(found.why)
        standing = progress_page(course, now_on(3.4)).standing
        assert standing is not None
        assert "your photo from the front, taken" in " ".join(standing.details)


def test_a_photo_from_the_side_is_not_the_photo_of_the_day() -> None:
    side = side_view(4.2)
    course = replace(calm(), photos=(*calm().photos, side), unseen=(side,), day=4)
    page = today_page(course, now_on(4.3))
    assert page.photo is not None
    assert (page.photo.is_kept, page.photo.usable, page.photo.answer) == (True, False, None)
    with_front = replace(course, photos=(*course.photos, photo(4.1, PhotoStatus.WAITING)))
    page = today_page(with_front, now_on(4.3))
    assert page.photo is not None
    assert (page.photo.id, page.photo.is_waiting, page.photo.is_kept) == ("photo-4.1", True, False)


def test_a_side_view_of_an_earlier_day_says_nothing_about_today() -> None:
    side = side_view(2.1)
    course = replace(calm(), photos=(*calm().photos, side), unseen=(side,))
    assert answer(course) == AnswerWords("Normal for day 3", (), "", is_normal=True)


def test_an_undated_photo_that_is_not_opened_leaves_nothing_normal() -> None:
    found = answer(replace(calm(), undated=(undated(3.2),)))
    assert found is not None
    assert found.headline == LOOKS


def test_the_page_of_a_side_view_promises_a_look_only_where_there_is_a_clinic(
    alice: Browser, dana: Browser, records: Records
) -> None:
    side = records.photo(2, PhotoStatus.KEPT, view=View.LEFT)
    assert "Your clinic will look at it" in alice.read(f"/photos/{side.id}")
    dana.get(f"/patients/{side.patient_id}/photos/{side.id}/photo")
    page = alice.read(f"/photos/{side.id}")
    assert "Your clinic will look at it" not in page
    assert "Photo opened by Dr Dana" in page


def test_the_pages_show_the_answer_with_the_picture_and_the_number(
    alice: Browser, records: Records, clock: Clock
) -> None:
    records.measured(-1)
    photos = [records.measured(d + 0.1) for d in range(4)]
    clock.now = TREATED_AT + timedelta(days=3.2)
    page = text_of(alice.read(f"/photos/{photos[-1].id}"))
    parts = ["Normal for day 3", f"{photos[-1].id}/aligned", "Redness"]
    assert [page.index(part) for part in parts] == sorted(page.index(part) for part in parts)
    today = text_of(alice.read("/"))
    assert "Normal for day 3" in today
    assert "<figcaption>Yesterday</figcaption>" in today
    assert [f"{each.id}/thumbnail" in today for each in photos] == [False, False, True, True]


def test_a_photo_that_waits_says_what_comes_next(
    alice: Browser, records: Records, clock: Clock
) -> None:
    records.measured(-1)
    waiting = records.photo(3.0)
    page = text_of(alice.read(f"/photos/{waiting.id}"))
    assert "This takes about a minute." in page
    assert "or that your clinic will look" in page
    assert "do not wait for it: call your clinic" in page
    clock.now = waiting.received_at + timedelta(minutes=4)
    assert "It takes longer than usual." in alice.read(f"/photos/{waiting.id}")


def test_no_answer_is_above_what_is_open(alice: Browser, records: Records, clock: Clock) -> None:
    records.measured(-1)
    photos = [records.measured(d + 0.1, glowing) for d in range(1, 8)]
    records.alert(photos[-1], Level.WATCH)
    clock.now = TREATED_AT + timedelta(days=7.2)
    waiting = records.photo(7.15)
    for path in (f"/photos/{photos[-1].id}", f"/photos/{waiting.id}", "/"):
        page = text_of(alice.read(path))
        assert "normal for" not in page.lower()
        assert "tick-mark" not in page
        assert 'class="standing' not in page
        assert "<strong>Today’s photo is here.</strong>" in page or path != "/"


@pytest.mark.parametrize("asked", [Level.URGENT, Level.REVIEW])
def test_pages_about_something_else_repeat_what_is_urgent_and_open(
    alice: Browser, dana: Browser, records: Records, asked: Level
) -> None:
    records.alert(records.measured(2.1), asked)
    conversation = f"/patients/{records.cast.alice.id}/conversation"
    for path in ("/check-in", "/photo", conversation):
        page = text_of(alice.read(path))
        assert ("Get help now" in page) is (asked is Level.URGENT), path
        assert ("Your left cheek is getting redder again" in page) is (asked is Level.URGENT)
    refused = text_of(alice.send("/check-in", {"pain": "11"}).text)
    assert ("Get help now" in refused) is (asked is Level.URGENT)
    assert "Get help now" not in dana.read(conversation)
