#!/usr/bin/env bash
# lint.sh: clang-format and clang-tidy 19 over the files that differ from main, or over those named. Changes nothing.
# usage: tools/lint.sh [FILE...]   after a build of the dev preset
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh build test lint
if [ $# = 0 ]; then
  base=$(git merge-base HEAD main)
  mapfile -t files < <({ git diff --name-only --diff-filter=d "$base"; git ls-files --others --exclude-standard; } |
    grep -E '^(src|tests|bench)/.*\.(cpp|h)$' | sort -u || true)
  set -- "${files[@]}"
fi
if [ $# = 0 ]; then echo "lint: no file differs from main"; exit 0; fi
failed=0
clang-format-19 --dry-run --Werror "$@" || failed=1
# clang cannot read g++'s precompiled header: the flags without it go into a folder of their own.
mkdir -p build/lint
sed -E 's/ -Winvalid-pch| -include [^ ]*cmake_pch\.hxx//g' build/dev/compile_commands.json > build/lint/compile_commands.json
for file in "$@"; do
  case $file in
    *.cpp) nice clang-tidy-19 --quiet -p build/lint "$file" || failed=1 ;;
  esac
done
echo "lint: $# files, $([ $failed = 0 ] && echo "all well" || echo "see above")"
exit $failed
