#!/usr/bin/env python3
"""Two nodes come to know each other, agree and suspend, and one cuts the other off.

usage: partners_test.py TOCSIN
"""
import pathlib
import sys
import tempfile

from members import Member, agree, befriend, free_port
from node import Failed, wanted


def suspend(one, other):
    other.verb("agreement", "suspend", "one.two", "--why", "an incident here")
    one.wait_for(lambda: one.agreement()["standing"] == "suspended", "the suspension arrives", 60)
    one.verb("agreement", "resume", "one.two", refused="suspended")
    other.verb("agreement", "resume", "one.two")
    one.wait_for(lambda: one.agreement()["standing"] == "active", "it holds again", 60)


def partners(tocsin):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Member(tocsin, folder, "one.example.org", "BR", free_port()) as one, \
                Member(tocsin, folder, "two.example.org", "PT", free_port()) as other:
            for node in (one, other):
                node.open(node.url)
            befriend(one, other)
            agree(one, other, folder)
            suspend(one, other)
            one.verb("partner", "stop", other.member, "--why", "a test of stopping")
            wanted(one.state_of(other)["state"] == "stopped", "it is not stopped")
            other.verb("agreement", "suspend", "one.two", "--why", "nobody hears this")
            wanted(one.agreement()["standing"] != "suspended", "a stopped partner was heard")
            for node in (one, other):
                wanted("as they were written" in node.verb("ledger", "verify"), "the ledger is not whole")
    print("two members: invited, compared, agreed by two persons on each side, suspended and resumed, stopped")


def main():
    try:
        partners(sys.argv[1])
    except Failed as failed:
        print(failed)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
