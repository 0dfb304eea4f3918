"""What a job's script finds on its command line.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
"""

from __future__ import annotations

from collections.abc import Mapping

from local.engines.glue.errors import not_emulated

# What would change how the script runs, and does not here.
REFUSED = (
    "--additional-python-modules",
    "--conf",
    "--datalake-formats",
    "--enable-glue-datacatalog",
    "--extra-files",
    "--extra-jars",
    "--user-jars-first",
)


def merged(job: Mapping, run: Mapping) -> dict[str, str]:
    """The arguments of a run: the job's, those of the run over them, then what can't be changed."""
    return {
        **job.get("DefaultArguments", {}),
        **run.get("Arguments", {}),
        **job.get("NonOverridableArguments", {}),
    }


def refuse_unknown(arguments: Mapping[str, str]) -> None:
    """Raises GlueError for arguments that AWS acts on and we don't."""
    for name in REFUSED:
        if arguments.get(name, "false") != "false":
            raise not_emulated(f"the job argument {name}")
    if arguments.get("--job-bookmark-option", "job-bookmark-disable") != "job-bookmark-disable":
        raise not_emulated("job bookmarks")
    if arguments.get("--job-language", "python") != "python":
        raise not_emulated("jobs in another language than Python")


def command_line(job: Mapping, run: Mapping, workflow: str | None) -> list[str]:
    """The words after the script's name. --WORKFLOW_* exist only in a run of a workflow.

    Glue adds words of its own, and a script must let pass those that it does not know.
    """
    own = {"--job-language": "python", "--JOB_NAME": run["JobName"], "--JOB_RUN_ID": run["Id"]}
    if job["Command"]["Name"] == "glueetl":
        own |= {
            "--job-bookmark-option": "job-bookmark-disable",
            # the same for every run of a job
            "--JOB_ID": "j_" + run["JobName"],
            "--SECURITY_CONFIGURATION": run.get("SecurityConfiguration", "none"),
        }
    else:
        own["--scriptLocation"] = job["Command"]["ScriptLocation"]
    if run.get("_workflow_run"):
        own |= {"--WORKFLOW_NAME": workflow or "", "--WORKFLOW_RUN_ID": run["_workflow_run"]}
    words = []
    for name, value in {**own, **merged(job, run)}.items():
        words += [name, value] if value else [name]
    return words


def python_files(arguments: Mapping[str, str]) -> list[str]:
    return [uri.strip() for uri in arguments.get("--extra-py-files", "").split(",") if uri.strip()]
