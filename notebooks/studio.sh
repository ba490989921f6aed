#!/bin/sh
# SageMaker Studio: all that the notebooks need, in an environment of its own, as the kernel "Stories".
#
# In a cell or a terminal:  !sh studio.sh        As a lifecycle script:  sh mvp-stories/notebooks/studio.sh
# Python 3.11 to 3.13: PYTHON=python3.12; where it goes: STORIES_VENV. Run again, it only brings up to date.
set -eu
project=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
venv=${STORIES_VENV:-$HOME/.local/share/mvp-stories/venv}
lock=$project/requirements-studio.txt

"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || {
  echo "Python 3.11 to 3.13 is needed; $python is $("$python" --version). Choose another: PYTHON=python3.12 sh studio.sh" >&2
  exit 1
}
# Also where an earlier run was interrupted.
"$venv/bin/python" -m pip --version > /dev/null 2>&1 || "$python" -m venv "$venv"
# uv, at the lock's version and hashes; it takes seconds where pip takes minutes. The lock is whole: --no-deps.
awk '/^uv==/ {on=1} on {print} on && !/\\$/ {exit}' "$lock" > "$venv/uv.txt"
"$venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r "$venv/uv.txt"
echo "Installing what the notebooks need into $venv (1.6 GB, once)"
"$venv/bin/uv" pip install -q --python "$venv/bin/python" --no-deps --require-hashes -r "$lock"
"$venv/bin/uv" pip install -q --python "$venv/bin/python" --no-deps --no-build-isolation -e "$project"
"$venv/bin/python" -m ipykernel install --user --name stories --display-name "Stories" > /dev/null
echo 'Ready: choose the kernel "Stories" (Kernel, Change Kernel), then run a notebook from top to bottom.'
