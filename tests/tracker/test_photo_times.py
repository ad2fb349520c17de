"""When a photo was taken: the surest clock counts, and where none is sure the person is asked."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from tracker.domain.course.photo_times import CLOCK_TOLERANCE, NEAR, TimeFault, judge_time
from tracker.domain.course.photos import PhotoRole, Upload

BERLIN: Final = ZoneInfo("Europe/Berlin")
TREATED: Final = datetime(2026, 3, 2, 10, tzinfo=UTC)
NOW: Final = TREATED + timedelta(days=3, hours=2)
AFTER, BEFORE = PhotoRole.FOLLOW_UP, PhotoRole.BASELINE
PHONES: Final = [timezone(timedelta(hours=hours)) for hours in (-11, -8, -3.5, 0, 1, 5.75, 9, 14)]
NO_CLOCK: Final = [datetime(1970, 1, 1), datetime(2002, 12, 8, 12), datetime(1, 1, 1, 0, 0, 1)]  # noqa: DTZ001


def judged(
    camera: datetime | None, role: PhotoRole = AFTER, now: datetime = NOW, **words: object
) -> datetime | TimeFault:
    upload = Upload(b"", role, **words)  # type: ignore[arg-type]
    return judge_time(upload, camera, TREATED, BERLIN, now)


def clock(moment: datetime, zone: tzinfo) -> datetime:
    """What a camera writes that knows no offset."""
    return moment.astimezone(zone).replace(tzinfo=None)


@pytest.mark.parametrize("phone", PHONES)
@pytest.mark.parametrize("hours_ago", [0, 1, 7, 20])
def test_a_travellers_photo_is_dated_by_the_phones_own_zone(phone: tzinfo, hours_ago: int) -> None:
    taken = NOW - timedelta(hours=hours_ago)
    found = judged(clock(taken, phone), made_at=NOW.astimezone(phone), sent_at=NOW)
    assert found == taken


@pytest.mark.parametrize("phone", PHONES)
def test_a_photo_taken_on_the_page_is_of_now_whatever_zone_its_camera_means(
    phone: tzinfo,
) -> None:
    made = NOW.astimezone(BERLIN)
    assert judged(clock(NOW, phone), made_at=made, is_fresh=True) == NOW


@pytest.mark.parametrize("phone", PHONES)
def test_without_a_word_of_the_phone_no_photo_of_now_lies_in_the_future(phone: tzinfo) -> None:
    found = judged(clock(NOW, phone))
    assert isinstance(found, datetime)
    assert found <= NOW
    assert NOW - found <= NEAR


@pytest.mark.parametrize("minutes", [1, 30, 60, 61, 600, 1439])
@pytest.mark.parametrize("offset", [None, UTC, timezone(timedelta(hours=9))])
def test_a_fast_camera_is_brought_back_to_when_the_photo_was_sent(
    minutes: int, offset: tzinfo | None
) -> None:
    ahead = NOW + timedelta(minutes=minutes)
    camera = clock(ahead, BERLIN) if offset is None else ahead.astimezone(offset)
    assert judged(camera, made_at=NOW.astimezone(BERLIN)) == NOW


@pytest.mark.parametrize("days", [2, 30, 4000])
@pytest.mark.parametrize("role", [AFTER, BEFORE])
def test_a_camera_that_is_days_ahead_is_asked_about(days: int, role: PhotoRole) -> None:
    now = NOW if role is AFTER else TREATED - timedelta(days=1)
    assert judged(now + timedelta(days=days), role, now) is TimeFault.TIME_UNSURE


@pytest.mark.parametrize(
    "camera", [*NO_CLOCK, *(clock(TREATED - timedelta(days=days), BERLIN) for days in (1, 60, 200))]
)
@pytest.mark.parametrize("is_fresh", [False, True])
def test_a_photo_from_after_with_a_slow_camera_is_asked_about_and_never_called_from_before(
    camera: datetime, is_fresh: bool
) -> None:
    made = NOW.astimezone(BERLIN)
    assert judged(camera, made_at=made, is_fresh=is_fresh) is TimeFault.TIME_UNSURE
    assert judged(camera, made_at=made, is_just_now=True) == NOW
    said = NOW - timedelta(hours=5)
    assert judged(camera, made_at=made, taken_at=said) == said


@pytest.mark.parametrize(
    "camera",
    [None, *NO_CLOCK, *(clock(TREATED - timedelta(days=days), BERLIN) for days in (1, 60, 200))],
)
def test_a_photo_from_before_that_comes_late_needs_a_day_of_its_own(
    camera: datetime | None,
) -> None:
    assert judged(camera, BEFORE) is TimeFault.BASELINE_WITHOUT_DATE
    said = TREATED - timedelta(days=9)
    assert judged(camera, BEFORE, taken_at=said) == said


def test_a_photo_of_now_never_becomes_the_one_from_before() -> None:
    made = NOW.astimezone(BERLIN)
    slow = clock(TREATED - timedelta(days=90), BERLIN)
    for words in ({"is_just_now": True}, {"is_fresh": True}, {"taken_at": NOW}):
        found = judged(slow, BEFORE, made_at=made, **words)
        assert found is TimeFault.BASELINE_AFTER_TREATMENT
    assert judged(clock(NOW, BERLIN), BEFORE) is TimeFault.BASELINE_AFTER_TREATMENT


def test_before_the_treatment_the_cameras_clock_is_enough() -> None:
    now = TREATED - timedelta(days=2)
    taken = TREATED - timedelta(days=20)
    assert judged(clock(taken, BERLIN), BEFORE, now) == taken
    assert judged(None, BEFORE, now) == now
    for camera in NO_CLOCK:
        assert judged(camera, BEFORE, now) is TimeFault.TIME_UNSURE


@pytest.mark.parametrize("said", [NOW + timedelta(days=1), TREATED - timedelta(days=1)])
def test_what_the_person_says_is_refused_in_their_own_words(said: datetime) -> None:
    fault = judged(None, taken_at=said)
    assert fault in {TimeFault.TAKEN_IN_FUTURE, TimeFault.TAKEN_BEFORE_TREATMENT}


@pytest.mark.parametrize("waited", [0, 5, 59])
def test_a_clinics_clock_that_was_set_back_refuses_no_photo_as_one_from_the_future(
    waited: int,
) -> None:
    phone, an_hour_back = NOW, NOW - timedelta(hours=1)
    said = phone - timedelta(minutes=waited)
    found = judged(None, now=an_hour_back, taken_at=said, sent_at=phone)
    near_enough = said if said <= an_hour_back + CLOCK_TOLERANCE else None
    assert found == (near_enough or an_hour_back - timedelta(minutes=waited))
    assert judged(None, now=an_hour_back, taken_at=said) == (
        near_enough or TimeFault.TAKEN_IN_FUTURE
    )


@pytest.mark.parametrize("off", [-90, -1, 0, 1, 400])
@pytest.mark.parametrize("waited", [0, 3, 30])
def test_of_a_phone_whose_clock_is_wrong_only_the_time_between_counts(
    off: int, waited: int
) -> None:
    sent = NOW + timedelta(days=off)
    made = sent - timedelta(hours=waited)
    found = judged(None, made_at=made.astimezone(BERLIN), sent_at=sent, is_fresh=True)
    assert found == NOW - timedelta(hours=waited)


def test_summer_time_of_the_day_of_the_photo_counts_at_home() -> None:
    now = datetime(2026, 4, 2, 10, tzinfo=UTC)  # Berlin changed its clocks on 29 March
    camera = datetime(2026, 3, 20, 8)  # noqa: DTZ001
    found = judged(camera, now=now, made_at=now.astimezone(timezone(timedelta(hours=2))))
    assert found == datetime(2026, 3, 20, 7, tzinfo=UTC)
