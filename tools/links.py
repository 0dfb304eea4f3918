"""Links in Markdown that lead nowhere: to what is no file of the project, or to a heading that is not there.

    python -m tools.links FILE…

Offline: addresses on the web are not looked at.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from pathlib import Path
from urllib.parse import unquote

from tools.project_files import ROOT, project_files

FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
INLINE = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)")
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)\s*#*\s*$")
ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:")


def prose(path: Path) -> list[tuple[int, str]]:
    """The lines outside fenced code, with their numbers; code within a line is blanked."""
    lines = []
    fence = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        mark = FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif fence:
            if mark and mark[1].startswith(fence):
                fence = ""
        else:
            lines.append((number, line))
    return lines


def without_code(line: str) -> str:
    return re.sub(r"(`+).+?\1", "", line)


@functools.cache
def anchors(path: Path) -> set[str]:
    """What GitHub makes of the headings."""
    found: dict[str, int] = {}
    for _, line in prose(path):
        heading = HEADING.match(line)
        if heading:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).replace("`", "")
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            count = found[slug] = found.get(slug, 0) + 1
            if count > 1:
                found[f"{slug}-{count - 1}"] = 1
    return set(found)


@functools.cache
def project_paths() -> set[str]:
    """Files of the project and the folders they lie in."""
    paths = set(project_files())
    return paths | {str(parent) for name in paths for parent in Path(name).parents}


def fault(file: Path, link: str) -> str | None:
    """What is wrong with a link in a file, or None."""
    if ELSEWHERE.match(link):
        return None
    target, _, anchor = unquote(link).partition("#")
    if target.startswith("/"):
        return "starts at the root of a machine: expected a path from this file"
    path = Path(os.path.normpath(file.parent / target)) if target else file
    if str(path) not in project_paths():
        return f"leads to {path}, which is no file of the project"
    if anchor and path.suffix == ".md" and anchor not in anchors(ROOT / path):
        return f"names a heading that {path} does not have: expected one of {', '.join(sorted(anchors(ROOT / path)))}"
    return None


def faults(file: Path) -> list[str]:
    found = []
    for number, line in prose(ROOT / file):
        line = without_code(line)
        for link in [*INLINE.findall(line), *REFERENCE.findall(line)]:
            wrong = fault(file, link)
            if wrong:
                found.append(f"{file}:{number}: the link {link} {wrong}")
    return found


if __name__ == "__main__":
    found = [line for name in sys.argv[1:] for line in faults(Path(name))]
    print("\n".join(found))
    sys.exit(1 if found else 0)
