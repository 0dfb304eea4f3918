"""What an engine knows of the local AWS it runs in."""

from __future__ import annotations

import ipaddress
import json
import os
import threading
import urllib.parse
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OPERATOR = "operator"
# Any key that is no role's belongs to the operator, as whom people and the CDK work. Not twelve
# digits: ministack would take such a key for an account number.
OPERATOR_CREDENTIALS = {
    "aws_access_key_id": "LOCALOPERATOR0000000",
    "aws_secret_access_key": "local-only-no-secret",
}


@dataclass
class Context:
    """One running local AWS: where it keeps things, how to call it, who is calling.

    Paths are absolute. `state_dir` is what `down` keeps and `reset` empties; `cache` holds the
    paths that `python3 local/install.py --print-paths` prints (python, node, cdk, java17, java25,
    trino, jars).
    """

    root: Path
    state_dir: Path
    cache: Mapping[str, str]
    endpoint: str
    region: str = "us-east-1"
    account: str = "000000000000"
    _clients: dict[tuple, Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        refuse_elsewhere(self.endpoint)

    def folder(self, name: str) -> Path:
        """A folder for an engine's own data inside the state directory, made if it is missing."""
        path = self.state_dir / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def log_path(self, service: str) -> Path:
        """The file that `lakeshift local logs SERVICE` shows."""
        return self.folder("logs") / f"{service}.log"

    def client(self, service: str, principal: str | None = None):
        """A boto3 client of the gateway, as role `principal` (default: the operator).

        For worker threads: a call from the event loop would wait for itself. Clients are shared.
        """
        with self._lock:
            key = (service, principal)
            if key not in self._clients:
                self._clients[key] = self._new_client(service, principal)
            return self._clients[key]

    def _new_client(self, service: str, principal: str | None):
        import botocore.session
        from botocore.config import Config

        credentials = self.credentials_for(principal) if principal else OPERATOR_CREDENTIALS
        # A fresh session: boto3's default one is not made for threads.
        return botocore.session.Session().create_client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            config=Config(
                retries={"max_attempts": 1},
                connect_timeout=5,
                read_timeout=900,
                max_pool_connections=32,
                proxies={},
                s3={"addressing_style": "path"},
            ),
            **credentials,
        )

    def credentials_for(self, role_name: str) -> dict[str, str]:
        """Keys whose requests the gateway knows as `role_name`, as boto3 keyword arguments
        (aws_access_key_id, aws_secret_access_key, aws_session_token). The same on every call."""
        from local import adapter

        return adapter.role_credentials(role_name)

    def environment_for(self, role_name: str | None = None) -> dict[str, str]:
        """The whole environment of a child process that works as `role_name` (default: operator).

        Holds no AWS setting of the user's own: every AWS_* variable is replaced.
        """
        credentials = self.credentials_for(role_name) if role_name else OPERATOR_CREDENTIALS
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
            **aws_environment(self.endpoint, self.region, self.state_dir),
            **{name.upper(): value for name, value in credentials.items()},
        }

    def principal_of(self, headers: Mapping[str, str], query: Mapping | None = None) -> str:
        """Who signed a request: a role's name, or "operator" for the dummy and any other key."""
        from local import adapter

        return adapter.principal_of(headers, query)

    def emit_event(
        self,
        source: str,
        detail_type: str,
        detail: Mapping,
        resources: Sequence[str] = (),
    ) -> None:
        """Puts an event of an AWS service (such as "aws.glue") on the default bus. Any thread;
        does not wait for its targets."""
        from local import adapter

        adapter.put_event(source, detail_type, json.dumps(detail, default=str), list(resources))

    def stock(self, service: str) -> Callable[..., Awaitable[tuple]]:
        """The emulator's own handler of a service that an engine took over in part. Await it on
        the event loop: `await context.stock("glue")(method, path, headers, body, query)`."""
        from local import adapter

        return adapter.stock_handler(service)


def refuse_elsewhere(endpoint: str) -> None:
    """Raises ValueError unless `endpoint` is on this machine: nothing here may ever reach AWS."""
    host = urllib.parse.urlsplit(endpoint).hostname or ""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(
            f"endpoint {endpoint!r} is not on this machine: the local AWS answers on "
            "http://127.0.0.1:PORT only"
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
