#!/usr/bin/env python3
"""Kills a node with SIGKILL at random moments and checks that nothing is lost, halved or doubled.

usage: crash_test.py TOCSIN [--rounds N] [--months N] [--rows N] [--seed S]
The rounds stand in months of the node's clock, with one month of retention; reports of 40,000 rows and more are committed in groups of batches. In a round either `tocsin ingest` takes a report
in by itself, or a running node takes several while it is backed up; either is killed while it reads, commits, writes its snapshots
and checkpoints, drops months, or copies. Each following start replays. At the end of a month every report of it is handed in once
more. Then events (columns), counts and findings must say exactly what an independent count of the files says; so must each backup
that was acknowledged say what was acknowledged before it began. The clock is libfaketime's; without it, all rounds stand in today's month.
"""
import argparse
import csv
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

FAMILIES = ["andromeda", "mirai", "qakbot", "necurs"]
COLUMNS = ["timestamp", "protocol", "src_ip", "src_port", "src_asn", "src_geo", "dst_ip", "dst_port", "infection", "severity"]
MONTHS = ["2026-03", "2026-04", "2026-05", "2026-06"]
FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
FEED = ["--feed", "sinkhole", "--format", "shadowserver"]


class Wrong(Exception):
    pass


def write_reports(folder, month, count, rows, random_):
    """Reports with rows that repeat within and across them. The second is of `BULK` batches, to be grouped in commits."""
    seen = []
    for number in range(count):
        path = folder / f"{month}-{1 + number % 14:02}-event4_sinkhole-part{number}.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for _ in range(rows):
                if seen and random_.random() < 0.2:
                    row = random_.choice(seen)
                else:
                    row = [f"{month}-{1 + number % 14:02} {random_.randrange(24):02}:{random_.randrange(60):02}:00", "tcp",
                           f"198.51.{random_.randrange(100, 110)}.{random_.randrange(256)}", random_.randrange(1024, 65535), 64496, "BR",
                           "203.0.113.9", 80, random_.choice(FAMILIES), "critical"]
                    if len(seen) < 5000:
                        seen.append(row)
                writer.writerow(row)
        yield path


def rows_of(paths):
    rows = set()
    for path in paths:
        with path.open(newline="") as file:
            rows.update(tuple(row) for row in list(csv.reader(file))[1:])
    return rows


class Node:
    def __init__(self, binary, home):
        self.binary, self.home, self.clock = binary, str(home), None

    def start(self, *arguments):
        environment = dict(os.environ)
        if FAKETIME and self.clock:
            environment |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME": f"@{self.clock}", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}
        return subprocess.Popen([self.binary, *arguments, "--home", self.home], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=environment)

    def ask(self, *arguments):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        if process.returncode != 0:
            raise Wrong(f"tocsin {' '.join(arguments)}: exit {process.returncode}\n{err}")
        return out

    def lines(self, *arguments):
        return [json.loads(line) for line in self.ask(*arguments, "--json").splitlines()]

    def figures(self):
        stats = json.loads(self.ask("stats", "country", "--since", "2026-03-01", "--until", "2026-07-01", "--json"))
        findings = self.lines("findings", "limit=10000000")
        return {"events in columns": len(self.lines("events", "feed:sinkhole", "limit=10000000")),
                "events counted": sum(row["events"] for row in stats["rows"]),
                "findings": len(findings), "times seen": sum(finding["times"] for finding in findings)}


def kill(process):
    process.send_signal(signal.SIGKILL)
    said = process.communicate()
    for left in (f"faketime_shm_{process.pid}", f"sem.faketime_sem_{process.pid}"):  # libfaketime's, which it had no time to remove
        pathlib.Path("/dev/shm", left).unlink(missing_ok=True)
    return said


class Rounds:
    def __init__(self, binary, folder, random_):
        self.folder, self.random, self.node = folder, random_, Node(binary, folder / "home")
        self.killed = self.acknowledged = self.backups = 0
        self.usual_s = {"alone": 0.0, "running": 0.0}

    def alone(self, path):
        """`tocsin ingest`, killed within the time that it usually takes."""
        process = self.node.start("ingest", *FEED, str(path))
        try:
            process.communicate(timeout=self.random.uniform(0, self.usual_s["alone"] * 1.1))
            self.acknowledged += process.returncode == 0
        except subprocess.TimeoutExpired:
            kill(process)
            self.killed += 1

    def running(self, paths, kept, limit_s=None):
        """A node that takes reports in and is backed up, killed anywhere. `kept`: rows acknowledged before."""
        begin = time.monotonic()
        process = self.node.start("run", "--port", "0")
        said = threading.Thread(target=process.stderr.read, daemon=True)
        said.start()
        limit = self.random.uniform(0, self.usual_s["running"] * 1.1) if limit_s is None else limit_s
        ended = threading.Event()

        def work():
            process.stdout.readline()  # the sign-in link: it listens
            copy = self.folder / f"copy-{self.backups}"
            backup = None
            for number, path in enumerate(paths):
                if number == len(paths) // 2:
                    backup = self.node.start("backup", str(copy))
                self.node.start("ingest", *FEED, str(path)).communicate()
            if backup:
                backup.communicate()
                ended.set()
                if backup.returncode == 0 and copy.exists():
                    self.backups += 1
                    self.check_copy(copy, kept)
            ended.set()

        self.failed = None

        def guarded():
            try:
                work()
            except (Wrong, OSError, ValueError) as error:
                self.failed = error
                ended.set()

        worker = threading.Thread(target=guarded, daemon=True)
        worker.start()
        whole = ended.wait(limit)
        took = time.monotonic() - begin
        kill(process)
        self.killed += not whole
        worker.join(60)
        if isinstance(self.failed, Wrong):
            raise self.failed
        shutil.rmtree(self.folder / f"copy-{self.backups}", ignore_errors=True)
        return took

    def check_copy(self, copy, kept):
        """What was acknowledged before a backup began is in it, in all three stores alike, once the report
        that was being read has been read to its end."""
        node = Node(self.node.binary, copy)
        node.clock = self.node.clock
        process = node.start("run", "--port", "0")
        threading.Thread(target=process.stderr.read, daemon=True).start()
        try:
            process.stdout.readline()  # the sign-in link: it listens
            while any(report["state"] == "reading" for report in node.lines("reports", "list")):
                time.sleep(0.05)
            figures = node.figures()
        finally:
            kill(process)
        if figures["events counted"] < kept or figures["times seen"] != figures["events counted"]:
            raise Wrong(f"a backup holds {figures}; {kept} were acknowledged before")
        shutil.rmtree(copy)


def check_reports(node, rows):
    for report in node.lines("reports", "list"):
        if report["state"] == "reading" or (report["state"] == "done" and report["events"] != rows):
            raise Wrong(f"half a report: {report}")


def crash(args):
    random_ = random.Random(args.seed)
    months = MONTHS[:args.months] if FAKETIME else MONTHS[:1]
    if not FAKETIME:
        print("without libfaketime: no retention in this run")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rounds = Rounds(args.tocsin, folder, random_)
        (folder / "home").mkdir()
        if FAKETIME:
            (folder / "home" / "tocsin.toml").write_text("[retention]\nevents_months = 1\nexact_counts_months = 1\n")
        all_rows, by_month = set(), {}
        per_month = -(-args.rounds // len(months))
        for month in months:
            (folder / month).mkdir()
            rounds.node.clock = f"{month}-20 00:00:00"
            paths = list(write_reports(folder / month, month, per_month + 4, args.rows, random_))
            first, rest = paths[:4], paths[4:]
            begin = time.monotonic()
            rounds.node.ask("ingest", *FEED, str(first[0]))
            rounds.usual_s["alone"] = time.monotonic() - begin
            rounds.usual_s["running"] = rounds.running(first[1:], len(all_rows), limit_s=60)
            while rest:
                if random_.random() < 0.3 and len(rest) >= 3:
                    rounds.running(rest[:3], len(all_rows))
                    rest = rest[3:]
                else:
                    rounds.alone(rest.pop(0))
            rounds.node.ask("ingest", *FEED, *map(str, paths))
            check_reports(rounds.node, args.rows)
            by_month[month] = rows_of(paths)
            all_rows |= by_month[month]
        # Retention: this month's arrivals and the ones of the month before stay as events, all stay as counts and findings.
        kept = sum(len(by_month[month]) for month in months[-2:])
        wanted = {"events in columns": kept, "events counted": len(all_rows), "findings": len({(row[2], row[8]) for row in all_rows}),
                  "times seen": len(all_rows)}
        for _ in range(20):  # retention is dropped within seconds of a start
            got = rounds.node.figures()
            if got == wanted:
                break
            time.sleep(0.2)
        wrong = {what: (got[what], wanted[what]) for what in wanted if got[what] != wanted[what]}
        if wrong:
            raise Wrong(f"(found, wanted): {wrong}")
        print(f"{args.rounds} rounds in {len(months)} months: {rounds.killed} killed, {rounds.acknowledged} acknowledged in between, "
              f"{rounds.backups} backups equal; {len(all_rows)} events, {wanted['findings']} findings, {kept} events within retention: equal")


parser = argparse.ArgumentParser()
parser.add_argument("tocsin")
parser.add_argument("--rounds", type=int, default=8)
parser.add_argument("--months", type=int, choices=range(1, len(MONTHS) + 1), default=len(MONTHS))
parser.add_argument("--rows", type=int, default=3000)
parser.add_argument("--seed", type=int, default=1)
try:
    crash(parser.parse_args())
except Wrong as wrong:
    print(f"FAILED: {wrong}")
    sys.exit(1)
