"""`stories doctor` on the second check of ideas: whether it is on, and what its absence means."""

from __future__ import annotations

import pytest

from pipeline.bootstrap import parts
from pipeline.cli import doctor
from tests.command import Done, Stories


def line(done: Done) -> str:
    return next(line for line in done.out.splitlines() if "ideas by meaning" in line)


def on_a_machine(monkeypatch: pytest.MonkeyPatch, system: str, machine: str, installed: bool) -> None:
    monkeypatch.setattr(parts, "find_spec", lambda _: object() if installed else None)
    monkeypatch.setattr(doctor.platform, "system", lambda: system)
    monkeypatch.setattr(doctor.platform, "machine", lambda: machine)


def test_the_second_check_is_on_where_its_package_is(
    stories: Stories, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_machine(monkeypatch, "Linux", "x86_64", installed=True)
    on = line(stories("doctor", "--profile", "embedded"))
    assert on.startswith("ok  ideas by meaning: on: ")
    assert "docs/safety.md" in on


@pytest.mark.parametrize(
    ("system", "machine"), [("Darwin", "arm64"), ("Windows", "AMD64"), ("Linux", "aarch64")]
)
def test_a_machine_that_cannot_have_the_second_check_is_no_fault(
    stories: Stories, monkeypatch: pytest.MonkeyPatch, system: str, machine: str
) -> None:
    on_a_machine(monkeypatch, system, machine, installed=False)
    off = line(stories("doctor", "--profile", "embedded"))
    assert off.startswith("ok  ideas by meaning: off (it runs on Linux on x86-64 only): ")
    assert "words alone" in off
    assert "docs/safety.md" in off


def test_a_package_that_could_be_here_is_asked_for(stories: Stories, monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_machine(monkeypatch, "Linux", "x86_64", installed=False)
    done = stories("doctor", "--profile", "embedded")
    assert line(done).startswith("NO  ideas by meaning: off (not installed): ")
    assert "make setup" in done.out
    assert "ideas by meaning" in done.err


def test_a_profile_without_the_second_check_is_ready_all_the_same(stories: Stories) -> None:
    done = stories("doctor", "--profile", "fake")
    assert line(done).startswith("ok  ideas by meaning: off (the profile fake has none): ")
    assert done.status == 0


def test_the_profile_aws_says_that_it_has_no_second_check(stories: Stories) -> None:
    done = stories("doctor", "--profile", "aws", env={**stories.environment(), "AWS_REGION": ""})
    assert line(done).startswith("ok  ideas by meaning: off (the profile aws has none): ")
