"""`python -m infra.mwaa`: the DAGs under the versions of MWAA's images, laid out as MWAA lays them out.

For each Airflow version an environment of its own (.venv-mwaa-<version>, Python 3.12), installed by the
constraints that MWAA uses: the image's packages, and requirements.txt with the wheel of plugins.zip. In a
folder that has nothing else of the project, check.py then imports the DAGs and runs them against the local
AWS. Of the image it lacks psycopg2 and pycurl, which need a compiler, and what only MWAA's own code imports.
"""
# ruff: noqa: T201, S603 - a command prints, and starts uv and Python

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.local_aws import LocalAws, seed

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
VERSIONS = ("3.2.1", "3.3.1")
# images/airflow/<version>/requirements.txt in aws/amazon-mwaa-docker-images.
IMAGE = "apache-airflow[celery,statsd]=={version}\napache-airflow-providers-amazon[aiobotocore]\n"
# Where MWAA has its folders: dags, plugins.
MWAA_HOME = "/usr/local/airflow"
_UV = Path(sys.executable).with_name("uv")
_INSTALL_SECONDS, _CHECK_SECONDS = 900, 600
# Of this process, of no use to the other environment or harmful to it.
_NOT_PASSED_ON = ("STORIES_", "AIRFLOW", "AWS_", "PYTHON", "VIRTUAL_ENV")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("versions", nargs="*", default=VERSIONS, help="of Airflow: 3.2.1 3.3.1")
    parser.add_argument("--python", default="python3.12", help="MWAA's is 3.12")
    options = parser.parse_args(arguments)
    if unknown := set(options.versions) - set(VERSIONS):
        parser.error(f"no constraints of {', '.join(sorted(unknown))} are here: {', '.join(VERSIONS)}")
    try:
        statuses = [run(version, options.python) for version in options.versions]
    except subprocess.CalledProcessError as error:
        hint = "MWAA has Python 3.12: name yours by MWAA_PYTHON=…" if "venv" in error.cmd else "see above"
        print(f"The environment could not be made (exit {error.returncode}): {hint}", file=sys.stderr)
        return 1
    return max(statuses)


def run(version: str, python: str) -> int:
    """check.py's exit status. Raises CalledProcessError: the environment could not be made."""
    with tempfile.TemporaryDirectory() as temporary, LocalAws("fake", endpoint_delay=0.0) as aws:
        home = Path(temporary, "airflow")
        shutil.copytree(ROOT / "dags", home / "dags", ignore=shutil.ignore_patterns("__pycache__"))
        _uv("build", "--quiet", "--out-dir", home / "plugins", ROOT)
        environment = install(version, python, home)
        return subprocess.run(
            [environment, "-W", "ignore", shutil.copy(HERE / "check.py", home)],
            cwd=home,
            # A bucket of its own: moto keeps what an earlier version made.
            env={**_environ(), **aws.environment, **_settings(home, environment, aws.make_bucket())},
            timeout=_CHECK_SECONDS,
            check=False,
        ).returncode


def install(version: str, python: str, home: Path) -> Path:
    """The environment's Python, with the image's packages and those of requirements.txt."""
    venv = ROOT / f".venv-mwaa-{version}"
    if not (venv / "bin" / "python").exists():
        print(f"Making {venv.name} (800 MB, once)", flush=True)
        _uv("venv", "--quiet", "--clear", "--no-python-downloads", "--python", python, venv)
    image, requirements = home / "image.txt", home / "requirements.txt"
    image.write_text(IMAGE.format(version=version), "utf-8")
    text = (HERE / "requirements.txt").read_text("utf-8").replace(MWAA_HOME, str(home))
    requirements.write_text(text, "utf-8")
    by = ("-c", HERE / f"constraints-{version}.txt", "--reinstall-package", "mvp-stories")
    _uv("pip", "install", "--quiet", "--python", venv, "-r", image, "-r", requirements, *by)
    return venv / "bin" / "python"


def _settings(home: Path, python: Path, bucket: str) -> dict[str, str]:
    return {
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # What passes has nothing to say; a task that fails logs an error with its traceback.
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "STORIES_PROFILE": "aws",
        "STORIES_BUCKET": bucket,
        "STORIES_SAGEMAKER_MODEL": seed.ENDPOINT,
        "STORIES_LOOK_SECONDS": "1",
    }


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}


def _uv(*command: str | Path) -> None:
    subprocess.run([_UV, *command], check=True, timeout=_INSTALL_SECONDS)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
