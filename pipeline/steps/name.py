"""A name, spoken once so that a family can hear whether it is said right: nothing is kept of it."""

from __future__ import annotations

from pipeline.app import Chain
from pipeline.errors import EngineError
from pipeline.storage.cache import uncached
from pipeline.types import Hero, Narration


def say_name(chain: Chain, hero: Hero) -> Narration:
    """Raises EngineError, of the class and problem of the voice's own, but without the name: it is logged."""
    try:
        return uncached(chain.speech).synthesize(hero.sounds or hero.name, chain.voice)
    except EngineError as error:
        raise type(error)(
            f"{chain.speech.fingerprint} could not say a name", engine=error.engine, problem=error.problem
        ) from None
