# A node under test: started in a temporary folder on loopback, stopped by its process id.
import http.cookiejar
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

START_MAX_S, STOP_MAX_S = 60, 30
SIGN_IN = re.compile(r"https?://\S+[?&]code=\S+")


class Failed(Exception):
    pass


class Node:
    """with Node(tocsin) as node: ... Its data folder goes at the end unless `home` is given."""

    def __init__(self, tocsin, home=None, arguments=("--port", "0")):
        self.tocsin = tocsin
        self._temporary = None if home else tempfile.TemporaryDirectory(prefix="tocsin-e2e-")
        self.home = pathlib.Path(home or self._temporary.name) / "home"
        self.arguments = list(arguments)
        self.before = []  # a program that starts it
        self.said = []
        self.url = None
        self._browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._temporary:
            self._temporary.cleanup()

    def start(self):
        self.process = subprocess.Popen(
            [*self.before, self.tocsin, "run", "--home", str(self.home), *self.arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found = threading.Event()

        def listen():
            for line in self.process.stdout:
                self.said.append(line)
                if not self.url and (match := SIGN_IN.search(line)):
                    self.url = match[0]
                    found.set()
            found.set()

        threading.Thread(target=listen, daemon=True).start()
        if not found.wait(START_MAX_S) or not self.url:
            raise Failed("no sign-in link; the node said:\n" + "".join(self.said))
        parts = urllib.parse.urlsplit(self.url)
        self.root = f"{parts.scheme}://{parts.netloc}"

    def stop(self):
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_MAX_S)
        except subprocess.TimeoutExpired:
            raise Failed(f"the node did not end within {STOP_MAX_S} s; it said:\n" + "".join(self.said)) from None

    def open(self, path, headers=None, data=None, method=None):
        """(status, headers, body) of one request; an error status is an answer too."""
        request = urllib.request.Request(urllib.parse.urljoin(self.root, path), data=data, headers=headers or {},
                                         method=method)
        try:
            with self._browser.open(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def json(self, path, **more):
        status, _, body = self.open(path, **more)
        if status // 100 != 2:
            raise Failed(f"{path}: {status} {body[:300]!r}")
        return json.loads(body)

    def run(self, *arguments, **more):
        """A verb of the command line on this node's data folder."""
        return subprocess.run([self.tocsin, *arguments, "--home", str(self.home)], text=True, timeout=60,
                              capture_output=True, env={**os.environ, "TZ": "UTC"}, **more)

    def wait_for(self, question, what, within_s=20):
        """The first true answer of `question()`."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if answer := question():
                return answer
            time.sleep(0.05)
        raise Failed(f"not within {within_s} s: {what}")


def wanted(holds, what):
    if not holds:
        raise Failed(what)
