"""The one process that answers as AWS: ministack, our additions to it and the engines.

    python -m local.gateway --state DIR --port PORT --cache JSON

Started by `lakeshift local up` (see lifecycle.py) and ended by SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from local import adapter
from local.context import Context
from local.one_region import OneRegion
from local.request_log import RequestLog

log = logging.getLogger("lakeshift.gateway")

ENGINES = ("glue", "redshift", "athena")
HOST = "127.0.0.1"
QUIET_SECONDS = 15  # shorter than what `down` waits before it kills


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m local.gateway")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cache", type=json.loads, default={})
    parser.add_argument("--engines", default=",".join(ENGINES), help="for tests: fewer of them")
    options = parser.parse_args(arguments)
    context = Context(
        root=Path(__file__).resolve().parent.parent,
        state_dir=options.state.resolve(),
        cache=options.cache,
        endpoint=f"http://{HOST}:{options.port}",
    )
    adapter.clean_environment(context)
    engines = load_engines(name for name in options.engines.split(",") if name)
    assemble(context, engines)
    adapter.log_to(context.log_path("gateway"))
    code = 1
    try:
        start(context, engines)
        asyncio.new_event_loop().run_until_complete(serve(context, options.port))
        code = 0
    except BaseException:
        log.exception("the gateway ends")
        traceback.print_exc()
    finally:
        stop(engines)
    logging.shutdown()
    sys.stderr.flush()
    # A worker thread may still wait for a Lambda or a query; everything is saved and stopped.
    os._exit(code)


def load_engines(names) -> dict[str, ModuleType]:
    return {name: importlib.import_module(f"local.engines.{name}") for name in names}


def assemble(context: Context, engines: dict[str, ModuleType]) -> None:
    """Puts ministack, our additions and the engines together; nothing runs yet."""
    from local import cloudformation, cloudformation_properties

    adapter.check()
    adapter.give_lambdas_their_role()
    adapter.fail_custom_resources_that_never_answer()
    adapter.survive_kills_during_deployments()
    adapter.let_alarms_look_at_their_own_metrics()
    adapter.add_cloudformation_types(cloudformation.types(context))
    for name, engine in engines.items():
        adapter.add_engine(name, engine)
        adapter.add_cloudformation_types(engine.cloudformation_types())
    cloudformation_properties.refuse_unknown()


def start(context: Context, engines: dict[str, ModuleType]) -> None:
    """Starts the engines side by side; a slow one (Trino) starts in its own background."""
    with ThreadPoolExecutor() as pool:
        for run in [pool.submit(engine.start, context) for engine in engines.values()]:
            run.result()


def stop(engines: dict[str, ModuleType]) -> None:
    with ThreadPoolExecutor() as pool:
        runs = {name: pool.submit(engine.stop) for name, engine in engines.items()}
        runs["lambda"] = pool.submit(adapter.stop)
    for name, run in runs.items():
        if run.exception():
            log.error("engine %s did not stop cleanly", name, exc_info=run.exception())


async def serve(context: Context, port: int) -> None:
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1  # clients that hold a connection open must not delay `down`
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")

    changed = asyncio.Event()
    app = RequestLog(OneRegion(adapter.asgi_app(), context.region), context, on_change=changed.set)
    saver = asyncio.create_task(adapter.save_after_changes(changed))
    try:
        await hypercorn_serve(cast(Any, app), config, shutdown_trigger=lambda: until_quiet(stopping))
    finally:
        saver.cancel()
        app.close()


async def until_quiet(stopping: asyncio.Event) -> None:
    """Waits for the signal to stop and then for deployments under way: half a stack is no state
    to keep."""
    await stopping.wait()
    for _ in range(int(QUIET_SECONDS / 0.1)):
        if not adapter.deployments_in_progress():
            return
        await asyncio.sleep(0.1)
    log.warning("stopping in the middle of %s", ", ".join(adapter.deployments_in_progress()))


if __name__ == "__main__":
    main()
