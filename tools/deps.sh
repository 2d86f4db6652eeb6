#!/usr/bin/env bash
# deps.sh: fetches the pinned npm packages (DuckDB's header and library, a Node for the console) into build/deps.
# They are checked against the integrity hashes of tools/deps/package-lock.json; no install script runs.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/build/deps
stamp=$out/.installed
want=$(sha256sum "$root/tools/deps/package-lock.json" | cut -d' ' -f1)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && exit 0
mkdir -p "$out"
cp "$root/tools/deps/package.json" "$root/tools/deps/package-lock.json" "$out/"
(cd "$out" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
printf '%s\n' "$want" > "$stamp"
