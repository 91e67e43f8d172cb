#!/usr/bin/env bash
# Brings a bare Debian 12 or Ubuntu 24.04 to where the program can start, and skips what is done already.
#
#   scripts/setup.sh run    what `make run` needs
#   scripts/setup.sh test   the same, with the tools of the tests and a Chromium
#
# Only system packages need root (directly or through sudo). Everything else stays in this directory:
# .venv (Python, and Node from a Python package), frontend/node_modules, var/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly profile="${1:-run}"
readonly steps="${HROMADA_STEPS:-7}"
readonly var="${HROMADA_VAR:-var}"
readonly logs="$var/log"
readonly policy=/usr/sbin/policy-rc.d
readonly no_main_cluster=/etc/postgresql-common/createcluster.d/hromada-gis.conf
readonly our_mark='written by Hromada GIS for the time of its installation'

case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in uk*|UK*) readonly language=uk ;; *) readonly language=en ;; esac

# ---------------------------------------------------------------- what the reader sees

pick() { if [ "$language" = uk ]; then printf '%s' "$2"; else printf '%s' "$1"; fi; }
say() { printf '%s\n' "$(pick "$1" "$2")"; }
note() { printf '      %s\n' "$(pick "$1" "$2")"; }

step_started=$SECONDS
step() {
    step_started=$SECONDS
    printf '[%s/%s] %s\n' "$1" "$steps" "$(pick "$2" "$3")"
}
done_in() {
    local took=$((SECONDS - step_started))
    if [ "$took" -ge 2 ]; then note "done in $took s" "готово за $took с"; fi
}
stop_with() {
    printf '\n%s: %s\n' "$(pick 'Stopped' 'Зупинено')" "$(pick "$1" "$2")" >&2
    exit 1
}

# Tools differ in whether they say first or last what went wrong: both ends of a log.
excerpt() {
    if [ "$(wc -l < "$1")" -le 32 ]; then cat "$1"; else head -n 10 "$1"; printf '...\n'; tail -n 20 "$1"; fi
}

# Runs a command with its output in a log; on failure shows an excerpt and returns the exit code.
logged() {
    local log="$logs/$1.log" code=0
    shift
    "$@" >"$log" 2>&1 </dev/null || code=$?
    if [ "$code" -ne 0 ]; then
        printf '\n' >&2
        excerpt "$log" | sed 's/^/    /' >&2
        printf '    (%s: %s)\n' "$(pick 'all of it' 'повністю')" "$log" >&2
    fi
    return "$code"
}

fingerprint() { cat -- "$@" | sha256sum | cut -c1-32; }

# ---------------------------------------------------------------- 1: system packages

have() { command -v "$1" >/dev/null 2>&1; }

# A CPython 3.11 or 3.12 that can make virtual environments; the system's own is preferred.
find_python() {
    local candidate
    for candidate in "${PYTHON:-/usr/bin/python3}" /usr/bin/python3 python3.12 python3.11 python3; do
        if "$candidate" -c 'import sys, venv, ensurepip
ok = sys.implementation.name == "cpython" and (3, 11) <= sys.version_info[:2] <= (3, 12)
sys.exit(not ok)' >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# Major versions from 15 of the PostgreSQL servers on the machine; with "postgis": only those that have it.
servers() {
    local initdb major
    for initdb in /usr/lib/postgresql/*/bin/initdb; do
        major="${initdb#/usr/lib/postgresql/}"
        major="${major%%/*}"
        if [ -x "$initdb" ] && [ "${major%%.*}" -ge 15 ]; then
            if [ "${1:-}" != postgis ] || [ -e "/usr/share/postgresql/$major/extension/postgis.control" ]; then
                printf '%s\n' "$major"
            fi
        fi
    done
}

find_chromium() {
    local name
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$name" ] && have "$name"; then command -v "$name"; return 0; fi
    done
    return 1
}

has_chromium() { find_chromium >/dev/null || [ -x "$(cat "$var/chromium" 2>/dev/null)" ]; }

wants_postgresql() { [ -z "$(servers postgis)" ] && { [ "$profile" = test ] || [ -z "${DATABASE_URL:-}" ]; }; }
# (No grep -q in pipes here: it would end the writer by SIGPIPE, and pipefail makes that a failure.)
offered() { apt-cache policy "$1" 2>/dev/null | grep -E 'Candidate: [^(]' >/dev/null; }

# Package names missing on this machine, one a line. Exact where the package lists are there; with "guess"
# it also names what an old or empty list does not offer.
missing_packages() {
    local major chosen=""
    if wants_postgresql; then
        for major in $(servers) 17 16 15; do
            if offered "postgresql-$major-postgis-3"; then chosen="$major"; break; fi
        done
        printf '%s\n' "postgresql-${chosen:-15}" "postgresql-${chosen:-15}-postgis-3"
    fi
    have ogrinfo || printf 'gdal-bin\n'
    have msgfmt || printf 'gettext\n'
    find_python >/dev/null || printf 'python3-venv\n'
    /sbin/ldconfig -p | grep 'libatomic\.so\.1' >/dev/null || printf 'libatomic1\n'  # Node's
    [ -e /usr/share/fonts/truetype/noto/NotoSans-Regular.ttf ] || printf 'fonts-noto-core\n'
    if [ "$profile" = test ] && ! has_chromium; then
        if offered chromium || [ "${1:-}" = guess ]; then printf 'chromium\n'; fi
    fi
    if [ "$profile" = test ] && ! have strace; then
        if offered strace || [ "${1:-}" = guess ]; then printf 'strace\n'; fi
    fi
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 "$@"
}

# Debian's package makes and starts a server "main" on port 5432; we need none, so for the time of the
# installation the machine is told not to. Whatever was there before is left as it was.
hold_servers_back() {
    as_root mkdir -p "$(dirname "$no_main_cluster")"
    printf '# %s\ncreate_main_cluster = false\n' "$our_mark" | as_root tee "$no_main_cluster" >/dev/null
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\n# %s\nexit 101\n' "$our_mark" | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
}
release_servers() {
    local file
    for file in "$policy" "$no_main_cluster"; do
        if grep -qs "$our_mark" "$file"; then as_root rm -f "$file"; fi
    done
    if [ -d "$(dirname "$no_main_cluster")" ]; then
        as_root rmdir --ignore-fail-on-non-empty "$(dirname "$no_main_cluster")"
    fi
}

install_packages() {
    if ! have apt-get; then
        stop_with "this is not Debian or Ubuntu; install the equivalents of these packages and start again: $*" \
            "це не Debian і не Ubuntu; встановіть відповідники цих пакунків і запустіть знову: $*"
    fi
    if [ "$(id -u)" -ne 0 ] && ! have sudo; then
        stop_with "run this as root, then start again: apt-get update && apt-get install -y --no-install-recommends $*" \
            "виконайте від root і запустіть знову: apt-get update && apt-get install -y --no-install-recommends $*"
    fi
    note "installing: $* (a few minutes)" "встановлюємо: $* (кілька хвилин)"
    trap release_servers EXIT
    case " $*" in *" postgresql-"*) hold_servers_back ;; esac
    logged apt apt install --no-install-recommends "$@" ||
        stop_with "apt-get could not install the packages. Check the network and the package sources (Ubuntu: universe), then start again." \
            "apt-get не встановив пакунки. Перевірте мережу та джерела пакунків (в Ubuntu: universe) і запустіть знову."
    release_servers
    trap - EXIT
}

system_packages() {
    step 1 "System packages" "Системні пакунки"
    local -a packages
    if grep -qs "$our_mark" "$policy" "$no_main_cluster"; then release_servers; fi  # an installation was cut off
    mapfile -t packages < <(missing_packages guess)
    if [ "${#packages[@]}" -gt 0 ]; then
        if have apt-get && { [ "$(id -u)" -eq 0 ] || have sudo; }; then
            logged apt-update apt update ||
                note "the package lists could not be refreshed; trying with the old ones" \
                    "списки пакунків не оновлено; пробуємо зі старими"
        fi
        mapfile -t packages < <(missing_packages)
        if [ "${#packages[@]}" -gt 0 ]; then install_packages "${packages[@]}"; fi
    fi
    find_python >/dev/null ||
        stop_with "CPython 3.11 or 3.12 with the module venv is needed. Install one and name it: PYTHON=/path/to/python3.12 make $profile" \
            "потрібен CPython 3.11 або 3.12 з модулем venv. Встановіть його і вкажіть: PYTHON=/шлях/до/python3.12 make $profile"
    done_in
}

# ---------------------------------------------------------------- 2: Python

python_works() { .venv/bin/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; }

python_environment() {
    step 2 "Python environment (.venv)" "Середовище Python (.venv)"
    local wanted have_now complete
    complete="dev $(fingerprint requirements/dev.txt)"
    if [ "$profile" = test ]; then wanted="$complete"; else wanted="run $(fingerprint requirements/runtime.txt requirements/build.txt)"; fi
    have_now="$(cat .venv/.requirements 2>/dev/null || true)"
    if python_works && { [ "$have_now" = "$wanted" ] || [ "$have_now" = "$complete" ]; }; then return 0; fi
    if ! python_works; then
        if [ -e .venv ] && [ ! -e .venv/pyvenv.cfg ]; then
            stop_with ".venv is there but is no virtual environment. Move it away and start again." \
                ".venv існує, але не є віртуальним середовищем. Приберіть його і запустіть знову."
        fi
        rm -rf .venv
        logged venv "$(find_python)" -m venv .venv ||
            stop_with "the virtual environment could not be made; the reason stands above." \
                "віртуальне середовище не створено; причина вище."
    fi
    local -a files=(-r requirements/runtime.txt -r requirements/build.txt)
    if [ "$profile" = test ]; then files=(-r requirements/dev.txt); fi
    note "installing the pinned packages (about a minute)" "встановлюємо закріплені пакунки (близько хвилини)"
    logged pip .venv/bin/python -m pip install --disable-pip-version-check --no-input \
        --require-hashes --only-binary :all: --no-deps "${files[@]}" ||
        stop_with "pip could not install the Python packages. Check the network (a mirror is set with PIP_INDEX_URL) and start again." \
            "pip не встановив пакунки Python. Перевірте мережу (дзеркало вказує PIP_INDEX_URL) і запустіть знову."
    printf '%s\n' "$wanted" > .venv/.requirements
    done_in
}

playwright_chromium() {
    .venv/bin/python - <<'PYTHON'
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    path = pathlib.Path(playwright.chromium.executable_path)
print(path)
sys.exit(not path.exists())
PYTHON
}

# Leaves the path of the Chromium that the tests drive in var/chromium.
browser_for_tests() {
    if [ "$profile" != test ]; then return 0; fi
    if find_chromium > "$var/chromium" || playwright_chromium > "$var/chromium" 2>/dev/null; then return 0; fi
    note "no Chromium among the system's packages: Playwright fetches its own" \
        "серед пакунків системи немає Chromium: Playwright завантажує власний"
    if ! logged chromium .venv/bin/playwright install --with-deps chromium || ! playwright_chromium > "$var/chromium"; then
        stop_with "no Chromium for the browser tests. Install one and name it: CHROMIUM=/path/to/chromium make test" \
            "немає Chromium для тестів у браузері. Встановіть його і вкажіть: CHROMIUM=/шлях/до/chromium make test"
    fi
}

# ---------------------------------------------------------------- 3 and 4: browser code

npm_in_frontend() { (cd frontend && npm "$@"); }

browser_packages() {
    step 3 "Packages of the browser code (Node $(.venv/bin/node --version))" \
        "Пакунки коду для браузера (Node $(.venv/bin/node --version))"
    local stamp=frontend/node_modules/.hromada wanted
    wanted="$(fingerprint frontend/package.json frontend/package-lock.json requirements/build.txt)"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then return 0; fi
    logged npm npm_in_frontend ci --ignore-scripts --no-audit --no-fund ||
        stop_with "npm could not install the packages; the reason stands above. Where it is the network, check it (a mirror is set with npm_config_registry) and start again." \
            "npm не встановив пакунки; причина вище. Якщо це мережа, перевірте її (дзеркало вказує npm_config_registry) і запустіть знову."
    printf '%s\n' "$wanted" > "$stamp"
    done_in
}

build_inputs() {
    find frontend \( -name node_modules -o -name __pycache__ -o -path frontend/static -o -path frontend/templates \
        -o -path frontend/locale \) -prune -o -type f ! -name '*.py' -print0 | sort -z
}

browser_code() {
    step 4 "Browser code" "Код для браузера"
    local stamp="$var/browser-code" wanted
    wanted="$(build_inputs | xargs -0 sha256sum | sha256sum | cut -c1-32)"
    if [ -d frontend/static/frontend ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then return 0; fi
    logged build npm_in_frontend run build ||
        stop_with "the browser code could not be built; the reason stands above." \
            "код для браузера не зібрано; причина вище."
    printf '%s\n' "$wanted" > "$stamp"
    done_in
}

# ---------------------------------------------------------------- 5: translations

translations() {
    step 5 "Translations" "Переклади"
    local po mo
    for po in */locale/*/LC_MESSAGES/*.po; do
        mo="${po%.po}.mo"
        if [ ! -e "$po" ] || [ "$mo" -nt "$po" ]; then continue; fi
        logged translations msgfmt --check-format --check-header --output-file="$mo" "$po" ||
            stop_with "$po cannot be compiled; the lines to correct stand above." \
                "$po не компілюється; рядки, які треба виправити, вище."
    done
}

main() {
    mkdir -p "$logs" "$var/static"
    exec 9>"$var/setup.lock"
    flock 9  # two at once in one directory take turns
    system_packages
    python_environment
    browser_for_tests
    PATH="$PWD/.venv/bin:$PATH"  # our Node, whatever the machine has
    browser_packages
    browser_code
    translations
}

main
