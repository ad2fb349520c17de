"""One photo, the whole path: from pixels to blood and melanin doublings per region."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import atan2, degrees
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.card.comparison import compare_cards
from analysis.card.light import CardLight
from analysis.card.locator import CardTrouble
from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import FindFace, find_face
from analysis.face.grid import GRID_SIZE, GridView, locate
from analysis.face.regions import (
    FACE_REGIONS,
    Region,
    SkinMap,
    map_skin,
    outlined_areas,
    parts_within,
    still_comparable,
)
from analysis.face.registration import Registration, align
from analysis.images import LinearImage, Mask, SrgbImage, to_srgb
from analysis.known import remembering
from analysis.light.chromophores import (
    SMALLEST_SHARE,
    Estimate,
    Reference,
    Shift,
    elsewhere,
    explain,
    explain_pixels,
    log_light,
    mean_shift,
    patchwise_shift,
)
from analysis.light.eye_whites import brightness_by_eyes, compare_eyes
from analysis.light.plausible_skin import SkinState, estimate_state
from analysis.light.references import (
    CardShift,
    Comparison,
    compare_days,
    compare_frames,
    see_untreated,
    untreated_skin,
)
from analysis.light.viewings import Floats
from analysis.marked_areas import MarkedAreas, MarkedSkin, find_marked
from analysis.spots import SpotMap, Spots, affected_share, count_spots, find_spots

_MAP_SCALE: Final = 0.25  # maps are solved on a coarser grid: skin reacts in patches, not pixels
_MAP_GAP: Final = (9, 9)  # pixels; smaller gaps between counted pixels are interpolated
_MAP_FILLED: Final = 0.3
_TURN_WARNS: Final = 8.0  # degrees as `Registration.turn` sees them
_SHADED_SD: Final = 0.2  # log units by which the light on one cheek may differ
_SIDES_SD: Final = 0.005  # of each log channel: light differs a little between the cheeks
_NOTHING_MARKED: Final = MarkedAreas()
_MAP_SD: Final = 0.03  # of log RGB at one pixel of that grid


@dataclass(frozen=True, slots=True)
class RegionAnalysis:
    """One region on one day.

    `redness` and `pigment` are doublings against baseline. `lab` (CIELAB, D65), `ita` (degrees),
    `erythema_index` 100·log10(R/G) and `melanin_index` −100·log10(R) describe the skin as it would
    look in the baseline's light; no rule uses them. `share` of the region's pixels counted, the
    share `affected` of them is clearly redder than before, and `spots` stand out of the skin
    around them.
    """

    redness: Estimate
    pigment: Estimate
    lab: tuple[float, float, float]
    ita: float
    erythema_index: float
    melanin_index: float
    share: float
    affected: float
    spots: Spots


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """All results of one photo, and the arrays from which its evidence is drawn.

    Arrays are on the baseline's grid (h, w): `redness_map` and `pigment_map` in doublings, NaN
    where no skin counted; `photo_positions` and `baseline_positions` (h, w, 2) give the point of
    either photo that shows each pixel of the grid. `light` (3,) is the shift of log RGB that the
    reference attributes to light and camera. `asymmetry` is the redness of the left cheek minus
    that of the right. `mirrored` says whether the photo shows the face the other way round than the
    baseline, `is_way_round_clear` whether that is beyond doubt. `card` says why a card in either
    photo was not used.
    """

    reference: Reference
    card: CardTrouble | None
    regions: Mapping[Region, RegionAnalysis]
    asymmetry: Estimate | None
    residual: float
    mirrored: bool
    is_way_round_clear: bool
    warnings: tuple[Fault, ...]
    redness_map: NDArray[np.float32]
    pigment_map: NDArray[np.float32]
    spot_map: SpotMap
    photo_positions: NDArray[np.float32]
    baseline_positions: NDArray[np.float32]
    light: Floats
    counted: Mask
    areas: Mapping[Region, Mask]


@dataclass(frozen=True, slots=True, eq=False)
class _Day:
    """One photo aligned to its baseline: the change of log RGB, today's log RGB, and the skin.

    `against_face` is the baseline's log RGB minus that of the whole face; `parts` and `treated` are
    the regions and the pixels that may have changed; `frame`, `eyes` and `card` are the shifts of
    log RGB of the surroundings, of the eyes' whites and, by the card, of a face had it not changed.
    """

    change: NDArray[np.float32]
    colour: NDArray[np.float32]
    against_face: NDArray[np.float32]
    skin: SkinMap
    comparable: Mask
    parts: frozenset[Region]
    treated: Mask
    state: SkinState
    frame: Shift | None
    eyes: Shift
    card: CardShift | None

    def treated_parts(self) -> tuple[Mask, ...]:
        """The treated skin, divided into the regions it is in and the part outside every region."""
        areas = self.skin.areas.items()  # in one order, so that one photo has one reading
        parts = [
            area.pixels & self.treated.pixels for region, area in areas if region in self.parts
        ]
        rest = self.treated.pixels & ~np.logical_or.reduce([*parts, ~self.treated.pixels])
        return tuple(Mask(part) for part in (*parts, rest) if part.any())

    def compared(self, besides: Region) -> Comparison:
        """What frame, card and untreated skin say about the light; `besides` is not a reference."""
        where = untreated_skin(self.skin, self.comparable, self.treated, besides=besides)
        untreated = see_untreated(self.change, self.against_face, where)
        return compare_days(
            self.state, self.frame, eyes=self.eyes, card=self.card, untreated=untreated
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Focal:
    """Values at single pixels: redness and pigment in doublings, and the spots among them."""

    redness: NDArray[np.float32]
    pigment: NDArray[np.float32]
    spots: SpotMap


def analyse_photo(
    photo: SrgbImage,
    baseline: SrgbImage,
    treated: frozenset[Region] = FACE_REGIONS,
    marked: MarkedAreas = _NOTHING_MARKED,
    find: FindFace = find_face,
) -> Analysis:
    """Blood and melanin of every region against the baseline photo, each with its spread.

    `treated` are the parts that may have changed; `Region.FACE` means all. The others serve as
    reference. What is `marked` on the baseline overrides both; `find` finds the faces.
    Raises `Unmeasurable`: no face or several, another person, or too little visible skin.
    """
    known = remembering(find)
    view = known.view(baseline)
    registration = known.register(photo, baseline)
    places_today, places_before = locate(registration.view, registration.source), locate(view)
    card_today, card_before = known.card(photo), known.card(baseline)
    today = uncovered(align(registration), card_today.leaves_free(places_today))
    before = uncovered(view, card_before.leaves_free(places_before))
    is_bare = np.array_equal(before.covered.pixels, view.covered.pixels)
    usual = known.skin(baseline).counted if is_bare and marked == _NOTHING_MARKED else None
    skin, area = map_treated(before, treated, find_marked(marked, view, baseline.size), usual)
    colour, colour_before = log_light(today.light), log_light(before.light)
    face_colour = _face_colour(colour_before, skin)
    by_card = compare_cards(card_today, card_before)
    day = _Day(
        change=colour - colour_before,
        colour=colour,
        against_face=colour_before - face_colour.astype(np.float32),
        skin=skin,
        comparable=still_comparable(today, before, skin),
        parts=parts_within(area),
        treated=area,
        state=estimate_state(face_colour, *brightness_by_eyes(before, skin)),
        frame=compare_frames(known.frame(photo), known.frame(baseline)),
        eyes=compare_eyes(today, before),
        card=_card_shift(by_card, face_colour),
    )
    comparison = day.compared(Region.FACE)
    focal = _focal_changes(day, comparison)
    regions = _analyse_regions(day, comparison, focal)
    return Analysis(
        reference=comparison.reference,
        card=by_card if isinstance(by_card, CardTrouble) else None,
        regions=MappingProxyType(regions),
        asymmetry=_compare_cheeks(day, comparison, regions),
        residual=registration.residual,
        mirrored=registration.mirrored,
        is_way_round_clear=registration.is_way_round_clear,
        warnings=_warnings(day, registration),
        redness_map=focal.redness,
        pigment_map=focal.pigment,
        spot_map=focal.spots,
        photo_positions=places_today,
        baseline_positions=places_before,
        light=comparison.on_skin,
        counted=day.comparable,
        areas=skin.areas,
    )


def map_treated(
    before: GridView, parts: frozenset[Region], drawn: MarkedSkin, usual: Mask | None = None
) -> tuple[SkinMap, Mask]:
    """The baseline's skin (where nothing is drawn or hidden `usual`), and what may have changed."""
    area = drawn.treated or _outlined(parts, but=drawn.untreated)
    return map_skin(before, area, drawn.untreated, usual), area


def _outlined(parts: frozenset[Region], *, but: Mask | None) -> Mask:
    """All pixels of these parts of the face, without what was marked as untreated."""
    whole = Region.FACE in parts
    together = np.zeros((GRID_SIZE[1], GRID_SIZE[0]), np.bool_)
    for region, outline in outlined_areas().items():
        if whole or region in parts:
            together |= outline.pixels
    return Mask(together & ~but.pixels) if but else Mask(together)


def uncovered(view: GridView, free: Mask) -> GridView:
    """The view without what the card hides."""
    return GridView(view.light, Mask(view.covered.pixels & free.pixels))


def _card_shift(by_card: CardLight | CardTrouble | None, colour: Floats) -> CardShift | None:
    """What the card says of skin of log RGB `colour` (3,) in the baseline photo, if it can."""
    if isinstance(by_card, CardLight):
        return CardShift(by_card.shift_on(colour), by_card.apart)
    return None


def _face_colour(colour: NDArray[np.float32], skin: SkinMap) -> Floats:
    """Median of the log RGB (h, w, 3) of the baseline photo on the face, (3,)."""
    on_face = skin.counted.pixels & skin.face.pixels
    if not on_face.any():
        raise Unmeasurable(Fault.OCCLUDED, "no skin counts in the baseline")
    return np.median(colour[on_face], axis=0).astype(np.float64)


def _analyse_regions(
    day: _Day, comparison: Comparison, focal: _Focal
) -> dict[Region, RegionAnalysis]:
    """Every region with enough skin in sight; treated parts together are `Region.FACE`."""
    regions = {}
    for region, area in day.skin.areas.items():
        against = comparison
        if region not in day.parts:  # untreated skin must not be its own reference
            against = day.compared(region)
            if against.reference is Reference.HISTORY:
                continue
        if analysed := _analyse_region(day, focal, (area,), against):
            regions[region] = analysed
    if not (face := _analyse_region(day, focal, day.treated_parts(), comparison)):
        raise Unmeasurable(Fault.OCCLUDED, "too little treated skin can be seen")
    regions[Region.FACE] = face
    return regions


def _analyse_region(
    day: _Day, focal: _Focal, parts: tuple[Mask, ...], against: Comparison
) -> RegionAnalysis | None:
    area = Mask(np.logical_or.reduce([part.pixels for part in parts]))
    counted = area.pixels & day.comparable.pixels
    share = float(counted.sum() / max(area.pixels.sum(), 1))
    shift = mean_shift(day.change, parts, day.comparable)
    difference = mean_shift(day.against_face, parts, day.comparable)
    if shift is None or difference is None or share < SMALLEST_SHARE:
        return None
    seen = Shift(shift.value, shift.covariance + against.covariance)
    change = explain(seen, against.light, elsewhere(against.state, difference), against.contrast)
    colour = np.exp(np.median(day.colour[counted], axis=0) - against.on_skin)
    lab = _lab(colour)
    return RegionAnalysis(
        redness=change.redness,
        pigment=change.pigment,
        lab=lab,
        ita=degrees(atan2(lab[0] - 50, lab[2])),
        erythema_index=float(100 * np.log10(colour[0] / colour[1])),
        melanin_index=float(-100 * np.log10(colour[0])),
        share=share,
        affected=affected_share(focal.spots, area),
        spots=count_spots(focal.spots, area),
    )


def _compare_cheeks(
    day: _Day, comparison: Comparison, regions: Mapping[Region, RegionAnalysis]
) -> Estimate | None:
    """Redness of the left cheek minus that of the right: the light and camera they share cancel."""
    cheeks = (Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
    if not regions.keys() >= set(cheeks):
        return None
    left, right = (
        patchwise_shift(day.change, Mask(day.skin.areas[cheek].pixels & day.comparable.pixels))
        for cheek in cheeks
    )
    if left is None or right is None:
        return None
    apart = left - right
    covariance = apart.covariance + np.eye(3) * _SIDES_SD**2 + _SHADED_SD**2
    same_light = -comparison.state.unchanged  # lamp and camera act on both cheeks equally
    seen = Shift(apart.value, covariance)
    spread = explain(seen, same_light, comparison.state, comparison.contrast).redness.sd
    gap = regions[Region.LEFT_CHEEK].redness.value - regions[Region.RIGHT_CHEEK].redness.value
    return Estimate(gap, spread)


def _lab(colour: Floats) -> tuple[float, float, float]:
    """CIELAB (D65) of linear RGB."""
    encoded = to_srgb(LinearImage(colour.astype(np.float32).reshape(1, 1, 3))).pixels
    lightness, a, b = cv2.cvtColor(encoded, cv2.COLOR_RGB2LAB)[0, 0]
    return float(lightness), float(a), float(b)


def _focal_changes(day: _Day, comparison: Comparison) -> _Focal:
    """Redness and pigment at every pixel of the face that counted, and the spots among them."""
    counted = day.comparable.pixels & day.skin.face.pixels
    weight = _coarse(counted.astype(np.float32))
    weighted = _coarse(np.where(counted[..., np.newaxis], day.change, 0).astype(np.float32))
    solved = weight > _MAP_FILLED
    change = weighted[solved] / weight[solved][:, np.newaxis] - comparison.on_skin
    change = change / np.median(comparison.contrast)
    values = explain_pixels(change.astype(np.float64), day.state, _MAP_SD)
    redness, pigment = (_fine(value, solved, counted) for value in values)
    return _Focal(redness, pigment, find_spots(redness, pigment))


def _coarse(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    coarse = cv2.resize(plane, None, fx=_MAP_SCALE, fy=_MAP_SCALE, interpolation=cv2.INTER_AREA)
    return coarse.astype(np.float32)


def _fine(
    values: Floats, solved: NDArray[np.bool_], counted: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Values solved on the coarse grid, interpolated to every pixel that counted and small gaps."""
    plane = np.zeros((*solved.shape, 2), np.float32)
    plane[solved, 0], plane[solved, 1] = values, 1
    plane = cv2.GaussianBlur(plane, (0, 0), 1.0)
    height, width = counted.shape
    total, weight = cv2.split(cv2.resize(plane, (width, height), interpolation=cv2.INTER_CUBIC))
    whole = cv2.morphologyEx(counted.astype(np.uint8), cv2.MORPH_CLOSE, np.ones(_MAP_GAP)) > 0
    known = whole & (weight > 0.2)
    fine = np.full(counted.shape, np.nan, np.float32)
    fine[known] = total[known] / weight[known]
    return fine


def _warnings(day: _Day, registration: Registration) -> tuple[Fault, ...]:
    """What a reader of the numbers should know, although the photo could be measured."""
    warnings = []
    if abs(registration.turn) > _TURN_WARNS:
        warnings.append(Fault.TURNED_AWAY)
    hidden = [
        region
        for region in day.parts
        if np.count_nonzero(day.skin.areas[region].pixels & day.comparable.pixels)
        < 0.5 * np.count_nonzero(day.skin.areas[region].pixels & day.skin.counted.pixels)
    ]
    if hidden:
        warnings.append(Fault.OCCLUDED)
    return tuple(warnings)
