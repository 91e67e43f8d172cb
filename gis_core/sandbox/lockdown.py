"""Everything the process that opens a user's file gives up before it does so, in one call.

Measured in the order of what stops what: Landlock keeps files, seccomp keeps the network, other programs and
other processes away, limits stop what only eats time and memory. If one cannot be applied, nothing is opened.
"""

import ctypes
import os
import resource
import signal
import socket
import struct
import sys
import sysconfig
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from gis_core.sandbox import landlock, seccomp

CONTROLS = frozenset({"limits", "capabilities", "landlock", "seccomp"})

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION = 0x20080522
_OPEN_FILES = 64


class LockdownFailed(Exception):
    """A control could not be applied; the message is for the log."""


@dataclass(frozen=True)
class Allowance:
    """What is left: folders to read and to write, memory, processor seconds, largest file written."""

    read: tuple[Path, ...]
    write: tuple[Path, ...]
    memory_mb: int
    cpu_s: int
    output_mb: int


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill us when the process `parent` ends, however it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def apply(allowance: Allowance, *, controls: Collection[str] = CONTROLS) -> None:
    """Give up every right but `allowance`, and make sure it is gone. Raises LockdownFailed.

    `controls` exists for the tests that show each control to be needed; the program never passes it.
    """
    _one_thread()
    try:
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        _prctl(_PR_SET_DUMPABLE, 0)
        if "limits" in controls:
            _limit(allowance)
        if "landlock" in controls:
            landlock.restrict(read=[*libraries(), *allowance.read], write=allowance.write)
        if "capabilities" in controls:
            _drop_capabilities()
        if "seccomp" in controls:
            seccomp.install(own_pid=os.getpid())
    except (OSError, ValueError) as error:
        raise LockdownFailed(str(error)) from error
    _prove(controls)


def libraries() -> Iterable[Path]:
    """Where Python, its packages and the system's shared libraries lie."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    return sorted({Path(path).resolve() for path in (*prefixes, "/usr/lib", "/usr/share", "/lib", "/lib64")})


def _one_thread() -> None:
    """Landlock binds only the calling thread: there must be no other yet."""
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise LockdownFailed(f"{threads} threads run already")


def _limit(allowance: Allowance) -> None:
    megabyte = 1024 * 1024
    # The processor limit has a soft edge, whose signal tells it from any other end.
    resource.setrlimit(resource.RLIMIT_CPU, (allowance.cpu_s, allowance.cpu_s + 5))
    for what, most in (
        (resource.RLIMIT_AS, allowance.memory_mb * megabyte),
        (resource.RLIMIT_FSIZE, allowance.output_mb * megabyte),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _drop_capabilities() -> None:
    """A process of root keeps root's files but none of its powers."""
    head = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_VERSION, 0), 8)
    none = ctypes.create_string_buffer(24)
    libc = ctypes.CDLL(None, use_errno=True)
    number = ctypes.c_long(_CAPSET[os.uname().machine])
    if libc.syscall(number, head, none) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _prove(controls: Collection[str]) -> None:
    """Try what must now be impossible; a control that was accepted and does nothing is no control."""
    if "landlock" in controls:
        try:
            os.close(os.open("/etc/passwd", os.O_RDONLY))
        except PermissionError:
            pass
        else:
            raise LockdownFailed("Landlock is in force, and /etc/passwd opens")
    if "seccomp" in controls:
        try:
            socket.socket().close()
        except PermissionError:
            pass
        else:
            raise LockdownFailed("seccomp is in force, and a socket opens")
