"""How schemathesis checks our responses, in the tests and in the long run."""

from __future__ import annotations

import schemathesis

# The schema knows neither which words an idea may have nor which ids exist, and a queue may be full; 2,000
# characters may be more than 16 kB. Nor does it know who is a grown-up.
_REJECTED = ["400", "403", "404", "413", "422", "429"]
CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ["2xx", *_REJECTED]},
            "negative_data_rejection": {"expected-statuses": ["405", "415", *_REJECTED]},
        },
        "generation": {"deterministic": True},
    }
)
