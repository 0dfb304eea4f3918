"""Flow logs and security-group rules that stand alone."""

from __future__ import annotations

from collections.abc import Callable

from local.context import Context


def types(context: Context) -> dict[str, dict[str, Callable]]:
    return {
        "AWS::EC2::FlowLog": _flow_log(context),
        "AWS::EC2::SecurityGroupIngress": _rule(context, "ingress"),
        "AWS::EC2::SecurityGroupEgress": _rule(context, "egress"),
    }


def tags_of(properties: dict, resource_type: str) -> list[dict]:
    tags = properties.get("Tags")
    return [{"ResourceType": resource_type, "Tags": tags}] if tags else []


def _flow_log(context: Context) -> dict[str, Callable]:
    passed_on = (
        "TrafficType",
        "LogDestinationType",
        "LogDestination",
        "LogGroupName",
        "DeliverLogsPermissionArn",
        "LogFormat",
        "MaxAggregationInterval",
    )

    def create(logical_id, properties, stack_name):
        answer = context.client("ec2").create_flow_logs(
            ResourceIds=[properties["ResourceId"]],
            ResourceType=properties["ResourceType"],
            TagSpecifications=tags_of(properties, "vpc-flow-log"),
            **{name: properties[name] for name in passed_on if properties.get(name) is not None},
        )
        if answer.get("Unsuccessful"):
            raise ValueError(answer["Unsuccessful"][0]["Error"]["Message"])
        flow_log = answer["FlowLogIds"][0]
        return flow_log, {"Id": flow_log}

    def delete(physical_id, properties):
        context.client("ec2").delete_flow_logs(FlowLogIds=[physical_id])

    return {"create": create, "update": _replace(create, delete), "delete": delete}


def _rule(context: Context, direction: str) -> dict[str, Callable]:
    def create(logical_id, properties, stack_name):
        group = properties.get("GroupId") or _group_named(context, properties["GroupName"])
        permission = permission_of(properties)
        getattr(context.client("ec2"), f"authorize_security_group_{direction}")(
            GroupId=group, IpPermissions=[permission]
        )
        physical_id = f"{group}|{direction}|{logical_id}"
        return physical_id, {"Id": physical_id}

    def delete(physical_id, properties):
        ec2 = context.client("ec2")
        group = physical_id.split("|")[0]
        found = ec2.describe_security_groups(Filters=[{"Name": "group-id", "Values": [group]}])
        if found["SecurityGroups"]:  # else the rule went with its group
            getattr(ec2, f"revoke_security_group_{direction}")(GroupId=group, IpPermissions=[permission_of(properties)])

    return {"create": create, "update": _replace(create, delete), "delete": delete}


def _replace(create: Callable, delete: Callable) -> Callable:
    """Neither a flow log nor a rule can be changed, only made anew."""

    def update(physical_id, old, new, stack_name, logical_id=None):
        name = physical_id.rsplit("|", 1)[-1]
        delete(physical_id, old)
        return create(name, new, stack_name)

    return update


def _group_named(context: Context, name: str) -> str:
    groups = context.client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": [name]}])[
        "SecurityGroups"
    ]
    if len(groups) != 1:
        raise ValueError(f"{len(groups)} security groups are named {name!r}, expected one")
    return groups[0]["GroupId"]


def permission_of(properties: dict) -> dict:
    """A rule as the EC2 API takes it."""
    described = {"Description": d} if (d := properties.get("Description")) else {}
    permission: dict = {"IpProtocol": str(properties["IpProtocol"])}
    for port in ("FromPort", "ToPort"):
        if properties.get(port) is not None:
            permission[port] = int(properties[port])
    if cidr := properties.get("CidrIp"):
        permission["IpRanges"] = [{"CidrIp": cidr, **described}]
    if cidr := properties.get("CidrIpv6"):
        permission["Ipv6Ranges"] = [{"CidrIpv6": cidr, **described}]
    prefixes = ("SourcePrefixListId", "DestinationPrefixListId")
    if prefix := next(filter(None, map(properties.get, prefixes)), None):
        permission["PrefixListIds"] = [{"PrefixListId": prefix, **described}]
    groups = ("SourceSecurityGroupId", "DestinationSecurityGroupId")
    if group := next(filter(None, map(properties.get, groups)), None):
        permission["UserIdGroupPairs"] = [{"GroupId": group, **described}]
    return permission
