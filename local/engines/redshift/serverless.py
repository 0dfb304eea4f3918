"""Redshift Serverless: namespaces and workgroups. https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/"""

from __future__ import annotations

import contextlib
import copy
import json
import re
import secrets
import string
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from botocore.exceptions import ClientError

from .grants import check_password
from .server import Server
from .tokens import quote_ident, quote_literal
from .wire import ApiError, validation

DEFAULT_CAPACITY = 128  # RPUs, where none is set
_NAMESPACE_SETTINGS = (
    "adminPasswordSecretKmsKeyId", "adminUserPassword", "adminUsername", "dbName", "defaultIamRoleArn", "iamRoles",
    "kmsKeyId", "logExports", "manageAdminPassword", "namespaceName", "tags",
)  # fmt: skip
_WORKGROUP_SETTINGS = (
    "baseCapacity", "configParameters", "enhancedVpcRouting", "maxCapacity", "namespaceName", "port",
    "publiclyAccessible", "securityGroupIds", "subnetIds", "tags", "workgroupName", "ipAddressType", "trackName",
    "pricePerformanceTarget",
)  # fmt: skip
_LOGS = ("useractivitylog", "userlog", "connectionlog")
_CONFIG = (
    "auto_mv", "datestyle", "enable_case_sensitive_identifier", "enable_user_activity_logging", "query_group",
    "search_path", "require_ssl", "use_fips_ssl", "max_query_execution_time", "max_query_queue_time",
    "max_query_blocks_read", "max_query_temp_blocks_to_disk", "max_join_row_count", "max_nested_loop_join_row_count",
    "max_scan_row_count", "max_return_row_count", "max_query_cpu_time", "max_query_cpu_usage_percent",
    "wlm_json_configuration",
)  # fmt: skip


class Serverless:
    """The namespaces and workgroups of this local AWS, and the servers behind them."""

    def __init__(self, context, folder: Path):
        self.context = context
        self.folder = folder
        self._file = folder / "serverless.json"
        self._lock = threading.RLock()
        self._servers: dict[str, Server] = {}
        self._credentials: dict[str, tuple[str, str, float]] = {}
        state = json.loads(self._file.read_text()) if self._file.exists() else {}
        self.namespaces: dict[str, dict] = state.get("namespaces", {})
        self.workgroups: dict[str, dict] = state.get("workgroups", {})

    # -- state --------------------------------------------------------------------------------------

    def _save(self) -> None:
        # Written at once: a killed gateway must find its warehouse again.
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps({"namespaces": self.namespaces, "workgroups": self.workgroups}, indent=1))
        draft.replace(self._file)

    def start_servers(self) -> None:
        for name in list(self.namespaces):
            self.server(name).start()

    def stop(self) -> None:
        for server in list(self._servers.values()):
            server.stop()

    def reset(self) -> None:
        with self._lock:
            for name in list(self.namespaces):
                self.server(name).delete()
            self.namespaces.clear()
            self.workgroups.clear()
            self._servers.clear()
            self._save()

    def server(self, namespace: str) -> Server:
        with self._lock:
            if namespace not in self._servers:
                number = self.namespaces[namespace]["namespaceId"]
                log = self.context.log_path("redshift")
                self._servers[namespace] = Server(self.folder / f"namespace-{number[:8]}", log)
            return self._servers[namespace]

    # -- what the Data API asks -----------------------------------------------------------------------

    def namespace_of(self, workgroup: str) -> dict:
        """The namespace behind a workgroup's name or ARN."""
        found = self.workgroups.get(workgroup) or next(
            (w for w in self.workgroups.values() if w["workgroupArn"] == workgroup), None
        )
        if found is None:
            raise validation("Redshift endpoint doesn't exist in this region.")
        return self.namespaces[found["namespaceName"]]

    def attached_roles(self, namespace: str) -> frozenset[str]:
        return frozenset(self.namespaces[namespace].get("iamRoles", []))

    def ensure_user(self, namespace: str, user: str) -> None:
        """An IAM identity's user is made at its first login, with no rights.
        https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-connecting.html
        """
        database = self.namespaces[namespace]["dbName"]
        with self.server(namespace).connect(database, autocommit=True) as connection:
            if connection.execute("select 1 from pg_roles where rolname = %s", [user]).fetchone():
                return
            with contextlib.suppress(psycopg.errors.DuplicateObject):  # another login was first
                connection.execute(f"create role {quote_ident(user)} login")

    def password_is(self, namespace: str, user: str, password: str) -> bool:
        database = self.namespaces[namespace]["dbName"]
        with self.server(namespace).connect(database, autocommit=True) as connection:
            row = connection.execute("select rolpassword from pg_authid where rolname = %s", [user]).fetchone()
        return row is not None and check_password(row[0], user, password)

    # -- the API ---------------------------------------------------------------------------------------

    def call(self, operation: str, request: Mapping, principal: str) -> dict:
        handler = getattr(self, f"_{re.sub('([A-Z])', lambda m: '_' + m[1].lower(), operation).lstrip('_')}", None)
        if handler is None:
            raise ApiError("UnknownOperationException", f"{operation} is not emulated by the local Redshift Serverless")
        if operation == "GetCredentials":
            return handler(request, principal)
        return handler(request)

    def _create_namespace(self, request: Mapping) -> dict:
        return {"namespace": self.shown_namespace(self.create_namespace(request))}

    def create_namespace(self, request: Mapping) -> dict:
        _known(request, _NAMESPACE_SETTINGS)
        name = request.get("namespaceName", "")
        if not re.fullmatch(r"[a-z0-9-]{3,64}", name):
            raise validation(f"namespaceName {name!r} must be 3 to 64 lower-case letters, digits and hyphens")
        _check_namespace(request)
        with self._lock:
            if name in self.namespaces:
                raise ApiError("ConflictException", f"Namespace {name} already exists.")
            number = str(uuid.uuid4())
            managed = _bool(request.get("manageAdminPassword"))
            namespace = {
                "namespaceArn": f"arn:aws:redshift-serverless:{self._place()}:namespace/{number}",
                "namespaceId": number,
                "namespaceName": name,
                "adminUsername": request.get("adminUsername") or "admin",
                "dbName": request.get("dbName") or "dev",
                "kmsKeyId": request.get("kmsKeyId") or "AWS_OWNED_KMS_KEY",
                "defaultIamRoleArn": request.get("defaultIamRoleArn") or "",
                "iamRoles": list(request.get("iamRoles") or []),
                "logExports": list(request.get("logExports") or []),
                "manageAdminPassword": managed,
                "adminPasswordSecretKmsKeyId": request.get("adminPasswordSecretKmsKeyId") or "",
                "tags": list(request.get("tags") or []),
                "status": "AVAILABLE",
                "creationDate": _now(),
            }
            self.namespaces[name] = namespace
            try:
                self._make_database(namespace, request.get("adminUserPassword"))
            except BaseException:
                self.server(name).delete()
                self._servers.pop(name, None)
                del self.namespaces[name]
                raise
            self._save()
            return namespace

    def _make_database(self, namespace: dict, password: str | None) -> None:
        server = self.server(namespace["namespaceName"])
        server.start()
        server.create_database(namespace["dbName"])
        admin = quote_ident(namespace["adminUsername"].lower())
        with server.connect(namespace["dbName"], autocommit=True) as connection:
            connection.execute(f"create role {admin} superuser login")
            connection.execute(f"alter database {quote_ident(namespace['dbName'])} owner to {admin}")
        if namespace["manageAdminPassword"]:
            namespace["adminPasswordSecretArn"] = self._make_secret(namespace)
        elif password:
            self._set_password(namespace, password)

    def _make_secret(self, namespace: dict) -> str:
        alphabet = string.ascii_letters + string.digits
        password = "Aa1" + "".join(secrets.choice(alphabet) for _ in range(29))
        self._set_password(namespace, password)
        client = self.context.client("secretsmanager")
        options = {}
        if namespace["adminPasswordSecretKmsKeyId"]:
            options["KmsKeyId"] = namespace["adminPasswordSecretKmsKeyId"]
        secret = client.create_secret(
            Name=f"redshift!{namespace['namespaceName']}-{namespace['adminUsername']}",
            Description=f"Secret associated with Amazon Redshift namespace: {namespace['namespaceArn']}",
            SecretString=json.dumps({"username": namespace["adminUsername"], "password": password}),
            Tags=[{"Key": "aws:redshift-serverless:namespaceArn", "Value": namespace["namespaceArn"]}],
            **options,
        )
        return secret["ARN"]

    def _drop_secret(self, namespace: dict) -> None:
        arn = namespace.pop("adminPasswordSecretArn", None)
        if arn:
            try:
                self.context.client("secretsmanager").delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise

    def _set_password(self, namespace: dict, password: str) -> None:
        with self.server(namespace["namespaceName"]).connect(namespace["dbName"], autocommit=True) as connection:
            user = quote_ident(namespace["adminUsername"].lower())
            connection.execute(f"alter role {user} password {quote_literal(password)}")

    def _update_namespace(self, request: Mapping) -> dict:
        return {"namespace": self.shown_namespace(self.update_namespace(request))}

    def update_namespace(self, request: Mapping) -> dict:
        _known(request, _NAMESPACE_SETTINGS)
        with self._lock:
            namespace = self._namespace(request.get("namespaceName", ""))
            _check_namespace({**request, "manageAdminPassword": request.get("manageAdminPassword")})
            for key in ("dbName", "adminUsername"):
                if request.get(key, namespace[key]) != namespace[key]:
                    raise ApiError("UnknownOperationException", f"a change of {key} is not emulated")
            for key in ("iamRoles", "logExports", "tags"):
                if key in request:
                    namespace[key] = list(request[key])
            for key in ("defaultIamRoleArn", "kmsKeyId"):
                if request.get(key):
                    namespace[key] = request[key]
            if (
                "manageAdminPassword" in request
                and _bool(request["manageAdminPassword"]) != namespace["manageAdminPassword"]
            ):
                namespace["manageAdminPassword"] = _bool(request["manageAdminPassword"])
                if namespace["manageAdminPassword"]:
                    namespace["adminPasswordSecretArn"] = self._make_secret(namespace)
                else:
                    self._drop_secret(namespace)
            if request.get("adminUserPassword"):
                self._set_password(namespace, request["adminUserPassword"])
            self._save()
            return namespace

    def _get_namespace(self, request: Mapping) -> dict:
        return {"namespace": self.shown_namespace(self._namespace(request.get("namespaceName", "")))}

    def _list_namespaces(self, request: Mapping) -> dict:
        return {"namespaces": [self.shown_namespace(item) for item in self.namespaces.values()]}

    def _delete_namespace(self, request: Mapping) -> dict:
        return {"namespace": self.shown_namespace(self.delete_namespace(request.get("namespaceName", "")))}

    def delete_namespace(self, name: str) -> dict:
        with self._lock:
            namespace = self._namespace(name)
            if any(w["namespaceName"] == name for w in self.workgroups.values()):
                raise ApiError("ConflictException", f"Namespace {name} still has a workgroup.")
            self.server(name).delete()
            self._servers.pop(name, None)
            self._drop_secret(namespace)
            del self.namespaces[name]
            self._save()
            return {**namespace, "status": "DELETING"}

    def _namespace(self, name: str) -> dict:
        if name not in self.namespaces:
            raise ApiError("ResourceNotFoundException", f"Namespace {name} does not exist.", 404, resourceName=name)
        return self.namespaces[name]

    def shown_namespace(self, namespace: dict) -> dict:
        shown = copy.deepcopy(namespace)
        for hidden in ("manageAdminPassword", "tags"):
            shown.pop(hidden, None)
        shown["iamRoles"] = [f"IamRole(applyStatus=in-sync, iamRoleArn={arn})" for arn in namespace["iamRoles"]]
        return {key: value for key, value in shown.items() if value != ""}

    # -- workgroups ------------------------------------------------------------------------------------

    def _create_workgroup(self, request: Mapping) -> dict:
        return {"workgroup": self.shown_workgroup(self.create_workgroup(request))}

    def create_workgroup(self, request: Mapping) -> dict:
        _known(request, _WORKGROUP_SETTINGS)
        name = request.get("workgroupName", "")
        if not re.fullmatch(r"[a-z0-9-]{3,64}", name):
            raise validation(f"workgroupName {name!r} must be 3 to 64 lower-case letters, digits and hyphens")
        with self._lock:
            if name in self.workgroups:
                raise ApiError("ConflictException", f"Workgroup {name} already exists.")
            self._namespace(request.get("namespaceName", ""))
            number = str(uuid.uuid4())
            workgroup = {
                "workgroupArn": f"arn:aws:redshift-serverless:{self._place()}:workgroup/{number}",
                "workgroupId": number,
                "workgroupName": name,
                "namespaceName": request["namespaceName"],
                "baseCapacity": DEFAULT_CAPACITY,
                "enhancedVpcRouting": False,
                "configParameters": [],
                "securityGroupIds": [],
                "subnetIds": [],
                "publiclyAccessible": False,
                "port": 5439,
                "status": "AVAILABLE",
                "creationDate": _now(),
                "tags": [],
            }
            self._apply(workgroup, request)
            if any(w["namespaceName"] == request["namespaceName"] for w in self.workgroups.values()):
                raise ApiError("ConflictException", f"Namespace {request['namespaceName']} already has a workgroup.")
            self.workgroups[name] = workgroup
            self._save()
            return workgroup

    def _apply(self, workgroup: dict, request: Mapping) -> None:
        changed = copy.deepcopy(workgroup)
        for key in _WORKGROUP_SETTINGS:
            if key in request and key not in ("workgroupName", "namespaceName"):
                changed[key] = request[key]
        for key in ("baseCapacity", "maxCapacity", "port"):
            if key in changed:
                changed[key] = int(changed[key])
        for key in ("enhancedVpcRouting", "publiclyAccessible"):
            changed[key] = _bool(changed[key])
        self._check_workgroup(changed)
        workgroup.update(changed)

    def _check_workgroup(self, workgroup: dict) -> None:
        # https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-capacity.html
        for key in ("baseCapacity", "maxCapacity"):
            value = workgroup.get(key)
            if value is not None and not (value in (4, 1024) or (8 <= value <= 512 and value % 8 == 0)):
                raise validation(f"{key} {value} must be 4, 8 to 512 in steps of 8, or 1024 RPUs")
        if workgroup.get("maxCapacity", workgroup["baseCapacity"]) < workgroup["baseCapacity"]:
            raise validation("maxCapacity must not be below baseCapacity")
        if not (5431 <= workgroup["port"] <= 5455 or 8191 <= workgroup["port"] <= 8215):
            raise validation(f"port {workgroup['port']} must be 5431 to 5455 or 8191 to 8215")
        for parameter in workgroup["configParameters"]:
            if parameter.get("parameterKey") not in _CONFIG:
                raise validation(f"unknown configuration parameter {parameter.get('parameterKey')!r}")
        self._check_subnets(workgroup)

    def _check_subnets(self, workgroup: dict) -> None:
        """Three subnets in three zones with enhanced VPC routing, else two in two.
        https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-usage-considerations.html
        """
        ids = workgroup["subnetIds"]
        if not ids:
            return  # the default VPC's
        least = 3 if workgroup["enhancedVpcRouting"] else 2
        try:
            found = self.context.client("ec2").describe_subnets(SubnetIds=list(ids))["Subnets"]
        except ClientError as error:
            raise validation(f"subnets {', '.join(ids)}: {error.response['Error'].get('Message')}") from error
        zones = {subnet["AvailabilityZone"] for subnet in found}
        if len(set(ids)) < least or len(zones) < least:
            raise validation(
                f"There aren't enough subnets: at least {least} in {least} Availability Zones, "
                f"not {len(set(ids))} in {len(zones)}"
            )

    def _update_workgroup(self, request: Mapping) -> dict:
        return {"workgroup": self.shown_workgroup(self.update_workgroup(request))}

    def update_workgroup(self, request: Mapping) -> dict:
        _known(request, _WORKGROUP_SETTINGS)
        with self._lock:
            workgroup = self._workgroup(request.get("workgroupName", ""))
            self._apply(workgroup, request)
            self._save()
            return workgroup

    def _get_workgroup(self, request: Mapping) -> dict:
        return {"workgroup": self.shown_workgroup(self._workgroup(request.get("workgroupName", "")))}

    def _list_workgroups(self, request: Mapping) -> dict:
        return {"workgroups": [self.shown_workgroup(item) for item in self.workgroups.values()]}

    def _delete_workgroup(self, request: Mapping) -> dict:
        return {"workgroup": self.shown_workgroup(self.delete_workgroup(request.get("workgroupName", "")))}

    def delete_workgroup(self, name: str) -> dict:
        with self._lock:
            workgroup = self._workgroup(name)
            del self.workgroups[name]
            self._save()
            return {**workgroup, "status": "DELETING"}

    def _workgroup(self, name: str) -> dict:
        if name not in self.workgroups:
            raise ApiError("ResourceNotFoundException", f"Workgroup {name} does not exist.", 404, resourceName=name)
        return self.workgroups[name]

    def shown_workgroup(self, workgroup: dict) -> dict:
        place = f"{self.context.account}.{self.context.region}"
        address = f"{workgroup['workgroupName']}.{place}.redshift-serverless.amazonaws.com"
        shown = {key: value for key, value in copy.deepcopy(workgroup).items() if key != "tags"}
        # Nothing listens there: the local warehouse is reached through the Data API.
        return {**shown, "endpoint": {"address": address, "port": workgroup["port"]}}

    # -- credentials and tags ----------------------------------------------------------------------------

    def _get_credentials(self, request: Mapping, principal: str) -> dict:
        namespace = self.namespace_of(request.get("workgroupName", ""))
        user = iam_user(principal)
        self.ensure_user(namespace["namespaceName"], user)
        seconds = int(request.get("durationSeconds") or 900)
        if not 900 <= seconds <= 3600:
            raise validation("durationSeconds must be 900 to 3600")
        expires = datetime.now(UTC) + timedelta(seconds=seconds)
        return {
            "dbUser": user,
            "dbPassword": secrets.token_urlsafe(32),
            "expiration": expires.timestamp(),
            "nextRefreshTime": time.time(),
        }

    def _tagged(self, arn: str) -> dict:
        for item in [*self.namespaces.values(), *self.workgroups.values()]:
            if arn in (item.get("namespaceArn"), item.get("workgroupArn")):
                return item
        raise ApiError("ResourceNotFoundException", f"{arn} does not exist.", 404, resourceName=arn)

    def _list_tags_for_resource(self, request: Mapping) -> dict:
        return {"tags": self._tagged(request["resourceArn"])["tags"]}

    def _tag_resource(self, request: Mapping) -> dict:
        with self._lock:
            item = self._tagged(request["resourceArn"])
            new = {tag["key"]: tag for tag in [*item["tags"], *request["tags"]]}
            item["tags"] = list(new.values())
            self._save()
        return {}

    def _untag_resource(self, request: Mapping) -> dict:
        with self._lock:
            item = self._tagged(request["resourceArn"])
            item["tags"] = [tag for tag in item["tags"] if tag["key"] not in request["tagKeys"]]
            self._save()
        return {}

    def _place(self) -> str:
        return f"{self.context.region}:{self.context.account}"


def iam_user(principal: str) -> str:
    """The database user of an IAM identity."""
    return "IAM:operator" if principal == "operator" else f"IAMR:{principal.lower()}"


def _check_namespace(request: Mapping) -> None:
    if _bool(request.get("manageAdminPassword")) and request.get("adminUserPassword"):
        raise validation("You can't specify adminUserPassword when manageAdminPassword is true.")
    for log in request.get("logExports") or []:
        if log not in _LOGS:
            raise validation(f"log export {log!r} must be one of {', '.join(_LOGS)}")
    default = request.get("defaultIamRoleArn")
    if default and default not in (request.get("iamRoles") or []):
        raise validation("defaultIamRoleArn must be one of iamRoles")
    database = request.get("dbName")
    if database and not re.fullmatch(r"[a-z_][a-z0-9_$]{0,62}", database):
        raise validation(f"dbName {database!r} must start with a lower-case letter")


def _known(request: Mapping, settings: tuple[str, ...]) -> None:
    for key in request:
        if key not in settings:
            raise validation(f"{key} is not emulated by the local Redshift Serverless")


def _bool(value: object) -> bool:
    return str(value).lower() == "true"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
