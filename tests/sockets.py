"""Which addresses processes listen on, as the kernel tells it (Linux)."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

_LISTEN = "0A"


def listening(pids: Iterable[int]) -> set[str]:
    """`address:port` of every TCP socket that one of the processes listens on."""
    inodes = {inode for pid in pids for inode in _socket_inodes(pid)}
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and fields[9] in inodes:
                address, port = fields[1].split(":")
                found.add(f"{_readable(address)}:{int(port, 16)}")
    return found


def _socket_inodes(pid: int) -> Iterable[str]:
    folder = Path(f"/proc/{pid}/fd")
    try:
        for name in folder.iterdir():
            target = os.readlink(name)
            if target.startswith("socket:["):
                yield target[8:-1]
    except (FileNotFoundError, PermissionError):
        return  # it has ended meanwhile


def _readable(address: str) -> str:
    """The kernel prints addresses as words of 32 bits in the machine's byte order."""
    words = bytes.fromhex(address)
    raw = b"".join(struct.pack(">I", struct.unpack_from("=I", words, at)[0]) for at in range(0, len(words), 4))
    if len(raw) == 4:
        return socket.inet_ntop(socket.AF_INET, raw)
    text = socket.inet_ntop(socket.AF_INET6, raw)
    return text.removeprefix("::ffff:")
