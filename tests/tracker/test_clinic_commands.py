"""The commands about the clinic and the people who work there."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tracker.actions.clinic.health import leave_sign_of_life
from tracker.actions.people.accounts import renew_passphrase
from tracker.cli.main import main
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.clinic.health import SignOfLife
from tracker.domain.mail.mails import MailKind
from tracker.domain.people.people import Duty
from tracker.domain.people.second_step import Authenticator
from tracker.environment import read_settings
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import people, second_steps
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
    assert "no one at the clinic signs in as eli@clinic.example" in nobody.output
    eli = ["add-practitioner", "Dr Eli", "eli@clinic.example", "--administrator"]
    assert run(*eli, environment=environment, typed=typed).exit_code == 0
    db = open_world(read_settings(environment)).connect()
    assert [person.duties for person, *_ in people.staff(db)] == [{Duty.ADMINISTRATION}] * 2
    db.close()


def test_the_command_line_makes_a_link_to_a_new_passphrase(environment: dict[str, str]) -> None:
    typed = f"{PASSPHRASE}\n{PASSPHRASE}\n"
    run("add-practitioner", "Dr Dana", "dana@clinic.example", environment=environment, typed=typed)
    made = run("renew-passphrase", "Dana@clinic.example", environment=environment)
    first, link = made.output.splitlines()
    assert first == "Dr Dana can choose a new passphrase for an hour:"
    nobody = run("renew-passphrase", "eli@clinic.example", environment=environment)
    assert nobody.exit_code == 2
    assert "no one signs in as eli@clinic.example" in nobody.output
    world = open_world(read_settings(environment))
    db = world.connect()
    token, key, now = link.rpartition("/")[2], world.envelope.link_key, datetime.now(UTC)
    renewed = renew_passphrase(db, token, key, "amber lift over nine", now)
    assert renewed is not None
    assert renewed.name == "Dr Dana"
    assert Act.RENEWAL_ISSUED in {entry.act for entry in audit_log.search(db, Search())}
    db.close()


def test_the_command_line_resets_the_second_step_of_a_colleague(
    environment: dict[str, str],
) -> None:
    typed = f"{PASSPHRASE}\n{PASSPHRASE}\n"
    run("add-practitioner", "Dr Dana", "dana@clinic.example", environment=environment, typed=typed)
    db = open_world(read_settings(environment)).connect()
    dana = people.by_email(db, "dana@clinic.example")
    assert dana is not None
    with writing(db):
        second_steps.keep_app(db, Authenticator(dana.id, "A" * 32, 0, datetime.now(UTC)))
    reset = run("reset-second-step", "dana@clinic.example", environment=environment)
    assert "Dr Dana sets the second step up again" in reset.output
    assert second_steps.app_of(db, dana.id) is None
    entries = audit_log.search(db, Search(act=Act.SECOND_STEP_RESET))
    assert [(entry.by, entry.about) for entry in entries] == [(None, dana.id)]
    assert [mail.kind for mail in mails.of_recipient(db, dana.id)] == [MailKind.SECOND_STEP_RESET]
    db.close()
    nobody = run("reset-second-step", "eli@clinic.example", environment=environment)
    assert nobody.exit_code == 2


def test_accounts_that_the_command_line_opens_are_on_record_and_the_log_is_verified(
    environment: dict[str, str],
) -> None:
    typed = f"{PASSPHRASE}\n{PASSPHRASE}\n"
    run("add-practitioner", "Dr Dana", "dana@clinic.example", environment=environment, typed=typed)
    db = open_world(read_settings(environment)).connect()
    dana = people.by_email(db, "dana@clinic.example")
    assert dana is not None
    (entry,) = audit_log.search(db, Search())
    assert (entry.act, entry.by, entry.about) == (Act.ACCOUNT_ADDED, None, dana.id)
    head = run("audit", "head", environment=environment).output.strip()
    assert run("audit", "verify", head, environment=environment).output == f"head: {head}\n"
    other = f"1:{'0' * 64}"
    misfit = run("audit", "verify", other, environment=environment)
    assert (misfit.exit_code, f"not in this log: {other}" in misfit.output) == (1, True)
    assert run("audit", "verify", "head", environment=environment).exit_code == 2
    with writing(db):
        db.execute("DROP TRIGGER audit_log_is_not_rewritten")
        db.execute("UPDATE audit_log SET details = 'office'")
    broken = run("audit", "verify", environment=environment)
    assert (broken.exit_code, "entry 1 does not fit" in broken.output) == (1, True)
    db.close()


def test_health_says_that_no_worker_runs_and_that_there_is_no_backup(
    environment: dict[str, str],
) -> None:
    told = run("health", environment=environment)
    assert told.exit_code == 1
    assert "failing  escalating" in told.output
    assert "look     backup" in told.output
    found = json.loads(run("health", "--json", environment=environment).output)
    assert found["state"] == "failing"
    assert found["parts"]["mails"] == "good"
    assert found["photos_waiting"] == 0


def test_health_fails_when_one_duty_alone_has_not_been_done(environment: dict[str, str]) -> None:
    db = open_world(read_settings(environment)).connect()
    for sign in set(SignOfLife) - {SignOfLife.ESCALATING}:
        leave_sign_of_life(db, sign, datetime.now(UTC))
    db.close()
    told = run("health", environment=environment)
    assert told.exit_code == 1
    assert "failing  escalating" in told.output
    assert "good     waking" in told.output


def test_health_is_well_while_a_worker_does_its_rounds(environment: dict[str, str]) -> None:
    db = open_world(read_settings(environment)).connect()
    for sign in set(SignOfLife) - {SignOfLife.BACKUP_FAILED}:
        leave_sign_of_life(db, sign, datetime.now(UTC))
    db.close()
    assert run("health", environment=environment).exit_code == 0
