#!/usr/bin/env python3
"""Kills a node with SIGKILL at random moments while it takes reports in, and checks that nothing is lost, halved or doubled.

usage: crash_test.py TOCSIN [--rounds N] [--seed S]
After each kill the home is opened again. At the end every report is handed in once more, and events (columns), counts and
findings must say exactly what an independent count of the files says.
"""
import argparse, csv, json, os, pathlib, random, signal, subprocess, sys, tempfile, time

FAMILIES = ["andromeda", "mirai", "qakbot", "necurs"]
COLUMNS = ["timestamp", "protocol", "src_ip", "src_port", "src_asn", "src_geo", "dst_ip", "dst_port", "infection", "severity"]


def write_reports(folder, count, rows, random_):
    """Reports with rows that repeat within and across them."""
    seen = []
    for number in range(count):
        path = folder / f"2026-03-{1 + number % 28:02}-event4_sinkhole-part{number}.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for _ in range(rows):
                if seen and random_.random() < 0.2:
                    row = random_.choice(seen)
                else:
                    row = [f"2026-03-{1 + number % 28:02} {random_.randrange(24):02}:{random_.randrange(60):02}:00", "tcp",
                           f"198.51.{random_.randrange(100, 110)}.{random_.randrange(256)}", random_.randrange(1024, 65535), 64496, "BR",
                           "203.0.113.9", 80, random_.choice(FAMILIES), "critical"]
                    if len(seen) < 5000:
                        seen.append(row)
                writer.writerow(row)
        yield path


def truth(paths):
    events, findings = set(), set()
    for path in paths:
        with path.open(newline="") as file:
            for row in list(csv.reader(file))[1:]:
                events.add(tuple(row))
                findings.add((row[2], row[8]))
    return len(events), len(findings)


class Node:
    def __init__(self, binary, home):
        self.binary, self.home = binary, home

    def start(self, *arguments):
        return subprocess.Popen([self.binary, *arguments, "--home", self.home], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ask(self, *arguments):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        if process.returncode != 0:
            sys.exit(f"FAILED: tocsin {' '.join(arguments)}: exit {process.returncode}\n{err}")
        return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tocsin")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    random_ = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder_name:
        folder = pathlib.Path(folder_name)
        (folder / "reports").mkdir()
        paths = list(write_reports(folder / "reports", args.rounds, args.rows, random_))
        node = Node(args.tocsin, str(folder / "home"))
        begin = time.monotonic()
        node.ask("ingest", "--feed", "sinkhole", "--format", "shadowserver", str(paths[0]))
        usual_s = time.monotonic() - begin
        killed = acknowledged = 0
        for path in paths[1:]:
            process = node.start("ingest", "--feed", "sinkhole", "--format", "shadowserver", str(path))
            try:
                process.communicate(timeout=random_.uniform(0, usual_s * 1.1))
                acknowledged += process.returncode == 0
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                killed += 1
            # No half report: what is in state done now has all its events.
        node.ask("ingest", "--feed", "sinkhole", "--format", "shadowserver", *map(str, paths))
        for report in node.ask("reports", "list", "--json").splitlines():
            report = json.loads(report)
            if report["state"] == "done" and report["events"] != args.rows:
                sys.exit(f"FAILED: half a report: {report}")
            if report["state"] == "reading":
                sys.exit(f"FAILED: still unfinished: {report}")
        events, findings = truth(paths)
        listed = len(node.ask("events", "feed=sinkhole", "limit=10000000", "--json").splitlines())
        counted = sum(row["events"] for row in json.loads(
            node.ask("stats", "country", "--since", "2026-03-01", "--until", "2026-04-01", "--json"))["rows"])
        open_now = [json.loads(line) for line in node.ask("findings", "limit=10000000", "--json").splitlines()]
        times = sum(finding["times"] for finding in open_now)
        wanted = {"events in columns": (listed, events), "events counted": (counted, events), "findings": (len(open_now), findings),
                  "times seen": (times, events)}
        wrong = {what: pair for what, pair in wanted.items() if pair[0] != pair[1]}
        print(f"{args.rounds} reports, {killed} killed, {acknowledged} acknowledged in between; "
              f"{events} events, {findings} findings; {'equal' if not wrong else wrong}")
        return 1 if wrong else 0


sys.exit(main())
