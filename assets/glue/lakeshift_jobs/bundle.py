"""A deployed dataset: its contract and its SQL, in one zip."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lakeshift_jobs import contract as contracts
from lakeshift_jobs import lake, sql


@dataclass(frozen=True)
class Bundle:
    contract: contracts.Contract
    files: Mapping[str, str]

    def folder(self, name: str) -> dict[str, str]:
        """The SQL files of `sql/<name>/`, in the order of their names."""
        prefix = f"sql/{name}/"
        return {path: self.files[path] for path in sorted(self.files) if path.startswith(prefix)}

    def statements(self, name: str, placeholders: Mapping[str, str]) -> list[sql.Statement]:
        """Every statement of a folder, ready to run."""
        statements = []
        for path, text in self.folder(name).items():
            statements += sql.split(sql.render(text, placeholders, path), path)
        return statements

    def materialized_views(self) -> list[str]:
        return [name for text in self.folder("schema").values() for name in sql.materialized_views(text)]


def read(client: Any, uri: str) -> Bundle:
    """Fetches the bundle from S3."""
    bucket, key = lake.parse_uri(uri)
    return unpack(client.get_object(Bucket=bucket, Key=key)["Body"].read())


def unpack(content: bytes) -> Bundle:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith((".sql", ".json"))}
    return Bundle(contracts.from_json(json.loads(files["contract.json"])), files)
