#!/usr/bin/env bash
# Every test: the browser code's own, then Python's (unit, database, HTTP, browser) on the private test cluster.
# Without arguments in as many processes as there are cores, each with its own database (at most four); arguments
# go to pytest in one. TEST_DATABASE_URL names another server, whose role may create databases and extensions.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.venv/bin:$PATH"
CHROMIUM="$(cat "${HROMADA_VAR:-var}/chromium")"
export CHROMIUM

if [ -n "${TEST_DATABASE_URL:-}" ]; then
    export DATABASE_URL="$TEST_DATABASE_URL"
    unset PUBLIC_DATABASE_URL
else
    unset DATABASE_URL PUBLIC_DATABASE_URL
    stop_cluster() {
        if [ "$running_before" = no ]; then scripts/cluster.py stop --profile test; fi
    }
    running_before=yes
    scripts/cluster.py status --profile test >/dev/null || running_before=no
    trap stop_cluster EXIT
    scripts/cluster.py ensure --profile test
    eval "$(scripts/cluster.py env --profile test)"
fi

echo "== Browser code"
(cd frontend && npm test --silent)

echo "== Python, database, HTTP, browser"
if [ $# -eq 0 ]; then
    pytest --numprocesses auto --maxprocesses 4 --dist loadfile
else
    pytest "$@"
fi
