"""The migrations: one file `NNNN_name.sql` for each step, run in the order of the numbers.

A new step is a new file with the next number; nothing else is edited. A step that has shipped is
never edited or renamed: each database records, by name, the steps that it has taken. Where data
needs more than SQL, `python_steps` has a function `step_NNNN_name` that runs around the file.
"""

from collections.abc import Callable
from importlib.resources import files
from importlib.resources.abc import Traversable

import sqlcipher3
from sqlite_utils import Database, Migrations

from tracker.storage.migrations import python_steps


def _all_steps() -> Migrations:
    steps = Migrations("afterglow")
    for file in sorted(files(__name__).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            numbered = file.name.removesuffix(".sql")
            steps(name=_name(file))(_step(file, numbered))
    return steps


def _name(file: Traversable) -> str:
    """The name under which a database records the step of a file."""
    return file.name.removesuffix(".sql").partition("_")[2]


def _step(file: Traversable, numbered: str) -> Callable[[Database], None]:
    def run_file(db: Database) -> None:
        _run(db, file.read_text(encoding="utf-8"))

    around = getattr(python_steps, f"step_{numbered}", None)
    return run_file if around is None else lambda db: around(db, run_file)


def _run(db: Database, script: str) -> None:
    """Run a script statement by statement in the step's own transaction; triggers end with END."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlcipher3.complete_statement(statement):
            db.execute(statement)
            statement = ""
    db.execute(statement)  # a last statement without its semicolon must not be dropped


migrations = _all_steps()


def steps_of_newer(db: Database) -> list[str]:
    """The steps that a database has taken and that this version does not know, in their order."""
    known = {_name(file) for file in files(__name__).iterdir()}
    return [each.name for each in migrations.applied(db) if each.name not in known]
