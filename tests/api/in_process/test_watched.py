from __future__ import annotations

import threading

import pytest

from pipeline.api.in_process.learned import Learned
from pipeline.api.in_process.watched import Watch
from pipeline.api.runner import Outlook
from pipeline.engines.fake import MemoryStore
from pipeline.ports import Progress
from pipeline.steps.accept import accept
from pipeline.steps.generate import generate
from pipeline.types import Narration
from tests.making import Listener, fake_app

SECONDS = 4000  # of sound, in milliseconds


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> Watch:
    return Watch(fake_app(MemoryStore()), Learned(None), clock)


def speak(progress: Progress, number: int) -> None:
    progress.spoke(number, Narration(b"", "audio/wav", SECONDS, ()))


def a_story(watch: Watch, clock: Clock, name: str, edition: str = "en") -> None:
    """A story that is written in 10 s, and has three sentences of 4 s, spoken in 2 s each."""
    with watch.story((name, edition), Listener()) as progress:
        with progress.step("write", 1, "token"):
            clock.now += 10
        with progress.step("speak", 3, "sentence"):
            for number in range(3):
                clock.now += 2
                speak(progress, number)


def test_nothing_is_promised_before_the_first_story(watch: Watch) -> None:
    assert watch.outlook(("a", "en"), 0, 2) == Outlook(0, None, None, None)


def test_what_the_last_story_took_is_what_the_next_may_expect(watch: Watch, clock: Clock) -> None:
    a_story(watch, clock, "a")
    assert watch.outlook(("b", "en"), 0, 2) == Outlook(0, 12, 16, 2)
    with watch.story(("b", "en"), Listener()) as progress:
        with progress.step("write", 1, "token"):
            clock.now += 4
            assert watch.outlook(("b", "en"), 0, 2) == Outlook(0, 8, 12, 2)
            clock.now += 30  # a slower one: soon, and never less than nothing
            assert watch.outlook(("b", "en"), 0, 2) == Outlook(0, 2, 6, 2)
        with progress.step("speak", 3, "sentence"):
            clock.now += 1
            assert watch.outlook(("b", "en"), 0, 2) == Outlook(0, 1, 5, 2)
            speak(progress, 0)
            assert watch.outlook(("b", "en"), 0, 2) == Outlook(0, 0, 5, 2)
            clock.now += 8
            speak(progress, 1)
            assert watch.outlook(("b", "en"), 0, 2).sound_rate == 0.5  # its own, once it is known


def test_what_a_story_in_scenes_took_is_what_the_next_one_of_its_length_may_expect(
    watch: Watch, clock: Clock
) -> None:
    a_story(watch, clock, "a")
    first, second = (accept(watch.app, idea, length="good-night") for idea in ("a kite", "a boat"))
    with watch.story((first, "en"), Listener()) as progress:
        with progress.step("write", 1, "token"):
            clock.now += 10
        speak(progress, 0)  # while its next scene is written
        with progress.step("write", 1, "token"):
            clock.now += 20
        speak(progress, 1)
    assert watch.outlook((second, "en"), 0, 2) == Outlook(0, 10, 30, 0.2)
    assert watch.outlook(("b", "en"), 0, 2) == Outlook(0, 12, 16, 2)


def test_a_queue_is_a_part_of_the_time(watch: Watch, clock: Clock) -> None:
    a_story(watch, clock, "a")
    assert watch.outlook(("b", "en"), 5, 2) == Outlook(5, 2 * 16 + 12, 2 * 16 + 16, 2)


def test_a_story_that_is_written_already_is_not_expected_to_be(watch: Watch, clock: Clock) -> None:
    story_id = accept(watch.app, "a shy snail")
    a_story(watch, clock, "a", "fr")
    assert watch.outlook((story_id, "fr"), 0, 2).first_word == 12
    generate(watch.app, story_id, Listener())
    assert watch.outlook((story_id, "fr"), 0, 2).first_word == 2


def test_each_language_and_voice_has_its_own_figures(watch: Watch, clock: Clock) -> None:
    a_story(watch, clock, "a", "fr")
    assert watch.outlook(("b", "en"), 0, 2) == Outlook(0, None, None, None)


def test_what_was_there_already_and_what_failed_teach_nothing(watch: Watch, clock: Clock) -> None:
    with watch.story(("a", "en"), Listener()) as progress:
        for name in ("write", "speak"):
            with progress.step(name, 1, "token"):
                clock.now += 0.1
        speak(progress, 0)
    with pytest.raises(RuntimeError), watch.story(("b", "en"), Listener()) as progress:  # noqa: PT012
        with progress.step("write", 1, "token"):
            clock.now += 10
        raise RuntimeError
    assert watch.outlook(("c", "en"), 0, 2) == Outlook(0, None, None, None)


def write(watch: Watch, name: str, writing: threading.Event) -> threading.Thread:
    def make() -> None:
        with watch.story((name, "en"), Listener()) as progress, progress.step("write", 1, "token"):
            writing.set()

    thread = threading.Thread(target=make)
    thread.start()
    return thread


def test_a_story_that_is_passed_over_teaches_nothing(watch: Watch, clock: Clock) -> None:
    job = "a", "en"
    with watch.story(job, Listener()) as progress, progress.step("speak", 10, "sentence"):
        clock.now += 2
        for number in range(10):  # at once, but for one
            speak(progress, number)
        watch.pass_over(job)
    assert watch.outlook(("b", "en"), 0, 2) == Outlook(0, None, None, None)


@pytest.mark.parametrize(("seconds", "goes_first"), [(4, True), (1, False)])
def test_writing_waits_for_a_slow_voice_of_a_story_before_it(
    watch: Watch, clock: Clock, seconds: float, goes_first: bool
) -> None:
    """Sentences of 4 s: a voice that takes as long for each is slow, one that takes 1 s is not."""
    writing = threading.Event()
    with watch.story(("a", "en"), Listener()) as progress:
        for number in range(2):
            clock.now += seconds
            speak(progress, number)
        if goes_first:
            assert watch._has_slow_voice_before(("b", "en"))
        else:
            assert not watch._has_slow_voice_before(("b", "en"))
        thread = write(watch, "b", writing)
        if not goes_first:
            assert writing.wait(60)
    thread.join(60)
    assert writing.is_set()
