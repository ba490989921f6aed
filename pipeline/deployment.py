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
from pipeline import env_file, ideas
from pipeline.engines.aws import parameters
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.doctor.caller import identified
from pipeline.engines.aws.errors import answered
from pipeline.engines.aws.formats import format_of
from pipeline.engines.aws.takedown import take_down
from pipeline.errors import ConfigError, RequestError
from pipeline.screen import word_screen

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
_NUMBERS = {"autoscale": (0, 100), "stories": (1, 100)}


@dataclass(frozen=True, slots=True)
class Deployment:
    """The notebook's parameters. region: never empty. env_file: a path."""

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

    @classmethod
    def of(cls, **told: Any) -> Deployment:
        """Raises RequestError or ConfigError, naming the parameter and what it may be."""
        for name, (pattern, allowed) in _TEXTS.items():
            if not isinstance(told[name], str) or not re.fullmatch(pattern, told[name]):
                raise RequestError(f"{name} = {told[name]!r}: it may be {allowed}")
        for name, (least, most) in _NUMBERS.items():
            if type(told[name]) is not int or not least <= told[name] <= most:
                raise RequestError(
                    f"{name} = {told[name]!r}: it may be a whole number from {least} to {most}"
                )
        format_of(told["model_id"])
        idea = ideas.accept(told["idea"], word_screen())
        region = str(Clients(told["region"]).get("sagemaker").meta.region_name)
        return cls(**{**told, "region": region, "env_file": _env_path(told["env_file"]), "idea": idea})

    def caller(self, clients: Clients) -> str:
        """In words, without a name or more of the account's number than its end. Raises StoriesError."""
        with answered("sts", "AWS STS"):
            arn = str(clients.get("sts").get_caller_identity()["Arn"])
        found = identified(arn)
        return f"{found}, of the account …{found.account[-4:]}" if found else arn

    def clear(self, clients: Clients) -> tuple[str, ...]:
        """Away with what a deployment that broke off left: it would be in the way of the next."""
        return take_down(clients, self.endpoint_name)

    @contextmanager
    def asking_for_a_role(self) -> Iterator[None]:
        """The SDK says only that the caller is no role."""
        try:
            with answered("sts", "AWS STS"):
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
            with answered("sagemaker", f"the deployment of {self.endpoint_name}"):
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
            setting = parameters.keep(clients, self.ssm_parameter, self.endpoint_name)
            told.append(f"SSM parameter {self.ssm_parameter}: read by STORIES_ENDPOINT={setting}")
        shell = os.environ.get("STORIES_ENDPOINT")
        if shell and shell != self.endpoint_name:
            told.append(
                f"but your shell has STORIES_ENDPOINT={shell}, which goes first: unset STORIES_ENDPOINT"
            )
        return tuple(told)


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
