#!/usr/bin/env python3
"""Counts the raw reports of a made-up world from scratch: an independent check of `tocsin simulate`
and `tocsin stats`. It knows the files and the definitions of docs/simulate.md, and no code of ours.

usage: count.py WORLD            prints the figures as JSON, in the layout of truth.json
       count.py WORLD --check    compares them with WORLD/truth.json; exit 1 if any differs
From truth.json it takes the periods; with --check, what to compare.

Two passes, so that a large world needs no large memory. The first reads each report once and spills what
its rows say into buckets by subject, in a temporary folder beside the world or in --work FOLDER. Equal rows
have one subject and so meet in one bucket; the second pass counts each bucket by itself and adds the figures.
A report is read as a whole: memory grows with the largest.
"""
import argparse, collections, contextlib, csv, datetime, functools, hashlib, io, ipaddress
import json, multiprocessing, pathlib, pickle, sys, tempfile, zlib

PROCESSES = 2
SLICE_FILES = 256       # reports that one process reads one after another
BUCKET_BYTES = 1 << 30  # of reports: what one process counts at a time

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

# All that a row says but its subject. `kind` is what the subject counts as: addresses4, networks6 or sites.
# A host name beside an address is a subject of kind names, and no event.
Claim = collections.namedtuple("Claim", "day country type family feed controller kind")
claim = functools.lru_cache(None)(Claim)  # each is one object, so that it is pickled once a report

class Bad(Exception):
    """A row that is no event."""

@functools.lru_cache(1 << 18)
def address(text):
    """The kind of the subject that stands behind an address, and the subject."""
    try:
        ip = ipaddress.ip_address(text)
    except ValueError as error:
        raise Bad(str(error))
    if int(ip) == 0:
        raise Bad("names no host")
    return ("addresses4", int(ip)) if ip.version == 4 else ("networks6", int(ip) >> 64)

@functools.lru_cache(1 << 18)
def check_time(text, shape):
    try:
        datetime.datetime.strptime(text, shape)
    except ValueError as error:
        raise Bad(str(error))

def day(text, shape):
    """The day of a moment; `shape` is what follows the date."""
    check_time(text[:10], "%Y-%m-%d")
    check_time(text[10:], shape)
    return text[:10]

# What one row of a feed says: a Claim, its subject, and the host name beside that. The row is a dict.

def shadowserver(row, report):
    type, ip, country = SHADOWSERVER[report]
    kind, subject = address(row[ip])
    name = row.get("http_host") if report == "compromised_website" else None
    when = day(row["timestamp"], " %H:%M:%S")
    return claim(when, row[country], type, row.get("infection", ""), "shadowserver", "", kind), subject, name

def intelmq(feed):
    def read(row, _):
        kind, subject = address(row.get("source.ip"))
        when = day(row.get("time.source", ""), "T%H:%M:%S+00:00")
        return claim(when, row["source.geolocation.cc"], row["classification.type"], row["malware.name"], feed,
                     row["destination.geolocation.cc"], kind), subject, None
    return read

def n6(row, _):
    place = row["address"][0]
    kind, subject = address(place["ip"])
    type = {"bots": INFECTED, "cnc": C2}[row["category"]]
    return claim(day(row["time"], "T%H:%M:%SZ"), place["cc"], type, row["name"], "n6", "", kind), subject, None

def zone_h(row, _):
    when = day(row["add_date"], " %H:%M:%S")
    host = row["domain"].removeprefix("http://").split("/")[0]
    if not host:
        raise Bad("no domain")
    return claim(when, row["country_code"], DEFACED, "", "zone-h", "", "sites"), host, None

FEEDS = {"shadowserver": shadowserver, "flowwatch": intelmq("flowwatch"), "n6": n6,
         "partner-probe": intelmq("partner-probe"), "zone-h": zone_h, "blocklist": None}

sorted_json = json.JSONEncoder(sort_keys=True).encode

def rows(text, suffix):
    """Yields each row as a dict with the text that makes it unique, or Bad."""
    if suffix == ".csv":
        lines = csv.reader(io.StringIO(text, newline=""))
        head = next(lines)
        for values in lines:
            yield (dict(zip(head, values)), tuple(values)) if len(values) == len(head) else Bad("columns")
        return
    for line in text.split("\n")[:-1]:
        if suffix == ".txt":
            yield {"ip": line}, line
            continue
        try:
            row = json.loads(line)
            yield (row, sorted_json(row)) if isinstance(row, dict) else Bad("no object")
        except ValueError as error:
            yield Bad(str(error))

# The first pass.

def read_report(path, buckets):
    """What is known of a report by itself; and for each bucket its rows: (digest or None, Claim, subject)."""
    feed, data = path.parent.name, path.read_bytes()
    report = path.name[11:].split("-")[0] if feed == "shadowserver" else ""
    file = {"path": "/".join(path.parts[-3:]), "feed": feed, "rows": 0, "rejected": 0}
    spilled = collections.defaultdict(list)
    def spill(digest, claim, subject):
        spilled[zlib.crc32(str(subject).encode()) % buckets].append((digest, claim, subject))
    for row in rows(data.decode(), path.suffix):
        file["rows"] += 1
        try:
            if isinstance(row, Bad):
                raise row
            if FEEDS[feed] is None:
                address(row[0]["ip"])
                continue
            said, subject, name = FEEDS[feed](row[0], report)
        except (Bad, KeyError):
            file["rejected"] += 1
            continue
        spill(hashlib.blake2b(repr((feed, report, row[1])).encode(), digest_size=16).digest(), said, subject)
        if name:
            spill(None, said._replace(kind="names"), name)
    return file, hashlib.sha256(data).digest(), spilled

def read_slice(paths, first, work, buckets):
    """Reads `paths`, which are numbered from `first`, into files of their own in `work`."""
    files, claims = [], set()
    with contextlib.ExitStack() as stack:
        outs = [stack.enter_context(open(work / f"{first:08}-{bucket}", "wb")) for bucket in range(buckets)]
        for number, path in enumerate(paths, first):
            file, digest, spilled = read_report(path, buckets)
            files.append((file, digest))
            for bucket, records in spilled.items():
                pickle.dump((number, records), outs[bucket], pickle.HIGHEST_PROTOCOL)
                claims.update(claim for _, claim, _ in records)
    return files, claims

def read_world(world, work, pool):
    """All reports in the order of their delivery, all claims, and the number of buckets."""
    paths = sorted((p for p in world.glob("*/*/*") if p.is_file()), key=lambda p: (p.stat().st_mtime, str(p)))
    buckets = 1 + sum(p.stat().st_size for p in paths) // BUCKET_BYTES
    slices = [(paths[i:i + SLICE_FILES], i, work, buckets) for i in range(0, len(paths), SLICE_FILES)]
    files, claims, taken = [], set(), set()
    for of_slice, its_claims in pool.starmap(read_slice, slices, 1):
        claims |= its_claims
        for file, digest in of_slice:
            files.append(file)
            if FEEDS[file["feed"]] is None:
                continue
            file |= {"events": 0, "duplicates": 0}
            if (file["feed"], digest) in taken:
                file |= {"rejected": 0, "repeat": True}
            taken.add((file["feed"], digest))
    return files, claims, buckets

# The second pass.

class Group:
    """The events of one claim in one bucket."""
    def __init__(self):
        self.events, self.subjects = 0, set()

def group_bucket(work, bucket, repeats):
    """The groups by claim, and for each file how many of its rows are events and how many duplicates."""
    groups, seen = collections.defaultdict(Group), set()
    events, duplicates = collections.Counter(), collections.Counter()
    for path in sorted(work.glob(f"*-{bucket}")):
        with open(path, "rb") as spilled:
            while spilled.peek(1):
                number, records = pickle.load(spilled)
                if number in repeats:
                    continue
                for digest, claim, subject in records:
                    if digest in seen:
                        duplicates[number] += 1
                        continue
                    group = groups[claim]
                    group.subjects.add(subject)
                    if digest:
                        seen.add(digest)
                        events[number] += 1
                        group.events += 1
    return groups, events, duplicates

def listed_controllers(claims):
    """Family to the country of its controllers, as the c2-server events say."""
    return {c.family: c.country for c in sorted(claims) if c.type == C2}

def feeds_of(claims, period):
    """Which feeds report in a period, by country and type."""
    feeds = collections.defaultdict(set)
    for c in claims:
        if period["since"] <= c.day < period["until"]:
            feeds[c.country, c.type].add(c.feed)
    return feeds

def abroad(country, controller):
    return controller if controller == "unknown" else "home" if controller == country else "abroad"

def cuts_of(claim, listed, same):
    """The cuts that an event counts in, with what distinguishes the rows of each."""
    where = claim.country, claim.type
    yield "country", where[:1]
    yield "country.type", where
    yield "country.type.family", where + (claim.family,)
    yield "country.type.feed", where + (claim.feed,)
    if claim.feed in same[where]:
        yield "same_feeds", where
    if claim.type == INFECTED:
        named = claim.controller or "unknown"
        joined = claim.controller or listed.get(claim.family, "unknown")
        yield "country.type.controller", where + (named,)
        yield "country.type.controller.joined", where + (joined,)
        yield "controllers", where + (abroad(claim.country, named),)
        yield "controllers_joined", where + (abroad(claim.country, joined),)

def count_bucket(work, bucket, repeats, periods, listed, same):
    """The figures of one bucket by cut, stretch and row; and what group_bucket() says of files."""
    groups, events, duplicates = group_bucket(work, bucket, repeats)
    cells = collections.defaultdict(lambda: collections.defaultdict(list))
    for claim, group in groups.items():
        for cut, key in cuts_of(claim, listed, same):
            cells[cut, key][claim.day, claim.kind].append(group)
    figures = collections.defaultdict(collections.Counter)
    for (cut, key), days in cells.items():
        distinct = collections.defaultdict(set)
        for (day, kind), parts in days.items():
            of_day = set().union(*(group.subjects for group in parts))
            for stretch in [day[:7]] + [p["name"] for p in periods if p["since"] <= day < p["until"]]:
                distinct[stretch, kind] |= of_day
                row = figures[cut, stretch, key]
                row["events"] += sum(group.events for group in parts)
                row["distinct_daily_sum"] += 0 if kind == "names" else len(of_day)
        for (stretch, kind), subjects in distinct.items():
            figures[cut, stretch, key][kind] += len(subjects)
    return dict(figures), events, duplicates

def distinct(row):
    return row["addresses4"] + row["networks6"] + row["sites"]

def row_of(cut, row):
    names = row["sites"] + (0 if cut == "country" else row["names"])
    return {"addresses4": row["addresses4"], "distinct": distinct(row), "distinct_daily_sum": row["distinct_daily_sum"],
            "events": row["events"], "names": names, "networks6": row["networks6"]}

def count(world, work, periods):
    with multiprocessing.Pool(PROCESSES) as pool:
        files, claims, buckets = read_world(world, work, pool)
        repeats = {number for number, file in enumerate(files) if "repeat" in file}
        before, now = feeds_of(claims, periods[0]), feeds_of(claims, periods[-1])
        same = collections.defaultdict(set, {where: before[where] & now[where] for where in before.keys() | now.keys()})
        tasks = [(work, bucket, repeats, periods, listed_controllers(claims), same) for bucket in range(buckets)]
        figures = collections.defaultdict(collections.Counter)
        for of_bucket, events, duplicates in pool.starmap(count_bucket, tasks, 1):
            for name, row in of_bucket.items():
                figures[name].update(row)
            for number in events:
                files[number]["events"] += events[number]
            for number in duplicates:
                files[number]["duplicates"] += duplicates[number]
    cuts = collections.defaultdict(list)
    for (cut, stretch, key), figure in sorted(figures.items()):
        if not cut.startswith("country"):
            continue
        row = {"stretch": stretch} | dict(zip(cut.split("."), key)) | row_of(cut, figure)
        if cut == "country.type" and row["type"] == INFECTED:
            for reach in ("controllers", "controllers_joined"):
                row[reach] = {title: distinct(figures[reach, stretch, key + (title,)]) for title in ("abroad", "home", "unknown")}
        cuts[cut].append(row)
    return {"cuts": cuts, "compare": compare(figures, periods, before, now, same), "files": files}

def compare(figures, periods, before, now, same):
    """This period and the one before, and what remains with the feeds that report in both."""
    out = []
    for where in sorted(same):
        row = {"country": where[0], "type": where[1]}
        for period, suffix in ((periods[-1]["name"], ""), (periods[0]["name"], "_before")):
            row["distinct" + suffix] = distinct(figures["country.type", period, where])
            row["same_feeds" + suffix] = distinct(figures["same_feeds", period, where])
        row["feeds_new"] = sorted(now[where] - same[where])
        row["feeds_gone"] = sorted(before[where] - same[where])
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
    parser.add_argument("--work", type=pathlib.Path)
    args = parser.parse_args()
    truth = json.loads((args.world / "truth.json").read_text())
    with tempfile.TemporaryDirectory(dir=args.work or args.world.resolve().parent) as work:
        counted = count(args.world, pathlib.Path(work), truth["periods"])
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
