from datetime import UTC, datetime, timedelta

from tracker.domain.course.comparisons import Asked, Pair, comparable, pair_asked, view_asked
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, SkinState, View

TREATED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def photo(day: float, view: View = View.FRONT, status: PhotoStatus = PhotoStatus.MEASURED) -> Photo:
    taken_at = TREATED_AT + timedelta(days=day)
    role = PhotoRole.BASELINE if day < 0 else PhotoRole.FOLLOW_UP
    kept = status if view is View.FRONT else PhotoStatus.KEPT
    name = f"{view} {day:g}"
    clean = SkinState.CLEAN
    return Photo(name, "t", "p", role, kept, taken_at, taken_at, clean, view=view)


COURSE = (photo(-1), photo(1), photo(1.1, View.LEFT), photo(3), photo(4, View.LEFT), photo(5))


def shown(asked: Asked) -> tuple[str, str]:
    pair = pair_asked(COURSE, asked)
    assert pair is not None
    return pair.before.id, pair.after.id


def test_who_asks_for_nothing_sees_before_treatment_and_the_latest() -> None:
    assert shown(Asked()) == ("front -1", "front 5")


def test_any_two_days_can_be_asked_for() -> None:
    assert shown(Asked(before="front 3", after="front 1")) == ("front 3", "front 1")


def test_another_view_keeps_the_days() -> None:
    asked = Asked(before="front 1", after="front 5", view=View.LEFT)
    assert shown(asked) == ("left 1.1", "left 4")


def test_a_photo_brings_its_view_along() -> None:
    assert view_asked(COURSE, Asked(after="left 4")) is View.LEFT
    assert view_asked(COURSE, Asked(after="nobody's")) is View.FRONT


def test_only_measured_photos_of_the_front_lie_in_one_crop() -> None:
    refused = photo(2, status=PhotoStatus.UNMEASURABLE)
    assert refused not in comparable([*COURSE, refused], View.FRONT)


def test_one_photo_stands_on_both_sides_and_none_is_no_pair() -> None:
    assert pair_asked([COURSE[1]], Asked()) == Pair(COURSE[1], COURSE[1])
    assert pair_asked(COURSE, Asked(view=View.RIGHT)) is None
