#!/usr/bin/env python3
"""Counts the raw reports of a made-up world from scratch: an independent check of `tocsin simulate`
and `tocsin stats`. It knows the files and the definitions of docs/simulate.md, and no code of ours.

usage: count.py WORLD            prints the figures as JSON, in the layout of truth.json
       count.py WORLD --check    compares them with WORLD/truth.json; exit 1 if any differs
From truth.json it takes the periods; with --check, what to compare. Memory grows with the world.
"""
import argparse, collections, csv, datetime, hashlib, io, ipaddress, json, pathlib, sys

INFECTED, C2, DEFACED = "infected-system", "c2-server", "unauthorised-information-modification"
SHADOWSERVER = {  # report type: (type, column of the subject's address, of its country)
    "event4_sinkhole": (INFECTED, "src_ip", "src_geo"),
    "event4_sinkhole_http": (INFECTED, "src_ip", "src_geo"),
    "event6_sinkhole": (INFECTED, "src_ip", "src_geo"),
    "event4_honeypot_brute_force": ("brute-force", "src_ip", "src_geo"),
    "event4_honeypot_ics_scan": ("scanner", "src_ip", "src_geo"),
    "scan_ics": ("vulnerable-system", "ip", "geo"),
    "scan_rdp": ("vulnerable-system", "ip", "geo"),
    "scan_telnet": ("vulnerable-system", "ip", "geo"),
    "compromised_website": ("system-compromise", "ip", "geo"),
}

Event = collections.namedtuple("Event", "day country type family feed address name controller")

class Bad(Exception):
    """A row that is no event."""

def address(text):
    try:
        ip = ipaddress.ip_address(text)
    except ValueError as error:
        raise Bad(str(error))
    if int(ip) == 0:
        raise Bad("names no host")
    return ip

def day(text, shape):
    try:
        return datetime.datetime.strptime(text, shape).date()
    except ValueError as error:
        raise Bad(str(error))

# What one row of a feed says: an Event. The row is a dict.

def shadowserver(row, report):
    kind, ip, country = SHADOWSERVER[report]
    return Event(day(row["timestamp"], "%Y-%m-%d %H:%M:%S"), row[country], kind,
                 row.get("infection", ""), "shadowserver", address(row[ip]),
                 row.get("http_host") if report == "compromised_website" else None, "")

def intelmq(feed):
    def read(row, _):
        return Event(day(row.get("time.source", ""), "%Y-%m-%dT%H:%M:%S+00:00"),
                     row["source.geolocation.cc"], row["classification.type"], row["malware.name"],
                     feed, address(row.get("source.ip")), None, row["destination.geolocation.cc"])
    return read

def n6(row, _):
    place = row["address"][0]
    kind = {"bots": INFECTED, "cnc": C2}[row["category"]]
    return Event(day(row["time"], "%Y-%m-%dT%H:%M:%SZ"), place["cc"], kind, row["name"], "n6",
                 address(place["ip"]), None, "")

def zone_h(row, _):
    when = day(row["add_date"], "%Y-%m-%d %H:%M:%S")
    host = row["domain"].removeprefix("http://").split("/")[0]
    if not host:
        raise Bad("no domain")
    return Event(when, row["country_code"], DEFACED, "", "zone-h", None, host, "")

FEEDS = {"shadowserver": shadowserver, "flowwatch": intelmq("flowwatch"), "n6": n6,
         "partner-probe": intelmq("partner-probe"), "zone-h": zone_h, "blocklist": None}

def rows(path):
    """Yields each row as a dict with the text that makes it unique, or Bad."""
    text = path.read_bytes().decode()
    if path.suffix == ".csv":
        lines = csv.reader(io.StringIO(text, newline=""))
        head = next(lines)
        for values in lines:
            yield (dict(zip(head, values)), tuple(values)) if len(values) == len(head) else Bad("columns")
        return
    for line in text.split("\n")[:-1]:
        if path.suffix == ".txt":
            yield {"ip": line}, line
            continue
        try:
            row = json.loads(line)
            yield (row, json.dumps(row, sort_keys=True)) if isinstance(row, dict) else Bad("no object")
        except ValueError as error:
            yield Bad(str(error))

def read_world(world):
    """All events, each once, and what became of each file's rows."""
    events, files = [], []
    seen = collections.defaultdict(set)
    taken = set()
    paths = [p for p in world.glob("*/*/*") if p.is_file()]
    for path in sorted(paths, key=lambda p: (p.stat().st_mtime, str(p))):
        feed = path.parent.name
        report = path.name[11:].split("-")[0] if feed == "shadowserver" else ""
        file = {"path": str(path.relative_to(world)), "feed": feed, "rows": 0, "rejected": 0}
        files.append(file)
        counted = FEEDS[feed] is not None
        if counted:
            file |= {"events": 0, "duplicates": 0}
        digest = hashlib.sha256(path.read_bytes()).digest()
        repeat = counted and (feed, digest) in taken
        taken.add((feed, digest))
        for row in rows(path):
            file["rows"] += 1
            if repeat:
                continue
            try:
                if isinstance(row, Bad):
                    raise row
                if not counted:
                    address(row[0]["ip"])
                    continue
                event = FEEDS[feed](row[0], report)
            except (Bad, KeyError) as error:
                file["rejected"] += 1
                continue
            key = hashlib.blake2b(repr((report, row[1])).encode(), digest_size=16).digest()
            if key in seen[feed]:
                file["duplicates"] += 1
            else:
                seen[feed].add(key)
                file["events"] += 1
                events.append(event)
        if repeat:
            file["repeat"] = True
    return events, files

class Figures:
    def __init__(self):
        self.addresses4, self.networks6, self.names, self.sites = set(), set(), set(), set()
        self.events, self.days = 0, collections.defaultdict(set)

    def add(self, event):
        self.events += 1
        subject = event.name
        if event.type != DEFACED:
            v6 = event.address.version == 6
            subject = int(event.address) >> 64 if v6 else int(event.address)
            (self.networks6 if v6 else self.addresses4).add(subject)
            subject = (v6, subject)
        else:
            self.sites.add(event.name)
        if event.name:
            self.names.add(event.name)
        self.days[event.day].add(subject)

    def subjects(self):
        return len(self.addresses4) + len(self.networks6) + len(self.sites)

    def row(self, cut):
        names = self.sites if cut == "country" else self.names
        return {"addresses4": len(self.addresses4), "distinct": self.subjects(),
                "distinct_daily_sum": sum(map(len, self.days.values())), "events": self.events,
                "names": len(names), "networks6": len(self.networks6)}

def listed_controllers(events):
    """Family to the country of its controllers, as the c2-server events say."""
    return {e.family: e.country for e in events if e.type == C2}

def parts(event, listed):
    """The cuts that an event counts in, with what distinguishes the rows of each."""
    where = {"country": event.country, "type": event.type}
    yield "country", {"country": event.country}
    yield "country.type", where
    yield "country.type.family", where | {"family": event.family}
    yield "country.type.feed", where | {"feed": event.feed}
    if event.type == INFECTED:
        yield "country.type.controller", where | {"controller": event.controller or "unknown"}
        joined = event.controller or listed.get(event.family, "unknown")
        yield "country.type.controller.joined", where | {"controller": joined}

def reach(cells, cut, stretch, country):
    """Addresses of infected systems with a controller abroad, at home, unknown."""
    out = {}
    for title in ("abroad", "home", "unknown"):
        subjects = set()
        for (a_cut, a_stretch, key), figures in cells.items():
            key = dict(key)
            if a_cut != cut or a_stretch != stretch or key["country"] != country:
                continue
            controller = key["controller"]
            mine = "unknown" if controller == "unknown" else "home" if controller == country else "abroad"
            if mine == title:
                subjects |= {(4, a) for a in figures.addresses4} | {(6, a) for a in figures.networks6}
        out[title] = len(subjects)
    return out

def count(world, periods):
    events, files = read_world(world)
    listed = listed_controllers(events)
    cells = collections.defaultdict(Figures)
    for event in events:
        stretches = [event.day.strftime("%Y-%m")]
        stretches += [p["name"] for p in periods if p["since"] <= event.day.isoformat() < p["until"]]
        for cut, key in parts(event, listed):
            for stretch in stretches:
                cells[cut, stretch, tuple(sorted(key.items()))].add(event)
    cuts = collections.defaultdict(list)
    for (cut, stretch, key), figures in cells.items():
        row = {"stretch": stretch} | dict(key) | figures.row(cut)
        if cut == "country.type" and row["type"] == INFECTED:
            row["controllers"] = reach(cells, "country.type.controller", stretch, row["country"])
            row["controllers_joined"] = reach(cells, "country.type.controller.joined", stretch, row["country"])
        cuts[cut].append(row)
    return {"cuts": cuts, "compare": compare(cells, periods), "files": files}

def compare(cells, periods):
    """This period and the one before, and what remains with the feeds that report in both."""
    before, now = periods[0]["name"], periods[-1]["name"]
    wheres = {key for cut, _, key in cells if cut == "country.type" and _ in (before, now)}
    out = []
    for where in wheres:
        feeds = {p: {dict(k)["feed"]: f for (c, s, k), f in cells.items()
                     if c == "country.type.feed" and s == p and set(where) <= set(k)} for p in (before, now)}
        same = set(feeds[before]) & set(feeds[now])
        row = dict(where)
        for p, suffix in ((now, ""), (before, "_before")):
            whole = cells.get(("country.type", p, where))
            row["distinct" + suffix] = whole.subjects() if whole else 0
            merged = Figures()
            for feed in same:
                merged.addresses4 |= feeds[p][feed].addresses4
                merged.networks6 |= feeds[p][feed].networks6
                merged.sites |= feeds[p][feed].sites
            row["same_feeds" + suffix] = merged.subjects()
        row["feeds_new"] = sorted(set(feeds[now]) - same)
        row["feeds_gone"] = sorted(set(feeds[before]) - same)
        out.append(row)
    return out

NAMES = {"stretch", "country", "type", "family", "feed", "controller", "path"}
NOT_IN_FILES = {"true_hosts", "days", "delivered"}  # what no reader of the files can know

def differences(told, counted, where):
    """Compares two lists of rows; yields what differs."""
    def keyed(rows):
        out = {}
        for row in rows:
            name = tuple(sorted((k, v) for k, v in row.items() if k in NAMES))
            row = {k: v for k, v in row.items() if k not in NAMES | NOT_IN_FILES}
            out[name] = {k: sorted(v) if isinstance(v, list) else v for k, v in row.items()}
        return out
    told, counted = keyed(told), keyed(counted)
    for name in sorted(set(told) | set(counted)):
        a, b = told.get(name), counted.get(name)
        if a != b:
            yield f"{where} {dict(name)}: truth.json says {a}, the files {b}"

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    truth = json.loads((args.world / "truth.json").read_text())
    counted = count(args.world, truth["periods"])
    if not args.check:
        json.dump(counted, sys.stdout, indent=1, sort_keys=True)
        return 0
    wrong, compared = [], 0
    for cut in sorted(set(truth["cuts"]) | set(counted["cuts"])):
        told = truth["cuts"].get(cut, [])
        compared += len(told)
        wrong += differences(told, counted["cuts"].get(cut, []), cut)
    for part in ("compare", "files"):
        compared += len(truth[part])
        wrong += differences(truth[part], counted[part], part)
    for line in wrong[:40]:
        print(line)
    print(f"{compared} rows compared, {len(wrong)} differ")
    return 1 if wrong or compared == 0 else 0

if __name__ == "__main__":
    sys.exit(main())
