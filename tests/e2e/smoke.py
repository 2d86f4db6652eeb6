#!/usr/bin/env python3
"""One node from start to stop, as its users meet it. usage: smoke.py TOCSIN"""
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading

from node import Failed, Node, wanted

REPORT = "192.0.2.7   # seen at the border\n2001:0DB8::0001\nnot-an-address\n"


def signs_in(node):
    status, _, _ = node.open("/healthz")
    wanted(status == 200, f"/healthz answered {status}")
    status, headers, _ = node.open("/api/v1/session")
    wanted(status == 401, f"a stranger got {status} from /api/v1/session")
    wanted("problem+json" in headers.get("Content-Type", ""), "a refusal is not problem+json")
    status, _, _ = node.open("/signin?code=" + "x" * 22)
    wanted(status in (400, 401, 403), f"a wrong sign-in code got {status}")
    status, _, _ = node.open(node.url)
    wanted(status in (200, 404), f"the sign-in link led to {status}")  # 404: a binary without a console
    session = node.json("/api/v1/session")
    wanted(session["version"] and session["role"], f"a session without version or role: {session}")
    wanted(node.home.stat().st_mode & 0o077 == 0, f"others may look into {node.home}")


def takes_a_report_in(node, file):
    taken = node.run("ingest", "--format", "ip_list", "--feed", "by-hand", file)
    wanted(taken.returncode == 0, f"ingest ended with {taken.returncode}: {taken.stderr}")
    wanted("2 events" in taken.stderr and "1 record rejected" in taken.stderr, f"ingest said: {taken.stderr}")
    again = node.run("ingest", "--format", "ip_list", "--feed", "by-hand", file)
    wanted("(1 known already)" in again.stderr, f"the same report again: {again.stderr}")
    feed = node.run("feeds", "show", "by-hand")
    wanted("have come after so many seconds" in feed.stdout, f"feeds show: {feed.stdout} {feed.stderr}")
    feeds = node.run("feeds")
    wanted("by-hand" in feeds.stdout and "drop" in feeds.stdout, f"feeds: {feeds.stdout} {feeds.stderr}")


def has_the_events(node):
    events = node.wait_for(lambda: node.json("/api/v1/events?limit=10")["items"], "events by the API")
    addresses = sorted(event["source"]["ip"] for event in events)
    wanted(addresses == ["192.0.2.7", "2001:db8::1"], f"the API gives {addresses}")
    rejects = node.json("/api/v1/quarantine")["items"]
    wanted([(r["feed"], r["line"]) for r in rejects] == [("by-hand", 3)], f"the quarantine holds {rejects}")


def ends_with_its_reader(node):
    """A reader that closes the pipe ends a verb quietly, whatever it prints with; a full disk does not."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as report:
        report.writelines(f"198.51.{i // 250}.{i % 250 + 1}\n" for i in range(3000))
        report.flush()
        node.run("ingest", "--format", "ip_list", "--feed", "many", report.name)
        verbs = (("events", "--json", "limit=3000", "--home", str(node.home)), ("quarantine", "groups", "--home", str(node.home)),
                 ("read", "ip_list", report.name), ("formats",))
        for verb in verbs:
            reading, writing = os.pipe()
            os.close(reading)
            for output, status in ((writing, 0), (os.open("/dev/full", os.O_WRONLY), 3)):
                ended = subprocess.run([node.tocsin, *verb], stdout=output, stderr=subprocess.PIPE, text=True, timeout=60)
                os.close(output)
                wanted(ended.returncode == status, f"{verb} ended with {ended.returncode}, not {status}: {ended.stderr}")
                wanted(("No space left" in ended.stderr) == (status == 3), f"{verb} said: {ended.stderr}")


def fetches_the_schema(node):
    """feeds update, from a server of our own: it takes a schema, and nothing else."""
    bodies = {"/schema": json.dumps({"event4_sinkhole": {
        "file_name": "event4_sinkhole", "feed_name": "Sinkhole-Events", "constant_fields": {"classification.type": "infected-system"},
        "required_fields": [["time.source", "timestamp", "add_UTC_to_timestamp"], ["source.ip", "src_ip", "validate_ip"]],
        "optional_fields": []}}), "/page": "<html>no schema</html>"}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(bodies[self.path].encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{server.server_port}"
    try:
        guarded = node.run("feeds", "update", "--url", root + "/schema")
        wanted(guarded.returncode != 0 and "127.0.0.1" in guarded.stderr, f"a private address was not refused: {guarded.stderr}")
        page = node.run("feeds", "update", "--allow-private", "--url", root + "/page")
        wanted(page.returncode == 1 and "no schema file" in page.stderr, f"a page was taken as a schema: {page.stderr}")
        good = node.run("feeds", "update", "--allow-private", "--url", root + "/schema")
        wanted(good.returncode == 0 and "1 report type" in good.stderr, f"feeds update: {good.stderr}")
        kept = json.loads((node.home / "shadowserver-schema.json").read_text())
        wanted("event4_sinkhole" in kept, "the schema was not kept")
    finally:
        server.shutdown()


def smoke(tocsin):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as report, Node(tocsin) as node:
        report.write(REPORT)
        report.flush()
        signs_in(node)
        takes_a_report_in(node, report.name)
        has_the_events(node)
        fetches_the_schema(node)
        wanted(node.stop() == 0, "the node did not end with 0:\n" + "".join(node.said))
        node.url = None
        node.start()
        node.open(node.url)
        has_the_events(node)
        ends_with_its_reader(node)
        wanted(node.stop() == 0, "the second time the node did not end with 0:\n" + "".join(node.said))


try:
    smoke(sys.argv[1])
    print("1 passed, 0 failed")
except Failed as failed:
    print(f"smoke: {failed}\n0 passed, 1 failed")
    sys.exit(1)
