#!/usr/bin/env python3
"""Three members share: what may go arrives, once, whatever way round; what is taken back goes everywhere; both ledgers say the same.

usage: exchange_test.py TOCSIN
"""
import json
import pathlib
import sys
import tempfile

from members import Member, agree, befriend, free_port
from node import Failed, wanted

FEED = """[feed.sensors]
collector = "directory"
format = "intelmq"
path = "/nowhere"
pattern = "none"
terms = { redistribution = "yes" }
"""


def address(number):
    return f"198.51.{100 + number // 250}.{number % 250 + 1}"


def events(first, count, tlp):
    return [{"source.ip": address(number), "classification.type": "infected-system", "malware.name": "mirai",
             "time.source": "2026-11-20T08:00:00+00:00", "tlp": tlp} for number in range(first, first + count)]


class Sharer(Member):
    def __init__(self, *of):
        super().__init__(*of, more=FEED)

    def take(self, name, rows):
        path = self.home / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return json.loads(self.verb("ingest", "--feed", "sensors", "--format", "intelmq", "--json", str(path)).splitlines()[-1])

    def has(self, feed=""):
        """The addresses of all events, or of one feed's."""
        said = self.verb("events", *([f"feed={feed}"] if feed else []), "limit=5000", "--json")
        return sorted(json.loads(line)["source"]["ip"] for line in said.splitlines())

    def received(self, other):
        """Entries of our ledger: what we released to it, and what it said it got."""
        rows = self.json(f"/api/v1/ledger?partner={other.member}&limit=200")["items"]
        return [row for row in rows if row["kind"] == "outcome"], [row for row in rows if row["kind"] == "release"]


def exchange(tocsin):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Sharer(tocsin, folder, "one.example.org", "BR", free_port()) as one, Sharer(tocsin, folder, "two.example.org", "PT", free_port()) as two, \
                Sharer(tocsin, folder, "three.example.org", "JP", free_port()) as three:
            ring = (one, two), (two, three), (three, one)
            for node in (one, two, three):
                node.open(node.url)
            for a, b in ring:
                befriend(a, b)
                agree(a, b, folder, f"{a.country}.{b.country}".lower())
            told = one.take("first.jsonl", events(0, 200, "GREEN") + events(200, 20, "AMBER") + events(300, 10, "RED"))
            green = sorted(address(number) for number in range(200))
            for node in (two, three):
                node.wait_for(lambda node=node: len(node.has("partner.one.example.org")) == 200, f"{node.member} has what one may give it", 60)
                wanted(node.has("partner.one.example.org") == green, f"{node.member} has something else")
            two.take("second.jsonl", events(1000, 50, "CLEAR"))
            one.wait_for(lambda: len(one.has("partner.two.example.org")) >= 50, "one has what two gives it", 60)
            # Round the ring nothing grows.
            for node in (one, two, three):
                wanted(len(set(node.has())) == len(node.has()), f"{node.member} has something twice: {len(node.has())} events, {len(set(node.has()))} different")
            wanted(one.has("sensors") == sorted(address(number) for number in [*range(220), *range(300, 310)]),
                   "one no longer has its own")
            # Both sides say the same of what went.
            def answered():
                outcomes, releases = one.received(two)
                return releases and len([row for row in outcomes if "received" in json.dumps(row)]) == len(releases)
            one.wait_for(answered, "two's receipts are in one's ledger", 60)
            here, there = (a.json(f"/api/v1/ledger/reciprocity?partner={b.member}") for a, b in ((one, two), (two, one)))
            wanted(json.dumps(here).count('"items"') > 0, f"no figures: {here}")
            mirrored(here, there)
            one.verb("reports", "withdraw", str(told["report"] if "report" in told else told["reports"][0]), "--reason", "a sensor gone mad")
            for node in (two, three):
                node.wait_for(lambda node=node: not node.has("partner.one.example.org"), f"{node.member} has taken it back too", 90)
            wanted(len(two.has("sensors")) == 50, "two lost its own")
            one.verb("partner", "stop", two.member, "--why", "a test of stopping")
            one.take("third.jsonl", events(2000, 10, "GREEN"))
            three.wait_for(lambda: len(three.has("partner.one.example.org")) == 10, "three still gets what comes", 60)
            wanted(not two.has("partner.one.example.org"), "a stopped partner got something")
            for node in (one, two, three):
                wanted("as they were written" in node.verb("ledger", "verify"), f"the ledger of {node.member} is not whole")
    print("three members: what may go arrived once, receipts and figures mirrored, taken back everywhere, stopped")


def mirrored(here, there):
    """One's given is the other's received."""
    def items(answer, side):
        found = answer if side in answer else answer["items"][0]
        return found[side]["items"], found[side]["taken"]
    wanted(items(here, "given") == items(there, "received"), f"one gave {items(here, 'given')}, two got {items(there, 'received')}")
    wanted(items(here, "given")[0] > 0, "nothing was counted")


def main():
    try:
        exchange(sys.argv[1])
    except Failed as failed:
        print(failed)
        return 1
    return 0


sys.exit(main())
