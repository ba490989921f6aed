"""Copies of a finished story: editions by the hundred thousand in minutes, without a step of the pipeline."""

from __future__ import annotations

from dataclasses import replace

from pipeline.batch.items import Item
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.digest import content
from pipeline.storage.keys import WRITTEN_IN
from pipeline.storage.records import dump, load_manifest, load_request, load_text


class Copies:
    """Of one English story, with the files that it has in the folder of its id, each under a new id."""

    def __init__(self, store: Store, story_id: str) -> None:
        request, text, manifest = (
            keys.request(story_id),
            keys.text(story_id, WRITTEN_IN),
            keys.manifest(story_id, WRITTEN_IN),
        )
        self._store = store
        self._request = load_request(store.get(request), request)
        self._text = load_text(store.get(text), text)
        self._manifest = load_manifest(store.get(manifest), manifest)
        self._mp3 = store.get(self._manifest.mp3)
        self._sounds = {key: file for key, file in self._manifest.files.items() if key.startswith("cache/")}

    def add(self, item: Item) -> None:
        """Complete where the item is in English."""
        request = replace(self._request.request, context=item.context)
        text = replace(self._text, story=replace(self._text.story, id=item.id), idea=item.context)
        own = {
            keys.text(item.id, WRITTEN_IN): dump(text),
            keys.mp3(item.id, WRITTEN_IN, self._mp3): self._mp3,
        }
        manifest = replace(
            self._manifest,
            story_id=item.id,
            context=item.context,
            idea=item.context,
            mp3=keys.mp3(item.id, WRITTEN_IN, self._mp3),
            files=self._sounds | {key: content(data) for key, data in own.items()},
        )
        own[keys.request(item.id)] = dump(replace(self._request, request=request))
        own[keys.manifest(item.id, WRITTEN_IN)] = dump(manifest)
        for key, data in own.items():
            self._store.put(key, data)
