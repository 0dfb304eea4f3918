"""Facts about .github: pinned, unprivileged, and nothing but make verbs in it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
FILES = [*WORKFLOWS, *sorted((PROJECT / ".github" / "actions").glob("*/action.yml"))]
# `make test` itself runs them, or a test does: this file and the one of the end-to-end tests
TESTED = {
    "test": "scripts/test",
    "synth": "tests/e2e/deployed/test_delivery.py",
    "deploy": "tests/e2e/deployed/test_delivery.py",
    "smoke": "tests/e2e/deployed/test_delivery.py",
    "drift": "tests/e2e/deployed/test_delivery.py",
    "comment": "tests/repository/test_comment.py",
    "unlabel": "tests/repository/test_comment.py",
    "summary": "tests/repository/test_comment.py",
    "diff": "internal/review",
    # they build and install what the verbs above need
    "cdk": "Makefile",
    "bin/lakeshift": "Makefile",
}


def read(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text())


def jobs() -> list[Any]:
    return [
        pytest.param(path.name, job, id=f"{path.stem}-{name}")
        for path in WORKFLOWS
        for name, job in read(path)["jobs"].items()
    ]


def steps(job: dict[str, Any]) -> list[dict[str, Any]]:
    return job.get("steps", [])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_say_which_version_that_is(path: Path) -> None:
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    for action in used:
        assert re.fullmatch(
            r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\.github/(actions|workflows)/[\w.-]+", action
        ), action


def test_an_action_has_one_version() -> None:
    pins: dict[str, set[str]] = {}
    for path in FILES:
        for action, pin in re.findall(r"uses: ([\w/.-]+)@(.*)", path.read_text()):
            pins.setdefault(action, set()).add(pin)
    assert {action: pin for action, pin in pins.items() if len(pin) > 1} == {}


@pytest.mark.parametrize(("file", "job"), jobs())
def test_a_job_may_do_what_it_needs_and_no_more(file: str, job: dict[str, Any]) -> None:
    permissions = job["permissions"]
    assert permissions["contents"] == "read"
    for step in steps(job):
        if "actions/checkout@" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
    writes = {scope for scope, right in permissions.items() if right != "read"}
    takes_role = any(
        "configure-aws-credentials@" in step.get("uses", "") for step in steps(job)
    ) or "deploy-environment" in job.get("uses", "")
    assert ("id-token" in writes) == takes_role
    if "uses" not in job:
        assert job["timeout-minutes"]
        # a role in AWS trusts jobs of one GitHub environment
        assert ("environment" in job) == takes_role
    if writes - {"id-token"}:
        assert (file, writes) == ("diff.yml", {"pull-requests"})
        (checkout,) = [step for step in steps(job) if "actions/checkout@" in step.get("uses", "")]
        assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}", (
            "the pull request's own code gets no such token"
        )


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_grants_nothing_by_itself_and_never_acts_for_a_fork(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {}
    triggers = workflow[True]  # YAML reads `on` as a truth value
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(triggers)
    assert "secrets." not in path.read_text()


def test_a_check_that_can_be_required_answers_a_merge_queue_too() -> None:
    for path in WORKFLOWS:
        triggers = read(path)[True]
        assert ("merge_group" in triggers) == ("pull_request" in triggers), path.name


def test_what_a_step_does_is_a_make_verb_that_a_test_runs() -> None:
    used = set()
    for file in FILES:
        for command in re.findall(r"^ *(?:- )?run: *(.*)$", file.read_text(), re.MULTILINE):
            verb, *arguments = command.removeprefix("make ").split()
            assert command.startswith("make "), f"{file.name}: {command}"
            used |= {verb, *(argument for argument in arguments if "=" not in argument)}
    assert used == set(TESTED)
    assert [test for test in TESTED.values() if not (PROJECT / test).exists()] == []
    known = subprocess.run(["make", "-n", *used], cwd=PROJECT, capture_output=True, text=True)
    assert known.returncode == 0, known.stderr


def test_a_deployment_is_never_cut_off_and_each_environment_waits_for_itself() -> None:
    deploy = read(PROJECT / ".github/workflows/deploy-environment.yml")["jobs"]["deploy"]
    assert deploy["concurrency"] == {"group": "deploy-${{ inputs.environment }}", "cancel-in-progress": False}
    assert deploy["environment"] == "${{ inputs.environment }}"


def test_every_environment_but_the_local_one_is_delivered_in_their_order() -> None:
    names = re.findall(r'define\(Environment\{\s*Name:\s*"([\w-]+)"', (PROJECT / "config/environments.go").read_text())
    assert names[0] == "local"
    workflow = read(PROJECT / ".github/workflows/deploy.yml")["jobs"]
    deployed = [(name, job["with"]["environment"], job["needs"]) for name, job in workflow.items() if "with" in job]
    assert [name for name, _, _ in deployed] == [environment for _, environment, _ in deployed] == names[1:]
    assert [needs for _, _, needs in deployed] == [["check", "synth"], *names[1:-1]]
    for file, job in (("drift", "drift"), ("diff", "deployed")):
        matrix = read(PROJECT / f".github/workflows/{file}.yml")["jobs"][job]
        assert matrix["strategy"]["matrix"]["environment"] == names[1:]
        assert matrix["environment"] == f"${{{{ matrix.environment }}}}-{file}"


def test_the_locks_hold_what_is_asked_for() -> None:
    """Who raises a pin in *.in, Dependabot for one, must run `make lock` too."""
    faults = []
    for wanted in [*PROJECT.glob("local/*.in"), *PROJECT.glob("tools/*.in")]:
        locked = {
            name.lower()
            for name in re.findall(
                r"^[\w.-]+(?:\[[\w,]+\])?==[\w.]+", wanted.with_suffix(".lock").read_text(), re.MULTILINE
            )
        }
        for pin in re.findall(r"^[\w.-]+(?:\[[\w,]+\])?==[\w.]+", wanted.read_text(), re.MULTILINE):
            if re.sub(r"\[.*\]", "", pin).lower() not in {re.sub(r"\[.*\]", "", name) for name in locked}:
                faults.append(f"{wanted.relative_to(PROJECT)}: {pin} is not in its lock: run `make lock`")
    assert faults == []
