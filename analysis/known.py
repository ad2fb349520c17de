"""What has been computed of photos, each thing once, and kept from one process to the next."""

import hashlib
import logging
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.card.comparison import CardSight, see_card
from analysis.errors import Unmeasurable
from analysis.face.crop import FaceCrop, crop_to_face, thumbnail
from analysis.face.faces import Face, FindFace, find_face
from analysis.face.features import Features
from analysis.face.grid import PhotoView, locate, view_on_grid
from analysis.face.opening import open_again, open_photo
from analysis.face.regions import SkinMap, map_skin
from analysis.face.registration import Registration, features_of, register
from analysis.facts import Damaged, Facts, pack, read_head, unpack
from analysis.images import Mask, SrgbImage, UnopenedImage
from analysis.light.references import see_frame
from analysis.light.viewings import Floats

_EVERY: Final = 4  # rows: what the digest of a photo that came from no file reads of it

log = logging.getLogger(__name__)


class KnownPhotos:
    """A finder that looks at every photo once, and keeps what else was computed of it.

    `tell_as_baseline`, `tell` and `hand_on` give what is known of a photo as bytes, and `recall`
    takes them again, in another process or on another day. They count only for the very same file,
    as the same version of the analysis and of OpenCV saw it, and are otherwise computed again. A
    finder of the operator's own may change without a sign, so with it nothing is kept or recalled.
    """

    def __init__(self, find: FindFace) -> None:
        self._find = find
        self._faces: dict[SrgbImage, Face | Unmeasurable] = {}
        self._views: dict[SrgbImage, PhotoView] = {}
        self._features: dict[SrgbImage, Features] = {}
        self._skin: dict[SrgbImage, Mask] = {}
        self._laid: dict[tuple[SrgbImage, SrgbImage], Registration] = {}
        self._cards: dict[SrgbImage, CardSight] = {}
        self._frames: dict[SrgbImage, Floats | None] = {}
        self._crops: dict[tuple[SrgbImage, SrgbImage], FaceCrop] = {}
        self._recalled: dict[str, Facts] = {}
        self._digests: dict[SrgbImage, str] = {}

    def open(self, data: bytes, *, is_whole: bool = False) -> SrgbImage:
        """`open_photo` of a file; one that is known is decoded only if its pixels are needed."""
        digest = hashlib.sha256(data).hexdigest()
        facts = self._recalled.get(digest)
        if facts is None:
            photo = open_photo(data, self, is_whole=is_whole)
        else:
            scale = facts.scale
            photo = UnopenedImage(facts.size, scale, lambda: open_again(data, scale))
        self._digests[photo] = digest
        return photo

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

    def view(self, photo: SrgbImage) -> PhotoView:
        """`view_on_grid` of a photo, the way round that it is."""
        if photo not in self._views:
            facts = self._facts(photo)
            known = facts.view if facts and facts.laid is None else None
            self._views[photo] = known or view_on_grid(photo, self(photo))
        return self._views[photo]

    def register(
        self, photo: SrgbImage, baseline: SrgbImage, *, may_be_mirrored: bool = True
    ) -> Registration:
        """`register` a photo onto the view of the baseline, by what is known."""
        if (photo, baseline) not in self._laid:
            facts = self._facts(photo)
            is_known = facts is not None and facts.against == self._digest(baseline)
            laid = facts.laid if facts and is_known else None
            matches = facts.matches if facts and is_known else None
            self._laid[photo, baseline] = laid or register(
                photo,
                self(photo),
                onto=self.view(baseline),
                view=None if matches and matches.mirrored else self.view(photo),
                known=matches or self._features_of(baseline),
                may_be_mirrored=may_be_mirrored,
            )
        return self._laid[photo, baseline]

    def card(self, photo: SrgbImage) -> CardSight:
        """`see_card` of a photo; one in which none was found is not searched again."""
        if photo not in self._cards:
            facts = self._facts(photo)
            none = facts.no_card if facts else None
            self._cards[photo] = CardSight(None, None, none) if none else see_card(photo)
        return self._cards[photo]

    def skin(self, baseline: SrgbImage) -> SkinMap:
        """`map_skin` of a baseline's view on which nothing was drawn or hidden."""
        facts = self._facts(baseline)
        counted = facts.counted if facts else None
        skin = map_skin(self.view(baseline), counted=self._skin.get(baseline, counted))
        self._skin[baseline] = skin.counted
        return skin

    def frame(self, photo: SrgbImage) -> Floats | None:
        """`see_frame` of a photo."""
        if photo not in self._frames:
            facts = self._facts(photo)
            is_seen = facts is not None and facts.is_frame_seen
            self._frames[photo] = (
                facts.frame if facts and is_seen else see_frame(photo, self(photo))
            )
        return self._frames[photo]

    def crop(
        self, photo: SrgbImage, baseline: SrgbImage, positions: NDArray[np.float32]
    ) -> FaceCrop:
        """`crop_to_face` of a photo, which may be the baseline, at its `positions` on the grid."""
        if (photo, baseline) not in self._crops:
            facts = self._facts(photo)
            cut_for = "" if photo is baseline else self._digest(baseline)
            known = facts.crop if facts and facts.against == cut_for else None
            self._crops[photo, baseline] = known or crop_to_face(photo, positions)
        return self._crops[photo, baseline]

    def thumbnail(self, photo: SrgbImage) -> SrgbImage:
        """`thumbnail` of a photo."""
        facts = self._facts(photo)
        return facts.thumbnail if facts and facts.thumbnail else thumbnail(photo)

    def recall(self, told: bytes, version: str, *, of: str) -> None:
        """Take what was told of the photo with the digest `of`, with whose file it lies.

        What is damaged, of another version or of another photo is left.
        """
        if self._find is not find_face:
            return
        try:
            head = read_head(told)
            if (head.get("made_by"), head.get("photo")) == (_made_by(version), of):
                facts = unpack(head, told)
                known = self._recalled.get(of)
                if known is None or known.view is None:  # what was handed on holds all the rest
                    self._recalled[of] = facts
        except Damaged as error:
            log.warning("what was known of a photo is damaged: %s", type(error).__name__)

    def tell_as_baseline(self, photo: SrgbImage, version: str) -> bytes:
        """All that comparisons with a photo need to know of it alone, its view with them.

        Empty if it was recalled, or could not be.
        """
        facts = self._facts(photo)
        if self._find is not find_face or (facts and facts.features and facts.counted):
            return b""
        self.card(photo)
        self.skin(photo)
        told = replace(
            self._told(photo),
            features=self._features_of(photo),
            counted=self._skin[photo],
            view=self.view(photo),
            crop=self.crop(photo, photo, locate(self.view(photo))),
        )
        return pack(self._head(photo, version), told)

    def tell(
        self,
        photo: SrgbImage,
        version: str,
        *,
        against: SrgbImage | None = None,
    ) -> bytes:
        """What is small and known of a photo in which a face was found: matches, but no picture.

        Empty if it could not be recalled.
        """
        if self._find is not find_face:
            return b""
        laid = self._laid.get((photo, against)) if against is not None else None
        facts = self._told(photo)
        if laid and against is not None:
            facts = replace(facts, matches=laid.matches, against=self._digest(against))
        return pack(self._head(photo, version), facts)

    def hand_on(self, photo: SrgbImage, version: str, *, against: SrgbImage) -> bytes:
        """All that measuring a photo needs, so that it need not be opened again.

        Empty if it was not laid onto the photo from before.
        """
        laid = self._laid.get((photo, against))
        if self._find is not find_face or laid is None:
            return b""
        facts = replace(
            self._told(photo),
            matches=laid.matches,
            against=self._digest(against),
            view=laid.view,
            laid=laid,
            crop=crop_to_face(photo, locate(laid.view, laid.source)),
            thumbnail=thumbnail(photo),
        )
        return pack(self._head(photo, version), facts)

    def _told(self, photo: SrgbImage) -> Facts:
        sight = self._cards.get(photo)
        return Facts(
            face=self(photo),
            size=photo.size,
            scale=photo.scale,
            no_card=sight.trouble if sight and sight.to_photo is None else None,
            frame=self.frame(photo),
            is_frame_seen=True,
        )

    def _head(self, photo: SrgbImage, version: str) -> dict[str, object]:
        return {"made_by": _made_by(version), "photo": self._digest(photo)}

    def _features_of(self, photo: SrgbImage) -> Features:
        if photo not in self._features:
            facts = self._facts(photo)
            known = facts.features if facts else None
            self._features[photo] = known or features_of(self.view(photo))
        return self._features[photo]

    def _facts(self, photo: SrgbImage) -> Facts | None:
        return self._recalled.get(self._digest(photo)) if self._recalled else None

    def _digest(self, photo: SrgbImage) -> str:
        """Of its file or, where it came from none or was changed since, of its pixels."""
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
