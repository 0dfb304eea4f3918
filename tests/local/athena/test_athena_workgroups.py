"""Workgroups and named queries, by API and by CloudFormation."""

import json

import pytest

from local.engines.athena import cloudformation
from local.engines.athena.errors import ApiError
from local.engines.athena.executions import output_configuration
from local.engines.athena.service import Service
from local.engines.athena.workgroups import checked_configuration

RESULTS = {
    "OutputLocation": "s3://results/out/",
    "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
}
CONFIGURATION = {
    "ResultConfiguration": RESULTS,
    "EnforceWorkGroupConfiguration": True,
    "PublishCloudWatchMetricsEnabled": True,
    "BytesScannedCutoffPerQuery": 10_000_000,
    "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"},
}


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def call(service):
    def run(operation, **request):
        status, _, body = service.answer(operation, json.dumps(request).encode(), "operator")
        answer = json.loads(body)
        if status != 200:
            raise ApiError(answer["message"], answer["__type"])
        return answer

    return run


def test_a_workgroup_keeps_what_it_was_given(call):
    call("CreateWorkGroup", Name="w", Description="d", Configuration=CONFIGURATION)
    group = call("GetWorkGroup", WorkGroup="w")["WorkGroup"]
    assert group["State"] == "ENABLED"
    assert group["Configuration"] == {
        **CONFIGURATION,
        "RequesterPaysEnabled": False,
        "EngineVersion": {
            "SelectedEngineVersion": "Athena engine version 3",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
    }
    assert {g["Name"] for g in call("ListWorkGroups")["WorkGroups"]} == {"primary", "w"}


def test_metrics_are_off_unless_switched_on(call):
    call("CreateWorkGroup", Name="w")
    configuration = call("GetWorkGroup", WorkGroup="w")["WorkGroup"]["Configuration"]
    assert configuration["PublishCloudWatchMetricsEnabled"] is False
    assert configuration["EnforceWorkGroupConfiguration"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"BytesScannedCutoffPerQuery": 9_999_999},
        {"ExecutionRole": "arn:aws:iam::000000000000:role/x"},
        {"EngineVersion": {"SelectedEngineVersion": "PySpark engine version 3"}},
        {"ResultConfiguration": {"OutputLocation": "results"}},
        {"ResultConfiguration": {"EncryptionConfiguration": {"EncryptionOption": "SSE_KMS"}}},
        {"ResultConfiguration": {"EncryptionConfiguration": {"EncryptionOption": "CSE_KMS"}}},
        {"EnforceWorkGroupConfiguration": "yes"},
    ],
)
def test_what_is_wrong_or_not_emulated_is_refused(wrong):
    with pytest.raises(ApiError):
        checked_configuration(wrong)


def test_an_update_changes_what_it_names_and_removes_what_it_says(call):
    call("CreateWorkGroup", Name="w", Configuration=CONFIGURATION)
    call(
        "UpdateWorkGroup",
        WorkGroup="w",
        State="DISABLED",
        ConfigurationUpdates={
            "RemoveBytesScannedCutoffPerQuery": True,
            "ResultConfigurationUpdates": {
                "OutputLocation": "s3://results/other/",
                "RemoveEncryptionConfiguration": True,
            },
        },
    )
    group = call("GetWorkGroup", WorkGroup="w")["WorkGroup"]
    assert group["State"] == "DISABLED"
    assert "BytesScannedCutoffPerQuery" not in group["Configuration"]
    assert group["Configuration"]["ResultConfiguration"] == {"OutputLocation": "s3://results/other/"}
    with pytest.raises(ApiError, match="disabled"):
        call("StartQueryExecution", QueryString="select 1", WorkGroup="w")


def test_an_enforced_workgroup_overrides_the_client():
    asked = {"OutputLocation": "s3://mine/"}
    enforced = checked_configuration({"ResultConfiguration": RESULTS})
    assert output_configuration(asked, enforced) == RESULTS
    free = checked_configuration({"ResultConfiguration": RESULTS, "EnforceWorkGroupConfiguration": False})
    assert output_configuration(asked, free)["OutputLocation"] == "s3://mine/"
    with pytest.raises(ApiError, match="No output location provided"):
        output_configuration({}, checked_configuration({}))


def test_a_workgroup_with_queries_goes_only_with_them(call):
    call("CreateWorkGroup", Name="w")
    query = call("CreateNamedQuery", Name="n", Database="d", QueryString="select 1", WorkGroup="w")["NamedQueryId"]
    with pytest.raises(ApiError, match="not empty"):
        call("DeleteWorkGroup", WorkGroup="w")
    call("DeleteWorkGroup", WorkGroup="w", RecursiveDeleteOption=True)
    with pytest.raises(ApiError, match="not found"):
        call("GetNamedQuery", NamedQueryId=query)


def test_named_queries_are_created_once_per_token_listed_changed_and_deleted(call):
    call("CreateWorkGroup", Name="w")
    given = {
        "Name": "n",
        "Database": "d",
        "QueryString": "select 1",
        "WorkGroup": "w",
        "ClientRequestToken": "t" * 32,
    }
    query = call("CreateNamedQuery", **given)["NamedQueryId"]
    assert call("CreateNamedQuery", **given)["NamedQueryId"] == query
    assert call("ListNamedQueries", WorkGroup="w")["NamedQueryIds"] == [query]
    assert call("ListNamedQueries")["NamedQueryIds"] == []
    call("UpdateNamedQuery", NamedQueryId=query, Name="m", QueryString="select 2")
    batch = call("BatchGetNamedQuery", NamedQueryIds=[query, "gone"])
    assert batch["NamedQueries"][0]["QueryString"] == "select 2"
    assert [m["NamedQueryId"] for m in batch["UnprocessedNamedQueryIds"]] == ["gone"]
    call("DeleteNamedQuery", NamedQueryId=query)
    assert call("ListNamedQueries", WorkGroup="w")["NamedQueryIds"] == []


def test_lists_are_paged(call):
    for number in range(7):
        call("CreateNamedQuery", Name=f"n{number}", Database="d", QueryString="select 1")
    first = call("ListNamedQueries", MaxResults=5)
    rest = call("ListNamedQueries", MaxResults=5, NextToken=first["NextToken"])
    assert len(first["NamedQueryIds"]) == 5
    assert len(rest["NamedQueryIds"]) == 2
    assert "NextToken" not in rest


def test_an_unknown_operation_is_refused_by_name(call):
    with pytest.raises(ApiError, match="CreatePreparedStatement"):
        call("CreatePreparedStatement")


def test_a_stack_keeps_every_property_of_its_workgroup(service, call):
    workgroup = cloudformation.types(service)["AWS::Athena::WorkGroup"]
    props = {
        "Name": "w",
        "Description": "d",
        "State": "ENABLED",
        "Tags": [{"Key": "k", "Value": "v"}],
        "RecursiveDeleteOption": True,
        "WorkGroupConfiguration": {
            **CONFIGURATION,
            "PublishCloudWatchMetricsEnabled": "true",
            "BytesScannedCutoffPerQuery": "20000000",
        },
    }
    physical_id, attributes = workgroup["create"]("Id", props, "stack")
    assert physical_id == "w"
    effective = "WorkGroupConfiguration.EngineVersion.EffectiveEngineVersion"
    assert attributes[effective] == "Athena engine version 3"
    kept = call("GetWorkGroup", WorkGroup="w")["WorkGroup"]
    assert kept["Configuration"]["PublishCloudWatchMetricsEnabled"] is True
    assert kept["Configuration"]["BytesScannedCutoffPerQuery"] == 20_000_000
    arn = "arn:aws:athena:us-east-1:000000000000:workgroup/w"
    assert call("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "k", "Value": "v"}]

    changed = {**props, "Description": "e", "WorkGroupConfiguration": CONFIGURATION}
    assert workgroup["update"]("w", props, changed, "stack")[0] == "w"
    assert call("GetWorkGroup", WorkGroup="w")["WorkGroup"]["Description"] == "e"
    workgroup["delete"]("w", changed)
    with pytest.raises(ApiError):
        call("GetWorkGroup", WorkGroup="w")


def test_a_stack_can_not_set_what_is_not_emulated(service):
    workgroup = cloudformation.types(service)["AWS::Athena::WorkGroup"]
    with pytest.raises(ApiError, match="WorkGroupConfigurationUpdates"):
        workgroup["create"]("Id", {"Name": "w", "WorkGroupConfigurationUpdates": {}}, "stack")


def test_a_changed_named_query_of_a_stack_is_another_one(service, call):
    named_query = cloudformation.types(service)["AWS::Athena::NamedQuery"]
    props = {"Name": "n", "Description": "d", "Database": "db", "QueryString": "select 1"}
    first, attributes = named_query["create"]("Id", props, "stack")
    assert attributes == {"NamedQueryId": first}
    changed = {**props, "QueryString": "select 2"}
    second, _ = named_query["update"](first, props, changed, "stack")
    assert second != first
    assert call("ListNamedQueries")["NamedQueryIds"] == [second]
    named_query["delete"](second, changed)
    assert call("ListNamedQueries")["NamedQueryIds"] == []


def test_state_survives_a_restart(service, call):
    call("CreateWorkGroup", Name="w", Configuration=CONFIGURATION)
    call("CreateNamedQuery", Name="n", Database="d", QueryString="select 1", WorkGroup="w")
    saved = json.loads(json.dumps(service.dump()))
    other = Service()
    other.restore(saved)
    assert other.dump() == service.dump()
