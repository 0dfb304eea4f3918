"""The AWS JSON 1.1 protocol: requests in, answers and errors out."""

from __future__ import annotations

import json
from collections.abc import Mapping

HEADERS = {"Content-Type": "application/x-amz-json-1.1"}


class ApiError(Exception):
    """An error of the API itself, not of a statement."""

    def __init__(self, code: str, message: str, status: int = 400, **fields: str):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.fields = code, message, status, fields


def validation(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def target_of(headers: Mapping[str, str]) -> tuple[str, str]:
    """(service prefix, operation) of X-Amz-Target."""
    for name, value in headers.items():
        if name.lower() == "x-amz-target":
            prefix, _, operation = value.partition(".")
            return prefix, operation
    return "", ""


def answer(payload: Mapping) -> tuple[int, dict[str, str], bytes]:
    return 200, dict(HEADERS), json.dumps(payload).encode()  # the gateway adds to the headers


def failure(error: ApiError) -> tuple[int, dict[str, str], bytes]:
    # Some services spell it message, some Message: botocore reads both.
    body = {"__type": error.code, "message": error.message, "Message": error.message, **error.fields}
    return error.status, HEADERS | {"x-amzn-ErrorType": error.code}, json.dumps(body).encode()
