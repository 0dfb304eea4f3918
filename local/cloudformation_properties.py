"""No property of a template gets lost in silence.

A handler that never looks at a property can't have kept it. Such a property must be listed, with
what becomes of it, in unsupported.yaml; else the deployment fails and names it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from local import adapter

UNSUPPORTED = Path(__file__).with_name("unsupported.yaml")


class Watched(dict):
    """Properties that remember which of them were looked at.

    The overridden methods keep CPython from its shortcuts for plain dicts, so that copying,
    unpacking and dumping count as looking too.
    """

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.seen: set = set()

    def __getitem__(self, key):
        self.seen.add(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.seen.add(key)
        return super().get(key, default)

    def pop(self, key, *default):
        self.seen.add(key)
        return super().pop(key, *default)

    def setdefault(self, key, default=None):
        self.seen.add(key)
        return super().setdefault(key, default)

    def __iter__(self):
        return super().__iter__()

    def keys(self):
        return list(super().keys())

    def items(self):
        self.seen.update(super().keys())
        return super().items()

    def values(self):
        self.seen.update(super().keys())
        return super().values()

    def copy(self):
        return dict(self.items())

    def __deepcopy__(self, memo):
        import copy

        return {k: copy.deepcopy(v, memo) for k, v in self.items()}


def load(path: Path = UNSUPPORTED) -> dict[str, dict[str, str]]:
    import yaml

    return yaml.safe_load(path.read_text()) or {}


def refuse_unknown(listed: Mapping[str, Mapping[str, str]] | None = None) -> None:
    """Wraps the handlers of every resource type. After all of them are registered."""
    listed = load() if listed is None else listed
    adapter.wrap_cloudformation_types(functools.partial(checked, listed=listed))


def checked(
    resource_type: str, handlers: Mapping[str, Any], *, listed: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """The same handlers, which fail on a property that is neither kept nor listed."""
    allowed = set(listed.get(resource_type, {}))
    # a type may lack one; what is called is there
    create, update, delete = (cast(Any, handlers.get(name)) for name in ("create", "update", "delete"))

    def checked_create(logical_id, properties, stack_name):
        watched = Watched(properties)
        physical_id, attributes = create(logical_id, watched, stack_name)
        if lost := _lost(watched, properties, allowed):
            if delete:
                delete(physical_id, properties)
            raise ValueError(_message(resource_type, lost))
        return physical_id, attributes

    def checked_update(physical_id, old, new, stack_name, *logical_id):
        watched = Watched(new)
        result = update(physical_id, old, watched, stack_name, *logical_id)
        if lost := _lost(watched, new, allowed):
            # the properties that stayed as they were may rightly have been passed over
            changed = {name for name in lost if old.get(name) != new.get(name)}
            if changed:
                raise ValueError(_message(resource_type, changed))
        return result

    wrapped: dict[str, Callable] = {}
    if create:
        wrapped["create"] = checked_create
    if update:
        wrapped["update"] = checked_update
    return {**handlers, **wrapped}


def _lost(watched: Watched, properties: Mapping, allowed: set[str]) -> set[str]:
    return set(properties) - watched.seen - allowed


def _message(resource_type: str, lost: set[str]) -> str:
    names = ", ".join(f"{resource_type}.{name}" for name in sorted(lost))
    return (
        f"{names}: the local AWS would lose this property. Keep it in local/cloudformation*.py, "
        "or list it in local/unsupported.yaml with what becomes of it."
    )
