#!/usr/bin/env bash
# Installs the system libraries that pip cannot install: with apt-get as root, otherwise prints the exact command.
# usage: tools/system_packages.sh view|test
set -euo pipefail

# Mesa's EGL and GLX drivers, and the X libraries that GLFW opens at run time.
view=(libegl1 libegl-mesa0 libgl1 libgl1-mesa-dri libglx-mesa0
      libx11-6 libxcursor1 libxi6 libxinerama1 libxkbcommon0 libxrandr2)
# Libraries of Qt for X.
qt=(libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0 libxkbcommon-x11-0)
# A virtual display, its keyboard and mouse input, a compositor of Wayland, a reader of the written metadata,
# a compiler of CUDA text as C++, and a browser.
test=("${view[@]}" "${qt[@]}" xvfb xdotool weston libimage-exiftool-perl g++ chromium)

case "${1:-}" in
    view) wanted=("${view[@]}") ;;
    test) wanted=("${test[@]}") ;;
    *) echo "usage: $0 view|test" >&2; exit 2 ;;
esac

[ "$(uname -s)" = Linux ] || exit 0
if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    if ! ldconfig -p 2>/dev/null | grep -q 'libEGL\.so'; then
        echo "system: no libEGL found; install your distribution's Mesa packages (EGL, GLX, DRI drivers) with its package manager"
    fi
    exit 0
fi

missing=()
for package in "${wanted[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null || true)
    grep -qx installed <<<"$status" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "system: ${#missing[@]} packages are missing; the tests and commands that need them are skipped until you run"
    echo "    sudo apt-get install --no-install-recommends -y ${missing[*]}"
    exit 0
fi
echo "system: apt-get install ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install --no-install-recommends -y -qq "${missing[@]}" >/dev/null; }
# The package lists of a new machine are empty or old: refresh them only if the first attempt fails.
install 2>/dev/null || { apt-get update -qq && install; } ||
    echo "system: apt-get failed (see above); the tests and commands that need these packages are skipped"
