"""CloudFormation resource types that ministack lacks or keeps only in part.

Each goes through the same API that a person would call, so what a template declared can be read
back by describe calls. The engines bring the types of their own services.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from local import (
    cloudformation_custom,
    cloudformation_ec2,
    cloudformation_s3,
    cloudformation_sns,
)
from local.context import Context

Handlers = Mapping[str, Callable]


def types(context: Context) -> dict[str, Handlers]:
    return {
        **cloudformation_custom.types(context),
        **cloudformation_ec2.types(context),
        **cloudformation_s3.types(context),
        **cloudformation_sns.types(context),
    }
