"""Everything that this project knows of ministack's insides, and nothing of it anywhere else.

ministack is pinned; a name that moved in a newer version is reported by `check` before the gateway
answers its first request, not by a deployment that goes wrong an hour later.
"""

from __future__ import annotations

import asyncio
import base64
import contextvars
import hashlib
import importlib
import importlib.metadata
import inspect
import json
import logging
import os
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from local.caller import OPERATOR, OPERATOR_CREDENTIALS, aws_environment

if TYPE_CHECKING:
    from local.context import Context

log = logging.getLogger("lakeshift.adapter")

VERSION = "1.5.33"
ANONYMOUS = "anonymous"  # who signs nothing: presigned and website requests

# Every private name used below: module → name → parameters that we rely on (None: not a function).
PRIVATE: dict[str, dict[str, tuple[str, ...] | None]] = {
    "ministack.app": {
        "app": ("scope", "receive", "send"),
        "_MAIN_LOOP": None,
        "_build_persistence_save_dict": (),
        "_get_module": ("name",),
        "_lazy_handler": ("module_name",),
        "_loaded_modules": None,
        "_state_map": None,
        "SERVICE_HANDLERS": None,
        "SERVICE_REGISTRY": None,
    },
    "ministack.core.lambda_runtime": {
        "execution_credentials": ("config",),
        "reset": (),
    },
    "ministack.core.persistence": {
        "_json_default": ("obj",),
        "_state_format_version": ("service",),
        "STATE_DIR": None,
    },
    "ministack.core.router": {
        "SERVICE_PATTERNS": None,
        "detect_service": ("method", "path", "headers", "query_params"),
        "extract_access_key_id": ("headers", "query_params"),
    },
    "ministack.services.cloudformation": {
        "_stacks": None,
        "_restore_state": ("data",),
        "load_persisted_state": ("data",),
    },
    "ministack.services.cloudformation.custom_resource": {
        "deliver_response": ("token", "response"),
        "invoke_custom_resource": None,
    },
    "ministack.services.cloudformation.provisioners": {"_RESOURCE_HANDLERS": None},
    "ministack.services.cloudformation.stacks": {
        "_deploy_stack_async": ("stack_name", "stack_id", "template"),
        "_runs_on_worker_thread": ("resource_type",),
    },
    "ministack.services.cloudwatch": {
        "_dims_from_list": ("dimensions",),
        "_dims_key": ("dims",),
        "_evaluate_alarm": ("alarm",),
        "_metrics": None,
    },
    "ministack.services.eventbridge": {"_put_events": ("data", "allow_aws_source")},
    "ministack.services.lambda_svc": {
        "_execute_function_with_config_scope": ("func", "event"),
        "execution_credentials": ("config",),
    },
    "ministack.services.sts": {
        "_sessions": None,
        "register_session": ("access_key", "session"),
    },
}

# How requests find the services that ministack lacks.
ROUTES: dict[str, dict[str, dict[str, list[str]]]] = {
    "glue": {"glue": {}},
    "athena": {"athena": {}},
    "redshift": {
        # before "redshift", whose name begins the others' hosts
        "redshift-serverless": {
            "target_prefixes": ["RedshiftServerless"],
            "host_patterns": [r"redshift-serverless\."],
        },
        "redshift-data": {
            "target_prefixes": ["RedshiftData"],
            "host_patterns": [r"redshift-data\."],
        },
        "redshift": {
            "target_prefixes": ["RedshiftServiceVersion"],
            "host_patterns": [r"redshift\."],
        },
    },
}


class AdapterError(Exception):
    """ministack is not the one that this project was written for."""


def settings(context: Context) -> dict[str, str]:
    """ministack's settings; it reads them when it is imported."""
    port = context.endpoint.rsplit(":", 1)[1]
    return {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": port,
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": context.region,
        "MINISTACK_ACCOUNT_ID": context.account,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(context.folder("ministack")),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(context.folder("s3")),
        # ports and daemons that nothing here uses
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": "unix:///dev/null/no-docker",
        "LAMBDA_EXECUTOR": "local",
        # unpacked Lambda code and the like: nothing is written outside the state directory
        "TMPDIR": str(context.folder("tmp")),
    }


def clean_environment(context: Context) -> None:
    """Makes this process one that knows only the local AWS. Before ministack is imported."""
    for name in [n for n in os.environ if n.startswith(("AWS_", "LOCALSTACK_", "MINISTACK_"))]:
        del os.environ[name]
    os.environ.update(settings(context))
    os.environ.update(aws_environment(context.endpoint, context.region, context.state_dir))
    os.environ.update({k.upper(): v for k, v in OPERATOR_CREDENTIALS.items()})


def check(names: Mapping[str, Mapping[str, tuple[str, ...] | None]] = PRIVATE) -> None:
    """Raises AdapterError naming everything that this ministack lacks."""
    faults = []
    version = importlib.metadata.version("ministack")
    if version != VERSION:
        faults.append(f"its version is {version}, the adapter is written for {VERSION}")
    for module_name, attributes in names.items():
        try:
            module = importlib.import_module(module_name)
        except ImportError as error:
            faults.append(f"module {module_name} can't be imported: {error}")
            continue
        for name, parameters in attributes.items():
            if not hasattr(module, name):
                faults.append(f"{module_name}.{name} is gone")
            elif parameters is not None:
                found = tuple(inspect.signature(getattr(module, name)).parameters)
                if found[: len(parameters)] != parameters:
                    faults.append(
                        f"{module_name}.{name} takes ({', '.join(found)}), expected ({', '.join(parameters)})"
                    )
    if faults:
        raise AdapterError(
            "ministack does not fit local/adapter.py:\n  "
            + "\n  ".join(faults)
            + "\nInstall the locked one (python3 local/install.py) or mend local/adapter.py."
        )


def asgi_app() -> Callable:
    return importlib.import_module("ministack.app").app


def add_engine(name: str, engine: ModuleType) -> None:
    """Routes an engine's services to it and keeps its state with ministack's own."""
    app = importlib.import_module("ministack.app")
    router = importlib.import_module("ministack.core.router")
    module_name = f"lakeshift_{name}"
    app._loaded_modules[module_name] = engine
    app._state_map[module_name] = module_name
    routes = getattr(engine, "SERVICES", None) or ROUTES[name]
    for service, patterns in routes.items():
        app.SERVICE_REGISTRY[service] = {"module": module_name}
        app.SERVICE_HANDLERS[service] = app._lazy_handler(module_name)
        if patterns:
            # first in the table: detection takes the first match
            rest = {k: v for k, v in router.SERVICE_PATTERNS.items() if k != service}
            router.SERVICE_PATTERNS.clear()
            router.SERVICE_PATTERNS.update({service: patterns, **rest})


def add_cloudformation_types(types: Mapping[str, Mapping[str, Callable]]) -> None:
    """Adds or replaces CloudFormation resource types; their handlers run on worker threads.

    create(logical_id, properties, stack_name) → (physical_id, attributes);
    update(physical_id, old, new, stack_name) → the same; another physical id means replaced;
    delete(physical_id, properties).
    """
    provisioners = importlib.import_module("ministack.services.cloudformation.provisioners")
    stacks = importlib.import_module("ministack.services.cloudformation.stacks")
    provisioners._RESOURCE_HANDLERS.update(types)
    _worker_types.update(types)
    if stacks._runs_on_worker_thread is not _on_worker_thread:
        global _stock_on_worker_thread
        _stock_on_worker_thread = stacks._runs_on_worker_thread
        stacks._runs_on_worker_thread = _on_worker_thread


_worker_types: set[str] = set()


def _stock_on_worker_thread(_resource_type: str) -> bool:
    """Replaced by what ministack brings."""
    return False


def _on_worker_thread(resource_type: str) -> bool:
    return resource_type in _worker_types or _stock_on_worker_thread(resource_type)


def survive_kills_during_deployments() -> None:
    """A gateway killed in mid-deployment comes back with stacks that the CDK can go on with.

    Stock, such a stack stays "in progress" for ever and knows nothing of what it had created.
    """
    cloudformation = importlib.import_module("ministack.services.cloudformation")
    stacks = importlib.import_module("ministack.services.cloudformation.stacks")
    handlers = importlib.import_module("ministack.services.cloudformation.handlers")
    changesets = importlib.import_module("ministack.services.cloudformation.changesets")
    deploy, load = stacks._deploy_stack_async, cloudformation.load_persisted_state

    def deploy_and_record(stack_name, *arguments, **named):
        # The dictionary is filled as resources come; attached now, it is saved with them.
        cloudformation._stacks[stack_name].setdefault("_resources", {})
        return deploy(stack_name, *arguments, **named)

    def load_and_settle(data):
        load(data)
        for stack in cloudformation._stacks._data.values():
            if settled := settled_status(stack["StackStatus"]):
                stack["StackStatus"] = settled
                stack["StackStatusReason"] = "the local AWS was killed while it worked on it"

    for module in (stacks, handlers, changesets, cloudformation):
        if hasattr(module, "_deploy_stack_async"):
            module._deploy_stack_async = deploy_and_record
    cloudformation.load_persisted_state = load_and_settle


def let_alarms_look_at_their_own_metrics() -> None:
    """Stock, an alarm looks at all metrics of its name, whatever their dimensions: what one dataset did rings for each."""
    cloudwatch = importlib.import_module("ministack.services.cloudwatch")
    stock = cloudwatch._evaluate_alarm

    def evaluate(alarm: dict[str, Any]) -> None:
        wanted = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
        own = {key: points for key, points in cloudwatch._metrics.items() if key[2] == wanted}
        types.FunctionType(stock.__code__, {**vars(cloudwatch), "_metrics": own})(alarm)

    cloudwatch._evaluate_alarm = evaluate


def settled_status(status: str) -> str | None:
    """What an interrupted operation has come to; None if nothing was interrupted."""
    if not status.endswith("_IN_PROGRESS"):
        return None
    if status.startswith("UPDATE"):
        return "UPDATE_ROLLBACK_COMPLETE"  # the CDK updates it again
    if status.startswith("DELETE"):
        return "DELETE_FAILED"
    return "ROLLBACK_FAILED"  # the CDK deletes it and begins anew


def deployments_in_progress() -> list[str]:
    cloudformation = importlib.import_module("ministack.services.cloudformation")
    return [
        stack["StackName"]
        for stack in list(cloudformation._stacks._data.values())
        if stack["StackStatus"].endswith("_IN_PROGRESS")
    ]


def cloudformation_handler(resource_type: str) -> dict[str, Callable]:
    """ministack's own handlers of a type, to wrap."""
    provisioners = importlib.import_module("ministack.services.cloudformation.provisioners")
    return dict(provisioners._RESOURCE_HANDLERS[resource_type])


def wrap_cloudformation_types(wrap: Callable[[str, Mapping[str, Any]], dict[str, Any]]) -> None:
    """Puts `wrap(type, handlers)` in place of the handlers of every known type."""
    provisioners = importlib.import_module("ministack.services.cloudformation.provisioners")
    handlers = provisioners._RESOURCE_HANDLERS
    handlers.update({name: wrap(name, own) for name, own in handlers.items()})


def stock_handler(service: str) -> Callable:
    """ministack's handler of a service, also after an engine took the service over."""
    app = importlib.import_module("ministack.app")
    module = app._get_module(service)
    if service != "glue":
        return module.handle_request

    async def glue_handler(method, path, headers, body, query):
        status, answer_headers, answer = await module.handle_request(method, path, headers, body, query)
        return status, answer_headers, without_empty_descriptions(headers, answer)

    return glue_handler


def without_empty_descriptions(headers: Mapping[str, str], answer: bytes) -> bytes:
    """AWS leaves an unset Description out, ministack answers "": Trino then takes its own view for
    a table of someone else's and no longer finds it."""
    if not headers.get("x-amz-target", "").endswith((".GetTable", ".GetTables")):
        return answer
    if b'"Description": ""' not in answer and b'"Description":""' not in answer:
        return answer
    body = json.loads(answer)
    for table in [body.get("Table"), *body.get("TableList", [])]:
        if table and table.get("Description") == "":
            del table["Description"]
    return json.dumps(body).encode()


# --- who is calling ---------------------------------------------------------------------------

# The role's name stands in the key itself: any process can make one and any gateway read it.
ROLE_KEY = "ASIALOCAL"
_session_roles: dict[str, str] = {}


def role_credentials(role_name: str) -> dict[str, str]:
    """Session keys of a role, the same at every call."""
    access_key = ROLE_KEY + base64.b32encode(role_name.encode()).decode().rstrip("=")
    return {
        "aws_access_key_id": access_key,
        "aws_secret_access_key": hashlib.sha256(f"secret:{role_name}".encode()).hexdigest(),
        "aws_session_token": hashlib.sha256(f"token:{role_name}".encode()).hexdigest(),
    }


def principal_of(headers: Mapping[str, str], query: Mapping | None = None) -> str:
    """The role behind a request's access key, else the operator; "anonymous" if it is unsigned."""
    router = importlib.import_module("ministack.core.router")
    key = router.extract_access_key_id(headers, query or {})
    if not key:
        return ANONYMOUS
    if key not in _session_roles and (role := _role_of(key)):
        _session_roles[key] = role
    return _session_roles.get(key, OPERATOR)


def _role_of(key: str) -> str | None:
    sts = importlib.import_module("ministack.services.sts")
    if key.startswith(ROLE_KEY):
        encoded = key.removeprefix(ROLE_KEY)
        try:
            role = base64.b32decode(encoded + "=" * (-len(encoded) % 8)).decode()
        except ValueError:
            return None
        account = os.environ["MINISTACK_ACCOUNT_ID"]
        keys = role_credentials(role)
        sts.register_session(
            key,
            {
                "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/local",
                "UserId": f"{role}:local",
                "SecretAccessKey": keys["aws_secret_access_key"],
                "SessionToken": keys["aws_session_token"],
            },
        )
        return role
    # a role that somebody assumed
    arn = sts._sessions.get(key, {}).get("Arn", "")
    if ":assumed-role/" in arn:
        return arn.split(":assumed-role/", 1)[1].split("/", 1)[0]
    return None


def give_lambdas_their_role() -> None:
    """Lambda processes sign as their function's role, as on AWS (stock: as the account)."""

    def execution_credentials(config: dict) -> dict[str, str]:
        keys = role_credentials(config.get("Role", "").rsplit("/", 1)[-1])
        return {name.upper(): value for name, value in keys.items()}

    for module in ("ministack.core.lambda_runtime", "ministack.services.lambda_svc"):
        importlib.import_module(module).execution_credentials = execution_credentials


def fail_custom_resources_that_never_answer() -> None:
    """A custom resource whose Lambda ends without an answer fails with the Lambda's own error.

    CloudFormation waits an hour for it, and so does ministack; nobody here wants to.
    """
    lambda_svc = importlib.import_module("ministack.services.lambda_svc")
    custom = importlib.import_module("ministack.services.cloudformation.custom_resource")
    execute = lambda_svc._execute_function_with_config_scope

    def execute_and_answer(func: dict, event: Any) -> Any:
        result = execute(func, event)
        if isinstance(event, dict) and "ResponseURL" in event and result.get("error"):
            body = result.get("body") or {}
            token = event["ResponseURL"].rsplit("/", 1)[-1]
            reason = f"the Lambda of the custom resource failed: {body.get('errorMessage', body)}"
            custom.deliver_response(token, {"Status": "FAILED", "Reason": reason})
        return result

    lambda_svc._execute_function_with_config_scope = execute_and_answer


# --- requests -----------------------------------------------------------------------------------


def service_of(method: str, path: str, headers: Mapping[str, str], query: Mapping) -> str:
    router = importlib.import_module("ministack.core.router")
    return router.detect_service(method, path, headers, query)


def put_event(source: str, detail_type: str, detail: str, resources: list[str]) -> None:
    """Puts an event on the default bus from any thread, also for the reserved aws.* sources."""
    eventbridge = importlib.import_module("ministack.services.eventbridge")
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": detail,
        "Resources": resources,
        "EventBusName": "default",
    }
    _on_loop(eventbridge._put_events, {"Entries": [entry]}, True)


def _on_loop(function: Callable, *arguments: Any) -> None:
    """Runs `function` soon on the event loop: ministack's stores belong to it."""
    loop = importlib.import_module("ministack.app")._MAIN_LOOP
    if loop is None or loop.is_closed():
        function(*arguments)
        return

    def run() -> None:
        try:
            function(*arguments)
        except Exception:
            log.exception("%s failed", getattr(function, "__name__", function))

    loop.call_soon_threadsafe(run, context=contextvars.Context())


# --- state --------------------------------------------------------------------------------------


def save() -> None:
    """Writes the state of every service that has changed, as ministack itself does only when it ends in peace.

    Its own function writes all of them, and slowly: that was most of what the gateway did.
    """
    files = importlib.import_module("ministack.core.persistence")
    for name, state_of in importlib.import_module("ministack.app")._build_persistence_save_dict().items():
        try:
            state = state_of()
            if state is None:  # nothing to save, which is not the same as an empty state
                continue
            versioned = {"__ministack_format__": files._state_format_version(name), "payload": state}
            text = json.dumps(versioned, default=files._json_default)
        except Exception as error:  # noqa: BLE001 - the others must be saved all the same
            log.error("the state of %s is not saved: %s", name, error)
            continue
        if _saved.get(name) != (digest := hashlib.sha256(text.encode()).digest()):
            file = Path(files.STATE_DIR, f"{name}.json")
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(".new")
            unfinished.write_text(text)
            os.replace(unfinished, file)
            _saved[name] = digest


_saved: dict[str, bytes] = {}
"""What the files hold, by service."""


def stop() -> None:
    """Ends the processes of Lambda functions."""
    importlib.import_module("ministack.core.lambda_runtime").reset()


async def save_after_changes(changed: asyncio.Event, seconds: float = 1.0) -> None:
    """Saves every second while things change, so that a killed gateway loses no more."""
    while True:
        await changed.wait()
        await asyncio.sleep(seconds)
        changed.clear()
        save()


def log_to(path: Path) -> None:
    """ministack logs through the root logger."""
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(name)s] %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # one line per service and save would bury everything else
    logging.getLogger("persistence").setLevel(logging.WARNING)
