#!/usr/bin/env python3
"""A node pulls from a TAXII 2.1 server: from servers with bad manners, killed in the middle of a walk, and the content that
OASIS's own server has for its tests.

usage: taxii_pull_test.py TOCSIN [--kills N]
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import threading

from node import Failed, Node, wanted
from taxii_server import Collection, Server, microseconds

DATA = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data" / "taxii21" / "default_data.json"
TOLD = {"no-dates": "names no date", "circle": "goes in circles", "moved": "redirects to another host"}
GOOD = ["plain", "no-next", "one-date", "stale-next", "no-headers", "no-more", "busy"]


def address(number):
    return f"198.51.{100 + number // 256}.{number % 256}"


def indicators(count):
    return [{"type": "indicator", "spec_version": "2.1", "id": f"indicator--{i:08x}-0000-4000-8000-000000000000",
             "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "valid_from": "2026-01-01T00:00:00Z",
             "indicator_types": ["malicious-activity"], "pattern_type": "stix", "pattern": f"[ipv4-addr:value = '{address(i)}']"}
            for i in range(count)]


class Pulling(Node):
    def __init__(self, tocsin, folder, feeds, interval="1s"):
        """`feeds`: name and URL."""
        super().__init__(tocsin, home=folder)
        self.home.mkdir(parents=True, mode=0o700)
        secrets = self.home / "secrets"
        secrets.mkdir(mode=0o700)
        (secrets / "theirs").write_text("t0ken\n")
        (secrets / "theirs").chmod(0o600)
        (self.home / "tocsin.toml").write_text('[enrich]\nlocation_database = "off"\n' + "".join(
            f'[feed.{name}]\ncollector = "taxii"\nformat = "stix"\nurl = "{url}"\ntoken_secret = "theirs"\ntlp = "green"\n'
            f'interval = "{interval}"\nallow_private = true\npage_size = 10\n' for name, url in feeds))

    def events(self, feed):
        done = self.run("events", f"feed={feed}", "limit=100000", "--json")
        wanted(done.returncode == 0, f"events: {done.stderr}")
        found = json.loads(done.stdout) if done.stdout.lstrip().startswith("[") else [json.loads(line) for line in done.stdout.splitlines()]
        return found[0]["events"] if len(found) == 1 and "events" in found[0] else found

    def addresses(self, feed):
        return sorted(event["source"]["ip"] for event in self.events(feed))

    def feed(self, name):
        return self.run("feeds", "show", name, "--json").stdout


def url_of(server, collection):
    return f"{server.url}/root/collections/{collection.id}/"


def bad_manners(tocsin, folder):
    collections = {manners: Collection(manners, indicators(60), manners=manners, page_max=1000 if manners == "one-date" else 20)
                   for manners in [*GOOD, *TOLD]}
    closed = Collection("closed", indicators(3), can_read=False)
    with Server([Collection("other", [])]) as elsewhere, Server([*collections.values(), closed]) as server:
        server.elsewhere = elsewhere.url + "/root/"
        asked = []
        elsewhere.answer = lambda *_: asked.append(1) or (200, {}, {})
        feeds = [(name, url_of(server, one)) for name, one in collections.items()]
        with Pulling(tocsin, folder, feeds) as node:
            node.open(node.url)
            everything = sorted(address(i) for i in range(60))
            for name in [*GOOD, "no-dates"]:
                node.wait_for(lambda name=name: len(node.events(name)) >= 60, f"{name}: all 60; the feed: {node.feed(name)}", 60)
            for name, what in TOLD.items():
                node.wait_for(lambda name=name, what=what: what in node.feed(name), f"{name} is told as {what}: {node.feed(name)}", 60)
            for name in [*GOOD, "no-dates"]:
                wanted(node.addresses(name) == everything, f"{name}: {len(node.addresses(name))} events, not each object once")
            wanted(not asked, "a redirect to another host was followed")
            first = node.addresses("circle")
            wanted(first == [one for one in everything if one in first] and len(first) < 60, f"circle: {len(first)} events")
            wanted(collections["circle"].pages < 200, f"a server that goes in circles was asked for {collections['circle'].pages} pages")
            node.run("feeds", "disable", "circle")
        wanted(not server.wrong, f"against TAXII 2.1: {server.wrong[:3]}")


def killed(tocsin, folder, kills):
    """Equal events in the end, whenever the node is killed."""
    collection = Collection("long", indicators(3000), page_max=50)
    reached, at = threading.Event(), [0]

    def before_page(one):
        if one.pages >= at[0]:
            reached.set()

    draw = random.Random(7)
    with Server([collection]) as server:
        server.before_page = before_page
        # After its end the walk is not begun again: a run reads its overlap anew.
        node = Pulling(tocsin, folder, [("long", server.url + "/taxii2/")], interval="1h")
        with node:
            for kill in range(kills):
                at[0] = collection.pages + draw.randrange(1, 12)
                reached.clear()
                if kill:
                    node.url = None
                    node.start()
                wanted(reached.wait(60), f"the walk stands still after {collection.pages} pages")
                node.process.kill()
                node.process.wait()
            at[0] = 1 << 30
            node.url = None
            node.start()
            node.open(node.url)
            node.wait_for(lambda: len(node.events("long")) >= 3000, f"all 3000; the feed: {node.feed('long')}", 90)
            wanted(node.addresses("long") == sorted(address(i) for i in range(3000)), "not each object once")
        # 300 pages of ten are asked for once, and for each kill one or two again.
        wanted(collection.pages <= 300 + 3 * kills + 10, f"{collection.pages} pages: it began anew")
        wanted(not server.wrong, f"against TAXII 2.1: {server.wrong[:3]}")


def told(event):
    """What an event says, however it came."""
    source, malware = event.get("source", {}), event.get("malware", {})
    return (event["classification"]["type"], source.get("ip"), source.get("fqdn"), source.get("url"), malware.get("name"),
            malware.get("hash", {}).get("sha256"), event["time"]["source"])


def real_content(tocsin, folder):
    if not DATA.exists():
        print(f"without {DATA.name}: it is not here")
        return
    collections = []
    for root in json.loads(DATA.read_text()).values():
        for one in root.get("collections", []) if isinstance(root, dict) else []:
            rows = {}  # the last version of each
            for added, object_ in zip(one.get("manifest", []), one.get("objects", [])):
                if object_.get("modified", "") >= rows.get(object_["id"], (0, {}))[1].get("modified", ""):
                    rows[object_["id"]] = (microseconds(added["date_added"]), object_)
            collections.append(Collection(one["title"], [row[1] for row in rows.values()], added=[row[0] for row in rows.values()],
                                          can_read=one["can_read"], id_=one["id"]))
    with Server(collections) as server, Pulling(tocsin, folder, [("content", server.url + "/taxii2/")]) as node:
        node.open(node.url)
        said = set()
        for collection in collections:
            if not collection.can_read or not collection.rows:
                continue
            path = folder / f"{collection.id}.json"
            path.write_text(json.dumps({"objects": [one for _, one in collection.rows]}))
            read = subprocess.run([tocsin, "read", "stix", str(path)], text=True, capture_output=True)
            said |= {told(json.loads(line)) for line in read.stdout.splitlines()}
        wanted(said, "the content says nothing that is an event")
        node.wait_for(lambda: len(node.events("content")) >= len(said), f"{len(said)} events; the feed: {node.feed('content')}", 60)
        pulled = {told(event) for event in node.events("content")}
        wanted(pulled == said, f"pulled {pulled}, read {said}")
        wanted(not server.wrong, f"against TAXII 2.1: {server.wrong[:3]}")
    print(f"OASIS's content: {len(said)} events from {sum(one.pages > 0 for one in collections)} collections")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tocsin")
    parser.add_argument("--kills", type=int, default=4)
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            bad_manners(options.tocsin, folder / "manners")
            killed(options.tocsin, folder / "killed", options.kills)
            real_content(options.tocsin, folder / "content")
    except Failed as failed:
        print(failed)
        return 1
    print(f"nine servers with bad manners read or told; killed {options.kills} times in a walk, each object once")
    return 0


sys.exit(main())
