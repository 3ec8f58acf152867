#!/usr/bin/env bash
# Makes .venv with the newest Python 3.11+ found, unless it exists and works. PYTHON=/path/to/python selects another.
set -euo pipefail
venv=.venv
bin=$venv/bin
[ "${OS:-}" != Windows_NT ] || bin=$venv/Scripts

# A candidate must run (a pyenv shim may not), be new enough, and be able to make an environment with pip.
runs() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

if [ -x $bin/python ] && runs $bin/python && $bin/python -c 'import pip' 2>/dev/null; then
    exit 0
fi

find_python() { # the newest that can make an environment, else the newest that runs, else empty
    local candidate bare=""
    for candidate in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 /usr/bin/python3}; do
        runs "$candidate" || continue
        if has_venv "$candidate"; then echo "$candidate"; return; fi
        bare=${bare:-$candidate}
    done
    echo "$bare"
}

apt_install() {
    echo "python: apt-get install $*"
    export DEBIAN_FRONTEND=noninteractive
    local quiet="--no-install-recommends -y -qq"
    # shellcheck disable=SC2086
    apt-get install $quiet "$@" >/dev/null 2>&1 || { apt-get update -qq && apt-get install $quiet "$@" >/dev/null; }
}

python=$(find_python)
if [ -z "$python" ] || ! has_venv "$python"; then
    packages="python3 python3-venv"
    [ -z "$python" ] || packages=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
        # shellcheck disable=SC2086
        apt_install $packages
        python=$(find_python)
    fi
    if [ -z "$python" ] || ! has_venv "$python"; then
        [ -n "$python" ] && lacks="$python has no venv module" || lacks="no Python 3.11 or newer found"
        echo "python: $lacks; on Debian or Ubuntu run" >&2
        echo "    sudo apt-get install -y $packages" >&2
        echo "elsewhere install Python 3.11+ from python.org or your package manager, or name one: make PYTHON=/path/to/python3.11" >&2
        exit 1
    fi
fi

echo "python: $venv with $("$python" --version) ($(command -v "$python"))"
rm -rf $venv
"$python" -m venv $venv
