"""What no tracked file may hold: nothing in the repository belongs to one machine, and nothing in it is secret.

python -m tools.tracked_files
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Written apart, so that this file does not find itself.
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry" + ".npmjs",
    "proxy" + ".golang",
    "repo1" + ".maven",
    "repo" + ".maven",
]
FORBIDDEN = {
    "a registry's address": re.compile("|".join(map(re.escape, REGISTRIES))),
    "a path of one machine": re.compile(r"(?<![\w.~}$-])/(?:root|home|Users|work)/\w"),
    "a temporary path": re.compile(r"(?<![\w.~}$/-])/(?:tmp|var/folders)/\w"),
    "a secret key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY"),
    "a merge left open": re.compile(r"^(?:<{7}|>{7}) "),
    "blanks at its end": re.compile(r"[ \t]$"),
    "a carriage return": re.compile(r"\r"),
}
# A patch's context ends in a blank where the line it shows is empty.
BLANKS_COUNT = (".patch",)


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def faults(path: Path) -> list[str]:
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        return []  # binary
    name = path.relative_to(ROOT)
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        for what, pattern in FORBIDDEN.items():
            if pattern.search(line) and not (what == "blanks at its end" and path.suffix in BLANKS_COUNT):
                found.append(f"{name}:{number}: holds {what}: {line.strip()[:120]}")
    if text and not text.endswith("\n"):
        found.append(f"{name}:{text.count(chr(10)) + 1}: does not end with a line end")
    return found


def main() -> int:
    found = [fault for path in tracked_files() for fault in faults(path)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
