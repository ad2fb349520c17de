"""The commands that hand out tables for analysis."""

import json
import sys
from pathlib import Path
from typing import BinaryIO

import click

from tracker.actions.records.fhir_export import whole
from tracker.actions.records.tables import (
    Form,
    NoWriter,
    QueryError,
    asked,
    write_copy,
    write_files,
    write_rows,
)
from tracker.cli.console import (
    JSON,
    UNREADABLE,
    checked_input,
    now,
    open_clinic,
    refused_argument,
    say,
    told_errors,
)
from tracker.storage.tables import dictionary


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="A new folder, with one file a table.")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Form]),
    default=Form.CSV.value,
    show_default=True,
)
@click.option(
    "--copy",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new, plain SQLite file without identities, as for Datasette.",
)
@click.option(
    "--key-file",
    type=click.File("rb"),
    help="32 bytes or more that make the pseudonyms of --copy, the same in each copy; keep it apart"
    " from the copies. Without it no one can tell whose they are.",
)
@click.option(
    "--research",
    is_flag=True,
    help="With --copy and --key-file: only of patients who allow research, without the photos that"
    " may not be used. The table withdrawn names whose rows to delete from an earlier copy.",
)
@click.option("--dictionary", "explain", is_flag=True, help="Print what each column means.")
@JSON
def tables(
    out: Path | None,
    form: str,
    copy: Path | None,
    key_file: BinaryIO | None,
    research: bool,
    explain: bool,
    as_json: bool,
) -> None:
    """Write courses, photos, readings, answers and alerts as tables.

    tracker/TABLES.md says what each column means. Patients who withdrew consent to care are left
    out. Files of --out name people: keep them on an encrypted disk.
    """
    if [out, copy, explain or None].count(None) != 2:
        raise click.UsageError("give --out for files, --copy for a database, or --dictionary")
    if key_file is not None and copy is None:
        raise click.UsageError("--key-file belongs to --copy")
    if research and copy is None:
        raise click.UsageError("--research belongs to --copy")
    if research and key_file is None:
        raise click.UsageError("--research needs --key-file, so that withdrawn rows can be named")
    if explain:
        click.echo(dictionary(), nl=False)
        return
    key = key_file.read() if key_file is not None else None
    with (
        told_errors(OSError, NoWriter),
        checked_input(),
        open_clinic() as (_, db),
        refused_argument(FileExistsError),
        whole(out or copy or Path()) as part,
    ):
        if copy is not None:
            counts = write_copy(db, part, key, now(), for_research=research)
        else:
            part.mkdir(parents=True)
            counts = write_files(db, part, Form(form), now())
    told = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    say(counts, f"Rows: {told}.", as_json=as_json)


@click.command()
@click.argument("sql")
@click.option(
    "--seconds",
    type=click.FloatRange(0, 3600, min_open=True),
    default=60,
    show_default=True,
    help="How long it may take.",
)
@JSON
def query(sql: str, seconds: float, as_json: bool) -> None:
    """Answer one SELECT about the tables of tracker/TABLES.md, as CSV.

    It runs on a copy in memory and changes nothing. Exit status 2 when the SQL cannot be answered.
    """
    try:
        with told_errors(), open_clinic() as (_, db), asked(db, sql, now(), seconds) as answer:
            names, rows = answer
            if as_json:
                found = [dict(zip(names, row, strict=True)) for row in rows]
                click.echo(json.dumps({"rows": found}, ensure_ascii=False))
            else:
                write_rows(sys.stdout, names, rows)
    except QueryError as error:
        click.echo(f"afterglow: {error}", err=True)
        sys.exit(UNREADABLE)


COMMANDS = (tables, query)
