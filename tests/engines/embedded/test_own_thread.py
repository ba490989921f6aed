"""A thread that keeps what may only be used and dropped on it."""

from __future__ import annotations

import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.engines.embedded.own_thread import Kept, OwnThread
from pipeline.errors import ConfigError, EngineError


class Native:
    """Records on which thread it was created, used and dropped."""

    def __init__(self, places: list[int]) -> None:
        self.places = places
        self.use()

    def use(self) -> None:
        self.places.append(threading.get_ident())

    def __del__(self) -> None:
        self.use()


def test_all_calls_run_on_one_thread_whoever_makes_them() -> None:
    own, places = OwnThread("test"), []

    def create(kept: Kept) -> None:
        kept["native"] = Native(places)

    own.call(create)
    for _ in range(2):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: own.call(lambda kept: kept["native"].use()), range(16)))
    assert len(places) == 33
    assert len(set(places)) == 1
    assert threading.get_ident() not in places


def test_what_it_keeps_is_dropped_on_it() -> None:
    places: list[int] = []
    own = OwnThread("test")
    own.call(lambda kept: kept.setdefault("native", Native(places)) and None)
    (thread,) = [thread for thread in threading.enumerate() if thread.ident == places[0]]
    del own
    gc.collect()
    thread.join(60)
    assert not thread.is_alive()
    assert places == [thread.ident, thread.ident]


def test_a_failed_call_leaves_nothing_of_the_thread_behind() -> None:
    places: list[int] = []
    own = OwnThread("test")

    def fail(kept: Kept) -> None:
        native = kept["native"] = Native(places)
        try:
            raise ValueError(native)
        except ValueError as error:
            raise ConfigError("no such file", problem="missing-weights") from error

    with pytest.raises(ConfigError, match="no such file") as raised:
        own.call(fail)
    assert raised.value.problem == "missing-weights"
    own.call(lambda kept: kept.clear())
    assert len(places) == 2
    assert len(set(places)) == 1


@pytest.mark.parametrize("failure", [ValueError("bad"), SystemExit("bad"), KeyboardInterrupt("bad")])
def test_any_other_failure_is_the_engines_and_the_thread_lives_on(failure: BaseException) -> None:
    own = OwnThread("test")

    def fail(_: Kept) -> None:
        raise failure

    with pytest.raises(EngineError, match="test gave no answer: bad"):
        own.call(fail)
    assert own.call(lambda _: 7) == 7


def test_no_thread_starts_before_the_first_call() -> None:
    before = threading.active_count()
    OwnThread("test")
    assert threading.active_count() == before


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_a_thread_of_its_own() -> None:
    own = OwnThread("test")
    own.call(lambda kept: kept.update(answer=1))
    child = os.fork()
    if child == 0:
        os._exit(own.call(lambda kept: len(kept)))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
