from __future__ import annotations

from pipeline.storage.ledger import Payment, price_table, rows
from pipeline.types import Usage

TABLE = {
    "prices": [
        {"prefix": "polly/"},
        {"prefix": "polly/neural", "per_million_characters": 16.0},
        {"prefix": "local/"},
    ]
}


def test_calls_are_summed_by_purpose_and_engine() -> None:
    paid = [
        Payment(
            "speak", "speak", "polly/neural/1", Usage(1, characters=100, audio_seconds=7.5, seconds=0.25)
        ),
        Payment("complete", "story@1", "local/x", Usage(1, 500, 200, seconds=4.5)),
        Payment(
            "speak", "speak", "polly/neural/1", Usage(1, characters=50, audio_seconds=3.25, seconds=0.125)
        ),
        Payment("complete", "story@1", "other/x", Usage(1, 5, 2)),
    ]
    summed = rows(paid, TABLE)
    assert [(row.of, row.engine) for row in summed] == [
        ("speak", "polly/neural/1"),
        ("story@1", "local/x"),
        ("story@1", "other/x"),
    ]
    assert summed[0].usage == Usage(2, characters=150, audio_seconds=10.75, seconds=0.375)


def test_price_is_by_the_longest_prefix_and_none_for_unknown_engines() -> None:
    def dollars(engine: str) -> float | None:
        (row,) = rows([Payment("speak", "speak", engine, Usage(1, characters=250_000))], TABLE)
        return row.dollars

    assert dollars("polly/neural/1") == 4.0  # a quarter of a million, at 16 dollars a million
    assert dollars("polly/standard/1") == 0.0
    assert dollars("local/qwen") == 0.0
    assert dollars("somebody/else") is None


def test_the_shipped_table_is_dated_and_local_engines_are_free() -> None:
    table = price_table()
    assert table["dated"].startswith("20")
    local = (
        "llama.cpp/x/1",
        "fake/text/1",
        "kokoro/x",
        "hibari/x",
        "espeak-ng/1",
        "bergamot/x",
        "firefox/x",
        "ctranslate2/x",
    )
    paid = [Payment("speak", "speak", engine, Usage(1, 10**6, 10**6, 10**6)) for engine in local]
    assert [row.dollars for row in rows(paid, table)] == [0.0] * len(local)


def test_an_endpoint_costs_by_the_seconds_that_it_worked() -> None:
    table = {"prices": [{"prefix": "sagemaker/", "per_hour": 1.5}]}
    (row,) = rows(
        [Payment("complete", "story@1", "sagemaker/falcon/1", Usage(1, 900, 200, seconds=12.0))], table
    )
    assert row.dollars == 0.005  # 12 s of an hour at 1.50 dollars


def test_a_model_of_bedrock_costs_by_the_token() -> None:
    """Nova Lite: 0.06 dollars a million tokens in, 0.24 out (Bedrock's price page, November 2026)."""
    usage = Usage(1, prompt_tokens=2_000_000, completion_tokens=500_000)
    engines = (
        "bedrock/amazon.nova-lite-v1-0/1",
        "bedrock/amazon.nova-lite-v1-0/guard-1/1",
        "bedrock/other/1",
    )
    priced = rows([Payment("complete", "story@1", engine, usage) for engine in engines], price_table())
    assert {row.engine: row.dollars for row in priced} == dict(zip(engines, (0.24, 0.24, None), strict=True))


def test_the_shipped_table_knows_every_service_that_is_billed() -> None:
    engines = ("sagemaker/x/1", "translate/amazon/informal/1", "translate/amazon/auto/1", "polly/neural/1")
    paid = [Payment("any", "any", engine, Usage(1, characters=1000, seconds=1.0)) for engine in engines]
    assert all((row.dollars or 0) > 0 for row in rows(paid, price_table()))
