#!/usr/bin/env bash
# fuzz.sh: builds the fuzz targets and runs each. usage: tools/fuzz.sh [SECONDS [TARGET...]]
# Without SECONDS the same inputs on every machine (a fixed seed and number of runs): what CI does, a minute a target.
# With SECONDS a search from a random seed for that long, e.g. tools/fuzz.sh 600 fuzz_formats.
# build/fuzz/corpus/TARGET keeps what reached new code; an input that failed lies in build/fuzz/crashes. Exit: 0, or 1
# when one failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
seconds=${1:-}
[ $# -gt 0 ] && shift

# Runs of one target that take about half a minute.
runs_of() {
  case $1 in
    fuzz_formats) echo 15000 ;;
    fuzz_collectors) echo 2000000 ;;
    *) echo 500000 ;;
  esac
}

tools/build.sh fuzz fuzzers || exit 1
mapfile -t targets < <(find build/fuzz/tests/fuzz -type f -name 'fuzz_*' -perm -u+x -printf '%f\n' | sort)
if [ ${#targets[@]} = 0 ]; then echo "fuzz: no targets"; exit 1; fi
if [ $# -gt 0 ]; then targets=("$@"); fi
# libFuzzer's tables are indexed by code addresses: with the same addresses the same inputs come again.
fixed=()
setarch --addr-no-randomize true 2> /dev/null && fixed=(setarch --addr-no-randomize)
good=0 bad=0
mkdir -p build/fuzz/crashes
for name in "${targets[@]}"; do
  if [ -n "$seconds" ]; then
    corpus=build/fuzz/corpus/$name
    bounds=(-max_total_time="$seconds")
  else
    corpus=build/fuzz/fixed/$name
    rm -rf "$corpus"
    bounds=(-seed=20261123 -runs="$(runs_of "$name")")
  fi
  mkdir -p "$corpus"
  if [ "$name" = fuzz_formats ]; then /usr/bin/python3 tools/fuzz_seeds.py . "$corpus"; fi
  if "${fixed[@]}" "build/fuzz/tests/fuzz/$name" "${bounds[@]}" -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
      -artifact_prefix=build/fuzz/crashes/"$name"- "$corpus" > "build/fuzz/$name.log" 2>&1; then
    good=$((good + 1))
    printf '%s: %s runs\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log")"
  else
    bad=$((bad + 1))
    tail -n 40 "build/fuzz/$name.log"
  fi
done
echo "fuzz: $good passed, $bad failed"
[ "$bad" = 0 ]
