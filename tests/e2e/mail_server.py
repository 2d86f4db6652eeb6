# A mail server with TLS on loopback (aiosmtpd, Debian's python3-aiosmtpd; or Exim) that keeps what it takes, and a proxy
# before it that breaks connections.
import asyncio
import logging
import os
import pathlib
import random
import shutil
import socket
import ssl
import subprocess
import threading
import time

from aiosmtpd.smtp import SMTP, AuthResult

logging.getLogger("mail").setLevel(logging.CRITICAL)  # aiosmtpd tells of each connection that we cut


def make_certificates(folder):
    """An authority of our own and a certificate for localhost by it: (ca, certificate, key)."""
    folder = pathlib.Path(folder)

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.crt")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
            "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "server.crt")
    return tuple(str(folder / name) for name in ("ca.crt", "server.crt", "server.key"))


class Mailbox:
    """with Mailbox(certificate, key, user, password) as box: box.port speaks SMTP, box.proxy_port the same with faults.

    box.mails: (recipients, bytes) of each mail that was taken. box.later: the share of mails told to come later.
    box.faults: the share of connections that the proxy breaks."""

    def __init__(self, certificate, key, user, password, seed=1):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.user, self.password = user.encode(), password.encode()
        self.mails, self.later, self.faults, self.told_later, self.broken = [], 0.0, 0.0, 0, 0
        self.plain = 0
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.loop = asyncio.new_event_loop()

    def __enter__(self):
        ready = threading.Event()

        def run():
            asyncio.set_event_loop(self.loop)
            self.loop.run_until_complete(self.listen())
            ready.set()
            self.loop.run_forever()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        if not ready.wait(30):
            raise RuntimeError("the mail server does not start")
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    async def end(self):
        self.loop.set_exception_handler(lambda *_: None)  # connections that we ourselves cut
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def listen(self):
        def protocol():
            return SMTP(self, hostname="localhost", tls_context=self.context, require_starttls=True, auth_required=True,
                        authenticator=self.authenticate, enable_SMTPUTF8=False, loop=self.loop)

        server = await self.loop.create_server(protocol, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        await self.listen_before()

    async def listen_before(self):
        proxy = await asyncio.start_server(self.pass_on, "127.0.0.1", 0)
        self.proxy_port = proxy.sockets[0].getsockname()[1]

    def delivered(self):
        """Is all that was taken in `mails`?"""
        return True

    def authenticate(self, server, session, envelope, mechanism, data):
        good = data.login == self.user and data.password == self.password
        return AuthResult(success=good, handled=good)

    # Called by aiosmtpd.
    async def handle_DATA(self, server, session, envelope):
        with self.lock:
            if self.random.random() < self.later:
                self.told_later += 1
                return "451 4.7.1 come back later"
            self.plain += session.ssl is None
            self.mails.append((list(envelope.rcpt_tos), bytes(envelope.content)))
        return "250 2.0.0 taken"

    async def pass_on(self, reader, writer):
        """One connection. A fault: cut at once; cut after some bytes of either side; keep still; or the nasty one: all
        that the client says arrives, and the answer to it does not."""
        fault = self.random.choice(["refuse", "up", "down", "still", "answer"]) if self.random.random() < self.faults else ""
        budget = self.random.randrange(200, 6000)
        if fault:
            self.broken += 1
        try:
            if fault == "refuse":
                return
            there, back = await asyncio.open_connection("127.0.0.1", self.port)

            async def copy(source, sink, limit, then):
                passed = 0
                while data := await source.read(4096):
                    passed += len(data)
                    if passed > limit:
                        if then == "still":
                            await asyncio.sleep(3)
                        return
                    sink.write(data)
                    await sink.drain()

            endless = 1 << 40
            up = copy(reader, back, budget if fault == "up" else endless, "")
            down = copy(there, writer, budget if fault in ("down", "still", "answer") else endless, fault)
            tasks = [asyncio.ensure_future(up), asyncio.ensure_future(down)]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if fault == "answer":
                await asyncio.sleep(0.05)  # what is on its way to the server arrives
            for task in tasks:
                task.cancel()
            back.close()
        except OSError:
            pass
        finally:
            writer.close()


EXIM = """
primary_hostname = localhost
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/spool/exim.pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
smtp_accept_max = 100
smtp_accept_queue_per_connection = 0
deliver_drop_privilege = true
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = data
begin acl
mail:
  deny message = say STARTTLS first
       !encrypted = *
  accept
rcpt:
  accept authenticated = *
  deny
data:
  defer condition = ${{if <{{${{randint:100}}}}{{2}}}}
        message = come back later
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  envelope_to_add
  user = Debian-exim
  group = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""


class Exim(Mailbox):
    """The same with Debian's Exim as the server, which keeps mails in a Maildir; as root. It tells 2 % to come later."""

    def __init__(self, folder, certificate, key, user, password, seed=1):
        super().__init__(certificate, key, user, password, seed)
        self.folder = pathlib.Path(folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        for name, owner in (("spool", "Debian-exim"), ("log", "Debian-exim"), ("mail", "Debian-exim")):
            (self.folder / name).mkdir(parents=True)
            shutil.chown(self.folder / name, owner)
        for above in (self.folder, *self.folder.parents):
            if above.stat().st_uid == os.getuid() and above != pathlib.Path("/"):
                above.chmod(above.stat().st_mode | 0o011)
        for file in (certificate, key):
            shutil.chown(file, "Debian-exim")
        conf = self.folder / "exim.conf"
        conf.write_text(EXIM.format(folder=folder, port=self.port, certificate=certificate, key=key, user=user, password=password))
        conf.chmod(0o644)
        self.command = ["/usr/sbin/exim4", "-C", str(conf)]

    def __enter__(self):
        self.process = subprocess.Popen([*self.command, "-bdf", "-q10s"])
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        return super().__enter__()

    def __exit__(self, *what):
        self.process.terminate()
        self.process.wait(20)
        super().__exit__(*what)

    async def listen(self):
        await self.listen_before()

    def delivered(self):
        return not any((self.folder / "spool" / "input").rglob("*-D"))

    @property
    def mails(self):
        found = []
        for path in sorted((self.folder / "mail" / "new").glob("*"), key=lambda path: path.stat().st_mtime_ns):
            envelope, _, mail = path.read_bytes().partition(b"\n")
            found.append((envelope.decode().removeprefix("Envelope-to: ").split(", "), mail.replace(b"\n", b"\r\n")))
        return found

    @mails.setter
    def mails(self, _):
        pass

    @property
    def told_later(self):
        log = self.folder / "log" / "rejectlog"
        return log.read_text().count("come back later") if log.exists() else 0

    @told_later.setter
    def told_later(self, _):
        pass
