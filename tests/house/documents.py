"""The documents of the tree: which there are, what they link to, and how MkDocs finds them."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
STYLES = """
.col-md-9 { overflow-wrap: break-word; }
.col-md-9 img { max-width: 100%; height: auto; }
.col-md-9 table { display: block; overflow-x: auto; width: 100%; margin-bottom: 1rem; }
.col-md-9 td, .col-md-9 th { padding: .3rem .6rem; vertical-align: top; border-bottom: thin solid; }
.col-md-9 td, .col-md-9 th { border-color: var(--bs-border-color); }
.col-md-9 td > code { white-space: normal; }
.col-md-9 p > code, .col-md-9 li > code { white-space: normal; overflow-wrap: anywhere; }
"""


def documents() -> list[str]:
    """The paths of all documents, of their pictures and of the licence, from the root."""
    found = [*ROOT.glob("*.md"), ROOT / "LICENSE"]
    for room in ("analysis", "sample_images", "tests", "tracker", "web"):
        found += [path for path in (ROOT / room).rglob("*") if path.suffix in {".md", ".webp"}]
    paths = [path.relative_to(ROOT) for path in sorted(found)]
    return [str(path) for path in paths if "node_modules" not in path.parts]


def blocks(path: str) -> Iterator[tuple[str, str]]:
    """The code blocks of a document: the language, which may be empty, and the text."""
    yield from FENCED.findall((ROOT / path).read_text(encoding="utf-8"))


def anchors(path: str) -> set[str]:
    """What the headings of a document are called in links."""
    text = FENCED.sub("", (ROOT / path).read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


def broken_links(path: str) -> Iterator[str]:
    """The links of a document that lead to no file of the tree, or to no heading of it."""
    text = FENCED.sub("", (ROOT / path).read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (ROOT / path).parent / file if file else ROOT / path
        if not target.exists():
            yield f"{path}: {link} leads to no file"
        elif anchor and anchor not in anchors(str(target.resolve().relative_to(ROOT))):
            yield f"{path}: {link} leads to no heading"


def on_files(files: Any, config: Any) -> Any:
    """Show MkDocs the documents where they lie, so that none is copied and links hold."""
    from mkdocs.structure.files import File  # noqa: PLC0415  (only its own environment has it)

    for file in [each for each in files if each.src_dir == config.docs_dir]:
        files.remove(file)
    for path in documents():
        name = path if PurePosixPath(path).suffix else f"{path}.txt"
        files.append(File.generated(config, name, abs_src_path=str(ROOT / path)))
    files.append(File.generated(config, "site.css", content=STYLES))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """What MkDocs reads of a document: a list may follow a paragraph at once, as on code hosts."""
    markdown = markdown.replace("](LICENSE)", "](LICENSE.txt)")
    at_once = re.compile(r"^((?![|\s]|- |\d+\. ).+\n)(?=- |1\. |\|)", re.MULTILINE)
    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part[:3] == "```" else at_once.sub(r"\1\n", part) for part in parts)
