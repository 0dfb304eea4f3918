"""Takes a label off a pull request.

    python3 scripts/unlabel.py PULL_REQUEST LABEL

What it takes of the environment, and its failures, are those of comment.py. A label that is not there is no failure.
"""

from __future__ import annotations

import os
import sys
import urllib.parse

from comment import CommentError, GitHub


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or not arguments[0].isdigit() or not arguments[1]:
        print(
            "expected a pull request's number and a label: make unlabel PR=12 LABEL=allow-destructive", file=sys.stderr
        )
        return 2
    pull_request, label = arguments
    missing = [name for name in ("GITHUB_REPOSITORY", "GH_TOKEN") if not os.environ.get(name)]
    if missing:
        print(f"{', '.join(missing)} is not set: expected what GitHub's runners set", file=sys.stderr)
        return 2
    github = GitHub(os.environ.get("GITHUB_API_URL", "https://api.github.com"), os.environ["GH_TOKEN"])
    labels = f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues/{pull_request}/labels"
    try:
        if label not in [found["name"] for found in github.ask("GET", labels + "?per_page=100")]:
            print("the label is not there")
            return 0
        github.ask("DELETE", f"{labels}/{urllib.parse.quote(label, safe='')}")
    except (CommentError, OSError) as error:
        print(f"label {label} could not be taken off pull request {pull_request}: {error}", file=sys.stderr)
        return 1
    print("taken off")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
