#!/usr/bin/env python3
"""What reaches a node and should not: each is told clearly, costs bounded memory, and the node goes on.

usage: bad_input_test.py TOCSIN [--rows N]
--rows: of the long report; 400,000 if not said, 4,000,000 for the full run.
"""
import argparse
import datetime
import gzip
import json
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import threading
import zipfile
import zlib

from node import Failed, Node, wanted

HEAD = "timestamp,protocol,src_ip,src_port,src_asn,src_geo,dst_ip,dst_port,infection,severity"
MEMORY_MAX_MB = 1000  # of the node's own memory, beside its findings, for any of these
FINDING_BYTES = 150   # each
NAME = "2026-03-01-event4_sinkhole"


def row(address="198.51.100.7", time="2026-03-01 10:00:00", port=1024):
    return f"{time},tcp,{address},{port},64496,BR,203.0.113.9,80,mirai,critical"


def sheet(*rows, head=HEAD, separator=","):
    return ("\n".join([head, *rows]) + "\n").replace(",", separator).encode()


def tomorrow(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S")


def zip_bomb(path, gib=5):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(NAME + ".csv", "w", force_zip64=True) as member:
            for _ in range(gib * 1024):  # of one byte
                member.write(bytes(1 << 20))


class Case:
    """One bad report: its bytes or how to write them, and what must be said of it."""

    def __init__(self, what, name, bytes_, events=0, rejected=0, fails=None, says=()):
        self.what, self.name, self.bytes, self.events, self.rejected = what, name, bytes_, events, rejected
        self.fails, self.says = fails, says


CASES = [
    Case("a broken quote takes one record, not the rest", NAME + ".csv",
         sheet(row(), '2026-03-01 10:00:00,tcp,"198.51.100.8', row("198.51.100.9")), events=2, rejected=1),
    Case("a line of 10 MB", NAME + "-2.csv", sheet(row("198.51.100.10"), "x" * (10 << 20), row("198.51.100.11")), events=2, rejected=1),
    Case("NUL bytes", NAME + "-3.csv", sheet(row("198.51.100.12"), row("198.51.\x00100.13"), "\0" * 40, row("198.51.100.14")), events=2,
         rejected=2),
    Case("semicolons are seen", NAME + "-4.csv", sheet(row("198.51.100.15"), separator=";"), events=1),
    Case("a delimiter that is none", NAME + "-4b.csv", sheet(row("198.51.100.15"), separator="^"), fails="column"),
    Case("a gzip that ends too soon", NAME + "-5.csv.gz",
         gzip.compress(sheet(*(row(port=1024 + i) for i in range(2000))))[:600], fails="gzip"),
    Case("a zip bomb", NAME + "-6.csv.zip", zip_bomb, fails="bomb"),
    Case("Latin-1 in a report", NAME + "-7.csv", sheet(row("198.51.100.16")).replace(b"mirai", "mirai\u00e9".encode("latin-1")), events=1),
    Case("UTF-16 with its mark", NAME + "-8.csv", sheet(row("198.51.100.17")).decode().encode("utf-16"), events=1),
    Case("impossible times", NAME + "-9.csv",
         sheet(row(time="2026-02-30 10:00:00"), row(time="2026-03-01 25:00:00"), row(time="yesterday"), row("198.51.100.18")), events=1,
         rejected=3),
    Case("times to come", NAME + "-10.csv", sheet(row(time=tomorrow(3)), row(time="2999-01-01 00:00:00"), row("198.51.100.19")), events=1,
         rejected=2, says=["impossible time"]),
    Case("addresses that are none", NAME + "-11.csv",
         sheet(row("999.1.1.1"), row("1.2.3"), row("0x7f.1"), row("::g"), row("198.51.100.20")), events=1, rejected=4),
    Case("a header without rows", NAME + "-12.csv", sheet(), events=0),
    Case("nothing at all", NAME + "-13.csv", b"", fails=""),
    Case("bytes of nothing", NAME + "-14.csv", random.Random(1).randbytes(1 << 20), fails=""),
]


class Memory:
    """The most that a process has of its own, without mapped files, which the system takes back at will; looked at often."""

    def __init__(self, pid):
        self.status, self.most_mb, self.ended = pathlib.Path(f"/proc/{pid}/status"), 0, threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.ended.wait(0.02):
            lines = self.status.read_text().splitlines()
            self.most_mb = max(self.most_mb, next(int(line.split()[1]) // 1024 for line in lines if line.startswith("RssAnon")))

    def end(self):
        self.ended.set()
        self.thread.join()
        return self.most_mb


def ingest(node, path):
    done = node.run("ingest", "--format", "shadowserver", "--feed", "sinkhole", "--json", str(path))
    return done, json.loads(done.stdout) if done.stdout else None


def take(node, folder, case):
    path = folder / case.name
    case.bytes(path) if callable(case.bytes) else path.write_bytes(case.bytes)
    done, answer = ingest(node, path)
    if case.fails is not None:
        said = done.stderr.splitlines()[0] if done.stderr else ""
        wanted(done.returncode not in (0, None), f"{case.what}: taken as if it were good: {answer}")
        wanted(case.fails in said and case.name in said, f"{case.what}: said {said!r}")
    else:
        wanted(answer, f"{case.what}: {done.stderr}")
        found = (answer["events"] - answer.get("duplicates", 0), answer["rejected"])
        wanted(answer["events"] == case.events and answer["rejected"] == case.rejected,
               f"{case.what}: (events, rejected) are {found} instead of {(case.events, case.rejected)}: {answer}")
    quarantine = json.dumps(node.json("/api/v1/quarantine?limit=500"))
    for text in case.says:
        wanted(text in quarantine, f"{case.what}: the quarantine does not say {text!r}")
    path.unlink()


def long_report(node, folder, rows):
    path = folder / (NAME + "-long.csv")
    with path.open("w") as file:
        file.write(HEAD + "\n")
        for i in range(rows):
            file.write(row(f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}", port=1024 + i % 60000) + "\n")
    done, answer = ingest(node, path)
    wanted(answer and answer["events"] == rows, f"{rows} rows: {answer} {done.stderr}")


# Without a node: what `read` and `compare` unpack is never in memory, and no more is the node's look at a bomb.
def packed(tocsin, folder, node):
    path = folder / "list.txt.gz"
    comment = b"".join(b"# %s\n" % random.Random(i).randbytes(40).hex().encode() for i in range(12_000))
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(200):  # about 200 MB
            file.write(comment)
        file.write(b"192.0.2.7\n")
    few_mb = lambda: resource.setrlimit(resource.RLIMIT_DATA, (120 << 20, 120 << 20))
    for stdin in (None, path.open("rb")):
        done = subprocess.run([tocsin, "read", "ip_list", *([] if stdin else [str(path)])], stdin=stdin, capture_output=True, text=True,
                              preexec_fn=few_mb)
        wanted(done.stdout.count("\n") == 1 and done.returncode == 0, f"read of a large packed list: {done.stdout} {done.stderr}")
    bomb = folder / (NAME + ".csv.zip")
    zip_bomb(bomb, gib=1)
    for done in (subprocess.run([tocsin, "compare", str(bomb), str(path)], capture_output=True, text=True, preexec_fn=few_mb),
                 node.run("ingest", "--preview", str(bomb))):
        wanted("unpacks to more than" in done.stderr and done.returncode == 1, f"a zip bomb: {done.stdout} {done.stderr}")
    wanted(not any((node.home / "scratch").glob("*")), "the preview left its file")
    path.unlink(), bomb.unlink()


def bad_input(tocsin, rows):
    with tempfile.TemporaryDirectory() as folder, Node(tocsin) as node:
        folder = pathlib.Path(folder)
        node.open(node.url)
        memory = Memory(node.process.pid)
        for case in CASES:
            take(node, folder, case)
            wanted(node.open("/healthz")[0] == 200, f"{case.what}: the node is gone")
        packed(tocsin, folder, node)
        long_report(node, folder, rows)
        peak, findings = memory.end(), rows * FINDING_BYTES // 1_000_000
        wanted(0 < peak < MEMORY_MAX_MB + findings, f"the node took {peak} MB, {findings} of them for findings")
        kept = [p for p in (node.home / "spool").iterdir()]
        wanted(not kept, f"the spool still holds {kept}")
        print(f"{len(CASES)} bad reports and one of {rows} rows; the node took {peak} MB at most")


parser = argparse.ArgumentParser()
parser.add_argument("tocsin")
parser.add_argument("--rows", type=int, default=400_000)
args = parser.parse_args()
try:
    bad_input(args.tocsin, args.rows)
    print("1 passed, 0 failed")
except Failed as failed:
    print(f"bad_input: {failed}\n0 passed, 1 failed")
    sys.exit(1)
