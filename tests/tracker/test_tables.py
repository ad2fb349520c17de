"""Tables for analysis: what files, copies and queries hold, and what they never do."""

import base64
import csv
import json
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlite_utils import Database

import tracker
from tests.conftest import TREATED_AT, Cast
from tests.web.conftest import Records
from tracker.cli.main import main
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.course.check_ins import Answers
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.own_data.erasures import erasure_asked
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.own_data import consents, erasures, rows
from tracker.storage.people import people
from tracker.storage.tables import TABLES, Keeps, dictionary
from tracker.world import World

FORMULA = '=HYPERLINK("http://evil.example")'


@pytest.fixture
def records(db: Database, world: World, cast: Cast) -> Records:
    """Alice's course with a photo, a check-in and an alert."""
    with writing(db):
        people.set_birth_date(db, cast.alice.id, date(1985, 4, 23))
    records = Records(db, world, cast)
    records.alert(records.measured(1))
    records.check_in(1.5, Answers(pain=2, pus=True, note=FORMULA))
    return records


def run(world: World, *arguments: str) -> Result:
    secret = base64.urlsafe_b64encode(world.settings.secret).decode()
    environment = {"AFTERGLOW_DATA": str(world.settings.data), "AFTERGLOW_SECRET": secret}
    return CliRunner().invoke(main, arguments, env=environment)


def read(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ask(world: World, sql: str) -> Any:
    done = run(world, "query", sql, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.output)["rows"]


def test_files_hold_every_table_and_no_formula(
    world: World, db: Database, cast: Cast, records: Records, tmp_path: Path
) -> None:
    folder = tmp_path / "tables"
    assert run(world, "tables", "--out", str(folder)).exit_code == 0
    assert {each.stem for each in folder.iterdir()} == {table.name for table in TABLES}
    (answer,) = read(folder, "answers")
    assert (answer["pain"], answer["pus"], answer["fever"]) == ("2", "1", "")
    assert answer["note"] == f"'{FORMULA}"
    (alice, bob) = sorted(read(folder, "patients"), key=lambda each: each["name"])
    assert (alice["age"], bob["age"]) == ("40-49", "")
    readings = read(folder, "readings")
    assert {each["patient"] for each in readings} == {cast.alice.id}
    assert {float(each["day"]) for each in readings} == {1.0}
    (entry,) = audit_log.search(db, Search(act=Act.DATA_EXPORTED))
    assert entry.details == "tables as csv"
    again = run(world, "tables", "--out", str(folder))
    assert again.exit_code == 2
    assert "choose another name" in again.output


def test_parquet_keeps_types_and_apart_what_is_empty_and_what_is_unknown(
    world: World, records: Records, tmp_path: Path
) -> None:
    duckdb = pytest.importorskip("duckdb")
    done = run(world, "tables", "--out", str(tmp_path / "it's"), "--format", "parquet")
    assert done.exit_code == 0, done.output
    assert {each.suffix for each in (tmp_path / "it's").iterdir()} == {".parquet"}
    with closing(duckdb.connect(":memory:")) as reader:
        path = str(tmp_path / "it's" / "answers.parquet")
        found = reader.execute("SELECT pain, fever, note FROM read_parquet(?)", [path]).fetchall()
    assert found == [(2, None, FORMULA)]


def test_a_copy_names_no_one_and_its_pseudonyms_hold_only_under_one_key(
    world: World, cast: Cast, records: Records, tmp_path: Path
) -> None:
    key = tmp_path / "study.key"
    key.write_bytes(bytes(32))
    whose = []
    for name, given in (("a", ()), ("b", ()), ("c", ("--key-file", str(key)))):
        file = tmp_path / f"{name}.sqlite"
        assert run(world, "tables", "--copy", str(file), *given).exit_code == 0
        data = file.read_bytes()
        hidden = (cast.alice.name, cast.alice.email, cast.alice.id, "1985", "2026-03", "HYPERLINK")
        assert [each for each in hidden if each.encode() in data] == []
        with closing(sqlite3.connect(file)) as copy:
            whose.append(copy.execute("SELECT DISTINCT patient FROM readings").fetchall())
            kept = [each[1] for each in copy.execute("PRAGMA table_info(patients)")]
            (joined,) = copy.execute(
                "SELECT age FROM patients JOIN courses USING (patient) JOIN alerts USING (course)"
            )
    assert kept == ["patient", "age", "skin_type", "history"]
    assert joined == ("40-49",)
    assert whose[0] != whose[1]
    again = tmp_path / "d.sqlite"
    run(world, "tables", "--copy", str(again), "--key-file", str(key))
    with closing(sqlite3.connect(again)) as copy:
        assert copy.execute("SELECT DISTINCT patient FROM readings").fetchall() == whose[2]
    key.write_bytes(b"short")
    refused = run(world, "tables", "--copy", str(tmp_path / "e"), "--key-file", str(key))
    assert refused.exit_code == 2
    assert "fewer than 32 bytes" in refused.output
    assert not list(tmp_path.glob("e*"))


def test_who_withdrew_consent_to_care_is_in_no_table(
    world: World, db: Database, cast: Cast, records: Records
) -> None:
    each = (f"SELECT count(*) AS rows FROM {table.name}" for table in TABLES)  # noqa: S608
    counts = " UNION ALL ".join(each)
    assert all(each["rows"] for each in ask(world, counts))
    with writing(db):
        gone = Consent(Purpose.CARE, Decision.WITHDRAWN, TREATED_AT)
        consents.insert(db, cast.alice.id, gone)
    assert [each["rows"] for each in ask(world, counts)] == [1, 0, 0, 0, 0, 0]  # Bob


def test_a_copy_for_research_holds_who_allows_it_and_says_who_does_no_longer(
    world: World, db: Database, cast: Cast, records: Records, tmp_path: Path
) -> None:
    key = tmp_path / "study.key"
    key.write_bytes(bytes(32))

    def copied(name: str) -> dict[str, list[tuple[Any, ...]]]:
        given = ("--copy", str(tmp_path / name), "--key-file", str(key), "--research")
        assert run(world, "tables", *given).exit_code == 0
        with closing(sqlite3.connect(tmp_path / name)) as copy:
            names = ("patients", "photos", "readings", "answers", "alerts", "withdrawn")
            return {each: copy.execute(f"SELECT * FROM {each}").fetchall() for each in names}  # noqa: S608

    def decide(
        decision: Decision, photo_id: str | None = None, of: Purpose = Purpose.RESEARCH
    ) -> None:
        with writing(db):
            made = Consent(of, decision, TREATED_AT, photo_id)
            consents.insert(db, cast.alice.id, made)

    assert not any(copied("before").values())
    decide(Decision.GIVEN)
    kept = records.measured(2)
    full = copied("full")
    assert [len(full[each]) for each in ("patients", "photos", "answers", "alerts")] == [1, 2, 1, 1]
    decide(Decision.WITHDRAWN, kept.id)
    less = copied("less")
    assert len(less["photos"]) == 1
    assert len(less["readings"]) == len(full["readings"]) / 2
    (out,) = {each[0] for each in full["photos"]} - {each[0] for each in less["photos"]}
    assert less["withdrawn"] == [(None, out)]
    decide(Decision.WITHDRAWN)
    gone = copied("gone")
    patient = (full["patients"][0][0], None)
    assert patient in gone.pop("withdrawn")
    assert not any(gone.values())
    decide(Decision.GIVEN)
    decide(Decision.WITHDRAWN, of=Purpose.CARE)
    assert patient in copied("without_care")["withdrawn"]
    with writing(db):
        erasures.insert(db, erasure_asked(cast.alice.id, 10, TREATED_AT))
        rows.erase_rows(db, cast.alice.id)
    assert copied("erased")["withdrawn"] == [patient]
    assert run(world, "tables", "--copy", str(tmp_path / "y"), "--research").exit_code == 2
    assert run(world, "tables", "--out", str(tmp_path / "x"), "--research").exit_code == 2


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT email FROM people", "the tables are patients, courses"),
        ("SELECT * FROM main.sessions", "no such table"),
        ("", "begin with SELECT"),
        ("DELETE FROM alerts", "readonly"),
        ("INSERT INTO alerts (alert) VALUES (1) RETURNING alert", "readonly"),
        ("SELECT 1 AS a, 2 AS a", "two columns are named a"),
        ("SELECT x'00'", "neither text nor a number"),
        ("SELECT hex(zeroblob(20000000))", "too big"),
        ("SELECT 9e999", "neither text nor a number"),
        ("ATTACH 'other.db' AS other", "not authorized"),
        ("PRAGMA key", "not authorized"),
        ("SELECT 1; SELECT 2", "one statement"),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT max(i) FROM n",
            "less",
        ),
    ],
)
def test_a_query_reads_the_tables_and_nothing_else(
    world: World, db: Database, records: Records, sql: str, words: str
) -> None:
    refused = run(world, "query", sql, "--seconds", "0.2")
    assert (refused.exit_code, words in refused.output) == (2, True), refused.output
    assert db.table("alerts").count == 1


def test_a_query_takes_lists_apart(world: World, records: Records) -> None:
    sql = "SELECT count(*) AS n FROM courses, json_each(courses.areas)"
    assert ask(world, sql)[0]["n"] > 1


def test_the_dictionary_is_what_the_tables_are(world: World) -> None:
    manual = (Path(tracker.__file__).parent / "TABLES.md").read_text(encoding="utf-8")
    assert manual.endswith(dictionary())
    printed = run(world, "tables", "--dictionary").output
    assert printed == dictionary()
    named = [c for t in TABLES for c in t.columns if c.keeps is Keeps.AS_IS]
    assert not [c.name for c in named if c.name.endswith(("_at", "name", "note", "number"))]
