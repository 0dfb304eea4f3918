"""Runs one job script as Glue does. A process of its own; imports nothing of this project.

    python -s -B runner.py LIFELINE ERROR_FILE SCRIPT [ARGUMENT…]

LIFELINE is a file descriptor that the engine holds the other end of: when the engine is gone,
however it ended, this process and its group (Spark's Java too) go with it. What the script failed
with is left in ERROR_FILE, for the run's error message.
"""

import os
import runpy
import signal
import sys
import threading
import traceback


def main() -> None:
    lifeline, error_file, script, *arguments = sys.argv[1:]
    threading.Thread(target=_die_with, args=(int(lifeline),), daemon=True).start()
    sys.argv = [script, *arguments]
    sys.path[0] = os.path.dirname(script)
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as exit:
        if exit.code not in (None, 0):
            _leave(error_file, f"SystemExit: {exit.code}")
        raise
    except BaseException as error:  # noqa: BLE001 - reported as Glue does, whatever the script raised
        _leave(error_file, "".join(traceback.format_exception_only(error)).strip())
        _print_from(script, error)
        sys.exit(1)


def _die_with(lifeline: int) -> None:
    while True:
        try:
            if not os.read(lifeline, 1):
                break
        except InterruptedError:
            continue
        except OSError:
            break
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _leave(error_file: str, message: str) -> None:
    with open(error_file, "w", encoding="utf-8", errors="replace") as file:
        file.write(message)


def _print_from(script: str, error: BaseException) -> None:
    """The traceback without this file's own frames."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != script:
        trace = trace.tb_next
    # none of its frames: the script does not even compile
    traceback.print_exception(type(error), error, trace)


if __name__ == "__main__":
    main()
