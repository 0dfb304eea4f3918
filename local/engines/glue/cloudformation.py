"""CloudFormation's Glue types that ministack lacks or keeps only in part.

Each property goes to the API's own operation, whose model refuses what it does not know: nothing
that a template says is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.engines.glue import crawlers, jobs, model, security, triggers, workflows
from local.engines.glue.engine import Engine
from local.engines.glue.errors import GlueError

NAME = "Name"


def types(engine: Callable[[], Engine]) -> dict[str, dict[str, Any]]:
    """Resource type → handlers; `engine` is asked for when they run."""
    return {
        "AWS::Glue::Job": _handlers(engine, Job()),
        "AWS::Glue::Crawler": _handlers(engine, Crawler()),
        "AWS::Glue::Trigger": _handlers(engine, Trigger()),
        "AWS::Glue::Workflow": _handlers(engine, Workflow()),
        "AWS::Glue::SecurityConfiguration": _handlers(engine, SecurityConfiguration()),
    }


class Resource:
    """How one type is made, changed and removed. `request` holds the template's properties in the
    API's types, with the name and without tags."""

    kind = ""
    # the API's creating operation, whose input the properties must fit
    creating = ""
    # a change of these, or of the name, makes a new resource
    immutable: tuple[str, ...] = ()
    tag_kind = ""

    def request(self, properties: Mapping) -> dict:
        return dict(properties)

    def create(self, engine: Engine, request: dict) -> None:
        raise NotImplementedError

    def update(self, engine: Engine, name: str, request: dict) -> None:
        raise NotImplementedError

    def delete(self, engine: Engine, name: str) -> None:
        raise NotImplementedError


class Job(Resource):
    kind, creating, tag_kind = "AWS::Glue::Job", "CreateJob", "job"

    def create(self, engine: Engine, request: dict) -> None:
        jobs.create_job(engine, request)

    def update(self, engine: Engine, name: str, request: dict) -> None:
        update = {key: value for key, value in request.items() if key != NAME}
        jobs.update_job(engine, model.validate("UpdateJob", {"JobName": name, "JobUpdate": update}))

    def delete(self, engine: Engine, name: str) -> None:
        jobs.delete_job(engine, {"JobName": name})


class Crawler(Resource):
    kind, creating, tag_kind = "AWS::Glue::Crawler", "CreateCrawler", "crawler"

    def request(self, properties: Mapping) -> dict:
        request = dict(properties)
        # an object in templates, text in the API
        if isinstance(request.get("Schedule"), Mapping):
            request["Schedule"] = request["Schedule"].get("ScheduleExpression")
        return request

    def create(self, engine: Engine, request: dict) -> None:
        crawlers.create_crawler(engine, request)

    def update(self, engine: Engine, name: str, request: dict) -> None:
        crawlers.replace_crawler(engine, name, request)

    def delete(self, engine: Engine, name: str) -> None:
        crawlers.delete_crawler(engine, {NAME: name})


class Trigger(Resource):
    kind, creating, tag_kind = "AWS::Glue::Trigger", "CreateTrigger", "trigger"
    immutable = ("Type", "WorkflowName")

    def create(self, engine: Engine, request: dict) -> None:
        triggers.create_trigger(engine, request)

    def update(self, engine: Engine, name: str, request: dict) -> None:
        """StartOnCreation is for creation only: on AWS too, its change switches nothing on or off."""
        changeable = {key: request[key] for key in triggers.UPDATABLE if key in request}
        triggers.update_trigger(engine, model.validate("UpdateTrigger", {NAME: name, "TriggerUpdate": changeable}))

    def delete(self, engine: Engine, name: str) -> None:
        triggers.delete_trigger(engine, {NAME: name})


class Workflow(Resource):
    kind, creating, tag_kind = "AWS::Glue::Workflow", "CreateWorkflow", "workflow"

    def create(self, engine: Engine, request: dict) -> None:
        workflows.create_workflow(engine, request)

    def update(self, engine: Engine, name: str, request: dict) -> None:
        workflows.replace_workflow(engine, name, request)

    def delete(self, engine: Engine, name: str) -> None:
        workflows.delete_workflow(engine, {NAME: name})


class SecurityConfiguration(Resource):
    kind = "AWS::Glue::SecurityConfiguration"
    creating = "CreateSecurityConfiguration"
    immutable = ("EncryptionConfiguration",)

    def request(self, properties: Mapping) -> dict:
        request = dict(properties)
        encryption = dict(request.get("EncryptionConfiguration") or {})
        # templates say S3Encryptions where the API says S3Encryption
        if "S3Encryptions" in encryption:
            encryption["S3Encryption"] = encryption.pop("S3Encryptions")
        return {**request, "EncryptionConfiguration": encryption}

    def create(self, engine: Engine, request: dict) -> None:
        security.create(engine, request)

    def delete(self, engine: Engine, name: str) -> None:
        security.delete(engine, {NAME: name})


def _handlers(engine: Callable[[], Engine], resource: Resource) -> dict[str, Any]:
    def prepared(properties: Mapping, name: str) -> tuple[dict, dict]:
        given = {key: value for key, value in properties.items() if key != "Tags"}
        shape = model.service().operation_model(resource.creating).input_shape
        request = model.coerce(shape, resource.request({**given, NAME: name}))
        return model.validate(resource.creating, request), _tags(properties.get("Tags"))

    def tag(name: str, tags: dict[str, str]) -> None:
        if resource.tag_kind:
            arn = engine().arn(resource.tag_kind, name)
            with engine().store.lock:
                engine().store.tags.pop(arn, None)
                if tags:
                    engine().store.tags[arn] = tags
        elif tags:
            raise GlueError("InvalidInputException", f"{resource.kind} takes no tags")

    def create(logical_id: str, properties: Mapping, stack_name: str) -> tuple[str, dict]:
        name = properties.get(NAME) or f"{stack_name}-{logical_id}"
        request, tags = prepared(properties, name)
        resource.create(engine(), request)
        tag(name, tags)
        return name, {}

    def update(
        physical_id: str, old: Mapping, new: Mapping, stack_name: str, logical_id: str | None = None
    ) -> tuple[str, dict]:
        name = new.get(NAME) or physical_id
        changed = any(old.get(key) != new.get(key) for key in resource.immutable)
        if changed and name == physical_id:
            raise ValueError(
                "CloudFormation cannot update a stack when a custom-named resource requires "
                f"replacing. Rename {name} and update the stack again."
            )
        if name != physical_id:
            # the engine of CloudFormation deletes the old one when all is well
            return create(logical_id or physical_id, {**new}, stack_name)
        request, tags = prepared(new, name)
        resource.update(engine(), name, request)
        tag(name, tags)
        return name, {}

    def delete(physical_id: str, properties: Mapping) -> None:
        try:
            resource.delete(engine(), physical_id)
        except GlueError as error:
            if error.code != "EntityNotFoundException":
                raise

    return {
        "create": create,
        "update": update,
        "update_with_logical_id": True,
        "delete": delete,
    }


def _tags(given: Any) -> dict[str, str]:
    """Tags as a map, which most Glue types take, or as a list of Key and Value."""
    if isinstance(given, list):
        return {tag["Key"]: tag["Value"] for tag in given}
    return dict(given or {})
