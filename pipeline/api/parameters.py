"""The parameters of the routes: of a path, a query or a header."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from pipeline.api import models
from pipeline.storage import family, shelf
from pipeline.storage.editions import FASTEST, SLOWEST
from pipeline.storage.keys import STORY_ID

_ID = rf"^{STORY_ID}$"

StoryId = Annotated[
    str, Path(pattern=_ID, description="Of an earlier response: 32 hex digits, after a p where it is private")
]
Tag = Annotated[str, Path(min_length=2, max_length=models.LONGEST_TAG, description="BCP-47")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Of your own making: for 24 hours, the same key means the same story",
    ),
]
Cursor = Annotated[str | None, Query(pattern=f"^{shelf.CURSOR.pattern}$", description="Of the page before")]
Pin = Annotated[
    str | None,
    Header(
        alias="X-Pin", max_length=8, description="The grown-ups' PIN, where GET /pin says that it is needed"
    ),
]
Place = Annotated[str | None, Query(pattern=f"^{family.CURSOR.pattern}$", description="Of the page before")]
First = Annotated[
    str | None,
    Query(min_length=2, max_length=models.LONGEST_TAG, description="Each story in this locale, where it is"),
]
Only = Annotated[
    str | None, Query(min_length=2, max_length=models.LONGEST_TAG, description="Only this locale")
]
By = Annotated[str | None, Query(min_length=1, max_length=40, description=models.VOICE)]
Name = Annotated[str, Path(min_length=1, max_length=40, description="Of GET /locales")]
At = Annotated[float | None, Query(ge=SLOWEST, le=FASTEST, description=models.PACE)]
