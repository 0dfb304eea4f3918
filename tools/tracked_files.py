"""What no tracked file may hold: nothing in the repository belongs to one machine, and nothing in it is secret.

    python -m tools.tracked_files FILE…

What is no UTF-8 is passed over.
"""

from __future__ import annotations

import re
import sys

from tools.project_files import ROOT

# Written apart, so that this file does not find itself.
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry" + ".npmjs",
    "proxy" + ".golang",
    "repo1" + ".maven",
    "repo" + ".maven",
]
# A company's own: what installers are told, what its software calls its paths, and where a lock says that a package lay.
MIRRORS = [
    r"""(?:index-url|registry)["']?\s*[ =:]\s*["']?https?:""",
    r"https?://\S*(?:artifactory|nexus|jfrog|/api/(?:pypi|npm|go)/)",
    r'"resolved":\s*"https?:',
]
# What GitHub, GitLab and Slack give out, the secret half of a key of AWS's, a password within an address, one of a database
# user. A placeholder's value stands elsewhere.
SECRETS = [
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    r"-----BEGIN [A-Z ]*PRIVATE KEY",
    r"\bgh[opsur]_[0-9A-Za-z]{36}",
    r"\bgithub_pat_[0-9A-Za-z_]{20}",
    r"\bxox[abprs]-[0-9A-Za-z]{8}",
    r"\bglpat-[0-9A-Za-z_-]{20}",
    r"hooks\.slack\.com/services/\w+/\w+/\w+",
    r"(?i:\b(?:create|alter)\s+user\b.*\bpassword\s+)'[^'$]{8,}'",
    r"""(?i:secret_?access_?key)["']?\s*[=:]\s*["']?[0-9A-Za-z/+]{40}(?![0-9A-Za-z/+])""",
    r"""://[^/\s:@"'<>${]+:[^/\s:@"'<>${]+@""",
]
FORBIDDEN = {
    "a registry's address": re.compile("|".join([*map(re.escape, REGISTRIES), *MIRRORS])),
    "a path of one machine": re.compile(r"(?<![\w.~}$-])/(?:root|home|Users|work)/\w|\b[A-Z]:\\+Users\\+\w"),
    "a temporary path": re.compile(r"(?<![\w.~}$/-])/(?:tmp|var/folders)/\w"),
    "a secret": re.compile("|".join(SECRETS)),
    "a merge left open": re.compile(r"^(?:<{7}|>{7}) "),
    "blanks at its end": re.compile(r"[ \t]$"),
    "a carriage return": re.compile(r"\r"),
}
# A patch's context ends in a blank where the line it shows is empty.
BLANKS_COUNT = (".patch",)


def faults(name: str) -> list[str]:
    try:
        text = (ROOT / name).read_bytes().decode()
    except UnicodeDecodeError:
        return []  # binary
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        for what, pattern in FORBIDDEN.items():
            if pattern.search(line) and not (what == "blanks at its end" and name.endswith(BLANKS_COUNT)):
                found.append(f"{name}:{number}: holds {what}: {line.strip()[:120]}")
    if text and not text.endswith("\n"):
        found.append(f"{name}:{text.count(chr(10)) + 1}: does not end with a line end")
    return found


if __name__ == "__main__":
    found = [fault for name in sys.argv[1:] for fault in faults(name)]
    print("\n".join(found))
    sys.exit(1 if found else 0)
