"""How the local Athena says no."""

from __future__ import annotations


class ApiError(Exception):
    """An error answer of the API: its AWS name and message."""

    def __init__(self, message: str, code: str = "InvalidRequestException"):
        super().__init__(message)
        self.code = code
        self.message = message


class QueryFailed(Exception):
    """Ends a query in state FAILED; the text becomes its StateChangeReason."""

    def __init__(self, reason: str, user_error: bool = True):
        super().__init__(reason)
        self.reason = reason
        self.user_error = user_error


class QueryCancelled(Exception):
    """Ends a query in state CANCELLED, with this reason."""
