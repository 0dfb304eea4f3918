"""Buckets with the properties that ministack drops: each is set through its own API call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local import adapter
from local.context import Context


def types(context: Context) -> dict[str, dict[str, Callable]]:
    return {"AWS::S3::Bucket": _bucket(context)}


def _bucket(context: Context) -> dict[str, Callable]:
    stock = adapter.cloudformation_handler("AWS::S3::Bucket")

    def create(logical_id, properties, stack_name):
        name, attributes = stock["create"](logical_id, properties, stack_name)
        try:
            _configure(context.client("s3"), name, {}, properties)
        except Exception:
            stock["delete"](name, properties)  # a failed create leaves nothing behind
            raise
        return name, attributes

    def update(physical_id, old, new, stack_name):
        name, attributes = stock["update"](physical_id, old, new, stack_name)
        _configure(context.client("s3"), name, old if name == physical_id else {}, new)
        return name, attributes

    def delete(physical_id, properties):
        # As on AWS, a bucket that holds anything is not deleted (stock: it is, with everything).
        s3 = context.client("s3")
        try:
            versions = s3.list_object_versions(Bucket=physical_id, MaxKeys=1)
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":
                raise
        else:
            if versions.get("Versions") or versions.get("DeleteMarkers"):
                raise ValueError(f"The bucket you tried to delete is not empty: {physical_id}")
            s3.delete_bucket(Bucket=physical_id)
        stock["delete"](physical_id, properties)

    return {**stock, "create": create, "update": update, "delete": delete}


def _configure(s3: Any, bucket: str, old: Mapping, new: Mapping) -> None:
    for name, (put, remove) in _CONFIGURATIONS.items():
        if new.get(name):
            put(s3, bucket, new[name])
        elif old.get(name):
            remove(s3, bucket)


def _put_encryption(s3: Any, bucket: str, value: Mapping) -> None:
    rules = []
    for rule in value["ServerSideEncryptionConfiguration"]:
        by_default = rule.get("ServerSideEncryptionByDefault", {})
        key = by_default.get("KMSMasterKeyID")
        if by_default["SSEAlgorithm"].startswith("aws:kms") and not key:
            # AWS takes its own key then; the emulator wants one by name at every upload
            key = "alias/aws/s3"
        translated: dict = {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": by_default["SSEAlgorithm"],
                **({"KMSMasterKeyID": key} if key else {}),
            }
        }
        if "BucketKeyEnabled" in rule:
            translated["BucketKeyEnabled"] = truth(rule["BucketKeyEnabled"])
        rules.append(translated)
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def _put_lifecycle(s3: Any, bucket: str, value: Mapping) -> None:
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": [lifecycle_rule(rule) for rule in value["Rules"]]},
    )


def lifecycle_rule(rule: Mapping) -> dict:
    """A rule of a template as the S3 API takes it. Raises ValueError for what it can't hold."""
    known = {
        "Id",
        "Status",
        "Prefix",
        "ExpirationInDays",
        "ExpiredObjectDeleteMarker",
        "NoncurrentVersionExpiration",
        "NoncurrentVersionExpirationInDays",
        "NoncurrentVersionTransitions",
        "Transitions",
        "AbortIncompleteMultipartUpload",
        "TagFilters",
    }
    if unknown := set(rule) - known:
        raise ValueError(f"lifecycle rule with {', '.join(sorted(unknown))}: not emulated")
    tags = [{"Key": t["Key"], "Value": t["Value"]} for t in rule.get("TagFilters", [])]
    prefix = rule.get("Prefix", "")
    if not tags:
        scope: dict = {"Prefix": prefix}
    elif len(tags) == 1 and not prefix:
        scope = {"Tag": tags[0]}
    else:
        scope = {"And": {"Prefix": prefix, "Tags": tags}}
    result: dict = {"Status": rule["Status"], "Filter": scope}
    if "Id" in rule:
        result["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        result["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "ExpiredObjectDeleteMarker" in rule:
        result["Expiration"] = {"ExpiredObjectDeleteMarker": truth(rule["ExpiredObjectDeleteMarker"])}
    noncurrent = rule.get("NoncurrentVersionExpiration") or (
        {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
        if "NoncurrentVersionExpirationInDays" in rule
        else None
    )
    if noncurrent:
        result["NoncurrentVersionExpiration"] = {k: int(v) for k, v in noncurrent.items()}
    if "Transitions" in rule:
        result["Transitions"] = [
            {"Days": int(t["TransitionInDays"]), "StorageClass": t["StorageClass"]} for t in rule["Transitions"]
        ]
    if "NoncurrentVersionTransitions" in rule:
        result["NoncurrentVersionTransitions"] = [
            {"NoncurrentDays": int(t["TransitionInDays"]), "StorageClass": t["StorageClass"]}
            for t in rule["NoncurrentVersionTransitions"]
        ]
    if abort := rule.get("AbortIncompleteMultipartUpload"):
        result["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(abort["DaysAfterInitiation"])}
    return result


def _put_tags(s3: Any, bucket: str, value: list[Mapping]) -> None:
    tags = [{"Key": str(t["Key"]), "Value": str(t["Value"])} for t in value]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})


def _put_logging(s3: Any, bucket: str, value: Mapping) -> None:
    target = value.get("DestinationBucketName") or bucket
    s3.put_bucket_logging(
        Bucket=bucket,
        BucketLoggingStatus={
            "LoggingEnabled": {
                "TargetBucket": target,
                "TargetPrefix": value.get("LogFilePrefix", ""),
            }
        },
    )


def _put_ownership(s3: Any, bucket: str, value: Mapping) -> None:
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": value["Rules"]})


def _put_acl(s3: Any, bucket: str, value: str) -> None:
    if value == "Private":  # what a bucket is anyway; setting it fails where ACLs are off
        return
    s3.put_bucket_acl(Bucket=bucket, ACL=re.sub(r"(?<!^)(?=[A-Z])", "-", value).lower())


# property → what sets it, what takes it away again
_CONFIGURATIONS: dict[str, tuple[Callable, Callable]] = {
    "AccessControl": (_put_acl, lambda s3, b: s3.put_bucket_acl(Bucket=b, ACL="private")),
    "BucketEncryption": (_put_encryption, lambda s3, b: s3.delete_bucket_encryption(Bucket=b)),
    "LifecycleConfiguration": (_put_lifecycle, lambda s3, b: s3.delete_bucket_lifecycle(Bucket=b)),
    "Tags": (_put_tags, lambda s3, b: s3.delete_bucket_tagging(Bucket=b)),
    "LoggingConfiguration": (
        _put_logging,
        lambda s3, b: s3.put_bucket_logging(Bucket=b, BucketLoggingStatus={}),
    ),
    "OwnershipControls": (
        _put_ownership,
        lambda s3, b: s3.delete_bucket_ownership_controls(Bucket=b),
    ),
}


def truth(value: object) -> bool:
    """A template's boolean, which may be text."""
    return str(value).lower() == "true"
