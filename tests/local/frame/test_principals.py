"""Each request is known by the role that signed it."""

from __future__ import annotations

import json
from collections.abc import Callable

import boto3
import pytest
from botocore.exceptions import ClientError

from local.caller import refuse_elsewhere
from local.context import Context


def test_a_role_is_known_by_its_keys(context: Context, requests: Callable[[], list[dict]]) -> None:
    arn = context.client("sts", "elt-local-load").get_caller_identity()["Arn"]
    assert arn == "arn:aws:sts::000000000000:assumed-role/elt-local-load/local"
    assert requests()[-1] | {"time": None} == {
        "time": None,
        "service": "sts",
        "action": "GetCallerIdentity",
        "method": "POST",
        "path": "/",
        "principal": "elt-local-load",
        "status": 200,
    }


def test_any_other_key_is_the_operators(context: Context, requests: Callable[[], list[dict]]) -> None:
    context.client("sts").get_caller_identity()
    assert requests()[-1]["principal"] == "operator"
    session = boto3.Session("anything", "at all", region_name="us-east-1")
    session.client("sts", endpoint_url=context.endpoint).get_caller_identity()
    assert requests()[-1]["principal"] == "operator"


def test_an_assumed_role_is_that_role(context: Context, requests: Callable[[], list[dict]]) -> None:
    trust = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    context.client("iam").create_role(
        RoleName="assumed-by-someone",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    keys = context.client("sts").assume_role(
        RoleArn="arn:aws:iam::000000000000:role/assumed-by-someone", RoleSessionName="session"
    )["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1")
    session.client("s3", endpoint_url=context.endpoint).list_buckets()
    assert requests()[-1]["principal"] == "assumed-by-someone"


def test_s3_reads_are_told_apart(context: Context, requests: Callable[[], list[dict]]) -> None:
    s3 = context.client("s3", "elt-local-load")
    s3.create_bucket(Bucket="requests")
    s3.put_object(Bucket="requests", Key="a/b=1/c.csv", Body=b"x")
    s3.get_object(Bucket="requests", Key="a/b=1/c.csv")["Body"].read()
    s3.list_objects_v2(Bucket="requests")
    last = [(r["action"], r["path"], r["principal"]) for r in requests()[-4:]]
    assert last == [
        ("CreateBucket", "/requests", "elt-local-load"),
        ("PutObject", "/requests/a/b=1/c.csv", "elt-local-load"),
        ("GetObject", "/requests/a/b=1/c.csv", "elt-local-load"),
        ("ListObjectsV2", "/requests", "elt-local-load"),
    ]


def test_a_lambda_signs_as_its_role(context: Context, deploy: Callable[[str, dict], tuple[str, str]]) -> None:
    code = (
        "import boto3, os\ndef handler(event, context):\n    return boto3.client('sts').get_caller_identity()['Arn']\n"
    )
    assert deploy("lambda-role", {"F": function(code, "elt-local-schema")})[0] == "CREATE_COMPLETE"
    functions = context.client("lambda").list_functions()["Functions"]
    (name,) = [f["FunctionName"] for f in functions if "lambda-role" in f["FunctionName"]]
    answer = json.loads(context.client("lambda").invoke(FunctionName=name)["Payload"].read())
    assert ":assumed-role/elt-local-schema/" in answer


def function(code: str, role: str) -> dict:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"ZipFile": code},
            "Handler": "index.handler",
            "Runtime": "python3.13",
            "Role": f"arn:aws:iam::000000000000:role/{role}",
        },
    }


def test_a_child_process_gets_no_setting_of_the_users_own(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.example.com")
    environment = context.environment_for("elt-local-load")
    assert "AWS_PROFILE" not in environment
    assert "AWS_ENDPOINT_URL_S3" not in environment
    assert environment["AWS_SESSION_TOKEN"] != "real"
    assert environment["AWS_ENDPOINT_URL"] == context.endpoint
    assert environment["AWS_CONFIG_FILE"].startswith(str(context.state_dir))


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://s3.amazonaws.com",
        "http://10.0.0.1:4571",
        "http://127.0.0.1.example.com",
        "nonsense",
    ],
)
def test_an_endpoint_elsewhere_is_refused(elsewhere: str) -> None:
    with pytest.raises(ValueError, match="not on this machine"):
        refuse_elsewhere(elsewhere)


@pytest.mark.parametrize("here", ["http://127.0.0.1:1", "http://localhost:2", "http://[::1]:3"])
def test_an_endpoint_on_this_machine_is_not(here: str) -> None:
    refuse_elsewhere(here)


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("glue", "get_databases"),
        ("cloudformation", "describe_stacks"),
        ("ec2", "describe_vpcs"),
        ("lambda", "list_functions"),
        ("cloudwatch", "describe_alarms"),
    ],
)
def test_another_region_is_refused_and_not_answered_as_empty(context: Context, service: str, operation: str) -> None:
    session = boto3.Session("anything", "at all", region_name="eu-west-1")
    client = session.client(service, endpoint_url=context.endpoint)
    with pytest.raises(ClientError, match="one region, us-east-1") as refused:
        getattr(client, operation)()
    assert refused.value.response["Error"]["Code"] == "RegionNotEmulated"


def test_what_has_no_region_is_the_same_from_everywhere(context: Context) -> None:
    session = boto3.Session("anything", "at all", region_name="eu-west-1")
    for service, operation in (("sts", "get_caller_identity"), ("s3", "list_buckets")):
        assert getattr(session.client(service, endpoint_url=context.endpoint), operation)()
