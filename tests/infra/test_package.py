"""The Lambda package: small, and running with Lambda's own packages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from infra.package import stage, weigh
from tests.infra.cloudformation import ROOT

# Beside the standard library: the runtime's boto3, AWS's Powertools layer, and the wheel in the package.
_PROVIDED = """
boto3 botocore s3transfer jmespath dateutil six urllib3
aws_lambda_powertools
pydantic pydantic_core annotated_types typing_extensions typing_inspection
mutagen
"""
_GUARD = f"""
import importlib, pathlib, sys

sys.dont_write_bytecode = True

class Guard:
    provided = frozenset({_PROVIDED.split()!r}) | sys.stdlib_module_names | {{"pipeline"}}

    def find_spec(self, name, path=None, target=None):
        # The standard library's own, named after the platform.
        if name.partition(".")[0] not in self.provided and not name.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"a Lambda has no {{name}}", name=name)

staged = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(staged))
sys.meta_path.insert(0, Guard())
"""


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package") / "lambda"
    stage.stage(folder)
    return folder


def run(staged: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Runs `code` in another Python that finds only what a Lambda has, `staged` first."""
    return subprocess.run(
        [sys.executable, "-I", "-c", _GUARD + code, staged], capture_output=True, text=True, timeout=60
    )


def test_every_packed_module_imports_with_lambdas_own_packages(staged: Path) -> None:
    done = run(
        staged,
        """
for file in sorted(staged.rglob("*.py")):
    name = ".".join(file.relative_to(staged).with_suffix("").parts)
    module = importlib.import_module(name.removesuffix(".__init__"))
    assert module.__file__.startswith(str(staged)), module.__file__
    print(name)
""",
    )
    assert done.returncode == 0, done.stderr
    assert "pipeline.steps.run" in done.stdout.split()


def test_the_aws_profile_is_complete_in_the_package(staged: Path) -> None:
    done = run(
        staged,
        """
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
app = build_app(Settings.from_env({"STORIES_PROFILE": "aws", "STORIES_ENDPOINT": "e", "STORIES_BUCKET": "b"}))
print(app.text.fingerprint, *app.chains)
""",
    )
    assert done.returncode == 0, done.stderr
    assert {"en", "fr", "nl", "ar", "it"} <= set(done.stdout.split())


def test_a_table_without_its_comments_says_the_same() -> None:
    tables = sorted(file for file in stage.packaged(stage.ROOT / "pipeline") if file.suffix == ".toml")
    assert len(tables) > 10
    for file in tables:
        text = file.read_text("utf-8")
        assert tomllib.loads(stage.without_comments(text)) == tomllib.loads(text), file.name


def test_the_guard_blocks_other_packages(staged: Path) -> None:
    assert "a Lambda has no numpy" in run(staged, "import numpy").stderr


def test_the_package_is_small_with_its_wheel(staged: Path, tmp_path: Path) -> None:
    whole = tmp_path / "lambda"
    shutil.copytree(staged, whole)
    wheel = metadata.distribution("mutagen")
    for file in wheel.files or ():
        if ".." not in file.parts and file.suffix != ".pyc":
            (whole / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(wheel.locate_file(file)), whole / file)
    stage.prune(whole)
    total, files = weigh.zipped(whole)
    assert "mutagen/id3/__init__.py" in {name for name, _, _ in files}
    assert not [name for name, _, _ in files if name.startswith("mutagen/mp4")]
    assert total <= 400_000
    tagged = run(
        whole,
        """
import mutagen
from pipeline.steps import id3
assert mutagen.__file__.startswith(str(staged)), mutagen.__file__
mp3 = id3.tag(b"sound", title="A", language="fr", segments=((0, "B"),), comment="C", engines={"text": "D"})
print(mp3[:3], mp3[-5:])
""",
    )
    assert tagged.stdout == "b'ID3' b'sound'\n", tagged.stderr


def test_a_package_over_the_limit_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "noise").write_bytes(bytes(i * i * 31 % 251 for i in range(1000)))
    assert weigh.main([str(tmp_path)]) == 0
    (tmp_path / "model.bin").write_bytes(os.urandom(400_001))
    assert weigh.main([str(tmp_path)]) == 1
    assert "model.bin" in capsys.readouterr().out
    assert weigh.main([str(tmp_path / "missing")]) == 1


def test_the_wheel_is_packed_with_its_locked_version_and_hashes(staged: Path) -> None:
    requirements = (staged / "requirements.txt").read_text("utf-8")
    assert re.match(r"mutagen==\S+ \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+$", requirements)
    locked = re.search(r"^mutagen==.*$", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert locked
    assert requirements.splitlines()[0] == locked[0]


def test_a_wheel_missing_in_the_lock_is_an_error() -> None:
    with pytest.raises(LookupError, match="torch"):
        stage.locked("torch", "mutagen==1 \\\n    --hash=sha256:0\n")


def test_modules_that_a_lambda_never_runs_are_left_out(staged: Path) -> None:
    package = staged / "pipeline"
    held = {file.relative_to(package).as_posix() for file in package.rglob("*") if file.is_file()}
    for name in (
        "cli/__main__.py",
        "server/asgi.py",
        "engines/embedded/llama.py",
        "engines/aws/doctor/checks.py",
        "data/prompts/glossary.toml",  # of the local model's translations
    ):
        assert name not in held
    assert {
        "steps/run.py",
        "data/profiles/aws.toml",
        "data/prompts/stories/falcon@1.toml",
        "data/prompts/stories/story@1.toml",
        "engines/aws/polly.py",
    } <= held
    assert not any("__pycache__" in name for name in held)


def test_files_of_an_earlier_package_are_removed(tmp_path: Path) -> None:
    target = tmp_path / "lambda"
    (target / "pipeline").mkdir(parents=True)
    (target / "pipeline" / "old.py").touch()
    stage.stage(target)
    assert not (target / "pipeline" / "old.py").exists()
