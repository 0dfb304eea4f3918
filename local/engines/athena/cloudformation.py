"""AWS::Athena::WorkGroup and AWS::Athena::NamedQuery, on the stores that the API uses.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Athena.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.engines.athena.errors import ApiError
from local.engines.athena.service import Service

_WORKGROUP = {
    "Name",
    "Description",
    "State",
    "Tags",
    "RecursiveDeleteOption",
    "WorkGroupConfiguration",
}
_NAMED_QUERY = {"Name", "Description", "Database", "QueryString", "WorkGroup"}


def types(service: Service) -> Mapping[str, Mapping[str, Callable]]:
    """Handlers by resource type; they run on worker threads."""
    return {
        "AWS::Athena::WorkGroup": {
            "create": lambda logical_id, props, stack: _create_workgroup(service, props),
            "update": lambda physical_id, old, new, stack: _update_workgroup(service, physical_id, old, new),
            "delete": lambda physical_id, props: _delete_workgroup(service, physical_id, props),
        },
        "AWS::Athena::NamedQuery": {
            "create": lambda logical_id, props, stack: _create_query(service, {"Name": f"{stack}-query", **props}),
            "update": lambda physical_id, old, new, stack: _update_query(
                service, physical_id, {"Name": f"{stack}-query", **new}
            ),
            "delete": lambda physical_id, props: _delete_query(service, physical_id),
        },
    }


def _create_workgroup(service: Service, props: dict) -> tuple[str, dict]:
    _known("AWS::Athena::WorkGroup", props, _WORKGROUP)
    _boolean(props.get("RecursiveDeleteOption", False))  # heeded by delete
    with service.lock:
        group = service.workgroups.create(
            props.get("Name", ""),
            _configuration(props),
            props.get("Description", ""),
            props.get("State", "ENABLED"),
            _tags(props),
        )
        return group["Name"], _attributes(group)


def _update_workgroup(service: Service, name: str, old: dict, props: dict) -> tuple[str, dict]:
    if props.get("Name") != name:
        created = _create_workgroup(service, props)
        _delete_workgroup(service, name, old)
        return created
    _known("AWS::Athena::WorkGroup", props, _WORKGROUP)
    with service.lock:
        group = service.workgroups.replace(
            name,
            _configuration(props),
            props.get("Description", ""),
            props.get("State", "ENABLED"),
            _tags(props),
        )
        return name, _attributes(group)


def _delete_workgroup(service: Service, name: str, props: dict) -> None:
    with service.lock:
        if name in service.workgroups.groups:
            service.remove_workgroup(name, _boolean(props.get("RecursiveDeleteOption", False)))


def _create_query(service: Service, props: dict) -> tuple[str, dict]:
    _known("AWS::Athena::NamedQuery", props, _NAMED_QUERY)
    with service.lock:
        service.workgroups.get(props.get("WorkGroup") or "primary")
        query_id = service.named_queries.create(props)
    return query_id, {"NamedQueryId": query_id}


def _update_query(service: Service, query_id: str, new: dict) -> tuple[str, dict]:
    """Every property of a named query is create-only: a change makes another query."""
    created = _create_query(service, new)
    _delete_query(service, query_id)
    return created


def _delete_query(service: Service, query_id: str) -> None:
    with service.lock:
        service.named_queries.queries.pop(query_id, None)


def _attributes(group: Mapping[str, Any]) -> dict[str, str]:
    version = group["Configuration"]["EngineVersion"]["EffectiveEngineVersion"]
    return {
        "CreationTime": str(int(group["CreationTime"])),
        "WorkGroupConfiguration.EngineVersion.EffectiveEngineVersion": version,
    }


def _configuration(props: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation takes "true" and "10000000" for true and 10000000."""
    configuration = dict(props.get("WorkGroupConfiguration") or {})
    for name, value in configuration.items():
        if isinstance(value, str) and name.endswith(("Enabled", "WorkGroupConfiguration")):
            configuration[name] = _boolean(value)
        elif isinstance(value, str) and name == "BytesScannedCutoffPerQuery":
            configuration[name] = int(value)
    return configuration


def _boolean(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _tags(props: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in props.get("Tags") or []}


def _known(resource_type: str, props: Mapping[str, Any], names: set[str]) -> None:
    if unknown := sorted(set(props) - names):
        raise ApiError(f"{resource_type}: {', '.join(unknown)} not emulated by the local Athena")
