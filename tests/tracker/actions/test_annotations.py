"""What the care team draws on photos, and that none of it is lost."""

from datetime import timedelta

import pytest
import sqlcipher3
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tests.web.conftest import Records
from tracker.actions.course.drawing import (
    AnnotationKept,
    Overtaken,
    PicturesTurned,
    Revised,
    draw_annotation,
    revise_annotation,
)
from tracker.domain.course.annotations import Annotation, Drawing, Shape
from tracker.domain.course.outlines import Basis
from tracker.domain.course.photos import Photo
from tracker.domain.course.treatments import AREAS
from tracker.storage.connection import writing
from tracker.storage.course import annotations, readings
from tracker.world import World

LATER = TREATED_AT + timedelta(days=3)
SPOT = Drawing(Shape.POINT, ((0.25, 0.5),), "dark since Monday")
RING = Drawing(Shape.CIRCLE, ((0.25, 0.5), (0.3, 0.5)), "dark since Sunday")


@pytest.fixture
def photo(db: Database, world: World, cast: Cast) -> Photo:
    return Records(db, world, cast).measured(2)


@pytest.fixture
def drawn(db: Database, cast: Cast, photo: Photo) -> Annotation:
    kept = draw_annotation(db, cast.alice.id, photo.id, SPOT, cast.dana.id, LATER)
    assert kept == AnnotationKept()
    return annotations.of_treatment(db, photo.treatment_id)[0]


def revise(
    db: Database, cast: Cast, drawn: Annotation, drawing: Drawing | None
) -> Revised | Overtaken | PicturesTurned | None:
    alice, dana, read = cast.alice.id, cast.dana.id, drawn.latest.number
    return revise_annotation(db, alice, drawn.id, read, drawing, dana, LATER)


def test_a_drawing_keeps_its_author_time_and_places(drawn: Annotation, cast: Cast) -> None:
    assert drawn.latest.drawing == SPOT
    assert (drawn.latest.author, drawn.latest.at) == (cast.dana.name, LATER)


def test_a_drawing_sent_twice_is_kept_once_and_a_colleague_may_see_the_same(
    db: Database, cast: Cast, drawn: Annotation
) -> None:
    for author in (cast.dana, cast.eli):
        kept = draw_annotation(db, cast.alice.id, drawn.photo_id, SPOT, author.id, LATER)
        assert kept == AnnotationKept()
    told = annotations.of_treatment(db, cast.treatment.id)
    assert [each.latest.author for each in told] == ["Dr Dana", "Dr Eli"]


def test_every_version_stays_readable(db: Database, cast: Cast, drawn: Annotation) -> None:
    assert revise(db, cast, drawn, RING) == Revised()
    changed = annotations.get(db, drawn.id)
    assert changed is not None
    assert revise(db, cast, changed, None) == Revised()
    told = annotations.get(db, drawn.id)
    assert told is not None
    assert [version.drawing for version in told.versions] == [SPOT, RING, RING]
    assert [version.is_withdrawn for version in told.versions] == [False, False, True]


def test_two_people_do_not_overwrite_each_other(
    db: Database, cast: Cast, drawn: Annotation
) -> None:
    revise(db, cast, drawn, RING)
    outcome = revise(db, cast, drawn, SPOT)
    assert isinstance(outcome, Overtaken)
    assert outcome.annotation.latest.drawing == RING


def test_what_is_withdrawn_is_not_changed_any_more(
    db: Database, cast: Cast, drawn: Annotation
) -> None:
    revise(db, cast, drawn, None)
    withdrawn = annotations.get(db, drawn.id)
    assert withdrawn is not None
    assert isinstance(revise(db, cast, withdrawn, RING), Overtaken)


def test_only_the_patients_own_photos_are_drawn_on(
    db: Database, cast: Cast, photo: Photo, drawn: Annotation
) -> None:
    bob, dana = cast.bob.id, cast.dana.id
    assert draw_annotation(db, bob, photo.id, SPOT, dana, LATER) is None
    read = drawn.latest.number
    assert revise_annotation(db, bob, drawn.id, read, RING, dana, LATER) is None


def test_a_version_is_neither_rewritten_nor_erased(db: Database, drawn: Annotation) -> None:
    for sql in ("UPDATE annotations SET note = 'x'", "DELETE FROM annotations"):
        with pytest.raises(sqlcipher3.DatabaseError), writing(db):
            db.execute(sql)


@pytest.mark.parametrize(
    ("shape", "places", "note", "remedy"),
    [
        (Shape.POINT, ((0.1, 0.1), (0.2, 0.2)), "x", "one place"),
        (Shape.CIRCLE, ((0.1, 0.1),), "x", "its middle and its edge"),
        (Shape.OUTLINE, ((0.1, 0.1), (0.2, 0.2)), "x", "3 to 300 corners"),
        (Shape.POINT, ((0.1, 1.1),), "x", "0 to 100 percent"),
        (Shape.POINT, ((0.1, float("nan")),), "x", "0 to 100 percent"),
        (Shape.POINT, ((0.1, 0.1),), "", "write what you see"),
        (Shape.POINT, ((0.1, 0.1),), "x" * 501, "too long"),
    ],
)
def test_what_cannot_be_drawn_says_the_remedy(
    shape: Shape, places: tuple[tuple[float, float], ...], note: str, remedy: str
) -> None:
    with pytest.raises(ValueError, match=remedy):
        Drawing(shape, places, note)


def test_a_drawing_stays_on_the_same_skin_when_the_pictures_are_turned(
    db: Database, cast: Cast, drawn: Annotation
) -> None:
    def measured(*, is_turned: bool) -> None:
        (seen,) = readings.of_treatment(db, cast.treatment.id)
        basis = Basis(drawn.photo_id, frozenset(AREAS), None, is_turned)
        with writing(db):
            readings.insert(db, seen, basis)

    def shown() -> list[Drawing]:
        told = annotations.get(db, drawn.id)
        assert told is not None
        return [version.drawing for version in told.versions]

    measured(is_turned=True)
    assert shown()[0].places == ((0.75, 0.5),)
    assert revise(db, cast, drawn, RING) == Revised()
    assert shown()[1] == RING
    measured(is_turned=False)
    assert shown()[0] == SPOT
    assert shown()[1].places == ((0.75, 0.5), (0.7, 0.5))
