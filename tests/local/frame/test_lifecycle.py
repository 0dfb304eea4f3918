"""Up, down and what is left behind: nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sockets import listening

from local import install, lifecycle
from local.context import Context
from local.deploy import failure, in_plain_words, is_bootstrapped, node_requires


def test_it_answers_on_the_loopback_only(place: lifecycle.Place, start: Callable[[], dict]) -> None:
    facts = start()
    assert listening([facts["pid"]]) == {f"127.0.0.1:{place.port}"}


def test_what_was_there_is_there_again(context: Context, place: lifecycle.Place, start: Callable[[], dict]) -> None:
    s3 = context.client("s3")
    s3.create_bucket(Bucket="lasting")
    s3.put_bucket_versioning(Bucket="lasting", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="lasting", Key="k", Body=b"one")["VersionId"]
    s3.put_object(Bucket="lasting", Key="k", Body=b"two")
    context.client("ssm").put_parameter(Name="/lasting", Value="v", Type="String")
    lifecycle.down(print)
    assert lifecycle.owned(place) == []
    assert lifecycle.running(place) is None
    start()
    assert s3.get_object(Bucket="lasting", Key="k")["Body"].read() == b"two"
    assert s3.get_object(Bucket="lasting", Key="k", VersionId=first)["Body"].read() == b"one"
    assert context.client("ssm").get_parameter(Name="/lasting")["Parameter"]["Value"] == "v"


def test_children_of_a_killed_gateway_are_ended(place: lifecycle.Place, start: Callable[[], dict]) -> None:
    facts = start()
    orphan = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        env={**os.environ, lifecycle.OWNER: str(place.state)},
        start_new_session=True,
    )
    os.kill(facts["pid"], signal.SIGKILL)
    os.waitpid(facts["pid"], 0)
    assert lifecycle.owned(place) == [orphan.pid]
    lifecycle.down(print)
    assert orphan.wait(10) != 0
    assert lifecycle.owned(place) == []


def test_a_reused_process_number_is_not_ours(place: lifecycle.Place) -> None:
    assert not lifecycle.is_ours(os.getppid(), place)
    assert not lifecycle.is_ours(1, place)


def test_a_busy_port_is_named_with_the_remedy(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(lifecycle.LocalError, match=f"port {port} .* LAKESHIFT_PORT"):
            lifecycle._refuse_busy_port(lifecycle.Place(tmp_path, port))


@pytest.mark.parametrize("port", ["http", "80", "70000"])
def test_a_senseless_port_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("LAKESHIFT_PORT", port)
    with pytest.raises(lifecycle.LocalError, match="LAKESHIFT_PORT"):
        lifecycle.Place.from_environment()


def test_two_commands_at_once_are_one_too_many(tmp_path: Path) -> None:
    place = lifecycle.Place(tmp_path, 4571)
    second = lifecycle.only_one(place)
    with lifecycle.only_one(place), pytest.raises(lifecycle.LocalError, match="another"), second:
        pass


def test_reset_all_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "s3").mkdir(parents=True)
    (state / "local.json").write_text("{}")
    monkeypatch.setenv("LAKESHIFT_STATE", str(state))
    monkeypatch.setattr(lifecycle, "_stop", lambda place, say: None)
    lifecycle.reset(print, everything=True)
    assert not state.exists()


def test_the_shells_lines_name_everything(place: lifecycle.Place, start: Callable[[], dict]) -> None:
    start()
    text, variables = lifecycle.env()
    assert variables["AWS_ENDPOINT_URL"] == place.endpoint
    assert f"export AWS_ENDPOINT_URL={place.endpoint}\n" in text
    assert text.startswith("unset AWS_PROFILE AWS_SESSION_TOKEN")
    said = subprocess.run(
        ["bash", "-c", f"{text}\nprintf %s $AWS_ACCESS_KEY_ID"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == lifecycle.OPERATOR_CREDENTIALS["aws_access_key_id"]


def test_nothing_of_the_users_own_goes_before_the_local_aws(
    start: Callable[[], dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", "https://glue.example.com")
    monkeypatch.setenv("NO_PROXY", "registry.example.com, localhost")
    text, variables = lifecycle.env()
    assert variables["NO_PROXY"] == "127.0.0.1,localhost,registry.example.com"
    said = subprocess.run(
        ["bash", "-c", f"{text}\nprintf '%s %s' \"${{AWS_ENDPOINT_URL_GLUE-unset}}\" $no_proxy"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "unset 127.0.0.1,localhost,registry.example.com"


def test_an_unknown_log_lists_those_there_are(place: lifecycle.Place, start: Callable[[], dict]) -> None:
    start()
    (place.logs / "jobs").mkdir(exist_ok=True)
    (place.logs / "jobs" / "jr_1.log").write_text("one\ntwo\n")
    with pytest.raises(lifecycle.LocalError, match=r"gateway\.log") as refused:
        lifecycle.logs("nonsense", 10)
    assert "jr_1" not in str(refused.value)
    assert "gateway.log" in lifecycle.logs(None, 10) and "jobs/jr_1.log" in lifecycle.logs(None, 10)
    assert lifecycle.logs("jr_1", 1) == "two"
    assert lifecycle.logs("gateway", 2).count("\n") == 1


def test_an_empty_gateway_is_not_bootstrapped(context: Context) -> None:
    assert is_bootstrapped(context.endpoint) is False


def test_the_project_may_lie_in_a_folder_with_spaces_and_quotes(tmp_path: Path) -> None:
    script = tmp_path / 'it\'s "my" folder' / "first.cjs"
    script.parent.mkdir()
    script.write_text("console.log('loaded')")
    node = install.Layout(install.cache_root()).paths()["node"]
    options = {"NODE_OPTIONS": node_requires(script)}
    said = subprocess.run([node, "-e", "0"], env=options, capture_output=True, text=True)
    assert (said.stdout, said.returncode) == ("loaded\n", 0), said.stderr


def test_deployments_are_told_in_plain_words() -> None:
    assert in_plain_words("✅  local/Storage (elt-local-storage)\n") == "  Storage: deployed"
    assert in_plain_words("✅  local/Storage (elt-local-storage) (no changes)") == ("  Storage: already up to date")
    assert in_plain_words("elt-local-a | 1 | CREATE_IN_PROGRESS | …") is None


def test_a_failure_shows_the_resources_own_words_once() -> None:
    event = (
        "elt-local-c |  10 | 2:23:58 AM | UPDATE_FAILED           | Custom::Trigger "
        "            | local/c/T Error: 10_fact.sql: statement 3: create tabel: no"
    )
    said = ["noise", event, event, "error: more noise"]
    assert failure(said) == "  Custom::Trigger local/c/T Error: 10_fact.sql: statement 3: create tabel: no"
    assert failure(["calm", "panic: no datasets"]) == "  panic: no datasets"
    assert failure(["nothing", "telling"]) == "  nothing\n  telling"


def test_a_fault_of_the_project_is_said_not_only_that_make_failed() -> None:
    said = [
        "the configuration has faults:",
        "datasets/trips.yaml:9: type text is unknown",
        "make: *** [synth-app] Error 1",
    ]
    assert failure(said) == "\n".join(f"  {line}" for line in said)


def test_a_gateway_that_dies_at_start_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, start: Callable[[], dict]
) -> None:
    monkeypatch.setenv("LAKESHIFT_ENGINES", "no_such_engine")
    place = lifecycle.Place(tmp_path, 4799)
    place.logs.mkdir()
    began = time.monotonic()
    with pytest.raises(lifecycle.LocalError, match="no_such_engine"):
        lifecycle._start(place, {"python": sys.executable, "node": "node"}, print)
    assert time.monotonic() - began < 30
    assert lifecycle.owned(place) == []
