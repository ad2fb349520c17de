"""Readings: a new row when method or basis changes; older rows are never overwritten."""

import json
from typing import Any

from sqlite_utils import Database

from tracker.domain.course.outlines import Basis
from tracker.domain.course.photos import SkinState
from tracker.domain.course.readings import (
    Estimate,
    FocalChanges,
    Reading,
    Reference,
    RegionReading,
    Spots,
    Trial,
)
from tracker.domain.course.treatments import Region
from tracker.storage.columns import names_text, read_time


def insert(db: Database, reading: Reading, basis: Basis) -> None:
    """Add what one method measured on one photo, and on which basis."""
    row = db.table("readings").insert(
        {
            "photo_id": reading.photo_id,
            "baseline_id": basis.baseline_id,
            "areas": names_text(sorted(basis.areas)),
            "outlines_id": basis.marking.id if basis.marking else None,
            "turned": basis.is_turned,
            "mirrored": reading.is_mirrored,
            "method": reading.method,
            "opencv": reading.opencv,
            "reference": str(reading.reference),
            "residual": reading.residual,
            "asymmetry": reading.asymmetry.value if reading.asymmetry else None,
            "asymmetry_sd": reading.asymmetry.sd if reading.asymmetry else None,
        }
    )
    db.table("region_readings").insert_all(
        _columns(region, measured) | {"reading_id": row.last_pk}
        for region, measured in reading.regions.items()
    )


def of_treatment(db: Database, treatment_id: str) -> list[Reading]:
    """The newest reading of every measured photo of a treatment, in the order they were taken.

    A photo that waits to be measured on another basis has none: one course never mixes readings of
    different skin.
    """
    return _read(db, treatment_id, f"photos.status = 'measured' AND readings.id = {_NEWEST}")


def superseded(db: Database, treatment_id: str) -> list[Reading]:
    """All other readings of a treatment: by an older method, or on a basis no longer in force."""
    return _read(db, treatment_id, f"(photos.status <> 'measured' OR readings.id <> {_NEWEST})")


_NEWEST = "(SELECT max(id) FROM readings AS newest WHERE newest.photo_id = photos.id)"


def _read(db: Database, treatment_id: str, which: str) -> list[Reading]:
    sql = f"""SELECT readings.*, photos.taken_at, photos.skin_state
              FROM readings JOIN photos ON photos.id = readings.photo_id
              WHERE photos.treatment_id = ? AND {which}
              ORDER BY photos.taken_at, photos.id, readings.id"""  # noqa: S608 (no input in it)
    rows = list(db.query(sql, [treatment_id]))
    regions: dict[int, dict[Region, RegionReading]] = {row["id"]: {} for row in rows}
    sql = f"""SELECT {", ".join(_OF_REGION)} FROM region_readings
              JOIN readings ON readings.id = region_readings.reading_id
              JOIN photos ON photos.id = readings.photo_id WHERE photos.treatment_id = ?"""  # noqa: S608
    for reading_id, region, *values in db.execute(sql, [treatment_id]):
        if reading_id in regions:
            regions[reading_id][Region(region)] = _region(*values)
    return [_reading(row, regions[row["id"]]) for row in rows]


_OF_REGION = (
    *("reading_id", "region", "redness", "redness_sd", "pigment", "pigment_sd"),
    *("lab_l", "lab_a", "lab_b", "ita", "erythema_index", "melanin_index", "share"),
    *("affected", "redder_spots", "redder_share", "darker_spots", "darker_share"),
)


def keep_trial(db: Database, photo_id: str, basis: Basis, trial: Trial) -> None:
    """Keep what was read on trial, in place of any earlier one; it counts for no course."""
    regions = [_columns(region, measured) for region, measured in trial.regions.items()]
    row = {
        "photo_id": photo_id,
        "method": trial.method,
        "basis": _basis_text(basis),
        "fault": trial.fault,
        "regions": json.dumps(regions),
    }
    db.table("trial_readings").upsert(row, pk="photo_id")


def trial(db: Database, photo_id: str, method: str, basis: Basis) -> Trial | None:
    """What a method read on trial on this basis; None before it has."""
    sql = "SELECT * FROM trial_readings WHERE photo_id = ? AND method = ? AND basis = ?"
    for row in db.query(sql, [photo_id, method, _basis_text(basis)]):
        regions = {
            Region(each["region"]): _region(*(each[name] for name in _OF_REGION[2:]))
            for each in json.loads(row["regions"])
        }
        return Trial(row["method"], regions, row["fault"])
    return None


def _basis_text(basis: Basis) -> str:
    """Tells one basis from another."""
    marking = basis.marking.id if basis.marking else None
    return json.dumps([basis.baseline_id, sorted(basis.areas), marking, basis.is_turned])


def _columns(region: Region, measured: RegionReading) -> dict[str, Any]:
    focal = measured.focal
    return {
        "region": str(region),
        "redness": measured.redness.value,
        "redness_sd": measured.redness.sd,
        "pigment": measured.pigment.value,
        "pigment_sd": measured.pigment.sd,
        "lab_l": measured.lab[0],
        "lab_a": measured.lab[1],
        "lab_b": measured.lab[2],
        "ita": measured.ita,
        "erythema_index": measured.erythema_index,
        "melanin_index": measured.melanin_index,
        "share": measured.share,
        "affected": focal.affected if focal else None,
        "redder_spots": focal.redder.count if focal else None,
        "redder_share": focal.redder.share if focal else None,
        "darker_spots": focal.darker.count if focal else None,
        "darker_share": focal.darker.share if focal else None,
    }


def _region(
    redness: float,
    redness_sd: float,
    pigment: float,
    pigment_sd: float,
    lab_l: float,
    lab_a: float,
    lab_b: float,
    ita: float,
    erythema_index: float,
    melanin_index: float,
    share: float,
    affected: float | None,
    *spots: Any,
) -> RegionReading:
    """The columns of `_OF_REGION` after the first two, in their order."""
    return RegionReading(
        redness=Estimate(redness, redness_sd),
        pigment=Estimate(pigment, pigment_sd),
        lab=(lab_l, lab_a, lab_b),
        ita=ita,
        erythema_index=erythema_index,
        melanin_index=melanin_index,
        share=share,
        focal=None
        if affected is None
        else FocalChanges(affected, Spots(*spots[:2]), Spots(*spots[2:])),
    )


def _reading(row: dict[str, Any], regions: dict[Region, RegionReading]) -> Reading:
    return Reading(
        photo_id=row["photo_id"],
        taken_at=read_time(row["taken_at"]),
        method=row["method"],
        opencv=row["opencv"],
        reference=Reference(row["reference"]),
        residual=row["residual"],
        skin_state=SkinState(row["skin_state"]),
        regions=regions,
        asymmetry=None
        if row["asymmetry"] is None
        else Estimate(row["asymmetry"], row["asymmetry_sd"]),
        is_mirrored=None if row["mirrored"] is None else bool(row["mirrored"]),
        is_turned=bool(row["turned"]),
    )
