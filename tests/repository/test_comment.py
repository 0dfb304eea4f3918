"""`make comment` and `make unlabel` against a GitHub that keeps what it is told in memory, over HTTP on the loopback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
BOT = {"login": "github-actions[bot]"}


class GitHub:
    """The comments and labels of pull request 7 of example/lakeshift."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.writes: list[str] = []
        self.labels: list[str] = []
        github = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, code: int, body: Any) -> None:
                self.send_response(code)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def do_GET(self) -> None:
                if self.path == "/repos/example/lakeshift/issues/7/labels?per_page=100":
                    self.answer(200, [{"name": name} for name in github.labels])
                    return
                match = re.fullmatch(r"/repos/example/lakeshift/issues/7/comments\?per_page=100&page=(\d+)", self.path)
                assert match
                start = 100 * (int(match[1]) - 1)
                self.answer(200, github.comments[start : start + 100])

            def write(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
                if self.headers["Authorization"] != "Bearer token-of-the-run":
                    self.answer(403, {"message": "Resource not accessible by integration"})
                    return
                if len(body) > 65536:
                    self.answer(422, {"message": "Body is too long (maximum is 65536 characters)"})
                    return
                github.writes.append(f"{self.command} {self.path}")
                if self.command == "POST":
                    assert self.path == "/repos/example/lakeshift/issues/7/comments"
                    github.comments.append({"id": 1000 + len(github.comments), "user": BOT, "body": body})
                else:
                    (comment,) = [
                        c for c in github.comments if self.path == f"/repos/example/lakeshift/issues/comments/{c['id']}"
                    ]
                    comment["body"] = body
                self.answer(200, {})

            do_POST = do_PATCH = write

            def do_DELETE(self) -> None:
                path, _, name = self.path.rpartition("/")
                assert path == "/repos/example/lakeshift/issues/7/labels"
                github.labels.remove(urllib.parse.unquote(name))
                self.answer(200, [])

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def say(self, login: str, body: str) -> None:
        self.comments.append({"id": len(self.comments), "user": {"login": login}, "body": body})


@pytest.fixture
def github() -> Iterator[GitHub]:
    github = GitHub()
    yield github
    github.server.shutdown()
    github.server.server_close()


def comment(
    github: GitHub, report: Path, text: str, token: str = "token-of-the-run"
) -> subprocess.CompletedProcess[str]:
    report.write_text(text)
    return make(github, token, "comment", f"REPORT={report}")


def make(github: GitHub, token: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "GITHUB_API_URL": f"http://127.0.0.1:{github.server.server_port}",
        "GITHUB_REPOSITORY": "example/lakeshift",
        "GH_TOKEN": token,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    command = ["make", "--no-print-directory", "PR=7", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)


def test_the_report_is_one_comment_that_is_updated_in_place(github: GitHub, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    for n in range(120):  # more than a page
        github.say("somebody", f"remark {n}")
    github.say("somebody", "<!-- lakeshift: what a deployment would change -->\nnot the bot's")

    assert comment(github, report, "A bucket is added.").stdout == "commented\n"
    for n in range(3):
        github.say("somebody", f"later remark {n}")
    assert comment(github, report, "A bucket is replaced.").stdout == "comment updated\n"
    assert comment(github, report, "A bucket is replaced.\n").stdout == "the comment says so already\n"
    assert github.writes == [
        "POST /repos/example/lakeshift/issues/7/comments",
        "PATCH /repos/example/lakeshift/issues/comments/1121",
    ]
    assert [c["body"].splitlines()[1:] for c in github.comments if c["user"] == BOT] == [["A bucket is replaced."]]


def test_nothing_to_report_makes_no_comment_but_corrects_one(github: GitHub, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    assert comment(github, report, "\n").stdout == "nothing to say\n"
    assert github.comments == []
    comment(github, report, "A bucket is added.")
    comment(github, report, "")
    (left,) = github.comments
    assert "Nothing that is deployed changes any more." in left["body"]


def test_a_long_report_is_cut_and_says_so(github: GitHub, tmp_path: Path) -> None:
    done = comment(github, tmp_path / "report.md", "ü" * 70000)
    assert done.returncode == 0, done.stderr
    assert len(github.comments[0]["body"]) == 65536
    assert github.comments[0]["body"].endswith("the whole report is an artifact of this run.\n")


def test_a_refusal_is_shown_in_githubs_own_words(github: GitHub, tmp_path: Path) -> None:
    done = comment(github, tmp_path / "report.md", "A bucket is added.", token="of-a-fork")
    assert done.returncode != 0
    assert "pull request 7" in done.stderr
    assert "403" in done.stderr
    assert "Resource not accessible by integration" in done.stderr


def test_a_label_is_taken_off_once_and_no_other_one(github: GitHub) -> None:
    github.labels = ["bug", "allow destructive/ö", "allow"]
    label = "LABEL=allow destructive/ö"
    assert make(github, "token-of-the-run", "unlabel", label).stdout == "taken off\n"
    assert github.labels == ["bug", "allow"]
    assert make(github, "token-of-the-run", "unlabel", label).stdout == "the label is not there\n"
    assert github.labels == ["bug", "allow"]


def test_the_summary_is_added_to_the_runs_page_if_there_is_one(tmp_path: Path) -> None:
    page, report = tmp_path / "page.md", tmp_path / "report.md"
    page.write_text("before\n")
    report.write_text("A bucket is added.\n")
    for file in (report, tmp_path / "none.md"):
        environment = {**os.environ, "GITHUB_STEP_SUMMARY": str(page)}
        subprocess.run(
            ["make", "--no-print-directory", "summary", f"REPORT={file}"], cwd=PROJECT, env=environment, check=True
        )
    assert page.read_text() == "before\nA bucket is added.\n"
