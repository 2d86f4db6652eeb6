#!/usr/bin/env python3
"""How long one line over a socket at one member takes until its partner's API answers with its finding: taken in, cleared, logged, hinted,
pulled, judged, durable on both. Alone, beside a steady flow of bulk, and beside one large report that is taken in as fast as it goes.
DESIGN section 5: p99 under 250 ms beside 5,000 events/s.

usage: exchange.py TOCSIN [--rows N] [--lines N] [--rate N]
Prints the median, the 99th percentile and the most in milliseconds for each. The polls of 5 ms are in the figure.
"""
import argparse
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from live import Api, measure, tell, write_report  # noqa: E402
from members import Member, agree, befriend, free_port  # noqa: E402

FEEDS = """[feed.wire]
collector = "listener"
format = "intelmq"
listen = "{socket}"
tlp = "green"
terms = {{ redistribution = "yes" }}
[feed.bulk]
collector = "stdin"
format = "shadowserver"
enabled = false
tlp = "green"
terms = {{ redistribution = "{bulk}" }}
"""


def flow(options, folder, one, api, wire):
    """A report of --rate rows begins each second while lines are measured."""
    ended, reports = threading.Event(), []

    def each_second():
        begin = time.perf_counter()
        while not ended.wait(max(0, begin + len(reports) - time.perf_counter())):
            path = folder / f"flow-{len(reports)}" / "2026-03-01-event4_sinkhole.csv"
            path.parent.mkdir()
            write_report(path, options.rate, len(reports))
            subprocess.run([options.tocsin, "ingest", str(path), "--feed", "bulk", "--home", str(one.home)], check=True, capture_output=True)
            reports.append(path)
        print(f"steady flow: {len(reports) * options.rate} rows in {time.perf_counter() - begin:.1f} s", flush=True)

    thread = threading.Thread(target=each_second)
    thread.start()
    took = measure(api, wire, options.lines, options.lines)
    ended.set()
    thread.join()
    tell(f"beside {options.rate} events/s", took)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("tocsin")
    options.add_argument("--rows", type=int, default=2_000_000)
    options.add_argument("--lines", type=int, default=200)
    options.add_argument("--rate", type=int, default=5000, help="of the steady flow, rows a second")
    options.add_argument("--share-bulk", choices=("yes", "no"), default="yes", help="does the bulk report go to the partner, too?")
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        listen = str(folder / "wire.sock")
        with Member(options.tocsin, folder, "one.example.org", "BR", free_port(), more=FEEDS.format(socket=listen, bulk=options.share_bulk)) as one, \
                Member(options.tocsin, folder, "two.example.org", "PT", free_port()) as two:
            for node in (one, two):
                node.open(node.url)
            befriend(one, two)
            agree(one, two, folder)
            api = Api(two)
            wire = socket.socket(socket.AF_UNIX)
            one.wait_for(lambda: pathlib.Path(listen).exists(), "the listener")
            wire.connect(listen)
            time.sleep(5)  # the streams of hints are opened
            tell("alone", measure(api, wire, options.lines, 0))
            flow(options, folder, one, api, wire)
            report = folder / "2026-03-01-event4_sinkhole.csv"
            write_report(report, options.rows)
            done = threading.Event()

            def bulk():
                begin = time.perf_counter()
                subprocess.run([options.tocsin, "ingest", str(report), "--feed", "bulk", "--home", str(one.home)], check=True, capture_output=True)
                took = time.perf_counter() - begin
                print(f"bulk: {options.rows} rows in {took:.1f} s, {options.rows / took:.0f} rows/s", flush=True)
                done.set()

            beside, first = [], 2 * options.lines
            thread = threading.Thread(target=bulk)
            thread.start()
            while not done.is_set():
                beside += measure(api, wire, 5, first)
                first += 5
            thread.join()
            tell("beside the bulk report", sorted(beside))


if __name__ == "__main__":
    main()
