#!/usr/bin/env bash
# test_folder.sh: prints where tests put their files: in memory where there is room, since they wait for the disk
# thousands of times; else /tmp. usage: export TMPDIR=${TMPDIR:-$(tools/test_folder.sh)}
set -euo pipefail
room_mb=$(df --output=avail --block-size=1M /dev/shm 2> /dev/null | tail -n 1)
memory_mb=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo)
if [ -w /dev/shm ] && [ "${room_mb:-0}" -gt 4000 ] && [ "${memory_mb:-0}" -gt 8000 ]; then
  echo /dev/shm
else
  echo /tmp
fi
