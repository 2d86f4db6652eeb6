#!/usr/bin/env python3
"""Writes seeds for tests/fuzz/fuzz_formats.cpp: the here-documents of tests/golden/formats, after their format's name.

usage: fuzz_seeds.py ROOT OUT
"""
import hashlib
import pathlib
import re
import sys

COMMAND = re.compile(r"^\$ .*tocsin read (?P<format>[a-z0-9_-]+).*<<-?\s*'?(?P<end>\w+)'?")


def seeds(lines):
    lines = iter(lines)
    for line in lines:
        if found := COMMAND.match(line):
            body = []
            for inner in lines:
                if inner == found["end"]:
                    break
                body.append(inner)
            yield "\n".join([found["format"], *body]) + "\n"


def main():
    root, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    for file in sorted((root / "tests/golden/formats").glob("*.test")):
        for seed in seeds(file.read_text().splitlines()):
            (out / hashlib.sha256(seed.encode()).hexdigest()[:16]).write_text(seed)
            count += 1
    print(f"{count} seeds in {out}")


main()
