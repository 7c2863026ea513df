#!/usr/bin/env bash
# Installs what grading needs into .venv beside this file and builds the texts. When all of that is there already, it
# does nothing. Gradescope runs it once as root, when the autograder's image is built; run_autograder runs it as well.
#
#   PYTHON=python3.12   use this Python (3.10 to 3.13) instead of the first suitable one
#   AUTOGRADER_DEV=1    on Gradescope too, install what the grader's own tests need; elsewhere that is the default
#   --quiet             say nothing unless there is something to do
set -euo pipefail
umask 022 # submissions run as another user, who has to read the libraries
unset PYTHONPATH PYTHONHOME

ROOT=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
VENV=$ROOT/.venv
STAMP=$VENV/.installed
PLATFORM=${AUTOGRADER_PLATFORM:-/autograder}
QUIET=no
[ "${1:-}" != --quiet ] || QUIET=yes

REQUIREMENTS=requirements.txt
if [ ! -d "$PLATFORM/source" ] || [ -n "${AUTOGRADER_DEV:-}" ]; then REQUIREMENTS=requirements-dev.txt; fi
PIP_FLAGS=(--disable-pip-version-check --no-input --quiet)
# pip reads a wheel that it caches into memory as a whole, and the platform's machines are small.
[ ! -d "$PLATFORM/source" ] || PIP_FLAGS+=(--no-cache-dir)

say() { printf 'setup: %s\n' "$*"; }
die() {
    printf 'setup: error: %s\n' "$*" >&2
    exit 1
}
is_root() { [ "$(id -u)" -eq 0 ]; }

suitable_version() { "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

# A Python inside root's private home cannot be used by the unprivileged user that submissions run as.
open_to_all() {
    "$1" - <<'PYTHON'
import os, pathlib, sys
ends = {os.path.realpath(sys.executable), os.path.realpath(os.__file__)}
parents = {parent for end in ends for parent in pathlib.Path(end).parents}
sys.exit(not all(parent.stat().st_mode & 0o001 for parent in parents))
PYTHON
}

find_python() {
    local candidate candidates=(python3 python3.13 python3.12 python3.11 python3.10) second_best=
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON"
        return
    fi
    ! is_root || candidates=(/usr/bin/python3 /usr/local/bin/python3 "${candidates[@]}")
    for candidate in "${candidates[@]}"; do
        suitable_version "$candidate" || continue
        if ! is_root || open_to_all "$candidate"; then
            command -v "$candidate"
            return
        fi
        [ -n "$second_best" ] || second_best=$(command -v "$candidate")
    done
    [ -n "$second_best" ] && printf '%s\n' "$second_best"
}

apt_install() {
    is_root && command -v apt-get >/dev/null || return 1
    say "installing $* with apt-get"
    # The package lists of an image are often missing or old.
    apt-get update -qq >/dev/null 2>&1 || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

# Never replaces the system's python3, which the platform's own programs run on: another version goes beside it.
install_python() {
    local version
    if ! command -v python3 >/dev/null && apt_install python3 python3-venv ca-certificates; then return; fi
    for version in 3.12 3.11 3.13 3.10; do
        if apt_install "python$version" "python$version-venv"; then return; fi
    done
    return 1
}

version_of() { "$1" -c 'import sys; print(sys.version_info[:2], sys.base_prefix)' 2>/dev/null; }

venv_is_asked_for() { [ -z "${PYTHON:-}" ] || [ "$(version_of "$VENV/bin/python")" = "$(version_of "$PYTHON")" ]; }

venv_works() {
    suitable_version "$VENV/bin/python" && "$VENV/bin/python" -c 'import pip' 2>/dev/null && venv_is_asked_for || return 1
    [ -n "${PYTHON:-}" ] || ! is_root || open_to_all "$VENV/bin/python"
}

make_venv() {
    local python version
    python=$(find_python) || { install_python && python=$(find_python); } ||
        die "no Python 3.10 to 3.13 here: install one, or name it: PYTHON=/path/to/python3 bash setup.sh"
    if is_root && ! open_to_all "$python"; then
        say "warning: submissions run as another user, who cannot enter $python's folder; late imports may fail"
    fi
    say "making .venv with $python"
    rm -rf "$VENV"
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if has_ensurepip "$python" || { apt_install "python$version-venv" && has_ensurepip "$python"; }; then
        "$python" -m venv "$VENV"
    elif "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m venv --without-pip "$VENV"
        "$python" -m pip install "${PIP_FLAGS[@]}" pip \
            --target "$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
    else
        die "$python can make no virtual environment: run 'sudo apt-get install python$version-venv' and try again"
    fi
}

has_ensurepip() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

pip_install() { "$VENV/bin/python" -m pip install "${PIP_FLAGS[@]}" --constraint "$ROOT/constraints.txt" "$@"; }

torch_is_installed() {
    "$VENV/bin/python" - "$1" 2>/dev/null <<'PYTHON'
import importlib.metadata, sys
sys.exit(importlib.metadata.version("torch").partition("+")[0] != sys.argv[1])
PYTHON
}

has_nvidia_gpu() { [ -e /proc/driver/nvidia/version ] || nvidia-smi -L >/dev/null 2>&1; }

# Linux's default build of torch brings gigabytes for a GPU. uv knows where the CPU build lies. Asking for the version
# with "+cpu" keeps it from taking another build anywhere.
fetch_cpu_torch() {
    local tools done=0
    tools=$(mktemp -d)
    pip_install --target "$tools" uv &&
        UV_NO_CONFIG=1 UV_HTTP_TIMEOUT=60 UV_HTTP_RETRIES=2 timeout 900 "$tools/bin/uv" --quiet pip install \
            --python "$VENV/bin/python" --no-cache --no-deps --torch-backend=cpu "torch==$1+cpu" || done=$?
    rm -rf "$tools"
    return "$done"
}

# Leaves torch to the ordinary installation when nothing better can be had.
prefer_small_torch() {
    local version
    version=$(sed -n 's/^torch==//p' "$ROOT/constraints.txt")
    if torch_is_installed "$version"; then return; fi
    # A folder of wheels that pip is set up with beats any download.
    if pip_install --no-index --no-deps "torch==$version" 2>/dev/null; then return; fi
    if [ "$(uname -s)" != Linux ] || has_nvidia_gpu; then return; fi
    say "fetching the CPU build of torch $version"
    fetch_cpu_torch "$version" || say "the CPU build cannot be had here; taking pip's default build"
}

fingerprint() { printf '%s ' "$1" && (cd "$ROOT" && cat requirements.txt "$1" constraints.txt) | cksum; }

is_installed() {
    grep -qxF "$(fingerprint "$REQUIREMENTS")" "$STAMP" 2>/dev/null && "$VENV/bin/python" -c '' 2>/dev/null &&
        venv_is_asked_for
}

install() {
    local file
    venv_works || make_venv
    say "installing $REQUIREMENTS (a few minutes the first time)"
    prefer_small_torch
    pip_install --requirement "$ROOT/$REQUIREMENTS"
    # What the tests need includes what grading needs.
    for file in requirements.txt "$REQUIREMENTS"; do fingerprint "$file"; done >"$STAMP.new"
    mv "$STAMP.new" "$STAMP"
}

[ -z "${PYTHON:-}" ] || suitable_version "$PYTHON" || die "PYTHON=$PYTHON is not a Python 3.10 to 3.13"
if is_installed; then
    [ "$QUIET" = yes ] || say "everything is installed already"
else
    QUIET=no
    install
fi
# Isolated (-I), so that nothing in the caller's folder can stand in for a module of ours.
BUILD='import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module("autograder", run_name="__main__")'
summary=$("$VENV/bin/python" -I -c "$BUILD" "$ROOT" corpus) || die "the texts could not be built"
[ "$QUIET" = yes ] || say "$summary"
