"""One PUT of a zip to the URL that Amplify signed for it."""

from __future__ import annotations

import time
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from infra.stack import RefusedError

_TRIES = 4
_SECONDS = 120.0


def put(url: str, body: bytes, pause: float = 1.0) -> None:
    """Tries anew after `pause` seconds, then twice that, where the network or the store fails.

    Raises RefusedError, which does not tell the URL: who has it may write there.
    """
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            # The URL is Amplify's own answer; S3 wants a length, which bytes have.
            asked = Request(url, body, {"Content-Type": "application/zip"}, method="PUT")  # noqa: S310
            with urlopen(asked, timeout=_SECONDS):  # noqa: S310
                return
        except HTTPError as error:
            problem = f"{error.code} {error.reason}"
            error.close()
            if error.code < 500 and error.code != 429:
                break
        except (OSError, HTTPException) as error:
            problem = str(error) or type(error).__name__
    raise RefusedError(f"The page could not be uploaded to Amplify ({problem}): run it again.")
