#!/usr/bin/env python3
"""faults.py: makes single faults in what decides and clears (src/policy), one at a time, and asks the policy's tests to find each.

usage: tools/faults.py [--count N] [--seed N] [--only FILE:LINE] [--jobs N]
Needs the dev build. A fault turns one comparison, negation, connective, constant, bound or statement round. Those that do not compile
are drawn again. Prints the faults that no test found, with their lines; exit: 0 when there is none. About ten seconds a fault.
"""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import random
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "dev"
FILES = ["clearance", "decision", "gate", "mention", "parts", "treated", "treatment"]
TEST_MAX_S = 240

# What is found, and what stands there instead.
SWAPS = [
    (r"(?<![=!<>])==(?!=)", "!="), (r"!=", "=="), (r"(?<= )<=(?= )", "<"), (r"(?<= )>=(?= )", ">"), (r"(?<= )<(?= )", "<="), (r"(?<= )>(?= )", ">="),
    (r"&&", "||"), (r"\|\|", "&&"), (r"!(?=[\w(])", ""), (r"\btrue\b", "false"), (r"\bfalse\b", "true"), (r"\bany_of\b", "all_of"), (r"\ball_of\b", "any_of"),
    (r"\bnone_of\b", "any_of"), (r"\bcontinue;", ";"), (r"\bstd::min\b", "std::max"), (r"\bstd::max\b", "std::min"), (r"(?<= )\+ 1\b", "+ 0"), (r"(?<= )- 1\b", "- 0"),
    (r"(?<= )\|=(?= )", "&="), (r"(?<= )&=(?= )", "|="), (r"(?<= )\?(?= )", "&& false ?"),
]
STATEMENT = re.compile(r"^\s+(?!return|case|break|using|static|const|auto|throw|else|if|for|std::\w+(<.*>)? \w+[;{(=]|\w+ \w+ ?[;=(])[\w\[\]*.>-]+.*[\w)]\)?;$")


def code_of(line):
    """The line with texts and comments blanked out, as long as it was."""
    line = re.sub(r'"(\\.|[^"\\])*"', lambda found: '"' + " " * (len(found[0]) - 2) + '"', line)
    return re.sub(r"//.*", lambda found: " " * len(found[0]), line)


def faults_of(path):
    """(file, line from 1, the line with the fault) for each fault that can be made."""
    depth, continued = 0, False
    for number, line in enumerate(path.read_text().split("\n"), 1):
        code = code_of(line)
        inside = depth > 0 and not code.startswith(("namespace", "struct", "class", "template", "#"))
        if inside:
            for pattern, instead in SWAPS:
                for found in re.finditer(pattern, code):
                    yield path, number, line[:found.start()] + instead + line[found.end():]
            if STATEMENT.match(code) and not continued:
                yield path, number, re.match(r"\s*", line)[0] + ";"
        if code.strip():
            continued = not code.rstrip().endswith((";", "{", "}", ":"))
        if not code.startswith(("namespace", "}  // namespace")):
            depth += code.count("{") - code.count("}")


class Bench:
    def __init__(self):
        self.commands = {command["file"]: shlex.split(command["command"]) for command in json.loads((BUILD / "compile_commands.json").read_text())}
        line = subprocess.run(["ninja", "-C", str(BUILD), "-t", "commands", "unit_tests"], check=True, capture_output=True, text=True).stdout.strip().split("\n")[-1]
        link = [word for word in shlex.split(line.split("&&")[1]) if not word.endswith(".cpp.o") or "/policy/" in word or "tests/main" in word]
        self.link, self.at = link, next(i for i, word in enumerate(link) if word.endswith("libcore.a"))

    def found(self, fault):
        """True: a test failed. False: all passed. None: it does not compile."""
        path, number, line = fault
        with tempfile.TemporaryDirectory() as folder:
            lines = path.read_text().split("\n")
            lines[number - 1] = line
            source, made, program = (f"{folder}/{name}" for name in ("fault.cpp", "fault.o", "unit"))
            pathlib.Path(source).write_text("\n".join(lines))
            command = [word for word in self.commands[str(path)] if not word.endswith("ccache")]
            command = command[:command.index("-o")] + ["-o", made, "-c", source, "-Wno-error", "-w", "-I", str(path.parent)]
            for option in ("-MF", "-MT"):
                if option in command:
                    del command[command.index(option):command.index(option) + 2]
            if subprocess.run([word for word in command if word != "-MD"], cwd=BUILD, capture_output=True).returncode != 0:
                return None
            link = [*self.link[:self.at], made, *self.link[self.at:], "-Wl,--allow-multiple-definition"]
            link[link.index("-o") + 1] = program
            subprocess.run(link, cwd=BUILD, check=True, capture_output=True)
            try:
                return subprocess.run([program, "--abort-after=1"], cwd=BUILD, capture_output=True, timeout=TEST_MAX_S).returncode != 0
            except subprocess.TimeoutExpired:
                return True


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", help="FILE:LINE, e.g. decision:120")
    options.add_argument("--jobs", type=int, default=2)
    options = options.parse_args()
    faults = [fault for name in FILES for fault in faults_of(ROOT / "src" / "policy" / f"{name}.cpp")]
    random.Random(options.seed).shuffle(faults)
    if options.only:
        name, line = options.only.split(":")
        faults = [fault for fault in faults if fault[0].stem == name and fault[1] == int(line)]
    bench, counts, missed = Bench(), collections.Counter(), []
    print(f"{len(faults)} faults can be made", flush=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        left = iter(faults)
        running = {}
        while True:
            while len(running) < options.jobs and counts["found"] + counts["missed"] + len(running) < options.count and (fault := next(left, None)):
                running[pool.submit(bench.found, fault)] = fault
            if not running:
                break
            for done in concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED).done:
                fault, found = running.pop(done), done.result()
                counts["found" if found else "missed" if found is False else "not compiled"] += 1
                if found is False:
                    missed.append(fault)
                    path, number, line = fault
                    print(f"missed: {path.name}:{number}: {line.strip()}", flush=True)
    print(f"{counts['found']} faults found by a test, {counts['missed']} missed; {counts['not compiled']} did not compile")
    return 1 if missed else 0


sys.exit(main())
