from __future__ import annotations

import io

import pytest

from local.bar import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    return Terminal()


def test_lines_are_said_above_the_bar_and_nothing_of_it_is_left(terminal: Terminal) -> None:
    bar = Bar(terminal)
    bar.show(1, 2, "stacks")
    bar("Storage: deployed")
    bar.clear()
    bar("deployed")
    drawn = "  " + "━" * 15 + "─" * 15 + " 1 of 2 stacks"
    assert terminal.getvalue() == f"\r\x1b[K{drawn}\r\x1b[KStorage: deployed\n{drawn}\r\x1b[Kdeployed\n"


def test_a_bar_never_wraps(terminal: Terminal) -> None:
    Bar(terminal).show(7, 5, "parts " + "x" * 100)
    assert len(terminal.getvalue().removeprefix("\r\x1b[K")) == 59


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_where_nothing_can_be_redrawn_there_are_lines_only(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    bar = Bar(stream)
    bar.show(1, 2, "stacks")
    bar("done")
    bar.clear()
    assert stream.getvalue() == "done\n"
