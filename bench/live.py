#!/usr/bin/env python3
"""How long one line over TCP takes until the API answers with its finding: alone, and beside a bulk report and a console's
questions. DESIGN D3: the live lane goes before the bulk lane at every queue.

usage: live.py TOCSIN [--rows N] [--lines N]
Prints the median, the 99th percentile and the most in milliseconds for both. The polls of 5 ms are in the figure.
"""
import argparse
import http.client
import json
import pathlib
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "e2e"))
from node import Node  # noqa: E402

HEAD = "timestamp,protocol,src_ip,src_port,src_asn,src_geo,dst_ip,dst_port,infection,severity\n"
CONFIG = """[feed.wire]
collector = "listener"
format = "intelmq"
listen = "{socket}"
tlp = "amber"
"""


def write_report(path, rows, number=0):
    """A report of the size of a country's morning: one address in two is new. Another `number`, other times."""
    random_ = random.Random(7 + number)
    with path.open("w") as file:
        file.write(HEAD)
        for i in range(rows):
            address = random_.randrange(rows // 2)
            file.write(f"2026-03-01 {i % 24:02}:{i % 60:02}:{random_.randrange(60):02},tcp,"
                       f"198.{18 + (address >> 16) % 2}.{address >> 8 & 255}.{address & 255},"
                       f"{1024 + i % 60000},64496,BR,203.0.113.9,80,mirai,critical\n")


class Api:
    def __init__(self, node):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(node.root).netloc, timeout=60)
        token = node.run("token", "new", f"bench-{time.monotonic_ns()}", "--role", "analyst").stdout.strip()
        self.headers = {"Authorization": "Bearer " + token}

    def get(self, path):
        self.connection.request("GET", "/api/v1" + path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:200]!r}")
        return json.loads(body)


def measure(api, wire, lines, first):
    """Milliseconds of each line, one each 50 ms at most."""
    took = []
    for i in range(lines):
        address = f"192.0.2.{(first + i) % 256}" if first + i < 256 else f"203.0.113.{(first + i) % 256}"
        event = {"source": {"ip": address}, "classification": {"type": "infected-system"}, "malware": {"name": f"probe{first + i}"},
                 "time": {"source": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}}
        begin = time.perf_counter()
        wire.sendall(json.dumps(event).encode() + b"\n")
        while not api.get(f"/findings?q=family:probe{first + i}&limit=1")["items"]:
            if time.perf_counter() - begin > 60:
                raise SystemExit("a line did not arrive within a minute")
            time.sleep(0.005)
        took.append((time.perf_counter() - begin) * 1e3)
        time.sleep(max(0, 0.05 - took[-1] / 1e3))
    return sorted(took)


def tell(what, took):
    print(f"{what}: {len(took)} lines, median {took[len(took) // 2]:.0f} ms, p99 {took[len(took) * 99 // 100]:.0f} ms, most {took[-1]:.0f} ms",
          flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("tocsin")
    options.add_argument("--rows", type=int, default=2_000_000)
    options.add_argument("--lines", type=int, default=200)
    options = options.parse_args()
    with Node(options.tocsin) as node:
        node.stop()
        node.url = None
        listen = f"{node.home}/wire.sock"
        with (node.home / "tocsin.toml").open("a") as config:
            config.write(CONFIG.format(socket=listen))
        node.start()
        api = Api(node)
        wire = socket.socket(socket.AF_UNIX)
        node.wait_for(lambda: pathlib.Path(listen).exists(), "the listener")
        wire.connect(listen)
        tell("alone", measure(api, wire, options.lines, 0))

        report = node.home.parent / "2026-03-01-event4_sinkhole.csv"
        write_report(report, options.rows)
        done = threading.Event()

        def bulk():
            begin = time.perf_counter()
            subprocess.run([options.tocsin, "ingest", str(report), "--feed", "bulk", "--home", str(node.home)], check=True,
                           stdout=subprocess.DEVNULL)
            print(f"bulk: {options.rows} rows in {time.perf_counter() - begin:.1f} s", flush=True)
            done.set()

        def console():
            other = Api(node)
            while not done.is_set():
                other.get("/stats?cut=country.type&since=2026-01-01&until=2026-04-01")
                other.get("/findings?q=country:BR&limit=50")
                done.wait(1)

        beside, first = [], options.lines
        threads = [threading.Thread(target=bulk), threading.Thread(target=console)]
        for thread in threads:
            thread.start()
        while not done.is_set():
            beside += measure(api, wire, 10, first)
            first += 10
        for thread in threads:
            thread.join()
        tell("beside the bulk report", sorted(beside))


if __name__ == "__main__":
    main()
