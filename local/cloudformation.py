"""CloudFormation resource types that ministack lacks or keeps only in part."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from local.context import Context


def types(context: Context) -> Mapping[str, Mapping[str, Callable]]:
    return {}


def refuse_unknown_properties(context: Context) -> None:
    pass
