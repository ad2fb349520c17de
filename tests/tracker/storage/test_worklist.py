"""The amount that the list reads does not grow with the age of the clinic."""

import pytest
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tracker.storage.columns import names_text, time_text
from tracker.storage.desk import worklist

GROWING = ("photos", "readings", "region_readings", "check_ins", "alerts", "looks", "treatments")


@pytest.mark.parametrize("name", ["_FACTS", "_LATEST", "_MEASURED"])
def test_no_table_that_grows_is_read_from_end_to_end(db: Database, cast: Cast, name: str) -> None:
    values = {
        "reader": cast.dana.id,
        "practitioners": names_text([cast.dana.id]),
        "now": time_text(TREATED_AT),
        "regions": f'{{"{cast.treatment.id}": "face"}}',
        "recent": 7,
    }
    sql = getattr(worklist, name)
    named = {key: value for key, value in values.items() if f":{key}" in sql}
    plan = [row["detail"] for row in db.query(f"EXPLAIN QUERY PLAN {sql}", named)]
    scans = [line for line in plan if line.startswith("SCAN") and line.split()[1] in GROWING]
    assert [line for line in scans if "photos_unseen" not in line] == []  # an index of what waits
