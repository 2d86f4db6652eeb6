#!/usr/bin/env bash
# build.sh: configures a CMake preset where that is due, and builds it. usage: tools/build.sh PRESET [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
if [ ! -f "build/$preset/build.ninja" ] || [ CMakePresets.json -nt "build/$preset/build.ninja" ]; then
  cmake --preset "$preset" > "build/$preset.configure.log" || { cat "build/$preset.configure.log"; exit 1; }
  grep -h '^-- console' "build/$preset.configure.log" || true
fi
# The build preset carries ccache's settings; CMAKE_BUILD_PARALLEL_LEVEL bounds the jobs.
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
if [ $# -gt 0 ]; then set -- --target "$@"; fi
cmake --build --preset "$preset" "$@"
