"""Security configurations: kept and answered. Nothing is encrypted locally."""

from __future__ import annotations

from local.engines.glue import model
from local.engines.glue.engine import Engine
from local.engines.glue.errors import exists, not_found
from local.engines.glue.state import public


def create(engine: Engine, request: dict) -> dict:
    name = request["Name"]
    with engine.store.lock:
        if name in engine.store.security_configurations:
            raise exists("Security configuration", name)
        now = engine.now()
        engine.store.security_configurations[name] = {**request, "CreatedTimeStamp": now}
    return {"Name": name, "CreatedTimestamp": now}


def delete(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        if engine.store.security_configurations.pop(request["Name"], None) is None:
            raise not_found("Security configuration", request["Name"])
    return {}


def get(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        found = engine.store.security_configurations.get(request["Name"])
        if found is None:
            raise not_found("Security configuration", request["Name"])
        return {"SecurityConfiguration": public(found)}


def get_all(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        found = [public(one) for one in engine.store.security_configurations.values()]
    return model.page(found, request, "SecurityConfigurations")


OPERATIONS = {
    "CreateSecurityConfiguration": create,
    "DeleteSecurityConfiguration": delete,
    "GetSecurityConfiguration": get,
    "GetSecurityConfigurations": get_all,
}
