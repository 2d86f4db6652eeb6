#!/usr/bin/env python3
"""Erases subjects and then looks for them in every byte of HOME.

usage: erase_test.py TOCSIN
An address, a host name, a URL and an account are told by reports, rejected records, kept reports, packed and cut ones, a withdrawn one,
as controllers, in what people say (verdicts, notes, tags, cases and their files, views, holds that are lifted), by alerts, searches in
the audit, leftovers of packing, and a copy of the home from before an upgrade. After `tocsin subject VALUE erase` no file of HOME may
hold them: as text in any case, in UTF-8 and UTF-16, as the bytes of an address in either order, as the keyed hash that counts use, as the
key of a finding, as a plain hash (MD5, SHA-1, SHA-256, XXH3) of the value or of the key, in hexadecimal and as bytes in either order; nor
within anything packed with zstd, gzip or zip, cut or whole, or encoded as base64. Before it, the same search must find them, or it proves
nothing. The audit must still be as it was written. What is told of them again is not heard, and leaves none of this either; nor does a
restored backup from before.
"""
import base64
import ctypes
import hashlib
import io
import ipaddress
import json
import pathlib
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib

ADDRESS, NAME, URL, ACCOUNT = "192.0.2.77", "victim.example.org", "http://leak.example.net/secret-page", "jane.doe@example.com"
OTHER = "198.51.100.231"
PASSWORD = "hunter2-correct-horse"


class Wrong(Exception):
    pass


def tocsin(home, *arguments, code=0):
    done = subprocess.run([sys.argv[1], *map(str, arguments), "--home", str(home)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=300, check=False)
    if code is not None and done.returncode != code:
        raise Wrong(f"tocsin {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + (done.stderr if code else "")


# ---- what is looked for

def siphash24(key, data):
    """Source: Aumasson, Bernstein, SipHash (2012)."""
    mask = (1 << 64) - 1
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573]

    def rotate(x, bits):
        return (x << bits | x >> 64 - bits) & mask

    def round_():
        v[0] = v[0] + v[1] & mask; v[1] = rotate(v[1], 13) ^ v[0]; v[0] = rotate(v[0], 32)
        v[2] = v[2] + v[3] & mask; v[3] = rotate(v[3], 16) ^ v[2]
        v[0] = v[0] + v[3] & mask; v[3] = rotate(v[3], 21) ^ v[0]
        v[2] = v[2] + v[1] & mask; v[1] = rotate(v[1], 17) ^ v[2]; v[2] = rotate(v[2], 32)

    whole = len(data) - len(data) % 8
    for at in range(0, whole, 8):
        m = struct.unpack_from("<Q", data, at)[0]
        v[3] ^= m
        round_(), round_()
        v[0] ^= m
    last = int.from_bytes(data[whole:], "little") | (len(data) & 0xff) << 56
    v[3] ^= last
    round_(), round_()
    v[0] ^= last
    v[2] ^= 0xff
    for _ in range(4):
        round_()
    return v[0] ^ v[1] ^ v[2] ^ v[3]


xxhash = ctypes.CDLL("libxxhash.so.0")
xxhash.XXH3_64bits.restype = ctypes.c_ulonglong


class Two(ctypes.Structure):
    _fields_ = [("low", ctypes.c_ulonglong), ("high", ctypes.c_ulonglong)]


xxhash.XXH3_128bits.restype = Two


def hashes(data):
    """Name and bytes of plain hashes."""
    size = ctypes.c_size_t(len(data))
    two = xxhash.XXH3_128bits(data, size)
    return {"MD5": hashlib.md5(data).digest(), "SHA-1": hashlib.sha1(data).digest(), "SHA-256": hashlib.sha256(data).digest(),
            "XXH3-64": struct.pack(">Q", xxhash.XXH3_64bits(data, size)), "XXH3-128": struct.pack(">QQ", two.high, two.low)}


def spelled(name, data):
    """Bytes as they lie, turned, each half turned, and in hexadecimal."""
    out = {name: data, f"{name}, turned": data[::-1], f"text {name}": data.hex().encode()}
    if len(data) == 16:
        out[f"{name}, halves turned"] = data[7::-1] + data[:7:-1]
    return out


def forms(home, value, stored=None, findings=()):
    """Name and bytes of every form in which the value, or a finding about it, could stand."""
    with sqlite3.connect(f"file:{home}/journal.db?mode=ro", uri=True) as journal:
        key = bytes.fromhex(journal.execute("SELECT json FROM state WHERE key = 'node.key'").fetchone()[0])
    found = {}
    for text in {value, stored or value}:
        found |= {f"text {text}": text.lower().encode(), f"UTF-16LE {text}": text.lower().encode("utf-16-le"),
                  f"UTF-16BE {text}": text.lower().encode("utf-16-be")}
        hashed = siphash24(key, text.encode())
        found |= {"keyed hash": struct.pack("<Q", hashed), "keyed hash, turned": struct.pack(">Q", hashed)}
        for name, digest in hashes(text.encode()).items():
            found |= spelled(f"{name} of {text}", digest)
    try:
        packed = ipaddress.ip_address(value).packed
        found |= {"packed": packed, "packed, turned": packed[::-1]}
    except ValueError:
        pass
    for finding in findings:
        raw = bytes.fromhex(finding[2:])
        found |= spelled(f"key {finding}", raw)
        for data in (finding.encode(), raw, raw[7::-1] + raw[:7:-1]):
            for name, digest in hashes(data).items():
                found |= spelled(f"{name} of {finding}", digest)
    return found


zstd = ctypes.CDLL("libzstd.so.1")
zstd.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
zstd.ZSTD_decompress.restype = ctypes.c_size_t
zstd.ZSTD_isError.restype = ctypes.c_uint


def frames(data):
    """Every zstd frame within the bytes, unpacked."""
    at = data.find(b"\x28\xb5\x2f\xfd")
    while at >= 0:
        rest = data[at:]
        size = zstd.ZSTD_findFrameCompressedSize(rest, ctypes.c_size_t(len(rest)))
        if not zstd.ZSTD_isError(ctypes.c_size_t(size)):
            content = zstd.ZSTD_getFrameContentSize(rest, ctypes.c_size_t(len(rest)))
            if content < 1 << 30:
                out = ctypes.create_string_buffer(max(1, content))
                made = zstd.ZSTD_decompress(out, ctypes.c_size_t(content), rest, ctypes.c_size_t(size))
                if not zstd.ZSTD_isError(ctypes.c_size_t(made)):
                    yield out.raw[:made]
        at = data.find(b"\x28\xb5\x2f\xfd", at + 4)


def inflated(data, bits):
    """What zlib gets out, until the data end or are damaged."""
    out, machine = b"", zlib.decompressobj(bits)
    try:
        for at in range(0, len(data), 4096):
            out += machine.decompress(data[at:at + 4096])
            if machine.eof:
                break
    except zlib.error:
        pass
    return out


def packed(data):
    """Every gzip member and zip entry within the bytes, as far as it can be read, and what base64 hides."""
    for match in re.finditer(rb"\x1f\x8b\x08[\x00-\x1f]", data):
        yield inflated(data[match.start():], 31)
    for match in re.finditer(rb"PK\x03\x04", data):
        head = data[match.start():match.start() + 30]
        if len(head) == 30 and struct.unpack_from("<H", head, 8)[0] == 8:
            name, extra = struct.unpack_from("<HH", head, 26)
            yield inflated(data[match.start() + 30 + name + extra:], -15)
    for match in re.finditer(rb"(?:[A-Za-z0-9+/]{40,76}\r?\n)*[A-Za-z0-9+/]{16,}={0,2}", data):
        text = re.sub(rb"\s", b"", match.group())
        try:
            yield base64.b64decode(text + b"=" * (-len(text) % 4))
        except ValueError:
            pass


class Stream(ctypes.Structure):
    _fields_ = [("at", ctypes.c_void_p), ("size", ctypes.c_size_t), ("pos", ctypes.c_size_t)]


zstd.ZSTD_createDStream.restype = ctypes.c_void_p
zstd.ZSTD_decompressStream.restype = ctypes.c_size_t


def cut_frames(data):
    """What the last, unfinished zstd frame of the bytes gives."""
    at = data.rfind(b"\x28\xb5\x2f\xfd")
    if at < 0:
        return
    source, out = ctypes.create_string_buffer(data[at:], len(data) - at), ctypes.create_string_buffer(4 << 20)
    machine = zstd.ZSTD_createDStream()
    to, from_ = Stream(ctypes.addressof(out), len(out), 0), Stream(ctypes.addressof(source), len(data) - at, 0)
    while from_.pos < from_.size and to.pos < to.size:
        before = from_.pos, to.pos
        done = zstd.ZSTD_decompressStream(ctypes.c_void_p(machine), ctypes.byref(to), ctypes.byref(from_))
        if zstd.ZSTD_isError(ctypes.c_size_t(done)) or before == (from_.pos, to.pos):
            break
    zstd.ZSTD_freeDStream(ctypes.c_void_p(machine))
    yield out.raw[:to.pos]


def pieces(data, depth=3):
    yield data
    if depth > 0:
        for inner in (*frames(data), *cut_frames(data), *packed(data)):
            if inner:
                yield from pieces(inner, depth - 1)


def look(home, wanted):
    """{form: files that hold it}"""
    hits = {}
    for path in pathlib.Path(home).rglob("*"):
        if not path.is_file():
            continue
        for piece in pieces(path.read_bytes()):
            lower = piece.lower()
            for form, needle in wanted.items():
                if needle in (lower if form.startswith(("text", "UTF")) else piece):
                    hits.setdefault(form, set()).add(str(path.relative_to(home)))
    return hits


# ---- what is told

def event(**more):
    at = "2026-05-04T10:00:00Z"
    return {"time.source": at, "time.observation": at, "source.geolocation.cc": "BR"} | {key.replace("__", "."): value for key, value in more.items()}


def reports(folder):
    lines = []
    for n in range(300):  # enough for files to have blocks of their own
        lines.append(event(classification__type="infected-system", source__ip=f"198.51.100.{n % 200}", malware__name="mirai"))
    lines += [
        event(classification__type="infected-system", source__ip=ADDRESS, malware__name="qakbot"),
        event(classification__type="c2-server", source__ip=ADDRESS, malware__name="necurs"),
        event(classification__type="infected-system", source__ip=OTHER, malware__name="necurs"),
        event(classification__type="phishing", source__fqdn=NAME, source__url=f"http://{NAME}/login"),
        event(classification__type="phishing", source__url=URL),
        event(classification__type="infected-system", source__ip="198.51.100.10", malware__name="mirai", extra__note=f"asked for {NAME} twice"),
    ]
    path = folder / "events.json"
    path.write_text("\n".join(map(json.dumps, lines)) + f"\n{{\"broken\": \"{ADDRESS} {NAME} {URL}\"\n")
    yield "events", "intelmq", path
    path = folder / "accounts.json"
    path.write_text(json.dumps(event(classification__type="unprivileged-account-compromise", source__account=ACCOUNT, source__fqdn="example.com")) +
                    f'\n{{"broken": "{ACCOUNT}\n')
    yield "accounts", "intelmq", path
    path = folder / "2026-05-04-event4_sinkhole-x.csv"
    path.write_text("timestamp,protocol,src_ip,src_port,src_asn,src_geo,dst_ip,dst_port,infection,severity,http_host\n"
                    f"2026-05-04 11:00:00,tcp,{ADDRESS},1024,64496,BR,203.0.113.9,80,andromeda,high,{NAME}\n"
                    f"2026-05-04 11:00:00,tcp,{OTHER},1024,64496,BR,203.0.113.9,80,andromeda,high,other.example.org\n")
    yield "sinkhole", "shadowserver", path


def zipped(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.csv", text)
    return out.getvalue()


def cut_gzip(text):
    machine = zlib.compressobj(9, zlib.DEFLATED, 31)
    filler = "".join(f"198.51.100.{n % 250},{n * 7919 % 65536}\n" for n in range(4000))
    whole = machine.compress((text + "\n" + filler).encode()) + machine.flush()
    return whole[:len(whole) // 2]


def fresh_reports(folder):
    """Reports named after a subject, of one alone, as a mail, unreadable ones, and words that are new."""
    path = folder / f"{NAME}.txt"
    path.write_text(ADDRESS)
    yield "list", "ip_list", path
    path = folder / "word.json"
    path.write_text(json.dumps(event(classification__type="infected-system", source__ip="198.51.100.9", malware__name=NAME)) + "\n" +
                    json.dumps(event(classification__type="infected-system", source__ip="198.51.100.9",
                                     source__url=f"http://198.51.100.9/?to={ADDRESS}")) + "\n")
    yield "words", "intelmq", path
    path = folder / "cut.csv.gz"
    path.write_bytes(cut_gzip(f"{ADDRESS},{NAME}"))
    yield "cut", "auto", path
    path = folder / "packed.json.zip"
    path.write_bytes(zipped(json.dumps(event(classification__type="infected-system", source__ip=ADDRESS, malware__name="zbot")) + "\n"))
    yield "packed", "intelmq", path


def people(home, folder, finding, other):
    """What people do with a subject, and what a stop and an upgrade leave of it."""
    constituents = folder / "constituents.csv"
    constituents.write_text("name,prefixes,contacts\nAn organisation,192.0.2.0/24,abuse@told.example\n")
    tocsin(home, "constituents", "import", constituents)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    path = folder / "now.json"
    path.write_text(json.dumps(event(classification__type="infected-system", source__ip=ADDRESS, malware__name="sality") |
                               {"time.source": now, "time.observation": now}) + "\n")
    tocsin(home, "ingest", "--feed", "events", "--format", "intelmq", "--tlp", "green", path)
    tocsin(home, "triage", finding, "--verdict", "true", "--note", f"told by {ADDRESS}", "--tag", NAME)
    tocsin(home, "triage", other, "--verdict", "duplicate", "--duplicate-of", finding)
    tocsin(home, "triage", other, "--tag", f"near {ADDRESS}")
    tocsin(home, "case", "open", f"About {NAME}")
    tocsin(home, "case", "note", "1", f"see {finding} and {ADDRESS}")
    tocsin(home, "case", "add", "1", finding)
    attached = folder / "evidence.zip"
    attached.write_bytes(zipped(f"at {ADDRESS} and {URL}"))
    tocsin(home, "case", "attach", "1", attached)
    alone = folder / "alone.txt"
    alone.write_text(NAME)
    tocsin(home, "case", "attach", "1", alone)
    tocsin(home, "view", "keep", "his", f"ip:{ADDRESS}")
    tocsin(home, "mute", "add", "--subject", ADDRESS, "--until", "14d", "--reason", f"for {NAME}")
    for value in (f"ip:{ADDRESS}", f'"{NAME}"'):
        tocsin(home, "findings", value, "--csv")
        tocsin(home, "events", value, "--csv")
    withdrawn = folder / "withdrawn.json"
    lines = [event(classification__type="infected-system", source__ip=ADDRESS, malware__name=f"zeus {n}", extra__note=f"{URL} {n}")
             for n in range(3000)]
    withdrawn.write_text("".join(json.dumps(line) + "\n" for line in lines))
    tocsin(home, "ingest", "--feed", "wrong", "--format", "intelmq", withdrawn)
    newest = json.loads(tocsin(home, "reports", "list", "--feed", "wrong", "--json").splitlines()[0])
    tocsin(home, "reports", "withdraw", newest["id"], "--reason", "wrong")
    copy = home / "backups" / "before-0.1.9"
    copy.mkdir(parents=True)
    (copy / "journal.db").write_text(f"the home as it was, with {ADDRESS} in it")
    for folder_name in ("raw/ab", "situation"):
        (home / folder_name).mkdir(parents=True, exist_ok=True)
    text = "".join(f"{ADDRESS} {URL} {n * 7919 % 65536}\n" for n in range(30000)).encode()
    room = ctypes.create_string_buffer(len(text) + 1024)
    zstd.ZSTD_compress.restype = ctypes.c_size_t
    size = zstd.ZSTD_compress(room, ctypes.c_size_t(len(room)), text, ctypes.c_size_t(len(text)), 3)
    (home / "raw" / "ab" / ("ab" * 32 + ".zst.new")).write_bytes(room.raw[:size * 2 // 3])
    (home / "situation" / "page.html.new").write_text(f"<p>{NAME}")
    (home / "columns" / "backup").mkdir()
    (home / "columns" / "backup" / "events.duckdb").write_text(ADDRESS)


def stolen(folder):
    """Account reports with passwords, in three formats."""
    accounts = folder / "accounts.csv"
    accounts.write_text(f"time,account,password,domain\n2026-05-04T10:00:00Z,{ACCOUNT},{PASSWORD},example.com\nnever,{ACCOUNT},{PASSWORD},\n")
    mapping = folder / "accounts.toml"
    mapping.write_text('format = "csv"\n')
    path = folder / "leak.json"
    path.write_text(json.dumps(event(classification__type="data-leak", source__account=f"{ACCOUNT}:{PASSWORD}", source__fqdn="example.com",
                                     extra__password=PASSWORD, extra__more={"login": "x", "userPass": PASSWORD})) + "\n" +
                    f'{{"password": "{PASSWORD}", "broken\n')
    yield "leaks", "intelmq", path
    path = folder / "2026-05-04-event4_honeypot_brute_force-x.csv"
    path.write_text("timestamp,protocol,src_ip,src_port,src_asn,src_geo,dst_ip,dst_port,application,username,password,severity\n"
                    f"2026-05-04 11:00:00,tcp,198.51.100.7,1024,64496,BR,203.0.113.9,22,ssh,root,{PASSWORD},medium\n"
                    f"not a time,tcp,198.51.100.8,1024,64496,BR,203.0.113.9,22,ssh,root,{PASSWORD},medium\n")
    yield "honeypot", "shadowserver", path


def is_gone(home, before, when):
    for value, wanted in before.items():
        hits = look(home, wanted)
        if hits:
            raise Wrong(f"{value} is there {when}: { {form: sorted(names) for form, names in hits.items()} }")
        shown = json.loads(tocsin(home, "subject", value, "show", "--json"))
        if shown["events"] or shown["findings"] or not shown["erased"]:
            raise Wrong(f"{value} is still shown {when}: {shown}")


def main(folder):
    home = folder / "home"
    made = list(reports(folder))
    for feed, format_, path in made:
        tocsin(home, "ingest", "--feed", feed, "--format", format_, path)
    for feed, format_, path in stolen(folder):
        tocsin(home, "ingest", "--feed", feed, "--format", format_, path)
    hits = look(home, {"text password": PASSWORD.encode(), "UTF-16 password": PASSWORD.encode("utf-16-le")})
    if hits:
        raise Wrong(f"a password is stored: {hits}")
    hits = look(home, {"text account": ACCOUNT.encode(), "UTF-16 account": ACCOUNT.encode("utf-16-le")})
    if hits:
        raise Wrong(f"an account is stored as it is: {hits}")

    def findings(condition):
        return [json.loads(line) for line in tocsin(home, "findings", condition, "limit=100", "--json").splitlines()]

    people(home, folder, findings(f"ip:{ADDRESS}")[0]["id"], findings(f"ip:{OTHER}")[0]["id"])
    made += list(fresh_reports(folder))
    for feed, format_, path in made[-4:]:
        tocsin(home, "ingest", "--feed", feed, "--format", format_, path, code=None)
    stored = {ACCOUNT: json.loads(tocsin(home, "subject", ACCOUNT, "show", "--json"))["value"]}
    about = {value: [] for value in (ADDRESS, NAME, URL, ACCOUNT)}
    for finding in findings("limit=1000"):
        for value in about:
            if (stored.get(value) or value) in json.dumps(finding.get("subject")):
                about[value].append(finding["id"])
    if not about[ADDRESS] or not about[NAME]:
        raise Wrong(f"no findings about them: {about}")
    before, places = {}, set()
    for value in (ADDRESS, NAME, URL, ACCOUNT):
        shown = json.loads(tocsin(home, "subject", value, "show", "--json"))
        if shown["events"] == 0 or shown["erased"]:
            raise Wrong(f"{value} is not shown: {shown}")
        exported = [json.loads(line) for line in tocsin(home, "subject", value, "export").splitlines()]
        events, kept = [line for line in exported if "kept_in" not in line], [line["kept_in"] for line in exported if "kept_in" in line]
        if len(events) != shown["events"]:
            raise Wrong(f"{value}: {len(events)} events exported, {shown['events']} shown")
        for text in shown.get("texts", []):
            if kept.count(text["table"]) < text["values"]:
                raise Wrong(f"{value}: of {text['values']} texts in {text['table']} only {kept.count(text['table'])} are exported")
        if shown["days"] == 0 and value in (ADDRESS, NAME):
            raise Wrong(f"{value} is in no day's exact sets")
        before[value] = forms(home, value, stored.get(value), about[value])
        hits = look(home, before[value])
        if not hits:
            raise Wrong(f"{value} is not found before it is erased: the search proves nothing")
        places |= {name for names in hits.values() for name in names}
        print(f"before: {value} in {sorted({name for names in hits.values() for name in names})} as {sorted(hits)}")
    for place in ("quarantine/", ".zst.new", "page.html.new", "files/", "before-0.1.9", "columns/backup", ".duckdb", "counts/", "raw/"):
        if not any(place in name for name in places):
            raise Wrong(f"nothing is found in {place}: the search proves nothing there")
    with sqlite3.connect(f"file:{home}/journal.db?mode=ro", uri=True) as journal:
        if journal.execute("SELECT count(*) FROM alert_items").fetchone()[0] == 0:
            raise Wrong("nobody is to be told of anything: the test does not see what alerts keep")

    backup = folder / "backup"
    tocsin(home, "backup", backup)
    tocsin(home, "hold", "add", "--subject", ADDRESS, "--reason", "a court")
    said = tocsin(home, "subject", ADDRESS, "erase", "--reason", "request", code=None)
    if json.loads(tocsin(home, "subject", ADDRESS, "show", "--json"))["erased"]:
        raise Wrong(f"erased under a hold: {said}")
    tocsin(home, "hold", "lift", "h_1")

    copies = 0
    for value in (ADDRESS, NAME, URL, ACCOUNT):
        told = tocsin(home, "subject", value, "erase", "--reason", f"request 1/26 of {value}", "--json").strip()
        print(told)
        copies += json.loads(told)["copies"]
    if copies != 1:
        raise Wrong(f"{copies} copies of the home removed, not 1")
    is_gone(home, before, "after it was erased")
    verdict = json.loads(tocsin(home, "audit", "verify", "--json"))
    if not verdict["good"] or not verdict["masked"]:
        raise Wrong(f"the audit: {verdict}")

    others = tocsin(home, "events", f"ip:{OTHER}", "limit=100", "--json").splitlines()
    if len(others) != 2:
        raise Wrong(f"of others, {len(others)} events are left, not 2")
    for feed, format_, path in made:
        tocsin(home, "ingest", "--again", "--feed", feed, "--format", format_, path, code=None)
    for value in (ADDRESS, NAME):
        tocsin(home, "events", f'"{value}"', "--csv")
    is_gone(home, before, "after it was told again")
    if not json.loads(tocsin(home, "audit", "verify", "--json"))["good"]:
        raise Wrong("the audit is not as it was written")

    restored = folder / "restored"
    tocsin(restored, "restore", backup, "--tombstones", home / "tombstones")
    tocsin(restored, "findings", "limit=1")  # a start of the node
    is_gone(restored, before, "in the restored home")
    print("erased, and not heard again")


if __name__ == "__main__":
    try:
        with tempfile.TemporaryDirectory(prefix="tocsin-erase-") as name:
            main(pathlib.Path(name))
    except Wrong as wrong:
        print(f"FAILED: {wrong}")
        sys.exit(1)
