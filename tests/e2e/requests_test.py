#!/usr/bin/env python3
"""Two nodes ask each other: taken down, refused, withdrawn, past its deadline, by mail; and what one thinks of an item.

usage: requests_test.py TOCSIN
"""
import email
import json
import pathlib
import socketserver
import sys
import tempfile
import threading

from node import Failed, wanted
from members import Member, agree, befriend, free_port

ITEM = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"


class Mailbox(socketserver.ThreadingTCPServer):
    """Takes every mail, by as much of SMTP (RFC 5321) as that needs."""

    allow_reuse_address = daemon_threads = True

    def __init__(self):
        self.mails = []
        super().__init__(("127.0.0.1", 0), Taking)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]


class Taking(socketserver.StreamRequestHandler):
    def handle(self):
        def say(line):
            self.wfile.write(line.encode() + b"\r\n")

        say("220 here")
        while line := self.rfile.readline():
            verb = line.split(b" ")[0].strip().upper()
            if verb == b"DATA":
                say("354 go on")
                body = b""
                while (part := self.rfile.readline()) and part != b".\r\n":
                    body += part
                self.server.mails.append(body)
            if verb == b"QUIT":
                say("221 bye")
                return
            say("250 fine")


def request(node, *words):
    return json.loads(node.verb("request", *words, "--json"))


def state_at(node, one):
    return request(node, "show", one["id"])["state"]


def heard_by(node, one):
    node.wait_for(lambda: one["id"] in node.verb("request", "list", "--json"), "the request arrives", 60)


def between(one, other):
    take_down = request(one, "new", "take-down", "--to", other.member, "--subject", "http://bad.example.net/login", "--type", "phishing",
                        "--words", "a page of a bank", "--legal-basis", "article 5", "--deadline", "2020-01-01")
    heard_by(other, take_down)
    heard = request(other, "show", take_down["id"])
    wanted(heard["subject"] == "http://bad.example.net/login" and heard["words"] == "a page of a bank", f"heard: {heard}")
    for node in (one, other):
        wanted(take_down["id"] in node.verb("request", "list", "--late", "--json"), "its deadline is past")
    one.verb("request", "accept", take_down["id"], refused="only who was asked")
    other.verb("request", "comment", take_down["id"], "--words", "which bank?")
    other.verb("request", "accept", take_down["id"][:8])
    one.wait_for(lambda: state_at(one, take_down) == "accepted", "it is accepted", 60)
    other.verb("request", "done", take_down["id"])
    one.wait_for(lambda: state_at(one, take_down) == "done", "it is done", 60)
    wanted("which bank?" in one.verb("request", "show", take_down["id"]), "the comment is not there")

    confirm = request(other, "new", "confirm", "--to", one.member, "--subject", "192.0.2.7")
    heard_by(one, confirm)
    one.verb("request", "refuse", confirm["id"], "--reason", "not-illegal-here")
    other.wait_for(lambda: state_at(other, confirm) == "refused", "it is refused", 60)
    wanted(request(other, "show", confirm["id"])["refusal"] == "not-illegal-here", "for another reason")

    gone = request(one, "new", "preserve", "--to", other.member, "--subject", "bad.example.net")
    heard_by(other, gone)
    one.verb("request", "withdraw", gone["id"])
    other.wait_for(lambda: state_at(other, gone) == "withdrawn", "it is withdrawn", 60)
    one.verb("request", "new", "confirm", "--to", other.member, "--subject", "192.0.2.7", "--tlp", "red", refused="RED")

    times = {node: node.json("/api/v1/requests")["partners"][0] for node in (one, other)}
    wanted(times[one]["ours"] == times[other]["theirs"] and times[one]["theirs"] == times[other]["ours"], f"two accounts: {times.values()}")
    wanted(times[one]["ours"]["answers"] == 1 and times[one]["ours"]["asked"] == 2, f"{times[one]}")

    one.verb("opinion", "say", other.member, ITEM, "disagree", "--words", "a scanner of a university")
    other.wait_for(lambda: ITEM in other.verb("opinion", "list"), "the opinion arrives", 60)


def by_mail(one, box):
    mailed = request(one, "new", "take-down", "--mail", "abuse@example.net", "--subject", "http://bad.example.net/login", "--type", "phishing",
                     "--words", "please have a look")
    one.wait_for(lambda: request(one, "show", mailed["id"])["mail"] == "sent", "it is sent", 60)
    wanted(len(box.mails) == 1, f"{len(box.mails)} mails")
    mail = email.message_from_bytes(box.mails[0])
    parts = {part.get_filename(): part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()}
    report = json.loads(parts["report.xarf.json"])
    wanted(report["url"] == "http://bad.example.net/login" and report["type"] == "phishing", f"{report}")
    wanted(b"please have a look" in parts[None] and "TLP:AMBER" in mail["Subject"], "the words or the label are not there")
    one.verb("request", "answer", mailed["id"], "refused", "--reason", "no-mandate", "--words", "they rang")
    wanted(state_at(one, mailed) == "refused", "the answer is not noted")
    one.verb("request", "new", "confirm", "--mail", "nobody", "--subject", "192.0.2.7", refused="mail address")


def requests(tocsin):
    with tempfile.TemporaryDirectory() as name, Mailbox() as box:
        folder = pathlib.Path(name)
        mail = f'[alert.mail]\nserver = "smtp://127.0.0.1:{box.port}"\ntls = "none"\nfrom = "CERT <cert@example.org>"\n'
        with Member(tocsin, folder, "one.example.org", "BR", free_port(), mail) as one, \
                Member(tocsin, folder, "two.example.org", "PT", free_port()) as other:
            for node in (one, other):
                node.open(node.url)
            befriend(one, other)
            one.verb("request", "new", "confirm", "--to", other.member, "--subject", "192.0.2.7", refused="no agreement")
            agree(one, other, folder, template="cert-cert")
            between(one, other)
            by_mail(one, box)
        box.shutdown()
    print("two members: asked, accepted, done, refused, withdrawn, late; an opinion; a request by mail, its answer noted")


def main():
    try:
        requests(sys.argv[1])
    except Failed as failed:
        print(failed)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
