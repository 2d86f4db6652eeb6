#!/usr/bin/env python3
"""A TAXII 2.1 client written from the specification walks the rules T1 to T27 against a node.

usage: taxii_walk_test.py TOCSIN
The client knows the TAXII 2.1 and STIX 2.1 standards (section numbers are TAXII's) and nothing of the server's code. Two members agree to
share what is clear or green; the first takes reports in, and the second walks. Each rule is a check of its own: all are run, and what fails
is printed with the request and the answer. Every answer of the whole walk is kept, and searched for what must not leave.
"""
import base64
import collections
import gzip
import hashlib
import http.client
import itertools
import json
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
import uuid

from members import Member, agree, befriend, free_port
from node import Failed, Node, wanted

MEDIA = "application/taxii+json;version=2.1"
STIX_MEDIA = "application/stix+json;version=2.1"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")  # section 2: exactly six digits
TLP_CLEAR = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"  # OASIS cti-stix-common-objects
OBSERVABLES = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")  # STIX 2.1, section 2.9
FIRST, LAST = "X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last"
ANSWERS_OF = {  # what each resource may hold besides x_ properties
    "discovery": {"title", "description", "contact", "default", "api_roots"},
    "root": {"title", "description", "versions", "max_content_length"},
    "collections": {"collections"},
    "collection": {"id", "title", "description", "alias", "can_read", "can_write", "media_types"},
    "objects": {"more", "next", "objects"},
    "manifest": {"more", "objects"} | {"next"},  # next: as the envelope has it, or no walk of the manifest could go on by it
    "versions": {"more", "versions"} | {"next"},
    "status": {"id", "status", "request_timestamp", "total_count", "success_count", "successes", "failure_count", "failures", "pending_count", "pendings"},
    "error": {"title", "description", "error_id", "error_code", "http_status", "external_details", "details"},
}
NOT_SHOWN = {
    "T26": "the DNS name _taxii2._tcp: a record that an operator sets (docs/taxii.md), and no answer of a node",
}


class Answer:
    def __init__(self, request, answer, body):
        self.request, self.status, self.headers, self.body = request, answer.status, answer.headers, body
        try:
            self.json = json.loads(body) if body else None
        except ValueError:
            self.json = None

    def __str__(self):
        heads = "".join(f" {key}: {value};" for key, value in self.headers.items() if key.lower() in ("content-type", "www-authenticate") or key.startswith("X-TAXII"))
        return f"{self.request} -> {self.status}{heads} {self.body[:300]!r}"


class Rules:
    """What was checked, and what did not hold."""

    def __init__(self):
        self.checked, self.broken = collections.Counter(), {}

    def expect(self, rule, holds, what, answer=""):
        self.checked[rule] += 1
        if not holds:
            self.broken.setdefault(rule, []).append(f"{what}\n      {answer}")
        return holds


class Heard:
    """All that was answered, each part of it once."""

    def __init__(self):
        self._parts = set()

    def add(self, answer):
        self._parts.update(answer.body.split(b"},{"))
        self._parts.update(f"{name}: {value}".encode() for name, value in answer.headers.items())

    def text(self):
        """As it came, and in small letters."""
        text = b"\n".join(sorted(self._parts))
        return text, text.lower()


class Client:
    """One program with its credentials, on one connection that is kept."""

    def __init__(self, root, rules, heard, authorization):
        self.place = urllib.parse.urlsplit(root).netloc
        self.rules, self.heard, self.authorization = rules, heard, authorization
        self.connection = http.client.HTTPConnection(self.place, timeout=30)

    def ask(self, path, query=(), method="GET", accept=MEDIA, body=None, headers=(), raw_query=None, authorization=""):
        """`query`: pairs. No User-Agent is ever sent (T23)."""
        text = raw_query if raw_query is not None else urllib.parse.urlencode(query)
        path += "?" + text if text else ""
        sent = dict(headers)
        if accept is not None:
            sent["Accept"] = accept
        authorization = self.authorization if authorization == "" else authorization
        if authorization:
            sent["Authorization"] = authorization
        told = f"{method} {path[:200]} {({key: value for key, value in sent.items() if key not in ('Authorization', 'Accept') or value not in (self.authorization, MEDIA)})}"
        for again in (True, False):
            try:
                self.connection.request(method, path, body=body, headers=sent)
                response = self.connection.getresponse()
                answer = Answer(told, response, response.read())
                break
            except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError):  # the server may end a connection that is kept
                self.connection.close()
                if not again:
                    raise Failed(f"{told}: no answer") from None
        for heard in self.heard:
            heard.add(answer)
        self._always(answer, method)
        return answer

    def _always(self, answer, method):
        expect = self.rules.expect
        expect("T3", answer.headers.get("Content-Type") == MEDIA, "the media type of every answer", answer)
        expect("T2", answer.status // 100 != 3, "no redirect", answer)
        expect("T24", answer.status < 500, "nothing asked here is the server's fault", answer)
        if method == "HEAD":
            return
        expect("T25", isinstance(answer.json, dict) and answer.status != 204, "every answer has an object for a body", answer)
        expect("T25", not any(value is None or value == [] for value in values(answer.json)), "neither null nor an empty list", answer)
        if answer.status >= 400 and isinstance(answer.json, dict):
            expect("T24", isinstance(answer.json.get("title"), str) and answer.json["title"], "an error has a title", answer)
            expect("T24", answer.json.get("http_status") == str(answer.status), "http_status is the status, as a text", answer)
            only(self.rules, "error", answer.json, answer)


def values(thing):
    yield thing
    if isinstance(thing, (dict, list)):
        for inner in thing.values() if isinstance(thing, dict) else thing:
            yield from values(inner)


def only(rules, kind, resource, answer):
    extra = {key for key in resource if key not in ANSWERS_OF[kind] and not key.startswith("x_")}
    rules.expect("T27", not extra, f"a resource has properties that neither the standard knows nor x_ marks: {extra}", answer)


class Walker:
    """The member that reads: what the checks share."""

    def __init__(self, client, rules):
        self.client, self.rules, self.expect = client, rules, rules.expect

    def ok(self, rule, path, query=(), **more):
        answer = self.client.ask(path, query, **more)
        self.expect(rule, answer.status == 200 and isinstance(answer.json, dict), "200 with an object", answer)
        return answer

    def refused(self, rule, statuses, path, query=(), **more):
        answer = self.client.ask(path, query, **more)
        self.expect(rule, answer.status in statuses, f"one of {statuses}", answer)
        return answer

    def pages(self, rule, path, key, query=(), limit=None, follow=lambda query, answer: query):
        """A walk by `next`: everything under `key`. follow(query, answer): what goes beside `next`."""
        query, found, first = list(query), [], True
        token = None
        for _ in range(5000):
            answer = self.ok(rule, path, query + ([("limit", limit)] if limit else []) + ([("next", token)] if token else []))
            if answer.status != 200:
                return found
            page = answer.json.get(key, [])
            found += page
            more, token = answer.json.get("more", False), answer.json.get("next")
            self.expect("T10", more == (token is not None), "`next` goes with `more: true`, always", answer)
            self.expect("T9", not limit or len(page) <= limit, f"no more than {limit}", answer)
            self.expect("T10", not more or page, "a page that says more has something", answer)
            self.expect("T10", not more or not limit or len(page) == limit or limit > 100, f"a page before the last is full, of {limit}", answer)
            if first and not more:
                self.expect("T25", token is None, "no next on the last page", answer)
            first = False
            if not more or token is None:
                return found
            query = list(follow(query, answer))
        self.expect(rule, False, f"a walk of {path} has no end")
        return found

    def by_dates(self, rule, path, key, limit, since=None):
        """A walk by added_after alone (T12)."""
        found = []
        for _ in range(5000):
            answer = self.ok(rule, path, [("limit", limit)] + ([("added_after", since)] if since else []))
            page = answer.json.get(key, []) if answer.status == 200 else []
            found += page
            if not page or not answer.json.get("more"):
                return found
            since = answer.headers.get(LAST)
        self.expect(rule, False, f"a walk of {path} by dates has no end")
        return found

    def find(self):
        """From the server's root to the two collections (section 3)."""
        self.discovery = self.ok("T1", "/taxii2/")
        roots = self.discovery.json.get("api_roots", [])
        self.root = urllib.parse.urlsplit(urllib.parse.urljoin(f"http://{self.client.place}/taxii2/", roots[0])).path
        wanted(self.root.endswith("/"), f"an API root ends in /: {self.discovery}")
        listed = self.ok("T1", self.root + "collections/").json["collections"]
        self.listed = listed
        self.shared = next(one for one in listed if one["can_read"])
        self.inbox = next((one for one in listed if one.get("alias") == "inbox"), None)
        self.base = f"{self.root}collections/{self.shared['id']}/"
        self.objects, self.manifest = self.base + "objects/", self.base + "manifest/"

    def everything(self):
        """The collection as one reading of its manifest and of its objects gives it: two lists of the same order."""
        return self.pages("T16", self.manifest, "objects", limit=1000), self.pages("T9", self.objects, "objects", limit=1000)

    def of_type(self, type_):
        return [one for one in self.everything()[1] if one["type"] == type_]


def is_versioned(one):
    """An observable has no version, and comes again with each event that names it (docs/taxii.md)."""
    return "created" in one


# ---- the rules


def t1_discovery(w):
    found = w.discovery.json
    only(w.rules, "discovery", found, w.discovery)
    w.expect("T1", isinstance(found.get("title"), str) and found["title"], "discovery has a title", w.discovery)
    roots = found.get("api_roots", [])
    w.expect("T1", roots and all(isinstance(root, str) for root in roots), "there is an API root", w.discovery)
    w.expect("T1", "default" not in found or found["default"] in roots, "default is one of api_roots", w.discovery)
    for root in roots:
        answer = w.ok("T1", urllib.parse.urlsplit(urllib.parse.urljoin("/taxii2/", root)).path)
        only(w.rules, "root", answer.json, answer)
        w.expect("T1", isinstance(answer.json.get("title"), str), "an API root has a title", answer)
        w.expect("T1", MEDIA in answer.json.get("versions", []), "an API root speaks 2.1", answer)
        size = answer.json.get("max_content_length")
        w.expect("T1", isinstance(size, int) and size > 0, "max_content_length is a positive number", answer)
    for path in (f"/taxii2/no-such-root-{uuid.uuid4()}/", "/taxii2/no-such-root/collections/"):
        w.refused("T1", (404,), path)


def every_path(w):
    id_ = w.everything()[1][-1]["id"]
    return ["/taxii2/", w.root, w.root + "collections/", w.base, w.objects, w.manifest, f"{w.objects}{id_}/", f"{w.objects}{id_}/versions/"]


def t2_slashes(w):
    gone = f"{w.root}status/{uuid.uuid4()}/"
    for path in [*every_path(w), gone]:
        with_, without = w.client.ask(path), w.client.ask(path[:-1])
        w.expect("T2", with_.status == (404 if path == gone else 200), "an endpoint of the standard", with_)
        w.expect("T2", with_.status == without.status and standard(with_.json) == standard(without.json), f"the same without the last /: {differing(with_.json, without.json)}", without)
        w.expect("T2", without.status == 404 or without.json != {}, "no empty answer", without)


def standard(thing):
    """Without x_ properties, which objects_are_stix() compares."""
    if isinstance(thing, dict):
        return {key: standard(value) for key, value in thing.items() if not key.startswith("x_")}
    return [standard(value) for value in thing] if isinstance(thing, list) else thing


def differing(one, other, place=""):
    """Where two JSON values differ first."""
    if type(one) is type(other) and isinstance(one, (dict, list)) and len(one) == len(other):
        for key in one if isinstance(one, dict) else range(len(one)):
            inner = other.get(key) if isinstance(other, dict) else other[key]
            if one[key] != inner:
                return differing(one[key], inner, f"{place}/{key}")
    return f"{place}: {str(one)[:200]} and {str(other)[:200]}"


def t3_media_type(w):
    for path in every_path(w):
        w.ok("T3", path)
    for method, path in (("PUT", w.objects), ("PATCH", w.base), ("POST", "/taxii2/"), ("DELETE", w.base), ("PUT", "/taxii2/"), ("DELETE", w.manifest)):
        w.refused("T3", (400, 403, 404, 405, 415), path, method=method, body=b"{}" if method != "DELETE" else None, headers={"Content-Type": MEDIA})
    w.refused("T3", (200, 400, 414), w.objects, [("match[id]", "identity--" + "a" * 7000)])
    w.refused("T3", (400, 404), w.root + "collections/%00/")
    w.refused("T3", (400, 404), w.root + "collections/%zz/objects/")


def t4_accept(w):
    good = ["application/taxii+json", MEDIA, "application/taxii+json; version=2.1", 'application/taxii+json;version="2.1"', "*/*", "application/*", None,
            f"{MEDIA},{STIX_MEDIA}", f"{STIX_MEDIA}, {MEDIA}", f"text/html;q=0.9 , {MEDIA};q=0.1", "application/taxii+json;q=0.5", f"  {MEDIA}  ",
            "text/html, application/xhtml+xml, */*;q=0.8", "APPLICATION/TAXII+JSON;VERSION=2.1", f"application/taxii+json;version=9.9, {MEDIA}"]
    bad = ["text/html", "application/taxii+json;version=9.9", "application/vnd.oasis.taxii+json;version=2.0", "text/*, image/png"]
    for path in (*every_path(w)[:-2], w.objects + w.everything()[1][0]["id"] + "/"):
        for accept in good:
            answer = w.client.ask(path, accept=accept)
            w.expect("T4", answer.status == 200, f"Accept {accept!r} is served", answer)
        for accept in bad:
            w.refused("T4", (406,), path, accept=accept)


def t5_posts(w):
    for collection in filter(None, (w.shared, w.inbox)):
        path = f"{w.root}collections/{collection['id']}/objects/"
        envelope = json.dumps({"objects": [{"type": "domain-name", "spec_version": "2.1", "id": f"domain-name--{uuid.uuid4()}", "value": "posted.example.org"}]})
        bundle = json.dumps({"type": "bundle", "id": f"bundle--{uuid.uuid4()}", "objects": [json.loads(envelope)["objects"][0]]})
        closed = (403, 404) if not collection["can_write"] else ()
        w.refused("T5", closed + (406,), path, method="POST", body=envelope, headers={"Content-Type": MEDIA}, accept="text/html")
        w.refused("T5", closed + (415,), path, method="POST", body=envelope, headers={"Content-Type": "text/plain"})
        w.refused("T5", closed + (415,), path, method="POST", body=envelope, headers={"Content-Type": "application/json"})
        w.refused("T5", closed or (202, 422), path, method="POST", body=bundle, headers={"Content-Type": MEDIA})
        if not closed:
            w.refused("T5", (202,), path, method="POST", body=envelope, headers={"Content-Type": MEDIA})


def t6_dates(w):
    records, _ = w.everything()
    dates = collections.defaultdict(set)  # an observable has one for each time that something named it
    for record in records:
        dates[record["id"]].add(record["date_added"])
    for path, key in ((w.objects, "objects"), (w.manifest, "objects")):
        for query in ([("limit", 3)], [("limit", 1)], [("added_after", records[4]["date_added"]), ("limit", 5)]):
            answer = w.ok("T6", path, query)
            page = answer.json[key]
            w.expect("T6", answer.headers.get(FIRST) in dates[page[0]["id"]] and answer.headers.get(LAST) in dates[page[-1]["id"]],
                     f"the headers name the dates of the first and last: {dates[page[0]['id']]} {dates[page[-1]['id']]}", answer)
    id_ = records[-1]["id"]
    for path in (f"{w.objects}{id_}/", f"{w.objects}{id_}/versions/"):
        answer = w.ok("T6", path)
        for name in (FIRST, LAST):
            w.expect("T6", answer.headers.get(name) in dates[id_], f"{name} of one object is {dates[id_]}", answer)
    w.expect("T6", all(TIMESTAMP.fullmatch(record["date_added"]) for record in records), "a date has six digits of a second")
    for path in (w.objects, w.manifest):
        answer = w.ok("T6", path, [("match[type]", "no-such-type")])
        w.expect("T6", FIRST not in answer.headers and LAST not in answer.headers and answer.json == {}, "an empty page names no dates", answer)
        late = "2099-01-02T03:04:05.678901Z"
        answer = w.ok("T6", path, [("added_after", late)])
        w.expect("T6", answer.headers.get(FIRST) == late == answer.headers.get(LAST) and answer.json == {}, "an empty page echoes added_after", answer)


def t7_order(w):
    records, objects = w.everything()
    dates = [record["date_added"] for record in records]
    w.expect("T7", dates == sorted(dates), "the manifest ascends by date added")
    w.expect("T7", [record["id"] for record in records] == [one["id"] for one in objects], "objects stand in the order of the manifest")
    for what, found in (("the manifest", [(record["id"], record["version"]) for record in records]), ("objects", [one["id"] for one in objects if is_versioned(one)])):
        twice = [one for one, times in collections.Counter(found).items() if times > 1]
        w.expect("T12", not twice, f"{what} name {len(twice)} of {len(set(found))} more than once: {twice[:3]}")
    for _ in range(5):
        answer = w.ok("T7", w.root + "collections/")
        only(w.rules, "collections", answer.json, answer)
        w.expect("T7", answer.json["collections"] == w.listed, "collections come in one order", answer)


def t8_added_after(w):
    records, _ = w.everything()
    for place in (0, 1, len(records) // 2, len(records) - 2):
        for path in (w.objects, w.manifest):
            answer = w.ok("T8", path, [("added_after", records[place]["date_added"]), ("limit", 2)])
            w.expect("T8", [one["id"] for one in answer.json.get("objects", [])] == [one["id"] for one in records[place + 1:place + 3]],
                     "added_after is strict", answer)
    answer = w.ok("T8", w.objects, [("limit", 1)])
    w.expect("T8", answer.json["objects"][0]["id"] == records[0]["id"], "without it the oldest comes first", answer)
    date = records[0]["date_added"]
    for bad in ("yesterday", "", "2026-01-01", "2026-13-01T00:00:00.000000Z", "2026-02-30T00:00:00.000000Z", "2026-01-01T00:00:00.000000+01:00",
                "2026-01-01T25:00:00.000000Z", date + "x", "1", "2026-01-01 00:00:00Z"):
        for path in (w.objects, w.manifest, f"{w.objects}{records[0]['id']}/versions/"):
            w.refused("T8", (400,), path, [("added_after", bad)])
    for path in (w.objects, w.manifest):
        w.refused("T8", (400,), path, [("added_after", date), ("added_after", date)])


def t9_limit(w):
    records, objects = w.everything()
    for path in (w.objects, w.manifest):
        for limit in (1, 2, 5):
            answer = w.ok("T9", path, [("limit", limit)])
            w.expect("T9", len(answer.json["objects"]) == limit and answer.json.get("more") is True, f"{limit} and more", answer)
        answer = w.ok("T9", path, [("match[type]", objects[0]["type"]), ("limit", 100000)])
        w.expect("T9", answer.json.get("more", False) is False, "no more, if all fit", answer)
        for bad in ("0", "-1", "abc", "1.5", "", "+5", "0x10", "5 ", "1e3"):
            w.refused("T9", (400,), path, [("limit", bad)])
        w.refused("T9", (400,), path, [("limit", 5), ("limit", 5)])
        w.refused("T9", (200, 400), path, [("limit", "9" * 30)])


def t10_t11_walks(w):
    records, objects = w.everything()
    start = records[len(records) // 3]["date_added"]
    later = [record["id"] for record in records if record["date_added"] > start]
    kinds = {one["type"] for one in objects[:len(objects) // 2]} - {"marking-definition"}
    kind = sorted(kinds)[0]

    def by_type(ids):
        return [id_ for id_ in ids if id_.startswith(kind + "--")]

    clients = {
        "repeats all filters": lambda query, answer: query,
        "drops added_after": lambda query, answer: [pair for pair in query if pair[0] != "added_after"],
        "sends the Last header as added_after":
            lambda query, answer: [pair for pair in query if pair[0] != "added_after"] + [("added_after", answer.headers[LAST])],
    }
    whole = [one["id"] for one in records]
    for (client, follow), path, limit in itertools.product(clients.items(), (w.objects, w.manifest), (7, 50)):
        for query, due in (([], whole), ([("added_after", start)], later), ([("match[type]", kind)], by_type(whole)),
                           ([("added_after", start), ("match[type]", kind)], by_type(later))):
            found = [one["id"] for one in w.pages("T11", path, "objects", query, limit, follow)]
            w.expect("T11", found == due, f"a client that {client}, {path} {query} by {limit}: {len(found)} of {len(due)}, "
                     f"{len(found) - len(set(found))} twice, lost {sorted(set(due) - set(found))[:3]}")


def t11_tokens(w, stranger):
    """A `next` is good for one collection, one filter, one principal."""
    token = w.ok("T11", w.objects, [("limit", 3)]).json["next"]
    typed = w.ok("T11", w.objects, [("limit", 3), ("match[type]", "observed-data")]).json["next"]
    w.refused("T11", (400,), w.objects, [("limit", 3), ("match[type]", "observed-data"), ("next", token)])
    w.refused("T11", (400,), w.objects, [("limit", 3), ("match[type]", "ipv4-addr"), ("next", typed)])
    w.refused("T11", (400,), w.objects, [("limit", 3), ("next", token), ("next", token)])
    for bad in ("", "0", "1", "AAAA", "%", token + "A", token[:-1], token[:8], token[::-1], "é", "../../", token * 2):
        w.refused("T11", (400,), w.objects, [("limit", 3), ("next", bad)])
    for place in range(0, len(token), 3):
        other = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1:]
        answer = w.client.ask(w.objects, [("limit", 3), ("next", other)])
        padded = base64.urlsafe_b64decode(other + "=" * (-len(other) % 4)) == base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        w.expect("T11", padded or answer.status == 400, f"`next` with its letter {place} changed is refused", answer)
    mine, theirs = w.shared["id"], stranger.shared["id"]
    for id_ in {mine, theirs}:
        stranger.refused("T11", (400, 404), f"{stranger.root}collections/{id_}/objects/", [("limit", 3), ("next", token)])
    records = stranger.pages("T11", stranger.manifest, "objects", limit=100)
    w.expect("T11", not [one for one in records if one["id"].split("--")[0] in ("observed-data", "ipv4-addr")], "who has no agreement gets nothing", str(records[:5]))


def t12_dates_unique(w):
    records, objects = w.everything()
    dates = [record["date_added"] for record in records]
    w.expect("T12", all(before < after for before, after in zip(dates, dates[1:])), "each object has a date of its own, later than the one before")
    for path, limit in itertools.product((w.objects, w.manifest), (5, 100)):
        found = [one["id"] for one in w.by_dates("T12", path, "objects", limit)]
        w.expect("T12", found == [one["id"] for one in records], f"{path} by dates alone, {limit} at a time: {len(found)} of {len(records)}")
    return dates


def t13_matches(w):
    _, objects = w.everything()
    ids = [one["id"] for one in objects]
    some = [ids[0], ids[len(ids) // 2], ids[-1]]
    types = sorted({one["type"] for one in objects})
    for path in (w.objects, w.manifest):
        def found(raw):
            answer = w.ok("T13", path, raw_query=raw + "&limit=1000")
            return [one["id"] for one in answer.json.get("objects", [])]

        def same(raw, due, what):
            got = found(raw)
            w.expect("T13", got == due, f"{what}: GET {path}?{raw[:150]}: {len(got)}, not {len(due)}")

        same(f"match[id]={','.join(some)}", some, "ids with commas between are an OR")
        same(f"match%5Bid%5D={'%2C'.join(some)}", some, "percent-encoded as well")
        same(f"match[id]={some[0]},identity--{uuid.uuid4()}", some[:1], "an id that is not there is nothing")
        for chosen in (types[:1], types[:2], types):
            due = [one["id"] for one in objects if one["type"] in chosen][:1000]
            same(f"match[type]={','.join(chosen)}", due, "types with commas between are an OR")
            same(f"match%5btype%5d={'%2c'.join(chosen)}", due, "percent-encoded in small letters")
        same(f"match[type]=x-none,{types[0]}", [one["id"] for one in objects if one["type"] == types[0]], "an unknown type is no error")
        same("match[type]=x-none", [], "an unknown type is no error")
        same(f"match[id]={','.join(some)}&match[type]={objects[-1]['type']}", [id_ for id_ in some if id_.startswith(objects[-1]["type"] + "--")], "fields are ANDed")
        same(f"match[id]={some[0]}&match[no_such_field]=1", some[:1], "an unknown field is ignored")
        same(f"match[id]={some[-1]}&match[spec_version]=2.1", some[-1:], "spec_version 2.1")
        same(f"match[id]={some[-1]}&match[spec_version]=2.0,2.1", some[-1:], "spec_version 2.0 or 2.1")
        same("match[type]=observed-data&match[spec_version]=2.0", [], "nothing is of 2.0")
        for twice in ("match[type]=a&match[type]=b", f"match[id]={some[0]}&match%5Bid%5D={some[0]}", "match[version]=last&match[version]=first",
                      "match[spec_version]=2.1&match[spec_version]=2.1"):
            w.refused("T13", (400,), path, raw_query=twice)


def t14_versions(w):
    records, objects = w.everything()
    versions = {record["id"]: record["version"] for record in records}
    for one in objects:
        stated = one.get("modified", one.get("created"))
        w.expect("T14", stated is None or moment(versions[one["id"]]) == moment(stated), f"the version of {one['id']} is {stated}, not {versions[one['id']]}")
    for one in (objects[0], objects[len(objects) // 2], objects[-1]):
        version = versions[one["id"]]
        for path in (w.objects, w.manifest, f"{w.objects}{one['id']}/"):
            id_ = [] if path.endswith(one["id"] + "/") else [("match[id]", one["id"])]
            for asked in ("last", "first", "all", version, f"last,first,{version}", f"first,{version}"):
                answer = w.ok("T14", path, [*id_, ("match[version]", asked)])
                w.expect("T14", [record["id"] for record in answer.json.get("objects", [])] == [one["id"]], f"version {asked}: once", answer)
            answer = w.ok("T14", path, [*id_, ("match[version]", "1999-01-01T00:00:00.000Z")])
            w.expect("T14", answer.json == {}, "no such version", answer)
            for bad in ("newest", "", "all,last", f"all,{version}", "2026-99-01T00:00:00Z"):
                w.refused("T14", (400,), path, [*id_, ("match[version]", bad)])
    again = {record["id"]: record["version"] for record in w.everything()[0]}
    w.expect("T14", again == versions, "a version is constant")


def moment(time):
    """A timestamp's text without what does not matter: 0 at the end of a fraction."""
    return re.sub(r"\.?0*Z$", "Z", time) if "." in time else time


def t15_one_object(w):
    _, objects = w.everything()
    for type_ in sorted({one["type"] for one in objects}):
        one = next(one for one in objects if one["type"] == type_)
        path = f"{w.objects}{one['id']}/"
        answer = w.ok("T15", path)
        only(w.rules, "objects", answer.json, answer)
        w.expect("T15", answer.json.get("objects") == [one], "one object is an envelope of it", answer)
        answer = w.ok("T15", path, [("match[type]", "x-none"), ("match[id]", f"x-none--{uuid.uuid4()}")])
        w.expect("T15", answer.json.get("objects") == [one], "type and id do not match here", answer)
        answer = w.ok("T15", path, [("match[spec_version]", "2.0")])
        w.expect("T15", answer.json == {}, "a filter that leaves nothing of a known object is {}", answer)
    for unknown in (f"indicator--{uuid.uuid4()}", f"observed-data--{uuid.uuid4()}"):
        w.refused("T15", (404,), f"{w.objects}{unknown}/")
        w.refused("T15", (404,), f"{w.objects}{unknown}/versions/")
    w.refused("T15", (400, 404), w.objects + "no-id-at-all/")


def t16_manifest_and_versions(w):
    records, objects = w.everything()
    for record in records:
        w.expect("T16", record.keys() == {"id", "date_added", "version", "media_type"} and record["media_type"] == STIX_MEDIA, "a record of the manifest", str(record))
    answer = w.ok("T16", w.manifest, [("limit", 2)])
    only(w.rules, "manifest", answer.json, answer)
    for record in (records[0], records[-1]):
        path = f"{w.objects}{record['id']}/versions/"
        answer = w.ok("T16", path)
        only(w.rules, "versions", answer.json, answer)
        w.expect("T16", answer.json.get("versions") == [record["version"]], "the versions of an object", answer)
        for query in ([("limit", 1)], [("match[spec_version]", "2.1")], [("added_after", "2000-01-01T00:00:00.000000Z")]):
            w.expect("T16", w.ok("T16", path, query).json.get("versions") == [record["version"]], f"versions by {query}", answer)
        for query in ([("match[spec_version]", "2.0")], [("added_after", record["date_added"])]):
            answer = w.ok("T16", path, query)
            w.expect("T16", answer.json == {}, "none: the key is left out", answer)
        w.refused("T16", (400,), path, [("limit", 0)])
        w.refused("T16", (400,), path, [("next", "none")])


def made_up(type_="indicator", **more):
    """A valid object that everybody may have."""
    stamp = "2026-10-01T00:00:00.000Z"
    one = {"type": type_, "spec_version": "2.1", "id": f"{type_}--{uuid.uuid4()}", "created": stamp, "modified": stamp, "object_marking_refs": [TLP_CLEAR]}
    if type_ == "indicator":
        one |= {"pattern": "[domain-name:value = 'posted.example.org']", "pattern_type": "stix", "valid_from": stamp, "labels": ["c2-server"]}
    return one | more


def post(w, rule, objects, statuses=(202,), body=None, **headers):
    path = f"{w.root}collections/{w.inbox['id']}/objects/"
    return w.refused(rule, statuses, path, method="POST", body=body or json.dumps({"objects": objects}), headers={"Content-Type": MEDIA, **headers})


def completed(w, rule, answer):
    """The status of a request once nothing of it is pending."""
    for _ in range(100):
        status = answer.json
        only(w.rules, "status", status, answer)
        w.expect(rule, uuid.UUID(status["id"]).version == 4, "a status has a UUIDv4", answer)
        w.expect(rule, TIMESTAMP.fullmatch(status["request_timestamp"]), "when it was asked", answer)
        counts = {name: status[name + "_count"] for name in ("success", "failure", "pending")}
        w.expect(rule, status["total_count"] == sum(counts.values()), "total is what became of all", answer)
        for name, key in (("success", "successes"), ("failure", "failures"), ("pending", "pendings")):
            w.expect(rule, len(status.get(key, [])) == counts[name], f"as many {key} as counted", answer)
            w.expect(rule, all(isinstance(one.get("id"), str) and isinstance(one.get("version"), str) for one in status.get(key, [])), "id and version of each", answer)
        w.expect(rule, status["status"] == ("pending" if counts["pending"] else "complete"), "complete when nothing is pending", answer)
        if status["status"] == "complete":
            return status
        time.sleep(0.1)
        answer = w.ok(rule, f"{w.root}status/{status['id']}/")
    w.expect(rule, False, "a status never completes", answer)
    return status


def t17_status(w, stranger, kept):
    """`kept`: takes ids of statuses that must outlive a restart."""
    good, bad = made_up(), made_up(confidence=101)
    answer = post(w, "T17", [good, bad])
    status = completed(w, "T17", answer)
    w.expect("T17", [one["id"] for one in status.get("successes", [])] == [good["id"]] and [one["id"] for one in status.get("failures", [])] == [bad["id"]], "what became of each", answer)
    w.expect("T17", [one["version"] for one in status.get("successes", [])] == [good["modified"]], "the version of the object", answer)
    path = f"{w.root}status/{status['id']}/"
    again = w.ok("T17", path)
    w.expect("T17", again.json == status, "a status that is complete stays as it is", again)
    stranger.refused("T17", (403, 404), path)
    w.refused("T17", (404,), f"{w.root}status/{uuid.uuid4()}/")
    w.refused("T17", (405,), path, method="POST", body=b"{}", headers={"Content-Type": MEDIA})
    kept.append(status)


def t18_duplicates(w):
    one, other = made_up(), made_up("malware", is_family=True, name="posted", x_lab_note={"kept": [1, 2.50]})
    for _ in range(3):
        status = completed(w, "T18", post(w, "T18", [one, other]))
        w.expect("T18", status["success_count"] == 2, f"an exact duplicate is a success: {status}")
    status = completed(w, "T18", post(w, "T18", [one] * 5))
    w.expect("T18", status["success_count"] == 5, f"also within one request: {status}")
    bad = [made_up(confidence=-1), made_up(modified="yesterday"), {"type": "indicator"}, 7, "text", [], made_up(object_marking_refs=["no id"]), made_up(pattern="[broken")]
    good = [made_up() for _ in bad]
    status = completed(w, "T18", post(w, "T18", [thing for pair in zip(bad, good) for thing in pair]))
    w.expect("T18", [one["id"] for one in status.get("successes", [])] == [one["id"] for one in good], f"bad objects fail alone: {status}")
    w.expect("T18", all(one.get("message") for one in status.get("failures", [])), f"each failure has a message: {status}")
    for place, word in ((0, "confidence"), (1, "modified"), (6, "object_marking_refs"), (7, "pattern")):
        w.expect("T18", len(status.get("failures", [])) == len(bad) and word in status["failures"][place]["message"], f"{word} is named: {status}")
    changed = one | {"name": "another"}
    status = completed(w, "T18", post(w, "T18", [changed]))
    w.expect("T18", status["failure_count"] == 1, f"other content under the same version is refused: {status}")
    status = completed(w, "T18", post(w, "T18", [changed | {"modified": "2026-10-02T00:00:00.000Z"}]))
    w.expect("T18", status["success_count"] == 1, f"under a later version it is taken: {status}")
    for wrong in (b"", b"{", b"[]", b"{}", b'{"objects":[]}', b'{"objects":7}', b"\xff\xfe", b'{"objects":[{"type":"indicator"}'):
        post(w, "T18", None, (400, 422), body=wrong or b" ")


def t19_bodies(w):
    size = w.ok("T19", w.root).json["max_content_length"]
    pad = json.dumps({"objects": [made_up(x_pad="a" * 1000)]}).encode()
    whole = pad + b" " * (min(size, 80 << 20) - len(pad))
    post(w, "T19", None, (202,) if len(whole) == size else (202, 413), body=whole)
    post(w, "T19", None, (413,), body=pad + b" " * (size + 1 - len(pad)))
    bomb = gzip.compress(pad + b" " * (size + 1 - len(pad)), 9)
    post(w, "T19", None, (413, 415), body=bomb, **{"Content-Encoding": "gzip"})
    post(w, "T19", None, (202, 415), body=gzip.compress(pad), **{"Content-Encoding": "gzip"})
    post(w, "T19", None, (400, 415, 422), body=gzip.compress(pad)[:-10], **{"Content-Encoding": "gzip"})
    chunks = [pad[at:at + 7] for at in range(0, len(pad), 7)]
    status = completed(w, "T19", post(w, "T19", None, body=chunks))
    w.expect("T19", status["success_count"] == 1, f"a chunked request is taken: {status}")


def t19_sizes(w):
    size = w.ok("T19", w.root).json["max_content_length"]
    path = f"{w.root}collections/{(w.inbox or w.shared)['id']}/objects/"
    body = json.dumps({"objects": [{"type": "x-big", "id": f"x-big--{uuid.uuid4()}", "text": "a" * min(size - 1000, 3000000)}]}).encode()
    for sent in (body, [body[at:at + 65536] for at in range(0, len(body), 65536)]):  # a list goes chunked
        answer = w.client.ask(path, method="POST", body=sent, headers={"Content-Type": MEDIA})
        w.expect("T19", answer.status in ((202, 422) if w.inbox and w.inbox["can_write"] else (403, 404)),
                 "a body below max_content_length, chunked or not, is judged by who may write", answer)


def t20_rights(w, token):
    for method, collection, due in (("DELETE", w.shared, (403,)), ("DELETE", w.inbox, (404,) if w.inbox and not w.inbox["can_write"] else (403,))):
        if collection:
            w.refused("T20", due, f"{w.root}collections/{collection['id']}/objects/{w.everything()[1][0]['id']}/", method=method)
    if w.inbox and not w.inbox["can_read"]:
        for end in ("objects/", "manifest/", f"objects/{uuid.uuid4()}/", f"objects/identity--{uuid.uuid4()}/versions/"):
            w.refused("T20", (403, 404), f"{w.root}collections/{w.inbox['id']}/{end}")
    for collection in filter(None, (w.shared, w.inbox)):
        if not collection["can_write"]:
            w.refused("T20", (403, 404), f"{w.root}collections/{collection['id']}/objects/", method="POST", body=b'{"objects":[]}', headers={"Content-Type": MEDIA})
    basic = "Basic " + base64.b64encode(b"anybody:" + token.encode()).decode()
    empty = "Basic " + base64.b64encode(b":" + token.encode()).decode()
    for authorization in ("Bearer " + token, "bearer " + token, basic, empty, basic.replace("Basic", "basic")):
        for path in (w.objects, w.root + "collections/"):
            answer = w.client.ask(path, [("limit", 2)] if path == w.objects else (), authorization=authorization)
            w.expect("T22", answer.status == 200 and answer.json == w.client.ask(path, [("limit", 2)] if path == w.objects else ()).json,
                     f"the token as {authorization.split()[0]} is served", answer)
    wrong = [None, "Bearer", "Bearer ", "Bearer " + token[:-1], "Bearer " + token + "0", "Basic", "Basic !!!!", "Basic " + base64.b64encode(token.encode()).decode(),
             "Basic " + base64.b64encode(f"{token}:".encode()).decode(), "Digest " + token, token]
    id_ = w.everything()[1][0]["id"]
    for path in (w.root, w.root + "collections/", w.base, w.objects, w.manifest, f"{w.objects}{id_}/", f"{w.objects}{id_}/versions/", f"{w.root}status/{uuid.uuid4()}/"):
        for authorization in wrong if path == w.objects else wrong[:1] + wrong[4:5]:  # few: who tries many is shut out
            answer = w.refused("T20", (401, 404), path, authorization=authorization)
            w.expect("T20", answer.status != 401 or answer.headers.get("WWW-Authenticate"), "401 says how to sign in", answer)


def t21_ids(w):
    for one in w.listed:
        path = f"{w.root}collections/{one['id']}/"
        w.expect("T21", uuid.UUID(one["id"]).version == 4 and str(uuid.UUID(one["id"])) == one["id"] and uuid.UUID(one["id"]).variant == uuid.RFC_4122, f"a UUIDv4: {one}")
        answer = w.ok("T21", path)
        only(w.rules, "collection", answer.json, answer)
        w.expect("T21", answer.json == one, "a collection as it is listed", answer)
        w.expect("T21", {"id", "title", "can_read", "can_write"} <= one.keys(), "what a collection must have", answer)
        if "alias" in one:
            w.expect("T21", w.ok("T21", f"{w.root}collections/{one['alias']}/").json == one, "the alias names the same", answer)
    aliases = [one["alias"] for one in w.listed if "alias" in one]
    w.expect("T21", len(set(aliases)) == len(aliases), f"an alias is of one collection: {aliases}")
    if "alias" in w.shared:
        answer = w.ok("T21", f"{w.root}collections/{w.shared['alias']}/objects/", [("limit", 3)])
        w.expect("T21", answer.json.get("objects") == w.ok("T21", w.objects, [("limit", 3)]).json["objects"], "objects under the alias", answer)
    for unknown in (str(uuid.uuid4()), "no-such-alias"):
        for end in ("", "objects/", "manifest/", f"objects/identity--{uuid.uuid4()}/", f"objects/identity--{uuid.uuid4()}/versions/"):
            w.refused("T21", (404,), f"{w.root}collections/{unknown}/{end}")


def t23_head(w):
    for path in [*every_path(w), f"{w.root}collections/{uuid.uuid4()}/"]:
        plain = w.client.ask(path)
        kept = w.client.connection.sock
        head = w.client.ask(path, method="HEAD")
        w.expect("T23", head.status == plain.status and head.body == b"", "HEAD is GET without a body", head)
        w.expect("T23", head.headers.get("Content-Type") == plain.headers.get("Content-Type"), "HEAD has the headers of GET", head)
        for name in (FIRST, LAST):
            w.expect("T23", head.headers.get(name) == plain.headers.get(name), f"HEAD has {name}", head)
        after = w.client.ask(path)
        w.expect("T23", kept and w.client.connection.sock is kept and standard(after.json) == standard(plain.json), "the connection goes on after HEAD", after)


def objects_are_stix(w):
    """What every object must have (STIX 2.1, section 3), and nothing refers to what is not there."""
    _, objects = w.everything()
    again = w.everything()[1]
    w.expect("STIX", again == objects, f"an object is the same whenever it is read: {differing(objects, again)}")
    known = {one["id"] for one in objects}
    versioned = [one["id"] for one in objects if is_versioned(one)]
    w.expect("STIX", len(set(versioned)) == len(versioned), "the last version of an object stands once")
    for one in objects:
        w.expect("STIX", one["id"].startswith(one["type"] + "--") and one.get("spec_version") == "2.1", "type, id and version", str(one))
        for key, value in one.items():
            for ref in ([value] if key.endswith("_ref") else value if key.endswith("_refs") else []):
                w.expect("STIX", ref in known, f"{key} of {one['id']} refers to {ref}, which is not here", str(one)[:300])


# ---- what must not leave


def observable(type_, value):
    """The id that everybody gives to an observable (STIX 2.1, section 2.9)."""
    return f"{type_}--{uuid.uuid5(OBSERVABLES, json.dumps({'value': value}, separators=(',', ':'), ensure_ascii=False))}"


def forms(value):
    """A text in every form in which it could hide: (name of the form, bytes in small letters or as they are)."""
    raw = value.encode()
    yield "text", raw.lower(), True
    yield "hex", raw.hex().encode(), True
    yield "percent", urllib.parse.quote(value, safe="").lower().encode(), True
    yield "percent of all", "".join(f"%{byte:02x}" for byte in raw).encode(), True
    for shift in range(3):  # wherever it begins in a longer text: without the letters that others have a part in
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            code = encode(b"\0" * shift + raw).decode().rstrip("=")
            yield "base64", code[(0, 2, 3)[shift]:len(code) - (1 if (shift + len(raw)) % 3 else 0)].encode(), False
    for name in ("sha256", "sha1", "md5"):
        digest = hashlib.new(name, raw)
        yield name, digest.hexdigest().encode(), True
        yield name + " in base64", base64.b64encode(digest.digest()).rstrip(b"="), False
    for type_ in ("ipv4-addr", "domain-name", "url", "email-addr"):
        yield "id as " + type_, observable(type_, value).split("--")[1].encode(), True
    if len(value) == 64:
        name = json.dumps({"hashes": {"SHA-256": value}}, separators=(",", ":"))
        yield "id as file", str(uuid.uuid5(OBSERVABLES, name)).encode(), True


def seen(value, heard):
    """The forms in which a text is in what was heard: one long text, and the same in small letters."""
    return [name for name, form, small in forms(value) if form in heard[1 if small else 0]]


def event(number, tlp, **more):
    kind = ("infected-system", "c2-server", "phishing", "scanner")[number % 4]
    name = hashlib.sha256(f"{tlp} {number}".encode()).hexdigest()
    made = {"classification.type": kind, "time.source": f"2026-10-{1 + number % 28:02}T{number % 24:02}:{number % 60:02}:00Z", "time.observation": "2026-10-30T00:00:00Z",
            "source.ip": f"{ {'CLEAR': 198, 'GREEN': 198, 'AMBER': 203, 'AMBER+STRICT': 203, 'RED': 203}[tlp]}.{18 + number // 250 % 2}.{number % 250 + 1}.{number // 500 + 17}",
            "source.asn": 64496, "source.geolocation.cc": "BR", "source.fqdn": f"host-{name[:12]}.example.org", "malware.name": f"family-{name[12:20]}", "tlp": tlp,
            "event_description.text": f"words {name[20:32]}", "extra.note": f"note {name[32:44]}", "source.account": f"user-{name[44:52]}@example.org",
            "malware.hash.sha256": hashlib.sha256(name.encode()).hexdigest()}
    if kind == "phishing":
        made["source.url"] = f"http://{made['source.fqdn']}/{name[52:64]}"
    return made | more


CANARIES = ("source.ip", "source.fqdn", "malware.name", "event_description.text", "extra.note", "source.account", "malware.hash.sha256", "source.url")


def canaries(events):
    return [event[field] for event in events for field in CANARIES if field in event]


class Giver:
    """The node that has events: takes reports in, and waits until they are offered."""

    def __init__(self, node, folder, walker):
        self.node, self.folder, self.walker, self.number = node, folder, walker, 0

    def take(self, feed, events):
        """The report's id."""
        self.number += 1
        path = self.folder / f"report-{self.number}.json"
        path.write_text("".join(json.dumps(event) + "\n" for event in events))
        said = json.loads(self.node.verb("ingest", "--feed", feed, "--format", "intelmq", "--json", str(path)))
        wanted(said["state"] == "done" and said["events"] == len(events) and said["rejected"] == 0, f"taken in: {said}")
        return said["report"]

    def wait(self, observed):
        w = self.walker
        self.node.wait_for(lambda: len(w.of_type("observed-data")) >= observed, f"{observed} events are offered; {len(w.of_type('observed-data'))} are", 30)


def nothing_of(rules, events, heard, where):
    text = heard.text()
    for value in canaries(events):
        rules.expect("secrets", not (forms_seen := seen(value, text)), f"{value} is {where}: {forms_seen}")


def only_what_may(w, may, may_not, heard, heard_strangely):
    """What is shared is there, and found by the same eyes that look for what must not be."""
    for value in ("203.0.113.9", "host-0a1b.example.org", "words of a secret"):
        for name, form, _ in forms(value):
            w.expect("secrets", name in seen(value, (b"before " + form + b" after",) * 2), f"{value} as {name} is not seen where it stands")
        for before in range(3):
            w.expect("secrets", "base64" in seen(value, (base64.b64encode(b"x" * before + value.encode() + b" and more"),) * 2), f"{value} is not seen within base64, {before}")
    observed = w.of_type("observed-data")
    w.expect("secrets", len(observed) == len(may), f"{len(observed)} events are offered, not {len(may)}")
    text = heard.text()
    for made in may:
        w.expect("secrets", {"text", "id as ipv4-addr"} <= set(seen(made["source.ip"], text)), f"{made['source.ip']} may go, and is not there")
        w.expect("secrets", "text" in seen(made["malware.name"], text), f"{made['malware.name']} may go, and is not there")
    nothing_of(w.rules, may, heard_strangely, "told to a member without an agreement")
    for who in (heard, heard_strangely):
        nothing_of(w.rules, may_not, who, "told, and may not be")


def withdrawal(w, giver, report, kept, back):
    """A report that is withdrawn: its events come again, revoked, and nothing else of them stays."""
    before, objects = w.everything()
    last = before[-1]["date_added"]
    token = w.ok("T11", w.objects, [("limit", 3)]).json["next"]
    texts = {value for made in back for value in canaries([made])}
    gone = {one["id"] for one in objects if one["type"] == "observed-data" and any(value in json.dumps(one) for value in texts)}
    w.expect("withdrawn", len(gone) == len(back), f"{len(gone)} objects hold what is withdrawn, not {len(back)}")
    giver.node.verb("reports", "withdraw", report, "--reason", "the provider took it back")

    def news():
        return w.pages("withdrawn", w.objects, "objects", [("added_after", last)], 1000)

    try:
        giver.node.wait_for(lambda: sum(one.get("revoked", False) and one["type"] == "observed-data" for one in news()) >= len(back), "what is withdrawn comes again", 30)
    except Failed as failed:
        w.expect("withdrawn", False, str(failed), str(news()[:3]))
    old = {one["id"]: one for one in objects}
    revoked = [one for one in news() if one.get("revoked") is True]
    w.expect("withdrawn", {one["id"] for one in revoked if one["type"] == "observed-data"} == gone, f"the same ids are revoked: {len(revoked)} of {len(gone)}")
    for one in revoked:
        w.expect("withdrawn", one["id"] in old and one["modified"] > old[one["id"]]["modified"] and one["created"] == old[one["id"]]["created"],
                 "a revoked object is a later version of the one that went", str(one))
    since = Heard()
    w.client.heard.append(since)
    records, objects = w.everything()
    for id_ in sorted(gone):
        answer = w.ok("withdrawn", f"{w.objects}{id_}/", [("match[version]", "all")])
        w.expect("withdrawn", all(one.get("revoked") for one in answer.json.get("objects", [])), "no version but the revoked one is given", answer)
        w.ok("withdrawn", f"{w.objects}{id_}/versions/")
    for query in ([("match[version]", "all")], [("match[version]", "first")], [("match[id]", ",".join(sorted(gone)))]):
        w.pages("withdrawn", w.objects, "objects", query, 1000)
        w.pages("withdrawn", w.manifest, "objects", query, 1000)
    w.refused("T11", (200, 400), w.objects, [("limit", 3), ("next", token)])
    w.client.heard.remove(since)
    nothing_of(w.rules, back, since, "told after it was withdrawn")
    text = since.text()
    for made in kept:
        w.expect("withdrawn", "text" in seen(made["source.ip"], text), f"{made['source.ip']} stays, and is not there")
    dates = [record["date_added"] for record in records]
    w.expect("T12", dates == sorted(set(dates)), "dates ascend after a withdrawal")
    objects_are_stix(w)


def restart(w, giver, node):
    """Order, versions and tokens outlive the process; what comes later has a later date."""
    before, objects = w.everything()
    token = w.ok("T11", w.objects, [("limit", 7)]).json["next"]
    node.stop()
    node.url = None
    node.start()
    after, same = w.everything()
    w.expect("T12", after == before, f"the manifest is the same after a restart: {differing(before, after)}")
    w.expect("T12", standard(same) == standard(objects), f"objects are the same after a restart: {differing(objects, same)}")
    answer = w.refused("T11", (200, 400), w.objects, [("limit", 7), ("next", token)])
    w.expect("T11", answer.status == 400 or standard(answer.json["objects"]) == standard(objects[7:14]), "a walk goes on after a restart, or is refused", answer)
    giver.take("open", [event(number, "GREEN") for number in range(500, 505)])
    giver.wait(len([one for one in objects if one["type"] == "observed-data"]) + 5)
    later, _ = w.everything()
    w.expect("T12", later[:len(before)] == before and all(record["date_added"] > before[-1]["date_added"] for record in later[len(before):]),
             "what comes later stands behind, with later dates")


def stopping(w, one, two):
    """Who is stopped gets nothing more, on a connection that is open as well."""
    w.ok("stop", w.objects, [("limit", 2)])
    one.verb("partner", "stop", two.member, "--why", "a test of stopping")
    since = Heard()
    w.client.heard.append(since)
    for path in (w.objects, w.manifest, w.base, w.root + "collections/", w.root):
        w.refused("stop", (401, 403, 404), path)
    nothing_of(w.rules, [event(number, "CLEAR") for number in range(0, 20, 2)], since, "told after the partner was stopped")


BLOCKED = ("AES128-GCM-SHA256", "AES128-SHA", "AES256-SHA256", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384")  # some of RFC 7540, appendix A


def t22_tls(rules, tocsin, folder):
    """A node with a certificate: which TLS it speaks (section 8.2.2)."""
    certificate, key = folder / "tls.crt", folder / "tls.key"
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2",
                           "-keyout", str(key), "-out", str(certificate)], capture_output=True, text=True)
    wanted(made.returncode == 0, f"openssl: {made.stderr}")
    key.chmod(0o600)
    home = folder / "tls" / "home"
    home.mkdir(parents=True, mode=0o700)
    (home / "tocsin.toml").write_text(f'[server]\ncertificate_file = "{certificate}"\nkey_file = "{key}"\n')
    with Node(tocsin, home=home.parent) as node:
        place = urllib.parse.urlsplit(node.root)

        def spoken(version, suites=None):
            """The version and suite that both agree on; none: no connection."""
            context = ssl.create_default_context(cafile=str(certificate))
            context.minimum_version = context.maximum_version = version
            if suites:
                context.set_ciphers(suites + ":@SECLEVEL=0")
            try:
                with socket.create_connection((place.hostname, place.port), timeout=20) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
                    secure.sendall(b"GET /taxii2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                    status = secure.recv(200).split(b" ")[1]
                    return secure.version(), secure.cipher()[0], status
            except (ssl.SSLError, ConnectionError):
                return None

        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            found = spoken(version)
            rules.expect("T22", found and found[0] == name and found[2] in (b"401", b"404"), f"{name} is spoken", found)
        for suite in BLOCKED:
            rules.expect("T22", spoken(ssl.TLSVersion.TLSv1_2, suite) is None, f"{suite} is refused")
        rules.expect("T22", spoken(ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-GCM-SHA256") is not None, "a suite that is not blocked is taken by the same client")
        said = subprocess.run(["openssl", "s_client", "-tls1_3", "-connect", place.netloc, "-CAfile", str(certificate), "-ign_eof"], capture_output=True, text=True, timeout=30,
                              input="GET /taxii2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").stdout
        early = [int(line.split(":")[1]) for line in said.splitlines() if "Max Early Data" in line]
        rules.expect("T22", "HTTP/1.1 40" in said and not any(early), f"no data before the handshake is over: {early}", said[-500:])


def too_many(w):
    """Who tries tokens is shut out, in the words of the standard."""
    for number in range(200):
        answer = w.client.ask(w.root + "collections/", authorization=f"Bearer tcp_{number:064x}")
        w.expect("T20", answer.status in (401, 404, 429), "a token that is none", answer)
        if answer.status == 429:
            return


def run(rules, check, *given):
    """A check that the server stops (what it needs is not there) has failed, and the next is run."""
    try:
        check(*given)
    except Exception:  # whatever the server made of it
        rules.expect("walk", False, f"stopped: {traceback.format_exc()}")


def walk(tocsin, folder, rules):
    unhurried = "[people]\nrequests_per_s = 100000\n"  # a walk asks faster than a client should
    feeds = "".join(f'[feed.{name}]\ncollector = "directory"\nformat = "intelmq"\npath = "{folder}"\npattern = "never-{name}"\ntlp = "green"\n{terms}'
                    for name, terms in (("open", 'terms = { redistribution = "yes" }\n'), ("kept", 'terms = { redistribution = "no" }\n'), ("silent", "")))
    with Member(tocsin, folder, "one.example.org", "BR", free_port(), unhurried + feeds) as one, \
            Member(tocsin, folder, "two.example.org", "PT", free_port(), unhurried) as two, \
            Member(tocsin, folder, "three.example.org", "AR", free_port(), unhurried) as three:
        for node in (one, two, three):
            node.open(node.url)
        befriend(one, two)
        befriend(one, three)
        agree(one, two, folder)

        heard, heard_strangely = Heard(), Heard()

        def walker(member, into):
            token = json.loads(one.verb("partner", "token", member.member, "--json"))["token"]
            made = Walker(Client(one.root, rules, [into], "Bearer " + token), rules)
            made.find()
            return made, token

        w, token = walker(two, heard)
        stranger, _ = walker(three, heard_strangely)
        giver = Giver(one, folder, w)
        released = [event(number, ("CLEAR", "GREEN")[number % 2]) for number in range(60)]
        withheld = [event(number, tlp) for number in range(20) for tlp in ("AMBER", "AMBER+STRICT", "RED")]
        by_terms = [event(number, "GREEN") for number in range(300, 310)]
        unsaid = [event(number, "CLEAR") for number in range(310, 320)]
        giver.take("open", [made for pair in zip(withheld, released) for made in pair])
        giver.take("kept", by_terms)
        giver.take("silent", unsaid)
        back = [event(number, "GREEN") for number in range(400, 410)]
        withdrawn = giver.take("open", back + [event(number, "RED") for number in range(400, 405)])
        giver.wait(len(released) + len(back))

        for check in (t1_discovery, t2_slashes, t3_media_type, t4_accept, t5_posts, t6_dates, t7_order, t8_added_after, t9_limit, t10_t11_walks,
                      t12_dates_unique, t13_matches, t14_versions, t15_one_object, t16_manifest_and_versions, t19_sizes, t21_ids, t23_head, objects_are_stix):
            run(rules, check, w)
        run(rules, t11_tokens, w, stranger)
        run(rules, t20_rights, w, token)
        run(rules, only_what_may, w, released + back, withheld + by_terms + unsaid, heard, heard_strangely)
        run(rules, withdrawal, w, giver, withdrawn, released, back)
        statuses = []
        run(rules, t17_status, w, stranger, statuses)
        run(rules, t18_duplicates, w)
        run(rules, t19_bodies, w)
        run(rules, restart, w, giver, one)
        for status in statuses:
            run(rules, lambda: rules.expect("T17", w.ok("T17", f"{w.root}status/{status['id']}/").json == status, "a status outlives a restart"))
        run(rules, stopping, w, one, two)
        for who in (heard, heard_strangely):
            run(rules, nothing_of, rules, withheld + by_terms + unsaid, who, "in an answer of the whole walk")
        run(rules, too_many, w)
    run(rules, t22_tls, rules, tocsin, folder)


def main():
    rules = Rules()
    try:
        with tempfile.TemporaryDirectory() as name:
            walk(sys.argv[1], pathlib.Path(name), rules)
    except Failed as failed:
        rules.expect("walk", False, str(failed))
    order = sorted(rules.checked, key=lambda rule: (int(rule[1:]) if rule[1:].isdigit() else 99, rule))
    for rule in order:
        broken = rules.broken.get(rule, [])
        print(f"{rule}: {rules.checked[rule]} checks, {len(broken)} failed")
        for what in broken[:8]:
            print("   ", what)
    for rule, why in NOT_SHOWN.items():
        print(f"{rule}: not shown: {why}")
    return 1 if rules.broken else 0


sys.exit(main())
