"""What the deploying notebook is told, checked before anything starts, and what is around its SDK's calls."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pipeline
from pipeline.config import env_file
from pipeline.config.profiles import profile
from pipeline.engines.aws import parameters
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.doctor.checks import parse_arn
from pipeline.engines.aws.endpoint.autoscaling import scaled, unscale
from pipeline.engines.aws.endpoint.status import Endpoint, find_endpoint
from pipeline.engines.aws.endpoint.takedown import delete_remains
from pipeline.engines.aws.errors import mapped_errors
from pipeline.engines.aws.prompt_formats import format_of
from pipeline.errors import ConfigError, RequestError, StoriesError
from pipeline.story import ideas
from pipeline.story.word_filter import word_filter

# What each text may be (whole), and how that is said. SageMaker's endpoint names have 63 characters; IAM
# compares ARNs letter by letter and theirs have small letters; the SDK gives "endpoint" an ending of its own.
_TEXTS = {
    "model_id": (r"[a-z0-9][a-z0-9-]+", "a JumpStart id, as in huggingface-llm-falcon-7b-instruct-bf16"),
    "instance_type": (r"ml\.[a-z0-9-]+\.[a-z0-9-]+", "a type of SageMaker, as in ml.g5.2xlarge"),
    "endpoint_name": (
        r"(?!endpoint$)(?=.{1,63}$)[a-z0-9](-?[a-z0-9])*",
        'small letters, digits and single hyphens, at most 63, and not "endpoint"',
    ),
    "role": (r"|arn:[\w-]+:iam::\d{12}:role/\S+", '"" or the ARN of an IAM role that SageMaker may assume'),
    "region": (r"|[a-z]{2}(-[a-z]+)+-\d", '"" or a region, as in eu-west-1'),
    "env_file": (r".*", '"" or a path'),
    "ssm_parameter": (
        r"|(/[A-Za-z0-9_.-]+)+",
        '"" or a name that begins with /, as in /mvp-stories/endpoint',
    ),
    "idea": (r".+", "one line"),
}
# How that is said; of what types; the least and the most.
_WHOLE, _ANY = ("a whole number", (int,)), ("a number", (int, float))
_NUMBERS: dict[str, tuple[tuple[str, tuple[type, ...]], float, float]] = {
    "autoscale": (_WHOLE, 0, 100),
    "stories": (_WHOLE, 1, 100),
    "look_seconds": (_ANY, 0.05, 60),
}


@dataclass(frozen=True, slots=True)
class Deployment:
    """The notebook's parameters. region: never empty. env_file: a path. look_seconds: between two looks."""

    model_id: str
    instance_type: str
    endpoint_name: str
    role: str
    region: str
    env_file: Path
    ssm_parameter: str
    autoscale: int
    stories: int
    idea: str
    look_seconds: float
    clean_up: bool

    @classmethod
    def of(cls, **told: Any) -> Deployment:
        """Raises RequestError or ConfigError, naming the parameter and what it may be."""
        _check(told)
        format_of(told["model_id"])
        idea = ideas.accept(told["idea"], word_filter())
        file = _env_path(told["env_file"])
        env_file.check(file)
        region = str(Clients(told["region"]).get("sagemaker").meta.region_name)
        return cls(**{**told, "region": region, "env_file": file, "idea": idea})

    def caller(self, clients: Clients) -> str:
        """In words, without a name or more of the account's number than its end. Raises StoriesError."""
        with mapped_errors("sts", "AWS STS"):
            arn = str(clients.get("sts").get_caller_identity()["Arn"])
        found = parse_arn(arn)
        return f"{found}, of the account …{found.account[-4:]}" if found else arn

    def seen(self, there: Endpoint | None) -> str:
        """What stands under its name, in words; also if that is on other instances than were asked for."""
        if there is None:
            return "is not there yet"
        other = {one.kind for one in there.instances} != {self.instance_type}
        more = f": it is used as it is, not on the {self.instance_type} that instance_type asks for"
        return f"{there.summary}, on {there.on}{more if other else ''}"

    def clear(self, clients: Clients) -> tuple[str, ...]:
        """What a deployment that broke off left, a configuration and a model of its name, is deleted.

        Also a model that `--keep-model` kept: the SDK would serve it, whatever is in it. So this comes last
        before the new one is made. Raises ConfigError where an endpoint of that name stands: nothing goes.
        """
        if there := find_endpoint(clients, self.endpoint_name):
            raise ConfigError(
                f"the endpoint {there.name} {there.summary}: nothing is cleared while it stands; use it, or "
                f"`stories endpoints delete {there.name}`",
                problem="config",
            )
        return delete_remains(clients, self.endpoint_name)

    def unscale(self, clients: Clients) -> tuple[str, ...]:
        """Takes away the scaling that an earlier run set: in words. That a role may not is no error: the
        clean-up is still to come."""
        try:
            targets = scaled(clients, self.endpoint_name)
            unscale(clients, self.endpoint_name)
        except StoriesError as error:
            return (f"whether an earlier run lets {self.endpoint_name} scale is not known: {error}",)
        return tuple(
            f"an earlier run let {one['ResourceId']} have up to {one['MaxCapacity']} instances: no more"
            for one in targets
        )

    @contextmanager
    def asking_for_a_role(self) -> Iterator[None]:
        """The SDK says only that the caller is no role."""
        try:
            with mapped_errors("sts", "AWS STS"):
                yield
        except ValueError as error:
            raise ConfigError(
                "role = '': who runs this is no role that SageMaker could work as. Set role to the ARN of "
                "one that trusts sagemaker.amazonaws.com and has AmazonSageMakerFullAccess: IAM's console "
                "lists them",
                problem="config",
            ) from error

    @contextmanager
    def deploying(self) -> Iterator[None]:
        """What AWS refuses is said in our words; what JumpStart does not have, in plain ones."""
        try:
            with mapped_errors("sagemaker", f"the deployment of {self.endpoint_name}"):
                yield
        except (ValueError, KeyError, NotImplementedError) as error:
            raise ConfigError(
                f"JumpStart cannot deploy {self.model_id} on {self.instance_type} in {self.region} "
                f"({' '.join(str(error).split())}): check model_id and instance_type",
                problem="config",
            ) from error

    def publish(self, clients: Clients) -> tuple[str, ...]:
        """The endpoint's name goes where the pipeline reads it; lines that say where. Raises ConfigError."""
        settings = {"STORIES_ENDPOINT": self.endpoint_name, "AWS_REGION": self.region}
        env_file.write(self.env_file, settings)
        told = [f"{self.env_file}: " + ", ".join(f"{name}={value}" for name, value in settings.items())]
        if self.ssm_parameter:
            setting = parameters.write(clients, self.ssm_parameter, self.endpoint_name)
            told.append(f"SSM parameter {self.ssm_parameter}: read by STORIES_ENDPOINT={setting}")
        if self.model_id != profile("aws")["text"]:
            told.append(
                f"STORIES_MODEL={self.model_id} is needed for --profile aws: set it there (it is not in "
                f"{self.env_file}, where other profiles would take it for theirs)"
            )
        shell = os.environ.get("STORIES_ENDPOINT")
        if shell and shell != self.endpoint_name:
            told.append(
                f"but your shell has STORIES_ENDPOINT={shell}, which goes first: unset STORIES_ENDPOINT"
            )
        return tuple(told)


def _check(told: dict[str, Any]) -> None:
    """Raises RequestError."""
    for name, (pattern, allowed) in _TEXTS.items():
        if not isinstance(told[name], str) or not re.fullmatch(pattern, told[name]):
            raise RequestError(f"{name} = {told[name]!r}: it may be {allowed}")
    for name, ((called, types), least, most) in _NUMBERS.items():
        if type(told[name]) not in types or not least <= told[name] <= most:
            raise RequestError(f"{name} = {told[name]!r}: it may be {called} from {least} to {most}")
    if type(told["clean_up"]) is not bool:
        raise RequestError(f"clean_up = {told['clean_up']!r}: it may be True or False")


def quiet() -> None:
    """The SDK, once imported, lets every package's small talk through. What JumpStart says of a model, its
    licence perhaps, is heard on, by its own handler."""
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.WARNING)
    jumpstart = logging.getLogger("sagemaker.jumpstart")
    jumpstart.setLevel(logging.INFO)
    jumpstart.propagate = False


def _env_path(told: str) -> Path:
    """Beside pyproject.toml, where the commands are run; where pipeline is an installed package, here."""
    project = Path(pipeline.__file__).resolve().parents[1]
    usual = (project if (project / "pyproject.toml").is_file() else Path.cwd()) / env_file.USUAL
    return Path(told).expanduser() if told else usual
