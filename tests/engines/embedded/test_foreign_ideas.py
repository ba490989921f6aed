"""Which ideas are in none of our languages, by script, words and lingua (real)."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pipeline.engines.embedded.foreign_ideas import ForeignIdeas
from pipeline.engines.function_words import FunctionWords
from tests.engines.contracts.detector_contract import TABLE

IDEAS: dict[str, Any] = tomllib.loads(
    Path(__file__).parents[1].joinpath("foreign_ideas.toml").read_text("utf-8")
)
FOREIGN = ForeignIdeas(FunctionWords())  # reads nothing before its use


def test_three_of_four_ideas_in_other_languages_are_noticed() -> None:
    """22 languages in Latin letters, ten ideas each; 75 % when it was measured, 81 % of an older table."""
    noticed = [FOREIGN.is_foreign(idea) for ideas in IDEAS["latin"].values() for idea in ideas]
    assert sum(noticed) >= 0.73 * len(noticed)
    older = [FOREIGN.is_foreign(idea) for idea in TABLE["foreign"]]
    assert sum(older) >= 0.78 * len(older)


@pytest.mark.parametrize("language", IDEAS["scripts"])
def test_a_script_of_its_own_decides(language: str) -> None:
    assert [idea for idea in IDEAS["scripts"][language] if not FOREIGN.is_foreign(idea)] == []


@pytest.mark.parametrize("language", IDEAS["short"])
def test_short_mixed_and_odd_ideas_of_ours_are_never_foreign(language: str) -> None:
    assert [idea for idea in IDEAS["short"][language] if FOREIGN.is_foreign(idea)] == []


@pytest.mark.parametrize("table", ["measured", "seen", "fresh"])
def test_an_idea_of_ours_is_never_foreign(table: str) -> None:
    ideas = [idea for listed in TABLE[table].values() for idea in listed]
    assert [idea for idea in ideas if FOREIGN.is_foreign(idea)] == []


@pytest.mark.parametrize(
    ("pattern", "kinds", "heroes"),
    [
        (
            "a {} {}",
            "tiny shy lazy purple kind grumpy magic hungry proud timid",
            "kite fox owl moth robot penguin koala yeti",
        ),
        (
            "{} {}",
            "tiny brave sleepy lost golden naughty",
            "kangaroo bakes bread,dinosaur learns judo,turtle plays tuba",
        ),
        ("un {1} {0}", "timide magique perdu minuscule", "lapin dragon robot escargot panda koala"),
        ("un {1} {0}", "tímido mágico perdido goloso", "conejo dragón robot caracol panda erizo"),
        ("un {1} {0}", "timido magico smarrito goloso", "coniglio drago robot panda gufo squalo"),
        ("ein {} {}", "winziger mutiger lila frecher", "Hase Drache Roboter Dino Uhu Hai"),
        ("een {} {}", "piepklein dapper paars moe", "konijn draak robot kabouter uil haai"),
        ("um {1} {0}", "tímido mágico perdido guloso", "coelho dragão robô caracol panda coruja"),
    ],
)
def test_a_few_words_with_little_to_go_by_are_not_foreign(pattern: str, kinds: str, heroes: str) -> None:
    """lingua alone takes "a tiny kite" for Indonesian."""
    named = heroes.split("," if "," in heroes else None)
    ideas = [pattern.format(kind, hero) for kind in kinds.split() for hero in named]
    assert [idea for idea in ideas if FOREIGN.is_foreign(idea)] == []


@pytest.mark.parametrize(
    "text", ["", "🌙🌙", "42", "!?", "ho ho ho", "'", "\ud800", "\x00", "小 and the great big red kite"]
)
def test_what_is_in_no_language_or_hardly_in_another_is_not_foreign(text: str) -> None:
    assert not FOREIGN.is_foreign(text)


def test_lingua_is_loaded_only_where_the_words_decide_nothing() -> None:
    script = (
        "import sys; from pipeline.engines.embedded.foreign_ideas import ForeignIdeas;"
        "from pipeline.engines.function_words import FunctionWords; foreign = ForeignIdeas(FunctionWords());"
        "assert not foreign.is_foreign('a snail that is shy') and foreign.is_foreign('これはネコ');"
        "assert foreign.is_foreign('en räv som är rädd för regn');"
        "print(sorted({'numpy', 'lingua'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.strip() == "[]"
