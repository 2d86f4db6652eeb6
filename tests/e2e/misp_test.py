#!/usr/bin/env python3
"""A partner reads a member as MISP, another node reads its feed, and a receiver gets a signed push.

usage: misp_test.py TOCSIN
The calls are PyMISP's (its own code, where it is installed; else the requests that it makes). Whatever comes is searched for what must not leave.
"""
import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import sys
import tempfile
import threading
import urllib.error
import urllib.request

from members import Member, agree, befriend, free_port
from node import Failed, Node, wanted

FEED = """[feed.sensors]
collector = "directory"
format = "intelmq"
path = "/nowhere"
pattern = "none"
terms = { redistribution = "yes" }
"""
PUSH = """[push.receiver]
member = "two.example.org"
url = "http://127.0.0.1:%d/in"
dialect = "idea"
secret = "push"
"""
KEY = "a key that both know"
HIDDEN = "198.51.100.200"


class Receiver(http.server.ThreadingHTTPServer):
    """Takes letters whose signature is good; refuses the first, to see it again."""

    def __init__(self, port):
        self.letters, self.refused, self.bad = [], 0, []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signed = self.headers["X-Tocsin-Timestamp"].encode() + b"." + body
                if self.headers["X-Tocsin-Signature"] != "sha256=" + hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest():
                    receiver.bad.append(dict(self.headers))
                if not receiver.refused:
                    receiver.refused = 1
                    self.send_response(503)
                else:
                    receiver.letters.append((self.headers["X-Tocsin-Delivery"], body.decode()))
                    self.send_response(204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Client:
    """The requests of PyMISP."""

    def __init__(self, root, token):
        self.root, self.token, self.seen = root, token, b""

    def ask(self, method, path, body=None, headers=None, authorization=None):
        request = urllib.request.Request(self.root + path, method=method, data=None if body is None else json.dumps(body).encode(), headers={
            "Authorization": authorization or self.token, "Accept": "application/json", "Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                got = answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            got = error.code, dict(error.headers), error.read()
        self.seen += got[2]
        return got

    def json(self, method, path, body=None, status=200):
        code, _, text = self.ask(method, path, body)
        wanted(code == status, f"{method} {path}: {code} {text[:300]}")
        return json.loads(text)


def own_calls(client):
    """The eleven calls, and the three at construction, in the order of PyMISP."""
    wanted(client.json("GET", "servers/getVersion")["pymisp_recommended_version"], "no version")
    wanted("User" in client.json("GET", "users/view/me"), "nobody")
    wanted("ip-src" in client.json("GET", "attributes/describeTypes.json")["result"]["types"], "no types")
    wanted("message" in client.json("POST", "events/add", {"Event": {"info": "x"}}, 403), "add_event is not refused")
    wanted("message" in client.json("POST", "events/edit/1", {}, 403), "update_event is not refused")
    events = client.json("POST", "events/restSearch", {"returnFormat": "json", "published": True, "limit": 10, "page": 1})["response"]
    wanted(len(events) == 1, f"{len(events)} events")
    asked = {"returnFormat": "json", "type": "ip-src", "to_ids": True, "limit": 5, "page": 2}
    wanted(len(client.json("POST", "attributes/restSearch", asked)["response"]["Attribute"]) == 2, "the second page")
    wanted(client.json("POST", "attributes/restSearch", {**asked, "page": 3})["response"]["Attribute"] == [], "a page beyond the end")
    found = events[0]["Event"]["uuid"]
    wanted([row["uuid"] for row in client.json("POST", "events/index", {"published": True})] == [found], "the index")
    wanted(client.json("GET", f"events/view/{found}/deleted[]:0/excludeGalaxy:1")["Event"]["uuid"] == found, "get_event")
    code, _, body = client.ask("HEAD", f"events/view/{found}")
    wanted(code == 200 and body == b"", f"event_exists: {code} {body}")
    wanted(client.ask("HEAD", f"events/view/{found[:-1]}x")[0] == 404, "an event that is none")
    wanted("message" in client.json("POST", "sightings/add", {"value": "192.0.2.1"}, 403), "add_sighting is not refused")
    wanted("message" in client.json("POST", f"events/publish/{found}", {}, 403), "publish is not refused")
    wanted(client.json("POST", "events/restSearch", {"returnFormat": "stix2"})["type"] == "bundle", "stix2")
    wanted(client.json("GET", "servers/index") == [], "servers")


def pymisp_calls(root, token):
    try:
        from pymisp import MISPEvent, PyMISP
    except ImportError:
        print("PyMISP is not installed: its requests were made by hand")
        return
    misp = PyMISP(root, token, ssl=False)
    events = misp.search(controller="events", published=True, limit=10, page=1, pythonify=True)
    wanted(len(events) == 1 and isinstance(events[0], MISPEvent) and events[0].attributes, f"PyMISP: {events}")
    wanted(misp.event_exists(events[0].uuid), "PyMISP: event_exists")
    wanted("errors" in misp.add_event(events[0]), "PyMISP: add_event")


def feed(client):
    code, headers, text = client.ask("GET", "manifest.json")
    wanted(code == 200 and headers["ETag"], f"manifest: {code}")
    manifest = json.loads(text)
    for name, entry in manifest.items():
        code, _, file = client.ask("GET", name + ".json")
        wanted(hashlib.sha256(file).hexdigest() == entry["integrity:sha256"], "another hash than the manifest's")
        wanted(json.loads(file)["Event"]["timestamp"] == entry["timestamp"], "another timestamp")
    wanted(client.ask("GET", "manifest.json", headers={"If-None-Match": headers["ETag"]})[0] == 304, "no 304")
    lines = client.ask("GET", "hashes.csv")[2].decode().splitlines()
    wanted(f"{hashlib.md5(b'198.51.100.1').hexdigest()},{next(iter(manifest))}" in lines, f"hashes: {lines}")
    basic = "Basic " + base64.b64encode(b"anybody:" + client.token.encode()).decode()
    wanted(client.ask("GET", "manifest.json", authorization=basic)[0] == 200, "Basic does not do")
    wanted(client.ask("GET", "manifest.json", authorization="x" * 40)[0] == 401, "anybody may read")


def walk(tocsin):
    with tempfile.TemporaryDirectory() as name:
        folder, port, receiver = pathlib.Path(name), free_port(), Receiver(free_port())
        with Member(tocsin, folder, "one.example.org", "BR", port, more=FEED + PUSH % receiver.server_port) as one, \
                Member(tocsin, folder, "two.example.org", "PT", free_port()) as two:
            (one.home / "secrets").mkdir(mode=0o700, exist_ok=True)
            (one.home / "secrets" / "push").write_text(KEY)
            (one.home / "secrets" / "push").chmod(0o600)
            for node in (one, two):
                node.open(node.url)
            befriend(one, two)
            agree(one, two, folder)
            rows = [{"source.ip": f"198.51.100.{number}", "classification.type": "c2-server", "time.source": "2026-11-20T08:00:00+00:00",
                     "tlp": "GREEN"} for number in range(1, 8)]
            rows.append({**rows[0], "source.ip": HIDDEN, "tlp": "RED"})
            (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
            report = json.loads(one.verb("ingest", "--feed", "sensors", "--format", "intelmq", "--json", str(folder / "rows.jsonl")))["report"]
            token = json.loads(one.verb("partner", "token", two.member, "--json"))["token"]
            root = f"http://127.0.0.1:{port}/misp/"
            client = Client(root, token)
            one.wait_for(lambda: client.json("GET", "manifest.json"), "the feed has something", 60)
            own_calls(client)
            feed(client)
            pymisp_calls(root, token)
            for trace in (HIDDEN.encode(), hashlib.md5(HIDDEN.encode()).hexdigest().encode()):
                wanted(trace not in client.seen, "what is red was in an answer")
            one.wait_for(lambda: receiver.letters, "the push arrives", 60)
            wanted(not receiver.bad and receiver.refused == 1, f"signatures: {receiver.bad}")
            one.wait_for(lambda: not one.state_of(two)["pushes"][0]["waits"], "all has arrived", 60)
            stands = one.state_of(two)["pushes"]
            wanted(len(stands) == 1 and stands[0]["name"] == "receiver" and stands[0]["failures"] == 0 and stands[0]["sent"], f"how the push stands: {stands}")
            wanted("push receiver to http://" in one.verb("partner", "show", two.member), "the command line does not show it")
            wanted(any(check["name"] == "push receiver" and check["state"] == "ok" for check in one.json("/api/v1/health")["checks"]), "health does not show it")
            ids = {json.loads(line)["ID"] for _, body in receiver.letters for line in body.splitlines()}
            wanted(len(ids) == 7 and HIDDEN not in str(receiver.letters), f"the push: {receiver.letters}")
            releases = one.json(f"/api/v1/ledger?partner={two.member}&limit=200")["items"]
            vias = {row["body"]["via"] if "body" in row else json.dumps(row) for row in releases if row["kind"] == "release"}
            wanted(any("misp" in via for via in vias) and any("push" in via for via in vias), f"releases: {vias}")
            home = folder / "reader" / "home"
            (home / "secrets").mkdir(parents=True, mode=0o700)
            home.chmod(0o700)
            (home / "secrets" / "key").write_text(token)
            (home / "secrets" / "key").chmod(0o600)
            (home / "tocsin.toml").write_text(f'[feed.one]\ncollector = "misp_feed"\nformat = "misp"\nurl = "{root}"\nkey_secret = "key"\nallow_private = true\n'
                                              f'[feed.search]\ncollector = "misp_rest"\nformat = "misp"\nurl = "{root}"\nkey_secret = "key"\nallow_private = true\n')
            with Node(tocsin, home=home.parent) as reader:
                def events(of):
                    return [json.loads(line) for line in reader.run("events", f"feed={of}", "limit=100", "--json").stdout.splitlines()]
                for of in ("one", "search"):
                    reader.wait_for(lambda of=of: len(events(of)) == 7, f"the reader has what {of} brings", 60)
                wanted({event["tlp"] for event in events("one")} == {"green"}, "another marking")
                wanted({event["extra"]["misp_distribution"] for event in events("one")} == {"organisation"}, "another distribution")
                # What the server deletes goes at its readers, too.
                one.verb("reports", "withdraw", str(report), "--reason", "a sensor gone mad")
                one.wait_for(lambda: '"deleted":true' in client.ask("POST", "events/restSearch", {"deleted": [0, 1]})[2].decode(), "the attributes are deleted", 60)
                for of in ("one", "search"):
                    wanted(reader.run("feeds", "run", of).returncode == 0, f"feeds run {of}")
                    reader.wait_for(lambda of=of: not events(of), f"what {of} brought goes with the attributes", 60)
                noted = reader.run("audit", "list", "--json").stdout
                wanted(noted.count("event taken back") >= 14, "the audit does not say that it was taken back")
            wanted("as they were written" in one.verb("ledger", "verify"), "the ledger is not whole")
    print("MISP: feed, searches and what must be refused; read by another node, deleted there as here; a signed push, tried again")


def main():
    try:
        walk(sys.argv[1])
    except Failed as failed:
        print(failed)
        return 1
    return 0


sys.exit(main())
