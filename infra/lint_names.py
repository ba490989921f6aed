"""Names that say nothing: `python infra/lint_names.py` lists variables, parameters, attributes and functions.

Standard library only. Exit status 1 where there is one; each line names file and line.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("pipeline", "dags", "infra", "bench", "tests")
BANNED = frozenset("told found one way there made seen heard said asked".split())
ADVICE = "name the noun: story, text, arguments, status, locale, chain, matches, check, entry …"
# For the field of a file that others may have stored or read.
EXCUSE = "# a stored name"
ROOT = Path(__file__).resolve().parent.parent


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of everything that Python code can name: assignments, parameters, functions, imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield node.lineno, name


def violations(source: str) -> list[tuple[int, str]]:
    """Line and name, in order. A leading underscore excuses no name, EXCUSE at the end of a line does."""
    lines = source.splitlines()
    names = ((line, name) for line, name in bound_names(ast.parse(source)) if name.lstrip("_") in BANNED)
    return sorted({(line, name) for line, name in names if not lines[line - 1].endswith(EXCUSE)})


def main(folders: list[str]) -> int:
    """The number of violations, printed on stderr."""
    count = 0
    for folder in folders or FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for line, name in violations(path.read_text("utf-8")):
                print(f"{path.relative_to(ROOT)}:{line}: `{name}` says nothing; {ADVICE}", file=sys.stderr)
                count += 1
    return count


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
