from __future__ import annotations

import ast
from pathlib import Path

import pipeline
from pipeline import errors
from pipeline.cli.exit_codes import INTERRUPTED, STATUS, UNLISTED, status_of
from pipeline.errors import StoriesError

SOURCES = list(Path(pipeline.__file__).parent.rglob("*.py"))


def _constants(tree: ast.AST) -> dict[str, str]:
    """NAME = "text" anywhere in a module."""
    return {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }


def _fields(tree: ast.AST) -> dict[str, int]:
    """Classes with a field `problem`, and its place: Symptom(pattern, error, "disk-full", …)."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names = [
                one.target.id
                for one in node.body
                if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
            ]
            if "problem" in names:
                found[node.name] = names.index("problem")
    return found


def _slugs(tree: ast.AST) -> set[str]:
    """Texts given as problem=…, as default_problem, by a constant's name, or in a table of problems."""
    constants, fields = _constants(tree), _fields(tree)
    values: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            values += [one.value for one in node.keywords if one.arg == "problem"]
            if isinstance(node.func, ast.Name) and node.func.id in fields:
                values += node.args[fields[node.func.id] :][:1]
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "default_problem" for target in node.targets
        ):
            values.append(node.value)
    texts = [value.value for value in values if isinstance(value, ast.Constant)]
    texts += [
        constants[value.id] for value in values if isinstance(value, ast.Name) and value.id in constants
    ]
    return {text for text in texts if text}


def used() -> set[str]:
    return set().union(*(_slugs(ast.parse(path.read_text("utf-8"))) for path in SOURCES))


def test_the_walk_finds_what_is_there() -> None:
    """By keyword, as a class's default, and in a table."""
    assert {"empty-idea", "unsafe-idea", "not-found", "config", "index-error", "no-such-package"} <= used()


def test_each_problem_has_a_status() -> None:
    assert used() - set(STATUS) == set()


def test_each_status_has_a_problem() -> None:
    assert set(STATUS) - used() == set()


def test_statuses_are_distinct_and_leave_the_usual_ones_alone() -> None:
    values = list(STATUS.values())
    assert len(set(values)) == len(values)
    # 0 is success, 1 a traceback, 2 argparse's, from 126 on the shell's (130: stopped by Ctrl-C).
    assert all(3 <= value < 126 for value in values)
    assert not {UNLISTED, INTERRUPTED} & set(values)


def test_every_error_class_ends_with_a_status_of_its_own_problem() -> None:
    classes = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, StoriesError)
    ]
    assert len(classes) == 10
    for kind in classes:
        assert status_of(kind("message")) == STATUS[kind.default_problem]
