"""What is known of one photo as bytes: a head in JSON, then plain arrays of fixed kinds.

Such bytes may come from a process that opened a stranger's file. So reading them calls no decoder,
takes no more memory than the bytes do, and believes no shape, no kind and no value unseen.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.transform import AffineTransform

from analysis.card.locator import CardTrouble
from analysis.face.crop import FaceCrop, picture_size, thumbnail_pixels
from analysis.face.faces import Face
from analysis.face.features import MOST_FEATURES, Features, Matches
from analysis.face.grid import GRID_SIZE, PhotoView, in_half_precision, in_single_precision
from analysis.face.registration import Motion, Registration, source_of
from analysis.images import WORKING_EDGE, Mask, SrgbImage
from analysis.light.references import FRAME_LEVELS
from analysis.light.viewings import Floats

MOST_BYTES: Final = 9_000_000
"""A file of what is known is smaller: the view takes 3.3 MB, the crop 2.1, both flows 0.6."""

_WIDTH, _HEIGHT = GRID_SIZE
_ANY: Final = -1  # an edge of an array that may have any length
_COARSE: Final = (_HEIGHT // 4, _WIDTH // 4, 2)
_KINDS: Final[Mapping[str, tuple[str, tuple[int, ...]]]] = {
    "points": ("<f4", (_ANY, 2)),
    "angles": ("<f4", (_ANY,)),
    "sizes": ("<f4", (_ANY,)),
    "descriptors": ("|u1", (_ANY, 128)),
    "ours": ("<f4", (_ANY, 2)),
    "theirs": ("<f4", (_ANY, 2)),
    "counted": ("|u1", (_HEIGHT * _WIDTH // 8,)),
    "light": ("<f2", (_HEIGHT, _WIDTH, 3)),
    "covered": ("|u1", (_HEIGHT * _WIDTH // 8,)),
    "stiff": ("<f4", _COARSE),
    "supple": ("<f4", _COARSE),
    "crop": ("|u1", (*picture_size()[::-1], 3)),
    "crop_covered": ("|u1", (picture_size()[0] * picture_size()[1] // 8,)),
    "thumbnail": ("|u1", (_ANY, _ANY, 3)),
}
_HEAD_BYTES: Final = 4  # that tell how long the head is
_LONGEST_HEAD: Final = 20_000
_FARTHEST: Final = 2 * WORKING_EDGE  # pixels, of any place

Arrays = Mapping[str, NDArray[Any]]


class Damaged(ValueError):  # noqa: N818  (a state of the bytes)
    """These bytes do not tell what is known of a photo."""


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What is known of one photo of `size`, opened at `scale`.

    `no_card` says why no card was found; None where one was, or none was looked for. `matches` and
    `laid` are with the photo of the digest `against`; then `view` is that of `laid`, and `crop` is
    cut as that photo shows the face. `frame` is what `see_frame` saw; `is_frame_seen` tells whether
    it was asked.
    """

    face: Face
    size: tuple[int, int]
    scale: float
    no_card: CardTrouble | None = None
    features: Features | None = None
    counted: Mask | None = None
    matches: Matches | None = None
    against: str = ""
    view: PhotoView | None = None
    laid: Registration | None = None
    frame: Floats | None = None
    is_frame_seen: bool = False
    crop: FaceCrop | None = None
    thumbnail: SrgbImage | None = None


def pack(head: Mapping[str, object], facts: Facts) -> bytes:
    """The bytes of these facts; `head` says which photo they are of, and who computed them."""
    arrays: dict[str, NDArray[Any]] = {}
    told: dict[str, object] = {
        "eyes": facts.face.eyes,
        "eyes_seen": facts.face.eyes_seen,
        "size": facts.size,
        "scale": facts.scale,
        "no_card": facts.no_card,
        "frame": None if facts.frame is None else facts.frame.tolist(),
        "is_frame_seen": facts.is_frame_seen,
    }
    if facts.features:  # SIFT gives whole numbers from 0 to 255
        arrays |= {name: getattr(facts.features, name) for name in ("points", "angles", "sizes")}
        arrays["descriptors"] = facts.features.descriptors.astype(np.uint8)
    if facts.counted:
        arrays["counted"] = np.packbits(facts.counted.pixels)
    if facts.matches:
        told |= {"against": facts.against, "mirrored": facts.matches.mirrored}
        arrays |= {"ours": facts.matches.ours, "theirs": facts.matches.theirs}
    if facts.view:
        told["to_photo"] = facts.view.to_photo.params[:2].tolist()
        arrays["light"] = in_half_precision(facts.view.light)
        arrays["covered"] = np.packbits(facts.view.covered.pixels)
    if facts.laid:
        names = ("residual", "inliers", "likeness", "turn")
        told["laid"] = {name: getattr(facts.laid, name) for name in names}
        told["affine"] = facts.laid.motion.affine.tolist()
        arrays |= {"stiff": facts.laid.motion.stiff, "supple": facts.laid.motion.supple}
    if facts.crop:
        arrays["crop"] = facts.crop.image.codes
        arrays["crop_covered"] = np.packbits(facts.crop.covered)
    if facts.thumbnail:
        arrays["thumbnail"] = facts.thumbnail.codes
    shapes = {name: array.shape for name, array in arrays.items()}
    text = json.dumps({**head, **told, "arrays": shapes}).encode()
    raw = [np.ascontiguousarray(array, _KINDS[name][0]).tobytes() for name, array in arrays.items()]
    return b"".join([len(text).to_bytes(_HEAD_BYTES), text, *raw])


def read_head(told: bytes) -> Mapping[str, Any]:
    """The head of packed facts. Raises Damaged."""
    length = int.from_bytes(told[:_HEAD_BYTES])
    if len(told) > MOST_BYTES or length > _LONGEST_HEAD:
        raise Damaged("too long")
    try:
        head = json.loads(told[_HEAD_BYTES : _HEAD_BYTES + length])
    except (ValueError, RecursionError) as error:
        raise Damaged("no head") from error
    if not isinstance(head, dict):
        raise Damaged("no head")
    return head


def unpack(head: Mapping[str, Any], told: bytes) -> Facts:
    """The facts behind a `head` that was read. Raises Damaged."""
    try:
        return _facts(head, _arrays(head, told))
    except (
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        OverflowError,
        AttributeError,
        cv2.error,
    ) as error:
        raise Damaged(f"{type(error).__name__}: {error}") from error


def _arrays(head: Mapping[str, Any], told: bytes) -> Arrays:
    """The arrays in the same memory; each of the kind and size that its name has."""
    found: dict[str, NDArray[Any]] = {}
    at = _HEAD_BYTES + int.from_bytes(told[:_HEAD_BYTES])
    for name, claimed in head["arrays"].items():
        kind, shape = _KINDS[name]
        given = tuple(int(edge) for edge in claimed)
        if len(given) != len(shape) or min(given) < 0:
            raise Damaged(f"{name} of shape {given}")
        if any(own not in {edge, _ANY} for edge, own in zip(given, shape, strict=True)):
            raise Damaged(f"{name} of shape {given}")
        size = np.dtype(kind).itemsize
        for edge in given:
            size *= edge
        if size > len(told) - at:
            raise Damaged(f"{name} is cut off")
        found[name] = np.frombuffer(told[at : at + size], kind).reshape(given)
        at += size
    if at != len(told):
        raise Damaged("more than it says")
    return found


def _facts(head: Mapping[str, Any], arrays: Arrays) -> Facts:
    width, height = (int(edge) for edge in head["size"])
    scale = float(head["scale"])
    (left_x, left_y), (right_x, right_y) = head["eyes"]
    eyes = ((_place(left_x), _place(left_y)), (_place(right_x), _place(right_y)))
    if not (0 < width <= _FARTHEST and 0 < height <= _FARTHEST and 0 < scale <= 1):
        raise Damaged(f"{width} x {height} pixels, {scale}")
    frame = None if head["frame"] is None else _finite(np.array(head["frame"], np.float64))
    if frame is not None and frame.shape != (len(FRAME_LEVELS), 3):
        raise Damaged("levels of the frame")
    matches = _matches(head, arrays)
    view = _view(head, arrays) if "light" in arrays else None
    laid = _laid(head, arrays, view, matches) if view and matches and "laid" in head else None
    small = arrays.get("thumbnail")
    if small is not None and small.shape[1] * small.shape[0] > thumbnail_pixels((width, height)):
        raise Damaged("thumbnail")
    crop = arrays.get("crop")
    return Facts(
        face=Face(eyes, int(head["eyes_seen"])),
        size=(width, height),
        scale=scale,
        no_card=CardTrouble(head["no_card"]) if head["no_card"] else None,
        features=_features(arrays) if "points" in arrays else None,
        counted=_mask(arrays["counted"]) if "counted" in arrays else None,
        matches=matches,
        against=str(head["against"]) if matches else "",
        view=view,
        laid=laid,
        frame=frame,
        is_frame_seen=bool(head["is_frame_seen"]),
        crop=None if crop is None else FaceCrop(SrgbImage(crop), _shown(arrays["crop_covered"])),
        thumbnail=None if small is None else SrgbImage(small),
    )


def _features(arrays: Arrays) -> Features:
    names = ("points", "angles", "sizes", "descriptors")
    of_kind = [_finite(arrays[name].astype(np.float32)) for name in names]
    if len({len(each) for each in of_kind}) != 1 or len(of_kind[0]) > MOST_FEATURES:
        raise Damaged("features")
    return Features(*of_kind)


def _matches(head: Mapping[str, Any], arrays: Arrays) -> Matches | None:
    if "ours" not in arrays:
        return None
    ours, theirs = (_places(arrays[name]) for name in ("ours", "theirs"))
    if len(ours) != len(theirs) or len(ours) > MOST_FEATURES:
        raise Damaged("matches")
    return Matches(ours, theirs, mirrored=bool(head["mirrored"]))


def _view(head: Mapping[str, Any], arrays: Arrays) -> PhotoView:
    light = in_single_precision(arrays["light"])
    if not cv2.checkRange(light.pixels, minVal=0, maxVal=2)[0]:
        raise Damaged("light that no photo has")
    return PhotoView(light, _mask(arrays["covered"]), AffineTransform(_affine(head["to_photo"])))


def _laid(
    head: Mapping[str, Any], arrays: Arrays, view: PhotoView, matches: Matches
) -> Registration:
    """A registration that needs no flow."""
    motion = Motion(
        _affine(head["affine"])[:2], _places(arrays["stiff"]), _places(arrays["supple"])
    )
    numbers = head["laid"]
    return Registration(
        view=view,
        source=source_of(motion),
        residual=_place(numbers["residual"]),
        inliers=int(numbers["inliers"]),
        likeness=_place(numbers["likeness"]),
        turn=_place(numbers["turn"]),
        matches=matches,
        motion=motion,
    )


def _affine(rows: Any) -> Floats:
    """An affine (3, 3) that can be inverted, from its first two rows."""
    affine = np.eye(3)
    affine[:2] = np.array(rows, np.float64).reshape(2, 3)
    if not abs(np.linalg.det(_finite(affine))) > 1e-6:
        raise Damaged("an affine that folds the plane")
    return affine


def _place(value: Any) -> float:
    """A number of a size that occurs."""
    number = float(value)
    if not isfinite(number) or abs(number) > _FARTHEST:
        raise Damaged(f"{number}")
    return number


def _places(values: NDArray[Any]) -> NDArray[np.float32]:
    """Places or ways on the grid, in pixels."""
    if values.size and not cv2.checkRange(values, minVal=-_FARTHEST, maxVal=_FARTHEST)[0]:
        raise Damaged("a place far off")
    return values.astype(np.float32)


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    if not np.isfinite(values).all():
        raise Damaged("not finite")
    return values


def _mask(bits: NDArray[np.uint8]) -> Mask:
    return Mask(np.unpackbits(bits).reshape(_HEIGHT, _WIDTH).view(np.bool_))


def _shown(bits: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.unpackbits(bits).reshape(picture_size()[::-1]).view(np.bool_)
