"""The grown-ups' PIN of a store: kept as a salted hash, in the folder that its owner alone may read."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from pipeline.errors import NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.integrity import opened, sealed

KEY = f"{keys.PRIVATE}pin.json"
LEAST, MOST = 4, 8
# scrypt's costs: 16 MB and about 50 ms a try. That slows down whoever guesses here; who has the disk has the
# stories too, and no hash of four digits holds against them.
_N, _R, _P = 2**14, 8, 1


def is_set(store: Store) -> bool:
    return next(store.list(KEY), None) == KEY


def choose(store: Store, pin: str) -> None:
    """Sets the PIN, in place of any other. Raises RequestError: it is not 4 to 8 digits."""
    if not (pin.isascii() and pin.isdecimal() and LEAST <= len(pin) <= MOST):
        raise RequestError(f"a PIN is {LEAST} to {MOST} digits", problem="bad-pin")
    salt = secrets.token_hex(16)
    store.put(KEY, sealed({"salt": salt, "hash": _hash(pin, salt)}))


def clear(store: Store) -> None:
    """No PIN is set from now on."""
    store.delete([KEY])


def matches(store: Store, pin: str) -> bool:
    """Raises RequestError "no-pin": none is set. DamagedError: it cannot be read, and nothing matches it."""
    try:
        data = store.get(KEY)
    except NotFoundError as error:
        raise RequestError("no PIN is set yet", problem="no-pin") from error
    with opened(data, KEY) as body:
        salt, expected = str(body["salt"]), str(body["hash"])
    return hmac.compare_digest(_hash(pin, salt), expected)


def _hash(pin: str, salt: str) -> str:
    data = pin.encode("utf-8", "replace")
    return hashlib.scrypt(data, salt=salt.encode(), n=_N, r=_R, p=_P, dklen=32).hex()
