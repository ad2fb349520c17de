"""What was computed of a photo once is used again, and changes no verdict and no reading."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from analysis import VERSION, facts
from analysis import known as room
from analysis.errors import Fault, Unmeasurable
from analysis.face.crop import crop_to_face
from analysis.face.faces import Face, find_face
from analysis.face.grid import locate
from analysis.face.regions import Region
from analysis.images import SrgbImage, encode_photo, mirror_photo, to_bytes
from analysis.known import KnownPhotos
from analysis.pipeline import RegionAnalysis, analyse_photo
from analysis.quality import judge_photo
from tests.analysis.retouching import portrait
from tracker.domain.course.treatments import Region as Part
from tracker.wires.compute import Analysed, analyse_bytes, recalling

PARTS = frozenset(Part) - {Part.FACE}
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


@cache
def files() -> tuple[bytes, bytes]:
    """Today's photo and the baseline, as they are stored."""
    return encode_photo(today()), encode_photo(baseline())


@cache
def handed_on() -> bytes:
    """What the gate hands on of today's photo."""
    photo, before = files()
    known = KnownPhotos(find_face)
    image, onto = known.open(photo), known.open(before)
    judge_photo(image, onto, known)
    known.card(image)
    return known.hand_on(image, VERSION, against=onto)


def start_of(name: str, told: bytes) -> int:
    """Where an array begins in what was told."""
    at = 4 + int.from_bytes(told[:4])
    sizes = {"light": 2, "stiff": 4, "supple": 4, "ours": 4, "theirs": 4, "points": 4}
    for each, shape in facts.read_head(told)["arrays"].items():
        if each == name:
            return at
        at += int(np.prod(shape)) * sizes.get(each, 1)
    raise AssertionError(name)


def photo_of(told: bytes) -> str:
    """The digest of the photo of which it was told; empty if that cannot be read."""
    try:
        return str(facts.read_head(told)["photo"])
    except facts.Damaged:
        return ""


def recalled(*all_told: bytes, version: str = NOW) -> KnownPhotos:
    known = KnownPhotos(find_face)
    for each in all_told:
        known.recall(each, version, of=photo_of(each))
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

    noted(room, "open_photo")
    noted(room, "open_again")
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
        lambda data: data + b"?",
        lambda data: data.replace(b'"counted": [67200]', b'"counted": [67201]'),
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


def test_what_lies_with_another_photo_does_not_count(steps: list[str]) -> None:
    photo, before = files()
    of_before = KnownPhotos(find_face)
    all_told = of_before.tell_as_baseline(of_before.open(before), VERSION)
    right = recalling(find_face, [(photo, [b""]), (before, [all_told])])
    wrong = recalling(find_face, [(photo, [all_told]), (before, [b""])])
    steps.clear()
    assert right.tell_as_baseline(right.open(before), VERSION) == b""
    assert steps == []
    assert wrong.tell_as_baseline(wrong.open(before), VERSION) == all_told
    assert "features_of" in steps


def test_a_photo_is_not_set_aside_for_what_was_remembered_of_it() -> None:
    photo, before = files()
    known = KnownPhotos(find_face)
    narrower = today().part(slice(None), slice(8, None))
    known._digests[narrower] = hashlib.sha256(photo).hexdigest()
    other_size = known.tell(narrower, VERSION)
    assert isinstance(analyse_bytes(photo, before, PARTS, known=[other_size]), Analysed)


def test_nothing_is_recalled_for_a_finder_of_the_operators_own() -> None:
    def own(photo: SrgbImage) -> Face:
        looked.append(photo)
        return find_face(photo)

    looked: list[SrgbImage] = []
    known = KnownPhotos(own)
    known.recall(told()[0], NOW, of=photo_of(told()[0]))
    assert known(baseline()) == find_face(baseline())
    assert looked == [baseline()]
    assert known.tell(baseline(), NOW) == b""


def test_what_stays_of_a_later_photo_is_small_and_holds_no_picture_of_the_face() -> None:
    before, of_today = told()
    assert len(of_today) < 20_000
    assert set(facts.read_head(of_today)["arrays"]) == {"ours", "theirs"}
    assert len(before) < len(handed_on()) < facts.MOST_BYTES


def test_what_the_gate_hands_on_is_measured_without_opening_the_photo(steps: list[str]) -> None:
    photo, before = files()
    plain = analyse_bytes(photo, before, PARTS)
    assert isinstance(plain, Analysed)
    steps.clear()
    found = analyse_bytes(
        photo, before, PARTS, known=[handed_on()], known_before=[plain.known_before]
    )
    assert isinstance(found, Analysed)
    assert steps == []
    assert replace(found, known_before=plain.known_before) == plain


def test_pictures_over_a_baseline_that_was_turned_are_those_of_its_grid() -> None:
    photo, before = files()
    plain = analyse_bytes(photo, before, PARTS, is_turned=True)
    found = analyse_bytes(photo, before, PARTS, is_turned=True, known=[handed_on()])
    assert isinstance(plain, Analysed)
    assert isinstance(found, Analysed)
    assert found.pictures == plain.pictures


def test_a_crop_counts_only_on_the_grid_for_which_it_was_cut() -> None:
    photo, before = files()
    alone = KnownPhotos(find_face)
    as_baseline = alone.tell_as_baseline(alone.open(photo), VERSION)
    for told, is_own in ((handed_on(), False), (as_baseline, True)):
        known = recalled(told, version=VERSION)
        image, onto = known.open(photo), known.open(before)
        positions = locate(alone.view(image)) + np.float32(9)
        cut = crop_to_face(image, positions).image.codes
        for baseline in (onto, image, mirror_photo(onto), alone.open(photo)):
            counts = baseline is (image if is_own else onto)
            crop = known.crop(image, baseline, positions).image.codes
            assert np.array_equal(crop, cut) is not counts


def test_hostile_bytes_are_damaged_or_harmless() -> None:
    sound = handed_on()
    length = int.from_bytes(sound[:4])
    rng = np.random.default_rng(8)
    read = 0
    for _ in range(60):
        spoiled = bytearray(sound)
        for place in rng.integers(4, 4 + length, 2):
            spoiled[place] = rng.choice(list(b'0159-.e,:[]{}"n'))
        try:
            facts.unpack(facts.read_head(bytes(spoiled)), bytes(spoiled))
            read += 1
        except facts.Damaged:
            continue
    assert 0 < read < 60


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"[]",
        b"[" * 19_000,
        b'{"arrays": {"light": [960, 560, 3]}}',
        b'{"arrays": {"light": [1000000, 1000000, 3]}}',
        b'{"arrays": {"points": [-1, 2]}}',
        b'{"arrays": {"points": [1e400, 2]}}',
        b'{"arrays": {"other": [1]}}',
        b'{"arrays": 5}',
    ],
)
def test_a_head_that_promises_what_is_not_there_is_damaged(head: bytes) -> None:
    told = len(head).to_bytes(4) + head + bytes(100)
    with pytest.raises(facts.Damaged):
        facts.unpack(facts.read_head(told), told)


@pytest.mark.parametrize("name", ["light", "stiff", "supple", "ours"])
def test_values_that_no_photo_has_are_damaged(name: str) -> None:
    sound = handed_on()
    spoiled = bytearray(sound)
    spoiled[start_of(name, sound) : start_of(name, sound) + 4] = b"\xff\xff\xff\x7f"  # not a number
    with pytest.raises(facts.Damaged):
        facts.unpack(facts.read_head(bytes(spoiled)), bytes(spoiled))


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
