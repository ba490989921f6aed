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
        (
            "a.csv",
            "context,mood\na,b\n",
            {2: "choose from context, tags, audience, length, variants, locales"},
        ),
        ("a.csv", "context,tags,context\na,b,c\nd,e,f\n", {1: "'context' is given twice"}),
        ("a.csv", "sep=;\ncontext;Context \na;b\n", {2: "'context' is given twice"}),
        ("a.csv", "context,,\na,,\nb,lost,\n", {3: "cell 2, beyond"}),
        ("a.csv", "\n,,\n", {1: "no heading"}),
        ("a.jsonl", '"a"\n{"context": "b", "tags": "x", "context": "c"}\n', {2: "'context' is given twice"}),
        ("a.jsonl", '{"context": "a", "tags": ["\\ud800"]}\n"b"\n', {1: "tags"}),
        ("a.jsonl", '{"context": "a", "\\ud800": 1}\n"b"\n', {1: ""}),
        ("a.yaml", 'entries:\n- a\n- "\\ud800"\n', {3: "not YAML"}),
        ("a.yaml", "entries:\n- a\n---\nentries:\n- b\n", {3: "a second document"}),
        (
            "a.yaml",
            "entries:\n- context: b\n  context: c\n  tags: x\n- d\n",
            {3: "'context' is given twice"},
        ),
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
        ("a.yaml", "entries: t.csv\nlocales: [xx]\nlocales: [fr]\n", "'locales' is given twice"),
        ("a.yaml", "entries: t.csv\n---\nentries: u.csv\n", "a.yaml:2: a second document"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, name: str, text: str, cause: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(RequestError) as caught:
        read(tmp_path / name)
    assert cause in str(caught.value)
    assert caught.value.problem == "bad-catalog"


# The table that the cases below hold, each as a program writes it.
EXPECTED = [("très timide", ("mer", "nuit")), ("l'été; enfin", ())]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        # Excel, "CSV UTF-8", where lists are separated by ";": a mark, CRLF, rows as wide as the widest.
        (
            "a.csv",
            b"\xef\xbb\xbfcontext;tags;\r\ntr\xc3\xa8s timide;mer, nuit;\r\n"
            b'"l\'\xc3\xa9t\xc3\xa9; enfin";;\r\n;;\r\n',
        ),
        # Excel, "Unicode text": UTF-16, little end first, with its mark, tabs.
        (
            "A.TSV",
            '\ufeffcontext\ttags\r\ntrès timide\tmer; nuit\r\n"l\'été; enfin"\t\r\n\t\r\n'.encode(
                "utf-16-le"
            ),
        ),
        (
            "a.csv",
            "\ufeffcontext\ttags\ntrès timide\tmer; nuit\nl'été; enfin\t\n".encode("utf-16-be"),
        ),
        # The line that tells Excel how to open it.
        (
            "a.CSV",
            'sep=,\r\ncontext,tags\r\ntrès timide,mer; nuit\r\n"l\'été; enfin",\r\n'.encode(),
        ),
        (
            "a.csv",
            "\ufeffsep=|\r\nTags| Context\r\nmer;nuit|très timide\r\n|l'été; enfin\r\n".encode(),
        ),
        (
            "a.csv",
            "\r\n,,\r\ncontext,tags,\r\ntrès timide,mer; nuit,\r\n,,\r\nl'été; enfin,,\r\n".encode(),
        ),
        # Apple's line ends of old, which Excel still offers ("CSV (Macintosh)").
        ("a.csv", "context,tags\rtrès timide,mer; nuit\rl'été; enfin,\r".encode()),
        (
            "a.JSONL",
            '{"context": "très timide", "tags": "mer; nuit"}\r\n"l\'été; enfin"\r\n'.encode("utf-16"),
        ),
        (
            "a.YML",
            "\ufeffentries:\r\n- {context: très timide, tags: [mer, nuit]}\r\n- l'été; enfin\r\n".encode(),
        ),
    ],
)
def test_tables_are_read_as_programs_write_them(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    read_rows = list(read(tmp_path / name).rows())
    assert [row.fault for row in read_rows] == ["", ""]
    assert [(row.entry.context, row.entry.tags) for row in read_rows if row.entry] == EXPECTED


@pytest.mark.parametrize("place", [2, 3, 700])
@pytest.mark.parametrize(
    ("name", "heading"), [("a.csv", "context"), ("a.jsonl", '"a"'), ("a.yaml", "entries:")]
)
def test_windows_1252_is_named_with_its_line(tmp_path: Path, name: str, heading: str, place: int) -> None:
    before = {"a.csv": "a snail", "a.jsonl": '"a snail"', "a.yaml": "- a snail"}[name]
    texts = [heading, *[before] * (place - 2), before.replace("a snail", "l\x92\xe9t\xe9"), before]
    (tmp_path / name).write_bytes("\r\n".join(texts).encode("latin-1"))
    if name == "a.yaml":
        with pytest.raises(RequestError) as caught:
            read(tmp_path / name)
        fault, line = str(caught.value), f"a.yaml:{place}:"
        assert line in fault
    else:
        *_, last = read(tmp_path / name).rows()
        fault = last.fault
        assert last.line == place
    assert "byte 0x92 is not UTF-8; in Windows-1252" in fault
    assert "l’été" in fault


def test_a_cut_utf_16_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("\ufeffcontext\na\n".encode("utf-16-le") + b"\x00")
    *_, last = read(tmp_path / "a.csv").rows()
    assert "UTF-16" in last.fault


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
