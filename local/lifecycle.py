"""Starting, stopping and emptying the local AWS. Standard library only: it runs before and beside
the Python environment that it starts the gateway in."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from local import install
from local.caller import OPERATOR_CREDENTIALS, aws_environment
from local.deploy import deploy, is_bootstrapped
from local.place import HOST, ROOT, LocalError, Place, Say

START_SECONDS = 90
STOP_SECONDS = 30
# Every process of one local AWS inherits it: that is how `down` finds what is left.
OWNER = "LAKESHIFT_OWNER"


def export_lines(place: Place, region: str = "us-east-1") -> dict[str, str]:
    """What a shell must export so that every AWS tool in it talks to the local AWS."""
    return {
        **aws_environment(place.endpoint, region, place.state),
        **{name.upper(): value for name, value in OPERATOR_CREDENTIALS.items()},
        "AWS_ACCOUNT_ID": "000000000000",
    }


# --- verbs ------------------------------------------------------------------------------------


def up(say: Say) -> dict:
    """Installs, starts and deploys what is missing; returns what local.json holds."""
    place = Place.from_environment()
    paths = _installed(say)
    place.logs.mkdir(parents=True, exist_ok=True)
    with only_one(place):
        before = running(place)
        facts = before or _start(place, paths, say)
        if before:
            say(f"already running at {before['endpoint']}")
        try:
            deploy(place, paths, say)
        except (KeyboardInterrupt, SystemExit):
            if not before:
                say("interrupted: stopping what was started; what is deployed so far is kept")
                _stop(place, say)
            raise
    return facts


def down(say: Say) -> None:
    """Ends every process of the local AWS and keeps its state."""
    place = Place.from_environment()
    if not place.state.exists():
        say("nothing is running")
        return
    with only_one(place):
        _stop(place, say)


def reset(say: Say, everything: bool) -> dict | None:
    """Back to an empty deployed environment, or (everything) to nothing at all."""
    place = Place.from_environment()
    if place.state.exists():
        with only_one(place):
            _stop(place, say)
            _wipe(place)
    if everything:
        with contextlib.suppress(OSError):
            (place.state / ".lock").unlink()
            place.state.rmdir()
        say(f"removed everything in {place.state}")
        return None
    say("emptied; deploying again")
    return up(say)


def env() -> tuple[str, dict[str, str]]:
    """The lines for a shell, and the variables that they export."""
    facts = _must_run()
    place = Place(Place.from_environment().state, urllib.parse.urlsplit(facts["endpoint"]).port)
    variables = export_lines(place)
    # one service's own endpoint, for example, would go before ours
    strays = sorted(n for n in os.environ if n.startswith("AWS_") and n not in variables)
    lines = [" ".join(dict.fromkeys(["unset", "AWS_PROFILE", "AWS_SESSION_TOKEN", *strays]))]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join(lines), variables


def logs(service: str | None, lines: int) -> str:
    place = Place.from_environment()
    found = sorted(p for p in place.logs.rglob("*") if p.is_file()) if place.logs.exists() else []
    if service is None:
        if not found:
            return f"no logs yet in {place.logs}"
        return "\n".join(f"{p.relative_to(place.logs)}  {p.stat().st_size} bytes" for p in found)
    for path in found:
        if service in (path.stem, path.name, str(path.relative_to(place.logs))):
            text = path.read_text(errors="replace").splitlines()
            return "\n".join(text[-lines:] if lines else text)
    # those of jobs are hundreds soon: they are listed, not named
    names = ", ".join(p.name for p in found if p.parent == place.logs) or "none yet"
    raise LocalError(f"no log {service!r}; there are {names}, and each job run's: 'lakeshift local logs' lists them")


def status() -> dict:
    place = Place.from_environment()
    facts = running(place)
    return {
        "running": facts is not None,
        "endpoint": place.endpoint,
        "state": str(place.state),
        "pid": facts["pid"] if facts else None,
        "bootstrapped": bool(facts) and is_bootstrapped(place.endpoint),
    }


# --- starting and stopping ----------------------------------------------------------------------


def _installed(say: Say) -> dict[str, str]:
    try:
        return install.install(say)
    except install.InstallError as error:
        raise LocalError(str(error)) from error


def running(place: Place) -> dict | None:
    """local.json, if the gateway that wrote it still answers."""
    facts = place.facts()
    if facts and is_ours(facts["pid"], place) and _healthy(facts["endpoint"]):
        return facts
    return None


def _must_run() -> dict:
    place = Place.from_environment()
    facts = running(place)
    if facts is None:
        raise LocalError("the local AWS is not running; start it with: lakeshift local up")
    return facts


def _start(place: Place, paths: dict[str, str], say: Say) -> dict:
    _end_survivors(place, say)
    _refuse_busy_port(place)
    _write_shared_files(place)
    shutil.rmtree(place.state / "tmp", ignore_errors=True)  # unpacked code of Lambdas long ended
    _shorten(place.logs / "requests.jsonl")
    say(f"starting the local AWS on {place.endpoint}")
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
        OWNER: str(place.state),
        "PATH": os.pathsep.join([str(Path(paths["node"]).parent), os.environ.get("PATH", "")]),
        "PYTHONUNBUFFERED": "1",
    }
    output = place.logs / "gateway.out"
    command = [paths["python"], "-m", "local.gateway", "--state", str(place.state)]
    command += ["--port", str(place.port), "--cache", json.dumps(paths)]
    if engines := os.environ.get("LAKESHIFT_ENGINES"):  # for tests: some of them, or "none"
        command += ["--engines", engines.replace("none", "")]
    with output.open("ab") as file:
        # its own session: Ctrl-C in this terminal must not reach it
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        _await_health(place, process)
    except BaseException:
        _end(process.pid, place, say)
        raise
    facts = {
        "endpoint": place.endpoint,
        "region": "us-east-1",
        "account": "000000000000",
        "pid": process.pid,
        "access_key_id": OPERATOR_CREDENTIALS["aws_access_key_id"],
        "secret_access_key": OPERATOR_CREDENTIALS["aws_secret_access_key"],
        "env": export_lines(place),
    }
    _write(place.file, json.dumps(facts, indent=2) + "\n")
    return facts


def _shorten(log: Path, limit: int = 50_000_000) -> None:
    """Puts a log that grew large aside; the one before it goes."""
    if log.exists() and log.stat().st_size > limit:
        os.replace(log, log.with_suffix(".old" + log.suffix))


def _await_health(place: Place, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _healthy(place.endpoint):
        if process.poll() is not None:
            raise LocalError(
                f"the gateway ended with exit code {process.returncode}:\n" + _tail(place.logs / "gateway.out")
            )
        if time.monotonic() > deadline:
            raise LocalError(
                f"the gateway did not answer within {START_SECONDS} s; its log: {place.logs / 'gateway.log'}"
            )
        time.sleep(0.1)


def _healthy(endpoint: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint}/_ministack/health", timeout=5) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _refuse_busy_port(place: Place) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, place.port))
        except OSError as error:
            raise LocalError(
                f"port {place.port} on {HOST} is taken ({error.strerror}): end what uses it, "
                "or choose another with LAKESHIFT_PORT"
            ) from error


def _write_shared_files(place: Place) -> None:
    """The AWS files that our environment names instead of the user's own."""
    keys = "".join(f"{name} = {value}\n" for name, value in OPERATOR_CREDENTIALS.items())
    _write(place.state / "aws-credentials", f"[default]\n{keys}")
    _write(
        place.state / "aws-config",
        f"[default]\nregion = us-east-1\nendpoint_url = {place.endpoint}\n",
    )


def _stop(place: Place, say: Say) -> None:
    facts = place.facts()
    before = owned(place)
    if facts and is_ours(facts["pid"], place):
        say("stopping the local AWS")
        _end(facts["pid"], place, say)
    _end_survivors(place, say)
    with contextlib.suppress(FileNotFoundError):
        place.file.unlink()
    # an ending process loses its environment before it loses its number
    _wait_until(lambda: not any(map(_exists, before)), 5)
    if left := owned(place):
        raise LocalError(f"could not end these processes: {', '.join(map(str, left))}")
    say("nothing is running any more")


def _end(pid: int, place: Place, say: Say) -> None:
    """Asks the gateway to end, which ends its engines in turn and saves its state."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    if not _wait_until(lambda: not is_ours(pid, place), STOP_SECONDS):
        say(f"the gateway did not end within {STOP_SECONDS} s; killing it")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _wait_until(lambda: not is_ours(pid, place), 5)


def _end_survivors(place: Place, say: Say) -> None:
    """Ends what an engine left behind or a killed gateway could not end."""
    for number, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        left = owned(place)
        if not left:
            return
        say(f"ending {len(left)} processes that were left ({number.name})")
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        _wait_until(lambda: not owned(place), seconds)


def _exists(pid: int) -> bool:
    """Whether a process has not ended; one that only waits for its parent to notice has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        with contextlib.suppress(ChildProcessError):  # our own child, when this is `up`
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.05)
    return True


def owned(place: Place) -> list[int]:
    """The living processes of this local AWS."""
    if Path("/proc/self/environ").exists():
        found = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()]
        return [pid for pid in found if pid != os.getpid() and _belongs(pid, place)]
    listing = subprocess.run(["ps", "-axwwE", "-o", "pid=,command="], check=False, capture_output=True, text=True)
    mark = f"{OWNER}={place.state}"
    lines = [line.split(None, 1) for line in listing.stdout.splitlines() if mark in line]
    return [int(pid) for pid, *_ in lines if int(pid) != os.getpid()]


def _belongs(pid: int, place: Place) -> bool:
    """Told by the mark in its environment; PostgreSQL's, which drops it, by where it works."""
    process = Path(f"/proc/{pid}")
    try:
        if f"{OWNER}={place.state}".encode() in (process / "environ").read_bytes().split(b"\0"):
            return True
        if b"postgres" not in (process / "cmdline").read_bytes().split(b"\0")[0]:
            return False
        return (process / "cwd").readlink().is_relative_to(place.state)
    except OSError:  # ended meanwhile, or not ours to read
        return False


def is_ours(pid: int, place: Place) -> bool:
    """Whether `pid` is still the process we started: numbers are used again."""
    return pid in owned(place)


def _wipe(place: Place) -> None:
    """Empties the state directory, except for the lock that we hold."""
    for path in place.state.iterdir():
        if path.name == ".lock":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextlib.contextmanager
def only_one(place: Place) -> Iterator[None]:
    """One lifecycle verb at a time for one state directory."""
    place.state.mkdir(parents=True, exist_ok=True)
    with (place.state / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalError(f"another 'lakeshift local' command is at work on {place.state}") from error
        yield


def _write(path: Path, text: str) -> None:
    """All or nothing: a reader never sees half a file."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text)
    os.replace(temporary, path)


def _tail(path: Path, lines: int = 25) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return f"(no {path})"
