"""Who calls the local AWS and where it may be: keys, variables, and the refusal of any other machine."""

from __future__ import annotations

import ipaddress
import os
import urllib.parse
from pathlib import Path

OPERATOR = "operator"
# Any key that is no role's belongs to the operator, as whom people and the CDK work. Not twelve
# digits: ministack would take such a key for an account number.
OPERATOR_CREDENTIALS = {
    "aws_access_key_id": "LOCALOPERATOR0000000",
    "aws_secret_access_key": "local-only-no-secret",
}


def refuse_elsewhere(endpoint: str) -> None:
    """Raises ValueError unless `endpoint` is on this machine: nothing here may ever reach AWS."""
    host = urllib.parse.urlsplit(endpoint).hostname or ""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(
            f"endpoint {endpoint!r} is not on this machine: the local AWS answers on http://127.0.0.1:PORT only"
        )


def aws_environment(endpoint: str, region: str, state_dir: Path) -> dict[str, str]:
    """The variables that make every AWS tool talk to the local AWS and to nothing else.

    Credentials are the caller's to add. The user's own files are shut out: their default profile
    could name another endpoint or a role to assume.
    """
    refuse_elsewhere(endpoint)
    direct = ",".join(dict.fromkeys(["127.0.0.1", "localhost", *_not_proxied()]))
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": str(state_dir / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(state_dir / "aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


def _not_proxied() -> list[str]:
    """The hosts that the user's own NO_PROXY names."""
    named = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return [host for host in map(str.strip, named.split(",")) if host]
