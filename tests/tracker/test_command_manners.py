"""All commands behave alike: exit statuses, days, JSON, completion, and a line in the manual."""

import base64
import json
import re
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete, get_completion_class
from click.testing import CliRunner, Result

from tracker.cli.main import main

MANUAL = Path(__file__).resolve().parents[2] / "tracker" / "COMMANDS.md"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "AFTERGLOW_DATA": str(tmp_path / "clinic"),
        "AFTERGLOW_SECRET": base64.urlsafe_b64encode(b"k" * 32).decode(),
    }


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment)


UNKNOWN_PEOPLE = [
    ["appoint", "eve@x.example"],
    ["add-to-care", "alice@x.example", "eve@x.example"],
    ["export-patient", "eve@x.example", "--out", "{}/out.zip"],
    ["fhir", "export", "eve@x.example", "--out", "{}/out.json"],
    ["hand-over", "eve@x.example", "dana@x.example"],
    ["remeasure", "--patient", "eve@x.example"],
    ["renew-passphrase", "eve@x.example"],
    ["report", "eve@x.example", "--out", "{}/out.pdf"],
    ["reset-second-step", "eve@x.example"],
    [
        *("add-patient", "Alice", "alice@x.example", "--practitioner", "eve@x.example"),
        *("--time-zone", "UTC", "--performed-at", "2026-03-02T10:00Z", "--depth-mm", "1"),
    ],
]  # fmt: skip
UNUSABLE_FILES = [
    ["backup-key", "{}/there"],
    ["backup-key", "--recipient-of", "{}/there"],
    ["backup-key", "--recipient-of", "{}/missing"],
    ["verify-backup", "--from", "{}", "--identity", "{}/there"],
    ["verify-backup", "--from", "{}", "--identity", "{}/missing"],
    ["import-patient", "{}/missing", "--practitioner", "eve@x.example"],
    ["fhir", "import", "{}/missing", "--practitioner", "eve@x.example"],
    ["protocol", "copy", "ipl", "{}/there.toml"],
    ["protocol", "copy", "tattooing", "{}"],
    ["protocol", "check", "{}/missing"],
    ["protocol", "edition", "00000000"],
    ["replay", "{}/missing"],
]


def test_what_was_typed_or_given_and_cannot_be_used_ends_with_status_2(
    environment: dict[str, str], tmp_path: Path
) -> None:
    for name in ("there", "there.toml"):
        (tmp_path / name).write_text("kept")
    for arguments in (*UNKNOWN_PEOPLE, *UNUSABLE_FILES):
        told = run(environment, *(each.format(tmp_path) for each in arguments))
        assert (told.exit_code, told.stdout) == (2, ""), arguments
        assert len(told.stderr.splitlines()[-1]) > 20, arguments
    assert (tmp_path / "there").read_text() == "kept"


def test_a_setting_that_is_missing_ends_every_command_with_status_1(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("kept")
    for arguments in (*UNKNOWN_PEOPLE, ["health"], ["doctor"], ["migrate"], ["check-config"]):
        given = [each.format(tmp_path) for each in arguments]
        told = run({"AFTERGLOW_DATA": "", "AFTERGLOW_SECRET": ""}, *given)
        assert told.exit_code == 1, arguments
        assert "AFTERGLOW_DATA is not set" in told.output, arguments


@pytest.mark.parametrize("word", ["yesterday", "3 days ago", "02.03.2026", "2026-02-30"])
def test_a_day_in_words_is_refused_with_the_form_that_is_wanted(
    environment: dict[str, str], word: str
) -> None:
    for arguments in (
        ["remeasure", "--since", word],
        ["report", "a@x.example", "--out", "a.pdf", "--from", word],
        ["report", "a@x.example", "--out", "a.pdf", "--to", word],
    ):
        told = run(environment, *arguments)
        assert told.exit_code == 2
        assert f"'{word}' is no day" in told.stderr
        assert re.search(r"year-month-day; today is \d{4}-\d\d-\d\d", told.stderr)


@pytest.mark.parametrize(
    ("word", "remedy"),
    [("tomorrow at ten", "T10:00+01:00"), ("2026-03-02T10:00", "write an offset after it")],
)
def test_a_moment_in_words_is_refused_with_the_form_that_is_wanted(
    environment: dict[str, str], word: str, remedy: str
) -> None:
    arguments = ["add-patient", "Alice", "a@x.example", "--practitioner", "d@x.example"]
    told = run(environment, *arguments, "--time-zone", "UTC", "--performed-at", word)
    assert told.exit_code == 2
    assert remedy in told.stderr


def test_what_commands_did_and_found_is_read_by_programs(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = json.loads(run(environment, "migrate", "--json").stdout)["done"]
    assert run(environment, "migrate", "--json").stdout == '{"done": []}\n'
    assert isinstance(done, list)
    verdict = json.loads(run(environment, "audit", "verify", "--json").stdout)
    assert verdict["is_whole"]
    other = f"1:{'0' * 64}"
    misfit = run(environment, "audit", "verify", other, "--json")
    assert (misfit.exit_code, json.loads(misfit.stdout)["not_in_this_log"]) == (1, [other])
    moved = run(environment, "move-photos", "--to", str(tmp_path / "there"), "--dry-run", "--json")
    assert json.loads(moved.stdout) == {"files": 0, "bytes": 0, "of_bytes": 0}
    checked = json.loads(run(environment, "check-config", "--json").stdout)
    assert checked["settings"]["state"] == "good"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell: str) -> None:
    assert f"_AFTERGLOW_COMPLETE={shell}_source afterglow" in MANUAL.read_text(encoding="utf-8")
    kind = get_completion_class(shell)
    assert kind is not None
    complete: ShellComplete = kind(main, {}, "afterglow", "_AFTERGLOW_COMPLETE")
    assert "afterglow" in complete.source()
    assert [item.value for item in complete.get_completions([], "back")] == ["backup", "backup-key"]
    assert "verify" in {item.value for item in complete.get_completions(["audit"], "")}
    assert "--json" in {item.value for item in complete.get_completions(["health"], "--")}
