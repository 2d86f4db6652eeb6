#!/usr/bin/env python3
"""A restored node that listens collects nothing and sends nothing, whatever is asked of it, until `tocsin resume`.

usage: restore_test.py TOCSIN
The home that is restored has a feed to fetch and one to read, alerts that are switched on, one message that waits and one
that a mail server has put off.
"""
import contextlib
import http.server
import pathlib
import socketserver
import sys
import tempfile
import threading
import time
from datetime import datetime, timezone

from node import Failed, Node, wanted

NOW = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
QUIET_S = 3  # after a resume all of it happens within about two


class Mail(socketserver.StreamRequestHandler):
    """Takes each letter, or tells to come later; server.talks counts connections, server.mails recipients."""

    def handle(self):
        self.server.talks += 1
        self.wfile.write(b"220 mx.example.org\r\n")
        for line in self.rfile:
            if line.startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.server.mails.append(to)
            later = line.startswith(b"RCPT TO:") and self.server.later
            if line.startswith(b"RCPT TO:"):
                to = line.split(b"<")[1].split(b">")[0].decode()
            self.wfile.write(b"450 4.2.1 later\r\n" if later else b"250 fine\r\n")


class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"198.51.100.66\n")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(server, **members):
    for name, value in members.items():
        setattr(server, name, value)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def config(home, mail, web, folder):
    home.mkdir(parents=True)
    (home / "tocsin.toml").write_text(f"""
[enrich]
location_database = "off"
[alert]
at_once = "low"
at_once_pause = 0
retry_first = "1s"
retry_most = "1s"
team = ["team@example.org"]
team_at = "00:00"
[alert.mail]
server = "smtp://127.0.0.1:{mail}"
from = "cert@example.org"
tls = "none"
[feed.list]
collector = "http"
format = "ip_list"
url = "http://127.0.0.1:{web}/list.txt"
allow_private = true
interval = "1s"
[feed.files]
collector = "directory"
format = "ip_list"
path = "{folder}"
interval = "1s"
""")


def event(ip):
    return f'{{"classification.type":"infected-system","severity":"high","time.source":"{NOW}","source.ip":"{ip}"}}\n'


def ran(node, *arguments):
    done = node.run(*arguments)
    wanted(done.returncode == 0, f"{arguments}: {done.stderr}")
    return done.stdout


def ingest(node, folder, name, ip):
    (folder / name).write_text(event(ip))
    ran(node, "ingest", "--feed", "told", "--format", "intelmq", "--tlp", "green", str(folder / name))


def backed_up(node, mail, folder):
    """A backup of a node that alerts."""
    (folder / "table.csv").write_text("name,prefixes,contacts\nBank,192.0.2.0/25,soc@bank.example.org\n"
                                      "Shop,192.0.2.128/25,soc@shop.example.org\n")
    ran(node, "constituents", "import", str(folder / "table.csv"))
    ingest(node, folder, "first.jsonl", "192.0.2.7")
    ran(node, "alert", "dry-run")
    ran(node, "alert", "on")
    ran(node, "alert", "run")
    wanted(mail.talks == 1 and not mail.mails, f"the mail server was to be asked once, not {mail.talks} times")
    ingest(node, folder, "second.jsonl", "192.0.2.200")
    ran(node, "backup", str(folder / "backup"))


def stays_quiet(node, mail, web, for_s):
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        wanted(not mail.talks, "a paused node talks to the mail server")
        wanted(not web.asked, "a paused node fetches")
        time.sleep(0.1)
    wanted("198.51.100." not in ran(node, "findings", "--csv"), "a paused node collects")


def check_paused(node, mail, web, folder):
    wanted("paused: " in "".join(node.said), "the node does not say that it is paused")
    stays_quiet(node, mail, web, QUIET_S)
    for what in (("feeds", "run", "list"), ("alert", "run")):
        done = node.run(*what)
        wanted(done.returncode != 0 and "paused" in done.stderr, f"{what}: {done.returncode} {done.stderr}")
    ran(node, "feeds", "disable", "list")
    ran(node, "feeds", "enable", "list")
    ingest(node, folder, "third.jsonl", "192.0.2.8")  # what is handed in is taken
    stays_quiet(node, mail, web, 1)
    wanted("192.0.2.8" in ran(node, "findings", "--csv"), "a report that is handed in is not taken in")


def main():
    tocsin = sys.argv[1]
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-restore-")))
        mail = stack.enter_context(serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail),
                                           talks=0, mails=[], later=True))
        web = stack.enter_context(serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web), asked=0))
        inbox = folder / "inbox"
        inbox.mkdir()
        first = Node(tocsin, home=folder / "a")
        config(first.home, mail.server_address[1], web.server_address[1], inbox)
        backed_up(first, mail, folder)

        mail.talks, mail.later, web.asked = 0, False, 0
        node = Node(tocsin, home=folder / "b")
        ran(node, "restore", str(folder / "backup"))
        (node.home / "drop").mkdir(exist_ok=True)
        (inbox / "in.txt").write_text("198.51.100.64\n")
        (node.home / "drop" / "dropped.txt").write_text("198.51.100.65\n")
        with node:
            check_paused(node, mail, web, folder)
            wanted(node.stop() == 0, "it does not end well")
            node.url, node.said = None, []
            node.start()
            stays_quiet(node, mail, web, 1)  # still, after a restart

            begun = time.monotonic()
            ran(node, "resume")
            told = {"soc@bank.example.org", "soc@shop.example.org", "team@example.org"}
            node.wait_for(lambda: told <= set(mail.mails), f"the mails to {told}")
            node.wait_for(lambda: web.asked, "the feed to be fetched")
            node.wait_for(lambda: all(ip in ran(node, "findings", "limit=100", "--csv")
                                      for ip in ("198.51.100.64", "198.51.100.65", "198.51.100.66")), "what was collected")
            print(f"quiet until resumed; all of it within {time.monotonic() - begun:.1f} s after that")
            node.stop()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        print(f"FAILED: {error}", file=sys.stderr)
        sys.exit(1)
