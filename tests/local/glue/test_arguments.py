"""What a script finds on its command line."""

import argparse

import pytest

from local.engines.glue import arguments
from local.engines.glue.errors import GlueError

SPARK = {"Command": {"Name": "glueetl", "ScriptLocation": "s3://b/load.py"}}
SHELL = {"Command": {"Name": "pythonshell", "ScriptLocation": "s3://b/check.py"}}


def parsed(words, *names):
    parser = argparse.ArgumentParser()
    for name in names:
        parser.add_argument(name)
    return vars(parser.parse_known_args(words)[0])


def run(**more):
    return {"JobName": "elt-load", "Id": "jr_1", **more}


def test_the_run_overrides_the_job_and_nothing_overrides_what_can_t_be():
    job = {
        "DefaultArguments": {"--a": "job", "--b": "job"},
        "NonOverridableArguments": {"--c": "fixed"},
    }
    assert arguments.merged(job, {"Arguments": {"--b": "run", "--c": "run"}}) == {
        "--a": "job",
        "--b": "run",
        "--c": "fixed",
    }


@pytest.mark.parametrize("job", [SPARK, SHELL])
def test_the_workflow_is_named_in_its_runs_alone(job):
    alone = arguments.command_line(job, run(), None)
    assert "--WORKFLOW_NAME" not in alone and "--WORKFLOW_RUN_ID" not in alone
    within = arguments.command_line(job, run(_workflow_run="wr_1"), "pipeline")
    assert parsed(within, "--WORKFLOW_NAME", "--WORKFLOW_RUN_ID", "--JOB_NAME") == {
        "WORKFLOW_NAME": "pipeline",
        "WORKFLOW_RUN_ID": "wr_1",
        "JOB_NAME": "elt-load",
    }


def test_an_argument_without_value_stays_alone():
    job = {**SPARK, "DefaultArguments": {"--enable-metrics": "", "--dataset": "sales"}}
    words = arguments.command_line(job, run(), None)
    assert words[words.index("--enable-metrics") + 1] == "--dataset"


@pytest.mark.parametrize(
    "given",
    [
        {"--additional-python-modules": "pandas"},
        {"--conf": "spark.a=b"},
        {"--extra-jars": "s3://b/x.jar"},
        {"--job-bookmark-option": "job-bookmark-enable"},
        {"--job-language": "scala"},
    ],
)
def test_what_would_change_the_run_and_is_not_emulated_is_refused(given):
    with pytest.raises(GlueError, match="Not emulated"):
        arguments.refuse_unknown(given)


def test_python_files_are_a_list_of_addresses():
    assert arguments.python_files({"--extra-py-files": "s3://b/a.zip, s3://b/b.zip"}) == [
        "s3://b/a.zip",
        "s3://b/b.zip",
    ]
    assert arguments.python_files({}) == []
