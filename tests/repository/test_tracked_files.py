"""What may stand in no tracked file. The examples are put together here, so that this file holds none of them."""

from __future__ import annotations

import pytest

from tools import tracked_files

MIRROR = "https://packages.example.com"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (f"--extra-index-url{'='}{MIRROR}/simple", "a registry's address"),
        (f"registry{'='}{MIRROR}/npm", "a registry's address"),
        (f'"resolved"{":"} "{MIRROR}/left-pad.tgz"', "a registry's address"),
        (f"{MIRROR}/{'arti'}factory/some/x", "a registry's address"),
        ("gh" + "p_" + "a1" * 18, "a secret"),
        ("xox" + "b-" + "1234567890", "a secret"),
        ("AWS_SECRET_ACCESS" + "_KEY=" + "aB3/" * 10, "a secret"),
        ("gl" + "pat-" + "a1" * 10, "a secret"),
        ("https://hooks.slack" + ".com/services/T0/B0/x1", "a secret"),
        ("create user reader pass" + "word 'Reader-1';", "a secret"),
        ("C:" + r"\Users\somebody\x", "a path of one machine"),
        ("create user reader password '${reader_password}';", ""),
        ('create user "${load_user}" password disable;', ""),
        ("https://somebody:" + "pass" + "@example.com/x", "a secret"),
        ("the registry is asked: https is all it speaks", ""),
        ("postgres://${user}:${password}@127.0.0.1/x", ""),
        ("git@example.com:owner/name", ""),
        ("secret_access_key: test", ""),
    ],
)
def test_what_a_line_holds_is_named(line: str, what: str) -> None:
    found = [name for name, pattern in tracked_files.FORBIDDEN.items() if pattern.search(line)]
    assert found == ([what] if what else [])
