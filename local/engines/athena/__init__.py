"""The local Athena: its API over Trino, Glue's catalog and S3, as a service of the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.context import Context
from local.engines.athena import cloudformation, trino_archive
from local.engines.athena.service import Service
from local.engines.athena.trino_server import PRINCIPAL, TrinoServer, hive_catalog
from local.engines.class_archive import ArchiveMaker

_service = Service()
_server: TrinoServer | None = None
_archive: ArchiveMaker | None = None
_context: Context  # set by start
# its own threads: operations call the gateway back, whose shared ones may all be waiting for us
_threads = ThreadPoolExecutor(16, thread_name_prefix="athena-api")


async def handle_request(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping
) -> tuple[int, dict, bytes]:
    target = next((v for k, v in headers.items() if k.lower() == "x-amz-target"), "")
    principal = _context.principal_of(headers, query)
    loop = asyncio.get_running_loop()
    operation = target.rpartition(".")[2]
    return await loop.run_in_executor(_threads, _service.answer, operation, body, principal)


def cloudformation_types() -> Mapping[str, Mapping]:
    return cloudformation.types(_service)


def start(context: Context) -> None:
    """Starts Trino in the background; the first query waits for what is left of its start."""
    global _context, _server, _archive
    _context = context
    folder = context.folder("athena")
    java, home = context.cache["java25"], Path(context.cache["trino"])
    _server = TrinoServer(
        folder,
        context.log_path("athena"),
        java,
        home,
        hive_catalog(context.endpoint, context.region, context.credentials_for(PRINCIPAL)),
        trino_archive.options(java, home),
    )
    _service.attach(context, _server)
    _server.start()
    _archive = trino_archive.archive_maker(java, home)
    _archive.start()


def stop() -> None:
    _service.executions.shut_down()
    if _archive:
        _archive.stop()
    if _server:
        _server.stop()


def get_state() -> dict[str, Any]:
    return _service.dump()


def load_persisted_state(data: Mapping[str, Any]) -> None:
    _service.restore(data)


def reset() -> None:
    _service.clear()
