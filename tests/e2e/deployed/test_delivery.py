"""The verbs that the workflows call, against the local AWS: what is synthesized once is what gets deployed."""

from __future__ import annotations

from platform_under_test import RAW, Platform

CONTRACT = "datasets/sales.yaml"


def description_of_the_raw_table(platform: Platform) -> str:
    return platform.client("glue").get_table(DatabaseName="elt_local_raw", Name="sales")["Table"]["Description"]


def make(platform: Platform, *arguments: str, check: bool = True) -> str:
    done = platform.execute("make", "--no-print-directory", *arguments, check=check)
    assert check or done.returncode != 0, f"make {' '.join(arguments)} succeeded:\n{done.stdout}"
    return done.stdout + done.stderr


def test_a_deployment_without_an_environment_or_an_assembly_says_what_it_lacks(platform: Platform) -> None:
    assert "make deploy ENV=dev" in make(platform, "deploy", check=False)
    assert "holds no manifest.json" in make(platform, "deploy", "ENV=local", "ASSEMBLY=nowhere", check=False)


def test_an_assembly_is_deployed_as_it_was_made_whatever_the_tree_says_by_then(platform: Platform) -> None:
    before = description_of_the_raw_table(platform)
    text = (platform.root / CONTRACT).read_text()
    platform.edit(CONTRACT, before, before + " As tested.")
    make(platform, "synth", "ENV=local")
    (platform.root / CONTRACT).write_text(text)
    assert description_of_the_raw_table(platform) == before

    said = make(platform, "deploy", "ENV=local", "ASSEMBLY=cdk.out")
    assert "local/DatasetSales" in said
    assert description_of_the_raw_table(platform) == before + " As tested."

    make(platform, "deploy", "ENV=local", "STACK=DatasetSales")
    assert description_of_the_raw_table(platform) == before


def test_the_smoke_test_runs_every_pipeline_and_counts_its_rows(platform: Platform) -> None:
    said = make(platform, "smoke", "ENV=local")
    for step in ("crawl", "load", "transform", "check"):
        assert f"sales: {step} succeeded" in said
    assert "smoke test passed" in said


def test_what_was_changed_past_the_stacks_is_found(platform: Platform) -> None:
    assert "elt-local-storage: in sync" in make(platform, "drift", "ENV=local")
    s3 = platform.client("s3")
    s3.put_bucket_versioning(Bucket=RAW, VersioningConfiguration={"Status": "Suspended"})
    try:
        said = make(platform, "drift", "ENV=local", check=False)
        assert f"elt-local-storage: drifted\n  AWS::S3::Bucket {RAW}: modified\n" in said
        assert "/VersioningConfiguration/Status: is Suspended, expected Enabled" in said
        assert "elt-local-access: in sync" in said
    finally:
        s3.put_bucket_versioning(Bucket=RAW, VersioningConfiguration={"Status": "Enabled"})
    make(platform, "drift", "ENV=local")
