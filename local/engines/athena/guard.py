"""Runs a command until it ends or until whoever started it is gone, however that came about.

    python guard.py COMMAND…

Its standard input is a pipe that only the starter holds open: end of file means that the starter
closed it or died. The command is then killed at once; it must keep nothing that matters.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: child.kill())

    def watch() -> None:
        sys.stdin.buffer.read()
        child.kill()

    threading.Thread(target=watch, daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
