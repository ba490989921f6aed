"""What exports read of a store: editions by their manifests, and sounds that are what was stored."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from pipeline.errors import DamagedError, NotFoundError
from pipeline.exports.transcript import Transcript, transcript
from pipeline.ports import Store
from pipeline.steps.committed import read_manifest, text
from pipeline.storage import keys
from pipeline.storage.integrity import CorruptError
from pipeline.storage.sounds import sound
from pipeline.types import Manifest


def edition(store: Store, story_id: str, name: str) -> Transcript:
    """name: of the edition, as in editions.py. Raises NotFoundError, DamagedError."""
    try:
        manifest = read_manifest(store, story_id, name)
    except NotFoundError as error:
        raise NotFoundError(
            f"story {story_id[:8]} is not complete in {name[:40]}: "
            f"stories make --id {story_id[:8]} --locale {name[:40]}"
        ) from error
    english = None
    with suppress(NotFoundError, DamagedError):
        english = text(store, story_id, keys.WRITTEN_IN).story
    return replace(transcript(manifest), english=english, idea=manifest.idea)


def mp3(store: Store, of: Transcript | Manifest) -> bytes:
    """The whole sound of an edition. Raises NotFoundError: it was deleted. DamagedError: it is not what was
    made.
    """
    again = f"it is made again by: {_command(of)}"
    try:
        return sound(of.mp3, store.get(of.mp3))
    except CorruptError as error:
        raise DamagedError(f"{of.mp3} is damaged; {again}") from error
    except NotFoundError as error:
        raise NotFoundError(f"{of.mp3} is gone; {again}") from error


def _command(of: Transcript | Manifest) -> str:
    spoken = f" --voice {of.voice} --pace {of.pace:g}" if of.voice else ""
    return f"stories make --id {of.story_id[:8]} --locale {of.locale}{spoken}"
