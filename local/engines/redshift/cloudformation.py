"""CloudFormation's Redshift Serverless types, kept by the same code as the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .serverless import Serverless
from .wire import ApiError

_NAMESPACE_PROPERTIES = {
    "AdminPasswordSecretKmsKeyId", "AdminUserPassword", "AdminUsername", "DbName", "DefaultIamRoleArn", "IamRoles",
    "KmsKeyId", "LogExports", "ManageAdminPassword", "NamespaceName", "Tags",
}  # fmt: skip
# They matter when the namespace goes, and there are no snapshots here.
_WITHOUT_EFFECT = {"FinalSnapshotName", "FinalSnapshotRetentionPeriod"}
_WORKGROUP_PROPERTIES = {
    "BaseCapacity", "ConfigParameters", "EnhancedVpcRouting", "MaxCapacity", "NamespaceName", "Port",
    "PubliclyAccessible", "SecurityGroupIds", "SubnetIds", "Tags", "WorkgroupName",
}  # fmt: skip


def types(get: Callable[[], Serverless]) -> dict[str, dict]:
    """The handlers; `get` gives the service, which starts after they are registered."""
    return {
        "AWS::RedshiftServerless::Namespace": {
            "create": lambda logical_id, props, stack: _namespace(get(), get().create_namespace(_request(props, "ns"))),
            "update": lambda physical_id, old, new, stack: _update_namespace(get(), physical_id, new),
            "delete": lambda physical_id, props: _gone(get().delete_namespace, physical_id),
        },
        "AWS::RedshiftServerless::Workgroup": {
            "create": lambda logical_id, props, stack: _workgroup(get(), get().create_workgroup(_request(props, "wg"))),
            "update": lambda physical_id, old, new, stack: _update_workgroup(get(), physical_id, old, new),
            "delete": lambda physical_id, props: _gone(get().delete_workgroup, physical_id),
        },
    }


def _request(props: Mapping, kind: str) -> dict:
    """Properties as the API's parameters."""
    known = _NAMESPACE_PROPERTIES if kind == "ns" else _WORKGROUP_PROPERTIES
    request = {}
    for name, value in props.items():
        if name in _WITHOUT_EFFECT and kind == "ns":
            continue
        if name not in known:
            raise ValueError(f"property {name} is not emulated by the local Redshift Serverless")
        request[name[0].lower() + name[1:]] = value
    if "tags" in request:
        request["tags"] = [{"key": tag["Key"], "value": tag["Value"]} for tag in request["tags"]]
    if "configParameters" in request:
        request["configParameters"] = [
            {"parameterKey": item["ParameterKey"], "parameterValue": item["ParameterValue"]}
            for item in request["configParameters"]
        ]
    return request


def _namespace(service: Serverless, namespace: dict) -> tuple[str, dict]:
    names = (
        "adminUsername", "creationDate", "dbName", "defaultIamRoleArn", "kmsKeyId", "logExports", "namespaceArn",
        "namespaceId", "namespaceName", "status",
    )  # fmt: skip
    attributes = {f"Namespace.{name[0].upper()}{name[1:]}": namespace[name] for name in names}
    attributes["Namespace.IamRoles"] = service.shown_namespace(namespace)["iamRoles"]
    return namespace["namespaceName"], attributes


def _update_namespace(service: Serverless, name: str, props: Mapping) -> tuple[str, dict]:
    request = {"iamRoles": [], "logExports": [], "tags": [], "manageAdminPassword": False, **_request(props, "ns")}
    if request.get("namespaceName", name) != name:
        raise ValueError("a change of NamespaceName replaces the namespace: not emulated")
    return _namespace(service, service.update_namespace(request))


def _workgroup(service: Serverless, workgroup: dict) -> tuple[str, dict]:
    shown = service.shown_workgroup(workgroup)
    names = (
        "baseCapacity", "creationDate", "enhancedVpcRouting", "namespaceName", "publiclyAccessible",
        "securityGroupIds", "status", "subnetIds", "workgroupArn", "workgroupId", "workgroupName",
    )  # fmt: skip
    attributes = {f"Workgroup.{name[0].upper()}{name[1:]}": shown[name] for name in names}
    if "maxCapacity" in shown:
        attributes["Workgroup.MaxCapacity"] = shown["maxCapacity"]
    attributes["Workgroup.Endpoint.Address"] = shown["endpoint"]["address"]
    attributes["Workgroup.Endpoint.Port"] = str(shown["endpoint"]["port"])
    return shown["workgroupName"], attributes


def _update_workgroup(service: Serverless, name: str, old: Mapping, new: Mapping) -> tuple[str, dict]:
    request = _request(new, "wg")
    if (request.get("workgroupName", name), new.get("NamespaceName")) != (name, old.get("NamespaceName")):
        raise ValueError("a change of WorkgroupName or NamespaceName replaces the workgroup: not emulated")
    request = {"configParameters": [], "tags": [], "enhancedVpcRouting": False, **request}
    return _workgroup(service, service.update_workgroup(request))


def _gone(delete, name: str) -> None:
    try:
        delete(name)
    except ApiError as error:
        if error.code != "ResourceNotFoundException":
            raise
