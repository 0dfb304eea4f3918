"""Topics that keep their encryption key."""

from __future__ import annotations

from collections.abc import Callable

from local import adapter
from local.context import Context


def types(context: Context) -> dict[str, dict[str, Callable]]:
    stock = adapter.cloudformation_handler("AWS::SNS::Topic")

    def create(logical_id, properties, stack_name):
        topic, attributes = stock["create"](logical_id, properties, stack_name)
        try:
            _set_key(context, topic, properties)
        except Exception:
            stock["delete"](topic, properties)  # a failed create leaves nothing behind
            raise
        return topic, attributes

    def update(physical_id, old, new, stack_name, logical_id=None):
        if "update" in stock:
            extra = (logical_id,) if stock.get("update_with_logical_id") else ()
            topic, attributes = stock["update"](physical_id, old, new, stack_name, *extra)
        else:
            topic, attributes = stock["create"](logical_id or physical_id, new, stack_name)
        _set_key(context, topic, new)
        return topic, attributes

    return {"AWS::SNS::Topic": {**stock, "create": create, "update": update}}


def _set_key(context: Context, topic: str, properties: dict) -> None:
    context.client("sns").set_topic_attributes(
        TopicArn=topic,
        AttributeName="KmsMasterKeyId",
        AttributeValue=properties.get("KmsMasterKeyId", ""),
    )
