"""The arguments of a job run. Glue adds arguments of its own, so unknown ones are let through."""

from __future__ import annotations

import argparse
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

_REQUIRED = (
    "environment",
    "dataset",
    "bundle",
    "warehouse",
    "warehouse_name",
    "database",
    "raw_bucket",
    "processed_bucket",
    "artifacts_bucket",
    "raw_database",
    "curated_database",
)


@dataclass(frozen=True)
class Arguments:
    environment: str
    dataset: str
    bundle: str
    warehouse: str
    warehouse_name: str
    database: str
    raw_bucket: str
    processed_bucket: str
    artifacts_bucket: str
    raw_database: str
    curated_database: str
    attempt_id: str
    """Names this process; nothing else ever has the same."""
    run_id: str
    """Names the workflow's run; outside a workflow, this process."""
    region: str
    extra: dict[str, str]

    @property
    def curated_uri(self) -> str:
        return f"s3://{self.processed_bucket}/curated"

    def placeholders(self, publish_role_arn: str = "") -> dict[str, str]:
        """What `${name}` may stand for in SQL that a job runs."""
        return {
            "environment": self.environment,
            "region": self.region,
            "dataset": self.dataset,
            "run_id": self.run_id,
            "attempt_id": self.attempt_id,
            "raw_database": self.raw_database,
            "curated_database": self.curated_database,
            "curated_uri": self.curated_uri,
            "publish_role_arn": publish_role_arn,
        }

    def statement_name(self, step: str) -> str:
        """What the names of this step's statements begin with, in every run."""
        return f"{self.warehouse_name}-{self.dataset}-{step}"


def parse(argv: Sequence[str], extra: Sequence[str] = ()) -> Arguments:
    """Reads a job's arguments; `extra` names those that only this job needs."""
    # no abbreviations: Glue's own --region… must not be taken for one of ours
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in (*_REQUIRED, *extra):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--WORKFLOW_RUN_ID", default="")
    found = vars(parser.parse_known_args(list(argv))[0])
    attempt_id = uuid.uuid4().hex
    return Arguments(
        **{name: found[name] for name in _REQUIRED},
        attempt_id=attempt_id,
        run_id=found["WORKFLOW_RUN_ID"] or attempt_id,
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", ""),
        extra={name: found[name] for name in extra},
    )
