#!/usr/bin/python3
"""ledger_check.py PROGRAM [--tocsin BIN]: tools/verify_ledger.py against logs that our code wrote: whole ones hold, and of each
that somebody tampered with the entry is named. Then a node is killed again and again between its log and its socket.
"""
import argparse
import importlib.util
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile

VERIFIER = pathlib.Path(__file__).resolve().parents[2] / "tools" / "verify_ledger.py"
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("verify_ledger", VERIFIER)
ledger = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ledger)


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")


def verify(*arguments):
    done = subprocess.run([sys.executable, str(VERIFIER), *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def wrong(data, what=ledger.Log):
    try:
        what(data)
    except ledger.Wrong as error:
        return str(error)
    return ""


def whole(folder):
    for name, told in (("a.log", "4 releases, of which 3 acknowledged and 1 without an outcome; 3 receipts; 1 details masked"),
                       ("b.log", "3 releases, of which 3 acknowledged and 0 without an outcome; 3 receipts; 0 details masked"),
                       ("a.account", "a.example.org for b.example.org: 4 releases, 3 receipts")):
        code, out = verify(folder / name)
        check(code == 0 and told in out, f"{name}: {out}")
    code, out = verify(folder / "a.account", folder / "b.account")
    check(code == 0 and "the accounts agree" in out, out)
    log = ledger.Log((folder / "a.log").read_bytes())
    size, root, key = log.tree.size, log.tree.root().hex(), log.keys[0].hex()
    check(verify(folder / "a.log", "--key", key, "--known", f"{size}:{root}")[0] == 0, "key and known head")
    code, out = verify(folder / "a.log", "--key", "00" * 32)
    check(code == 1 and "none of the keys given" in out, out)
    code, out = verify(folder / "a.log", "--known", f"{size}:{'00' * 32}")
    check(code == 1 and f"entry {size - 1}: up to here it is not the log that was noted" in out, out)
    code, out = verify(folder / "a.log", "--known", f"{size + 1}:{root}")
    check(code == 1 and f"entry {size}: it is missing" in out, out)
    check(verify(folder / "none")[0] == 2 and verify()[0] == 2, "wrong usage")


def tampered(file, rounds):
    """As log_file_test.cpp does: flips, truncations, swaps, replays."""
    draw, lines = random.Random(4), file.splitlines(keepends=True)
    for number in range(rounds):
        how = number % 4
        if how == 0:
            at = draw.randrange(len(file))
            changed = file[:at] + bytes([file[at] ^ 1 << draw.randrange(8)]) + file[at + 1:]
            line = file[:at].count(b"\n")
        elif how == 1:
            at = draw.randrange(len(file))
            changed, line = file[:at], file[:at].count(b"\n")
        elif how == 2:
            line, other = sorted(draw.sample(range(len(lines)), 2))
            swapped = list(lines)
            swapped[line], swapped[other] = lines[other], lines[line]
            changed = b"".join(swapped)
        else:
            line, of = draw.sample(range(1, len(lines)), 2)
            changed = b"".join(lines[:line] + [lines[of]] + lines[line:])
        wanted = "the heading" if line == 0 else f"entry {line - 1}"
        found = wrong(changed)
        check(found.startswith(wanted + ": "), f"round {number}: wanted {wanted}, got {found or 'nothing'}")


def rewritten(file):
    """Who changes a leaf and its hash does not have the key of the heads."""
    lines = [json.loads(line) for line in file.splitlines()]
    for index in range(1, len(lines) - 1):
        changed = json.loads(json.dumps(lines))
        entry = changed[index + 1]
        entry["leaf"]["salt"] = "00" * 16
        entry["hash"] = ledger.leaf_hash(ledger.spelled(entry["leaf"]).encode()).hex()
        found = wrong(b"".join(ledger.spelled(line).encode() + b"\n" for line in changed))
        first = int(found.removeprefix("entry ").split(":")[0])
        heads = [i for i in range(first, len(lines) - 1) if "head" in lines[i + 1]]
        check(first <= index <= heads[0] or "answer" in found, f"entry {index} rewritten: {found or 'nothing'}")


def accounts(folder, rounds, tocsin):
    draw = random.Random(5)
    file = (folder / "a.account").read_bytes()
    for number in range(rounds):
        at = draw.randrange(len(file))
        changed = file[:at] + bytes([file[at] ^ 1 << draw.randrange(8)]) + file[at + 1:]
        check(wrong(changed, ledger.Account), f"account, round {number}: octet {at} was changed")
    # b hides its receipts.
    lines = (folder / "b.account").read_bytes().splitlines(keepends=True)
    hidden = folder / "hidden.account"
    hidden.write_bytes(b"".join(line for line in lines if json.loads(line).get("leaf", {}).get("kind") != "receipt"))
    first = "entry 2 of a.example.org: b.example.org signed a receipt for it"
    code, out = verify(folder / "a.account", hidden)
    check(code == 1 and f"differs: {first}" in out, out)
    if not tocsin:
        return
    for other, wanted, told in ((folder / "b.account", 0, "6 releases agree, 1 wait for their receipt"), (hidden, 1, first)):
        done = subprocess.run([tocsin, "ledger", "compare", str(folder / "a.account"), str(other)], capture_output=True, text=True)
        check(done.returncode == wanted and done.stdout.startswith(told), f"tocsin ledger compare: {done.stdout}{done.stderr}")


def signatures(folder):
    """OpenSSL and the equation as written in the verifier say the same."""
    head = json.loads((folder / "a.log").read_bytes().split(b"\n")[0])["head"]
    text = "".join(f"{line}\n" for line in ("tocsin ledger head 1", head["node"], head["log"], head["size"], head["root"], head["at"]))
    key, signature = bytes.fromhex(head["key"]), bytes.fromhex(head["signature"])
    for at in (None, 0, 31, 32, 63):
        changed = bytearray(signature)
        if at is not None:
            changed[at] ^= 1
        for verifies in (ledger.VERIFIES, ledger.verifies_plainly):
            check(verifies(key, text.encode(), bytes(changed)) == (at is None), f"signature, octet {at}, {verifies.__name__}")


def killed(program, home, rounds):
    draw, sent = random.Random(6), []
    for number in range(rounds):
        with subprocess.Popen([program, "send", str(home)], stdout=subprocess.PIPE, text=True) as run:
            for _ in range(draw.randrange(1, 40)):
                line = run.stdout.readline()
                check(line != "", "the sender ended by itself")
                sent.append(int(line))
            run.send_signal(signal.SIGKILL)
            sent += [int(line) for line in run.stdout if line.endswith("\n")]
        out = subprocess.run([program, "after", str(home)], capture_output=True, text=True).stdout.split("\n")
        check(out[-2:] == ["good", ""], f"round {number}: {out}")
        pending = [int(line.removeprefix("pending ")) for line in out[:-2]]
        check(len(pending) <= 1, f"round {number}: more than the last is open: {pending}")
        log = (home / "log").read_bytes()
        releases = {entry["index"]: entry for entry in map(json.loads, log.splitlines()[1:]) if entry["leaf"]["kind"] == "release"}
        check(set(sent) <= set(releases), f"round {number}: sent, and not in the log: {set(sent) - set(releases)}")
        check(set(releases) - set(sent) <= set(pending) | unsent, f"round {number}: logged as sent, and not sent")
        unsent.update(set(pending) - set(sent))
        check(wrong(log) == "", f"round {number}: {wrong(log)}")


unsent = set()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--tocsin", help="the node's program, whose comparison must say the same")
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([options.program, "files", name], check=True)
        whole(folder)
        tampered((folder / "a.log").read_bytes(), options.rounds)
        rewritten((folder / "a.log").read_bytes())
        accounts(folder, options.rounds // 10, options.tocsin)
        signatures(folder)
        home = folder / "home"
        home.mkdir()
        killed(options.program, home, options.kills)
    print(f"{options.rounds} tamperings named, {options.kills} kills: nothing sent that is not logged")


if __name__ == "__main__":
    main()
