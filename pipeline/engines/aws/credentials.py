"""Credentials that this machine's settings do not give: which setting is wrong, and what to do."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from pathlib import Path
from traceback import walk_tb
from typing import Any

from pipeline.engines.aws.meanings import EXPIRED, Meaning
from pipeline.errors import ConfigError

# What botocore reads from the environment as it is: a line end in one of them, as from $(cat file) in some
# shells or a file with Windows's line ends, would show as a network that fails or a signature that is wrong.
_VARIABLES = (
    "AWS_REGION AWS_DEFAULT_REGION AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY "
    "AWS_SESSION_TOKEN AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE AWS_ENDPOINT_URL"
).split()
_MODULES = ("botocore.credentials", "botocore.tokens")
# botocore's own exceptions that do not say which setting is wrong.
_UNNAMED = {"CredentialRetrievalError", "MissingDependencyException", "SSOError", "TokenRetrievalError"}


def _meaning(text: str, problem: str = "no-credentials") -> Meaning:
    return Meaning(ConfigError, problem, text)


_OTHER = _meaning(
    "the AWS credentials cannot be read ({code}: {quote}): mend the profile in ~/.aws/config, or set "
    "AWS_PROFILE to another one"
)
_WEB_IDENTITY = _meaning(
    "the web identity token of the AWS credentials cannot be read ({quote}): set "
    "AWS_WEB_IDENTITY_TOKEN_FILE, or web_identity_token_file in ~/.aws/config, to the token's "
    "file, or unset it"
)
_SIGN_IN = _meaning(
    "the sign-in of this AWS profile is missing, damaged or has expired ({code}): run `aws sso login`, with "
    "--profile where AWS_PROFILE is set",
    "expired-credentials",
)
# Who was loading the credentials, a class of botocore's; the innermost counts.
_LOADERS: Mapping[str, Meaning] = {
    "ProcessProvider": _meaning(
        "credential_process gives no AWS credentials ({code}: {quote}): mend it in ~/.aws/config (a program "
        "that prints JSON with Version 1, AccessKeyId and SecretAccessKey), or set AWS_PROFILE to another "
        "profile"
    ),
    "AssumeRoleWithWebIdentityProvider": _WEB_IDENTITY,
    "AssumeRoleWithWebIdentityCredentialFetcher": _WEB_IDENTITY,
    "AssumeRoleCredentialFetcher": _meaning(
        "the MFA code (mfa_serial) of the AWS profile cannot be read ({code}): run it in a terminal, or set "
        "AWS_PROFILE to a profile without MFA"
    ),
    "AssumeRoleProvider": _meaning(
        "the role of the AWS profile cannot be assumed ({quote}): mend source_profile or credential_source "
        "in ~/.aws/config"
    ),
    "SSOProvider": _SIGN_IN,
    "SSOCredentialFetcher": _SIGN_IN,
    "SSOTokenProvider": _SIGN_IN,
    "LoginProvider": _meaning(
        "the AWS profile signs in with `aws login` (login_session), which cannot be used here ({quote}): set "
        "AWS_PROFILE to a profile of another kind"
    ),
    "ContainerProvider": _meaning(
        "the container's AWS credentials cannot be had ({quote}): check AWS_CONTAINER_CREDENTIALS_FULL_URI "
        "and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, or unset them"
    ),
}
_UNSENDABLE = _meaning(
    "the AWS credentials hold a character that no request can carry, such as a line end ({code}): mend the "
    "access key and the session token where they come from"
)


def check_variables(environ: Mapping[str, str]) -> None:
    """Raises ConfigError: a variable of AWS's has a line end, or blanks around it."""
    for name in _VARIABLES:
        value = environ.get(name, "")
        if value != value.strip() or not value.isprintable():
            raise ConfigError(
                f"{name} holds a line end, a blank or a control character: set it again without",
                problem="no-region" if "REGION" in name else "aws-config",
            )


def meaning(error: BaseException) -> Meaning | None:
    """Of an exception that was raised while credentials were loaded, or by a request for what they hold; None
    for all others. botocore lets errors of files, programs and JSON through as they are.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    if "HTTPClientError" in names:
        return _UNSENDABLE if isinstance(getattr(error, "kwargs", {}).get("error"), ValueError) else None
    if "BotoCoreError" in names and names.isdisjoint(_UNNAMED):
        return None
    loaders = [
        frame.f_code.co_qualname.partition(".")[0]
        for frame, _ in walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__") in _MODULES
    ]
    if not loaders:
        return None
    known = next((_LOADERS[name] for name in reversed(loaders) if name in _LOADERS), None)
    # RefreshableCredentials raises it by itself: what was loaded has expired already.
    return known or (EXPIRED if isinstance(error, RuntimeError) else _OTHER)


def ask_in_terminal_only(session: Any) -> None:
    """Makes a botocore session's question for an MFA code fail where nobody can answer it.

    botocore would read the code from whatever standard input is, and wait for ever for a pipe.
    """
    provider = session.get_component("credential_provider").get_provider("assume-role")
    provider._prompter = _ask  # the constructor's argument, which botocore's own session does not pass on


def _ask(question: str) -> str:
    try:
        with Path("/dev/tty").open("r+b", buffering=0):
            pass
    except OSError as error:
        raise EOFError("there is no terminal") from error
    return getpass.getpass(question)
