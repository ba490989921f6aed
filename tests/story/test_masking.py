"""A name that stays through a translation which would change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from pipeline.ports import OnText, ignore, pass_on
from pipeline.story.masking import NameKept, mask_for


@dataclass
class Changing:
    """Turns words into others. sent: what it was given."""

    turns: dict[str, str]
    sent: list[str] = field(default_factory=list)
    fingerprint: str = "changing/1"

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        self.sent += texts
        changed = list(texts)
        for old, new in self.turns.items():
            changed = [text.replace(old, new) for text in changed]
        return pass_on(changed, on_text)


def test_a_translator_never_sees_the_name_and_a_reader_always_does() -> None:
    engine, streamed = Changing({"Hope": "Esperança", "was small": "era pequena"}), list[str]()
    out = NameKept(engine, "Hope").translate(("Hope was small.", "Hope's boots"), "en", "pt", streamed.append)
    assert out == tuple(streamed) == ("Hope era pequena.", "Hope's boots")
    assert not any("Hope" in text for text in engine.sent)


@pytest.mark.parametrize(
    ("target", "turned", "expected"),
    [
        ("de", "Noras Haus", "Mias Haus"),
        ("ar", "ونورا نامت", "وMia نامت"),
        ("it", "Eleonora e Nora", "Eleonora e Mia"),
    ],
)
def test_what_a_language_adds_to_a_name_stays(target: str, turned: str, expected: str) -> None:
    engine = Changing({"Nora": turned})
    assert NameKept(engine, "Mia").translate(("Mia",), "en", target) == (expected,)


def test_the_mask_is_of_the_storys_gender_and_nobodys_name_in_it() -> None:
    assert mask_for(["Mia lost her way.", "She slept."], "Mia") == "Nora"
    assert mask_for(["Bo lost his way.", "He slept."], "Bo") == "Karim"
    assert mask_for(["Mia lost her way.", "Nora helped."], "Mia") == "Mina"
    assert mask_for(["Nora lost her way."], "Nora") == "Mina"
