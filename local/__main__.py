"""python -m local {up|down|reset|env|logs|status}: what `lakeshift local` runs."""

from __future__ import annotations

import argparse
import json
import signal
import sys

from local import lifecycle
from local.bar import Bar
from local.deploy import DeployError

NEXT = """
The local AWS is up and environment 'local' is deployed. Next:
  lakeshift upload sales testdata/sales/2025-01-15/orders.csv --date 2025-01-15
  lakeshift run sales
  lakeshift status
  eval "$(lakeshift local env)"     then aws, boto3 and cdk talk to it too
  lakeshift local down              stop it; its state is kept"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # A terminated command must clean up as an interrupted one does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _run(options)
    except (lifecycle.LocalError, DeployError) as error:
        if options.json:
            print(json.dumps({"error": str(error)}))
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lakeshift local", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)

    def verb(name: str, help: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=help)
        added.add_argument("--json", action="store_true", help="results as JSON on standard output")
        return added

    verb("up", "install, start and deploy what is missing")
    verb("down", "end every process; keep the state")
    reset = verb("reset", "back to an empty deployed environment")
    reset.add_argument("--all", action="store_true", help="back to nothing: stop and delete")
    verb("env", "print the lines that point a shell at the local AWS")
    logs = verb("logs", "list the logs, or print one")
    logs.add_argument("service", nargs="?")
    logs.add_argument("--lines", type=int, default=200, help="the last N lines; 0: all (default 200)")
    verb("status", "say whether it runs, and where")
    return parser


def _run(options: argparse.Namespace) -> int:
    say = Bar(sys.stderr if options.json else sys.stdout)

    def answer(result: object, text: str) -> None:
        print(json.dumps(result) if options.json else text)

    match options.verb:
        case "up":
            facts = lifecycle.up(say)
            answer(facts, NEXT)
        case "down":
            lifecycle.down(say)
            if options.json:
                print(json.dumps({"running": False}))
        case "reset":
            again = lifecycle.reset(say, everything=options.all)
            if options.json:
                print(json.dumps(again or {"running": False}))
        case "env":
            text, variables = lifecycle.env()
            answer(variables, text)
        case "logs":
            text = lifecycle.logs(options.service, options.lines)
            answer(text.splitlines(), text)
        case "status":
            facts = lifecycle.status()
            text = (
                f"running at {facts['endpoint']} (pid {facts['pid']}), state in {facts['state']}"
                if facts["running"]
                else "not running; start it with: lakeshift local up"
            )
            answer(facts, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
