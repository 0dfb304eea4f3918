"""Puts a report into a pull request as one comment, which is written anew whenever the report changes.

    python3 scripts/comment.py PULL_REQUEST REPORT

Of the environment it takes what GitHub's runners set: GITHUB_REPOSITORY, GITHUB_API_URL, and GH_TOKEN, a token that may
write comments. An empty report makes no comment, but empties one that is there. Standard library only.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

# A reader does not see it; it tells our comment from all others.
MARK = "<!-- lakeshift: what a deployment would change -->"
NOTHING = "Nothing that is deployed changes any more."
AUTHOR = "github-actions[bot]"
# Characters; what GitHub answers to a longer one: "Body is too long (maximum is 65536 characters)".
LONGEST = 65_536


class CommentError(Exception):
    """GitHub refused; the message holds its own words."""


class GitHub:
    def __init__(self, api: str, token: str):
        self._api = api.rstrip("/")
        self._token = token

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            self._api + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise CommentError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from error


def text_of(report: str) -> str:
    """The comment for a report; a longer one than GitHub takes says that it goes on elsewhere."""
    text = f"{MARK}\n{report.strip() or NOTHING}\n"
    if len(text) <= LONGEST:
        return text
    note = "\n\n… the whole report is an artifact of this run.\n"
    return text[: LONGEST - len(note)] + note


def ours(github: GitHub, repository: str, pull_request: int) -> dict[str, Any] | None:
    """Our comment in the pull request, if there is one."""
    page = 1
    while True:
        comments = github.ask("GET", f"/repos/{repository}/issues/{pull_request}/comments?per_page=100&page={page}")
        for comment in comments:
            if comment["user"]["login"] == AUTHOR and comment["body"].startswith(MARK):
                return comment
        if len(comments) < 100:
            return None
        page += 1


def publish(github: GitHub, repository: str, pull_request: int, report: str) -> str:
    """Makes the pull request show the report; returns what was done."""
    text = text_of(report)
    comment = ours(github, repository, pull_request)
    if comment is None:
        if not report.strip():
            return "nothing to say"
        github.ask("POST", f"/repos/{repository}/issues/{pull_request}/comments", {"body": text})
        return "commented"
    if comment["body"].rstrip() == text.rstrip():
        return "the comment says so already"
    github.ask("PATCH", f"/repos/{repository}/issues/comments/{comment['id']}", {"body": text})
    return "comment updated"


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or not arguments[0].isdigit():
        print(
            "expected a pull request's number and a report's file: make comment PR=12 REPORT=build/diff/comment.md",
            file=sys.stderr,
        )
        return 2
    missing = [name for name in ("GITHUB_REPOSITORY", "GH_TOKEN") if not os.environ.get(name)]
    if missing:
        print(f"{', '.join(missing)} is not set: expected what GitHub's runners set", file=sys.stderr)
        return 2
    github = GitHub(os.environ.get("GITHUB_API_URL", "https://api.github.com"), os.environ["GH_TOKEN"])
    try:
        print(
            publish(
                github,
                os.environ["GITHUB_REPOSITORY"],
                int(arguments[0]),
                Path(arguments[1]).read_text(encoding="utf-8"),
            )
        )
    except (CommentError, OSError) as error:
        print(f"the report could not be put into pull request {arguments[0]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
