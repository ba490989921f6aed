"""The deploying notebook's parameters, checked before anything starts, and what surrounds its SDK calls."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config import env_file, paths, project
from pipeline.config.profiles import profile
from pipeline.engines.aws import parameters as ssm
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.doctor.checks import parse_arn
from pipeline.engines.aws.endpoint.autoscaling import scaled, unscale
from pipeline.engines.aws.endpoint.status import Endpoint, find_endpoint
from pipeline.engines.aws.endpoint.takedown import delete_remains, take_down
from pipeline.engines.aws.errors import mapped_errors
from pipeline.engines.aws.prompt_formats import format_of
from pipeline.errors import ConfigError, RequestError, StoriesError
from pipeline.ports import OnText
from pipeline.story import ideas
from pipeline.story.word_filter import word_filter

# The pattern of each text, and its description. SageMaker's endpoint names have 63 characters; IAM compares
# ARNs letter by letter and theirs have small letters; the SDK gives "endpoint" an ending of its own.
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
    "idea": (r".+", "a single line"),
}
# The types of each number, their description, the least and the most.
_NUMBERS: dict[str, tuple[tuple[type, ...], str, float, float]] = {
    "autoscale": ((int,), "a whole number", 0, 100),
    "stories": ((int,), "a whole number", 1, 100),
    "look_seconds": ((int, float), "a number", 0.05, 60),
}


@dataclass(frozen=True, slots=True)
class Deployment:
    """The notebook's parameters. region: never empty. env_file: a path. look_seconds: a polling interval."""

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
    take_down_on_error: bool

    @classmethod
    def checked(cls, **values: Any) -> Deployment:
        """Raises RequestError or ConfigError, naming the parameter and what it may be."""
        _check(values)
        format_of(values["model_id"])
        idea = ideas.accept(values["idea"], word_filter())
        file = _env_path(values["env_file"])
        env_file.check(file)
        region = str(Clients(values["region"]).get("sagemaker").meta.region_name)
        return cls(**{**values, "region": region, "env_file": file, "idea": idea})

    def caller(self, clients: Clients) -> str:
        """The kind of identity that calls AWS, without its name, and the end of its account's number. Raises
        StoriesError."""
        with mapped_errors("sts", "AWS STS"):
            arn = str(clients.get("sts").get_caller_identity()["Arn"])
        identity = parse_arn(arn)
        return f"{identity}, of the account …{identity.account[-4:]}" if identity else arn

    def describe(self, endpoint: Endpoint | None) -> str:
        """The state of the endpoint of this name; a warning where it has other instances than wanted."""
        if endpoint is None:
            return "is not there yet"
        state = f"{endpoint.summary}, on {endpoint.on}"
        if {instances.kind for instances in endpoint.instances} == {self.instance_type}:
            return state
        return f"{state}: it is used as it is, not on the {self.instance_type} that instance_type asks for"

    def clear(self, clients: Clients) -> tuple[str, ...]:
        """Deletes the configuration and model that an interrupted deployment (or `--keep-model`) left under
        this name, since the SDK would reuse them; returns their names. Raises ConfigError, and deletes
        nothing, where an endpoint of that name exists."""
        if endpoint := find_endpoint(clients, self.endpoint_name):
            raise ConfigError(
                f"the endpoint {endpoint.name} {endpoint.summary}: nothing is cleared; use it, "
                f"or `stories endpoints delete {endpoint.name}`",
                problem="config",
            )
        return delete_remains(clients, self.endpoint_name)

    def unscale(self, clients: Clients) -> tuple[str, ...]:
        """Removes the scaling that an earlier run set; returns a line for each target. A role that may not
        do so is no error: the clean-up is still to come."""
        try:
            targets = scaled(clients, self.endpoint_name)
            unscale(clients, self.endpoint_name)
        except StoriesError as error:
            return (f"whether an earlier run lets {self.endpoint_name} scale is not known: {error}",)
        return tuple(
            f"an earlier run let {target['ResourceId']} have up to {target['MaxCapacity']} instances: no more"
            for target in targets
        )

    def tag(self, clients: Clients, endpoint: Endpoint) -> str:
        """Gives the endpoint the tag by which bills are told apart; returns what was done. A role that may
        not do so is no error."""
        tag = {"Key": "project", "Value": "mvp-stories"}
        try:
            with mapped_errors("sagemaker", f"the tags of {endpoint.name}"):
                clients.get("sagemaker").add_tags(ResourceArn=endpoint.arn, Tags=[tag])
        except StoriesError as error:
            return f"not tagged for the bill: {error}"
        return "tagged for the bill: project=mvp-stories"

    @contextmanager
    def guarded(self, clients: Clients, mine: bool, on_note: OnText = print) -> Iterator[None]:
        """Takes the endpoint down where the block fails, before its error is raised. mine: whether this run
        creates it; another's stays. An interruption (Ctrl-C) is no failure."""
        try:
            yield
        except Exception:
            if mine and self.take_down_on_error:
                on_note(f"This failed, and {self.endpoint_name} costs by the hour: it is taken down.")
                take_down(clients, self.endpoint_name, every=self.look_seconds, on_note=on_note)
            raise

    @contextmanager
    def explained_role_error(self) -> Iterator[None]:
        """Raises ConfigError with what to do where the SDK says only that the caller is no role."""
        try:
            with mapped_errors("sts", "AWS STS"):
                yield
        except ValueError as error:
            raise ConfigError(
                "role = '': the caller is no role that SageMaker could work as. Set role to the ARN of one "
                "that trusts sagemaker.amazonaws.com and has AmazonSageMakerFullAccess: IAM's console lists "
                "them",
                problem="config",
            ) from error

    @contextmanager
    def explained_errors(self) -> Iterator[None]:
        """Raises our errors for what AWS refuses, and ConfigError for what JumpStart does not have."""
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
        """Writes the endpoint's name where the pipeline reads it; returns where. Raises ConfigError."""
        settings = {"STORIES_ENDPOINT": self.endpoint_name, "AWS_REGION": self.region}
        env_file.write(self.env_file, settings)
        lines = [f"{self.env_file}: " + ", ".join(f"{name}={value}" for name, value in settings.items())]
        if self.ssm_parameter:
            setting = ssm.write(clients, self.ssm_parameter, self.endpoint_name)
            lines.append(f"SSM parameter {self.ssm_parameter}: read by STORIES_ENDPOINT={setting}")
        if self.model_id != profile("aws")["text"]:
            lines.append(
                f"STORIES_MODEL={self.model_id} is needed for --profile aws: set it there (it is not in "
                f"{self.env_file}, where other profiles would take it for theirs)"
            )
        shell = os.environ.get("STORIES_ENDPOINT")
        if shell and shell != self.endpoint_name:
            lines.append(
                f"but your shell has STORIES_ENDPOINT={shell}, which goes first: unset STORIES_ENDPOINT"
            )
        return tuple(lines)


def quiet() -> None:
    """Hides the SDK's information messages, except JumpStart's about a model, such as its licence."""
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.WARNING)
    jumpstart = logging.getLogger("sagemaker.jumpstart")
    jumpstart.setLevel(logging.INFO)
    jumpstart.propagate = False


def _check(values: dict[str, Any]) -> None:
    """Raises RequestError."""
    allowed = {}
    for name, (pattern, description) in _TEXTS.items():
        if not isinstance(values[name], str) or not re.fullmatch(pattern, values[name]):
            allowed[name] = description
    for name, (types, description, least, most) in _NUMBERS.items():
        if type(values[name]) not in types or not least <= values[name] <= most:
            allowed[name] = f"{description} from {least} to {most}"
    for name in ("clean_up", "take_down_on_error"):
        if type(values[name]) is not bool:
            allowed[name] = "True or False"
    for name, description in allowed.items():
        raise RequestError(f"{name} = {values[name]!r}: it may be {description}")


def _env_path(path: str) -> Path:
    """For "": .env in the project's folder, which the commands read. Raises RequestError: there is none."""
    if path:
        return paths.path(path)
    if (folder := project.folder()) is None:
        raise RequestError("env_file = '': there is no project's folder; name the file to write")
    return folder / env_file.DEFAULT
