"""A small TAXII 2.1 server on loopback, written from the specification: discovery, API root, collections, objects and manifest of
collections that are only read. A collection may have bad manners, each seen in some real server:

  no-next      says that there is more, and gives no `next`
  one-date     the same, and most objects have one date
  stale-next   refuses each `next` with 400
  no-headers   no X-TAXII-Date-Added headers
  no-dates     the same, and no manifest
  no-more      leaves `more` out; answers 206
  circle       gives the same page and `next` for ever, from the second on
  busy         answers each second request by 429
  moved        redirects to another server
"""
import hashlib
import hmac
import http.server
import json
import re
import threading
import time
import urllib.parse
import uuid

MEDIA = "application/taxii+json;version=2.1"
KEY = b"of the tokens"


def stamp(microseconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(microseconds // 1_000_000)) + f".{microseconds % 1_000_000:06}Z"


def microseconds(text):
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?Z", text)
    if not match:
        raise ValueError(text)
    whole = int(time.mktime(time.strptime(match[1], "%Y-%m-%dT%H:%M:%S")) - time.timezone)
    return whole * 1_000_000 + int((match[2] or "").ljust(6, "0"))


class Collection:
    def __init__(self, title, objects, manners="", added=None, can_read=True, page_max=100, id_=None):
        """`added`: microseconds of each object; else one apart."""
        self.id, self.title, self.manners, self.can_read, self.page_max = id_ or str(uuid.uuid4()), title, manners, can_read, page_max
        start = 1_767_323_045_000_000
        ties = len(objects) * 3 // 4 if manners == "one-date" else 0
        self.rows = sorted(((start + max(0, i - ties), one) for i, one in enumerate(objects)) if added is None else zip(added, objects),
                           key=lambda row: row[0])
        self.pages = self.asked = 0

    def said(self):
        return {"id": self.id, "title": self.title, "can_read": self.can_read, "can_write": False, "media_types": ["application/stix+json;version=2.1"]}

    def token(self, place):
        return f"{place}.{hmac.new(KEY, f'{self.id} {place}'.encode(), hashlib.sha256).hexdigest()[:16]}"


class Refused(Exception):
    def __init__(self, status, headers=()):
        self.status, self.headers = status, dict(headers)


class Server:
    """with Server([Collection(...)]) as server: ..."""

    def __init__(self, collections, token="t0ken"):
        self.collections, self.token = collections, token
        self.wrong = []                 # what a client may not do
        self.before_page = lambda collection: None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                try:
                    status, body, headers = outer.answer(self.path, self.headers)
                except Refused as refused:
                    status, headers = refused.status, refused.headers
                    body = {"title": "refused", "http_status": str(status)}
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                try:
                    self.send_response(status)
                    for name, value in {"Content-Type": MEDIA, **headers}.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    pass  # whoever asked was killed

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *_: None  # whoever asked was killed
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()

    def answer(self, path, headers):
        url = urllib.parse.urlsplit(path)
        query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        if headers["Accept"] != MEDIA:
            self.wrong.append(f"Accept: {headers['Accept']}")
            raise Refused(406)
        if headers["Authorization"] != f"Bearer {self.token}":
            raise Refused(401, {"WWW-Authenticate": "Bearer"})
        if any(len(values) > 1 for values in query.values()):
            self.wrong.append(f"a parameter given twice: {path}")
            raise Refused(400)
        parts = [part for part in url.path.split("/") if part]
        if parts == ["taxii2"]:
            return 200, {"title": "a test", "default": "/root/", "api_roots": ["/root/"]}, {}
        if parts == ["root"]:
            return 200, {"title": "root", "versions": [MEDIA], "max_content_length": 1 << 20}, {}
        if parts == ["root", "collections"]:
            return 200, {"collections": [one.said() for one in self.collections]}, {}
        if parts[:2] != ["root", "collections"]:
            raise Refused(404)
        found = [one for one in self.collections if one.id == parts[2]]
        if not found:
            raise Refused(404)
        if len(parts) == 3:
            return 200, found[0].said(), {}
        if not found[0].can_read:
            raise Refused(403)
        if parts[3] == "manifest":
            return self.manifest(found[0], query)
        if parts[3] == "objects":
            return self.page(found[0], query)
        raise Refused(404)

    def manifest(self, collection, query):
        if collection.manners == "no-dates":
            raise Refused(404)
        wanted = query.get("match[id]", [""])[0]
        rows = [{"id": one["id"], "date_added": stamp(added), "version": one.get("modified", stamp(added))}
                for added, one in collection.rows if wanted in ("", one["id"])]
        return 200, {"objects": rows} if rows else {}, {}

    def page(self, collection, query):
        manners = collection.manners
        collection.asked += 1
        if manners == "busy" and collection.asked % 2 == 1:
            raise Refused(429, {"Retry-After": "1"})
        if manners == "moved":
            raise Refused(302, {"Location": self.elsewhere})
        self.before_page(collection)
        place = 0
        try:
            limit = min(collection.page_max, int(query.get("limit", ["1000"])[0]))
            if "added_after" in query:
                after = microseconds(query["added_after"][0])
                place = sum(1 for added, _ in collection.rows if added <= after)
        except ValueError:
            self.wrong.append(f"a parameter that is none: {query}")
            raise Refused(400) from None
        if "next" in query:
            place = int(query["next"][0].split(".")[0])
            if manners == "stale-next" or query["next"][0] != collection.token(place):
                raise Refused(400)
        rows = collection.rows[place:place + limit]
        body = {"objects": [one for _, one in rows]} if rows else {}
        end = place + len(rows)
        if manners == "circle" and place > 0:
            end = place
        if end < len(collection.rows):
            if manners != "no-more":
                body["more"] = True
            if manners not in ("no-next", "one-date"):
                body["next"] = collection.token(end)
        headers = {}
        if rows and manners not in ("no-headers", "no-dates", "no-more"):
            headers = {"X-TAXII-Date-Added-First": stamp(rows[0][0]), "X-TAXII-Date-Added-Last": stamp(rows[-1][0])}
        collection.pages += 1
        return 206 if manners == "no-more" else 200, body, headers
