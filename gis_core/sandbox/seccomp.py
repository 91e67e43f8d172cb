"""A seccomp filter written by hand: the process may compute, read and write open files, nothing else.

Classic BPF as in seccomp(2), for x86_64 and aarch64. Refused calls answer EPERM, so that a library sees
an ordinary error. Calls newer than this table answer ENOSYS, and a foreign architecture kills the process.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Iterable

_LOAD, _AND, _EQUAL, _GREATER, _RETURN = 0x20, 0x54, 0x15, 0x25, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_NUMBER_AT, _ARCH_AT, _ARGS_AT = 0, 4, 16
_SET_MODE_FILTER, _TSYNC = 1, 1

_CLONE_THREAD = 0x00010000
_ACCESS_MODE, _O_TRUNC = 0o3, 0o1000

# audit architecture, then: newest call known, seccomp, and the calls looked at by argument
_ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NEWEST = 462
_SECCOMP = {"x86_64": 317, "aarch64": 277}

# name: (x86_64, aarch64); None where the architecture has no such call
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # other programs and other processes
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "kcmp": (312, 272), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "setpriority": (141, 140), "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119), "sched_setaffinity": (203, 122), "sched_setattr": (314, 274),
    "ioprio_set": (251, 30), "migrate_pages": (256, 238), "move_pages": (279, 239), "prctl": (157, 167),
    # the network and messages to others
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200),
    "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206),
    "sendmsg": (46, 211), "sendmmsg": (307, 269), "recvfrom": (45, 207), "recvmsg": (47, 212),
    "recvmmsg": (299, 243), "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "mq_open": (240, 180), "mq_unlink": (241, 181),
    # file systems and what Landlock does not watch: owners, modes, attributes, times, links, handles
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "swapon": (167, 224), "swapoff": (168, 225), "chmod": (90, None),
    "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "setxattr": (188, 5),
    "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15),
    "fremovexattr": (199, 16), "utime": (132, None), "utimes": (235, None), "futimesat": (261, None),
    "utimensat": (280, 88), "truncate": (76, 45), "mknod": (133, None), "mknodat": (259, 33),
    "link": (86, None), "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263), "inotify_init": (253, None), "inotify_init1": (294, 26),
    # the kernel and who we are
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "acct": (163, 89), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "adjtimex": (159, 171), "sethostname": (170, 161),
    "setdomainname": (171, 162), "syslog": (103, 116), "personality": (135, 92), "iopl": (172, None),
    "ioperm": (173, None), "modify_ldt": (154, None), "vhangup": (153, 58), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145),
    "setregid": (114, 143), "setresuid": (117, 147), "setresgid": (119, 149), "setgroups": (116, 159),
    "setfsuid": (122, 151), "setfsgid": (123, 152), "capset": (126, 91), "setrlimit": (160, 164),
}  # fmt: skip
# Their arguments lie behind a pointer that a filter cannot follow; libraries fall back to the older call.
_UNKNOWN_TO_US = {"clone3": (435, 435), "openat2": (437, 437)}
_OPEN = {"x86_64": ((2, 1), (257, 2)), "aarch64": ((56, 2),)}  # (call, index of its flags)
_CLONE = {"x86_64": 56, "aarch64": 220}
_TO_ONE_PROCESS = {"x86_64": (62, 234, 302), "aarch64": (129, 131, 261)}  # kill, tgkill, prlimit64


class SeccompMissing(OSError):
    """The kernel or the processor cannot do it; the message says which."""


def install(*, own_pid: int) -> None:
    """Filter every system call of every thread of this process, for ever. Needs no_new_privs."""
    machine = platform.machine()
    if machine not in _ARCHES:
        raise SeccompMissing(f"no system call table for {machine}")
    code = program(machine, own_pid=own_pid)
    buffer = ctypes.create_string_buffer(code, len(code))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer)), 16)
    libc = ctypes.CDLL(None, use_errno=True)
    number = ctypes.c_long(_SECCOMP[machine])
    if libc.syscall(number, ctypes.c_long(_SET_MODE_FILTER), ctypes.c_long(_TSYNC), ctypes.byref(head)) != 0:
        raise SeccompMissing(f"seccomp: {os.strerror(ctypes.get_errno())}")


def program(machine: str, *, own_pid: int) -> bytes:
    """The filter as BPF bytecode for one architecture (a key of the tables above)."""
    column = list(_ARCHES).index(machine)
    steps = [
        *(_step(_LOAD, _ARCH_AT), _step(_EQUAL, _ARCHES[machine], yes=1), _step(_RETURN, _KILL)),
        *(_step(_LOAD, _NUMBER_AT), _step(_GREATER, _NEWEST, no=1), _refuse(_ENOSYS)),
    ]
    steps += _refuse_all(_REFUSED.values(), column, _EPERM)
    steps += _refuse_all(_UNKNOWN_TO_US.values(), column, _ENOSYS)
    steps += _only_if(_CLONE[machine], 0, mask=_CLONE_THREAD, values=(_CLONE_THREAD,))
    for number in _TO_ONE_PROCESS[machine]:
        steps += _only_if(
            number, 0, mask=0xFFFFFFFF, values=(own_pid, 0) if number in (302, 261) else (own_pid,)
        )
    for number, flags in _OPEN[machine]:
        # Landlock before version 3 does not see a file emptied by opening it for reading.
        steps += _never_if(number, flags, mask=_ACCESS_MODE | _O_TRUNC, value=_O_TRUNC)
    steps.append(_step(_RETURN, _ALLOW))
    return b"".join(steps)


def _step(code: int, k: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, k)


def _refuse(error: int) -> bytes:
    return _step(_RETURN, _ERRNO | error)


def _refuse_all(numbers: Iterable[tuple[int | None, ...]], column: int, error: int) -> list[bytes]:
    known = sorted(number for pair in numbers if (number := pair[column]) is not None)
    return [step for number in known for step in (_step(_EQUAL, number, no=1), _refuse(error))]


def _only_if(number: int, argument: int, *, mask: int, values: tuple[int, ...]) -> list[bytes]:
    """Call `number` is allowed only where its masked argument (lower 32 bits) is one of `values`."""
    tests = [_step(_EQUAL, value, yes=len(values) - place) for place, value in enumerate(values)]
    return _looked_at(number, argument, mask, [*tests, _refuse(_EPERM), _step(_RETURN, _ALLOW)])


def _never_if(number: int, argument: int, *, mask: int, value: int) -> list[bytes]:
    return _looked_at(
        number, argument, mask, [_step(_EQUAL, value, no=1), _refuse(_EPERM), _step(_RETURN, _ALLOW)]
    )


def _looked_at(number: int, argument: int, mask: int, body: list[bytes]) -> list[bytes]:
    load = [_step(_LOAD, _ARGS_AT + 8 * argument), _step(_AND, mask)]
    return [_step(_EQUAL, number, no=len(load) + len(body)), *load, *body]
