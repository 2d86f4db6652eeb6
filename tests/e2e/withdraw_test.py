#!/usr/bin/env python3
"""What is withdrawn leaves nothing behind: "ingest A, B, withdraw A" answers every question as "ingest B" does.

usage: withdraw_test.py TOCSIN [--histories N] [--seed S]
A history is some reports of two feeds that tell partly the same events (exact duplicates within and across reports), name controllers
and sinkholes that later reports are joined with, come out of order, and are withdrawn at random moments: by themselves, or replaced by
a corrected file, or replayed from their kept bytes. Both `ingest` and `withdraw` are killed with SIGKILL at random moments and asked
again. At the end a home that took in only what is left, in the same order, must give the same events, findings, counts of every cut,
and the same figures of each report. Only ids, and when a report arrived, may differ.
"""
import argparse
import csv
import io
import json
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

FAMILIES = ["andromeda", "mirai", "qakbot"]
COUNTRIES = ["BR", "AR", "CL"]
SHADOWSERVER = ["timestamp", "protocol", "src_ip", "src_port", "src_asn", "src_geo", "dst_ip", "dst_port", "infection", "severity", "sector"]
CUTS = ["country.class", "country.type.family", "country.type.controller", "asn.type", "sector.type", "controller"]
PERIOD = ["--since", "2026-02-01", "--until", "2026-06-01"]


class Wrong(Exception):
    pass


class Maker:
    """Reports of one history. Rows come from small pools, so that reports repeat one another."""

    def __init__(self, random_, folder):
        self.random, self.folder, self.number = random_, folder, 0
        self.rows = [self.sinkhole_row() for _ in range(60)]
        self.events = [self.event() for _ in range(80)]

    def time(self):
        return f"2026-{self.random.randrange(3, 5):02}-{self.random.randrange(1, 29):02} {self.random.randrange(24):02}:{self.random.randrange(60):02}:00"

    def sinkhole_row(self):
        r = self.random
        return [self.time(), "tcp", f"198.51.100.{r.randrange(40)}", r.randrange(1024, 1028), 64496 + r.randrange(3), r.choice(COUNTRIES),
                f"203.0.113.{r.randrange(6)}", 80, r.choice(FAMILIES), r.choice(["critical", "high"]), r.choice(["", "Finance", "Health"])]

    def event(self):
        r = self.random
        kind = r.choice(["infected-system", "infected-system", "c2-server", "vulnerable-system", "phishing", "unprivileged-account-compromise"])
        at = self.time().replace(" ", "T") + "Z"
        event = {"classification.type": kind, "time.source": at, "time.observation": at, "source.geolocation.cc": r.choice(COUNTRIES)}
        if kind == "phishing":
            event |= {"source.fqdn": f"site{r.randrange(12)}.example.org", "source.url": f"http://site{r.randrange(12)}.example.org/a"}
        elif kind == "unprivileged-account-compromise":
            event |= {"source.account": f"user{r.randrange(8)}@example.org", "source.fqdn": "example.org"}
        else:
            event |= {"source.ip": f"198.51.100.{r.randrange(40)}" if kind != "c2-server" else f"203.0.113.{r.randrange(9)}", "source.asn": 64496 + r.randrange(3)}
        if kind in ("infected-system", "c2-server"):
            event["malware.name"] = r.choice(FAMILIES)
        if kind == "infected-system" and r.random() < 0.3:
            event["destination.ip"] = f"203.0.113.{r.randrange(9)}"
        if kind == "vulnerable-system":
            event |= {"source.port": r.choice([23, 80]), "protocol.transport": "tcp", "classification.identifier": r.choice(["open-telnet", "cve-2026-1"])}
        return event

    def report(self):
        """(feed, format, path)"""
        r = self.random
        self.number += 1
        if r.random() < 0.5:
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(SHADOWSERVER)
            for _ in range(r.randrange(5, 60)):
                row = list(r.choice(self.rows))
                if r.random() < 0.3:
                    row = self.sinkhole_row()
                writer.writerow(row)
            if r.random() < 0.2:
                text.write("not,a,row\n")
            path = self.folder / f"2026-04-{1 + self.number % 28:02}-event4_sinkhole-part{self.number}.csv"
            path.write_text(text.getvalue())
            return "sinkhole", "shadowserver", path
        lines = [json.dumps(r.choice(self.events) if r.random() < 0.7 else self.event()) for _ in range(r.randrange(5, 60))]
        path = self.folder / f"events-{self.number}.json"
        path.write_text("\n".join(lines) + "\n")
        return "events", "intelmq", path


class Home:
    def __init__(self, binary, path):
        self.binary, self.path = binary, str(path)

    def start(self, *arguments):
        return subprocess.Popen([self.binary, *map(str, arguments), "--home", self.path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def ask(self, *arguments):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        if process.returncode != 0:
            raise Wrong(f"tocsin {' '.join(map(str, arguments))}: exit {process.returncode}\n{out}{err}")
        return out

    def lines(self, *arguments):
        out = re.sub(r"\*\*\*(@[a-z.]+)#[0-9a-f]{16}", r"***\1", self.ask(*arguments, "--json"))  # each home has a key of its own
        return [json.loads(line) for line in out.splitlines()]

    def killed(self, random_, usual_s, *arguments):
        """True: it was killed before its end."""
        process = self.start(*arguments)
        try:
            process.communicate(timeout=random_.uniform(0, usual_s * 1.1))
            return False
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return True

    def take(self, feed, format_, path):
        self.ask("ingest", "--feed", feed, "--format", format_, path)

    def answers(self):
        """Everything that can be asked, without what must differ."""
        findings = []
        for finding in self.lines("findings", "limit=10000000"):
            finding.pop("id"), finding.pop("last_event", None)
            findings.append(finding)
        events = []
        for event in self.lines("events", "limit=10000000"):
            for key in ("id", "report", "seq"):
                event.pop(key, None)
            if event["feed"]["name"] == "sinkhole":
                del event["time"]["observation"]  # when it arrived
            events.append(event)
        answers = {"findings": findings, "events": events}
        for cut in CUTS:
            for more in ([], ["--per", "day"]):
                stats = json.loads(self.ask("stats", cut, *PERIOD, *more, "--json"))
                for key in ("as_of", "took_ms"):
                    stats.pop(key, None)
                answers[f"stats {cut} {' '.join(more)}"] = stats
        reports = [report for report in self.lines("reports", "list") if report["state"] in ("done", "failed")]
        answers["reports"] = [[report[key] for key in ("feed", "name", "events", "duplicates", "rejected")] for report in reports]
        return {what: ordered(answer) for what, answer in answers.items()}


def ordered(answer):
    """The same whatever the order of lists."""
    if isinstance(answer, dict):
        return {key: ordered(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return sorted((ordered(value) for value in answer), key=lambda value: json.dumps(value, sort_keys=True))
    return answer


def differences(got, wanted):
    for what in wanted:
        if got[what] == wanted[what]:
            continue
        if isinstance(wanted[what], list):
            g, w = ([json.dumps(x, sort_keys=True) for x in side] for side in (got[what], wanted[what]))
            only_g, only_w = [x for x in g if x not in w], [x for x in w if x not in g]
            yield f"{what}: {len(g)} found, {len(w)} wanted\n  too many: {only_g[:3]}\n  missing: {only_w[:3]}"
        else:
            yield f"{what}:\n  found  {json.dumps(got[what])[:1500]}\n  wanted {json.dumps(wanted[what])[:1500]}"


class Totals:
    histories = reports = withdrawn = killed = events = replaced = 0


def history(binary, folder, random_, totals, usual):
    maker = Maker(random_, folder)
    home = Home(binary, folder / "home")
    there = []  # (feed, format, path) in the order in which a home that took in only these had them

    def sure(usual_key, *arguments):
        """Kills it some times, and asks until it is done."""
        while random_.random() < 0.35:
            if not home.killed(random_, usual[usual_key], *arguments):
                return
            totals.killed += 1
        begin = time.monotonic()
        home.ask(*arguments)
        usual[usual_key] = time.monotonic() - begin

    def reports(state=("done", "failed")):
        return {report["name"]: report["id"] for report in home.lines("reports", "list") if report["state"] in state}

    for _ in range(random_.randrange(2, 7)):
        feed, format_, path = maker.report()
        sure("ingest", "ingest", "--feed", feed, "--format", format_, path)
        there.append((feed, format_, path))
        totals.reports += 1
        while there and random_.random() < 0.35:
            at = random_.randrange(len(there))
            gone = there.pop(at)
            report = reports()[gone[2].name]
            act = random_.random()
            if act < 0.6:
                sure("withdraw", "reports", "withdraw", report, "--reason", "wrong")
                again = json.loads(home.ask("reports", "withdraw", report, "--reason", "again", "--json"))
                if not again["already"] or again["reason"] != "wrong":
                    raise Wrong(f"withdrawn again: {again}")
            elif act < 0.8:
                try:
                    home.ask("reports", "replay", report, "--reason", "a better mapping")
                except Wrong as wrong:  # a report with accounts in it is not kept
                    if "bytes are not kept" not in str(wrong) or b".account" not in gone[2].read_bytes():
                        raise
                    there.insert(at, gone)
                    continue
                there.append(gone)
                totals.replaced += 1
            else:
                fresh = maker.report()
                while fresh[0] != gone[0]:
                    fresh = maker.report()
                home.ask("reports", "replace", report, fresh[2], "--format", fresh[1], "--reason", "sent again")
                there.append(fresh)
                totals.replaced += 1
            totals.withdrawn += 1
    only = Home(binary, folder / "only")
    for feed, format_, path in there:
        only.take(feed, format_, path)
    got, wanted = home.answers(), only.answers() if there else None
    if wanted is None:
        if got["events"] or got["findings"] or got["reports"]:
            raise Wrong(f"all was withdrawn, and there are {len(got['events'])} events, {len(got['findings'])} findings")
        return
    totals.events += len(wanted["events"])
    wrong = list(differences(got, wanted))
    if wrong:
        raise Wrong("\n".join(wrong))


def run(args):
    totals, usual = Totals(), {"ingest": 0.5, "withdraw": 0.5}
    for number in range(args.histories):
        seed = args.seed * 100_000 + number
        with tempfile.TemporaryDirectory(prefix="tocsin-withdraw-") as name:
            try:
                history(args.tocsin, pathlib.Path(name), random.Random(seed), totals, usual)
            except Wrong as wrong:
                raise Wrong(f"history {seed} (--only {seed}): {wrong}") from None
        totals.histories += 1
    print(f"{totals.histories} histories: {totals.reports} reports, {totals.withdrawn} withdrawn, {totals.replaced} of them replaced or replayed, "
          f"{totals.killed} acts killed; {totals.events} events compared: equal")


parser = argparse.ArgumentParser()
parser.add_argument("tocsin")
parser.add_argument("--histories", type=int, default=4)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--only", type=int, help="this history alone")
arguments = parser.parse_args()
try:
    if arguments.only is not None:
        with tempfile.TemporaryDirectory(prefix="tocsin-withdraw-") as name:
            history(arguments.tocsin, pathlib.Path(name), random.Random(arguments.only), Totals(), {"ingest": 0.5, "withdraw": 0.5})
        print("equal")
    else:
        run(arguments)
except Wrong as wrong:
    print(f"FAILED: {wrong}")
    sys.exit(1)
