#!/usr/bin/env bash
# setup.sh: installs what is missing of the named groups of tools/packages.txt, then the npm packages of tools/deps.
# Asks the network for nothing when everything is there. usage: tools/setup.sh GROUP...
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

packages_missing() {
  local wanted present
  wanted=$(awk -v groups=" $* " '!/^#/ && NF == 2 && index(groups, " " $1 " ") {print $2}' \
    "$root/tools/packages.txt" | sort -u)
  present=$(echo "$wanted" | xargs -r dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2> /dev/null |
    awk '$1 == "installed" {print $2}' | sort -u) || true
  comm -23 <(echo "$wanted") <(echo "$present")
  # Any npm will do to fetch the pinned packages; Debian's brings some 350 packages, so only where there is none.
  command -v npm > /dev/null || echo npm
}

install_packages() {
  if [ "$(id -u)" != 0 ] && ! command -v sudo > /dev/null; then
    say "setup: packages are missing, and this is neither root nor is there sudo. As root:"
    say "  apt-get install --no-install-recommends $*"
    exit 1
  fi
  say "setup: installing $# packages: $*"
  local log=$root/build/setup.log
  mkdir -p "$root/build"
  {
    as_root apt-get -qq -o DPkg::Lock::Timeout=300 update &&
      as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 install --no-install-recommends "$@"
  } > "$log" 2>&1 < /dev/null || {
    tail -n 20 "$log" >&2
    say "setup: that failed; the whole of it is in $log"
    exit 1
  }
}

if ! command -v dpkg-query > /dev/null; then
  say "setup: no dpkg here. Tocsin is built on Debian 12; tools/packages.txt lists what it needs."
  exit 1
fi
mapfile -t missing < <(packages_missing "$@")
if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi
"$root/tools/deps.sh"
