"""MLflow: what a notebook keeps of its figures, plots and tables, beside those of earlier days.

Where it is kept: `MLFLOW_TRACKING_URI`, as http://127.0.0.1:5000 or the ARN of a SageMaker MLflow app; else
mlflow.db in the store's folder, which `mlflow ui --backend-store-uri sqlite:///out/mlflow.db` shows.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.notebooks.experiment.intervals import Interval

OFF = "off"
_FILE, _SQLITE = "mlflow.db", "sqlite:///"
# With sagemaker-mlflow installed, it warns at every request to a server that is not SageMaker's.
_HEADERS = logging.getLogger("mlflow.tracking.request_header.registry")


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of one MLflow run.

    parameters: texts and numbers. figures: numbers; an Interval gives three. tables: pandas' DataFrames by
    file name. plots: matplotlib's figures.
    """

    name: str
    parameters: Mapping[str, Any]
    figures: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict)
    plots: Mapping[str, Any] = field(default_factory=dict)


def keep(experiment: str, whole: Record, parts: Sequence[Record], out: Path, uri: str = "") -> str:
    """Keeps `whole` as a run of the experiment, and `parts` as runs below it; where they are, in words.

    uri: "" for what the environment says, "off" to keep nothing. Raises ConfigError: it cannot be reached.
    """
    if uri == OFF:
        return "Nothing is kept in MLflow."
    import mlflow

    with server(out, uri) as where:
        _choose(experiment, out, where)
        with mlflow.start_run(run_name=whole.name) as run:
            _log(whole)
            for part in parts:
                with mlflow.start_run(run_name=part.name, nested=True):
                    _log(part)
    return f"Kept in MLflow, {where}: experiment {experiment!r}, run {whole.name!r} ({run.info.run_id[:8]})."


@contextmanager
def server(out: Path, uri: str = "") -> Iterator[str]:
    """MLflow's address, set for what is called inside; what was set before is set again after.

    Raises ConfigError: it cannot be reached.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    where = uri or os.environ.get("MLFLOW_TRACKING_URI") or f"{_SQLITE}{out.absolute() / _FILE}"
    if where.startswith(_SQLITE):
        Path(where.removeprefix(_SQLITE)).parent.mkdir(parents=True, exist_ok=True)
    before, level = mlflow.get_tracking_uri(), _HEADERS.level
    mlflow.set_tracking_uri(where)
    if not where.startswith("arn:"):
        _HEADERS.setLevel(logging.ERROR)
    try:
        yield where
    except MlflowException as error:
        raise ConfigError(
            f"MLflow at {where} refuses, or does not answer ({str(error).splitlines()[0][:200]}): start it, "
            f'name another by MLFLOW_TRACKING_URI, or set mlflow_uri = "{OFF}"',
            problem="no-mlflow",
        ) from error
    finally:
        mlflow.set_tracking_uri(before)
        _HEADERS.setLevel(level)


def _choose(experiment: str, out: Path, where: str) -> None:
    """Creates the experiment where it is new."""
    import mlflow

    if mlflow.get_experiment_by_name(experiment) is None:
        # A server knows where its files go; a local database would have them in the current folder.
        folder = (out.absolute() / "mlflow").as_uri() if where.startswith(_SQLITE) else None
        mlflow.create_experiment(experiment, artifact_location=folder)
    mlflow.set_experiment(experiment)


def _log(record: Record) -> None:
    """Into the active run."""
    import mlflow

    mlflow.log_params({name: str(value)[:500] for name, value in record.parameters.items()})
    mlflow.log_metrics(numbers(record.figures))
    mlflow.set_tags(dict(record.tags))
    for name, table in record.tables.items():
        mlflow.log_table(table.reset_index(drop=True), f"{name}.json")
    for name, plot in record.plots.items():
        mlflow.log_figure(plot, f"{name}.png")


def numbers(figures: Mapping[str, Any]) -> dict[str, float]:
    """Without those that are not known (NaN, infinite, None), which MLflow cannot compare."""
    flat: dict[str, Any] = {}
    for name, value in figures.items():
        if isinstance(value, Interval):
            flat |= {name: value.mean, f"{name}_low": value.low, f"{name}_high": value.high}
        else:
            flat[name] = value
    return {name: float(value) for name, value in flat.items() if value is not None and math.isfinite(value)}
