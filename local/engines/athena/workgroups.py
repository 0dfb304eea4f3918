"""Workgroups and named queries: what is set by API or CloudFormation, and the rules it must keep.

https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html
"""

from __future__ import annotations

import copy
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from local.engines.athena.errors import ApiError

PRIMARY = "primary"
ENGINE = "Athena engine version 3"
MINIMUM_CUTOFF = 10_000_000  # bytes
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,128}")
_CONFIGURATION = {
    "ResultConfiguration": dict,
    "EnforceWorkGroupConfiguration": bool,
    "PublishCloudWatchMetricsEnabled": bool,
    "BytesScannedCutoffPerQuery": int,
    "RequesterPaysEnabled": bool,
    "EngineVersion": dict,
}
_RESULT_CONFIGURATION = {
    "OutputLocation",
    "EncryptionConfiguration",
    "ExpectedBucketOwner",
    "AclConfiguration",
}
_ENCRYPTION = ("SSE_S3", "SSE_KMS")
_ENGINES = ("AUTO", ENGINE)


class Workgroups:
    """Workgroups by name. Not thread-safe: the service holds its lock."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.clear()

    def clear(self) -> None:
        self.groups.clear()
        self.tags.clear()
        # every region has it, without an output location until one is set
        self.groups[PRIMARY] = _group(PRIMARY, "", checked_configuration({}))

    def get(self, name: str) -> dict[str, Any]:
        if name not in self.groups:
            raise ApiError(f"WorkGroup {name} is not found.")
        return self.groups[name]

    def create(
        self,
        name: str,
        configuration: Mapping[str, Any],
        description: str = "",
        state: str = "ENABLED",
        tags: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        if not _NAME.fullmatch(name or ""):
            raise ApiError(f"workgroup name {name!r}: expected {_NAME.pattern}")
        if name in self.groups:
            raise ApiError(f"WorkGroup {name} is already created.")
        group = _group(name, description, checked_configuration(configuration), state)
        self.groups[name] = group
        self.tags[name] = dict(tags or {})
        return group

    def replace(
        self,
        name: str,
        configuration: Mapping[str, Any],
        description: str,
        state: str,
        tags: Mapping[str, str],
    ) -> dict[str, Any]:
        """Sets everything of an existing group, as an update of its stack does."""
        group = self.get(name)
        group.update(
            Configuration=checked_configuration(configuration),
            Description=description,
            State=_state(state),
        )
        self.tags[name] = dict(tags)
        return group

    def update(self, name: str, updates: Mapping[str, Any]) -> None:
        """UpdateWorkGroup: changes what is named in ConfigurationUpdates, removes by Remove…."""
        group = self.get(name)
        changed = copy.deepcopy(group["Configuration"])
        wanted = dict(updates.get("ConfigurationUpdates") or {})
        results = dict(wanted.pop("ResultConfigurationUpdates", None) or {})
        if wanted.pop("RemoveBytesScannedCutoffPerQuery", False):
            changed.pop("BytesScannedCutoffPerQuery", None)
        for field in _RESULT_CONFIGURATION:
            if results.pop(f"Remove{field}", False):
                changed["ResultConfiguration"].pop(field, None)
        changed["ResultConfiguration"].update(results)
        changed.update(wanted)
        # the effective version is ours to say
        changed["EngineVersion"].pop("EffectiveEngineVersion", None)
        group["Configuration"] = checked_configuration(changed)
        if "Description" in updates:
            group["Description"] = updates["Description"]
        if "State" in updates:
            group["State"] = _state(updates["State"])

    def delete(self, name: str, in_use: bool, recursive: bool) -> None:
        if name == PRIMARY:
            raise ApiError("The primary WorkGroup cannot be deleted.")
        self.get(name)
        if in_use and not recursive:
            raise ApiError(f"WorkGroup {name} is not empty")
        del self.groups[name]
        self.tags.pop(name, None)


def _group(name: str, description: str, configuration: dict, state: str = "ENABLED") -> dict:
    return {
        "Name": name,
        "State": _state(state),
        "Description": description,
        "Configuration": configuration,
        "CreationTime": time.time(),
    }


def _state(state: str) -> str:
    if state not in ("ENABLED", "DISABLED"):
        raise ApiError(f"State {state!r}: expected ENABLED or DISABLED")
    return state


def checked_configuration(given: Mapping[str, Any]) -> dict[str, Any]:
    """A complete configuration, with AWS's defaults. Raises ApiError for what is not emulated."""
    for name, value in given.items():
        if name not in _CONFIGURATION:
            raise ApiError(f"workgroup setting {name} is not emulated by the local Athena")
        if not isinstance(value, _CONFIGURATION[name]):
            expected = _CONFIGURATION[name].__name__
            raise ApiError(f"workgroup setting {name} is {value!r}: expected {expected}")
    cutoff = given.get("BytesScannedCutoffPerQuery")
    if cutoff is not None and cutoff < MINIMUM_CUTOFF:
        raise ApiError(f"BytesScannedCutoffPerQuery is {cutoff}: expected at least {MINIMUM_CUTOFF}")
    selected = (given.get("EngineVersion") or {}).get("SelectedEngineVersion", "AUTO")
    if selected not in _ENGINES:
        raise ApiError(f"engine version {selected!r}: expected one of {', '.join(_ENGINES)}")
    configuration: dict[str, Any] = {
        "ResultConfiguration": checked_result_configuration(given.get("ResultConfiguration") or {}),
        "EnforceWorkGroupConfiguration": given.get("EnforceWorkGroupConfiguration", True),
        "PublishCloudWatchMetricsEnabled": given.get("PublishCloudWatchMetricsEnabled", False),
        "RequesterPaysEnabled": given.get("RequesterPaysEnabled", False),
        "EngineVersion": {
            "SelectedEngineVersion": selected,
            "EffectiveEngineVersion": ENGINE,
        },
    }
    if cutoff is not None:
        configuration["BytesScannedCutoffPerQuery"] = cutoff
    return configuration


def checked_result_configuration(given: Mapping[str, Any]) -> dict[str, Any]:
    """The result settings of a workgroup or a query, checked."""
    for name in given:
        if name not in _RESULT_CONFIGURATION:
            raise ApiError(f"result setting {name} is not emulated by the local Athena")
    location = given.get("OutputLocation")
    if location is not None and not re.fullmatch(r"s3://[^/]+(/.*)?", location):
        raise ApiError(f"outputLocation is not a valid S3 path: {location!r}")
    encryption = given.get("EncryptionConfiguration")
    if encryption is not None:
        option = encryption.get("EncryptionOption")
        if option not in _ENCRYPTION:
            raise ApiError(f"EncryptionOption {option!r}: the local Athena knows {', '.join(_ENCRYPTION)}")
        if option == "SSE_KMS" and not encryption.get("KmsKey"):
            raise ApiError("EncryptionOption SSE_KMS needs a KmsKey")
    return copy.deepcopy(dict(given))


class NamedQueries:
    """Saved queries by id. Not thread-safe: the service holds its lock."""

    def __init__(self) -> None:
        self.queries: dict[str, dict[str, Any]] = {}
        self._tokens: dict[str, str] = {}

    def clear(self) -> None:
        self.queries.clear()
        self._tokens.clear()

    def get(self, query_id: str) -> dict[str, Any]:
        if query_id not in self.queries:
            raise ApiError(f"NamedQuery {query_id} was not found")
        return self.queries[query_id]

    def create(self, fields: Mapping[str, Any], token: str | None = None) -> str:
        """Returns the id; the same for the same ClientRequestToken."""
        if token is not None and token in self._tokens:
            return self._tokens[token]
        query = {
            "Name": fields.get("Name") or "",
            "Description": fields.get("Description") or "",
            "Database": fields.get("Database") or "",
            "QueryString": fields.get("QueryString") or "",
            "WorkGroup": fields.get("WorkGroup") or PRIMARY,
        }
        for name in ("Name", "Database", "QueryString"):
            if not query[name]:
                raise ApiError(f"a named query needs {name}")
        _check_lengths(query)
        query["NamedQueryId"] = str(uuid.uuid4())
        self.queries[query["NamedQueryId"]] = query
        if token is not None:
            self._tokens[token] = query["NamedQueryId"]
        return query["NamedQueryId"]

    def update(self, query_id: str, fields: Mapping[str, Any]) -> None:
        query = self.get(query_id)
        changed = {**query, **{k: v for k, v in fields.items() if v is not None}}
        _check_lengths(changed)
        query.update(changed)

    def delete(self, query_id: str) -> None:
        self.get(query_id)
        del self.queries[query_id]

    def of(self, workgroup: str) -> list[str]:
        return [i for i, query in self.queries.items() if query["WorkGroup"] == workgroup]


def _check_lengths(query: Mapping[str, str]) -> None:
    limits = {"Name": 128, "Description": 1024, "Database": 255, "QueryString": 262144}
    for name, limit in limits.items():
        if len(query[name].encode()) > limit:
            raise ApiError(f"{name} is longer than {limit} bytes")
