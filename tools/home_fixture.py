#!/usr/bin/env python3
"""Makes a HOME with a little synthetic data, by a released program, and packs it.

usage: home_fixture.py TOCSIN OUT.tar.gz

Each release's program makes one once; it is checked in as tests/data/homes/VERSION.tar.gz and never made again: every
later program must open it. The node is killed with its last report acknowledged, so the journal holds what the other
stores lack. Only documentation addresses and names.
"""
import os
import pathlib
import signal
import subprocess
import sys
import tarfile
import tempfile

CONFIG = """[node]
name = "CERT Example"
country = "BR"

[retention]
events_months = 1200
exact_counts_months = 1200
"""

SINKHOLE = "timestamp,ip,port,asn,geo,infection,dst_ip,dst_port,severity\n" + "".join(
    f'"2026-10-{day:02} 0{host % 10}:15:00",192.0.2.{host},{40000 + host},64496,BR,{family},203.0.113.9,443,high\n'
    for day in (5, 6, 7) for host, family in ((10, "mirai"), (11, "mirai"), (12, "avalanche-andromeda"), (200, "qakbot")))

INTELMQ = "".join(line + "\n" for line in (
    '{"classification.type":"c2-server","malware.name":"qakbot","source.ip":"203.0.113.77","source.port":443,'
    '"source.geolocation.cc":"DE","time.source":"2026-10-01T00:00:00Z"}',
    '{"classification.type":"defacement","source.fqdn":"www.example.org","source.url":"http://www.example.org/x.html",'
    '"source.geolocation.cc":"BR","time.source":"2026-10-06T11:00:00Z"}',
    '{"classification.type":"vulnerable-system","classification.identifier":"open-rdp","source.ip":"2001:db8::7",'
    '"source.port":3389,"protocol.transport":"tcp","source.asn":64497,"source.geolocation.cc":"BR",'
    '"time.source":"2026-10-07T12:00:00Z","extra.note":"caf\\u00e9"}',
    '{"classification.type":"vulnerable-system","source.ip":"not an address","time.source":"2026-10-07T12:00:00Z"}'))


def main():
    tocsin, out = os.path.abspath(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder, "home")
        reports = pathlib.Path(folder, "reports")
        reports.mkdir()
        home.mkdir(mode=0o700)
        (home / "tocsin.toml").write_text(CONFIG)
        first, last = reports / "2026-10-07-event4_sinkhole-example.csv", reports / "2026-10-08-events.json"
        first.write_text(SINKHOLE)
        last.write_text(INTELMQ)

        def call(*arguments):
            subprocess.run([tocsin, *arguments, "--home", str(home)], check=True, stdout=subprocess.DEVNULL)

        call("ingest", str(first), "--feed", "shadowserver", "--format", "shadowserver", "--tlp", "amber")
        call("token", "new", "dashboard", "--role", "viewer")
        call("feeds", "enable", "openphish", "--accept-terms")
        call("feeds", "disable", "openphish")
        node = subprocess.Popen([tocsin, "run", "--home", str(home), "--port", "0"], stdout=subprocess.PIPE, text=True)
        node.stdout.readline()
        call("ingest", str(last), "--feed", "partner", "--format", "intelmq", "--tlp", "green")
        node.send_signal(signal.SIGKILL)
        node.wait()
        (home / "node.sock").unlink(missing_ok=True)
        with tarfile.open(out, "w:gz", compresslevel=9) as packed:
            for path in sorted(home.rglob("*")):
                entry = packed.gettarinfo(path, arcname=str(path.relative_to(home)))
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = ""
                with open(path, "rb") if path.is_file() else open(os.devnull, "rb") as file:
                    packed.addfile(entry, file if path.is_file() else None)
    print(f"{out}: {os.path.getsize(out)} bytes, by {subprocess.check_output([tocsin, 'version'], text=True).strip()}")


main()
