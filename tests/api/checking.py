"""How schemathesis judges our answers, in the tests and in the long run."""

from __future__ import annotations

import schemathesis

# An idea is judged by its words, a cursor and an id by what is kept: valid by the schema is not yet accepted.
# A queue that is full is an answer as good as any. 2,000 characters may be more than 16 kB, valid or not.
_REFUSED = ["400", "404", "413", "422", "429"]
CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ["2xx", *_REFUSED]},
            "negative_data_rejection": {"expected-statuses": ["405", "415", *_REFUSED]},
        },
        "generation": {"deterministic": True},
    }
)
