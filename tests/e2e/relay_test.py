#!/usr/bin/env python3
"""What one member sends the next passes on, octet by octet, to whom the agreement it came under lets it; round the ring it ends.

usage: relay_test.py TOCSIN
"""
import json
import pathlib
import sqlite3
import sys
import tempfile
import urllib.request

from members import Member, agree, befriend, free_port
from node import Failed, wanted

MEDIA = "application/taxii+json;version=2.1"
CANARY = "CANARY-7d21"
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"  # OASIS cti-stix-common-objects
AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
STATEMENT = "marking-definition--00000000-0000-4000-8000-0000000000aa"
DEFINITION = (f'{{"type":"marking-definition", "spec_version":"2.1","id":"{STATEMENT}","created":"2026-11-01T00:00:00.000Z",'
              '"definition_type":"statement","definition":{"statement":"who reads this owes us a coffee"}}')


class Program:
    """Another program of a member, which speaks TAXII with a partner's node by the token that the two agreed on."""

    def __init__(self, member, partner):
        self.token = json.loads(partner.verb("partner", "token", member.member, "--json"))["token"]
        self.partner = partner

    def ask(self, path, body=None):
        request = urllib.request.Request(self.partner.root + path, data=body, method="POST" if body else "GET", headers={
            "Authorization": "Bearer " + self.token, "Accept": MEDIA, **({"Content-Type": MEDIA} if body else {})})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode()

    def objects(self, alias):
        all_of_them = json.loads(self.ask("/taxii2/tocsin/collections/"))["collections"]
        return f"/taxii2/tocsin/collections/{next(one['id'] for one in all_of_them if one.get('alias') == alias)}/objects/"

    def post(self, *objects):
        said = json.loads(self.ask(self.objects("inbox"), ('{"objects":[' + ",".join(objects) + "]}").encode()))
        wanted(said["failure_count"] == 0, f"refused: {said}")

    def page(self):
        return self.ask(self.objects("shared") + "?limit=1000")

    def identity(self):
        """Of the node that is asked, as it says itself."""
        return next(one["id"] for one in json.loads(self.page())["objects"] if one["type"] == "identity")


def written(number, creator, markings=(GREEN,), version="2026-11-02T00:00:00.000Z", more=""):
    """As no writer of ours would spell it, with what nobody knows."""
    marked = ", ".join(f'"{one}"' for one in markings)
    return (f'{{ "type" : "malware", "spec_version":"2.1","id":"malware--00000000-0000-4000-8000-{number:012}",  "created_by_ref":"{creator}",'
            f'"created":"2026-11-01T00:00:00.000Z","modified":"{version}", "object_marking_refs":[{marked}],{more}"is_family":true,'
            f'"x_acme_score" : 1.250e1, "extensions":{{"extension-definition--00000000-0000-4000-8000-0000000000ee":'
            f'{{"extension_type":"property-extension","shade":"\\u00e9t\\u00e9"}}}},"name":"number {number}" }}')


def kept(node):
    """What it has of others, as it came: by id."""
    with sqlite3.connect(f"file:{node.home}/journal.db?mode=ro", uri=True) as db:
        return {row[0]: row[1].decode() for row in db.execute("SELECT id, bytes FROM foreign_objects ORDER BY at")}


def explained(node, to, number):
    body = json.dumps({"item": f"malware--00000000-0000-4000-8000-{number:012}", "partner": to.member}).encode()
    csrf = node.json("/api/v1/session")["csrf"]
    return node.json("/api/v1/agreements/explain", data=body, method="POST", headers={"Content-Type": "application/json", "X-CSRF-Token": csrf})


def relay(tocsin):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def member(which, country):
            return Member(tocsin, folder, f"{which}.example.org", country, free_port())
        with member("one", "BR") as one, member("two", "PT") as two, member("three", "JP") as three, member("four", "KE") as four:
            for node in (one, two, three, four):
                node.open(node.url)
            changed = {one: lambda text: text.replace('max_tlp = "green"', 'max_tlp = "amber"'),
                       four: lambda text: text.replace('onward = "same-terms"', 'onward = "none"')}
            for a, b in ((one, two), (two, three), (three, one), (four, two)):
                befriend(a, b)
                agree(a, b, folder, f"{a.country}.{b.country}".lower(), changed=changed.get(a))
            ones, fours = Program(one, two), Program(four, two)
            of_one = Program(two, one).identity()
            of_three, of_four = Program(one, three).identity(), Program(two, four).identity()
            first, marked = written(1, of_one), written(2, of_one, (GREEN, STATEMENT))
            ones.post(DEFINITION, marked, first, written(3, of_one, (AMBER,), more=f'"x_a":"{CANARY}",'),
                      written(4, of_three, more=f'"x_a":"{CANARY}",'), written(5, of_one, more=f'"x_a":"{CANARY}","description":"jane@example.org",'))
            fours.post(written(6, of_four, more=f'"x_a":"{CANARY}",'))
            three.wait_for(lambda: len([id for id in kept(three) if id.startswith("malware--")]) == 2, "three has what two passes on", 60)
            has = kept(three)
            wanted(has.get("malware--00000000-0000-4000-8000-000000000001") == first, f"not octet by octet: {has}")
            wanted(has.get("malware--00000000-0000-4000-8000-000000000002") == marked, f"not octet by octet: {has}")
            wanted(has.get(STATEMENT) == DEFINITION, "the definition of its marking did not come along")
            wanted(len([id for id in has if id.startswith("malware--")]) == 2, f"three has something else: {sorted(has)}")
            wanted(CANARY not in Program(three, two).page(), "what must not go on is on three's page")
            # Round the ring it ends: nobody gives one what one made.
            wanted(not [id for id in kept(one) if id.startswith("malware--")], f"it came back: {sorted(kept(one))}")
            wanted("malware--" not in Program(one, three).page(), "three offers it to who made it")
            # Whoever asks is told which clause it is.
            went, stays = explained(two, three, 1), explained(two, three, 6)
            wanted(went["released"], f"it went: {went}")
            wanted(not stays["released"] and "clause 13" in stays["items"][0]["decision"]["sentence"], f"why it stays: {stays}")
            wanted("clause 4" in explained(two, three, 3)["items"][0]["decision"]["sentence"], "amber is beyond the marking")
            wanted("clause 12" in explained(two, three, 5)["items"][0]["decision"]["sentence"], "an account would be taken out")
            wanted("made it itself" in explained(two, three, 4)["hindrance"], "it is three's own")
            releases = [row for row in two.json(f"/api/v1/ledger?partner={three.member}&limit=200")["items"] if row["kind"] == "release"]
            wanted(any("indicator" in json.dumps(row) for row in releases), f"no leaf of it: {releases}")
            # Its author takes it back, and that goes the same way.
            revoked = written(1, of_one, version="2026-11-03T00:00:00.000Z", more='"revoked":true,')
            ones.post(revoked)
            three.wait_for(lambda: kept(three)["malware--00000000-0000-4000-8000-000000000001"] == revoked, "three hears that it is revoked", 60)
            wanted(first not in Program(three, two).page(), "the version before it is still offered")
            # A report that is withdrawn takes with it what came in it.
            reports = [row for row in two.json("/api/v1/reports?limit=100")["items"] if row["feed"] == "partner.four.example.org" and row["name"] == "inbox.json"]
            report = reports[0]["id"]
            two.verb("reports", "withdraw", str(report), "--reason", "a test")
            wanted("malware--00000000-0000-4000-8000-000000000006" not in kept(two), "what it brought is still there")
            for node in (one, two, three, four):
                wanted("as they were written" in node.verb("ledger", "verify"), f"the ledger of {node.member} is not whole")
    print("four members: passed on octet by octet where the agreement lets, ended at who made it, explained, taken back")


def main():
    try:
        relay(sys.argv[1])
    except Failed as failed:
        print(failed)
        return 1
    return 0


sys.exit(main())
