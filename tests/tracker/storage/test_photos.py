"""Looking for photos to measure, each second, reads none of those that are measured."""

from sqlite_utils import Database

from tests.conftest import TREATED_AT
from tracker.storage.course import photos


def test_looking_for_photos_to_measure_visits_only_those_that_wait(db: Database) -> None:
    asked: list[str] = []
    db.conn.set_trace_callback(asked.append)
    assert photos.lapsed(db, TREATED_AT, None) == []
    assert photos.claimable(db, TREATED_AT, 2, None) == []
    db.conn.set_trace_callback(None)
    plans = [
        [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
        for sql in asked
        if sql.startswith("SELECT")
    ]
    assert len(plans) == 2
    for plan in plans:
        assert any("USING INDEX photos_to_do (status=?)" in step for step in plan), plan
        assert not any(step.startswith("SCAN photo") for step in plan), plan
