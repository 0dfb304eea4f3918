"""What a page of docs/ holds for its reader to do: commands, edits, and what the commands say."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(\s*)```(.*)$")


@dataclass(frozen=True)
class Block:
    """A fenced block. Tags are the words after its language, such as `aws`: it needs an account."""

    language: str
    tags: tuple[str, ...]
    text: str
    line: int


@dataclass(frozen=True)
class Step:
    """Something to do: `sh` to run or `diff` to apply, and what a `text` block right behind it says will be seen."""

    do: Block
    shown: str | None


def blocks(page: Path) -> list[Block]:
    found: list[Block] = []
    opened: tuple[str, list[str], int] | None = None
    lines: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if fence is None:
            lines.append(line)
        elif opened is None:
            opened, lines = (fence[1], fence[2].split(), number), []
        else:
            indent, (language, *tags), start = opened[0], opened[1] or [""], opened[2]
            text = "\n".join(text.removeprefix(indent) for text in lines) + "\n"
            found.append(Block(language, tuple(tags), text, start))
            opened = None
    assert opened is None, f"{page}:{opened and opened[2]}: the block is not closed"
    return found


def steps(page: Path) -> Iterator[Step]:
    found = blocks(page)
    for block, behind in zip(found, [*found[1:], None], strict=True):
        if block.language in ("sh", "diff"):
            yield Step(block, behind.text if behind and behind.language == "text" else None)


def edit(root: Path, diff: str) -> None:
    """Makes the edits of a `diff` block, whose hunks need no line numbers: each stands behind the one before it."""
    for part in re.split(r"(?m)^--- .*\n", diff)[1:]:
        header, *hunks = re.split(r"(?m)^@@.*\n", part)
        path = root / header.removeprefix("+++ b/").strip()
        done, rest = "", path.read_text(encoding="utf-8")
        for hunk in hunks:
            lines = [line or " " for line in hunk.splitlines()]
            old, new = ("".join(f"{line[1:]}\n" for line in lines if line[0] != mark) for mark in "+-")
            before, found, rest = rest.partition(old)
            assert found, f"{path.relative_to(root)} does not hold\n{old}"
            done += before + new
        path.write_text(done + rest, encoding="utf-8")


def difference(shown: str, said: str) -> str | None:
    """None if the page shows what was said. In a page `…` stands for any text, alone on a line for any lines."""
    pattern = "".join(_pattern(line) for line in _lines(shown))
    actual = _lines(said)
    if re.fullmatch(pattern, "".join(f"{line}\n" for line in actual)):
        return None
    return "\n".join(
        difflib.unified_diff(_lines(shown), actual, "the page shows", "the command says", lineterm="", n=100)
    )


def _pattern(line: str) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*?"
    return ".*?".join(re.escape(part) for part in line.split("…")) + r"\n"


def _lines(text: str) -> list[str]:
    """Without what varies with the longest cell of a table: runs of blanks and of rules."""
    lines = [re.sub(r"─+", "─", re.sub(r"(?<=\S) +", " ", line)).rstrip() for line in text.strip("\n").splitlines()]
    return lines
