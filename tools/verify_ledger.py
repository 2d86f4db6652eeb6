#!/usr/bin/python3
"""verify_ledger.py FILE: is a node's log, or a member's account, as it was when it was signed?

    verify_ledger.py LOG [--key KEY] [--known SIZE:ROOT]   the file of `tocsin ledger export`
    verify_ledger.py ACCOUNT [--key KEY]                   the file of `tocsin ledger report`
    verify_ledger.py ACCOUNT ACCOUNT                       do the two members say the same of their exchange?

KEY: a public key of the node that you know from elsewhere: without it, all that is shown is that one
key signed everything. SIZE:ROOT: a head that you noted before. Exit 0: it holds; 1: it does not, and
the first entry that shows it is named; 2: wrong usage.

Written from docs/ledger.md alone; shares no code with the node. Python's standard library; Ed25519
by OpenSSL's libcrypto where it is found, else by RFC 8032 section 5.1 as written here (slow).
"""
import argparse
import ctypes
import ctypes.util
import datetime
import hashlib
import json
import re
import sys

TEXT, NUMBER, HASH, KEY, DIGITS, COUNTS, PLACES, PLACE, BEFORE, MASKED = range(10)
HEX64 = re.compile(r"[0-9a-f]{64}\Z")
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{6}))?Z\Z", re.ASCII)
NUMBER_MAX = 2**53 - 1
# Of each kind of leaf: members that must be there, members that may.
LEAVES = {
    "opening": ({"key": KEY}, {"node": TEXT, "before": BEFORE}),
    "release": ({"epoch": DIGITS, "from": NUMBER, "until": NUMBER, "items": HASH, "count": NUMBER},
                {"to": TEXT, "agreement": HASH, "via": TEXT, "counts": COUNTS, "answers": PLACES, "under": NUMBER}),
    "denial": ({"epoch": DIGITS, "commit": NUMBER, "count": NUMBER, "clause": NUMBER}, {"to": TEXT, "agreement": HASH}),
    "outcome": ({"of": NUMBER}, {"outcome": TEXT, "receipt": HASH}),
    "receipt": ({"release": PLACE, "leaf": HASH, "items": HASH, "shown": HASH, "taken": NUMBER},
                {"from": TEXT, "refused": COUNTS}),
    "policy": ({"epoch": DIGITS}, {"what": TEXT, "with": TEXT, "agreement": HASH, "details": HASH}),
    "key": ({"key": KEY}, {}),
    "dropped": ({"items_below": NUMBER}, {"log": HASH, "details": MASKED}),
}


class Wrong(Exception):
    pass


def need(holds, what):
    if not holds:
        raise Wrong(what)


# ---- hashes and trees: RFC 9162 section 2.1

def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(data):
    return sha256(b"\0" + data)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


class Tree:
    """Grows leaf by leaf; keeps the roots of its whole subtrees, the largest first."""

    def __init__(self):
        self.size, self.edge = 0, []

    def add(self, leaf):
        self.edge.append((1, leaf))
        self.size += 1
        while len(self.edge) > 1 and self.edge[-1][0] == self.edge[-2][0]:
            (n, left), (_, right) = self.edge[-2:]
            self.edge[-2:] = [(2 * n, node_hash(left, right))]

    def root(self):
        if not self.edge:
            return sha256(b"")
        root = self.edge[-1][1]
        for _, left in reversed(self.edge[:-1]):
            root = node_hash(left, root)
        return root


def root_of(leaves):
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def half(size):
    return 1 << ((size - 1).bit_length() - 1)  # the largest power of two below


def root_by_inclusion(leaf, index, size, proof):
    """The root that the proof leads to; it must be used to its end."""
    if size == 1:
        need(not proof, "the proof is too long")
        return leaf
    need(proof, "the proof is too short")
    left = half(size)
    if index < left:
        return node_hash(root_by_inclusion(leaf, index, left, proof[:-1]), proof[-1])
    return node_hash(proof[-1], root_by_inclusion(leaf, index - left, size - left, proof[:-1]))


def is_in(leaf, index, size, root, proof):
    try:
        return index < size and root_by_inclusion(leaf, index, size, proof) == root
    except Wrong:
        return False


def roots_by_consistency(first, size, proof, whole, first_root):
    """The roots of the first tree and of this subtree, in which it ends."""
    if first == size:
        if whole:
            need(not proof, "the proof is too long")
            return first_root, first_root
        need(len(proof) == 1, "the proof has another length")
        return proof[0], proof[0]
    need(proof, "the proof is too short")
    left, last = half(size), proof[-1]
    if first <= left:
        old, new = roots_by_consistency(first, left, proof[:-1], whole, first_root)
        return old, node_hash(new, last)
    old, new = roots_by_consistency(first - left, size - left, proof[:-1], False, first_root)
    return node_hash(last, old), node_hash(last, new)


def begins(first, first_root, size, root, proof):
    try:
        return 0 < first <= size and roots_by_consistency(first, size, proof, True, first_root) == (first_root, root)
    except Wrong:
        return False


# ---- Ed25519: RFC 8032

P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493


def point_add(a, b):  # extended coordinates, section 5.1.4
    k, m = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = m - k, d - c, d + c, m + k
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_times(n, point):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = point_add(out, point)
        point, n = point_add(point, point), n >> 1
    return out


def point_of(octets):  # section 5.1.3
    y = int.from_bytes(octets, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verifies_plainly(key, text, signature):
    """By the equation of section 5.1.7, without OpenSSL."""
    a, r, s = point_of(key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % ORDER
    one, other = point_times(s, BASE), point_add(r, point_times(k, a))
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (one[1] * other[2] - other[1] * one[2]) % P == 0


def openssl():
    """libcrypto's EVP_DigestVerify; None: it is not there."""
    name = ctypes.util.find_library("crypto")
    try:
        lib = ctypes.CDLL(name) if name else None
        new_key, new_context = lib.EVP_PKEY_new_raw_public_key, lib.EVP_MD_CTX_new
    except (OSError, AttributeError):
        return None
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    new_key.restype, new_key.argtypes = pointer, [ctypes.c_int, pointer, ctypes.c_char_p, size]
    new_context.restype, new_context.argtypes = pointer, []
    lib.EVP_DigestVerifyInit.argtypes = [pointer] * 5
    lib.EVP_DigestVerify.argtypes = [pointer, ctypes.c_char_p, size, ctypes.c_char_p, size]
    lib.EVP_PKEY_free.argtypes = lib.EVP_MD_CTX_free.argtypes = [pointer]

    def verifies(key, text, signature):
        parsed = new_key(1087, None, key, 32)  # NID_ED25519
        if not parsed:
            return False
        context = new_context()
        good = (lib.EVP_DigestVerifyInit(context, None, None, None, parsed) == 1
                and lib.EVP_DigestVerify(context, signature, 64, text, len(text)) == 1)
        lib.EVP_MD_CTX_free(context)
        lib.EVP_PKEY_free(parsed)
        return good
    return verifies


VERIFIES = openssl() or verifies_plainly


def is_signed(key, text, signature):
    return len(key) == 32 and len(signature) == 64 and VERIFIES(key, text.encode(), signature)


# ---- JSON in its one spelling: RFC 8785; numbers here are whole

def spelled(value):
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{spelled(name)}:{spelled(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelled, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    need(is_number(value), "a value of no sort that stands here")
    return str(value)


def is_number(value):
    return type(value) is int and 0 <= value <= NUMBER_MAX


def read_line(line):
    try:
        value = json.loads(line.decode("utf-8"))
        again = spelled(value).encode("utf-8")
    except (ValueError, RecursionError):
        raise Wrong("it cannot be read") from None
    need(isinstance(value, dict) and again == line, "it is not in its one spelling")
    return value


def members(value, required, optional=()):
    need(isinstance(value, dict), "an object is missing")
    for name in required:
        need(name in value, f"no `{name}`")
    for name in value:
        need(name in required or name in optional, f"a member that does not belong there: {name!a}")
    return value


def text_of(value):
    need(isinstance(value, str), "a text is missing")
    return value


def number_of(value):
    need(is_number(value), "a number is missing")
    return value


def hash_of(value):
    need(isinstance(value, str) and HEX64.match(value), "a hash is missing")
    return bytes.fromhex(value)


def octets_of(value):
    need(isinstance(value, str) and re.match(r"([0-9a-f]{2})*\Z", value), "octets are missing")
    return bytes.fromhex(value)


def hashes_of(value):
    need(isinstance(value, list), "hashes are missing")
    return [hash_of(one) for one in value]


def time_of(value):
    match = TIME.match(value) if isinstance(value, str) else None
    need(match and match[7] != "000000", "a time is missing")
    try:
        day = datetime.datetime(*map(int, match.groups()[:6]))
    except ValueError:
        raise Wrong("a time that is none") from None
    return int((day - datetime.datetime(1970, 1, 1)).total_seconds()) * 10**6 + int(match[7] or 0)


def place_of(value):
    members(value, ("index", "log"))
    return hash_of(value["log"]), number_of(value["index"])


def check_member(sort, value):
    if sort == TEXT:
        need(text_of(value) != "", "an empty text")
    elif sort == NUMBER:
        number_of(value)
    elif sort in (HASH, KEY):
        hash_of(value)
    elif sort == DIGITS:
        need(isinstance(value, str) and re.match(r"[0-9a-f]{16}\Z", value), "16 digits are missing")
    elif sort == COUNTS:
        need(isinstance(value, dict) and value, "numbers are missing")
        for number in value.values():
            number_of(number)
    elif sort == PLACE:
        place_of(value)
    elif sort == PLACES:
        need(isinstance(value, list) and value, "places are missing")
        for one in value:
            place_of(one)
    elif sort == BEFORE:
        members(value, ("log", "root", "size"))
        hash_of(value["log"]), hash_of(value["root"]), number_of(value["size"])
    elif sort == MASKED:
        need(isinstance(value, list) and value, "a list is missing")
        for one in value:
            members(one, ("details", "of"))
            hash_of(one["details"]), number_of(one["of"])


class Leaf:
    def __init__(self, value):
        need(isinstance(value, dict) and value.get("kind") in LEAVES, "a leaf of no kind that we know")
        self.kind, self.body = value["kind"], value
        required, optional = LEAVES[self.kind]
        members(value, {"at", "kind", "salt", *required}, optional)
        self.at = time_of(value["at"])
        need(isinstance(value["salt"], str) and re.match(r"[0-9a-f]{32}\Z", value["salt"]), "a leaf without salt")
        for name, sort in {**required, **optional}.items():
            if name in value:
                check_member(sort, value[name])
        text = spelled(value).encode()
        need(len(text) <= 64 << 10, "a leaf larger than 64 KiB")
        self.hash = leaf_hash(text)

    def __getitem__(self, name):
        return self.body.get(name)

    def bytes(self, name):
        return bytes.fromhex(self.body[name]) if name in self.body else None


class Head:
    def __init__(self, value):
        members(value, ("at", "key", "log", "node", "root", "signature", "size"))
        self.value, self.node, self.size = value, text_of(value["node"]), number_of(value["size"])
        self.log, self.root, self.key = hash_of(value["log"]), hash_of(value["root"]), hash_of(value["key"])
        self.at = time_of(value["at"])
        need(self.size > 0, "a head of no entries")
        lines = ["tocsin ledger head 1", self.node, value["log"], str(self.size), value["root"], value["at"]]
        self.is_signed = is_signed(self.key, "".join(line + "\n" for line in lines), octets_of(value["signature"]))


class Shown:
    """A release as its recipient was shown it."""

    def __init__(self, value):
        members(value, ("head", "index", "leaf", "proof"))
        self.head, self.index, self.leaf = Head(value["head"]), number_of(value["index"]), Leaf(value["leaf"])
        self.proof = hashes_of(value["proof"])
        self.evidence = leaf_hash(spelled(value).encode())


class Acknowledged:
    """A recipient's answer."""

    def __init__(self, value):
        members(value, ("by", "index", "leaf", "log"))
        by = members(value["by"], ("by", "key", "signature"))
        self.leaf, self.log, self.index = Leaf(value["leaf"]), hash_of(value["log"]), number_of(value["index"])
        self.by, self.key = text_of(by["by"]), hash_of(by["key"])
        lines = ["tocsin ledger receipt 1", self.by, value["log"], str(self.index), self.leaf.hash.hex()]
        self.is_signed = is_signed(self.key, "".join(line + "\n" for line in lines), octets_of(by["signature"]))
        self.evidence = leaf_hash(spelled(value).encode())


def check_answer(answer, node, log, index, release):
    receipt = answer.leaf
    need(receipt.kind == "receipt" and place_of(receipt["release"]) == (log, index)
         and receipt.bytes("leaf") == release.hash and receipt["from"] == node and answer.by == release["to"],
         "the answer beside it is to another release")
    need(answer.is_signed, "the answer beside it is not signed")


def check_shown(shown, node, receipt):
    need(shown.evidence == receipt.bytes("shown"), "the release beside it is not the one that was shown")
    release = shown.leaf
    need(release.kind == "release" and release["to"] == node and release["items"] == receipt["items"]
         and release.hash == receipt.bytes("leaf") and shown.head.node == receipt["from"]
         and place_of(receipt["release"]) == (shown.head.log, shown.index), "the release beside it is another one")
    need(shown.head.is_signed and is_in(release.hash, shown.index, shown.head.size, shown.head.root, shown.proof),
         "the release beside it is not in a log that its sender signed")


def lines_of(data, check_heading, check_entry):
    """Checks a file line by line; what stands after the last line end."""
    *lines, rest = data.split(b"\n")
    try:
        need(lines, "it is cut short")
        check_heading(read_line(lines[0]))
    except Wrong as error:
        raise Wrong(f"the heading: {error}") from None
    for line in lines[1:]:
        check_entry(line)
    return rest


# ---- the file of a log

class Log:
    def __init__(self, data, known=()):
        self.known = dict(known)
        self.tree, self.kinds, self.keys = Tree(), [], []
        self.node = self.log = self.key = self.next_key = None
        self.last, self.covered = -1, 0
        self.bare, self.open, self.answers, self.kept = set(), set(), {}, {}
        self.heads = self.releases = self.acknowledged = self.receipts = self.masked = 0
        rest = lines_of(data, self.heading, self.line)
        if rest:
            self.wrong(len(self.kinds), "it is cut short")
        self.end()

    @staticmethod
    def wrong(index, what):
        raise Wrong(f"entry {index}: {what}")

    def heading(self, value):
        members(value, ("format", "head"))
        need(value["format"] == "tocsin ledger 1", "this is no log of tocsin ledger 1")
        self.end_head = Head(value["head"])
        need(self.end_head.is_signed, "its head is not what was signed")

    def line(self, line):
        index = self.here = len(self.kinds)
        try:
            need(index < self.end_head.size, "it comes after the end that was signed")
            self.entry(index, members(read_line(line), ("hash", "index", "leaf"),
                                      ("acknowledged", "details", "head", "items", "shown")))
        except Wrong as error:
            self.wrong(self.here, error)

    def entry(self, index, entry):
        need(entry["index"] == index and is_number(entry["index"]), f"here stands entry {entry['index']!a}")
        leaf = Leaf(entry["leaf"])
        need(leaf.hash == hash_of(entry["hash"]), "the leaf is not the one that was hashed")
        need(leaf.at >= self.last, "it is older than the one before")
        need((leaf.kind == "opening") == (index == 0), "a log begins with its one opening")
        self.last = leaf.at
        self.kinds.append(leaf.kind)
        self.tree.add(leaf.hash)
        if leaf.kind == "opening":
            self.node, self.log, self.key = leaf["node"], leaf.hash, leaf.bytes("key")
            self.keys.append(self.key)
        elif leaf.kind == "key":
            self.next_key = leaf.bytes("key")
        for name, kind in (("items", "release"), ("acknowledged", "release"), ("shown", "receipt"), ("details", "policy")):
            need(name not in entry or leaf.kind == kind, f"beside it stand `{name}` that belong to a {kind}")
        getattr(self, "of_" + leaf.kind, lambda *_: None)(index, leaf, entry)
        self.check_head(entry)

    def of_release(self, index, leaf, entry):
        self.releases += 1
        self.open.add(index)
        if leaf["under"] is not None:
            need(leaf["under"] < index and self.kinds[leaf["under"]] == "policy",
                 f"entry {leaf['under']}, which it names, allows nothing")
        if "items" in entry:
            items = hashes_of(entry["items"])
            need(len(items) == leaf["count"] and root_of(items) == leaf.bytes("items"),
                 "the hashes of its items are not those that it holds")
        elif leaf["count"] > 0:
            self.bare.add(index)
        if "acknowledged" in entry:
            answer = Acknowledged(entry["acknowledged"])
            check_answer(answer, self.node, self.log, index, leaf)
            self.answers[index] = answer.evidence

    def of_outcome(self, index, leaf, entry):
        of = leaf["of"]
        need(of < index and self.kinds[of] == "release", f"entry {of}, which it tells of, is no release")
        self.open.discard(of)
        if leaf["receipt"] is None:
            return
        if self.answers.pop(of, None) != leaf.bytes("receipt"):
            self.here = of
            raise Wrong(f"its answer is missing, or not the one that entry {index} tells of")
        self.acknowledged += 1

    def of_receipt(self, index, leaf, entry):
        self.receipts += 1
        need("shown" in entry, "the release that it is for is missing")
        check_shown(Shown(entry["shown"]), self.node, leaf)

    def of_policy(self, index, leaf, entry):
        need(("details" in entry) == (leaf["details"] is not None), "its details are missing, or of nothing")
        if "details" not in entry:
            return
        kept = members(entry["details"], ("salt", "text"))
        kept = leaf_hash(octets_of(kept["salt"]) + text_of(kept["text"]).encode())
        if kept != leaf.bytes("details"):
            self.kept[index] = kept

    def of_dropped(self, index, leaf, entry):
        if leaf["log"] is not None:
            return
        for one in leaf["details"] or ():
            if self.kept.get(one["of"]) == bytes.fromhex(one["details"]):
                del self.kept[one["of"]]
                self.masked += 1
        self.bare = {one for one in self.bare if one >= min(leaf["items_below"], index)}

    def check_head(self, entry):
        size, root = self.tree.size, self.tree.root()
        need(self.known.get(size, root) == root, "up to here it is not the log that was noted")
        if "head" not in entry:
            return
        head = Head(entry["head"])
        need((head.node, head.log, head.size) == (self.node, self.log, size), "its head is of another log or place")
        need(head.key == self.key, "its head is signed by another key than the log's")
        need(head.is_signed, "its head is not what was signed")
        need(head.at >= self.last, "its head is older than it")
        if head.root != root:
            self.here = self.covered
            last = "" if self.here + 1 == size else f", or one up to {size - 1},"
            raise Wrong(f"it{last} is not the leaf that was signed")
        self.covered, self.last = size, head.at
        self.heads += 1
        if self.next_key:
            self.key, self.next_key = self.next_key, None
            self.keys.append(self.key)

    def end(self):
        size = self.tree.size
        if size < self.end_head.size:
            self.wrong(size, "it and what came after it are missing")
        if size > self.covered:
            self.wrong(self.covered, "no head is signed over it")
        if self.known and max(self.known) > size:
            self.wrong(size, f"it is missing: {max(self.known)} entries were noted")
        for left, what in ((self.kept, "its details are not those that it holds"),
                           (self.bare, "the hashes of its items are missing"),
                           (self.answers, "no outcome tells of the answer beside it")):
            if left:
                self.wrong(min(left), what)
        if (self.end_head.log, self.end_head.root) != (self.log, self.tree.root()):
            raise Wrong("the heading: its head is of another log")

    def summary(self):
        return (f"{self.node}: {self.tree.size} entries under {self.heads} heads; {self.releases} releases, of which "
                f"{self.acknowledged} acknowledged and {len(self.open)} without an outcome; {self.receipts} receipts; "
                f"{self.masked} details masked\nlast head: {self.tree.size}:{self.tree.root().hex()}, "
                f"signed at {self.end_head.value['at']}")


# ---- accounts

class Account:
    def __init__(self, data):
        self.entries, self.keys, self.releases = [], [], set()
        rest = lines_of(data, self.heading, self.line)
        if rest or not self.entries:
            raise Wrong(f"line {len(self.entries) + 2}: it is cut short")
        need(self.head.key in self.keys, "the heading: its head is signed by another key than the log's")

    def heading(self, value):
        members(value, ("for", "format", "head"), ("seen", "since"))
        need(value["format"] == "tocsin account 1", "this is no tocsin account 1")
        self.to, self.head = text_of(value["for"]), Head(value["head"])
        self.node = self.head.node
        self.seen = [Head(one) for one in value.get("seen", [])]
        need(all(one.is_signed for one in [self.head, *self.seen]), "a head is not what was signed")
        self.since = None
        if "since" in value:
            since = members(value["since"], ("proof", "root", "size"))
            self.since = number_of(since["size"]), hash_of(since["root"])
            need(begins(*self.since, self.head.size, self.head.root, hashes_of(since["proof"])),
                 "an earlier log is not the beginning of it")

    def line(self, line):
        index = None
        try:
            value = members(read_line(line), ("index", "leaf", "proof"), ("acknowledged", "shown"))
            index = number_of(value["index"])
            self.entry(index, value)
        except Wrong as error:
            raise Wrong((f"line {len(self.entries) + 2}" if index is None else f"entry {index}") + f": {error}") from None

    def entry(self, index, value):
        leaf, first = Leaf(value["leaf"]), not self.entries
        need(first or index > self.entries[-1][0], "it stands after a later one")
        need(first == (index == 0) == (leaf.kind == "opening"), "an account begins with the log's opening")
        need(not first or (leaf.hash, leaf["node"]) == (self.head.log, self.node), "the opening of another log")
        need(is_in(leaf.hash, index, self.head.size, self.head.root, hashes_of(value["proof"])),
             "it is not in the log that was signed")
        need("shown" not in value or leaf.kind == "receipt", "beside it stands what belongs to a receipt")
        need("acknowledged" not in value or leaf.kind == "release", "beside it stands what belongs to a release")
        beside = None
        if leaf.kind in ("opening", "key"):
            self.keys.append(leaf.bytes("key"))
        elif leaf.kind == "release":
            need(leaf["to"] == self.to, "a release to somebody else")
            self.releases.add(index)
            if "acknowledged" in value:
                beside = Acknowledged(value["acknowledged"])
                check_answer(beside, self.node, self.head.log, index, leaf)
        elif leaf.kind == "receipt":
            need(leaf["from"] == self.to and "shown" in value, "a receipt of somebody else's release")
            beside = Shown(value["shown"])
            check_shown(beside, self.node, leaf)
        elif leaf.kind == "outcome":
            need(leaf["of"] in self.releases, "of a release to nobody here")
        self.entries.append((index, leaf, beside))

    def of(self, kind):
        return [entry for entry in self.entries if entry[1].kind == kind]

    def summary(self):
        return f"{self.node} for {self.to}: {len(self.of('release'))} releases, {len(self.of('receipt'))} receipts"


def compare(one, other):
    """What two members say of each other and does not fit: lines, the first of each log first."""
    need((one.to, other.to) == (other.node, one.node), "these accounts are not of two members about each other")
    out, heads = [], {}
    for account in (one, other):
        shown = [beside.head for _, _, beside in account.of("receipt")]
        for head in [account.head, *account.seen, *shown]:
            known, by = heads.setdefault((head.node, head.log, head.size), (head.root, account.node))
            if known != head.root:
                out.append(f"entry {head.size - 1} of {head.node}: split view: up to here it signed two logs: root "
                           f"{known.hex()} (held by {by}) and root {head.root.hex()} (held by {account.node})")
    for mine, theirs in ((one, other), (other, one)):
        receipts = {place_of(leaf["release"]): leaf.bytes("leaf") for _, leaf, _ in theirs.of("receipt")}
        for index, leaf, answer in mine.of("release"):
            quoted = receipts.pop((mine.head.log, index), None)
            name = f"entry {index} of {mine.node}"
            if quoted not in (None, leaf.hash):
                out.append(f"{name}: {theirs.node} was shown another release there")
            elif quoted is None and answer and answer.log == theirs.head.log and answer.index < theirs.head.size:
                out.append(f"{name}: {theirs.node} signed a receipt for it, and its log has none")
            elif quoted is None and not answer and leaf.at + 86_400 * 10**6 <= theirs.head.at:
                out.append(f"{name}: {theirs.node} has no receipt for it")
        for (log, index), _ in sorted(receipts.items()):
            if log == mine.head.log and (index < mine.head.size or mine.head.at >= theirs.head.at):
                out.append(f"entry {index} of {mine.node}: {theirs.node} has a receipt for it, and the log has no such release")
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="+")
    parser.add_argument("--key", action="append", default=[], help="64 hexadecimal digits")
    parser.add_argument("--known", action="append", default=[], metavar="SIZE:ROOT")
    options = parser.parse_args()
    if len(options.file) > 2:
        parser.error("one file, or two accounts")
    try:
        known = {int(size): hash_of(root) for size, root in (one.split(":", 1) for one in options.known)}
        keys = [hash_of(key) for key in options.key]
    except (ValueError, Wrong):
        parser.error("--known is SIZE:ROOT, --key 64 hexadecimal digits")
    read = []
    try:
        for path in options.file:
            with open(path, "rb") as file:
                data = file.read()
            is_account = b'"format":"tocsin account 1"' in data.split(b"\n", 1)[0]
            if not is_account and len(options.file) == 2:
                parser.error(f"{path} is no account")
            read.append(Account(data) if is_account else Log(data, known))
            need(not keys or any(key in keys for key in read[-1].keys), "entry 0: it is signed by none of the keys given")
        if len(read) == 2:
            for line in compare(*read):
                print(f"differs: {line}")
                path = None
            if path is None:
                return 1
    except Wrong as error:
        print(f"wrong: {path}: {error}")
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    for one in read:
        print(f"good: {one.summary()}\nsigned by: {' then '.join(key.hex() for key in one.keys)}")
    if len(read) == 2:
        print("the accounts agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
