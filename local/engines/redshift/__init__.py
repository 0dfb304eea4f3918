"""The local Redshift: Serverless namespaces on PostgreSQL, reached through the Data API as on AWS.

    tokens, types, translate, qualify, functions   Redshift's SQL, read and rewritten
    forms, ddl, grants, copy, unload               the statements there are; the others are refused
    session, columns, external, lake               running them
    server, shims.sql                              PostgreSQL behind a namespace
    serverless, cloudformation, data_api, wire     the AWS APIs

A provisioned cluster (service `redshift`) would be another owner of a Server beside the namespaces; until then its API
is refused by name.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping

from local.context import Context

from . import cloudformation
from .data_api import DataApi
from .serverless import Serverless
from .wire import ApiError, answer, failure, target_of

log = logging.getLogger("lakeshift.redshift")

_context: Context  # set by start
_serverless: Serverless | None = None
_data: DataApi | None = None


def start(context: Context) -> None:
    """Starts the servers of the namespaces there are."""
    global _context, _serverless, _data
    folder = context.folder("redshift")
    _context, _serverless = context, Serverless(context, folder)
    _serverless.start_servers()
    _data = DataApi(context, folder, _serverless)


def _namespaces() -> Serverless:
    assert _serverless is not None  # started before the first request
    return _serverless


def _statements() -> DataApi:
    assert _data is not None
    return _data


def stop() -> None:
    if _data is not None:
        _data.stop()
    if _serverless is not None:
        _serverless.stop()


def reset() -> None:
    if _data is not None and _serverless is not None:
        _data.reset()
        _serverless.reset()


def get_state() -> dict:
    """Nothing for the gateway to keep: namespaces and statements are on disk at every change."""
    return {}


def load_persisted_state(data: Mapping) -> None:
    """See get_state."""


def cloudformation_types() -> dict[str, dict]:
    return cloudformation.types(_namespaces)


async def handle_request(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping):
    prefix, operation = target_of(headers)
    try:
        if prefix not in ("RedshiftData", "RedshiftServerless"):
            return _refuse_provisioned()
        request = json.loads(body or b"{}")
        principal = _context.principal_of(headers)
        if prefix == "RedshiftServerless":
            return answer(await asyncio.to_thread(_namespaces().call, operation, request, principal))
        return answer(await _data_call(operation, request, principal))
    except ApiError as error:
        return failure(error)
    except Exception as error:  # the caller gets an answer, the log the story
        log.exception("%s.%s", prefix, operation)
        return failure(ApiError("InternalServerException", f"{type(error).__name__}: {error}", 500))


async def _data_call(operation: str, request: dict, principal: str) -> dict:
    wait = min(int(request.pop("WaitTimeSeconds", 0) or 0), 30)
    if operation in ("ExecuteStatement", "BatchExecuteStatement"):
        submitted = await asyncio.to_thread(_statements().call, operation, request, principal)
        await _until_done(submitted, wait)
        return submitted
    await _until_done(request, wait)
    return await asyncio.to_thread(_statements().call, operation, request, principal)


async def _until_done(request: Mapping, seconds: int) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not _statements().done(request):
        await asyncio.sleep(0.05)


def _refuse_provisioned() -> tuple[int, dict[str, str], bytes]:
    body = (
        '<ErrorResponse xmlns="http://redshift.amazonaws.com/doc/2012-12-01/"><Error><Type>Sender</Type>'
        "<Code>UnsupportedOperation</Code><Message>The local AWS has no provisioned Redshift clusters: "
        "use Redshift Serverless.</Message></Error><RequestId>local</RequestId></ErrorResponse>"
    )
    return 400, {"Content-Type": "text/xml"}, body.encode()
