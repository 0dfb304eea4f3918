"""Namespaces and workgroups: by API, by CloudFormation, over restarts and crashes."""

from __future__ import annotations

import json
import tempfile
import time

import psutil
import pytest
from botocore.exceptions import ClientError
from redshift_under_test import Gateway, arn

from local.engines.redshift.server import Server


@pytest.fixture
def api(gateway):
    return gateway.client("redshift-serverless")


def test_a_managed_admin_has_a_secret(gateway, api):
    namespace = api.get_namespace(namespaceName="elt-test")["namespace"]
    assert namespace["status"] == "AVAILABLE" and namespace["dbName"] == "analytics"
    assert f"IamRole(applyStatus=in-sync, iamRoleArn={arn('copier')})" in namespace["iamRoles"]
    client = gateway.client("secretsmanager")
    assert client.describe_secret(SecretId=namespace["adminPasswordSecretArn"])["Name"] == "redshift!elt-test-admin"
    value = client.get_secret_value(SecretId=namespace["adminPasswordSecretArn"])["SecretString"]
    assert json.loads(value)["username"] == "admin"


def test_the_workgroup_tells_its_endpoint(api):
    workgroup = api.get_workgroup(workgroupName="elt-test")["workgroup"]
    assert workgroup["baseCapacity"] == 8 and workgroup["namespaceName"] == "elt-test"
    assert workgroup["endpoint"]["port"] == 5439
    assert "elt-test" in [item["workgroupName"] for item in api.list_workgroups()["workgroups"]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"baseCapacity": 5}, "steps of 8"),
        ({"baseCapacity": 520}, "steps of 8"),
        ({"baseCapacity": 16, "maxCapacity": 8}, "below baseCapacity"),
        ({"port": 80}, "port"),
        ({"configParameters": [{"parameterKey": "nonsense", "parameterValue": "1"}]}, "unknown configuration"),
        ({"subnetIds": ["subnet-none"]}, "subnet"),
        ({"namespaceName": "nowhere"}, "does not exist"),
    ],
    ids=str,
)
def test_a_workgroup_follows_the_rules(api, settings, message):
    with pytest.raises(ClientError, match=message):
        api.create_workgroup(**{"workgroupName": "other", "namespaceName": "elt-test", **settings})


def subnets(gateway, zones: list[str]) -> list[str]:
    ec2 = gateway.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{n}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for n, zone in enumerate(zones)
    ]


def test_enhanced_routing_wants_three_zones(gateway, api):
    two = subnets(gateway, ["us-east-1a", "us-east-1b"])
    with pytest.raises(ClientError, match="enough subnets"):
        api.update_workgroup(workgroupName="elt-test", enhancedVpcRouting=True, subnetIds=two)
    with pytest.raises(ClientError, match="enough subnets"):
        api.update_workgroup(workgroupName="elt-test", subnetIds=subnets(gateway, ["us-east-1a", "us-east-1a"]))
    api.update_workgroup(workgroupName="elt-test", subnetIds=two)


def test_a_namespace_follows_the_rules(api):
    with pytest.raises(ClientError, match="manageAdminPassword"):
        api.create_namespace(namespaceName="bad", manageAdminPassword=True, adminUserPassword="Secret123")
    with pytest.raises(ClientError, match="one of iamRoles"):
        api.create_namespace(namespaceName="bad", defaultIamRoleArn=arn("copier"))
    with pytest.raises(ClientError) as error:
        api.create_namespace(namespaceName="elt-test")
    assert error.value.response["Error"]["Code"] == "ConflictException"
    with pytest.raises(ClientError, match="still has a workgroup"):
        api.delete_namespace(namespaceName="elt-test")


def test_tags_and_credentials(api):
    resource = api.get_workgroup(workgroupName="elt-test")["workgroup"]["workgroupArn"]
    api.tag_resource(resourceArn=resource, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    api.untag_resource(resourceArn=resource, tagKeys=["b"])
    assert api.list_tags_for_resource(resourceArn=resource)["tags"] == [{"key": "a", "value": "1"}]
    credentials = api.get_credentials(workgroupName="elt-test", dbName="analytics")
    assert credentials["dbUser"] == "IAM:operator" and credentials["dbPassword"]


def resources(capacity: int, roles: list[str], **workgroup) -> dict:
    return {
        "Namespace": {"Type": "AWS::RedshiftServerless::Namespace", "Properties": {
            "NamespaceName": "elt-second", "DbName": "second", "ManageAdminPassword": True, "IamRoles": roles,
        }},
        "Workgroup": {"Type": "AWS::RedshiftServerless::Workgroup", "Properties": {
            "WorkgroupName": "elt-second", "NamespaceName": {"Ref": "Namespace"}, "BaseCapacity": capacity, **workgroup,
        }},
    }  # fmt: skip


def test_a_stack_is_created_changed_and_deleted(gateway, api):
    assert gateway.create_stack("second", resources(8, []))["StackStatus"] == "CREATE_COMPLETE"
    folders = set(gateway.state.glob("redshift/namespace-*"))
    assert gateway.create_stack("second", resources(16, [arn("lake")]), update=True)["StackStatus"] == "UPDATE_COMPLETE"
    assert api.get_workgroup(workgroupName="elt-second")["workgroup"]["baseCapacity"] == 16
    secret = api.get_namespace(namespaceName="elt-second")["namespace"]["adminPasswordSecretArn"]
    gateway.client("cloudformation").delete_stack(StackName="second")
    with pytest.raises(ClientError, match="does not exist"):
        while True:
            gateway.client("cloudformation").describe_stacks(StackName="second")
            time.sleep(0.1)
    with pytest.raises(ClientError):
        gateway.client("secretsmanager").describe_secret(SecretId=secret)
    assert len(set(gateway.state.glob("redshift/namespace-*"))) == len(folders) - 1


def test_a_stack_with_an_unknown_property_fails(gateway):
    stack = gateway.create_stack("third", resources(8, [], Unheard=1))
    assert stack["StackStatus"].startswith("ROLLBACK")
    gateway.client("cloudformation").delete_stack(StackName="third")


def test_everything_is_there_after_a_restart_and_after_a_crash(tmp_path):
    running = Gateway(tmp_path)
    try:
        running.done("create table kept (id int)", admin=True)
        running.done("insert into kept values (1)", admin=True)
        running.stop()
        running.start()
        assert running.rows("select id from kept", admin=True) == [[1]]
        count = running.done("select count(*) from kept", admin=True)["Id"]
        long = running.submit(
            ["insert into kept values (2)", *["insert into kept select a.id from kept a, kept b"] * 15], admin=True
        )
        while running.client("redshift-data").describe_statement(Id=long)["Status"] not in ("STARTED", "FINISHED"):
            time.sleep(0.01)
        server = next(p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or [])
                      and "postgres" in p.info["cmdline"][0])  # fmt: skip
        running.kill()
        server.wait(20)  # nothing is left running
        running.start()
        assert running.client("redshift-data").get_statement_result(Id=count)["Records"] == [[{"longValue": 1}]]
        found = running.wait(long)
        assert found["Status"] == "FAILED" and "stopped" in found["Error"]
        assert running.rows("select id from kept", admin=True) == [[1]]
    finally:
        running.stop()


def test_a_deep_state_folder_still_has_a_socket_that_the_kernel_takes(tmp_path, monkeypatch):
    deep = tmp_path / ("deep" * 25)
    monkeypatch.setattr(tempfile, "tempdir", str(deep / "tmp"))
    server = Server(deep / "data", deep / "log")
    try:
        server.start()
        assert server.connect("postgres").execute("select 1").fetchone() == (1,)
    finally:
        server.stop()
    assert not server.socket_folder.exists()
