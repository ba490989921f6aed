"""Story prompts: the TOML of data/prompts becomes the Prompt for an engine."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Any

from pipeline.errors import ConfigError, RequestError
from pipeline.storage.digest import number
from pipeline.story.drafts import Draft, draft_of
from pipeline.story.text import words
from pipeline.types import Completion, Early, Prompt, StoryRequest

SEED_BITS = 32
# In current.toml: every model; so "x-*" is every model whose name begins with "x-".
EVERY_MODEL = "*"
# A story prompt's name and version.
ID = re.compile(r"[a-z][a-z0-9-]{0,39}@[1-9][0-9]{0,5}")


def read(name: str) -> dict[str, Any]:
    """The TOML of data/prompts/`name`.toml."""
    return tomllib.loads(files("pipeline").joinpath("data", "prompts", f"{name}.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class StoryPrompt:
    """Builds prompts and parses completions. spec: the TOML; names: the table that heroes are drawn from."""

    spec: Mapping[str, Any]
    names: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"{self.spec['name']}@{self.spec['version']}"

    def prompt(self, request: StoryRequest, idea: str, attempt: int) -> Prompt:
        """idea: the context in English. The seed comes from variant and attempt.

        Raises RequestError: idea and audience are longer than the prompt has room for.
        """
        name = request.hero.name if request.hero else ""
        size = self._checked_size(f"{idea}{name}", request.audience)
        hero, friend = self._cast(idea, request.variant, attempt, name)
        return Prompt(
            name=self.id,
            system=self._system(request.audience),
            user=self._user(idea, hero, friend),
            examples=tuple(
                (self._user(example["idea"], example["hero"], example["friend"]), example["answer"].strip())
                for example in self.spec["examples"]
                if size <= example.get("most_bytes", size)
            ),
            max_tokens=self.spec["max_tokens"],
            temperature=self.spec["temperature"],
            top_p=self.spec["top_p"],
            seed=number(SEED_BITS, "story", request.variant, attempt),
            grammar=self._grammar(name),
            attempt=attempt,
            dry=self.spec.get("dry", 0.0),
        )

    def parse(self, completion: Completion, longest: int) -> Draft:
        """The draft without plan and numbers; spare lines are left out while it has over `longest` words."""
        return draft_of(completion, self.spec, longest)

    def so_far(self, text: str) -> Early:
        """What its whole lines hold already of a completion that still comes."""
        begun, _, _ = text.rpartition("\n")
        draft = draft_of(Completion(begun, 0, 0, "length"), self.spec, sys.maxsize)
        return Early("en", draft.hero, draft.title, draft.segments)

    def _checked_size(self, idea: str, audience: str) -> int:
        """Bytes of both. Raises RequestError."""
        size = len(f"{idea}{audience}".encode())
        if size > (most := self.spec.get("most_bytes", size)):
            raise RequestError(
                f"the idea and its audience take {size} bytes in English, {most} at most: "
                "use fewer words, plain letters and no emoji",
                problem="long-idea",
            )
        return size

    def _system(self, audience: str) -> str:
        jobs = "\n".join(f"{n}. {line['job']}" for n, line in enumerate(self.spec["lines"], 1))
        return Template(self.spec["system"]).substitute(audience=audience, jobs=jobs).strip()

    def _user(self, idea: str, hero: str, friend: str) -> str:
        return Template(self.spec["user"]).substitute(idea=idea, hero=hero, friend=friend).strip()

    def _cast(self, idea: str, variant: int, attempt: int, name: str = "") -> tuple[str, str]:
        """The hero and the friend. name: of the hero, where it is given; "" to have one drawn."""
        kinds = self.names["words"]
        kinds_named = [kind for word in words(idea.lower()) for kind in ("she", "he") if word in kinds[kind]]
        hero = kinds_named[0] if kinds_named else ("she", "he")[number(1, "hero", idea, variant, attempt)]
        friend = ("she", "he")[number(1, "friend", idea, variant, attempt)]
        first = name or named(idea) or _draw(self.names[hero], "hero name", idea, variant, attempt)
        others = [other for other in self.names[friend] if other != first]
        return f"{first} ({hero})", f"{_draw(others, 'friend name', idea, variant, attempt)} ({friend})"

    def _grammar(self, name: str = "") -> str:
        """name: of which the letters are allowed, too."""
        plan = " ".join(f'"{part}: " note "\\n"' for part in self.spec["plan"])
        fewest, most = self.spec["fewest"], len(self.spec["lines"])
        sure = ' "\\n" '.join(f'"{n}. " line' for n in range(1, fewest + 1))
        rest = "".join(f' ("\\n{n}. " line' for n in range(fewest + 1, most + 1)) + ")?" * (most - fewest)
        return rules(f'{plan} "Title: " title "\\n" {sure}{rest}', name)


def rules(root: str, name: str = "") -> str:
    """GBNF with this root, and its `note`, `title` and `line`. name: whose letters are allowed, too."""
    own = "".join(sorted({char for char in name if not char.isascii()}))
    allowed = _RULES.replace("[A-Z", f"[{own}A-Z").replace("[a-zA-Z", f"[{own}a-zA-Z")
    return f"root ::= {root}\n{allowed}"


# Wide bounds: a hard limit in mid-sentence makes nonsense, so length is checked afterwards. At most two
# sentences a line: a model that is done early would else fill the next line with its jobs or "The end."
_RULES = r"""
note ::= [A-Za-z0-9 ,'-]{3,100}
title ::= [A-Z] [A-Za-z0-9 ',!?-]{2,50}
line ::= sentence (" " sentence)?
sentence ::= ["]? [A-Z] (plain | [.!?,] ["] " " [a-zA-Z]){8,140} [.!?] ["]?
plain ::= [A-Za-z0-9 ,':;"-]
""".strip()


# "Emma and the shell", "Wanda the whale sings": a capital at the start is a name only before such a word.
_NAMED = re.compile(
    r"^(?!The\b|An?\b|My\b|Our\b|One\b|Some\b)([A-Z][a-z]{1,15})(?='s\b|, | (?:and|the|who|is|has|goes|wants|"
    r"finds|meets|gets|loses|learns|sings|lives|loves|cannot|can't|makes|builds|visits|helps|looks)\b)"
)


def named(idea: str) -> str:
    """The hero's name where the idea begins with one; "" where it does not."""
    match = _NAMED.match(idea)
    return match.group(1) if match else ""


def _draw(names: list[str], *parts: Any) -> str:
    return names[number(SEED_BITS, *parts) % len(names)]


def story_prompts() -> tuple[str, ...]:
    """The ids, "name@version", of all story prompts."""
    return prompt_ids("stories")


def prompt_ids(folder: str) -> tuple[str, ...]:
    """The ids of all prompts in a folder of data/prompts; none where there is no such folder."""
    place = files("pipeline").joinpath("data", "prompts", folder)
    names = (path.name for path in place.iterdir()) if place.is_dir() else ()
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def story_prompt(prompt_id: str = "") -> StoryPrompt:
    """The story prompt with this id; "": the one for models without their own. Raises ConfigError."""
    prompt_id = prompt_id or current(EVERY_MODEL)
    if prompt_id not in story_prompts():
        raise ConfigError(
            f"unknown story prompt {prompt_id[:40]!r}: there are {', '.join(story_prompts())}",
            problem="unknown-prompt",
        )
    return StoryPrompt(read(f"stories/{prompt_id}"), read("names"))


def current(model: str) -> str:
    """The id of the story prompt in use for a model. model: its name, as in `stories models`, JumpStart's
    id, or a GGUF file's name in fingerprints."""
    models: dict[str, list[str]] = read("current")["models"]
    name = model.casefold()
    beginnings = (key for key in models if key.endswith("*") and name.startswith(key[:-1].casefold()))
    return models[model if models.get(model) else max(beginnings, key=len)][-1]
