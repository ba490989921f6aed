from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batch.models import Entry
from pipeline.batch.reading import Row, read
from pipeline.errors import RequestError

YAML = """\
name: bedtime
locales: [en, fr]
budget: 2.5
publish: {review: all}
entries:
  - a shy snail
  - context: "no"
    tags: [sea, night]
    variants: 2

  - {context: 12 moons, locales: it, audience: babies}
"""
CSV = """\
context,tags,locales,variants,audience
a shy snail,sea; night,"en, fr",2,
"a kite
and a cloud",,,,
no,,,,babies
"""
JSONL = """\
{"context": "a shy snail", "tags": ["sea"], "variants": 2}

"a kite"
"""


def rows(folder: Path, name: str, text: str) -> list[Row]:
    (folder / name).write_text(text, "utf-8")
    return list(read(folder / name).rows())


def entries(folder: Path, name: str, text: str) -> dict[int, Entry]:
    return {row.line: row.entry for row in rows(folder, name, text) if row.entry}


def test_yaml_holds_settings_and_entries(tmp_path: Path) -> None:
    assert entries(tmp_path, "any.yaml", YAML) == {
        6: Entry(context="a shy snail"),
        7: Entry(context="no", tags=("sea", "night"), variants=2),
        11: Entry(context="12 moons", locales=("it",), audience="babies"),
    }
    settings = read(tmp_path / "any.yaml").settings
    assert (settings.name, settings.locales, settings.budget) == ("bedtime", ("en", "fr"), 2.5)
    assert (settings.publish.review, settings.max_failed) == ("all", 0)


def test_a_table_s_cells_hold_lists_and_lines(tmp_path: Path) -> None:
    assert entries(tmp_path, "Autumn tales.csv", CSV) == {
        2: Entry(context="a shy snail", tags=("sea", "night"), locales=("en", "fr"), variants=2),
        3: Entry(context="a kite\nand a cloud"),
        5: Entry(context="no", audience="babies"),
    }
    assert read(tmp_path / "Autumn tales.csv").settings.name == "autumn-tales"


def test_json_lines_hold_objects_or_just_an_idea(tmp_path: Path) -> None:
    assert entries(tmp_path, "t.jsonl", JSONL) == {
        1: Entry(context="a shy snail", tags=("sea",), variants=2),
        3: Entry(context="a kite"),
    }


def test_a_large_table_lies_beside_its_settings(tmp_path: Path) -> None:
    (tmp_path / "ideas.csv").write_text(CSV, "utf-8")
    (tmp_path / "c.yaml").write_text("locales: [pt]\nentries: ideas.csv\n", "utf-8")
    file = read(tmp_path / "c.yaml")
    assert file.settings.locales == ("pt",)
    assert len([row for row in file.rows() if row.entry]) == 3


@pytest.mark.parametrize(
    ("name", "text", "faults"),
    [
        (
            "a.yaml",
            "entries:\n- {context: a, colour: red}\n- {variants: 1}\n- b\n",
            {2: "colour", 3: "context"},
        ),
        ("a.yaml", "entries:\n- a\n- *b\n- c\n", {3: "anchors"}),
        ("a.yaml", "entries:\n- a\n- [x, y\n", {4: "not YAML"}),
        ("a.yaml", "entries:\n- a\nname: late\n", {3: "put all settings before"}),
        ("a.yaml", f"entries:\n- {'[' * 20}{']' * 20}\n", {2: "flat"}),
        ("a.yaml", "entries:\n- a\n- {context: b, tags: x, context: c}\n", {3: "'context' is given twice"}),
        ("a.csv", "context;tags\na;b\n", {2: "choose from context, tags, audience, variants, locales"}),
        ("a.csv", "context,variants\na,0\nb,many\nc,1,2\n", {2: "variants", 3: "variants", 4: "beyond"}),
        ("a.csv", 'context\n"a" b\nc\n', {2: "not CSV"}),
        ("a.jsonl", '{"context": 1}\n{\n[]\n"ok"\n', {1: "context", 2: "not JSON", 3: "an entry is an idea"}),
        ("a.jsonl", f'"a"\n"{"x" * 70_000}"\n"b"\n', {2: "64000"}),
    ],
)
def test_what_is_wrong_is_textwith_its_line(
    tmp_path: Path, name: str, text: str, faults: dict[int, str]
) -> None:
    causes = {row.line: row.fault for row in rows(tmp_path, name, text) if row.entry is None}
    assert causes.keys() == faults.keys()
    assert all(faults[line] in cause for line, cause in causes.items())


def test_the_first_fault_is_not_the_last(tmp_path: Path) -> None:
    text = "context,variants\n" + "a,0\n" * 500 + "b,1\n"
    assert sum(row.entry is None for row in rows(tmp_path, "a.csv", text)) == 500


def test_bytes_that_are_no_text_are_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'"a"\n' + b"\xff\xfe" * 10_000)
    (row,) = [row for row in read(tmp_path / "a.jsonl").rows() if row.entry is None]
    assert "UTF-8" in row.fault


@pytest.mark.parametrize(
    ("name", "text", "cause"),
    [
        ("a.yaml", "locales: []\nentries: [a]\n", "locales"),
        ("a.yaml", "name: Not A Name\nentries: [a]\n", "name"),
        ("a.yaml", "colour: red\nentries: [a]\n", "colour: not known here; choose from name, locales"),
        ("a.yaml", "budget: 1\nlocales: [en]\nbudget: 900\nentries: [a]\n", "'budget' is given twice"),
        ("a.yaml", "publish: {sample: 2}\nentries: [a]\n", "publish.sample"),
        ("a.yaml", "locales: [en]\n", "no `entries`"),
        ("a.yaml", "just text", "mapping"),
        ("a.yaml", "", "mapping"),
        ("a.yaml", "entries: ../secret.csv\n", "beside this one"),
        ("a.yaml", "entries: gone.csv\n", "cannot read"),
        ("a.yaml", "a: *b\nentries: [a]\n", "anchors"),
        ("a.txt", "a", "has to end in"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, name: str, text: str, cause: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(RequestError) as caught:
        read(tmp_path / name)
    assert cause in str(caught.value)
    assert caught.value.problem == "bad-catalog"


def test_a_file_that_is_not_there_is_cause(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot read"):
        read(tmp_path / "gone.csv")


@given(st.binary(max_size=300), st.sampled_from(["yaml", "csv", "jsonl"]))
def test_no_file_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"a.{suffix}"
    path.write_bytes(b"entries:\n- " + data if suffix == "yaml" else data)
    problems = set()
    try:
        assert all((row.entry is None) == bool(row.fault) for row in read(path).rows())
    except RequestError as error:
        problems.add(error.problem)
    assert problems <= {"bad-catalog"}
