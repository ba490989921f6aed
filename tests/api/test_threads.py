"""No request reads anything of another, with 64 threads at once."""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from pydantic import BaseModel

from pipeline.api.resolver import Resolver
from tests.api.calling import FakeApi, as_response, event

THREADS, TURNS = 64, 8


class Body(BaseModel):
    name: str


def mixed_up(resolver: APIGatewayRestResolver) -> int:
    """How many responses of 64 threads hold anything of another request."""

    def echo(body: Body) -> Response[Any]:
        threading.Event().wait(0.002)  # so that others come in between
        response = resolver.current_event
        view = {"name": body.name, "header": response.headers["x-name"], "body": response.json_body["name"]}
        return Response(200, "application/json", json.dumps({**view, "address": response.path}))

    for number in range(1, 1 + THREADS):
        resolver.post(f"/of/{number}")(echo)

    def send(number: int) -> int:
        name = f"name-{number}"
        headers = {"x-name": name, "content-type": "application/json"}
        request = event("POST", f"/of/{number}", json.dumps({"name": name}), headers)
        wrong = 0
        for _ in range(TURNS):
            try:
                view = as_response(resolver.resolve(request, None))
            except Exception:  # noqa: BLE001 - it fell over what another request had changed
                wrong += 1
                continue
            mine = {"name": name, "header": name, "body": name, "address": f"/of/{number}"}
            wrong += view.status != 200 or view.json != mine
        return wrong

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns between any two steps, not every 5 ms
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            return sum(pool.map(send, range(1, 1 + THREADS)))
    finally:
        sys.setswitchinterval(usual)


def test_64_concurrent_requests_each_read_their_own() -> None:
    assert mixed_up(Resolver(enable_validation=True)) == 0


def test_the_resolver_of_powertools_would_mix_them_up() -> None:
    """Why there is one of ours; once this fails, Powertools' own will do."""
    assert mixed_up(APIGatewayRestResolver(enable_validation=True)) > 0


def test_64_concurrent_stories_are_each_its_own() -> None:
    api = FakeApi(workers=4, waiting=THREADS)
    api.handler.warm()
    together = threading.Barrier(THREADS)

    def send(number: int) -> None:
        idea = f"a snail and the number n{number}n"
        together.wait(timeout=30)
        response = api("POST", "/", {"context": idea, "variant": number}, caller=f"192.0.2.{number}")
        assert response.status == 200, response
        assert response.json["context"] == idea
        assert response.json["variant"] == number
        assert f"n{number}n" in response.json["story"]
        view = api.get(f"/stories/{response.json['id']}/en")
        assert view.json["context"] == idea

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(send, range(THREADS)))
    assert api.text.stories == THREADS
