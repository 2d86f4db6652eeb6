#!/usr/bin/env python3
"""A member's disk fills up while it reads from a partner and is posted to: nothing that was acknowledged is lost, and it goes on after.

usage: member_disk_full_test.py TOCSIN
The disk is a tmpfs of its own, in a mount namespace of its own; ends with 77 (skipped) where none can be made.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import uuid

from disk_full_test import fill, in_a_namespace_of_its_own
from members import Member, agree, befriend, free_port
from node import wanted

DISK_MB = 420  # the node stops intake below 200 MB
MEDIA = "application/taxii+json;version=2.1"
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
FEED = """[feed.sensors]
collector = "directory"
format = "intelmq"
path = "/nowhere"
pattern = "none"
terms = { redistribution = "yes" }
"""


def take(node, name, first, count):
    path = node.home / name
    path.write_text("".join(json.dumps({"source.ip": f"198.51.{number // 250}.{number % 250 + 1}", "classification.type": "infected-system",
                                        "time.source": "2026-11-20T08:00:00+00:00", "tlp": "GREEN"}) + "\n" for number in range(first, first + count)))
    node.verb("ingest", "--feed", "sensors", "--format", "intelmq", str(path))


def came(node):
    return [json.loads(line)["source"]["ip"] for line in node.verb("events", "feed=partner.one.example.org", "limit=50000", "--json").splitlines()]


class Poster:
    """A program of the member `one` that posts to the inbox of `two`, and remembers what `two` called a success."""

    def __init__(self, two, token):
        self.two, self.acknowledged = two, set()
        self.headers = {"Authorization": "Bearer " + token, "Accept": MEDIA, "Content-Type": MEDIA}
        listed = two.json("/taxii2/tocsin/collections/", headers=self.headers)["collections"]
        self.path = next(f"/taxii2/tocsin/collections/{one['id']}/objects/" for one in listed if one.get("alias") == "inbox")

    def post(self, first, count):
        """The HTTP status and body."""
        objects = [{"type": "indicator", "spec_version": "2.1", "id": f"indicator--{uuid.uuid5(uuid.NAMESPACE_URL, str(number))}",
                    "created": "2026-11-20T08:00:00.000Z", "modified": "2026-11-20T08:00:00.000Z", "valid_from": "2026-11-20T08:00:00Z",
                    "pattern_type": "stix", "pattern": f"[domain-name:value = 'host-{number}.example.net']", "object_marking_refs": [GREEN],
                    "indicator_types": ["malicious-activity"]} for number in range(first, first + count)]
        status, _, body = self.two.open(self.path, headers=self.headers, data=json.dumps({"objects": objects}).encode(), method="POST")
        if status == 202:
            self.acknowledged.update(one["id"] for one in json.loads(body).get("successes", []))
        return status, body


def fills(one, two, disk, poster):
    take(one, "first.jsonl", 0, 500)
    two.wait_for(lambda: len(came(two)) == 500, "the first events arrive", 60)
    wanted(poster.post(0, 50)[0] == 202, "the first POST is not taken")
    ballast = fill(disk, 60)
    take(one, "second.jsonl", 500, 500)
    status, body = poster.post(50, 50)
    wanted(status in (503, 507), f"a POST to a full disk: {status} {body[:200]}")
    two.wait_for(lambda: any(check["state"] == "wrong" and "full" in check["text"] for check in two.json("/api/v1/health")["checks"]), "health says that the disk is full", 30)
    wanted(len(came(two)) == 500, "something was taken in on a full disk")
    ballast.unlink()
    two.wait_for(lambda: len(came(two)) == 1000, "what waited arrives", 120)
    wanted(poster.post(50, 50)[0] == 202, "a POST is not taken after")


def fills_to_the_last_byte(one, two, disk, poster):
    """While pages come and posts are written."""
    take(one, "third.jsonl", 1000, 8000)
    two.wait_for(lambda: len(came(two)) > 1000, "the first of the third report arrive", 60)
    ballast = fill(disk, 0)
    statuses = [poster.post(100 + 20 * turn, 20)[0] for turn in range(10)]
    wanted(two.open("/healthz")[0] == 200, "/healthz on a full disk")
    wanted(two.process.poll() is None, "the node ended: " + "".join(two.said[-20:]))
    ballast.unlink()
    two.wait_for(lambda: len(came(two)) >= 9000, "everything arrives once there is space", 180)
    two.wait_for(lambda: poster.post(100, 200)[0] == 202, "posts are taken again", 60)
    return statuses


def disk_full(tocsin):
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as mounted:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", mounted], check=True)
        folder, disk = pathlib.Path(name), pathlib.Path(mounted)
        try:
            with Member(tocsin, folder, "one.example.org", "BR", free_port(), FEED) as one, Member(tocsin, disk, "two.example.org", "PT", free_port()) as two:
                for node in (one, two):
                    node.open(node.url)
                befriend(one, two)
                agree(one, two, folder)
                poster = Poster(two, json.loads(two.verb("partner", "token", one.member, "--json"))["token"])
                fills(one, two, disk, poster)
                statuses = fills_to_the_last_byte(one, two, disk, poster)

                def whole():
                    have = came(two)
                    wanted(len(have) == 9000 and len(set(have)) == 9000, f"{len(have)} events, {len(set(have))} different")
                    claims = {row["value"] for row in two.json("/api/v1/indicators?limit=1000")["items"]}
                    wanted(len(poster.acknowledged) == 300 and claims == {f"host-{number}.example.net" for number in range(300)},
                           f"{len(poster.acknowledged)} were acknowledged, {len(claims)} are there")
                    for node in (one, two):
                        wanted("as they were written" in node.verb("ledger", "verify"), f"the ledger of {node.member} is not whole")

                whole()
                wanted(two.stop() == 0, "it did not end with 0:\n" + "".join(two.said[-20:]))
                two.url = None
                two.start()
                two.open(two.url)
                whole()
        finally:
            subprocess.run(["umount", "-l", mounted], check=True)
    print(f"a full disk of a member: nothing lost, everything once; posts on a disk that is full to the last byte were answered by {sorted(set(statuses))}")


def main():
    return in_a_namespace_of_its_own(__file__, disk_full)


if __name__ == "__main__":
    sys.exit(main())
