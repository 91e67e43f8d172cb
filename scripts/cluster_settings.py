"""What the private clusters are told: server settings sized to the machine, roles, databases, extensions."""

from __future__ import annotations

import os
from pathlib import Path

EXTENSIONS = ("postgis", "btree_gist", "pg_trgm", "unaccent")


def memory_mb() -> int:
    """Memory this process may count on: the machine's, or its control group's where that is less."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return total
    return min(total, int(limit) // 2**20) if limit.isdigit() else total


def _within(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))


def _shared_memory_type() -> str:
    """POSIX shared memory is fastest, but containers often give it 64 MB: too little for parallel queries."""
    try:
        room = os.statvfs("/dev/shm")  # noqa: S108
    except OSError:
        return "mmap"
    return "posix" if room.f_blocks * room.f_frsize >= 256 * 2**20 else "mmap"


def postgresql_conf(profile: str, sockets: Path) -> str:
    memory, cores = memory_mb(), os.cpu_count() or 1
    settings = {
        "listen_addresses": "''",
        "unix_socket_directories": "'" + str(sockets).replace("'", "''") + "'",
        "unix_socket_permissions": "0700",
        "port": "5432",  # names the socket's file; no port is opened
        "max_connections": str(200 + 16 * cores),
        "max_locks_per_transaction": "256",  # a layer is a partition: one statement may lock hundreds
        "shared_buffers": f"{_within(128, memory // 4, 3072)}MB",
        "effective_cache_size": f"{_within(256, memory // 2, 65536)}MB",
        "work_mem": "64MB" if memory >= 4096 else "16MB",
        "maintenance_work_mem": f"{_within(64, memory // 16, 1024)}MB",
        "dynamic_shared_memory_type": _shared_memory_type(),
        "random_page_cost": "1.1",
        "jit": "off",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "logging_collector": "on",
        "log_filename": "'postgresql-%a.log'",  # one file a weekday, overwritten a week later
        "log_truncate_on_rotation": "on",
        "log_rotation_size": "0",
        "lc_messages": "'C'",
    }
    if profile == "test":
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    return f"# Written anew at each start by scripts/cluster.py; changes here are lost.\n{lines}"


def _extensions_in(database: str) -> str:
    created = "".join(f"CREATE EXTENSION IF NOT EXISTS {extension};\n" for extension in EXTENSIONS)
    return f"""
\\connect {database}
SET client_min_messages = warning;
{created}
GRANT INSERT, UPDATE, DELETE ON spatial_ref_sys TO hromada_owner;
"""


def roles_and_databases(profile: str) -> str:
    """SQL for psql as the cluster's superuser; may be run any number of times.

    `hromada_owner` owns the database and may make roles; `public_read` holds no right but to connect:
    what it may read, the publications grant it one by one.
    """
    may_create = "NOCREATEDB" if profile == "run" else "CREATEDB"
    template = "" if profile == "run" else _extensions_in("template1")
    return f"""
SET client_min_messages = warning;
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['hromada_owner', 'public_read']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \\gexec
ALTER ROLE hromada_owner LOGIN NOSUPERUSER CREATEROLE {may_create};
ALTER ROLE public_read LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB;
ALTER ROLE public_read SET max_parallel_workers_per_gather = 0;
ALTER ROLE public_read SET jit = off;
ALTER ROLE public_read SET statement_timeout = '5s';
ALTER ROLE public_read SET default_transaction_read_only = on;
GRANT public_read TO hromada_owner WITH ADMIN OPTION;
{template}
\\connect postgres
SELECT 'CREATE DATABASE hromada OWNER hromada_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'hromada') \\gexec
REVOKE ALL ON DATABASE hromada FROM PUBLIC;
GRANT CONNECT ON DATABASE hromada TO public_read;
{_extensions_in("hromada")}
"""  # noqa: S608 -- the parts are constants of this file
