"""Who asked what: one JSON line per request in .local/logs/requests.jsonl."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs

from local import adapter
from local.context import Context

FORM = "application/x-www-form-urlencoded"
INTERNAL = "/_ministack/"
# The query protocol names its action in the body's first bytes.
FORM_HEAD = 4096
READ_ONLY = ("Get", "List", "Describe", "Head", "Batch", "Filter", "Search")
S3_OBJECT = {
    "GET": "GetObject",
    "HEAD": "HeadObject",
    "PUT": "PutObject",
    "DELETE": "DeleteObject",
    "POST": "PostObject",
}
S3_BUCKET = {
    "GET": "ListObjects",
    "HEAD": "HeadBucket",
    "PUT": "CreateBucket",
    "DELETE": "DeleteBucket",
    "POST": "DeleteObjects",
}


class RequestLog:
    """ASGI middleware around the emulator."""

    def __init__(self, app: Callable, context: Context, on_change: Callable[[], None]):
        """`on_change` is called after each request that may have changed something."""
        self._app = app
        self._context = context
        self._on_change = on_change
        self._file = context.log_path("requests").with_suffix(".jsonl").open("a", buffering=1)

    def close(self) -> None:
        self._file.close()

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] != "http" or scope["path"].startswith(INTERNAL):
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        started = datetime.now(UTC)
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        principal = adapter.principal_of(headers, query)
        form = bytearray()

        async def listening_receive() -> dict:
            message = await receive()
            if len(form) < FORM_HEAD and headers.get("content-type", "").startswith(FORM):
                form.extend(message.get("body", b"")[:FORM_HEAD])
            return message

        async def listening_send(message: dict) -> None:
            if message["type"] == "http.response.start":
                # before the answer leaves: who has it finds the line in the log
                self._write(started, principal, scope, headers, query, bytes(form), message["status"])
            await send(message)

        await self._app(scope, listening_receive, listening_send)

    def _write(
        self,
        started: datetime,
        principal: str,
        scope: dict,
        headers: dict,
        query: dict,
        form: bytes,
        status: int,
    ) -> None:
        method, path = scope["method"], scope["path"]
        parameters = {**query, **(parse_qs(form.decode("latin-1")) if form else {})}
        service = adapter.service_of(method, path, headers, parameters)
        action = action_of(service, method, path, headers, parameters)
        line = {
            "time": started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "service": service,
            "action": action,
            "method": method,
            "path": path,
            "principal": principal,
            "status": status,
        }
        self._file.write(json.dumps(line) + "\n")
        if not (action or method).startswith((*READ_ONLY, "GET", "HEAD")):
            self._on_change()


def action_of(service: str, method: str, path: str, headers: dict, parameters: dict[str, list[str]]) -> str | None:
    """The API action, as far as the request tells."""
    target = headers.get("x-amz-target", "")
    if target:
        return target.rsplit(".", 1)[-1]
    if "Action" in parameters:
        return parameters["Action"][0]
    if service == "s3":
        _, _, key = path.lstrip("/").partition("/")
        if key and method == "GET" and "uploadId" not in parameters:
            return "GetObject" if not _subresource(parameters) else None
        if not key and method == "GET" and path != "/":
            if "versions" in parameters:
                return "ListObjectVersions"
            if "list-type" in parameters:
                return "ListObjectsV2"
            if _subresource(parameters):
                return None
        if path == "/":
            return "ListBuckets"
        if _subresource(parameters) and method != "POST":
            return None
        return (S3_OBJECT if key else S3_BUCKET).get(method)
    return None


def _subresource(parameters: dict[str, list[str]]) -> bool:
    """Whether the query names a part of the bucket or object (?tagging, ?policy …)."""
    return any(values == [""] for name, values in parameters.items() if name != "prefix")
