"""Wrong credentials in a home of its own: botocore itself raises what our errors are made of."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import mapped_errors
from pipeline.errors import ConfigError
from tests.command import ROOT
from tests.engines.aws.loopback import account
from tests.engines.loopback import Loopback, Request

ROLE = "role_arn = arn:aws:iam::123456789012:role/reader\n"
MFA = f"""{ROLE}source_profile = person
mfa_serial = arn:aws:iam::123456789012:mfa/person
[profile person]
aws_access_key_id = testing
aws_secret_access_key = testing
"""
SSO = """sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = reader
"""
SESSION = """sso_session = work
sso_account_id = 123456789012
sso_role_name = reader
[sso-session work]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
"""
EXPIRED = {"accessToken": "x", "expiresAt": "2001-01-01T00:00:00Z", "region": "eu-west-1"}
OLD = {"Version": 1, "AccessKeyId": "x", "SecretAccessKey": "y", "Expiration": "2001-01-01T00:00:00Z"}


def home(monkeypatch: pytest.MonkeyPatch, folder: Path, profile: str, **variables: str) -> None:
    """The default profile in ~/.aws/config, and nothing else that says who calls."""
    account(monkeypatch, HOME=str(folder), AWS_CONFIG_FILE=str(folder / "config"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (folder / "config").write_text(f"[default]\n{profile}")


def failure(monkeypatch: pytest.MonkeyPatch) -> ConfigError:
    """The error of a call that never reaches AWS."""
    with Loopback(Request.hang) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        with pytest.raises(ConfigError) as caught, mapped_errors("polly", "Amazon Polly"):
            Clients().get("polly").describe_voices()
        assert not server.received
    assert "\n" not in str(caught.value)
    return caught.value


def printing(folder: Path, text: str) -> str:
    (folder / "printed").write_text(text)
    return f"credential_process = cat {folder / 'printed'}\n"


@pytest.mark.parametrize(
    "printed",
    [
        *("", "hello", "{}", "[]", '{"Version": 2}', '{"Version": 1}'),
        json.dumps({**OLD, "Expiration": "yesterday"}),
    ],
)
def test_a_program_that_prints_no_credentials_is_named(
    printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home(monkeypatch, tmp_path, printing(tmp_path, printed))
    assert str(failure(monkeypatch)).startswith("credential_process gives no AWS credentials")


@pytest.mark.parametrize("command", ["/no/such/program", "/dev/null", "false", "cat 'x"])
def test_a_program_that_does_not_run_is_named(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home(monkeypatch, tmp_path, f"credential_process = {command}\n")
    error = failure(monkeypatch)
    assert str(error).startswith("credential_process gives no AWS credentials")
    assert error.problem == "no-credentials"


def test_credentials_that_come_expired_are_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home(monkeypatch, tmp_path, printing(tmp_path, json.dumps(OLD)))
    assert failure(monkeypatch).problem == "expired-credentials"


def test_a_missing_token_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home(monkeypatch, tmp_path, f"{ROLE}web_identity_token_file = /no/such/token\n")
    error = failure(monkeypatch)
    assert "/no/such/token" in str(error)
    assert "set AWS_WEB_IDENTITY_TOKEN_FILE, or web_identity_token_file in ~/.aws/config" in str(error)


def test_mfa_without_a_terminal_is_named_and_reads_no_input(tmp_path: Path) -> None:
    """In a process without a terminal, whose standard input stays open."""
    (tmp_path / "config").write_text(f"[default]\n{MFA}")
    program = (
        "from pipeline.engines.aws.clients import Clients\n"
        "from pipeline.engines.aws.errors import mapped_errors\n"
        "with mapped_errors('polly', 'Amazon Polly'):\n"
        "    Clients().get('polly').describe_voices()\n"
    )
    variables = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **variables},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            assert process.wait(60) == 1
            assert process.stderr
            last = process.stderr.read().splitlines()[-1]
        finally:
            process.kill()
    assert "ConfigError: the MFA code (mfa_serial) of the AWS profile cannot be read" in last
    assert "run it in a terminal" in last


@pytest.mark.parametrize(("profile", "name"), [(SSO, "https://example.awsapps.com/start"), (SESSION, "work")])
@pytest.mark.parametrize("token", [None, json.dumps(EXPIRED), "{"], ids=["none", "expired", "damaged"])
def test_a_sign_in_that_is_missing_expired_or_damaged_is_named(
    token: str | None, profile: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    if token:
        (cache / f"{hashlib.sha1(name.encode()).hexdigest()}.json").write_text(token)
    home(monkeypatch, tmp_path, profile)
    # Its folder is a constant of botocore's, made of HOME when it was imported.
    monkeypatch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", str(cache))
    monkeypatch.setattr("botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR", str(cache))
    error = failure(monkeypatch)
    assert error.problem == "expired-credentials"
    assert "run `aws sso login`" in str(error)


@pytest.mark.parametrize(
    ("profile", "variables", "words"),
    [
        ("", {"AWS_PROFILE": "nobody"}, "(nobody) could not be found: set AWS_PROFILE"),
        ("", {"AWS_ACCESS_KEY_ID": "x"}, "incomplete (Partial credentials found in env, missing: AWS_SECRET"),
        ("aws_access_key_id = x\n", {}, "missing: aws_secret_access_key"),
        (ROLE, {}, "missing: source_profile or credential_source"),
        (f"{ROLE}source_profile = nobody\n", {}, 'source_profile "nobody"'),
        (f"{ROLE}credential_source = Environment\n", {}, "mend source_profile or credential_source"),
        ("login_session = arn:aws:sts::123456789012:user/x\n", {}, "(login_session), which cannot be used"),
        ("", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"}, "AWS_CONTAINER_CREDENTIALS_FULL"),
    ],
)
def test_the_wrong_setting_is_named(
    profile: str, variables: dict[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home(monkeypatch, tmp_path, profile, **variables)
    assert words in str(failure(monkeypatch))


NAMES = "AWS_REGION AWS_DEFAULT_REGION AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"


@pytest.mark.parametrize("name", NAMES.split())
def test_a_variable_with_a_line_end_is_named_but_not_shown(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ("eu-west-1\n", "eu-west-1\r", " eu-west-1", "eu\x1b-west-1"):
        account(monkeypatch, **{name: value})
        error = failure(monkeypatch)
        assert str(error).startswith(f"{name} holds a line end")
        assert "eu" not in str(error)


def test_a_key_with_a_line_end_from_a_program_is_no_matter_of_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"Version": 1, "AccessKeyId": "secret\n", "SecretAccessKey": "secret"}
    home(monkeypatch, tmp_path, printing(tmp_path, json.dumps(keys)))
    error = failure(monkeypatch)
    assert str(error).startswith("the AWS credentials hold a character that no request can carry")
    assert "secret" not in str(error)
