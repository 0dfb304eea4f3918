"""The Glue API as botocore's model describes it: what a request must look like.

botocore's own validator knows required members, types and minimal lengths; what it leaves out and
AWS checks (maxima, values of enumerations, unknown members) is added here.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

from local.engines.glue.errors import GlueError


@functools.cache
def service() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("glue", "service-2"), "glue")


def validate(operation: str, request: Mapping) -> dict:
    """The request without nulls; raises GlueError as AWS does if it doesn't fit the model."""
    return fit(service().operation_model(operation).input_shape, request, operation)


def fit(shape: Shape | None, value: Any, where: str) -> Any:
    """`value` without nulls; raises GlueError ValidationException if it is no `shape`."""
    value = _without_nulls(value)
    if shape is None:
        return value
    report = ParamValidator().validate(value, shape)
    faults = report.generate_report().splitlines() if report.has_errors() else []
    faults += _beyond_botocore(shape, value, "")
    if faults:
        plural = "s" if len(faults) > 1 else ""
        raise GlueError(
            "ValidationException",
            f"{len(faults)} validation error{plural} detected in {where}: " + "; ".join(faults),
        )
    return value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value]
    return value


def _beyond_botocore(shape: Shape, value: Any, path: str) -> list[str]:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        return [
            fault
            for name, item in value.items()
            for fault in (
                _beyond_botocore(shape.members[name], item, f"{path}.{name}".lstrip("."))
                if name in shape.members
                else [f"unknown member {f'{path}.{name}'.lstrip('.')}"]
            )
        ]
    if kind == "list" and isinstance(value, list):
        faults = _length(shape, len(value), path)
        for number, item in enumerate(value):
            faults += _beyond_botocore(shape.member, item, f"{path}[{number}]")
        return faults
    if kind == "map" and isinstance(value, Mapping):
        faults = _length(shape, len(value), path)
        for name, item in value.items():
            faults += _beyond_botocore(shape.value, item, f"{path}.{name}")
        return faults
    if kind == "string" and isinstance(value, str):
        if (allowed := shape.metadata.get("enum")) and value not in allowed:
            return [f"value {value!r} at {path!r} must be one of {', '.join(allowed)}"]
        return _length(shape, len(value), path)
    if kind in ("integer", "long", "double", "float") and isinstance(value, (int, float)):
        highest = shape.metadata.get("max")
        if highest is not None and value > highest:
            return [f"value {value} at {path!r} must be at most {highest}"]
    return []


def _length(shape: Shape, length: int, path: str) -> list[str]:
    longest = shape.metadata.get("max")
    if longest is not None and length > longest:
        return [f"value at {path!r} has length {length}, at most {longest} is allowed"]
    return []


def coerce(shape: Shape, value: Any) -> Any:
    """A template's value as the API wants it: CloudFormation takes "2" for 2 and "true" for true."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        return {
            name: coerce(shape.members[name], item) if name in shape.members else item for name, item in value.items()
        }
    if kind == "list" and isinstance(value, list):
        return [coerce(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, Mapping):
        return {name: coerce(shape.value, item) for name, item in value.items()}
    if kind in ("integer", "long") and isinstance(value, (str, float)) and not isinstance(value, bool):
        return int(value) if float(value) == int(float(value)) else value
    if kind in ("double", "float") and isinstance(value, (str, int)) and not isinstance(value, bool):
        return float(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind == "string" and isinstance(value, bool):
        return "true" if value else "false"
    if kind == "string" and isinstance(value, (int, float)):
        return str(value)
    return value


def page(items: list, request: Mapping, key: str, most: int = 1000) -> dict:
    """One page of `items` under `key`, with the NextToken that the API gives."""
    token = request.get("NextToken") or "0"
    if not token.isdigit():
        raise GlueError("InvalidInputException", "NextToken is not one that this service gave")
    start = int(token)
    end = start + min(request.get("MaxResults", most), most)
    answer: dict[str, Any] = {key: items[start:end]}
    if end < len(items):
        answer["NextToken"] = str(end)
    return answer
