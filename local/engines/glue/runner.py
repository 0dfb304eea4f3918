"""Runs one job script as Glue does. A process of its own; imports nothing of this project.

    python -s -B runner.py LIFELINE BYTECODE ERROR_FILE SCRIPT [ARGUMENT…]

BYTECODE is a folder where compiled modules are kept from run to run. LIFELINE is a file descriptor that the engine
holds the other end of: when the engine is gone, however it ended, this process and its group (Spark's Java too) go
with it. What the script failed with is left in ERROR_FILE, for the run's error message.
"""

import contextlib
import hashlib
import marshal
import os
import runpy
import signal
import sys
import tempfile
import threading
import traceback
from importlib.machinery import SourceFileLoader
from types import CodeType


def main() -> None:
    lifeline, bytecode, error_file, script, *arguments = sys.argv[1:]
    threading.Thread(target=_die_with, args=(int(lifeline),), daemon=True).start()
    keep_bytecode(bytecode)
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


def keep_bytecode(folder: str) -> None:
    """Compiles a module's text once. A job unpacks its library, boto3 among it, into another folder each time, where
    Python's own cache has nothing: that was most of what a small job cost."""
    compiled = SourceFileLoader.source_to_code

    def source_to_code(self, data, path, **options):
        if not isinstance(data, bytes):
            return compiled(self, data, path, **options)
        kept = os.path.join(folder, hashlib.sha256(sys.version.encode() + repr(options).encode() + data).hexdigest())
        try:
            with open(kept, "rb") as file:
                return _placed(marshal.loads(file.read()), path)
        except (OSError, ValueError, EOFError, TypeError, AttributeError):
            code = compiled(self, data, path, **options)
        _write(kept, marshal.dumps(code))
        return code

    SourceFileLoader.source_to_code = source_to_code  # type: ignore[method-assign]


def _placed(code: CodeType, path: str) -> CodeType:
    """The code as compiled from `path`: tracebacks name the file."""
    constants = tuple(_placed(item, path) if isinstance(item, CodeType) else item for item in code.co_consts)
    return code.replace(co_filename=path, co_consts=constants)


def _write(path: str, content: bytes) -> None:
    """All or nothing, as other runs read it; a cache that can't be written costs time only."""
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(path), delete=False) as file:
            file.write(content)
        os.replace(file.name, path)


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
