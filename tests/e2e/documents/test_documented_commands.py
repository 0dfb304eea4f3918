"""Every command of the tutorial and the how-tos is executed, page by page, as a reader would."""

from __future__ import annotations

import subprocess
from pathlib import Path

import documents
import pytest
from platform_under_test import PROJECT, Platform

# In the order in which they build on one another.
PAGES = (
    "docs/tutorial.md",
    "docs/how-to/add-a-dataset.md",
    "docs/how-to/correct-data.md",
    "docs/how-to/change-a-schema.md",
    "docs/how-to/promote.md",
)
# Blocks with these tags are not executed here, and the page says so.
NOT_HERE = {
    "aws": "needs an AWS account",
    "end": "ends the local AWS, which other tests still need",
}


@pytest.mark.parametrize("page", PAGES)
def test_commands_of(page: str, platform: Platform) -> None:
    for step in documents.steps(platform.root / page):
        if not set(step.do.tags) & NOT_HERE.keys():
            follow(step, page, platform)


def follow(step: documents.Step, page: str, platform: Platform) -> None:
    place = f"{page}:{step.do.line}"
    if step.do.language == "diff":
        documents.edit(platform.root, step.do.text)
        return
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", step.do.text],
        cwd=platform.root,
        # a reader's shell is not below a make
        env={name: value for name, value in platform.environment.items() if not name.startswith(("MAKE", "MFLAGS"))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    expected = 1 if "fails" in step.do.tags else 0
    assert done.returncode == expected, f"{place}: ended with {done.returncode}\n{step.do.text}\n{done.stdout}"
    if step.shown is not None:
        wrong = documents.difference(step.shown, done.stdout)
        assert wrong is None, f"{place}: shows something else than\n{step.do.text}\n{wrong}"


@pytest.mark.parametrize("page", PAGES)
def test_tags_are_known(page: str) -> None:
    tags = {tag for block in documents.blocks(PROJECT / page) for tag in block.tags}
    assert tags <= {*NOT_HERE, "fails"}


def test_a_page_that_shows_something_else_is_found(tmp_path: Path) -> None:
    """Guards the tests above."""
    said = "one   two\n───── ───\nrun succeeded after 12 s\nlast\n"
    assert documents.difference("one two\n─ ─\nrun succeeded after … s\nlast\n", said) is None
    assert documents.difference("one two\n…\nlast\n", said) is None
    assert documents.difference("one two\n…\nfirst\n", said) is not None
    assert documents.difference("one two\n", said) is not None
    page = tmp_path / "page.md"
    page.write_text(
        "```sh aws\nmake x\n```\n\nSays:\n\n```text\nfine\n```\n\n```diff\n--- a/f\n+++ b/f\n@@\n-a\n+b\n c\n```\n"
    )
    first, second = documents.steps(page)
    assert (first.do.tags, first.do.text, first.shown) == (("aws",), "make x\n", "fine\n")
    edited = tmp_path / "f"
    edited.write_text("a\nx\na\nc\n")
    documents.edit(tmp_path, second.do.text)
    assert edited.read_text() == "a\nx\nb\nc\n"
    with pytest.raises(AssertionError, match="f does not hold\na\nc"):
        documents.edit(tmp_path, second.do.text)
