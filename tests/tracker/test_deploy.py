"""The units, the compose file and the Containerfile say what the tools and our commands know."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import dask
import distributed  # noqa: F401  (brings its defaults)
import pytest
import yaml
from distributed.cli import dask_scheduler, dask_worker

from tracker.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "tracker" / "deploy"
BIN = Path(sys.executable).parent
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
DROP_INS = sorted((DEPLOY / "systemd").glob("*/*.conf"))
TEXTS = [*UNITS, *DROP_INS, DEPLOY / "compose.yaml", DEPLOY / "Containerfile"]
DASK = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}
MOST_EXPOSED = 2.0  # of 10, where systemd counts what a service could do beyond its work

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they would be installed, with the commands of this environment."""
    shutil.copytree(DEPLOY / "systemd", tmp_path / "systemd")
    for unit in (tmp_path / "systemd").glob("*.service"):
        text = unit.read_text(encoding="utf-8")
        unit.write_text(text.replace("/usr/local/lib/afterglow/bin", str(BIN)), encoding="utf-8")
    return tmp_path / "systemd"


def told(*command: str | Path) -> str:
    """What a checker says; empty when it finds nothing."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"{ran.stdout}{ran.stderr}" + (f"exit status {ran.returncode}" * bool(ran.returncode))


@needs_systemd
def test_systemd_understands_every_line_of_the_units(units: Path) -> None:
    assert told("systemd-analyze", "verify", "--man=no", *sorted(units.glob("*.service"))) == ""
    hardening = units / "afterglow-.service.d" / "hardening.conf"
    hardening.write_text(hardening.read_text(encoding="utf-8") + "ProtectEverything=yes\n")
    wrong = told("systemd-analyze", "verify", "--man=no", *units.glob("*serve@.service"))
    assert "ProtectEverything" in wrong


@needs_systemd
def test_a_service_can_do_little_beyond_its_work(units: Path) -> None:
    for unit in sorted(units.glob("*.service")):
        rated = told("systemd-analyze", "security", "--offline=yes", "--no-pager", unit)
        (level,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", rated)
        assert float(level) <= MOST_EXPOSED


def settings_of(unit: Path) -> list[tuple[str, str]]:
    """Keys and values of a unit and of the files that systemd adds to it by its name."""
    added = [part for part in DROP_INS if unit.name.startswith(part.parent.name[:-10])]
    lines = "\n".join(path.read_text(encoding="utf-8") for path in (unit, *added)).splitlines()
    return [(key, value) for key, sign, value in (line.partition("=") for line in lines) if sign]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_service_is_its_own_user_writes_to_its_own_folder_and_comes_back(unit: Path) -> None:
    known = dict(settings_of(unit))
    assert known["User"].startswith("afterglow-")
    assert known["StateDirectory"].startswith("afterglow/")
    assert known["ProtectSystem"] == "strict"
    assert known["NoNewPrivileges"] == "yes"
    assert known["Restart"] == "always"
    assert known["StartLimitIntervalSec"] == "0"
    assert int(known["TimeoutStopSec"]) > 20, "a stop answers what has arrived"


def test_no_secret_is_in_the_environment_of_a_service() -> None:
    for unit in UNITS:
        loaded = {v.partition(":")[0] for k, v in settings_of(unit) if k == "LoadCredential"}
        named = re.findall(r"=%d/(\S+)", "\n".join(v for _, v in settings_of(unit)))
        assert named
        assert set(named) <= loaded
    (sealed,) = {str(each["secrets"]) for each in services().values() if "secrets" in each}
    assert set(yaml.safe_load(sealed)) == set(compose()["secrets"])


def commands() -> Iterator[Sequence[str]]:
    """Every command that a unit, a service or the image starts."""
    for unit in UNITS:
        (line,) = [value for key, value in settings_of(unit) if key == "ExecStart"]
        path, *rest = shlex.split(line.replace("${SCHEDULER}", "tls://scheduler:8786"))
        yield [Path(path).name, *rest]
    yield from (each["command"] for each in services().values())
    image = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    (given,) = re.findall(r"^CMD (.*)$", image, re.MULTILINE)
    yield yaml.safe_load(given)


def test_every_command_exists_with_its_options() -> None:
    started = list(commands())
    assert len(started) == len(UNITS) + len(services()) + 1
    for program, name, *options in started:
        known: click.Command = {"afterglow": main.commands, "dask": DASK}[program][name]
        assert known.make_context(name, list(options)) is not None


def test_the_cluster_in_the_guide_starts_with_options_that_dask_has() -> None:
    guide = (ROOT / "tracker" / "OPERATING.md").read_text(encoding="utf-8")
    lines = re.findall(r"^dask (scheduler|worker) (.*)$", guide, re.MULTILINE)
    assert len(lines) == 2
    for name, options in lines:
        assert DASK[name].make_context(name, shlex.split(options)) is not None


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_variable_is_one_that_we_or_dask_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    manual = (ROOT / "tracker" / "OPERATING.md").read_text(encoding="utf-8")
    for name in set(re.findall(r"AFTERGLOW_[A-Z_]+", text)):
        assert re.search(rf"\b{name}\b", manual), name
    for name in set(re.findall(r"DASK_[A-Z_]+", text)):
        dotted = name.removeprefix("DASK_").replace("__", ".").lower()
        assert dask.config.get(dotted, default=KeyError) is not KeyError, name


def compose() -> Any:
    """The compose file, with what its parts share filled in."""
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def services() -> dict[str, Any]:
    """What the compose file starts."""
    return dict(compose()["services"])


def test_the_compose_file_is_one() -> None:
    checked = told(
        BIN / "check-jsonschema", "--quiet", "--builtin-schema", "vendor.compose-spec",
        DEPLOY / "compose.yaml",
    )  # fmt: skip
    assert checked == ""


def test_containers_are_sealed_and_only_a_proxy_of_this_machine_reaches_them() -> None:
    for name, service in services().items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_the_image_is_built_from_what_the_tree_has() -> None:
    image = DEPLOY / "Containerfile"
    assert told(BIN / "hadolint", "--no-color", image) == ""
    allowed = image.with_name("Containerfile.dockerignore").read_text(encoding="utf-8").split()
    copied = re.findall(r"^COPY (?!--)(.*) \S+$", image.read_text(encoding="utf-8"), re.MULTILINE)
    for path in " ".join(copied).split():
        assert (ROOT / path).exists(), path
        assert {f"!{path}", f"!{path.split('/')[0]}"} & set(allowed), path
