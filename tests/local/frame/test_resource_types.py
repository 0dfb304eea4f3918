"""Templates are kept whole, or refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import pytest

from local import cloudformation_properties as properties
from local.cloudformation_ec2 import permission_of
from local.cloudformation_s3 import lifecycle_rule
from local.context import Context

Deploy = Callable[[str, dict], tuple[str, str]]


def bucket(**more: object) -> dict:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "kept", **more}}


def test_a_property_that_would_be_lost_fails_the_deployment(context: Context, deploy: Deploy) -> None:
    lost = {"AcceleratedToTheMoon": True}
    status, reasons = deploy("lost", {"B": bucket(**lost)})
    assert status == "ROLLBACK_COMPLETE"
    assert "AWS::S3::Bucket.AcceleratedToTheMoon" in reasons
    assert "unsupported.yaml" in reasons
    names = [b["Name"] for b in context.client("s3").list_buckets()["Buckets"]]
    assert "kept" not in names


def test_a_bucket_keeps_what_stock_drops(context: Context, deploy: Deploy) -> None:
    declared = {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        "LifecycleConfiguration": {"Rules": [{"Id": "old", "Status": "Enabled", "ExpirationInDays": "30"}]},
        "Tags": [{"Key": "zone", "Value": "raw"}],
    }
    assert deploy("kept", {"B": bucket(**declared)}) == ("CREATE_COMPLETE", "")
    s3 = context.client("s3")
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket="kept")["Rules"]
    assert rule["Expiration"] == {"Days": 30}
    assert {"Key": "zone", "Value": "raw"} in s3.get_bucket_tagging(Bucket="kept")["TagSet"]

    del declared["LifecycleConfiguration"]
    assert deploy("kept", {"B": bucket(**declared)})[0] == "UPDATE_COMPLETE"
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket="kept")

    s3.put_object(Bucket="kept", Key="something", Body=b"")
    assert deploy("kept", {"B2": bucket(BucketName="another")})[0].startswith("UPDATE")
    assert s3.list_objects_v2(Bucket="kept")["KeyCount"] == 1  # what is not empty is not deleted


def test_a_topic_keeps_its_key_and_a_rule_stands_alone(context: Context, deploy: Deploy) -> None:
    group = {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "alone"},
    }
    rule = {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": {"Fn::GetAtt": ["G", "GroupId"]},
            "IpProtocol": "tcp",
            "FromPort": 5439,
            "ToPort": 5439,
            "SourceSecurityGroupId": {"Fn::GetAtt": ["G", "GroupId"]},
        },
    }
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": "alias/some"}}
    assert deploy("alone", {"G": group, "R": rule, "T": topic}) == ("CREATE_COMPLETE", "")
    ec2, sns = context.client("ec2"), context.client("sns")
    groups = ec2.describe_security_groups()["SecurityGroups"]
    (found,) = [g for g in groups if g["Description"] == "alone"]
    assert found["IpPermissions"][0]["FromPort"] == 5439
    topics = [t["TopicArn"] for t in sns.list_topics()["Topics"] if ":alone-" in t["TopicArn"]]
    attributes = sns.get_topic_attributes(TopicArn=topics[0])["Attributes"]
    assert attributes["KmsMasterKeyId"] == "alias/some"


def test_a_custom_resource_whose_lambda_breaks_fails_at_once(deploy: Deploy) -> None:
    code = "def handler(event, context):\n    raise RuntimeError('file.sql: statement 3: no')\n"
    resources = {
        "F": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"ZipFile": code},
                "Handler": "index.handler",
                "Runtime": "python3.13",
                "Role": "arn:aws:iam::000000000000:role/any",
            },
        },
        "C": {
            "Type": "Custom::Broken",
            "Properties": {"ServiceToken": {"Fn::GetAtt": ["F", "Arn"]}},
        },
    }
    status, reasons = deploy("broken", resources)
    assert status == "ROLLBACK_COMPLETE"
    assert "file.sql: statement 3: no" in reasons


def test_a_type_that_is_not_emulated_is_refused(deploy: Deploy) -> None:
    with pytest.raises(Exception, match="AWS::MSK::Cluster"):
        deploy("unknown", {"K": {"Type": "AWS::MSK::Cluster", "Properties": {}}})


# --- the watching itself ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "look",
    [
        lambda p: p["a"],
        lambda p: p.get("a"),
        lambda p: dict(p),
        lambda p: {**p},
        lambda p: json.dumps(p),
        lambda p: copy.deepcopy(p),
        lambda p: p.copy(),
        lambda p: [v for _, v in p.items()],
        lambda p: {}.update(p),
    ],
)
def test_looking_counts_however_it_is_done(look: Callable) -> None:
    watched = properties.Watched({"a": 1})
    assert watched.seen == set()
    look(watched)
    assert watched.seen == {"a"}


def test_asking_whether_it_is_there_does_not_count() -> None:
    watched = properties.Watched({"a": 1})
    assert "a" in watched and list(watched) == ["a"]
    assert watched.seen == set()


def test_a_refused_create_leaves_nothing_behind() -> None:
    deleted = []
    handlers = {
        "create": lambda logical_id, p, stack: (p["Name"], {}),
        "delete": lambda physical_id, p: deleted.append(physical_id),
    }
    create = properties.checked("T", handlers, listed={})["create"]
    with pytest.raises(ValueError, match=r"T\.Lost"):
        create("L", {"Name": "x", "Lost": 1}, "stack")
    assert deleted == ["x"]
    listed = {"T": {"Lost": "why it does not matter"}}
    create = properties.checked("T", handlers, listed=listed)["create"]
    assert create("L", {"Name": "x", "Lost": 1}, "stack") == ("x", {})


def test_an_update_may_pass_over_what_stayed_the_same() -> None:
    handlers: dict = {"update": lambda physical_id, old, new, stack: (new["Name"], {})}
    update = properties.checked("T", handlers, listed={})["update"]
    assert update("x", {"Name": "x", "Other": 1}, {"Name": "x", "Other": 1}, "s") == ("x", {})
    with pytest.raises(ValueError, match=r"T\.Other"):
        update("x", {"Name": "x", "Other": 1}, {"Name": "x", "Other": 2}, "s")


def test_every_listed_property_has_a_reason() -> None:
    for resource_type, listed in properties.load().items():
        for name, reason in listed.items():
            assert isinstance(reason, str) and len(reason) > 10, f"{resource_type}.{name}"


def test_lifecycle_rules_translate() -> None:
    rule = {
        "Id": "x",
        "Status": "Enabled",
        "Prefix": "staging/",
        "ExpirationInDays": "7",
        "Transitions": [{"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 1}],
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
    }
    assert lifecycle_rule(rule) == {
        "ID": "x",
        "Status": "Enabled",
        "Filter": {"Prefix": "staging/"},
        "Expiration": {"Days": 7},
        "Transitions": [{"StorageClass": "INTELLIGENT_TIERING", "Days": 1}],
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
    }
    with pytest.raises(ValueError, match="ObjectSizeGreaterThan"):
        lifecycle_rule({"Status": "Enabled", "ObjectSizeGreaterThan": 1})


def test_rules_of_security_groups_translate() -> None:
    rule = {"IpProtocol": -1, "CidrIp": "10.0.0.0/8", "Description": "inside"}
    assert permission_of(rule) == {
        "IpProtocol": "-1",
        "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "inside"}],
    }
