"""The commands about the clinic and those who work there."""

import base64
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tracker.cli import main
from tracker.people import Duty
from tracker.settings import read_settings
from tracker.storage import people
from tracker.world import open_world

PASSPHRASE = "correct horse battery"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "AFTERGLOW_DATA": str(tmp_path / "clinic"),
        "AFTERGLOW_SECRET": base64.urlsafe_b64encode(b"k" * 32).decode(),
    }


def run(*arguments: str, environment: dict[str, str] | None = None, typed: str = "") -> Result:
    return CliRunner().invoke(main, arguments, env=environment, input=typed)


def test_the_first_administrator_is_appointed_by_command(environment: dict[str, str]) -> None:
    typed = f"{PASSPHRASE}\n{PASSPHRASE}\n"
    run("add-practitioner", "Dr Dana", "dana@clinic.example", environment=environment, typed=typed)
    appointed = run("appoint", "Dana@clinic.example", environment=environment)
    assert appointed.output == "Dr Dana is an administrator\n"
    nobody = run("appoint", "eli@clinic.example", environment=environment)
    assert nobody.exit_code == 2
    assert "nobody of the clinic signs in as eli@clinic.example" in nobody.output
    eli = ["add-practitioner", "Dr Eli", "eli@clinic.example", "--administrator"]
    assert run(*eli, environment=environment, typed=typed).exit_code == 0
    db = open_world(read_settings(environment)).connect()
    assert [person.duties for person, *_ in people.staff(db)] == [{Duty.ADMINISTRATION}] * 2
    db.close()
