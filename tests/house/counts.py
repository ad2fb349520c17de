"""Counts of the tree: `python -m tests.house.counts` prints how full and how scattered it is."""

import ast
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("analysis", "tracker", "web", "sample_images")


def modules() -> Mapping[str, Path]:
    """Every module of the product by its dotted name; a package goes by the name of its folder."""
    found = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "node_modules" not in parts:
                found[".".join(parts).removesuffix(".__init__")] = path
    return found


def folders() -> Counter[str]:
    """How many modules each folder of the product holds, its `__init__` not counted."""
    return Counter(
        str(path.parent.relative_to(ROOT)) for path in modules().values() if path.stem != "__init__"
    )


def importers() -> Mapping[str, frozenset[str]]:
    """Which modules of the product import each module, for those that any imports."""
    known, found = modules(), defaultdict(set)
    for name, path in known.items():
        for imported in _imported(ast.parse(path.read_text(encoding="utf-8")), known):
            found[imported].add(name)
    return {name: frozenset(by) for name, by in found.items()}


def read_by_one() -> Mapping[str, str]:
    """The modules of tracker and web that only one module imports, with that module."""
    known = modules()
    return {
        name: next(iter(by))
        for name, by in sorted(importers().items())
        if len(by) == 1 and name.startswith(("tracker.", "web.")) and known[name].stem != "__init__"
    }


def listed_in_contracts() -> list[str]:
    """The modules below the second floor of the tree that an import contract names one by one."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    contracts = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    named = set(re.findall(r"[a-z_]+(?:\.[a-z_]+)+", str(contracts)))
    files = {name for name, path in modules().items() if path.stem != "__init__"}
    return sorted(named & files)


def _imported(tree: ast.Module, known: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                for each in names:
                    submodule = f"{module}.{each.name}"
                    if submodule in known or module in known:
                        yield submodule if submodule in known else module
            case ast.Import(names=names):
                yield from (each.name for each in names if each.name in known)


def main() -> None:
    """Print the counts."""
    print("modules a folder, the fullest first")
    for folder, count in folders().most_common(6):
        print(f"{count:4}  {folder}")
    alone = read_by_one()
    routes = [name for name, by in alone.items() if name.rpartition(".")[0] == by]
    print(f"modules of tracker and web with one importer: {len(alone)}")
    print(f"  of them registered by their own folder: {len(routes)}")
    print(f"modules that a contract names one by one: {', '.join(listed_in_contracts())}")


if __name__ == "__main__":
    main()
