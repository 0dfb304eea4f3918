"""Files in S3, read and written as a role of the namespace."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from urllib.parse import urlparse

from botocore.exceptions import ClientError

from .errors import RedshiftError


@dataclass(frozen=True)
class S3Object:
    bucket: str
    key: str
    size: int
    mandatory: bool = True

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def parse_url(url: str) -> tuple[str, str]:
    parts = urlparse(url, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise RedshiftError(f"The S3 path is not valid: {url}")
    path = url.split("://", 1)[1]
    bucket, _, key = path.partition("/")
    return bucket, key


class Lake:
    """S3 as one IAM role sees it."""

    def __init__(self, context, role: str):
        self.client = context.client("s3", principal=role)

    def objects(self, bucket: str, prefix: str) -> list[S3Object]:
        found = []
        try:
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for entry in page.get("Contents", []):
                    found.append(S3Object(bucket, entry["Key"], entry["Size"]))
        except ClientError as error:
            raise s3_error(error, f"s3://{bucket}/{prefix}") from error
        return sorted(found, key=lambda item: item.key)

    def read(self, item: S3Object) -> bytes:
        try:
            return self.client.get_object(Bucket=item.bucket, Key=item.key)["Body"].read()
        except ClientError as error:
            raise s3_error(error, item.url) from error

    def size(self, bucket: str, key: str) -> int | None:
        """None: there is no such object."""
        try:
            return self.client.head_object(Bucket=bucket, Key=key)["ContentLength"]
        except ClientError as error:
            if error.response["ResponseMetadata"].get("HTTPStatusCode") == 404:
                return None
            raise s3_error(error, f"s3://{bucket}/{key}") from error

    def write(self, bucket: str, key: str, body: bytes | io.BytesIO, encryption: dict[str, str]) -> None:
        try:
            self.client.put_object(Bucket=bucket, Key=key, Body=body, **encryption)
        except ClientError as error:
            raise s3_error(error, f"s3://{bucket}/{key}") from error

    def delete(self, bucket: str, keys: list[str]) -> None:
        try:
            for key in keys:
                self.client.delete_object(Bucket=bucket, Key=key)
        except ClientError as error:
            raise s3_error(error, f"s3://{bucket}/") from error

    def manifest(self, url: str, with_length: bool) -> list[S3Object]:
        """The objects a manifest names: https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html"""
        bucket, key = parse_url(url)
        body = self.read(S3Object(bucket, key, 0))
        try:
            entries = json.loads(body)["entries"]
            parsed = [(entry["url"], entry.get("mandatory", False), entry.get("meta", {})) for entry in entries]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RedshiftError(f"Manifest file {url} is not valid: {error}") from error
        found = []
        for entry_url, mandatory, meta in parsed:
            length = meta.get("content_length") if isinstance(meta, dict) else None
            if with_length and not isinstance(length, int):
                raise RedshiftError(
                    f"Manifest file {url} is not valid: entry {entry_url} has no meta key content_length, "
                    "which a file in a columnar format must have"
                )
            entry_bucket, entry_key = parse_url(entry_url)
            size = self.size(entry_bucket, entry_key)
            if size is None:
                if mandatory:
                    raise RedshiftError(
                        f"Problem reading manifest file - the mandatory file {entry_url} does not exist"
                    )
                continue
            if with_length and size != length:
                raise RedshiftError(f"The length of {entry_url} is {size}, the manifest's content_length says {length}")
            found.append(S3Object(entry_bucket, entry_key, size, mandatory))
        return found


def s3_error(error: ClientError, url: str) -> RedshiftError:
    code = error.response["Error"].get("Code", "")
    status = error.response["ResponseMetadata"].get("HTTPStatusCode", "")
    message = error.response["Error"].get("Message", "")
    return RedshiftError(f"S3ServiceException:{message},Status {status},Error {code},Path {url}")


def role_of_arn(arn: str, account: str) -> str:
    """The name of the role in "arn:aws:iam::<account>:role/<path/><name>"."""
    parts = arn.split(":", 5)
    if "," in arn:
        raise RedshiftError("a chain of roles is not emulated by the local Redshift")
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/") or parts[4] != account:
        raise RedshiftError(f"Invalid IAM role ARN: {arn}")
    return parts[5].rsplit("/", 1)[1]
