"""Trino's statement protocol: post the text, follow nextUri until there is none.

https://trino.io/docs/476/develop/client-protocol.html
"""

from __future__ import annotations

import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.engines.athena.errors import QueryFailed
from local.engines.athena.trino_server import CATALOG

_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))
BUSY_SECONDS = 30  # how long a busy or just starting server may put us off


@dataclass
class Answer:
    """What is known of a running statement; filled while its rows are read."""

    query_id: str = ""
    columns: list[dict] = field(default_factory=list)
    stats: Mapping[str, Any] = field(default_factory=dict)
    update_type: str | None = None
    update_count: int | None = None


def run(
    url: str,
    sql: str,
    schema: str,
    user: str,
    session: Mapping[str, str],
    answer: Answer,
    on_progress: Callable[[Answer], None],
) -> Generator[list, None, None]:
    """Yields the rows of one statement, floats as Java writes them.

    `on_progress` is called at least once a second; what it raises cancels the statement.
    Raises QueryFailed with Trino's message.
    """
    headers = {
        "X-Trino-User": user,
        "X-Trino-Source": "athena",
        "X-Trino-Catalog": CATALOG,
        "X-Trino-Schema": schema,
        "X-Trino-Time-Zone": "UTC",
        "X-Trino-Session": ",".join(f"{name}={value}" for name, value in session.items()),
    }
    statement = urllib.request.Request(f"{url}/v1/statement", sql.encode(), headers)
    request = statement
    next_uri: str | None = None
    deadline = time.monotonic() + BUSY_SECONDS
    try:
        while True:
            body = _call(request)
            next_uri = body.get("nextUri")
            answer.query_id = body.get("id", "")
            answer.stats = body.get("stats", {})
            answer.update_type = body.get("updateType")
            answer.update_count = body.get("updateCount", answer.update_count)
            if not answer.columns:
                answer.columns = body.get("columns", [])
            if error := body.get("error"):
                if error["errorName"] == "NO_NODES_AVAILABLE" and time.monotonic() < deadline:
                    # up, but for its first seconds the server has not yet found itself as a worker
                    on_progress(answer)
                    time.sleep(0.25)
                    request = statement
                    continue
                raise QueryFailed(
                    f"{error['errorName']}: {error['message']}",
                    user_error=error.get("errorType") == "USER_ERROR",
                )
            on_progress(answer)
            yield from body.get("data", [])
            if not next_uri:
                return
            request = urllib.request.Request(next_uri)
    finally:
        # left early: cancelled, over its limit, or the reader failed
        if next_uri:
            _cancel(next_uri)


def inputs(url: str, query_id: str, user: str) -> list[dict]:
    """The tables that a statement has read, with their columns and partitions; none if Trino has forgotten it."""
    request = urllib.request.Request(f"{url}/v1/query/{query_id}?pruned=true", headers={"X-Trino-User": user})
    with contextlib.suppress(OSError), _http.open(request, timeout=60) as response:
        return json.loads(response.read()).get("inputs", [])
    return []


def _call(request: urllib.request.Request) -> dict:
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            with _http.open(request, timeout=60) as response:
                return json.loads(response.read(), parse_float=str)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 502, 503, 504) or time.monotonic() > deadline:
                text = error.read().decode(errors="replace")[:500]
                raise QueryFailed(f"GENERIC_INTERNAL_ERROR: Trino answered {error.code}: {text}", False) from error
            time.sleep(0.1)
        except OSError as error:
            raise QueryFailed(
                f"GENERIC_INTERNAL_ERROR: Trino can't be reached ({error}); see the log of athena",
                False,
            ) from error


def _cancel(uri: str) -> None:
    with contextlib.suppress(OSError):  # gone already, and its statement with it
        _http.open(urllib.request.Request(uri, method="DELETE"), timeout=5).close()
