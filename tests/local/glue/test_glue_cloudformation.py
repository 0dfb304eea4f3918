"""Glue's resource types, through CloudFormation itself."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from glue_gateway import wait_for

ROLE = "arn:aws:iam::000000000000:role/elt-test"
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Pipeline": {
            "Type": "AWS::Glue::Workflow",
            "Properties": {
                "Name": "cfn-pipeline",
                "Description": "d",
                "MaxConcurrentRuns": 1,
                "Tags": {"env": "test"},
            },
        },
        "Crawler": {
            "Type": "AWS::Glue::Crawler",
            "Properties": {
                "Name": "cfn-crawl",
                "Role": ROLE,
                "Targets": {"CatalogTargets": [{"DatabaseName": "raw", "Tables": ["sales"]}]},
                "SchemaChangePolicy": {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
                "Configuration": json.dumps(
                    {"CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}}
                ),
            },
        },
        "Job": {
            "Type": "AWS::Glue::Job",
            "Properties": {
                "Name": "cfn-job",
                "Role": ROLE,
                "Command": {"Name": "glueetl", "ScriptLocation": "s3://b/load.py"},
                "GlueVersion": "5.1",
                "WorkerType": "G.1X",
                # templates may say numbers as text
                "NumberOfWorkers": "2",
                "ExecutionProperty": {"MaxConcurrentRuns": 2},
                "ExecutionClass": "FLEX",
                "NonOverridableArguments": {"--a": "b"},
                "DefaultArguments": {"--n": 1},
            },
        },
        "Start": {
            "Type": "AWS::Glue::Trigger",
            "Properties": {
                "Name": "cfn-start",
                "Type": "SCHEDULED",
                "Schedule": "cron(0 6 * * ? *)",
                "StartOnCreation": True,
                "WorkflowName": {"Ref": "Pipeline"},
                "Actions": [{"CrawlerName": {"Ref": "Crawler"}}],
            },
        },
        "ToJob": {
            "Type": "AWS::Glue::Trigger",
            "DependsOn": "Start",
            "Properties": {
                "Name": "cfn-to-job",
                "Type": "CONDITIONAL",
                "StartOnCreation": True,
                "WorkflowName": {"Ref": "Pipeline"},
                "Predicate": {
                    "Conditions": [
                        {
                            "LogicalOperator": "EQUALS",
                            "CrawlerName": {"Ref": "Crawler"},
                            "CrawlState": "SUCCEEDED",
                        }
                    ]
                },
                "Actions": [{"JobName": {"Ref": "Job"}, "Arguments": {"--x": "y"}}],
            },
        },
        "Security": {
            "Type": "AWS::Glue::SecurityConfiguration",
            "Properties": {
                "Name": "cfn-security",
                "EncryptionConfiguration": {"S3Encryptions": [{"S3EncryptionMode": "SSE-S3"}]},
            },
        },
    },
    "Outputs": {"Names": {"Value": {"Fn::Join": ["|", [{"Ref": "Pipeline"}, {"Ref": "Job"}]]}}},
}


def changed(**properties):
    """The template with other properties of resources, or without one (None)."""
    template = copy.deepcopy(TEMPLATE)
    for name, change in properties.items():
        if change is None:
            del template["Resources"][name]
            continue
        for key, value in change.items():
            if value is None:
                del template["Resources"][name]["Properties"][key]
            else:
                template["Resources"][name]["Properties"][key] = value
    return json.dumps(template)


def settled(gateway, name):
    """The stack, once nothing is in progress; None if it is gone."""
    cloudformation = gateway.client("cloudformation")

    def look():
        try:
            (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        except cloudformation.exceptions.ClientError:
            return {"StackStatus": "GONE"}
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    return wait_for(look, what=f"stack {name}")


def reasons(gateway, name):
    events = gateway.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return " ".join(event.get("ResourceStatusReason", "") for event in events)


@pytest.fixture
def stack(gateway):
    cloudformation = gateway.client("cloudformation")
    cloudformation.create_stack(StackName="glue", TemplateBody=json.dumps(TEMPLATE))
    stack = settled(gateway, "glue")
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(gateway, "glue")
    yield stack
    cloudformation.delete_stack(StackName="glue")
    settled(gateway, "glue")


def update(gateway, template):
    gateway.client("cloudformation").update_stack(StackName="glue", TemplateBody=template)
    return settled(gateway, "glue")


def test_what_a_template_says_is_what_the_api_answers(gateway, stack):
    glue = gateway.client("glue")
    assert stack["Outputs"][0]["OutputValue"] == "cfn-pipeline|cfn-job"
    job = glue.get_job(JobName="cfn-job")["Job"]
    assert job["NumberOfWorkers"] == 2
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 2}
    assert job["ExecutionClass"] == "FLEX"
    assert job["NonOverridableArguments"] == {"--a": "b"}
    assert job["DefaultArguments"] == {"--n": "1"}
    workflow = glue.get_workflow(Name="cfn-pipeline", IncludeGraph=True)["Workflow"]
    assert workflow["MaxConcurrentRuns"] == 1 and workflow["Description"] == "d"
    assert {node["Name"] for node in workflow["Graph"]["Nodes"]} == {
        "cfn-start",
        "cfn-crawl",
        "cfn-to-job",
        "cfn-job",
    }
    assert glue.get_trigger(Name="cfn-to-job")["Trigger"]["State"] == "ACTIVATED"
    arn = "arn:aws:glue:us-east-1:000000000000:workflow/cfn-pipeline"
    assert glue.get_tags(ResourceArn=arn)["Tags"]["env"] == "test"
    security = glue.get_security_configuration(Name="cfn-security")["SecurityConfiguration"]
    assert security["EncryptionConfiguration"]["S3Encryption"] == [{"S3EncryptionMode": "SSE-S3"}]


def test_an_update_changes_and_unsets(gateway, stack):
    template = changed(
        Job={"NumberOfWorkers": 3, "ExecutionClass": None},
        Pipeline={"Description": None, "MaxConcurrentRuns": 2},
        Start={"Schedule": "cron(0 7 * * ? *)"},
        Crawler={"Description": "new"},
    )
    assert update(gateway, template)["StackStatus"] == "UPDATE_COMPLETE"
    glue = gateway.client("glue")
    job = glue.get_job(JobName="cfn-job")["Job"]
    assert (job["NumberOfWorkers"], job["ExecutionClass"]) == (3, "STANDARD")
    workflow = glue.get_workflow(Name="cfn-pipeline")["Workflow"]
    assert workflow["MaxConcurrentRuns"] == 2 and "Description" not in workflow
    trigger = glue.get_trigger(Name="cfn-start")["Trigger"]
    assert (trigger["Schedule"], trigger["State"]) == ("cron(0 7 * * ? *)", "ACTIVATED")
    assert glue.get_crawler(Name="cfn-crawl")["Crawler"]["Description"] == "new"


def test_a_new_name_replaces(gateway, stack):
    template = changed(Security={"Name": "cfn-other"}, Job={"Name": "cfn-job-2"})
    assert update(gateway, template)["StackStatus"] == "UPDATE_COMPLETE", reasons(gateway, "glue")
    glue = gateway.client("glue")
    assert glue.list_jobs()["JobNames"].count("cfn-job-2") == 1
    assert "cfn-job" not in glue.list_jobs()["JobNames"]
    found = glue.get_security_configurations()["SecurityConfigurations"]
    assert [one["Name"] for one in found] == ["cfn-other"]
    assert glue.get_trigger(Name="cfn-to-job")["Trigger"]["Actions"][0]["JobName"] == "cfn-job-2"


def test_a_removed_resource_is_gone_and_a_deleted_stack_leaves_nothing(gateway, stack):
    assert update(gateway, changed(Security=None))["StackStatus"] == "UPDATE_COMPLETE"
    glue = gateway.client("glue")
    assert glue.get_security_configurations()["SecurityConfigurations"] == []
    gateway.client("cloudformation").delete_stack(StackName="glue")
    settled(gateway, "glue")
    assert "cfn-job" not in glue.list_jobs()["JobNames"]
    assert "cfn-crawl" not in glue.list_crawlers()["CrawlerNames"]
    assert "cfn-pipeline" not in glue.list_workflows()["Workflows"]
    assert "cfn-start" not in glue.list_triggers()["TriggerNames"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Job": {"Colour": "red"}}, "Colour"),
        ({"Job": {"WorkerType": "G.9X"}}, "G.9X"),
        ({"ToJob": {"Actions": [{"JobName": "none"}]}}, "Job none not found"),
        ({"Start": {"Schedule": "rate(1 day)"}}, "not of the form cron"),
        ({"Crawler": {"Configuration": "{}"}}, "Not emulated"),
    ],
)
def test_a_wrong_template_fails_and_leaves_the_old_state(gateway, stack, change, why):
    assert update(gateway, changed(**change))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert why in reasons(gateway, "glue")
    job = gateway.client("glue").get_job(JobName="cfn-job")["Job"]
    assert job["WorkerType"] == "G.1X"


def test_a_trigger_s_type_can_t_change_under_its_name(gateway, stack):
    change = {"Type": "ON_DEMAND", "Schedule": None, "StartOnCreation": False}
    assert update(gateway, changed(Start=change))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "custom-named resource" in reasons(gateway, "glue")
