"""`stories cost`: the ledger of a store, in calls, tokens, characters, seconds and US$."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from pipeline.bootstrap import build_store
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import say, table, tell
from pipeline.config.settings import Settings
from pipeline.storage.ledger import Row, payments, price_table
from pipeline.storage.ledger import rows as sums

_HEADING = (
    *("for", "engine", "calls", "tokens in", "tokens out"),
    *("characters", "audio s", "engine s", "US$"),
)


def add(commands: Commands, shared: ArgumentParser) -> None:
    add_command(commands, shared, "cost", cost, "the ledger: calls, tokens, characters, seconds, money")


def cost(options: Namespace) -> None:
    prices = price_table()
    store = build_store(Settings.from_options(os.environ, options))
    rows = sums(payments(store), prices)
    say(table([_HEADING, *(_cells(row) for row in rows)]))
    tell(f"US$ {sum(row.dollars or 0 for row in rows):.4f} in all, by prices of {prices['dated']}")


def _cells(row: Row) -> tuple[str, ...]:
    usage = row.usage
    return (
        row.of,
        row.engine,
        str(usage.calls),
        str(usage.prompt_tokens),
        str(usage.completion_tokens),
        str(usage.characters),
        f"{usage.audio_seconds:.1f}",
        f"{usage.seconds:.1f}",
        "?" if row.dollars is None else f"{row.dollars:.4f}",
    )
