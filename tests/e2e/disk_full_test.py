#!/usr/bin/env python3
"""A node on a disk that fills up: intake stops and says so, nothing acknowledged is lost, and it goes on when space is back.

usage: disk_full_test.py TOCSIN
The disk is a tmpfs of its own, in a mount namespace of its own; ends with 77 (skipped) where none can be made.
"""
import errno
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

from node import Failed, Node, wanted

DISK_MB = 420  # the node stops intake below 200 MB
SKIPPED = 77


def report(path, first, rows):
    with path.open("w") as file:
        for i in range(first, first + rows):
            file.write(f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}\n")
    return str(path)


def fill(disk, leave_mb):
    """A file that leaves so much."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    ballast = disk / "ballast"
    try:
        with ballast.open("ab", buffering=0) as file:
            left = free - (leave_mb << 20)
            while left > 0:
                left -= file.write(bytes(min(left, 1 << 20)))
    except OSError as error:  # full to the last byte
        if error.errno != errno.ENOSPC:
            raise
    return ballast


def ingest(node, *files):
    return node.run("ingest", "--format", "ip_list", "--feed", "by-hand", "--json", *files)


def stored(node):
    rows = node.run("events", "feed=by-hand", "limit=10000000", "--json")
    wanted(rows.returncode == 0, f"events: {rows.stderr}")
    return len(rows.stdout.splitlines())


def intake_says(node):
    return next(check for check in node.json("/api/v1/health")["checks"] if check["name"] == "intake")


def refuses_and_resumes(node, disk, reports):
    first = ingest(node, report(reports / "first.txt", 0, 1000))
    wanted(first.returncode == 0, f"the first report: {first.stderr}")
    ballast = fill(disk, 100)
    refused = ingest(node, report(reports / "second.txt", 1000, 1000))
    wanted(refused.returncode != 0 and "nearly full" in refused.stderr, f"on a full disk, ingest said: {refused.stderr}")
    said = intake_says(node)
    wanted(said["state"] == "wrong" and "nearly full" in said["text"], f"health says {said}")
    wanted(stored(node) == 1000, "the acknowledged report is not whole")
    ballast.unlink()
    again = ingest(node, str(reports / "second.txt"))
    wanted(again.returncode == 0, f"after space is back: {again.stderr}")
    wanted(intake_says(node)["state"] == "ok", f"health still says {intake_says(node)}")
    wanted(stored(node) == 2000, f"{stored(node)} events instead of 2000")


def waits_in_the_middle(node, disk, reports):
    """The disk fills to the last byte while a report is being read: it waits, and is whole in the end."""
    rows = 400_000
    path = report(reports / "large.txt", 1 << 20, rows)
    answers = []
    reader = threading.Thread(target=lambda: answers.append(
        subprocess.run([node.tocsin, "ingest", "--format", "ip_list", "--feed", "by-hand", "--json", "--home", str(node.home), path],
                       text=True, capture_output=True, timeout=240)))
    reader.start()
    node.wait_for(lambda: node.json("/api/v1/events?limit=1&q=" + "ip:10.16.0.0/14")["items"], "the first events of the large report")
    ballast = fill(disk, 0)
    full = os.statvfs(disk).f_bavail
    reader.join(4)
    waited = reader.is_alive()
    status, _, _ = node.open("/healthz")
    wanted(status == 200, f"/healthz on a full disk: {status}")
    ballast.unlink()
    reader.join(240)
    wanted(answers and answers[0].returncode == 0, f"the large report: {answers and answers[0].stderr}")
    acknowledged = json.loads(answers[0].stdout)
    wanted(acknowledged["events"] == rows, f"the large report: {acknowledged}")
    wanted(stored(node) == 2000 + rows, f"{stored(node)} events instead of {2000 + rows}")
    print(f"filled to {full} blocks in the middle of a report; it {'waited' if waited else 'had ended before'}")


def disk_full(tocsin):
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as reports:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", folder], check=True)
        disk, reports = pathlib.Path(folder), pathlib.Path(reports)
        try:
            with Node(tocsin, home=disk) as node:
                node.open(node.url)
                refuses_and_resumes(node, disk, reports)
                waits_in_the_middle(node, disk, reports)
                before = stored(node)
                wanted(node.stop() == 0, "the node did not end with 0:\n" + "".join(node.said))
                node.url = None
                node.start()
                wanted(stored(node) == before, "after a restart the events are others")
                wanted(node.stop() == 0, "the second time the node did not end with 0")
        finally:
            subprocess.run(["umount", folder], check=True)


def in_a_namespace_of_its_own(program, test):
    """The exit status of test(tocsin), run where disks may be mounted that nobody else sees."""
    if "--inside" not in sys.argv:
        alone = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        if subprocess.run([*alone, "mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()], capture_output=True).returncode != 0:
            print("skipped: no disk of its own can be made here")
            return SKIPPED
        return subprocess.run([*alone, sys.executable, program, sys.argv[1], "--inside"]).returncode
    try:
        test(sys.argv[1])
    except Failed as failed:
        print(f"{test.__name__}: {failed}\n0 passed, 1 failed")
        return 1
    print("1 passed, 0 failed")
    return 0


def main():
    return in_a_namespace_of_its_own(__file__, disk_full)


if __name__ == "__main__":
    sys.exit(main())
