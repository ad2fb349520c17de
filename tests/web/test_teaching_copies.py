"""A copy for teaching is made only of photos that the patient allows, and leaves a trace."""

import numpy as np
import pytest
from sqlite_utils import Database

from analysis.images import decode_photo, encode_photo
from analysis.masking import BAR
from tests.analysis.retouching import portrait
from tests.conftest import Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.course.photos import PhotoStatus, View
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.own_data import consents, looks
from tracker.wires.photo_files import Picture

BUTTON = "Copy for teaching, eyes covered"


@pytest.fixture
def path(records: Records, cast: Cast) -> str:
    """Where copies of a real photo of Alice are asked for."""
    photo = records.measured(1)
    records.world.files.save(photo.id, Picture.PHOTO, encode_photo(portrait()))
    return f"/patients/{cast.alice.id}/photos/{photo.id}/teaching-copy"


def decide(db: Database, cast: Cast, clock: Clock, purpose: Purpose, decision: Decision) -> None:
    with writing(db):
        consents.insert(db, cast.alice.id, Consent(purpose, decision, clock.now))


def test_a_copy_is_made_while_the_patient_allows_it_and_is_on_record(
    path: str, dana: Browser, db: Database, cast: Cast, clock: Clock
) -> None:
    compare = f"/patients/{cast.alice.id}/compare"
    assert BUTTON not in dana.read(compare)
    assert dana.send(path, {}).status_code == 409
    decide(db, cast, clock, Purpose.TEACHING, Decision.GIVEN)
    assert BUTTON in dana.read(compare)
    copy = dana.send(path, {})
    assert (copy.status_code, copy.mimetype) == (200, "image/jpeg")
    masked, plain = decode_photo(copy.data), portrait()
    assert masked.size == plain.size
    assert np.abs(masked.codes[401, 810].astype(int) - BAR).max() < 8  # a pupil
    assert b"Exif" not in copy.data
    (entry,) = audit_log.search(db, Search(act=Act.DATA_EXPORTED))
    assert entry.by == cast.dana.id
    assert "eyes covered; allowed since 2026-03-05" in entry.details
    assert [look.name for look in looks.of_patient(db, cast.alice.id)] == ["Dr Dana"]
    for purpose in (Purpose.CARE, Purpose.TEACHING):
        decide(db, cast, clock, purpose, Decision.WITHDRAWN)
        refused = dana.send(path, {})
        assert (refused.status_code, "does not allow" in refused.text) == (409, True)
        if purpose is Purpose.CARE:
            decide(db, cast, clock, purpose, Decision.GIVEN)
    assert len(list(audit_log.search(db, Search(act=Act.DATA_EXPORTED)))) == 1


def test_a_photo_whose_eyes_are_not_found_gives_no_copy(
    path: str, records: Records, dana: Browser, db: Database, cast: Cast, clock: Clock
) -> None:
    decide(db, cast, clock, Purpose.TEACHING, Decision.GIVEN)
    aside = records.photo(2, status=PhotoStatus.KEPT, view=View.LEFT)
    records.world.files.save(aside.id, Picture.PHOTO, encode_photo(portrait()))
    turned = path.replace(path.split("/")[4], aside.id)
    assert dana.send(turned, {}).status_code == 409
    wall = encode_photo(type(portrait())(np.full((600, 600, 3), 128, np.uint8)))
    records.world.files.save(path.split("/")[4], Picture.PHOTO, wall)
    answer = dana.send(path, {})
    assert answer.status_code == 409
    assert "could not surely be covered" in answer.text
    assert list(audit_log.search(db, Search(act=Act.DATA_EXPORTED))) == []
