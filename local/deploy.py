"""Brings environment `local` into the local AWS with the stock CDK CLI."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.bar import Bar
from local.caller import OPERATOR_CREDENTIALS, aws_environment
from local.place import ROOT, Place, Say

ENVIRONMENT = "local"
ACCOUNT = "000000000000"
REGION = "us-east-1"
SHORT_POLLS = Path(__file__).with_name("short_polls.cjs")


class DeployError(Exception):
    """The deployment failed; the message holds the failing resource's own words."""


def deploy(place: Place, paths: dict[str, str], say: Say) -> None:
    """Bootstraps once, then deploys every stack of the environment. Raises DeployError."""
    log = place.logs / "deploy.log"
    log.write_text("")
    cdk = Cdk(place, paths, log)
    started = time.monotonic()
    with ThreadPoolExecutor() as pool:
        # synth needs no AWS, bootstrap needs no templates
        synth = pool.submit(cdk.run, "synth", ["synth", "--quiet", "-c", f"env={ENVIRONMENT}", f"{ENVIRONMENT}/*"])
        if not is_bootstrapped(place.endpoint):
            say("bootstrapping the CDK")
            cdk.run("bootstrap", ["bootstrap", f"aws://{ACCOUNT}/{REGION}"], app=False)
        synth.result()
    say(f"deploying environment '{ENVIRONMENT}' ({time.monotonic() - started:.0f} s to here)")
    assembly = ["--app", str(cdk.assembly)]
    cdk.run(
        "deploy",
        ["deploy", f"{ENVIRONMENT}/*", *assembly, "--require-approval", "never"]
        + ["--method", "direct", "--concurrency", "4", "--progress", "events"],
        say=say,
        app=False,
    )
    say(f"deployed in {time.monotonic() - started:.0f} s")


class Cdk:
    """Runs the CDK CLI with our Node, against our endpoint, with nobody's real credentials."""

    def __init__(self, place: Place, paths: dict[str, str], log: Path):
        self.assembly = place.state / "cdk.out"
        self._command = [paths["node"], paths["cdk"]]
        self._log = log
        self._address = ("127.0.0.1", place.port)
        self._lock = threading.Lock()
        tools = [str(Path(paths[name]).parent) for name in ("python", "node")]
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CDK_"))},
            **aws_environment(place.endpoint, REGION, place.state),
            **{name.upper(): value for name, value in OPERATOR_CREDENTIALS.items()},
            "CDK_HOME": str(place.state / "cdk"),
            "CDK_DISABLE_VERSION_CHECK": "1",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CI": "1",
            "NODE_OPTIONS": node_requires(SHORT_POLLS),
            "PATH": os.pathsep.join([*tools, os.environ.get("PATH", "")]),
        }

    def run(self, name: str, arguments: list[str], say: Say | None = None, app: bool = True) -> None:
        """Runs one CDK command from the repository's root; everything it says goes to the log."""
        options = ["--no-color", "--ci"]
        if app:
            options += ["--output", str(self.assembly)]
        process = subprocess.Popen(
            [*self._command, *arguments, *options],
            # elsewhere than where cdk.json is, the CLI does not run the app
            cwd=ROOT if app else self.assembly.parent,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        said = []
        bar = say if isinstance(say, Bar) and say.live else None
        stacks, done = self._stacks(), 0
        started = time.monotonic()
        threading.Thread(target=self._end_without_gateway, args=(process,), daemon=True).start()
        try:
            assert process.stdout is not None  # a pipe
            for line in process.stdout:
                said.append(line.rstrip("\n"))
                with self._lock, self._log.open("a") as log:
                    log.write(line)
                if say and (plain := in_plain_words(line)):
                    done += 1
                    say(plain)
                if bar:
                    bar.show(done, stacks, f"stacks, {time.monotonic() - started:.0f} s")
            process.wait()
        finally:
            if bar:
                bar.clear()
            if process.poll() is None:
                process.terminate()
                process.wait()
        if process.returncode and not self._gateway_answers():
            raise DeployError(f"the gateway died during cdk {name}; its log: {self._log.with_name('gateway.log')}")
        if process.returncode:
            raise DeployError(
                f"cdk {name} failed with exit code {process.returncode}:\n"
                f"{failure(said)}\nThe whole output: {self._log}"
            )

    def _stacks(self) -> int:
        """How many stacks the assembly holds; 0 before it is there."""
        manifests = [json.loads(file.read_text()) for file in self.assembly.rglob("manifest.json")]
        artifacts = [artifact for manifest in manifests for artifact in manifest.get("artifacts", {}).values()]
        return sum(artifact["type"] == "aws:cloudformation:stack" for artifact in artifacts)

    def _end_without_gateway(self, process: subprocess.Popen) -> None:
        """The CLI would ask a dead gateway for minutes."""
        while process.poll() is None:
            if not self._gateway_answers():
                process.terminate()
                return
            time.sleep(1)

    def _gateway_answers(self) -> bool:
        try:
            with socket.create_connection(self._address, timeout=10):
                return True
        except OSError:
            return False


def node_requires(script: Path) -> str:
    """NODE_OPTIONS that load a script first; Node splits them at spaces, outside of quotes."""
    quoted = str(script).replace("\\", "\\\\").replace('"', '\\"')
    return f'--require="{quoted}"'


def in_plain_words(line: str) -> str | None:
    """The few lines of a deployment that a reader cares about."""
    done = re.search(r"✅\s+(\S+)(.*)", line)
    if done:
        changed = "already up to date" if "no changes" in done[2] else "deployed"
        return f"  {done[1].split('/')[-1].removesuffix(')')}: {changed}"
    return None


def failure(said: list[str]) -> str:
    """What went wrong, without the noise around it: the failed resources and their own words, else
    every line that sounds like an error."""
    resources = []
    for line in said:
        event = re.search(r"(?:CREATE|UPDATE|DELETE)_FAILED\s+\|\s*(\S+)\s+\|\s*(.*)", line)
        if event and "resource(s) failed" not in line:
            resources.append(f"{event[1]} {event[2]}".strip())
    if not resources:
        telling = r"❌|‣|fail:|[Ee]rror|failed|panic|has faults|\.go:\d+|\.(?:yaml|sql):"
        resources = [line.strip() for line in said if re.search(telling, line)]
    chosen = list(dict.fromkeys(resources))[:20] or said[-20:]
    return "\n".join(f"  {line}" for line in chosen)


def is_bootstrapped(endpoint: str) -> bool:
    """Whether the CDKToolkit stack is there, asked without an SDK."""
    form = {"Action": "DescribeStacks", "StackName": "CDKToolkit", "Version": "2010-05-15"}
    key = OPERATOR_CREDENTIALS["aws_access_key_id"]
    scope = f"{key}/20250101/{REGION}/cloudformation/aws4_request"
    request = urllib.request.Request(
        endpoint,
        data=urllib.parse.urlencode(form).encode(),
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            # the gateway reads who is asking and checks no signature
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        },
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return re.search(rb">(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE<", answer.read()) is not None
    except (OSError, urllib.error.HTTPError):
        return False
