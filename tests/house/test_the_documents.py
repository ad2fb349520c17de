"""The documents name what exists, and name all of it."""

import ast
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator

import click
import pytest

from tests.house.documents import ROOT, blocks, broken_links, documents
from tracker.cli.main import main
from tracker.domain.own_data.course_folders import parse_course

PAGES = [path for path in documents() if path.endswith(".md")]
MANUALS = [path for path in PAGES if path not in {"CHANGELOG.md", "tracker/DECISIONS.md"}]
SHELL = {"", "sh", "bash"}

PERSONAL = (
    *("add-patient", "add-practitioner", "add-to-care", "appoint", "hand-over"),
    *("backup-key", "card", "change-secret", "report", "reset-second-step"),
    *("protocol copy", "protocol edition"),
    *("demo", "serve", "worker"),
)
"""These print nothing beyond what was asked of them, or write a file, or run until they end."""


def each_command(
    group: click.Group = main, before: str = ""
) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from each_command(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_every_link_leads_to_a_file_and_a_heading_of_the_tree() -> None:
    assert [broken for path in PAGES for broken in broken_links(path)] == []


def test_key_figures_of_the_readme_are_those_of_the_documents() -> None:
    row = r"^\| .*\[[A-Z]+\.md\]\(([^)\s]+)\).* \| (.+) \| `.*` \|$"
    rows = re.findall(row, text_of("README.md"), re.MULTILINE)
    assert len(rows) == 7
    for path, figures in rows:
        for figure in re.findall(r"\d[\d.,]*\d(?: %| ms)?", figures):
            assert figure in text_of(path), f"README.md: {figure} is not in {path}"


def test_every_document_has_its_place_in_the_site() -> None:
    site = text_of("mkdocs.yml")
    assert [path for path in PAGES if f": {path}\n" not in site] == [], "enter them in mkdocs.yml"


def test_every_setting_is_in_the_operators_guide() -> None:
    code = "".join(text_of(path) for path in settings_code())
    guide = text_of("tracker/OPERATING.md")
    read = set(re.findall(r'"(AFTERGLOW_[A-Z_]+)"', code))
    assert len(read) > 20
    missing = {name for name in read if not re.search(rf"`{name}`", guide)}
    assert missing == set(), "describe them in tracker/OPERATING.md, Settings"


def settings_code() -> Iterator[str]:
    for room in ("tracker", "web"):
        for path in (ROOT / room).rglob("*.py"):
            if "node_modules" not in path.parts:
                yield str(path.relative_to(ROOT))


def test_settings_that_documents_name_are_read() -> None:
    code = "".join(text_of(path) for path in settings_code())
    bases = set(re.findall(r"AFTERGLOW_[A-Z_]+", code))
    endings = ("_FILE", "_COMMAND")
    for path in MANUALS:
        for name in re.findall(r"(?<!_)\bAFTERGLOW_[A-Z_]*[A-Z]\b", text_of(path)):
            base = name
            for ending in endings:
                base = base.removesuffix(ending)
            known = {name, base} & bases or name == "AFTERGLOW_SCREENSHOTS"
            assert known or name == "AFTERGLOW_REQUIRE_BROWSER", f"{path}: {name}"


def test_documents_name_only_targets_that_make_has() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    named = {name for path in MANUALS for name in re.findall(r"`make ([a-z-]+)", text_of(path))}
    named |= set(re.findall(r"^make ([a-z-]+)", text_of("README.md"), re.MULTILINE))
    assert {"demo", "test", "install", "docs"} <= named <= targets


def command_lines(path: str) -> Iterator[list[str]]:
    """The words after `afterglow` in each line of a block or of a paragraph that calls it."""
    for language, block in blocks(path):
        if language in SHELL:
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words and words[0].rpartition("/")[2] == "afterglow":
                    yield words[1:]
    for line in re.findall(r"`afterglow ([a-z][^`]*)`", text_of(path)):
        yield shlex.split(line.replace("'", "’"))


def has_json(command: click.Command) -> bool:
    return any("--json" in parameter.opts for parameter in command.params)


def test_the_manual_has_a_line_for_each_command_and_says_which_print_json() -> None:
    row = r"^\| `afterglow ([a-z-]+(?: [a-z-]+)*)(?: [^`]*)?` \|.*\| (yes)? ?\|$"
    lines = re.findall(row, text_of("tracker/COMMANDS.md"), re.MULTILINE)
    known = {name: has_json(command) for name, command in each_command()}
    said = {name: bool(json) for name, json in lines}
    assert said == known, "mend the table of tracker/COMMANDS.md"


def test_every_command_that_a_script_reads_prints_json() -> None:
    silent = {name for name, command in each_command() if not has_json(command)}
    assert silent - set(PERSONAL) == set(), "give them --json"


@pytest.mark.parametrize("path", MANUALS)
def test_commands_in_documents_exist_with_their_options(path: str) -> None:
    for words in command_lines(path):
        command: click.Command = main
        for word in words:
            if not isinstance(command, click.Group) or word not in command.commands:
                break
            command = command.commands[word]
        assert command is not main, f"{path}: afterglow {' '.join(words)}"
        known = {name for each in command.params for name in each.opts} | {"--help", "-h"}
        used = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert used <= known, f"{path}: {command.name} has no {used - known}"


def test_every_block_of_a_language_can_be_read() -> None:
    for path in MANUALS:
        for language, block in blocks(path):
            if language == "python":
                ast.parse(block)
            elif language == "toml":
                tomllib.loads(block)
            else:
                assert language in SHELL, f"{path}: nothing checks {language}"


def test_the_course_in_the_manual_is_one() -> None:
    (block,) = [text for _, text in blocks("sample_images/COURSES.md") if "[patient]" in text]
    story = parse_course(block)
    assert (len(story.photos), len(story.check_ins)) == (1, 1)


def test_shells_understand_every_block() -> None:
    scripts = [text for path in MANUALS for language, text in blocks(path) if language in SHELL]
    script = re.sub(r"<[a-z ]+>", "VALUE", "".join(f"(\n{text})\n" for text in scripts))
    read = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert read.stderr == ""


def test_modules_and_files_that_documents_name_exist() -> None:
    room = r"(?:tracker|web|analysis|tests|sample_images|requirements)"
    for path in MANUALS:
        for name in re.findall(
            r"python -m ((?:tests|analysis|sample_images)[\w.]*)", text_of(path)
        ):
            file = ROOT / name.replace(".", "/")
            assert file.with_suffix(".py").exists() or (file / "__main__.py").exists(), (path, name)
        for name in re.findall(rf"`({room}/[\w/.-]+)`", text_of(path)):
            assert (ROOT / name).exists() or "NNNN" in name, f"{path}: {name}"
