"""Each control of the sandbox stops something that happens without it: both halves are tested."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gis_core.sandbox.lockdown import CONTROLS
from tests.importers.corpus import CANARY, HOSTILE, secret_in, vrt
from tests.importers.probe import is_root, read_with, try_with

LEAKS = [
    item
    for item in HOSTILE
    if item.name in ("VRT called .kml", "VRT called .geojson", "VRT called .gpkg", "GDAL pipeline called .geojson",
                     "GeoPackage with VirtualText")
]  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    def make(item: object) -> Path:
        folder = tmp_path / "sent"
        folder.mkdir()
        return item.make(folder, secret_in(tmp_path))  # type: ignore[attr-defined, no-any-return]

    return make


@pytest.mark.parametrize("item", LEAKS, ids=lambda item: item.name)
def test_a_file_that_is_a_program_reads_another_file_unless_landlock_is_on(
    item: object, made: Callable[..., Path], tmp_path: Path
) -> None:
    path = made(item)

    assert CANARY in read_with(path, tmp_path / "out", controls=CONTROLS - {"landlock"})
    assert CANARY not in read_with(path, tmp_path / "out")


def test_a_vrt_is_not_recognised_when_gdal_holds_only_the_driver_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "map.kml"
    path.write_text(vrt(secret_in(tmp_path)))

    assert CANARY in read_with(path, tmp_path / "out", controls=())
    assert CANARY not in read_with(path, tmp_path / "out", controls=(), driver="LIBKML")


def test_a_geopackage_reads_another_file_even_if_its_driver_is_the_only_one(
    made: Callable[..., Path], tmp_path: Path
) -> None:
    """Why the driver list alone is not enough."""
    path = made(next(item for item in LEAKS if "VirtualText" in item.name))

    assert CANARY in read_with(path, tmp_path / "out", controls=(), driver="GPKG")
    assert CANARY not in read_with(path, tmp_path / "out", driver="GPKG")


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A server on this machine that notes who calls."""
    calls: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            with connection:
                calls.append(connection.recv(100))

    thread = threading.Thread(target=serve)
    thread.start()
    yield server.getsockname()[1], calls
    ended.set()
    thread.join()
    server.close()


def test_a_file_calls_a_server_unless_seccomp_is_on(
    tmp_path: Path, listener: tuple[int, list[bytes]]
) -> None:
    port, calls = listener
    (tmp_path / "sent").mkdir()
    path = tmp_path / "sent" / "map.vrt"
    path.write_text(
        f'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/vsicurl/http://127.0.0.1:{port}/x.geojson'
        "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )
    expression = f"__import__('socket').create_connection(('127.0.0.1', {port})).close()"

    try_with(expression, tmp_path, tmp_path / "out", controls=())
    assert len(calls) == 1
    refused = try_with(expression, tmp_path, tmp_path / "out", controls={"seccomp"})
    read_with(path, tmp_path / "out", controls={"seccomp"})
    assert "PermissionError" in refused
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("control", "expression", "before", "after"),
    [
        ("seccomp", "__import__('subprocess').run(['/bin/true']).returncode", "0", "PermissionError"),
        ("seccomp", "os.waitpid(os.fork() or os._exit(0), 0)[1]", "0", "PermissionError"),
        ("seccomp", "os.kill(os.getppid(), 0)", "None", "PermissionError"),
        ("seccomp", "os.chmod(given['folder'], 0o755)", "None", "PermissionError"),
        ("seccomp", "__import__('ctypes').CDLL(None).ptrace(0, 0, 0, 0)", "0", "-1"),
        ("seccomp", "__import__('resource').prlimit(os.getppid(), 7) and 'read'", "read", "PermissionError"),
        ("seccomp", "os.open(given['folder'] + '/victim', os.O_RDONLY | os.O_TRUNC) > 0", "True", "PermissionError"),
        ("landlock", "open('/etc/passwd').read(4)", "root", "PermissionError"),
        ("landlock", "len(os.listdir('/')) > 5", "True", "PermissionError"),
        ("landlock", "open(given['folder'] + '/new', 'w').write('x')", "1", "PermissionError"),
        ("landlock", "os.symlink('/etc/passwd', given['out'] + '/link')", "None", "PermissionError"),
        ("limits", "len(bytearray(3 << 30)) > 0", "True", "MemoryError"),
        ("limits", "len([os.dup(0) for _ in range(100)])", "100", "OSError"),
        ("limits", "open(given['out'] + '/big', 'wb').write(bytes(11 << 20)) > 0", "True", "OSError"),
    ],
)  # fmt: skip
def test_a_control_refuses_what_is_possible_without_it(
    control: str, expression: str, before: str, after: str, tmp_path: Path
) -> None:
    (tmp_path / "victim").write_text("still here")

    assert try_with(expression, tmp_path, tmp_path / "out", controls=()).strip().startswith(before)
    (tmp_path / "victim").write_text("still here")
    for leftover in ("link", "big"):
        (tmp_path / "out" / leftover).unlink(missing_ok=True)
    assert try_with(expression, tmp_path, tmp_path / "out", controls={control}).strip().startswith(after)
    assert (tmp_path / "victim").read_text() == "still here"


def test_the_child_has_no_powers_of_root_whoever_starts_it(tmp_path: Path) -> None:
    powers = (
        "[line for line in open('/proc/self/status') if line.startswith('CapEff')][0].split()[1].strip('0')"
    )

    has_powers = try_with(powers, tmp_path, tmp_path / "out", controls=()).strip() != ""
    assert has_powers == is_root()
    assert try_with(powers, tmp_path, tmp_path / "out", controls={"capabilities"}).strip() == ""


def test_a_locked_down_process_still_computes_reads_its_folder_and_starts_threads(tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text("hello")
    expression = (
        "(open(given['folder'] + '/hello.txt').read(), open(given['out'] + '/new', 'w').write('x'),"
        " __import__('concurrent.futures').futures.ThreadPoolExecutor(2).submit(sum, [1, 2]).result())"
    )

    assert try_with(expression, tmp_path, tmp_path / "out").strip() == "('hello', 1, 3)"


def test_the_filter_for_the_other_processor_is_well_formed() -> None:
    from gis_core.sandbox import seccomp

    for machine in ("x86_64", "aarch64"):
        code = seccomp.program(machine, own_pid=os.getpid())
        steps = [code[place : place + 8] for place in range(0, len(code), 8)]
        assert len(code) % 8 == 0
        assert 100 < len(steps) < 4096
        for place, step in enumerate(steps):
            if step[0] in (0x15, 0x25):
                assert place + 1 + max(step[2], step[3]) < len(steps), "a jump leaves the program"
        assert steps[-1][0] == 0x06
