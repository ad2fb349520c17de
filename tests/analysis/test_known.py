"""What was computed of a photo once is used again, and changes no verdict and no reading."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from io import BytesIO

import cv2
import numpy as np
import pytest

from analysis import known as room
from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import Face, find_face
from analysis.face.regions import Region
from analysis.images import SrgbImage, mirror_photo, to_bytes
from analysis.known import KnownPhotos
from analysis.pipeline import RegionAnalysis, analyse_photo
from analysis.quality import judge_photo
from tests.analysis.retouching import portrait

NOW, EARLIER = "of today", "of yesterday"


@cache
def baseline() -> SrgbImage:
    return SrgbImage(to_bytes(portrait().pixels))


@cache
def today() -> SrgbImage:
    height, width = baseline().samples.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 2.0, 0.97)
    moved = cv2.warpAffine(baseline().codes, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return SrgbImage(
        np.clip(moved.astype(np.float32) * (1.03, 0.99, 0.98), 0, 255).astype(np.uint8)
    )


@cache
def told() -> tuple[bytes, bytes]:
    """What gate and measuring tell of both photos, the baseline's first."""
    known = KnownPhotos(find_face)
    judge_photo(today(), baseline(), known)
    of_today = known.tell(today(), NOW, against=baseline())
    return known.tell_as_baseline(baseline(), NOW), of_today


def recalled(*all_told: bytes, version: str = NOW) -> KnownPhotos:
    known = KnownPhotos(find_face)
    for each in all_told:
        known.recall(each, version)
    return known


def readings(photo: SrgbImage, before: SrgbImage, known: KnownPhotos) -> object:
    found = analyse_photo(photo, before, find=known)
    regions: Mapping[Region, RegionAnalysis] = found.regions
    return dict(regions), found.residual, found.mirrored, found.warnings, found.asymmetry


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each search for a face, for features and for skin is noted."""
    done: list[str] = []

    def noted(module: object, name: str) -> None:
        step: Callable[..., object] = getattr(module, name)

        def note(*given: object, **named: object) -> object:
            if named.get("counted") is None:
                done.append(name)
            return step(*given, **named)

        monkeypatch.setattr(module, name, note)

    noted(room, "features_of")
    noted(room, "map_skin")
    return done


def test_what_was_told_changes_no_verdict_and_no_reading(steps: list[str]) -> None:
    plain = judge_photo(today(), baseline()), readings(today(), baseline(), recalled())
    assert steps == ["features_of", "map_skin"] * 2
    before, of_today = told()
    steps.clear()
    known = recalled(before, of_today)
    assert (
        judge_photo(today(), baseline(), recalled(before)),
        readings(today(), baseline(), known),
    ) == plain
    assert steps == []
    assert known.tell_as_baseline(baseline(), NOW) == b""


def test_a_mirror_image_is_laid_on_as_before() -> None:
    turned = mirror_photo(today())
    known = KnownPhotos(find_face)
    plain = readings(turned, baseline(), known)
    again = recalled(known.tell(turned, NOW, against=baseline()))
    assert readings(turned, baseline(), again) == plain


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-40],
        lambda data: data[: len(data) // 2] + b"?" + data[len(data) // 2 + 1 :],
        lambda _: b"not at all",
        lambda _: b"",
    ],
)
def test_what_is_damaged_is_computed_again(
    spoil: Callable[[bytes], bytes], steps: list[str]
) -> None:
    plain = judge_photo(today(), baseline())
    steps.clear()
    damaged = recalled(spoil(told()[0]))
    assert judge_photo(today(), baseline(), damaged) == plain
    assert "features_of" in steps


def test_what_an_older_version_told_is_computed_again(steps: list[str]) -> None:
    before, of_today = told()
    steps.clear()
    old = recalled(before, of_today, version=EARLIER)
    judge_photo(today(), baseline(), old)
    assert steps == ["features_of", "map_skin"]
    assert old.tell_as_baseline(baseline(), EARLIER) != b""


def test_what_was_told_of_other_pixels_does_not_count(steps: list[str]) -> None:
    before, _ = told()
    steps.clear()
    brighter = replace(baseline(), samples=np.maximum(baseline().codes, 1))
    judge_photo(today(), brighter, recalled(before))
    assert steps == ["features_of", "map_skin"]


def test_nothing_is_recalled_for_a_finder_of_the_operators_own() -> None:
    def own(photo: SrgbImage) -> Face:
        looked.append(photo)
        return find_face(photo)

    looked: list[SrgbImage] = []
    known = KnownPhotos(own)
    known.recall(told()[0], NOW)
    assert known(baseline()) == find_face(baseline())
    assert looked == [baseline()]
    assert known.tell(baseline(), NOW) == b""


def test_it_is_small_and_holds_no_picture_of_the_face() -> None:
    before, of_today = told()
    assert len(before) < 150_000
    assert len(of_today) < 20_000
    with np.load(BytesIO(before), allow_pickle=False) as arrays:
        assert set(arrays) == {"head", "points", "angles", "sizes", "descriptors", "counted"}
        assert arrays["descriptors"].nbytes < 150_000


def test_each_picture_is_searched_once_and_its_verdict_kept() -> None:
    looked: list[SrgbImage] = []

    def once(photo: SrgbImage) -> Face:
        looked.append(photo)
        raise Unmeasurable(Fault.SEVERAL_FACES)

    find, photos = KnownPhotos(once), [baseline(), today()]
    for photo in (*photos, *photos):
        with pytest.raises(Unmeasurable) as caught:
            find(photo)
        assert caught.value.fault is Fault.SEVERAL_FACES
    assert looked == photos
