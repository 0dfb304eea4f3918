"""The CDK's own helpers whose Lambda needs the AWS SDK for JavaScript.

AWS's Lambda runtime has it, this machine does not: what they do is done here instead. Every other
custom resource runs as deployed, the CDK's Trigger among them.
"""

from __future__ import annotations

from collections.abc import Callable

from local.context import Context


def types(context: Context) -> dict[str, dict[str, Callable]]:
    return {
        "Custom::S3AutoDeleteObjects": _auto_delete_objects(context),
        "Custom::VpcRestrictDefaultSG": _restrict_default_group(context),
    }


def _auto_delete_objects(context: Context) -> dict[str, Callable]:
    """Empties a bucket before its stack deletes it."""

    def create(logical_id, properties, stack_name):
        return properties["BucketName"], {}

    def update(physical_id, old, new, stack_name):
        return new["BucketName"], {}

    def delete(physical_id, properties):
        s3 = context.client("s3")
        try:
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=physical_id):
                found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                objects = [{"Key": o["Key"], "VersionId": o["VersionId"]} for o in found]
                if objects:
                    s3.delete_objects(Bucket=physical_id, Delete={"Objects": objects})
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":
                raise

    return {"create": create, "update": update, "delete": delete}


def _restrict_default_group(context: Context) -> dict[str, Callable]:
    """Takes every rule from a VPC's default security group."""

    def create(logical_id, properties, stack_name):
        ec2 = context.client("ec2")
        group = properties["DefaultSecurityGroupId"]
        (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
        for direction, field in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            if found[field]:
                revoke = getattr(ec2, f"revoke_security_group_{direction}")
                revoke(GroupId=group, IpPermissions=found[field])
        return group, {}

    def update(physical_id, old, new, stack_name):
        return create(physical_id, new, stack_name)

    def delete(physical_id, properties):
        """The group goes with its VPC; giving its rules back for a moment would help nobody."""

    return {"create": create, "update": update, "delete": delete}
