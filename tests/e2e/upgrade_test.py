#!/usr/bin/env python3
"""Homes of every earlier release open, are copied first, and can be killed at any moment of that.

usage: upgrade_test.py TOCSIN [--rounds N]
"""
import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

HOMES = pathlib.Path(__file__).resolve().parents[1] / "data" / "homes"
# What is asked of a home, and the members of the answers that every release has.
ASKED = (
    (("findings",), ("id", "subject", "type", "family", "identifier", "first", "last", "times", "state", "feeds", "tlp")),
    (("events",), ("id", "source", "classification", "time", "malware", "tlp")),
    (("reports", "list"), ("id", "feed", "name", "events", "rejected", "state", "received")),
    (("quarantine", "list"), ("id", "feed", "reason", "bytes")),
    (("token", "list"), ("id", "name", "role")),
    (("feeds", "list"), ("name", "events_total")),
)
STATS = ("stats", "country.type", "--since", "2026-01-01", "--until", "2027-01-01", "--json")


def unpack(packed, to):
    with tarfile.open(packed) as tar:
        tar.extractall(to)
    os.chmod(to, 0o700)


def call(tocsin, *arguments, check=True):
    done = subprocess.run([tocsin, *arguments], capture_output=True, text=True)
    if check and done.returncode != 0:
        sys.exit(f"{arguments}: exit {done.returncode}: {done.stderr}")
    return done


def state(tocsin, home):
    """What a reader sees of it."""
    lines = []
    for verb, members in ASKED:
        for line in call(tocsin, *verb, "--json", "--home", home).stdout.splitlines():
            row = json.loads(line)
            lines.append(f"{verb[0]} " + json.dumps({m: row[m] for m in members if m in row}, sort_keys=True))
    for row in json.loads(call(tocsin, *STATS, "--home", home).stdout)["rows"]:
        lines.append("stats " + json.dumps([row["key"], row["distinct"], row["events"]], sort_keys=True))
    return "\n".join(sorted(lines)) + "\n"


def wrong(what):
    sys.exit("upgrade_test: " + what)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tocsin")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--update", action="store_true", help="write what a release's home holds")
    args = parser.parse_args()
    chance = random.Random(20261122)
    homes = sorted(HOMES.glob("*.tar.gz"))
    if not homes:
        wrong("no home of an earlier release in tests/data/homes")
    for packed in homes:
        release = packed.name.removesuffix(".tar.gz")
        told = HOMES / f"{release}.txt"
        with tempfile.TemporaryDirectory() as folder:
            home = f"{folder}/home"
            unpack(packed, home)
            found = state(args.tocsin, home)
            if args.update:  # by the program of that release
                told.write_text(found)
                continue
            if found != told.read_text():
                wrong(f"the home of {release} reads differently:\n{found}")
            copies = sorted(p.name for p in pathlib.Path(home, "backups").iterdir())
            if len(copies) != 1 or not copies[0].startswith("before-"):
                wrong(f"no copy was made of the home of {release}: {copies}")
            # The copy is the home as it was: it opens as one of that release.
            again = f"{folder}/again"
            call(args.tocsin, "restore", f"{home}/backups/{copies[0]}", "--home", again)
            if state(args.tocsin, again) != found:
                wrong(f"the copy of the home of {release} is not what it was")

            killed = 0
            for number in range(args.rounds):
                half = f"{folder}/half{number}"
                unpack(packed, half)
                for _ in range(3):
                    process = subprocess.Popen([args.tocsin, "upgrade", "--home", half], stderr=subprocess.DEVNULL)
                    time.sleep(chance.uniform(0.0, 0.4))
                    if process.poll() is None:
                        process.send_signal(signal.SIGKILL)
                        killed += 1
                    process.wait()
                if state(args.tocsin, half) != found:
                    wrong(f"an upgrade of {release} that was killed did not go on")
                if list(pathlib.Path(half, "backups").glob("*.part")):
                    wrong("half a copy stayed")

            # Of the next release: refused by name, and nothing is touched.
            newer = f"{folder}/newer"
            unpack(packed, newer)
            pathlib.Path(newer, "version").write_text("9.9.0 journal 2 columns 2 findings 3\n")
            before = sorted((p, p.stat().st_mtime_ns) for p in pathlib.Path(newer).rglob("*") if p.is_file())
            refused = call(args.tocsin, "findings", "--home", newer, check=False)
            if refused.returncode == 0 or "9.9.0" not in refused.stderr:
                wrong(f"a home of a newer release: exit {refused.returncode}, {refused.stderr}")
            after = sorted((p, p.stat().st_mtime_ns) for p in pathlib.Path(newer).rglob("*") if p.is_file())
            if before != after:
                wrong("a home of a newer release was changed")
            without = f"{folder}/without"
            unpack(packed, without)
            call(args.tocsin, "upgrade", "--home", without, "--without-backup")
            if pathlib.Path(without, "backups").exists() or state(args.tocsin, without) != found:
                wrong("--without-backup")
            print(f"{release}: opens, copied first, {killed} upgrades killed and gone on, a newer one refused")


main()
