#!/usr/bin/env python3
"""Alerts to a real mail server with TLS, through a proxy that breaks connections, the node killed at random moments.

Each constituent gets its mail, twice only with the same Message-ID, nobody another's; mails are read by Python's parser.
What is TLP:RED, a password and a sensor's address stand in every field of what came in, and in no byte of what went out.

usage: alerts_test.py TOCSIN [--alerts N] [--kills K] [--seed S] [--exim]
"""
import argparse
import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import ipaddress
import json
import pathlib
import random
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

from node import Failed, Node, wanted

try:
    from mail_server import Exim, Mailbox, make_certificates
except ImportError as error:
    print(f"skipped: {error}; install Debian's python3-aiosmtpd")
    sys.exit(77)

RED, PASSWORD, SENSOR = "red-canary-7f3a", "hunter2-canary-9b1c", "203.0.113.77"
USER, SECRET = "tocsin", "correct-horse-41d8"
NOW = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def config(home, ca, port):
    home.mkdir(parents=True)
    (home / "secrets").mkdir(mode=0o700)
    for name, text in (("smtp-password", SECRET), ("alert-webhook", SECRET)):
        (home / "secrets" / name).write_text(text + "\n")
        (home / "secrets" / name).chmod(0o600)
    reports = home / "reports"
    reports.mkdir()
    feeds = "".join(f"""
[feed.{name}]
collector = "directory"
format = "intelmq"
path = "{reports}"
pattern = "never-{name}"
tlp = "{tlp}"
tell_affected = true
""" for name, tlp in (("told", "amber"), ("secret", "red")))
    (home / "tocsin.toml").write_text(f"""
[node]
name = "CERT Example"
[policy]
sensors = ["203.0.113.64/26"]
[alert]
at_once_pause = 1
retry_first = "1s"
retry_most = "2s"
[alert.mail]
server = "smtp://localhost:{port}"
from = "CERT Example <cert@example.org>"
username = "{USER}"
password_secret = "smtp-password"
ca_file = "{ca}"
timeout = "2s"
[alert.webhook]
ca_file = "{ca}"
allow_private = true
{feeds}""")


def contact(i):
    return f"soc{i}@constituent{i}.example.org"


def address(i):
    return str(ipaddress.ip_address(f"2001:db8:{i >> 16:x}:{i & 0xffff:x}::7"))


def planted(i):
    """An event whose every field that is not to be told holds what must not be."""
    return {
        "classification.type": "infected-system", "classification.identifier": "sinkhole", "severity": "critical",
        "source.ip": address(i), "source.port": 1024 + i % 60000, "malware.name": "mirai", "time.source": NOW,
        "destination.ip": SENSOR, "destination.port": 80, "destination.fqdn": "sensor.example.org",
        "source.account": PASSWORD, "raw": base64.b64encode(f"{PASSWORD} {SENSOR}".encode()).decode(),
        "comment": f"{PASSWORD} {SENSOR}", "event_description.text": f"{PASSWORD} {SENSOR}", "output": f'{{"p":"{PASSWORD}"}}',
        "extra": {"password": PASSWORD, "sensor": SENSOR, "dst_ip": SENSOR, "http_referer": f"https://{SENSOR}/{PASSWORD}"},
    }


def urls(i):
    return {
        "classification.type": "phishing", "severity": "critical", "time.source": NOW,
        "source.url": f"https://me:{PASSWORD}@[{address(i)}]/login?user=a&password={PASSWORD}#token={PASSWORD}",
        "extra": {"password": PASSWORD, "sensor": SENSOR},
    }


def red(i):
    return {
        "classification.type": "c2-server" if i % 2 else "infected-system", "classification.identifier": RED,
        "severity": "critical", "source.ip": f"2001:db8:{i >> 16:x}:{i & 0xffff:x}::666", "malware.name": "mirai" if i % 2 else RED,
        "time.source": NOW, "source.fqdn": f"{RED}.constituent{i}.example.org", "destination.fqdn": f"{RED}.example.org",
        "comment": RED, "extra": {"note": RED},
    }


def ingest(node, name, feed, rows, tlp):
    path = node.home / "reports" / name
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    done = node.run("ingest", "--feed", feed, "--format", "intelmq", "--tlp", tlp, str(path))
    wanted(done.returncode == 0, f"ingest {name}: {done.stderr}")


class Hooks:
    """An HTTPS server that takes signed letters."""

    def __init__(self, certificate, key):
        self.taken, outer = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.taken.append((dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"https://localhost:{self.server.server_address[1]}/hook"


def decoded(message):
    """Everything a reader of the mail could see: headers and each part, decoded."""
    text = [f"{name}: {value}" for name, value in message.items()]
    for part in message.walk():
        if not part.is_multipart():
            text.append((part.get_payload(decode=True) or b"").decode("utf-8", "replace"))
    return "\n".join(text)


def check_xarf(report):
    """What X-ARF 4's core and its infrastructure/botnet ask for, read by another parser than ours."""
    for key in ("xarf_version", "report_id", "timestamp", "reporter", "sender", "source_identifier", "category", "type"):
        wanted(key in report, f"an X-ARF report without {key}")
    wanted(re.fullmatch(r"4\.\d+\.\d+", report["xarf_version"]), f"X-ARF {report['xarf_version']}")
    wanted(str(uuid.UUID(report["report_id"])) == report["report_id"], f"report_id {report['report_id']}")
    at = datetime.fromisoformat(report["timestamp"].replace("Z", "+00:00"))
    wanted(at.utcoffset() == timedelta(0) and report["timestamp"].endswith("Z"), f"timestamp {report['timestamp']}")
    for party in ("reporter", "sender"):
        wanted(set(report[party]) == {"org", "contact", "domain"} and all(report[party].values()), f"{party} {report[party]}")
    wanted(f"{report['category']}/{report['type']}" == "infrastructure/botnet" and report["compromise_evidence"], f"about {report}")
    wanted("_internal" not in report, "an X-ARF report with what must not be sent")


def check_mail(i, recipients, raw, alerts):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    wanted(not message.defects, f"the parser complains: {message.defects}")
    wanted(recipients == [contact(i)], f"{recipients} is told what is {contact(i)}'s")
    wanted(message["To"] == contact(i), f"To: {message['To']}")
    wanted(message["Subject"].startswith("TLP:AMBER "), f"Subject: {message['Subject']}")
    wanted(message["Auto-Submitted"] == "auto-generated" and message["List-Id"], "headers against loops")
    body = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    wanted(body.startswith("TLP:AMBER\n"), f"the text begins {body[:40]!r}")
    everything = decoded(message)
    for what in (RED, PASSWORD, SENSOR, SECRET, "sensor.example.org"):
        wanted(what not in everything and what.encode() not in raw, f"{what!r} was sent to {contact(i)}:\n{everything}")
    wanted(address(i) in everything, f"{contact(i)} is not told of {address(i)}")
    for other in re.findall(r"2001:db8:[0-9a-f:]+", everything):
        wanted(other == address(i), f"{contact(i)} is told of {other}")
    parts = {part.get_filename(): part for part in message.iter_attachments()}
    wanted(set(parts) == {"findings.csv", "findings.xarf.jsonl"}, f"attached: {set(parts)}")
    for line in parts["findings.xarf.jsonl"].get_payload(decode=True).decode().splitlines():
        report = json.loads(line)
        check_xarf(report)
    return message["Message-ID"]


def check_all(box, alerts):
    ids, twice = {}, 0
    by_contact = {contact(i): i for i in range(alerts)}
    for recipients, raw in box.mails:
        wanted(len(recipients) == 1 and recipients[0] in by_contact, f"sent to {recipients}")
        i = by_contact[recipients[0]]
        message_id = check_mail(i, recipients, raw, alerts)
        had = ids.setdefault(i, set())
        twice += message_id in had
        had.add(message_id)
    more = {contact(i): sorted(s) for i, s in ids.items() if len(s) > 1}
    wanted(not more, f"the same thing under several Message-IDs: {list(more.items())[:3]}")
    absent = [contact(i) for i in range(alerts) if i not in ids]
    wanted(not absent, f"{len(absent)} got no mail: {absent[:5]}")
    wanted(len({next(iter(s)) for s in ids.values()}) == alerts, "a Message-ID stands for two mails")
    return twice


def check_hook(hooks):
    wanted(hooks.taken, "the webhook got nothing")
    headers, body = hooks.taken[0]
    at = headers["X-Tocsin-Timestamp"]
    right = "sha256=" + hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    wanted(headers["X-Tocsin-Signature"] == right, "the signature is wrong")
    wanted(abs(int(at) - time.time()) < 3600, "the timestamp is off")
    for what in (RED, PASSWORD, SENSOR):
        wanted(what.encode() not in body, f"{what!r} was sent to the webhook")
    letter = json.loads(body)
    wanted(letter["id"] == headers["X-Tocsin-Delivery"] and letter["findings"], "the letter")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tocsin")
    parser.add_argument("--alerts", type=int, default=150)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--exim", action="store_true", help="Debian's Exim (exim4-daemon-light) takes the mails; as root")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="tocsin-alerts-") as folder:
        ca, certificate, key = make_certificates(folder)
        hooks = Hooks(certificate, key)
        server = Mailbox(certificate, key, USER, SECRET, options.seed)
        if options.exim:
            server = Exim(f"{folder}/exim", certificate, key, USER, SECRET, options.seed)
        with server as box:
            node = Node(options.tocsin, home=folder)
            config(node.home, ca, box.proxy_port)
            run(node, box, hooks, options, chance, pathlib.Path(folder))
    return 0


def run(node, box, hooks, options, chance, folder):
    alerts = options.alerts
    table = folder / "constituents.csv"
    rows = [f"constituent {i},2001:db8:{i >> 16:x}:{i & 0xffff:x}::/64,constituent{i}.example.org,{contact(i)}" for i in range(alerts)]
    rows.append(f"hooked,198.51.100.0/24,,{hooks.url}")
    table.write_text("name,prefixes,names,contacts\n" + "\n".join(rows) + "\n")
    done = node.run("constituents", "import", str(table))
    wanted(done.returncode == 0, f"import: {done.stderr}")
    ingest(node, "red.jsonl", "secret", [red(i) for i in range(alerts)], "red")
    ingest(node, "told.jsonl", "told", [planted(i) for i in range(alerts)] +
           [{**planted(0), "source.ip": "198.51.100.7"}], "amber")
    wanted(node.run("alert", "on").returncode == 1, "alerts go on without a dry run")
    node.start()
    time.sleep(2)
    wanted(not box.mails and not hooks.taken, "something was sent before anybody switched it on")
    state = json.loads(node.run("alert", "state", "--json").stdout)
    wanted(state["waiting"] == alerts + 1, f"{state['waiting']} wait, {alerts + 1} wanted")
    dry = json.loads(node.run("alert", "dry-run", "--json").stdout)
    wanted(dry["total"] == alerts + 1 and not dry.get("problems"), f"the dry run: {dry['total']} {dry.get('problems')}")
    wanted(not box.mails, "a dry run sends")
    wanted(node.run("alert", "on").returncode == 0, "switching on")

    box.faults, box.later = 0.3, 0.02
    begun, kills = time.monotonic(), 0
    while kills < options.kills:
        time.sleep(chance.uniform(0.0, 1.5))
        node.process.kill()
        node.process.wait()
        kills += 1
        node.url = None
        node.start()

    def left():
        state = json.loads(node.run("alert", "state", "--json").stdout or "{}")
        return state.get("queued") == 0 and state.get("waiting") == 0 and state

    box.faults = 0.1
    state = node.wait_for(left, "everything sent", within_s=120 + alerts / 20)
    took = time.monotonic() - begun
    wanted(state["dead"] == 0 and state["withheld"] == 0, f"given up or withheld: {state}")
    node.wait_for(box.delivered, "the server's queue", within_s=120)
    twice = check_all(box, alerts)
    wanted(box.plain == 0, f"{box.plain} mails without TLS")
    check_hook(hooks)

    # The same report again tells nobody anything; a URL with a password in it is told without.
    told = len(box.mails)
    ingest(node, "again.jsonl", "told", [{**planted(i), "comment": "again"} for i in range(min(alerts, 50))], "amber")
    ingest(node, "urls.jsonl", "told", [urls(0)], "green")
    node.wait_for(lambda: len(box.mails) > told and left(), "the URL's mail", within_s=60)
    time.sleep(1)
    wanted(len({email.message_from_bytes(raw)["Message-ID"] for _, raw in box.mails[told:]}) == 1, "unchanged things are told again")
    text = decoded(email.message_from_bytes(box.mails[-1][1], policy=email.policy.default))
    wanted(f"***@[{address(0)}]/login" in text and "***" in text and PASSWORD not in text, f"the URL: {text}")
    check_bounce(node, box, folder)
    node.stop()
    print(f"{alerts} alerts, {kills} times killed, {box.broken} connections broken, {box.told_later} told to come later: "
          f"each delivered, {twice} twice with the same Message-ID, none to another; {took:.0f} s")


def check_bounce(node, box, folder):
    message_id = email.message_from_bytes(box.mails[0][1])["Message-ID"]
    report = folder / "bounce.eml"
    report.write_text(f"""From: MAILER-DAEMON@example.org
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {box.mails[0][0][0]}
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}

--b--
""")
    done = node.run("alert", "bounce", str(report), "--json")
    wanted(done.returncode == 0 and '"bounced"' in done.stdout, f"bounce: {done.stdout} {done.stderr}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, subprocess.TimeoutExpired) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        sys.exit(1)
