#!/usr/bin/env bash
# fresh_machine.sh: makes a minimal Debian 12 in a folder and runs the README's commands in it, so that a missing
# install step shows. Needs root and debootstrap (group `package` of tools/packages.txt).
#
# usage: tools/fresh_machine.sh [--test] [--run] [--sudo] [--deb FILE] [--keep] [FOLDER]
#   --test, --run   ./test, or ./run until it answers; both when neither is given nor --deb
#   --sudo          as an ordinary user who has sudo, instead of as root
#   --deb FILE      installs a package in a second such machine, checks what it put where, and runs `tocsin version`
#   --keep          leaves the machine in FOLDER (a temporary folder otherwise)
#
# What is committed is taken, not the work tree. The mirror is the machine's own: read from apt's sources. npm's
# settings are the machine's own too, seen while it runs and never copied. Packages and npm's files are kept in
# ${XDG_CACHE_HOME:-~/.cache}/tocsin-fresh, so the second time is quicker; as root the machine's ccache is shared.
# Mounts are made in a namespace of their own and go with it, whatever happens.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tocsin-fresh
run_max_s=3600

say() { printf 'fresh: %s\n' "$*" >&2; }

# --- inside the namespace -------------------------------------------------------------------------------------------

# Lets the machine in folder $1 use this one's devices, names, caches and npm settings.
mounts() {
  local machine=$1 file
  mount -t proc proc "$machine/proc"
  mount -t sysfs -o ro sysfs "$machine/sys"
  mount --rbind /dev "$machine/dev"
  mount -t tmpfs tmpfs "$machine/tmp"
  mkdir -p "$machine/var/cache/apt/archives" "$machine/cache/npm" "$machine/cache/ccache" "$machine/cache/etc"
  mount --bind "$cache/apt" "$machine/var/cache/apt/archives"
  mount --bind "$cache/npm" "$machine/cache/npm"
  mount --bind "$(objects)" "$machine/cache/ccache"
  for file in /etc/resolv.conf /etc/hosts; do show "$file" "$machine$file"; done
  show "$(npm config get userconfig 2> /dev/null)" "$machine/cache/etc/npmrc"
  file=$(npm config get cafile 2> /dev/null || true)
  show "${NODE_EXTRA_CA_CERTS:-$file}" "$machine/cache/etc/ca.crt"  # a network with a certificate authority of its own
}

# The folder with compiled objects: this machine's own, but never for the user with sudo, who would own them.
objects() {
  if [ "$FRESH_SUDO" = yes ]; then echo "$cache/ccache"; else ccache --get-config cache_dir 2> /dev/null || echo "$cache/ccache"; fi
}

# Makes this machine's file $1 readable as $2, if there is one.
show() {
  if [ -f "$1" ]; then touch "$2"; mount --bind -o ro "$1" "$2"; fi
}

# enter MACHINE COMMAND...: runs it there with a clean environment, as root or as the user with sudo.
enter() {
  local machine=$1 pass=() name
  shift
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY CMAKE_BUILD_PARALLEL_LEVEL \
      $(compgen -e | grep -i '^npm_config_' || true); do
    if [ -n "${!name:-}" ]; then pass+=("$name=${!name}"); fi
  done
  if [ -f "$machine/cache/etc/ca.crt" ]; then
    pass+=(NODE_EXTRA_CA_CERTS=/cache/etc/ca.crt npm_config_cafile=/cache/etc/ca.crt)
  fi
  local account=root home=/root as=()
  if [ "${FRESH_SUDO:-}" = yes ]; then account=person home=/home/person as=(setpriv --reuid person --regid person --init-groups); fi
  chroot "$machine" "${as[@]}" env -i "${pass[@]}" HOME=$home USER=$account LOGNAME=$account LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin CCACHE_DIR=/cache/ccache \
    npm_config_cache=/cache/npm npm_config_userconfig=/cache/etc/npmrc "$@"
}

# ./run in machine $1 until its address answers /healthz; then ends it by its process id.
run_until_healthy() {
  local machine=$1 out=$1/cache/run.log pid url='' from=$SECONDS status=0
  enter "$machine" bash -c 'cd ~/tocsin && echo $$ > ~/run.pid && exec ./run' > "$out" 2>&1 < /dev/null &
  pid=$!
  while [ -z "$url" ]; do
    if ! kill -0 $pid 2> /dev/null; then tail -n 40 "$out"; say "./run ended by itself"; return 1; fi
    if [ $((SECONDS - from)) -gt $run_max_s ]; then tail -n 40 "$out"; say "./run showed no address"; return 1; fi
    url=$(grep -oE 'https?://[^ ]*[?&]code=[^ ]*' "$out" | head -n 1) || true
    sleep 0.5
  done
  tail -n 5 "$out" | sed 's/code=[^ ]*/code=…/'
  enter "$machine" python3 -c '
import sys, urllib.parse, urllib.request
url = urllib.parse.urlsplit(sys.argv[1])
for path in "/healthz", "/", "/signin?" + url.query:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(f"{url.scheme}://{url.netloc}{path}", timeout=20) as answer:
        print(path.split("?")[0], answer.status, len(answer.read()), "bytes")
' "$url" || status=1
  kill -TERM "$(cat "$machine"/root/run.pid "$machine"/home/person/run.pid 2> /dev/null | head -n 1)"
  wait $pid || { say "./run ended with $?"; status=1; }
  return $status
}

# Installs the package $2 in machine $1 and looks at the result.
try_package() {
  local machine=$1 package=$2 status=0
  cp "$package" "$machine/var/tmp/tocsin.deb"
  enter "$machine" bash -euc '
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends install /var/tmp/tocsin.deb > /var/tmp/apt.log 2>&1 ||
      { cat /var/tmp/apt.log; exit 1; }
    tocsin version
    for name in npm node g++ gcc cmake; do
      if command -v $name > /dev/null; then echo "the package brought $name"; exit 1; fi
    done
    if ldd /usr/bin/tocsin | grep "not found"; then exit 1; fi
    ldd /usr/bin/tocsin | grep libduckdb
    stat -c "%A %U:%G %n" /etc/tocsin /etc/tocsin/tocsin.toml /var/lib/tocsin /usr/lib/tocsin/libduckdb.so
    dpkg-query -W -f="\${Conffiles}\n" tocsin
    setpriv --reuid tocsin --regid tocsin --clear-groups tocsin config check /etc/tocsin/tocsin.toml
    printf "192.0.2.7\n" | setpriv --reuid tocsin --regid tocsin --clear-groups tocsin read ip_list
    dpkg --verify tocsin
    apt-get -qq -y -o Dpkg::Use-Pty=0 remove tocsin > /dev/null
    test ! -e /usr/bin/tocsin
    test -e /etc/tocsin/tocsin.toml
    apt-get -qq -y -o Dpkg::Use-Pty=0 purge tocsin > /dev/null
    test ! -e /etc/tocsin
  ' || status=1
  return $status
}

# --- outside ----------------------------------------------------------------------------------------------------------

# The lines of apt's sources that are Debian 12's own, one `deb ...` a line.
sources() {
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $3 ~ /^bookworm/ {print "deb", $2, $3, $4}' | sort -u
}

# make_machine FOLDER [PACKAGES]: debootstrap's smallest system, with this machine's mirror and apt settings.
make_machine() {
  local machine=$1 mirror
  mirror=$(sources | awk '$3 == "bookworm" && $4 == "main" {print $2; exit}')
  if [ -z "$mirror" ]; then say "apt's sources name no Debian 12 (bookworm); run apt-get update first"; exit 1; fi
  mkdir -p "$cache/debootstrap" "$cache/apt/partial" "$cache/npm" "$cache/ccache" "$(objects)"
  say "debootstrap into $machine"
  debootstrap --variant=minbase ${2:+--include="$2"} --cache-dir="$cache/debootstrap" bookworm "$machine" "$mirror" \
    > "$machine.log" 2>&1 || { tail -n 20 "$machine.log"; exit 1; }
  sources > "$machine/etc/apt/sources.list"
  apt-config dump | grep -E '^Acquire::(http|https|Check|ForceIPv4)' > "$machine/etc/apt/apt.conf.d/90host" || true
  echo force-unsafe-io > "$machine/etc/dpkg/dpkg.cfg.d/fresh"  # a machine for an hour need not survive a power cut
  printf '#!/bin/sh\nexit 101\n' > "$machine/usr/sbin/policy-rc.d"  # nothing may be started here
  chmod +x "$machine/usr/sbin/policy-rc.d"
}

put_repository() {
  local machine=$1
  local home=$machine/root
  if [ "$sudo" = yes ]; then
    home=$machine/home/person
    chroot "$machine" useradd --create-home --shell /bin/bash person
    echo 'person ALL=(ALL) NOPASSWD: ALL' > "$machine/etc/sudoers.d/person"
  fi
  mkdir -p "$home/tocsin"
  git -C "$root" archive HEAD | tar -x -C "$home/tocsin"
  if [ "$sudo" = yes ]; then chroot "$machine" chown -R person: /home/person; fi
}

main() {
  local jobs=() package='' keep=no
  sudo=no folder=''  # global: the trap and put_repository read them
  while [ $# -gt 0 ]; do
    case $1 in
      --test | --run) jobs+=("${1#--}") ;;
      --sudo) sudo=yes ;;
      --deb) package=$(realpath "$2"); shift ;;
      --keep) keep=yes ;;
      -*) sed -n 's/^# \{0,1\}//; 5,10p' "$0"; exit 2 ;;
      *) folder=$1 ;;
    esac
    shift
  done
  if [ "$(id -u)" != 0 ]; then say "needs root"; exit 1; fi
  if ! command -v debootstrap > /dev/null; then say "needs debootstrap: apt-get install debootstrap"; exit 1; fi
  if [ ${#jobs[@]} = 0 ] && [ -z "$package" ]; then jobs=(test run); fi
  folder=${folder:-$(mktemp -d /var/tmp/tocsin-fresh.XXXXXX)}
  mkdir -p "$folder"
  if [ $keep = no ]; then trap 'rm -rf --one-file-system "$folder"' EXIT; fi

  export FRESH_SUDO=$sudo
  local status=0 inside=(unshare --mount --pid --fork --kill-child --propagation private "$0" --inside)
  if [ ${#jobs[@]} -gt 0 ]; then
    make_machine "$folder/build" "$([ $sudo = yes ] && echo sudo)"
    put_repository "$folder/build"
    "${inside[@]}" "$folder/build" "${jobs[@]}" || status=1
  fi
  if [ -n "$package" ]; then
    make_machine "$folder/package"
    FRESH_SUDO=no "${inside[@]}" "$folder/package" deb "$package" || status=1
  fi
  say "$([ $status = 0 ] && echo "everything worked" || echo "something failed")"
  return $status
}

inside() {
  local machine=$1 from job status=0
  shift
  mounts "$machine"
  if [ "$FRESH_SUDO" = yes ]; then chroot "$machine" chown -R person: /cache/npm /cache/ccache; fi
  while [ $# -gt 0 ]; do
    from=$SECONDS job=$1
    case $job in
      test) enter "$machine" bash -c 'cd ~/tocsin && ./test' < /dev/null || status=1 ;;
      run) run_until_healthy "$machine" || status=1 ;;
      deb) try_package "$machine" "$2" || status=1; shift ;;
    esac
    say "$job: $([ $status = 0 ] && echo "went well" || echo "failed"), $((SECONDS - from)) s"
    shift
  done
  return $status
}

if [ "${1:-}" = --inside ]; then shift; inside "$@"; else main "$@"; fi
