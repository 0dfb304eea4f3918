"""Takes a request of the Glue API to who answers it: our operations, the catalog, or nobody."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping

from local.engines.glue import crawlers, jobs, model, security, triggers, workflows
from local.engines.glue.catalog import STOCK, Catalog, read_answer
from local.engines.glue.engine import Engine
from local.engines.glue.errors import GlueError

log = logging.getLogger("lakeshift.glue")

Answer = tuple[int, dict, bytes]
Stock = Callable[..., Awaitable[Answer]]

OPERATIONS: dict[str, Callable[[Engine, dict], dict]] = {
    **jobs.OPERATIONS,
    **crawlers.OPERATIONS,
    **triggers.OPERATIONS,
    **workflows.OPERATIONS,
    **security.OPERATIONS,
}
# Kept by us for what is ours, by ministack for databases, tables and connections.
TAGGING = ("TagResource", "UntagResource", "GetTags")
OUR_KINDS = ("job/", "crawler/", "trigger/", "workflow/")


class Service:
    def __init__(self, engine: Engine, stock: Stock):
        self._engine = engine
        self._stock = stock
        self._catalog = Catalog(self._ask)

    async def handle(self, method: str, path: str, headers: Mapping, body: bytes, query: Mapping) -> Answer:
        operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        try:
            request = await asyncio.to_thread(self._read, operation, body)
            if operation in OPERATIONS:
                answer = await asyncio.to_thread(OPERATIONS[operation], self._engine, request)
            elif operation in self._catalog.operations:
                answer = await self._catalog.operations[operation](request)
            elif operation in TAGGING and _is_ours(request["ResourceArn"]):
                answer = self._tag(operation, request)
            else:
                return await self._stock(method, path, headers, body, query)
        except GlueError as error:
            return _reply(error.status, {"__type": error.code, "message": error.message})
        except Exception as error:
            log.exception("%s", operation)
            message = f"{type(error).__name__}: {error}"
            return _reply(500, {"__type": "InternalServiceException", "message": message})
        return _reply(200, answer)

    def _read(self, operation: str, body: bytes) -> dict:
        if operation not in model.service().operation_names:
            raise GlueError("UnknownOperationException", f"Glue has no operation {operation!r}")
        known = (*OPERATIONS, *self._catalog.operations, *STOCK, *TAGGING)
        if operation not in known:
            raise GlueError("UnknownOperationException", f"Not emulated by the local AWS: Glue {operation}")
        try:
            request = json.loads(body or b"{}")
        except ValueError as error:
            raise GlueError("SerializationException", f"the body is not JSON: {error}") from error
        return model.validate(operation, request)

    async def _ask(self, operation: str, request: dict) -> dict:
        """ministack's own operation."""
        headers = {"x-amz-target": f"AWSGlue.{operation}"}
        status, _, body = await self._stock("POST", "/", headers, json.dumps(request).encode(), {})
        return read_answer(status, body)

    def _tag(self, operation: str, request: dict) -> dict:
        arn, store = request["ResourceArn"], self._engine.store
        with store.lock:
            tags = dict(store.tags.get(arn, {}))
            if operation == "GetTags":
                return {"Tags": tags}
            tags |= request.get("TagsToAdd", {})
            for name in request.get("TagsToRemove", []):
                tags.pop(name, None)
            store.tags[arn] = tags
        return {}


def _is_ours(arn: str) -> bool:
    return arn.rsplit(":", 1)[-1].startswith(OUR_KINDS)


def _reply(status: int, answer: Mapping) -> Answer:
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    if status >= 400:
        headers["x-amzn-errortype"] = str(answer["__type"])
    return status, headers, json.dumps(answer).encode()
