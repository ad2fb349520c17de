"""What has been computed of photos, each thing once, and kept from one process to the next."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.card.comparison import CardSight, see_card
from analysis.card.locator import CardTrouble
from analysis.errors import Unmeasurable
from analysis.face.faces import Face, FindFace, find_face
from analysis.face.features import Features, Matches
from analysis.face.regions import SkinMap, map_skin
from analysis.face.registration import (
    GRID_SIZE,
    PhotoView,
    Registration,
    features_of,
    register,
    view_on_grid,
)
from analysis.images import Mask, SrgbImage

_EVERY: Final = 4  # rows: what the digest of a photo reads of it
_WRONG: Final = (ValueError, KeyError, TypeError, OSError, EOFError, IndexError, BadZipFile)

log = logging.getLogger(__name__)
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class _Facts:
    """What is known of one photo; `matches` are with the photo of the digest `against`.

    `no_card` says why no card was found; None where one was, or none was looked for.
    """

    face: Face
    no_card: CardTrouble | None = None
    features: Features | None = None
    counted: Mask | None = None
    matches: Matches | None = None
    against: str = ""


class KnownPhotos:
    """A finder that looks at every photo once, and keeps what else was computed of it.

    `tell` gives what is known of a photo as bytes, and `recall` takes them again, in another
    process or on another day. They count only for the very same pixels, as the same version of the
    analysis and of OpenCV saw them, and are otherwise computed again. A finder of the operator's
    own may change without a sign, so with it nothing is told or recalled.
    """

    def __init__(self, find: FindFace) -> None:
        self._find = find
        self._faces: dict[SrgbImage, Face | Unmeasurable] = {}
        self._features: dict[SrgbImage, Features] = {}
        self._skin: dict[SrgbImage, Mask] = {}
        self._matches: dict[tuple[SrgbImage, SrgbImage], Matches] = {}
        self._cards: dict[SrgbImage, CardSight] = {}
        self._recalled: dict[str, _Facts] = {}
        self._digests: dict[SrgbImage, str] = {}

    def __call__(self, photo: SrgbImage) -> Face:
        """The one face in the photo; raises `Unmeasurable` as the finder does."""
        if photo not in self._faces:
            try:
                facts = self._facts(photo)
                self._faces[photo] = facts.face if facts else self._find(photo)
            except Unmeasurable as verdict:
                self._faces[photo] = verdict
        found = self._faces[photo]
        if isinstance(found, Unmeasurable):
            raise found
        return found

    def tell_as_baseline(self, photo: SrgbImage, version: str) -> bytes:
        """All that comparisons with a photo need to know of it alone.

        Empty if it was recalled, or could not be.
        """
        facts = self._facts(photo)
        is_told = facts is not None and facts.features is not None and facts.counted is not None
        if is_told or self._find is not find_face:
            return b""
        view = view_on_grid(photo, self(photo))
        self._features_of(photo, view)
        self.skin(photo, view)
        self.card(photo)
        return self.tell(photo, version)

    def register(
        self,
        photo: SrgbImage,
        baseline: SrgbImage,
        onto: PhotoView,
        view: PhotoView | None = None,
        *,
        may_be_mirrored: bool = True,
    ) -> Registration:
        """Register a photo onto the view of the baseline, as `register` does, by what is known."""
        facts = self._facts(photo)
        matches = facts.matches if facts and facts.against == self._digest(baseline) else None
        features = None if matches else self._features_of(baseline, onto)
        found = register(
            photo,
            self(photo),
            onto=onto,
            view=view,
            known=matches or features,
            may_be_mirrored=may_be_mirrored,
        )
        self._matches[photo, baseline] = found.matches
        return found

    def card(self, photo: SrgbImage) -> CardSight:
        """`see_card` of a photo; one in which none was found is not searched again."""
        if photo not in self._cards:
            facts = self._facts(photo)
            none = facts.no_card if facts else None
            self._cards[photo] = CardSight(None, None, none) if none else see_card(photo)
        return self._cards[photo]

    def skin(self, baseline: SrgbImage, view: PhotoView) -> SkinMap:
        """`map_skin` of a baseline's view on which nothing was drawn or hidden."""
        facts = self._facts(baseline)
        counted = facts.counted if facts else None
        skin = map_skin(view, counted=self._skin.get(baseline, counted))
        self._skin[baseline] = skin.counted
        return skin

    def recall(self, told: bytes, version: str) -> None:
        """Take what was told of a photo; what is damaged or of another version is left."""
        if self._find is not find_face:
            return
        try:
            with np.load(BytesIO(told), allow_pickle=False) as arrays:
                head = json.loads(bytes(arrays["head"]))
                if head["made_by"] == _made_by(version):
                    self._recalled[head["photo"]] = _read(head, arrays)
        except _WRONG as error:
            log.warning("what was known of a photo is damaged: %s", type(error).__name__)

    def tell(self, photo: SrgbImage, version: str, *, against: SrgbImage | None = None) -> bytes:
        """What is known of a photo in which a face was found, and of its matches with another.

        Empty if it could not be recalled.
        """
        if self._find is not find_face:
            return b""
        head: dict[str, object] = {
            "made_by": _made_by(version),
            "photo": self._digest(photo),
            "eyes": self(photo).eyes,
            "eyes_seen": self(photo).eyes_seen,
        }
        if photo in self._cards and self._cards[photo].to_photo is None:
            head["no_card"] = self._cards[photo].trouble
        arrays: dict[str, NDArray[Any]] = {}
        if photo in self._features:
            arrays |= _packed(self._features[photo])
        if photo in self._skin:
            arrays["counted"] = np.packbits(self._skin[photo].pixels)
        if against is not None and (matches := self._matches.get((photo, against))):
            head |= {"against": self._digest(against), "mirrored": matches.mirrored}
            arrays |= {"ours": matches.ours, "theirs": matches.theirs}
        arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
        file = BytesIO()
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:  # what `np.load` reads
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
        return file.getvalue()

    def _features_of(self, photo: SrgbImage, view: PhotoView) -> Features:
        if photo not in self._features:
            facts = self._facts(photo)
            known = facts.features if facts else None
            self._features[photo] = known or features_of(view)
        return self._features[photo]

    def _facts(self, photo: SrgbImage) -> _Facts | None:
        return self._recalled.get(self._digest(photo)) if self._recalled else None

    def _digest(self, photo: SrgbImage) -> str:
        if photo not in self._digests:
            rows = np.ascontiguousarray(photo.samples[::_EVERY])
            shape = str((photo.samples.shape, photo.samples.dtype)).encode()
            self._digests[photo] = hashlib.blake2b(rows.data, key=shape[:64]).hexdigest()
        return self._digests[photo]


def remembering(find: FindFace) -> KnownPhotos:
    """A finder that keeps what is computed; one that does already is taken as it is."""
    return find if isinstance(find, KnownPhotos) else KnownPhotos(find)


def _made_by(version: str) -> list[str]:
    return [version, cv2.__version__, np.__version__]


def _packed(features: Features) -> dict[str, NDArray[Any]]:
    """Features with descriptors in 8 bits: SIFT gives whole numbers from 0 to 255."""
    return {
        "points": features.points,
        "angles": features.angles,
        "sizes": features.sizes,
        "descriptors": features.descriptors.astype(np.uint8),
    }


def _read(head: Mapping[str, Any], arrays: Arrays) -> _Facts:
    """What was told; raises one of `_WRONG` where it cannot be read."""
    (left_x, left_y), (right_x, right_y) = head["eyes"]
    face = Face(
        ((float(left_x), float(left_y)), (float(right_x), float(right_y))), int(head["eyes_seen"])
    )
    features = counted = matches = None
    if "points" in arrays:
        names = ("points", "angles", "sizes", "descriptors")
        features = Features(*(arrays[name].astype(np.float32) for name in names))
    if "counted" in arrays:
        width, height = GRID_SIZE
        pixels = np.unpackbits(arrays["counted"], count=width * height).reshape(height, width)
        counted = Mask(pixels.astype(np.bool_))
    if "ours" in arrays:
        ours, theirs = (arrays[name].astype(np.float32) for name in ("ours", "theirs"))
        matches = Matches(ours, theirs, mirrored=bool(head["mirrored"]))
    no_card = CardTrouble(head["no_card"]) if "no_card" in head else None
    return _Facts(face, no_card, features, counted, matches, str(head.get("against", "")))
