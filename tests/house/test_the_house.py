"""The tree keeps its own rules: sizes, names, documents, nothing from outside."""

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import pytest

from analysis.face.regions import Region as SeenRegion
from tests.house.counts import folders, listed_in_contracts, read_by_one
from tracker.domain.alerts.alerts import Concern
from tracker.domain.course.photos import SkinState
from tracker.domain.course.treatments import Region
from tracker.domain.protocols.protocol_text import ALL_SIGNS
from tracker.storage.protocols import protocol_files

ROOT = Path(__file__).resolve().parents[2]
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_MODULES_IN_A_FOLDER = 15
DOORS = [  # the exceptions that a reader of the contracts must see
    "analysis.card.sheet",
    "tracker.actions.talk.conversation",
    "tracker.cli.clinic_commands",
    "tracker.cli.fhir_commands",
    "tracker.cli.main",
    "tracker.wires.cluster",
    "tracker.wires.compute",
    "tracker.wires.processes",
    "web.serve",
]


def tracked(*endings: str) -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so what belongs to the tree is not known")
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in paths if path.is_file() and path.name.endswith(endings)]


def test_modules_and_functions_stay_small() -> None:
    for path in tracked(".py"):
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= MAX_MODULE_LINES, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= MAX_FUNCTION_LINES, f"{path}: {node.name}"


def test_a_folder_holds_no_more_modules_than_a_reader_can_take_in() -> None:
    full = {folder for folder, count in folders().items() if count > MAX_MODULES_IN_A_FOLDER}
    assert full == set()


def test_few_modules_are_read_by_one_other_alone() -> None:
    """Routes that their own folder registers do not count: no other module has to read them."""
    alone = {name for name, by in read_by_one().items() if name.rpartition(".")[0] != by}
    assert len(alone) <= 30


def test_contracts_name_rooms_and_only_the_doors_between_them_one_by_one() -> None:
    assert listed_in_contracts() == DOORS


def test_nothing_is_named_after_having_no_name() -> None:
    vague = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [p for p in tracked(".py") if p.stem in vague] == []


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    pattern = re.compile(
        r"index[-]url|find[-]links|python[h]osted|/op[t]/|/roo[t]/|/wor[k]/|/tm[p]/"
    )
    for path in tracked(
        ".py", ".toml", ".txt", ".md", ".html", ".js", ".json", ".css", "Makefile", "run"
    ):
        assert pattern.search(path.read_text(encoding="utf-8")) is None, path


def test_every_dependency_is_pinned_by_digest() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups, needed = project["dependency-groups"], project["project"]["dependencies"]
    extras = project["project"]["optional-dependencies"]
    declared = {
        "install": [*needed, *chain(*extras.values())],
        "run": [*needed, *extras["cluster"], *extras["store"], *groups["build"]],
        "node": groups["node"],
        "tools": groups["tools"],
        "docs": groups["docs"],
    }
    for list_of, lines in declared.items():
        wanted = {re.split(r"[^a-z0-9-]", line)[0] for line in lines} - {"afterglow"}
        assert wanted <= {name for name, _ in pins(list_of)}
    assert set(pins("run")) < set(pins("install")), "an image runs what was tested"


def test_the_package_is_built_by_what_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (backend,) = [f"{name}=={release}" for name, release in pins("install") if name == "setuptools"]
    assert project["build-system"]["requires"] == [backend]


def pins(list_of: str) -> Sequence[tuple[str, str]]:
    """Names and releases of `requirements/{list_of}.txt`, where each line must have a digest."""
    text = (ROOT / "requirements" / f"{list_of}.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^\S.*(?:\n    .*)*$", text, re.MULTILINE)
    assert sum(entry.count("\n") + 1 for entry in entries) == text.count("\n")
    found = []
    for entry in entries:
        first, *digests = entry.split(" \\\n")
        pin = re.fullmatch(r"([a-z0-9-]+)==([\w.]+)(?: ;.*)?", first)
        assert pin is not None, first
        assert digests, first
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", line) for line in digests), first
        found.append((pin[1], pin[2]))
    return found


def test_libraries_of_the_pages_are_pinned_by_digest_and_by_no_address() -> None:
    package = json.loads((ROOT / "web" / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    for name, version in (package["dependencies"] | package["devDependencies"]).items():
        pinned = lock["packages"][f"node_modules/{name}"]
        assert pinned["version"] == version
        assert pinned["integrity"].startswith("sha512-")
        assert "resolved" not in pinned


def test_an_installed_copy_has_every_package_and_the_files_it_reads() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    setuptools = project["tool"]["setuptools"]
    rooms = tuple(
        pattern.removesuffix("*") for pattern in setuptools["packages"]["find"]["include"]
    )
    packed = [p for p in tracked(".py", ".sql", ".html", ".toml") if p.parent != ROOT]
    packed = [p for p in packed if p.relative_to(ROOT).parts[0] in rooms]
    data = {
        path
        for name, patterns in setuptools["package-data"].items()
        for pattern in patterns
        for path in (ROOT / name.replace(".", "/")).glob(pattern)
    }
    for path in packed:
        if path.suffix == ".py":
            assert (path.parent / "__init__.py").is_file(), path
        elif "sample_images" not in path.parts:
            assert path in data, path


def test_no_second_opencv_wheel_is_pinned() -> None:
    assert [name for name, _ in pins("install") if name.startswith("opencv")] == ["opencv-python"]


def test_the_tracker_and_the_analysis_speak_of_the_same_regions() -> None:
    assert {str(region) for region in Region} == {str(region) for region in SeenRegion}


def test_trust_names_only_tests_that_exist() -> None:
    tests = {
        path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py")
    }
    trust = (ROOT / "tracker" / "TRUST.md").read_text(encoding="utf-8")
    named = re.findall(r"`(?:[\w/]+/)?(test_\w+\.py)`(?:: ([\w, ()]+))?", trust)
    assert len(named) > 60
    for file, functions in named:
        for name in re.findall(r"\w+(?:_\w+){2,}", functions):
            assert f"def test_{name}(" in tests[file], (file, name)
        assert file in tests


def test_the_protocols_keys_are_all_explained() -> None:
    explained = (ROOT / "tracker" / "PROTOCOLS.md").read_text(encoding="utf-8")
    for kind in protocol_files.shipped_kinds():
        written = set(keys_of(tomllib.loads(protocol_files.shipped_text(kind))))
        for key in written - {"median", "low", "high", *Concern, *ALL_SIGNS, *SkinState}:
            assert re.search(rf"\b{key}\b", explained), f"{kind}: {key}"


def keys_of(value: object) -> Iterator[str]:
    """Every key of a TOML document, however deep."""
    if isinstance(value, list):
        for item in value:
            yield from keys_of(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)


def test_colours_are_named_in_one_place() -> None:
    """Then each has a counterpart in the dark. Pictures have colours of their own."""
    colour = re.compile(
        r"(?<![\w&/-])#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\b(?![\w-])|\b(?:rgb|hsl)a?\(",
        re.IGNORECASE,
    )
    web = ROOT / "web"
    styles = (web / "static" / "afterglow.css").read_text(encoding="utf-8")
    names, rest = re.split(r"(?=^@media print)", styles, maxsplit=1, flags=re.MULTILINE)
    assert len(colour.findall(names)) > 60
    assert colour.findall(rest) == []
    others = {*web.rglob("*.css"), *web.rglob("*.html"), *web.glob("static/*.js")}
    for path in others - {web / "static" / "afterglow.css", web / "templates" / "base.html"}:
        if "node_modules" not in path.parts:
            assert colour.findall(path.read_text(encoding="utf-8")) == [], path
