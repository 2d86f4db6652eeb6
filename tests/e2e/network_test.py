#!/usr/bin/env python3
"""Members on a network that breaks: each in a network namespace, over TLS; links are cut, flap and get slow, nodes are killed.
After it heals each has exactly what each partner may give it, once, both ledgers say the same, in bounded time and bytes.

usage: network_test.py TOCSIN [--members N] [--rounds N] [--seed N] [--rate KBIT]
Needs root for the namespaces; exits with 77 where they cannot be made. Prints time and bytes.
"""
import argparse
import itertools
import json
import os
import pathlib
import random
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from members import Member, agree, befriend
from node import Failed, wanted

FEED = """[feed.sensors]
collector = "directory"
format = "intelmq"
path = "/nowhere"
pattern = "none"
terms = { redistribution = "yes" }
"""
HEAL_MAX_S = 120
# Of one delivered event on the wire of its receiver, statements, receipts and TLS with it; and of a partner, whatever is said.
EVENT_BYTES_MAX, PARTNER_BYTES_MAX = 30_000, 4 << 20


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Placed(Member):
    """A member in a namespace of its own, with a certificate of its own."""

    def __init__(self, tocsin, folder, number):
        self.number, self.space, self.address = number, f"m{number}", f"10.77.{number // 250}.{number % 250 + 1}"
        ip("netns", "add", self.space)
        ip("link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0", "netns", self.space)
        ip("link", "set", f"v{number}", "master", "net", "up")
        ip("-n", self.space, "addr", "add", f"{self.address}/16", "dev", "eth0")
        for device in ("lo", "eth0"):
            ip("-n", self.space, "link", "set", device, "up")
        key, certificate = folder / f"{number}.key", folder / f"{number}.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN={self.address}",
                        "-addext", f"subjectAltName=IP:{self.address}", "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        # Feeds and shares are written by the base class, which this node's address and certificate go before.
        super().__init__(tocsin, folder, f"m{number}.example.org", "BR" if number % 2 else "PT", 8420, more=f"allow_private = true\n{FEED}")
        file = self.home / "tocsin.toml"
        file.write_text(file.read_text().replace("[server]\n", f'[server]\nlisten = "{self.address}"\nhost_names = ["{self.address}"]\n'
                                                 f'certificate_file = "{certificate}"\nkey_file = "{key}"\n')
                        .replace("http://127.0.0.1", f"https://{self.address}"))
        self.before = ["ip", "netns", "exec", self.space]
        self.given = {}  # number of an event: its marking, of what was acknowledged
        self.sent = 0
        self.busy = threading.Lock()  # one that is killed is not fed meanwhile

    def give(self, draw):
        """Takes in a report of a few events; what is not acknowledged is given again."""
        tlp = draw.choice(["CLEAR", "GREEN", "GREEN", "GREEN", "AMBER", "RED"])
        first, count = self.number * 100_000 + self.sent, draw.randint(1, 40)
        self.sent += count
        path = self.home / f"{first}.jsonl"
        path.write_text("".join(json.dumps({"source.ip": f"198.{18 + (n >> 16)}.{n >> 8 & 255}.{n & 255}", "classification.type": "infected-system", "malware.name": "mirai",
                                            "time.source": "2026-11-20T08:00:00+00:00", "tlp": tlp}) + "\n" for n in range(first, first + count)))
        with self.busy:
            self.verb("ingest", "--feed", "sensors", "--format", "intelmq", str(path))
        self.given.update({f"198.{18 + (n >> 16)}.{n >> 8 & 255}.{n & 255}": tlp for n in range(first, first + count)})

    def may_have(self):
        """The addresses that the agreements let each partner have: all marked GREEN or below, by the template "open"."""
        return sorted(address for address, tlp in self.given.items() if tlp in ("CLEAR", "GREEN"))

    def has_of(self, other):
        said = self.verb("events", f"feed=partner.{other.member}", "limit=100000", "--json")
        return sorted(json.loads(line)["source"]["ip"] for line in said.splitlines())

    def crash(self):
        with self.busy:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.url = None
            self.start()
            self.open(self.url)

    def received_bytes(self):
        return int(subprocess.run(["ip", "netns", "exec", self.space, "cat", "/sys/class/net/eth0/statistics/rx_bytes"],
                                  check=True, capture_output=True, text=True).stdout)


class Net:
    def __init__(self, members, pairs, rate):
        self.members, self.pairs, self.rate, self.cuts = members, pairs, rate, set()

    def cut(self, one, other):
        for here, there in ((one, other), (other, one)):
            ip("-n", here.space, "route", "replace", "blackhole", there.address)
        self.cuts.add((one, other))

    def mend(self, one, other):
        for here, there in ((one, other), (other, one)):
            ip("-n", here.space, "route", "del", "blackhole", there.address)
        self.cuts.remove((one, other))

    def slow(self, member):
        subprocess.run(["tc", "-n", member.space, "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", f"{self.rate}kbit", "burst", "16k", "latency", "400ms"],
                       check=True, capture_output=True)

    def swift(self, member):
        subprocess.run(["tc", "-n", member.space, "qdisc", "del", "dev", "eth0", "root"], check=False, capture_output=True)

    def heal(self):
        for pair in list(self.cuts):
            self.mend(*pair)
        for member in self.members:
            self.swift(member)

    def disturb(self, draw):
        """One thing that happens to networks; says what."""
        what = draw.choice(["partition", "flap", "slow", "kill", "kill"])
        if what == "partition":
            side = set(draw.sample(self.members, draw.randint(1, len(self.members) - 1)))
            for pair in self.pairs:
                if (pair[0] in side) != (pair[1] in side) and pair not in self.cuts:
                    self.cut(*pair)
            time.sleep(draw.uniform(1, 6))
            return f"partition of {len(side)} from the others, {len(self.cuts)} links cut"
        if what == "flap":
            one, other = draw.choice(self.pairs)
            if (one, other) in self.cuts:
                self.mend(one, other)
            for _ in range(draw.randint(5, 20)):
                self.cut(one, other)
                time.sleep(draw.uniform(0.01, 0.3))
                self.mend(one, other)
                time.sleep(draw.uniform(0.01, 0.3))
            return f"the link of {one.space} and {other.space} flaps"
        member = draw.choice(self.members)
        if what == "slow":
            self.slow(member)
            return f"{member.space} at {self.rate} kbit/s"
        member.crash()
        return f"kill -9 of {member.space}"


def settled(members, pairs):
    """Pairs that do not have what they may have; "" when all do."""
    for one, other in pairs:
        for giver, taker in ((one, other), (other, one)):
            has, may = taker.has_of(giver), giver.may_have()
            if has != may:
                return f"{taker.member} has {len(has)} ({len(set(has))} different) of {len(may)} from {giver.member}"
    return ""


def mirrored(one, other):
    """What one says that it gave is what the other says that it got."""
    here, there = (a.json(f"/api/v1/ledger/reciprocity?partner={b.member}")["items"][0] for a, b in ((one, other), (other, one)))
    return all(here[mine][figure] == there[theirs][figure] for mine, theirs in (("given", "received"), ("received", "given")) for figure in ("items", "taken"))


def run(options):
    draw = random.Random(options.seed)
    ip("link", "add", "net", "type", "bridge")
    ip("addr", "add", "10.77.255.254/16", "dev", "net")
    ip("link", "set", "net", "up")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        members = [Placed(options.tocsin, folder, number) for number in range(options.members)]
        try:
            for member in members:
                member.start()
                member.open(member.url)
            # All with all where they are few; else a ring with chords.
            pairs = list(itertools.combinations(members, 2)) if len(members) <= 5 else [
                (members[i], members[(i + step) % len(members)]) for i in range(len(members)) for step in (1, 7) if i % step == 0]
            begin = time.monotonic()
            for one, other in pairs:
                befriend(one, other)
                agree(one, other, folder, f"{one.space}.{other.space}")
            print(f"{len(members)} members, {len(pairs)} agreements: {time.monotonic() - begin:.0f} s", flush=True)
            said = {member: member.received_bytes() for member in members}
            net, done, faults = Net(members, pairs, options.rate), threading.Event(), []

            def feed(member):
                own = random.Random(options.seed * 1000 + member.number)
                try:
                    while not done.wait(own.uniform(0.2, 1.5)):
                        member.give(own)
                except Failed as failed:
                    faults.append(failed)

            feeders = [threading.Thread(target=feed, args=(member,)) for member in members]
            for feeder in feeders:
                feeder.start()
            try:
                for number in range(options.rounds):
                    print(f"{number + 1}: {net.disturb(draw)}", flush=True)
                    if draw.random() < 0.4:
                        net.heal()
                    time.sleep(draw.uniform(0, 2))
            finally:
                done.set()
                for feeder in feeders:
                    feeder.join()
            wanted(not faults, f"a member did not take what it was given: {faults}")
            net.heal()
            begin = time.monotonic()
            while left := settled(members, pairs):
                wanted(time.monotonic() - begin < HEAL_MAX_S, f"not within {HEAL_MAX_S} s: {left}")
                time.sleep(0.5)
            took = time.monotonic() - begin
            for one, other in pairs:
                one.wait_for(lambda one=one, other=other: mirrored(one, other), f"{one.member} and {other.member} say the same of what went", 60)
            for member in members:
                wanted("as they were written" in member.verb("ledger", "verify"), f"the ledger of {member.member} is not whole")
            delivered, most = 0, 0.0
            for member in members:
                partners = [pair[0] if pair[1] is member else pair[1] for pair in pairs if member in pair]
                events, got = sum(len(partner.may_have()) for partner in partners), member.received_bytes() - said[member]
                bound = events * EVENT_BYTES_MAX + len(partners) * PARTNER_BYTES_MAX
                wanted(got <= bound, f"{member.member} read {got} bytes for {events} events, more than {bound}")
                delivered, most = delivered + events, max(most, got / max(events, 1))
            print(f"{sum(len(m.given) for m in members)} events at {len(members)} members, {delivered} delivered once after {options.rounds} disturbances; "
                  f"healed in {took:.1f} s; {most / 1000:.1f} kB for an event at most; ledgers whole and mirrored")
        finally:
            for member in members:
                if getattr(member, "process", None) and member.process.poll() is None:
                    member.process.kill()
                    member.process.wait()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("tocsin")
    options.add_argument("--members", type=int, default=5)
    options.add_argument("--rounds", type=int, default=6)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--rate", type=int, default=256, help="of a slow member, kbit/s")
    options = options.parse_args()
    if not os.environ.get("TOCSIN_NETWORK"):  # again, in namespaces of its own: nothing of this machine's network is touched
        inside = ["unshare", "--net", "--mount", "--propagation", "private"]
        if subprocess.run([*inside, "sh", "-c", "mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip link add x type bridge && ip netns add x"], capture_output=True).returncode != 0:
            print("skipped: network namespaces cannot be made here")
            return 77
        os.environ["TOCSIN_NETWORK"] = "1"
        os.execvp("unshare", [*inside, "sh", "-c", 'mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv])
    # The members' certificates are their own: partners know them by pins, and this test by having made them.
    ssl._create_default_https_context = ssl._create_unverified_context
    try:
        run(options)
    except Failed as failed:
        print(failed)
        return 1
    return 0


sys.exit(main())
