"""The API over HTTP, with jobs that really run, on a gateway of their own."""

from __future__ import annotations

import io
import json
import os
import signal
import textwrap
import zipfile
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from glue_gateway import Gateway, wait_for

BUCKET = "glue-tests"
ROLE = "arn:aws:iam::000000000000:role/elt-test"
ACTIVE = ("STARTING", "RUNNING", "STOPPING")


@pytest.fixture(scope="module", autouse=True)
def bucket(gateway):
    gateway.client("s3").create_bucket(Bucket=BUCKET)


def deploy(gateway, name, script, kind="pythonshell", **more):
    """A job with its script in the bucket, as a deployment makes it."""
    gateway.client("s3").put_object(Bucket=BUCKET, Key=f"{name}.py", Body=textwrap.dedent(script).encode())
    command = {"Name": kind, "ScriptLocation": f"s3://{BUCKET}/{name}.py"}
    if kind == "pythonshell":
        command["PythonVersion"] = "3.9"
    else:
        more = {"GlueVersion": "5.1", "WorkerType": "G.1X", "NumberOfWorkers": 2, **more}
    gateway.client("glue").create_job(Name=name, Role=ROLE, Command=command, **more)
    return name


def run_to_end(gateway, name, **more):
    glue = gateway.client("glue")
    run_id = glue.start_job_run(JobName=name, **more)["JobRunId"]
    return ended(gateway, name, run_id)


def ended(gateway, name, run_id):
    glue = gateway.client("glue")

    def finished():
        run = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
        return run if run["JobRunState"] not in ACTIVE else None

    return wait_for(finished, what=f"the end of {name}")


def logged(gateway, group, run_id):
    events = gateway.client("logs").get_log_events(logGroupName=group, logStreamName=run_id)
    return [event["message"] for event in events["events"]]


def test_a_shell_script_runs_as_deployed_with_its_role_and_nothing_of_the_user(gateway, monkeypatch):
    script = """
        import json, os, sys
        import boto3
        who = boto3.client("sts").get_caller_identity()["Arn"]
        print(json.dumps({"argv": sys.argv[1:], "who": who, "env": sorted(os.environ), "cwd": os.getcwd()}))
        print("to the error log", file=sys.stderr)
    """
    name = deploy(gateway, "shell", script, DefaultArguments={"--a": "1", "--b": "2"})
    run = run_to_end(gateway, name, Arguments={"--b": "3"})
    assert run["JobRunState"] == "SUCCEEDED", run
    assert run["LogGroupName"] == "/aws-glue/python-jobs"
    (line,) = logged(gateway, "/aws-glue/python-jobs/output", run["Id"])
    said = json.loads(line)
    assert "elt-test" in said["who"]
    argv = said["argv"]
    assert argv[argv.index("--a") + 1] == "1" and argv[argv.index("--b") + 1] == "3"
    assert "--WORKFLOW_RUN_ID" not in argv
    assert str(gateway.folder) in said["cwd"] and not Path(said["cwd"]).exists()
    assert not {"LAKESHIFT_STATE", "USER", "PWD", "VIRTUAL_ENV"} & set(said["env"])
    assert logged(gateway, "/aws-glue/python-jobs/error", run["Id"]) == ["to the error log"]
    assert "to the error log" in (gateway.folder / "logs/jobs" / f"{run['Id']}.log").read_text()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys; sys.exit('2 facts do not hold')", "SystemExit: 2 facts do not hold"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("raise ValueError('no such thing')", "ValueError: no such thing"),
        ("this is no Python", "SyntaxError: invalid syntax"),
        ("import os; os._exit(4)", "Command failed with exit code 4"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "Command failed with signal 9"),
    ],
)
def test_a_failure_says_what_the_script_failed_with(gateway, script, message):
    name = deploy(gateway, f"fails-{abs(hash(script))}", script)
    run = run_to_end(gateway, name)
    assert run["JobRunState"] == "FAILED"
    assert message in run["ErrorMessage"]


def test_a_script_that_is_not_there_fails_the_run(gateway):
    name = deploy(gateway, "lost", "print(1)")
    gateway.client("s3").delete_object(Bucket=BUCKET, Key="lost.py")
    run = run_to_end(gateway, name)
    assert run["JobRunState"] == "FAILED"
    assert f"s3://{BUCKET}/lost.py" in run["ErrorMessage"]


SLEEPER = """
    import subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    print(child.pid, flush=True)
    time.sleep(300)
"""


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # a zombie waits only for its parent to look
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def child_of(gateway, run_id):
    log = gateway.folder / "logs/jobs" / f"{run_id}.log"
    line = wait_for(lambda: log.exists() and log.read_text().strip(), what="the script's first line")
    return int(line)


def test_stopping_ends_the_script_and_what_it_started(gateway):
    name = deploy(gateway, "sleeper", SLEEPER)
    glue = gateway.client("glue")
    run_id = glue.start_job_run(JobName=name)["JobRunId"]
    child = child_of(gateway, run_id)
    assert glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]["JobRunState"] == "RUNNING"
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_job_run(JobName=name)
    answer = glue.batch_stop_job_run(JobName=name, JobRunIds=[run_id, "jr_none"])
    assert [one["JobRunId"] for one in answer["SuccessfulSubmissions"]] == [run_id]
    assert answer["Errors"][0]["JobRunId"] == "jr_none"
    assert ended(gateway, name, run_id)["JobRunState"] == "STOPPED"
    wait_for(lambda: not is_alive(child), 5, "the end of the script's child")


def test_a_killed_gateway_takes_its_jobs_along_and_says_so_later(tmp_path, cache):
    gateway = Gateway(tmp_path, cache)
    gateway.start()
    try:
        gateway.client("s3").create_bucket(Bucket=BUCKET)
        name = deploy(gateway, "sleeper", SLEEPER)
        glue = gateway.client("glue")
        run_id = glue.start_job_run(JobName=name)["JobRunId"]
        child = child_of(gateway, run_id)
        saved = gateway.folder / "ministack" / "lakeshift_glue.json"
        wait_for(lambda: saved.exists() and run_id in saved.read_text(), 30, "the saved state")
        gateway.stop(signal.SIGKILL)
        wait_for(lambda: not is_alive(child), 10, "the end of the script's child")
        gateway.start()
        run = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
        assert run["JobRunState"] == "FAILED"
        assert "ended while this was running" in run["ErrorMessage"]
        assert not list((gateway.folder / "glue").glob("runs/*"))
    finally:
        gateway.stop()


def test_a_spark_script_reads_and_writes_s3_with_its_python_files_on_every_side(gateway):
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("shipped/__init__.py", "def double(x):\n    return 2 * x\n")
    s3 = gateway.client("s3")
    s3.put_object(Bucket=BUCKET, Key="assets/0a1b.zip", Body=package.getvalue())
    s3.put_object(Bucket=BUCKET, Key="in/a.csv", Body=b"1,a\n2,b\n")
    script = f"""
        import boto3, sys
        from pyspark.sql import SparkSession
        import shipped
        def within(rows):
            import shipped, boto3
            size = boto3.client("s3").head_object(Bucket="{BUCKET}", Key="in/a.csv")["ContentLength"]
            return [(int(row[0]), shipped.double(int(row[0])), size) for row in rows]
        spark = SparkSession.builder.getOrCreate()
        frame = spark.read.csv("s3://{BUCKET}/in/")
        rows = frame.rdd.mapPartitions(within)
        spark.createDataFrame(rows, "a int, b int, c long").write.parquet("s3://{BUCKET}/out/")
        print(spark.version, shipped.double(21), spark.conf.get("spark.sql.session.timeZone"))
    """
    name = deploy(
        gateway,
        "spark",
        script,
        "glueetl",
        DefaultArguments={
            "--extra-py-files": f"s3://{BUCKET}/assets/0a1b.zip",
            "--enable-metrics": "",
        },
    )
    run = run_to_end(gateway, name)
    log = (gateway.folder / "logs/jobs" / f"{run['Id']}.log").read_text()
    assert run["JobRunState"] == "SUCCEEDED", log[-3000:]
    assert logged(gateway, "/aws-glue/jobs/output", run["Id"]) == ["3.5.6 42 UTC"]
    written = s3.list_objects_v2(Bucket=BUCKET, Prefix="out/")["Contents"]
    keys = [item["Key"] for item in written if item["Key"].endswith(".parquet")]
    import pyarrow.parquet

    rows = [
        row
        for key in keys
        for row in pyarrow.parquet.read_table(
            io.BytesIO(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        ).to_pylist()
    ]
    assert sorted(rows, key=lambda row: row["a"]) == [
        {"a": 1, "b": 2, "c": 8},
        {"a": 2, "b": 4, "c": 8},
    ]


# --- the whole of a small workflow --------------------------------------------------------------


INHERIT = json.dumps({"Version": 1.0, "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}})


@pytest.fixture(scope="module")
def table(gateway):
    glue = gateway.client("glue")
    glue.create_database(DatabaseInput={"Name": "raw"})
    glue.create_table(
        DatabaseName="raw",
        TableInput={
            "Name": "sales",
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": n, "Type": "string"} for n in ("year", "month", "day")],
            "StorageDescriptor": {
                "Location": f"s3://{BUCKET}/sales/",
                "Columns": [{"Name": "order_id", "Type": "string"}],
                "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"},
            },
        },
    )
    for day in ("15", "16"):
        gateway.client("s3").put_object(Bucket=BUCKET, Key=f"sales/year=2025/month=01/day={day}/a.csv", Body=b"1\n")


def make_crawler(gateway, name, table_name="sales"):
    gateway.client("glue").create_crawler(
        Name=name,
        Role=ROLE,
        Targets={"CatalogTargets": [{"DatabaseName": "raw", "Tables": [table_name]}]},
        SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
        Configuration=INHERIT,
    )
    return name


def crawl(gateway, name):
    glue = gateway.client("glue")
    glue.start_crawler(Name=name)
    return wait_for(
        lambda: (c := glue.get_crawler(Name=name)["Crawler"])["State"] == "READY" and c["LastCrawl"],
        what="the crawl",
    )


def test_a_workflow_runs_crawl_and_jobs_in_order(gateway, table):
    glue = gateway.client("glue")
    make_crawler(gateway, "crawl")
    script = """
        import sys
        import boto3
        run = sys.argv[sys.argv.index("--WORKFLOW_RUN_ID") + 1]
        name = sys.argv[sys.argv.index("--WORKFLOW_NAME") + 1]
        print(name, run, len(boto3.client("glue").get_partitions(DatabaseName="raw", TableName="sales")["Partitions"]))
    """
    deploy(gateway, "step-a", script)
    deploy(gateway, "step-b", "raise RuntimeError('b fails')")
    deploy(gateway, "step-c", "pass")
    glue.create_workflow(Name="small", MaxConcurrentRuns=1, DefaultRunProperties={"who": "test"})
    glue.create_trigger(Name="go", Type="ON_DEMAND", WorkflowName="small", Actions=[{"CrawlerName": "crawl"}])
    conditions = {
        "a": {"CrawlerName": "crawl", "CrawlState": "SUCCEEDED"},
        "b": {"JobName": "step-a", "State": "SUCCEEDED"},
        "c": {"JobName": "step-b", "State": "SUCCEEDED"},
    }
    for step, condition in conditions.items():
        glue.create_trigger(
            Name=f"to-{step}",
            Type="CONDITIONAL",
            WorkflowName="small",
            StartOnCreation=True,
            Predicate={"Conditions": [{"LogicalOperator": "EQUALS", **condition}]},
            Actions=[{"JobName": f"step-{step}"}],
        )
    run_id = glue.start_workflow_run(Name="small")["RunId"]

    def get():
        return glue.get_workflow_run(Name="small", RunId=run_id, IncludeGraph=True)["Run"]

    wait_for(lambda: get()["Status"] == "COMPLETED", what="the workflow run")
    run = get()
    nodes = {node["Name"]: node for node in run["Graph"]["Nodes"]}
    assert nodes["crawl"]["CrawlerDetails"]["Crawls"][0]["State"] == "SUCCEEDED"
    (a,) = nodes["step-a"]["JobDetails"]["JobRuns"]
    (b,) = nodes["step-b"]["JobDetails"]["JobRuns"]
    assert a["JobRunState"] == "SUCCEEDED" and a["TriggerName"] == "to-a"
    assert b["ErrorMessage"] == "RuntimeError: b fails"
    assert b["PredecessorRuns"] == [{"JobName": "step-a", "RunId": a["Id"]}]
    assert nodes["step-c"]["JobDetails"]["JobRuns"] == []
    assert nodes["go"]["TriggerDetails"]["Trigger"]["Type"] == "ON_DEMAND"
    assert run["Statistics"]["TotalActions"] == 4
    assert run["Statistics"]["SucceededActions"] == 2
    assert run["Statistics"]["FailedActions"] == 1
    assert run["WorkflowRunProperties"] == {"who": "test"}
    assert logged(gateway, "/aws-glue/python-jobs/output", a["Id"]) == [f"small {run_id} 2"]


def test_a_crawl_only_adds(gateway, table):
    glue = gateway.client("glue")
    make_crawler(gateway, "adds")
    assert crawl(gateway, "adds")["Status"] == "SUCCEEDED"
    gateway.client("s3").delete_object(Bucket=BUCKET, Key="sales/year=2025/month=01/day=16/a.csv")
    gateway.client("s3").put_object(Bucket=BUCKET, Key="sales/year=2025/month=02/day=01/a.csv", Body=b"1\n")
    assert crawl(gateway, "adds")["Status"] == "SUCCEEDED"
    found = glue.get_partitions(DatabaseName="raw", TableName="sales")["Partitions"]
    assert [p["Values"] for p in found] == [
        ["2025", "01", "15"],
        ["2025", "01", "16"],
        ["2025", "02", "01"],
    ]
    assert found[2]["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"].endswith("OpenCSVSerde")
    chosen = glue.get_partitions(DatabaseName="raw", TableName="sales", Expression="month = '02'")
    assert len(chosen["Partitions"]) == 1


def test_a_crawl_of_nothing_fails_and_says_why(gateway, table):
    glue = gateway.client("glue")
    make_crawler(gateway, "no-table", "none")
    last = crawl(gateway, "no-table")
    assert last["Status"] == "FAILED" and "none" in last["ErrorMessage"]
    glue.create_table(
        DatabaseName="raw",
        TableInput={
            "Name": "elsewhere",
            "PartitionKeys": [{"Name": "year", "Type": "string"}],
            "StorageDescriptor": {"Location": "s3://no-such-bucket-here/x/", "Columns": []},
        },
    )
    make_crawler(gateway, "no-bucket", "elsewhere")
    last = crawl(gateway, "no-bucket")
    assert last["Status"] == "FAILED" and "NoSuchBucket" in last["ErrorMessage"]


# --- the API's edges --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("list_ml_transforms", {}, "UnknownOperationException"),
        (
            "resume_workflow_run",
            {"Name": "a", "RunId": "b", "NodeIds": ["c"]},
            "UnknownOperationException",
        ),
        ("get_job", {"JobName": "none"}, "EntityNotFoundException"),
        ("start_workflow_run", {"Name": "none"}, "EntityNotFoundException"),
        ("get_tables", {"DatabaseName": "none"}, "EntityNotFoundException"),
        (
            "create_partition",
            {"DatabaseName": "raw", "TableName": "none", "PartitionInput": {"Values": ["1"]}},
            "EntityNotFoundException",
        ),
        (
            "create_partition",
            {"DatabaseName": "raw", "TableName": "sales", "PartitionInput": {"Values": ["1"]}},
            "InvalidInputException",
        ),
        (
            "delete_partition",
            {"DatabaseName": "raw", "TableName": "sales", "PartitionValues": ["1", "2", "3"]},
            "EntityNotFoundException",
        ),
        (
            "create_trigger",
            {"Name": "x", "Type": "SOMETIMES", "Actions": [{"JobName": "a"}]},
            "ValidationException",
        ),
    ],
)
def test_wrong_requests_get_aws_s_errors(gateway, table, operation, request_, code):
    with pytest.raises(ClientError) as refused:
        getattr(gateway.client("glue"), operation)(**request_)
    assert refused.value.response["Error"]["Code"] == code


def test_partitions_can_be_switched_and_removed(gateway, table):
    glue = gateway.client("glue")
    where = {"DatabaseName": "raw", "TableName": "sales"}
    for day in ("01", "02"):
        glue.create_partition(**where, PartitionInput={"Values": ["2030", "01", day]})
    changed = {"Values": ["2030", "01", "01"], "StorageDescriptor": {"Location": "s3://b/new/"}}
    glue.update_partition(**where, PartitionValueList=["2030", "01", "01"], PartitionInput=changed)
    got = glue.get_partition(**where, PartitionValues=["2030", "01", "01"])["Partition"]
    assert got["StorageDescriptor"]["Location"] == "s3://b/new/"
    both = [{"Values": ["2030", "01", day]} for day in ("01", "02", "03")]
    errors = glue.batch_delete_partition(**where, PartitionsToDelete=both)["Errors"]
    assert [one["PartitionValues"] for one in errors] == [["2030", "01", "03"]]
    left = glue.get_partitions(**where, Expression="year = '2030'")["Partitions"]
    assert left == []


def test_a_job_keeps_all_that_it_was_given(gateway):
    given = {
        "Description": "d",
        "ExecutionProperty": {"MaxConcurrentRuns": 3},
        "ExecutionClass": "FLEX",
        "NonOverridableArguments": {"--x": "y"},
        "Connections": {"Connections": ["c"]},
        "Timeout": 5,
    }
    deploy(gateway, "kept", "pass", "glueetl", Tags={"a": "b"}, **given)
    glue = gateway.client("glue")
    job = glue.get_job(JobName="kept")["Job"]
    assert {name: job[name] for name in given} == given
    arn = "arn:aws:glue:us-east-1:000000000000:job/kept"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}
    # an update overwrites wholly
    glue.update_job(
        JobName="kept",
        JobUpdate={
            "Role": ROLE,
            "Command": job["Command"],
            "GlueVersion": "5.1",
            "WorkerType": "G.2X",
            "NumberOfWorkers": 4,
        },
    )
    job = glue.get_job(JobName="kept")["Job"]
    assert "Description" not in job and job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert job["MaxCapacity"] == 8.0


def test_a_failed_job_reaches_an_event_rule(gateway):
    sqs, events = gateway.client("sqs"), gateway.client("events")
    queue = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {
        "source": ["aws.glue"],
        "detail-type": ["Glue Job State Change"],
        "detail": {"state": ["FAILED", "TIMEOUT", "STOPPED"], "jobName": ["rings"]},
    }
    events.put_rule(Name="failed", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="failed", Targets=[{"Id": "q", "Arn": arn["QueueArn"]}])
    run = run_to_end(gateway, deploy(gateway, "rings", "raise KeyError('x')"))
    message = wait_for(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), 20, "the event")[0]
    event = json.loads(message["Body"])
    assert event["detail"]["jobRunId"] == run["Id"]
    assert event["detail"]["message"] == "KeyError: 'x'"


def test_stopping_a_spark_run_ends_java_and_its_python_workers(gateway):
    script = """
        import os, time
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
        java = spark.sparkContext._gateway.proc.pid
        def work(_):
            with open("workers", "a") as file:
                file.write(f"{os.getpid()} ")
            time.sleep(300)
        print(os.getpid(), java, os.path.abspath("workers"), flush=True)
        spark.sparkContext.parallelize([1, 2], 2).foreach(work)
    """
    name = deploy(gateway, "spark-sleeper", script, "glueetl")
    glue = gateway.client("glue")
    run_id = glue.start_job_run(JobName=name)["JobRunId"]
    log = gateway.folder / "logs/jobs" / f"{run_id}.log"

    def said():
        lines = log.read_text().splitlines() if log.exists() else []
        return next((line.split() for line in lines if line.endswith("/workers")), None)

    driver, java, file = wait_for(said, what="the session")
    workers = wait_for(
        lambda: Path(file).exists() and (w := Path(file).read_text().split()) and len(w) == 2 and w,
        what="the workers",
    )
    glue.batch_stop_job_run(JobName=name, JobRunIds=[run_id])
    assert ended(gateway, name, run_id)["JobRunState"] == "STOPPED"
    for pid in (driver, java, *workers):
        wait_for(lambda pid=pid: not is_alive(int(pid)), 10, f"the end of process {pid}")
