"""Landlock by system call: this thread, and what it starts, sees only the folders given.

See landlock(7). Written against version 1 (Linux 5.13); uses what newer kernels add.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on x86_64 and aarch64
_ASK_VERSION = 1
_BELOW_PATH = 1

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_DIR, _MAKE_FILE, _TRUNCATE = 1 << 5, 1 << 7, 1 << 8, 1 << 14
_READ = _READ_FILE | _READ_DIR
_WRITE = _READ | _WRITE_FILE | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _TRUNCATE
_OF_A_FILE = _READ_FILE | _WRITE_FILE | _TRUNCATE

# Rights that each version of Landlock can withhold; we withhold all of them.
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_ALL_TCP, _TCP_SINCE = 0b11, 4
_SIGNALS_AND_ABSTRACT_SOCKETS, _SCOPES_SINCE = 0b11, 6

_libc = ctypes.CDLL(None, use_errno=True)


class LandlockMissing(OSError):
    """The kernel has no Landlock, or it is switched off."""


def version() -> int:
    """Landlock version of the running kernel; 0 where there is none."""
    return max(0, _call(_CREATE, None, 0, _ASK_VERSION))


def restrict(*, read: Iterable[Path], write: Iterable[Path]) -> None:
    """From now on only `read` may be read and only `write` changed. Needs no_new_privs; no way back.

    Nothing may be executed, linked, or made a device anywhere. Paths that do not exist are left out.
    Raises LandlockMissing where the kernel refuses: the caller must not go on.
    """
    known = version()
    if known < 1:
        raise LandlockMissing("the kernel has no Landlock")
    handled = _FILE_RIGHTS[max(since for since in _FILE_RIGHTS if since <= known)]
    ruleset = _checked("create", _call(_CREATE, *_ruleset(handled, known), 0))
    try:
        for rights, paths in ((_READ, read), (_WRITE, write)):
            for path in paths:
                if path.exists():
                    _allow(ruleset, path, rights & handled)
        _checked("restrict", _call(_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)


def _ruleset(handled: int, known: int) -> tuple[ctypes.Array[ctypes.c_char], int]:
    fields = [handled]
    if known >= _TCP_SINCE:
        fields.append(_ALL_TCP)
    if known >= _SCOPES_SINCE:
        fields.append(_SIGNALS_AND_ABSTRACT_SOCKETS)
    packed = struct.pack(f"{len(fields)}Q", *fields)
    return ctypes.create_string_buffer(packed, len(packed)), len(packed)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    if not path.is_dir():
        rights &= _OF_A_FILE
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights, descriptor)
        buffer = ctypes.create_string_buffer(rule, len(rule))
        _checked("allow", _call(_ADD, ruleset, _BELOW_PATH, buffer, 0))
    finally:
        os.close(descriptor)


def _call(number: int, *args: object) -> int:
    given = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    return int(_libc.syscall(ctypes.c_long(number), *given))


def _checked(step: str, result: int) -> int:
    if result < 0:
        raise LandlockMissing(f"landlock {step}: {os.strerror(ctypes.get_errno())}")
    return result
