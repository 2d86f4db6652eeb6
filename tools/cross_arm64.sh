#!/usr/bin/env bash
# cross_arm64.sh: builds for arm64 on another Debian 12 and runs the unit tests under qemu. usage: tools/cross_arm64.sh
# Needs root once, for the compiler; a sysroot of Debian's arm64 packages is kept in build/arm64.root (1 GB).
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD/build/arm64.root

if ! command -v aarch64-linux-gnu-g++ qemu-aarch64-static debootstrap > /dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends \
    g++-aarch64-linux-gnu qemu-user-static debootstrap > /dev/null
fi
mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
  awk '$1 == "Debian" && $3 == "bookworm" && $4 == "main" {print $2; exit}')
if [ ! -f "$root/.made" ]; then
  rm -rf "$root"
  mkdir -p build/arm64.cache
  packages=$(awk '$2 ~ /-dev$/ && $2 != "libbenchmark-dev" {print $2}' tools/packages.txt | paste -sd,)
  debootstrap --cache-dir="$PWD/build/arm64.cache" --foreign --arch=arm64 --variant=minbase --include="$packages,libstdc++-12-dev,libloc-database,publicsuffix,tzdata" \
    bookworm "$root" "$mirror" > build/arm64.root.log
  # Nothing is configured, so nothing runs: headers, libraries and data are all that a sysroot needs.
  for package in "$root"/var/cache/apt/archives/*.deb; do dpkg-deb -x "$package" "$root"; done
  # A link to / means the sysroot's.
  find "$root/usr/lib" -type l -lname '/*' -printf '%p %l\n' | while read -r link to; do ln -sfn "$root$to" "$link"; done
  touch "$root/.made"
fi
deps=$PWD/build/arm64.deps
if [ ! -d "$deps/node_modules" ]; then
  mkdir -p "$deps"
  cp tools/deps/package.json tools/deps/package-lock.json "$deps/"
  (cd "$deps" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --os=linux --cpu=arm64)
fi
cmake -G Ninja -B build/arm64 --toolchain cmake/arm64.cmake -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O2 -g1" \
  -DTOCSIN_BENCH=OFF -DTOCSIN_DEPS="$deps/node_modules" > build/arm64.configure.log
[ "${1:-}" = configure ] && exit 0
ninja -C build/arm64 tocsin unit_tests
file build/arm64/bin/tocsin
qemu-aarch64-static -L "$root" build/arm64/bin/tocsin version
qemu-aarch64-static -L "$root" build/arm64/unit_tests
