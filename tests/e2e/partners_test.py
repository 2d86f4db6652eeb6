#!/usr/bin/env python3
"""Two nodes come to know each other, agree and suspend, and one cuts the other off.

usage: partners_test.py TOCSIN
"""
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import urllib.request

from node import Failed, Node, wanted


class Member(Node):
    """A node that is a member of a network; its port is known before it starts."""

    def __init__(self, tocsin, folder, member, country, port, more=""):
        super().__init__(tocsin, home=folder / member, arguments=())
        self.member, self.country = member, country
        self.home.mkdir(parents=True, mode=0o700)
        (self.home / "tocsin.toml").write_text(
            f'[node]\nname = "CERT {country}"\ncountry = "{country}"\n[server]\nport = {port}\n'
            f'[share]\nmember = "{member}"\nurl = "http://127.0.0.1:{port}"\n{more}')

    def verb(self, *words, refused=""):
        """What a verb prints; or, if it is to be refused, that it says so."""
        done = self.run(*words)
        if refused:
            wanted(done.returncode == 1 and refused in done.stderr, f"tocsin {' '.join(words)}: {done.returncode} {done.stderr}")
        else:
            wanted(done.returncode == 0, f"tocsin {' '.join(words)}: {done.returncode} {done.stderr}")
        return done.stdout

    def state_of(self, other):
        return json.loads(self.verb("partner", "show", other.member, "--json"))

    def agreement(self):
        return json.loads(self.verb("agreement", "show", "one.two", "--json"))


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def befriend(one, other):
    code = one.verb("partner", "invite", "--note", "a test").strip()
    other.verb("partner", "join", code[:40] + ("A" if code[40] != "A" else "B") + code[41:], refused="letter by letter")
    one.verb("partner", "join", code, refused="own")
    other.verb("partner", "join", code)
    fingerprint = other.state_of(one)["fingerprint"]
    wanted(one.state_of(other)["fingerprint"] == fingerprint, "the two sides show different fingerprints")
    one.verb("partner", "compare", other.member, "11111 22222 33333 44444 55555", refused="fingerprint")
    for here, there in ((one, other), (other, one)):
        wanted(here.state_of(there)["state"] == "to-compare", f"before comparing: {here.state_of(there)}")
        here.verb("partner", "compare", there.member, fingerprint)
        wanted(here.state_of(there)["state"] == "compared", f"after comparing: {here.state_of(there)}")


def signed_by_two(node):
    """The node's owner at the command line, and another person by a token of their own."""
    node.verb("agreement", "sign", "one.two")
    wanted(node.agreement()["wanted_by"], "nobody wants it")
    start = json.loads(node.verb("user", "add", "second", "--role", "agreement-editor", "--json"))["start_password"]
    person = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def ask(path, body):
        csrf = ask.csrf
        request = urllib.request.Request(node.root + path, data=json.dumps(body).encode(), method="POST",
                                         headers={"Content-Type": "application/json", **({"X-CSRF-Token": csrf} if csrf else {})})
        with person.open(request, timeout=20) as answer:
            return answer.read()

    ask.csrf = ""
    ask("/api/v1/session", {"user": "second", "password": start})
    with person.open(node.root + "/api/v1/session", timeout=20) as answer:
        ask.csrf = json.loads(answer.read())["csrf"]
    ask("/api/v1/profile/password", {"old_password": start, "new_password": "a long enough phrase of the second"})
    with person.open(node.root + "/api/v1/session", timeout=20) as answer:
        ask.csrf = json.loads(answer.read())["csrf"]
    ask(f"/api/v1/agreements/{node.agreement()['address']}/sign", {})


def agree(one, other, folder):
    parties = []
    for side in (one, other):
        says = side.json("/api/v1/partners")["self"]
        parties += ["--party", f"id={says['member']}; name={says['name']}; country={says['country']}; key={says['key']}; mail=soc@example.org"]
    path = str(folder / "agreement.toml")
    made = subprocess.run([one.tocsin, "agreement", "new", "--template", "open", "--id", "one.two", *parties, "--until", "2030-01-01", "--out", path],
                          text=True, capture_output=True)
    wanted(made.returncode == 0, f"agreement new: {made.stderr}")
    one.verb("agreement", "propose", path)
    wanted("one.two" not in other.verb("agreement", "list"), "it went before a second person wanted it")
    for side in (one, other):
        side.wait_for(lambda side=side: "one.two" in side.verb("agreement", "list"), "the proposal arrives", 60)
        wanted(side.agreement()["standing"] == "proposed", f"before it is signed: {side.agreement()}")
        signed_by_two(side)
    for side in (one, other):
        side.wait_for(lambda side=side: side.agreement()["standing"] == "active", "both have signed", 60)


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
