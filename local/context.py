"""What an engine knows of the local AWS it runs in."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local import adapter
from local.caller import OPERATOR_CREDENTIALS, aws_environment, refuse_elsewhere


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
    _descriptions: Any = field(default=None, repr=False)
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
        import botocore.loaders
        import botocore.session
        from botocore.config import Config

        if self._descriptions is None:
            self._descriptions = botocore.loaders.create_loader()
        credentials = self.credentials_for(principal) if principal else OPERATOR_CREDENTIALS
        # A fresh session: boto3's default one is not made for threads. What each would read again is shared:
        # the description of a service is megabytes of JSON.
        session = botocore.session.Session()
        session.register_component("data_loader", self._descriptions)
        return session.create_client(
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
        adapter.put_event(source, detail_type, json.dumps(detail, default=str), list(resources))

    def stock(self, service: str) -> Callable[..., Awaitable[tuple]]:
        """The emulator's own handler of a service that an engine took over in part. Await it on
        the event loop: `await context.stock("glue")(method, path, headers, body, query)`."""
        return adapter.stock_handler(service)
