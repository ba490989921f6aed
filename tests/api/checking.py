"""How schemathesis judges our answers, in the tests and in the long run."""

from __future__ import annotations

import schemathesis

# An idea is judged by its words, a cursor and an id by what is kept: valid by the schema is not yet accepted.
# A queue that is full is an answer as good as any.
CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404", "422", "429"]},
        },
        "generation": {"deterministic": True},
    }
)
