"""The map of a whole record knows everything that is stored."""

from sqlite_utils import Database

from tracker.domain.own_data.record_form import KINDS, TABLES_LEFT_OUT


def test_everything_that_is_stored_of_a_patient_travels_or_is_left_out_on_purpose(
    db: Database,
) -> None:
    for kind in KINDS:
        owner = {"patient_id"} if kind.under == "patient_id" else set()
        named = {kind.column(name) for name in kind.fields} | kind.fixed.keys() | owner
        stored = {column.name for column in db.table(kind.table).columns}
        assert named | kind.left_out.keys() == stored, f"{kind.table}: enter it in record_form.py"
        assert not named & kind.left_out.keys(), kind.table
    tables = set(db.table_names()) - {"_sqlite_migrations"}
    assert {kind.table for kind in KINDS} | TABLES_LEFT_OUT.keys() == tables
