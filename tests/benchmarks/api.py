"""Attack the HTTP API of a throwaway clinic by its own document: `make check-api`.

schemathesis sends what the document allows and what it does not, as a practitioner's and as a
patient's program. The exit status is 1 for an error on our side (5xx) and for an answer that the
document does not have. It does not check whether all is taken that the document allows: a cursor or
an ETag that is none is refused although its text fits.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from tests.conftest import Cast, cast_of, settings_for
from tests.post_office import free_port
from tests.web.conftest import Records
from tracker.actions.people.tokens import make_token
from tracker.domain.course.check_ins import Answers
from tracker.domain.people.access import Viewer
from tracker.domain.people.people import Person
from tracker.domain.people.tokens import scopes_for
from tracker.world import World, open_world
from web import create_app
from web.api import calls
from web.api.operations import PREFIX
from web.serve import open_server

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
ENOUGH = "1000000 per minute"


def main() -> None:
    """Attack in the name of each, and leave with the worse result."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.api")
    parser.add_argument("--tool", type=Path, required=True, help="the command schemathesis")
    parser.add_argument("--examples", type=int, default=40, help="for each operation")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    calls.CALLS_PER_TOKEN = calls.WRONG_TOKENS_PER_NETWORK = ENOUGH  # else most answers are 429
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        settings = replace(settings_for(Path(folder) / "data"), port=port)
        world = open_world(replace(settings, base_url=f"http://127.0.0.1:{port}"))
        secrets = _filled(world)
        server, stop = open_server(create_app(world, _now), world.settings), threading.Event()
        serving = threading.Thread(target=server.run, args=(stop,))
        serving.start()
        try:
            failed = [
                who for who, secret in secrets.items() if _attack(options, world, who, secret)
            ]
        finally:
            stop.set()
            server.wake()
            serving.join(timeout=60)
            server.finish()
    sys.exit(f"the API failed for {' and '.join(failed)}" if failed else 0)


def _filled(world: World) -> dict[str, str]:
    """A clinic with one of everything; the secret of a token of Dana and of Alice."""
    db = world.connect()
    cast: Cast = cast_of(db)
    records = Records(db, world, cast)
    records.alert(records.measured(1))
    records.check_in(1, Answers(pain=2, note="itchy"))
    records.message(cast.alice, "Is this normal?")

    def secret(person: Person) -> str:
        viewer = Viewer(person.id, person.role, duties=person.duties)
        return make_token(db, person, viewer, "check", scopes_for(viewer), 7, _now())[1]

    secrets = {"the practitioner": secret(cast.dana), "the patient": secret(cast.alice)}
    db.close()
    return secrets


def _now() -> datetime:
    return datetime.now(UTC)


def _attack(options: argparse.Namespace, world: World, who: str, secret: str) -> int:
    address = f"{world.settings.base_url}{PREFIX}"
    click.echo(f"As {who}:")
    command = [
        *(str(options.tool.resolve()), "run", f"{address}/openapi.json", "--url", address),
        *("--header", f"Authorization: Bearer {secret}", "--seed", str(options.seed)),
        *("--max-examples", str(options.examples), "--checks", ",".join(CHECKS), "--no-color"),
    ]
    # Away from the tree, where it would leave what it found and begin with it the next time.
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    main()
