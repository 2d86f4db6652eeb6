#!/usr/bin/env python3
"""Indicators from four kinds of files become one store: claims, look-up in stored events, marks, ends; while a node runs and without one.

usage: indicators_test.py TOCSIN
"""
import json
import pathlib
import signal
import sys
import tempfile

from node import Failed, Node, wanted

EVENTS = "".join(json.dumps({"classification.type": kind, "time.source": f"2026-11-0{day}T10:00:00Z", "source.ip": "192.0.2.7",
                             "source.url": "http://www.example.org/a", "feed.name": "told"}) + "\n"
                 for kind, day in (("infected-system", 1), ("scanner", 3)))
LIST = "# seen\n192.0.2.7\nhxxp://WWW.example[.]org/a\nevil[.]example.org\n192.0.2.53\nnot a value\n"
TABLE = "value,type,family,confidence,tlp,valid_until\n192.0.2.7,c2-server,Mirai,80,amber,2020-01-01\n192.0.2.9,phishing,,,green,2020-01-01\n"
STIX = {"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001", "objects": [
    {"type": "indicator", "spec_version": "2.1", "id": "indicator--00000000-0000-4000-8000-000000000001", "created": "2026-11-01T00:00:00.000Z",
     "modified": "2026-11-01T00:00:00.000Z", "pattern": pattern, "pattern_type": "stix", "valid_from": "2026-11-01T00:00:00Z"}
    for pattern in ("[ipv4-addr:value = '192.0.2.7']",)]}
MISP = {"Event": {"info": "a campaign", "Tag": [{"name": "tlp:red"}], "Attribute": [
    {"type": "ip-dst|port", "value": "192.0.2.8|443", "to_ids": True, "uuid": "11111111-0000-4000-8000-000000000001"},
    {"type": "domain", "value": "evil.example.org", "to_ids": True, "uuid": "11111111-0000-4000-8000-000000000002"},
    {"type": "domain", "value": "good.example.org", "to_ids": False}]}}
MANY = 12_000


def verb(node, *words, code=0, said=""):
    done = node.run(*words)
    wanted(done.returncode == code and said in done.stderr, f"tocsin {' '.join(words)}: {done.returncode} {done.stdout}{done.stderr}")
    return done.stdout


def indicators():
    with tempfile.TemporaryDirectory(prefix="tocsin-e2e-") as temporary:
        folder = pathlib.Path(temporary)
        lists = folder / "lists"
        lists.mkdir()
        (lists / "resolvers.json").write_text(json.dumps({"name": "Public resolvers", "description": "d", "version": 1, "type": "cidr",
                                                          "matching_attributes": ["ip-src", "ip-dst"], "list": ["192.0.2.53/32"]}))
        for name, text in (("list.txt", LIST), ("table.csv", TABLE), ("bundle.json", json.dumps(STIX)), ("event.json", json.dumps(MISP)),
                           ("events.jsonl", EVENTS), ("many.txt", "".join(f"h{i}.example.net\n" for i in range(MANY)))):
            (folder / name).write_text(text)
        node = Node(sys.argv[1], home=folder)
        node.home.mkdir(mode=0o700)
        (node.home / "tocsin.toml").write_text(f'[enrich]\nlocation_database = "off"\nwarninglists = "{lists}"\n')

        def show(value):
            return json.loads(verb(node, "indicators", "show", value, "--json"))

        def imported(name, *more):
            return json.loads(verb(node, "indicators", "import", str(folder / name), "--json", *more))

        with node:
            node.open(node.url)  # signs in
            verb(node, "ingest", "--format", "intelmq", "--feed", "told", str(folder / "events.jsonl"))
            done = imported("list.txt", "--source", "one", "--tlp", "green")
            wanted((done["format"], done["added"], done["known_good"], done["rejected"]) == ("list", 4, 1, 1), f"the list: {done}")
            (folder / "noise.txt").write_text("not an indicator\n<xml>\n")
            verb(node, "indicators", "import", str(folder / "noise.txt"), code=1, said="nothing in")
            done = imported("table.csv", "--source", "two")
            wanted((done["format"], done["added"], done["claims"]) == ("csv", 1, 2), f"the table: {done}")
            done = imported("bundle.json", "--source", "three")
            wanted((done["format"], done["added"], done["claims"]) == ("stix", 0, 1), f"the bundle: {done}")
            done = imported("event.json", "--source", "four")
            wanted((done["format"], done["skipped"], done["patterns"]) == ("misp", 1, 1), f"the event: {done}")
            node.wait_for(lambda: node.json("/api/v1/indicators")["due"] == 0, "all are looked up")

            one = show("192.0.2.7")
            wanted([claim["source"] for claim in one["claims"]] == ["feed:one", "feed:two", "feed:three"], f"its claims: {one}")
            wanted(one["corroboration"] == 2 and one["state"] == "active", f"one of three claims is over: {one}")
            seen = one["seen"][0]
            wanted((seen["source"], seen["count"], seen["types"]) == ("node", 2, ["infected-system", "scanner"]), f"in stored events: {seen}")
            wanted((seen["first"], seen["last"]) == ("2026-11-01T10:00:00Z", "2026-11-03T10:00:00Z"), f"when: {seen}")
            wanted(show("hxxp://www.example[.]org/a")["sightings"] == 2, "a URL in stored events")
            wanted(show("192.0.2.53")["known_good"] == "Public resolvers", "what is known as good is marked")
            wanted(show("evil.example.org")["tlp"] == "red", "the strictest claim marks it")
            wanted("192.0.2.9" in verb(node, "indicators", "list", "--state", "expired"), "an expired one stays listed")
            wanted("pattern" in verb(node, "indicators", "list", "--kind", "pattern"), "a pattern is listed")
            wanted(verb(node, "indicators", "list", "--q", "192.0.2.", "--json").count("\n") == 3, "by how they begin")

            wanted(json.loads(verb(node, "indicators", "sighting", "192.0.2.9", "--count", "3", "--json"))["sightings"] == 3, "a sighting")
            verb(node, "indicators", "false-positive", "192.0.2.9", code=2)
            wanted("false_positives" in verb(node, "indicators", "false-positive", "192.0.2.9", "--text", "ours"), "a false positive")
            wanted(json.loads(verb(node, "indicators", "expire", "evil.example.org", "--why", "over", "--json"))["state"] == "expired", "an end")
            verb(node, "indicators", "show", "nobody.example.org", code=1, said="no indicator")
            verb(node, "indicators", "import", str(folder / "none.txt"), code=1)
            verb(node, "indicators", "list", "--state", "lost", code=1, said="state")

            wanted(imported("many.txt", "--source", "many")["added"] == MANY, "a file of many transactions")
            node.process.send_signal(signal.SIGKILL)
            node.process.wait()

        # Without a node that runs; what a kill left is there, once.
        wanted(imported("many.txt", "--source", "many")["unchanged"] == MANY, "the same again after a kill")
        wanted(show("192.0.2.7")["seen"][0]["count"] == 2, "nothing is counted twice")
        verb(node, "subject", "192.0.2.7", "erase", "--reason", "asked")
        verb(node, "indicators", "show", "192.0.2.7", code=1, said="no indicator")
        wanted(imported("list.txt", "--source", "one")["erased"] == 1, "who was erased is not heard of")


def main():
    try:
        indicators()
    except Failed as failed:
        print(failed)
        return 1
    print("a list, a table, a bundle and an event: claims joined, looked up, ended, erased")
    return 0


if __name__ == "__main__":
    sys.exit(main())
