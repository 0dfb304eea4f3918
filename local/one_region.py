"""Requests for another region are refused: the engines know one, and half an answer is worse than none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from xml.sax.saxutils import escape

# What has no region, or whose things have names of their own in every region.
EVERYWHERE = frozenset({"iam", "sts", "s3"})
CODE = "RegionNotEmulated"
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/")


class OneRegion:
    """ASGI middleware around the emulator."""

    def __init__(self, app: Callable, region: str):
        self._app = app
        self._region = region

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope.get("headers", ())}
        signed = _SCOPE.search(headers.get("authorization", ""))
        if signed is None or signed["region"] == self._region or signed["service"] in EVERYWHERE:
            await self._app(scope, receive, send)
            return
        message = (
            f"the local AWS has one region, {self._region}; this request ({signed['service']}) is for "
            f"{signed['region']}: see local/README.md"
        )
        body, content_type = _refusal(headers, signed["service"], message)
        answer_headers = [(b"content-type", content_type), (b"x-amzn-errortype", CODE.encode())]
        await send({"type": "http.response.start", "status": 400, "headers": answer_headers})
        await send({"type": "http.response.body", "body": body})


def _refusal(headers: dict[str, str], service: str, message: str) -> tuple[bytes, bytes]:
    """In the words of the request's protocol, so that every tool shows the message."""
    if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return json.dumps({"__type": CODE, "message": message}).encode(), b"application/json"
    error = f"<Error><Code>{CODE}</Code><Message>{escape(message)}</Message></Error>"
    if service == "ec2":
        error = f"<Response><Errors>{error}</Errors></Response>"
    else:
        error = f"<ErrorResponse>{error}</ErrorResponse>"
    return error.encode(), b"text/xml"
