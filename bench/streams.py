#!/usr/bin/env python3
"""How long after a line over a socket at a member each of many streams of hints that a partner holds open is told, and what they cost.

usage: streams.py TOCSIN [--streams N] [--lines N]
Prints milliseconds over all streams and lines, the node's memory before and with the streams, and its processor time for a hint.
"""
import argparse
import json
import os
import pathlib
import selectors
import socket
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "e2e"))
from members import Member, agree, befriend, free_port  # noqa: E402

FEED = """[feed.wire]
collector = "listener"
format = "intelmq"
listen = "{socket}"
tlp = "green"
terms = {{ redistribution = "yes" }}
"""


def memory_mb(process):
    lines = pathlib.Path(f"/proc/{process}/status").read_text().split("\n")
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def cpu_s(process):
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Streams:
    """Open streams; each counts its hints and notes when the last one came."""

    def __init__(self, root, token, count):
        place = urllib.parse.urlsplit(root)
        self.selector, self.at = selectors.DefaultSelector(), {}
        while len(self.at) < count:
            stream = socket.create_connection((place.hostname, place.port))
            stream.sendall(f"GET /taxii2/tocsin/hints HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n".encode())
            if not stream.recv(65536).startswith(b"HTTP/1.1 200"):  # many at once: it says come back
                stream.close()
                time.sleep(0.1)
                continue
            stream.setblocking(False)
            self.selector.register(stream, selectors.EVENT_READ)
            self.at[stream] = None

    def hinted(self, within_s):
        """When each stream got its next hint; those that got none are not in it."""
        for stream in self.at:
            self.at[stream] = None
        left, end = len(self.at), time.perf_counter() + within_s
        while left and (rest := end - time.perf_counter()) > 0:
            for key, _ in self.selector.select(rest):
                got = key.fileobj.recv(65536)
                if not got:
                    raise SystemExit("a stream was closed")
                if b"event:" in got and self.at[key.fileobj] is None:
                    self.at[key.fileobj] = time.perf_counter()
                    left -= 1
        return [at for at in self.at.values() if at is not None]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("tocsin")
    options.add_argument("--streams", type=int, default=1000)
    options.add_argument("--lines", type=int, default=50)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        listen = str(folder / "wire.sock")
        with Member(options.tocsin, folder, "one.example.org", "BR", free_port(), more=FEED.format(socket=listen)) as one:
            with Member(options.tocsin, folder, "two.example.org", "PT", free_port()) as two:
                for node in (one, two):
                    node.open(node.url)
                befriend(one, two)
                agree(one, two, folder)
            token = one.verb("partner", "token", "two.example.org").split()[-1]
            process = one.process.pid
            before = memory_mb(process)
            streams = Streams(one.root, token, options.streams)
            streams.hinted(2)  # what each is told as it begins
            print(f"{options.streams} streams open; memory {before:.0f} MB, with them {memory_mb(process):.0f} MB", flush=True)
            one.wait_for(lambda: pathlib.Path(listen).exists(), "the listener", 60)
            wire = socket.socket(socket.AF_UNIX)
            wire.connect(listen)
            took, used = [], cpu_s(process)
            for number in range(options.lines):
                time.sleep(0.3)
                begin = time.perf_counter()
                wire.sendall(json.dumps({"source.ip": f"198.18.{number >> 8}.{number & 255}", "classification.type": "infected-system", "malware.name": "mirai",
                                         "time.source": "2026-11-20T08:00:00+00:00"}).encode() + b"\n")
                got = streams.hinted(10)
                if len(got) < options.streams:
                    raise SystemExit(f"line {number}: {len(got)} of {options.streams} streams were told")
                took += [(at - begin) * 1000 for at in got]
            used, took = cpu_s(process) - used, sorted(took)
            print(f"{len(took)} hints: median {took[len(took) // 2]:.1f} ms, p99 {took[len(took) * 99 // 100]:.1f} ms, most {took[-1]:.1f} ms; "
                  f"{used / len(took) * 1e6:.0f} us of the node's processor time each; memory {memory_mb(process):.0f} MB")


if __name__ == "__main__":
    main()
