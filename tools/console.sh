#!/usr/bin/env bash
# console.sh: builds console/dist with the pinned Node, when the console's files changed since the last time; or runs
# a script of console/package.json with that Node. npm installs from the lock file with its integrity hashes and runs
# no install script. usage: tools/console.sh [SCRIPT [ARGUMENT...]]
set -euo pipefail
cd "$(dirname "$0")/../console" 2> /dev/null || exit 0
[ -f package.json ] || exit 0
deps=$PWD/../build/deps/node_modules
node=$(ls -d "$deps"/node-linux-*/bin/node)

# npm leaves out packages that want a newer Node than the one it runs on, and Debian's is 18: so it runs on the pinned
# one. Debian's npm finds its own modules in /usr/share/nodejs only where it is told.
npm_here() {
  local npm
  npm=$(readlink -f "$(command -v npm)")
  if head -n 1 "$npm" | grep -q 'node$'; then
    NODE_PATH=/usr/share/nodejs "$node" "$npm" "$@"
  else
    npm "$@"
  fi
}

lock=$(sha256sum package-lock.json | cut -d' ' -f1)
if [ "$(cat node_modules/.installed 2> /dev/null)" != "$lock" ]; then
  npm_here ci --ignore-scripts --no-audit --no-fund --loglevel=error
  echo "$lock" > node_modules/.installed
fi

export PATH
PATH=$(dirname "$node"):$PATH
if [ $# -gt 0 ]; then exec node --run "$1" -- "${@:2}"; fi

# Names and contents of everything that the build may read.
files=$(find . \( -name node_modules -o -name dist -o -path ./tests -o -path ./dev \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
if [ "$(cat dist/.built 2> /dev/null)" != "$files" ]; then
  node --run build
  echo "$files" > dist/.built
fi
