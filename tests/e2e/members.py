# Nodes under test that are members of a network: they come to know each other, and agree.
import functools
import json
import pathlib
import socket
import subprocess
import urllib.request

from node import Node, wanted


class Member(Node):
    """A node that is a member of a network; its port is known before it starts; `more` goes into its configuration."""

    def __init__(self, tocsin, folder, member, country, port, more=""):
        super().__init__(tocsin, home=folder / member, arguments=())
        self.member, self.country = member, country
        self.home.mkdir(parents=True, mode=0o700)
        (self.home / "tocsin.toml").write_text(
            f'[node]\nname = "CERT {country}"\ncountry = "{country}"\n[server]\nport = {port}\n'
            f'[share]\nmember = "{member}"\nurl = "http://127.0.0.1:{port}"\n{more}')

    def verb(self, *words, refused=""):
        """What a verb prints; or, if it is to be refused, that it says so."""
        done = self.run(*words)
        if refused:
            wanted(done.returncode == 1 and refused in done.stderr, f"tocsin {' '.join(words)}: {done.returncode} {done.stderr}")
        else:
            wanted(done.returncode == 0, f"tocsin {' '.join(words)}: {done.returncode} {done.stderr}")
        return done.stdout

    def state_of(self, other):
        return json.loads(self.verb("partner", "show", other.member, "--json"))

    def agreement(self, name="one.two"):
        return json.loads(self.verb("agreement", "show", name, "--json"))

    @functools.cached_property
    def second(self):
        """Another person of this node: what posts JSON for them."""
        start = json.loads(self.verb("user", "add", "second", "--role", "agreement-editor", "--json"))["start_password"]
        person, own = urllib.request.build_opener(urllib.request.HTTPCookieProcessor()), "a long enough phrase of the second"

        def post(path, body, csrf=""):
            request = urllib.request.Request(self.root + path, data=json.dumps(body).encode(), method="POST",
                                             headers={"Content-Type": "application/json", **({"X-CSRF-Token": csrf} if csrf else {})})
            with person.open(request, timeout=20) as answer:
                return answer.read()

        def csrf():
            with person.open(self.root + "/api/v1/session", timeout=20) as answer:
                return json.loads(answer.read())["csrf"]

        post("/api/v1/session", {"user": "second", "password": start})
        post("/api/v1/profile/password", {"old_password": start, "new_password": own}, csrf())
        return lambda path, body: post(path, body, csrf())


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def befriend(one, other):
    code = one.verb("partner", "invite", "--note", "a test").strip()
    other.verb("partner", "join", code[:40] + ("A" if code[40] != "A" else "B") + code[41:], refused="letter by letter")
    one.verb("partner", "join", code, refused="own")
    other.verb("partner", "join", code)
    fingerprint = other.state_of(one)["fingerprint"]
    wanted(one.state_of(other)["fingerprint"] == fingerprint, "the two sides show different fingerprints")
    one.verb("partner", "compare", other.member, "11111 22222 33333 44444 55555", refused="fingerprint")
    for here, there in ((one, other), (other, one)):
        wanted(here.state_of(there)["state"] == "to-compare", f"before comparing: {here.state_of(there)}")
        here.verb("partner", "compare", there.member, fingerprint)
        wanted(here.state_of(there)["state"] == "compared", f"after comparing: {here.state_of(there)}")


def signed_by_two(node, name="one.two"):
    """The node's owner at the command line, and another person."""
    node.verb("agreement", "sign", name)
    wanted(node.agreement(name)["wanted_by"], "nobody wants it")
    node.second(f"/api/v1/agreements/{node.agreement(name)['address']}/sign", {})


def agree(one, other, folder, name="one.two", template="open", changed=None):
    """`changed`: what is made of the template's text."""
    parties = []
    for side in (one, other):
        says = side.json("/api/v1/partners")["self"]
        parties += ["--party", f"id={says['member']}; name={says['name']}; country={says['country']}; key={says['key']}; mail=soc@example.org"]
    path = str(folder / f"{name}.toml")
    made = subprocess.run([one.tocsin, "agreement", "new", "--template", template, "--id", name, *parties, "--until", "2030-01-01", "--out", path],
                          text=True, capture_output=True)
    wanted(made.returncode == 0, f"agreement new: {made.stderr}")
    if changed:
        text = pathlib.Path(path).read_text()
        wanted(changed(text) != text, "nothing of the agreement was changed")
        pathlib.Path(path).write_text(changed(text))
    one.verb("agreement", "propose", path)
    wanted(name not in other.verb("agreement", "list"), "it went before a second person wanted it")
    for side in (one, other):
        side.wait_for(lambda side=side: name in side.verb("agreement", "list"), "the proposal arrives", 60)
        wanted(side.agreement(name)["standing"] == "proposed", f"before it is signed: {side.agreement(name)}")
        signed_by_two(side, name)
    for side in (one, other):
        side.wait_for(lambda side=side: side.agreement(name)["standing"] == "active", "both have signed", 60)
