#!/usr/bin/env python3
"""Who may call what, over HTTP at a listening node: every role at every route, by session and by token; and what belongs
to one user asked for by another, with every id swapped.

usage: access_test.py TOCSIN
What is wanted stands in docs/roles.md, which the unit tests make from the table of routes.
"""
import http.client
import json
import pathlib
import re
import statistics
import sys
import time
import urllib.parse

from node import Failed, Node, wanted

ROLES = ("viewer", "analyst", "agreement-editor", "administrator", "auditor")
PASSWORD = "correct horse battery"
# What belongs to a user: the list of it, and a body that makes one. A route with an {id} below such a list is tried.
OWNED = {
    "/api/v1/sessions": None,  # signing in made one
    "/api/v1/tokens": {"name": "mine"},
    "/api/v1/views": {"name": "mine", "query": "q=severity:high"},  # where the node has saved views
}


class Client:
    """One caller: its headers go with each request."""

    def __init__(self, root, headers=None):
        self.host = urllib.parse.urlsplit(root).netloc
        self.headers = headers or {}

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, body); of what never ends only the beginning."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            connection.request(method, path, data, {**self.headers, **(headers or {})})
            answer = connection.getresponse()
            endless = answer.headers.get("Content-Type", "").startswith("text/event-stream")
            return answer.status, answer.headers, b"" if endless else answer.read()
        finally:
            connection.close()

    def json(self, method, path, body=None):
        status, _, text = self.ask(method, path, body)
        if status // 100 != 2:
            raise Failed(f"{method} {path}: {status} {text[:300]!r}")
        return json.loads(text) if text else None


def sign_in(node, user, headers=None):
    status, answered, text = Client(node.root).ask("POST", "/api/v1/session", {"user": user, "password": PASSWORD},
                                                   headers)
    wanted(status == 200, f"{user} signs in: {status} {text[:200]!r}")
    cookie = answered["Set-Cookie"].split(";")[0]
    client = Client(node.root, {"Cookie": cookie})
    client.headers["X-CSRF-Token"] = client.json("GET", "/api/v1/session")["csrf"]
    return client


def add_user(node, name, role):
    made = node.run("user", "add", name, "--role", role, "--password-stdin", input=PASSWORD + "\n")
    wanted(made.returncode == 0, f"user add {name}: {made.stderr}")


def table():
    """(method, pattern, {role: may}) of every route."""
    lines = (pathlib.Path(__file__).parents[2] / "docs" / "roles.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    roles = rows[0][2:]
    return [(*row[0].split(" "), {role: cell == "yes" for role, cell in zip(roles, row[2:])}) for row in rows[1:]]


def every_cell(node, routes):
    """Each role at each route; what a handler itself refuses ("wrong password") is no matter of rights."""
    callers = {"nobody": [("nobody", Client(node.root))]}
    for role in ROLES:
        session = sign_in(node, role)
        token = session.json("POST", "/api/v1/tokens", {"name": role})["token"]
        callers[role] = [("session", session), ("token", Client(node.root, {"Authorization": f"Bearer {token}"}))]
    tried = 0
    for method, pattern, may in routes:
        path = "/" if pattern == "/*" else re.sub(r"\{[a-z_]+\}", "no-such-thing", pattern)
        for role, ways in callers.items():
            for at, (way, client) in enumerate(ways):
                body = {} if method == "POST" else None
                if (method, path) == ("POST", "/api/v1/session") or "/api/v1/profile/" in path:
                    body = b"["  # no try at a password: ten wrong ones would hold back all that follows
                status, _, text = client.ask(method, path, body)
                refused = status == 401 or (status == 403 and b"this needs the right to" in text)
                wanted(refused != may[role], f"{role} by {way}: {method} {path}: {status} {text[:200]!r}")
                wanted(not refused or status == (401 if role == "nobody" else 403), f"{role}: {method} {path}: {status}")
                wanted(status != 429, f"{role}: {method} {path}: held back")
                tried += 1
                if method == "DELETE" and path == "/api/v1/session" and way == "session":
                    ways[at] = (way, sign_in(node, role))
    return tried


def swapped_ids(node, routes):
    """Ids of bo's things are nothing to cy, whatever is asked of them; and bo still has them."""
    bo, cy = sign_in(node, "bo"), sign_in(node, "cy")
    patterns = {pattern for _, pattern, _ in routes}
    tried = 0
    for listed, make in OWNED.items():
        if listed not in patterns:
            continue
        for client in (bo, cy):
            if make:
                client.json("POST", listed, make)
        own = {name: [item["id"] for item in client.json("GET", listed)["items"]]
               for name, client in (("bo", bo), ("cy", cy))}
        wanted(own["bo"] and own["cy"] and not set(own["bo"]) & set(own["cy"]), f"{listed}: each has his own: {own}")
        for method, pattern, _ in routes:
            if not pattern.startswith(listed + "/{"):
                continue
            for thief, victim in ((cy, "bo"), (bo, "cy")):
                for thing in own[victim]:
                    path = pattern.replace(re.search(r"\{[a-z_]+\}", pattern)[0], str(thing))
                    body = make if method == "PUT" else {} if method == "POST" else None
                    status, _, text = thief.ask(method, path, body)
                    wanted(status == 404, f"{method} {path} by another: {status} {text[:200]!r}")
                    tried += 1
        for name, client in (("bo", bo), ("cy", cy)):
            left = [item["id"] for item in client.json("GET", listed)["items"]]
            wanted(left == own[name], f"{listed}: {name} has lost something: {own[name]} -> {left}")
        status, _, _ = cy.ask("GET", listed + "?all=true")
        wanted(status in (400, 403), f"{listed}?all=true by an analyst: {status}")
    return tried


def bad_input(node):
    """Names, passwords and cookies as somebody means harm."""
    chief = sign_in(node, "administrator")
    for name in ("a\r\nSet-Cookie: x=y", "<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "BO", "ｂｏ", "b\u202eo",
                 "x" * 65, "", "local", "\u0430dmin"):
        status, _, text = chief.ask("POST", "/api/v1/users", {"name": name, "role": "viewer"})
        wanted(status == 400, f"user {name!r}: {status} {text[:200]!r}")
    status, _, _ = chief.ask("POST", "/api/v1/tokens", {"name": "a\r\nb"})
    wanted(status == 400, f"a token's name with a line end: {status}")
    anyone = Client(node.root)
    status, _, _ = anyone.ask("POST", "/api/v1/session", {"user": "bo", "password": "x" * 100_000})
    wanted(status == 413, f"an enormous password: {status}")
    status, _, text = anyone.ask("POST", "/api/v1/session", {"user": "bo", "password": "x" * 2000})
    wanted(status == 400 and b"1024 bytes" in text, f"a long password: {status} {text[:200]!r}")
    planted = {"Cookie": "tocsin_session=planted"}
    fresh = sign_in(node, "bo", planted)
    wanted("planted" not in fresh.headers["Cookie"], "a planted cookie is not adopted")
    wanted(Client(node.root, planted).ask("GET", "/api/v1/session")[0] == 401, "a planted cookie is nothing")
    for guess in ("tcs_" + "A" * 43, "tcs_", "x"):
        status, _, _ = Client(node.root, {"Authorization": f"Bearer {guess}"}).ask("GET", "/api/v1/findings")
        wanted(status == 401, f"a guessed token: {status}")


def equal_time(node):
    """An unknown name takes as long as a wrong password: both are hashed."""
    took = {"administrator": [], "nobody-of-that-name": []}
    for _ in range(2):
        for user, times in took.items():
            begun = time.perf_counter()
            status, _, text = Client(node.root).ask("POST", "/api/v1/session", {"user": user, "password": "x" * 20})
            times.append(time.perf_counter() - begun)
            wanted(status == 403 and b"the name, the password or the code is wrong" in text, f"{user}: {status} {text!r}")
    known, unknown = (statistics.median(times) for times in took.values())
    wanted(unknown > known / 3, f"an unknown name takes {unknown * 1000:.0f} ms, a known one {known * 1000:.0f} ms")
    return known, unknown


def main():
    routes = table()
    with Node(sys.argv[1]) as node:
        for role in ROLES:
            add_user(node, role, role)
        for name in ("bo", "cy"):
            add_user(node, name, "analyst")
        cells = every_cell(node, routes)
        swaps = swapped_ids(node, routes)
        bad_input(node)
        known, unknown = equal_time(node)
        verdict = node.run("audit", "verify")
        wanted(verdict.returncode == 0, f"the audit's chain: {verdict.stderr}")
        rows = [json.loads(line) for line in
                node.run("audit", "list", "--json", "--limit", "1000").stdout.splitlines()]
        wanted(any(row["outcome"] == "denied: 403" for row in rows), "refusals are in the audit")
        wanted(PASSWORD not in json.dumps(rows), "no password is in the audit")
        wanted(node.stop() == 0, "the node ends well")
    print(f"{cells} cells, {swaps} swapped ids; known name {known * 1000:.0f} ms, unknown {unknown * 1000:.0f} ms")


main()
