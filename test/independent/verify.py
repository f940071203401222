#!/usr/bin/env python3
"""Verifies a sealed log, from the specifications alone: RFC 6962, RFC 8785, and C2SP's signed-note, tlog-checkpoint,
tlog-tiles and tlog-proof. Shares no code with asof, so that a fault of the one is no fault of the other.

    verify.py <folder> <vkey> [--since FILE]      a log, or a package with a log, or with proofs
    verify.py --serve         one request a line, as JSON: {"folder", "key", "since"?, "at"?}; one answer a line
    verify.py --proof FILE --fact FILE <vkey>         facts, one a line, with the proof of each in the same order

Prints one JSON object: {"ok": bool, "problems": [...]}. Exits with 0 if the log is right, else with 1.
It needs Python 3.9 and the package `cryptography`.
"""
import base64
import hashlib
import json
import os
import re
import sys
from datetime import datetime, timedelta, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

OVERLAP = timedelta(minutes=15)
# A seal of so many facts, or of nearly so many bytes, may have left some of its time for the next one.
FULL_SEAL = 2000
FULL_BYTES = 16 * 1024 * 1024 - 65535


def sha(data):
    return hashlib.sha256(data).digest()


# RFC 6962, 2.1.

def leaf_hash(entry):
    return sha(b"\x00" + entry)


def root_of(hashes):
    """The root over leaf hashes, as section 2.1 defines it: level by level, a last odd hash moves up as it is."""
    if not hashes:
        return sha(b"")
    level = list(hashes)
    while len(level) > 1:
        above = [sha(b"\x01" + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def inclusion(index, size, leaf, proof):
    """The root that a proof leads to (RFC 9162, 2.1.3.2); None if it is too short or too long."""
    if index >= size:
        return None
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            r = sha(b"\x01" + p + r)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            r = sha(b"\x01" + r + p)
        fn >>= 1
        sn >>= 1
    return r if sn == 0 else None


# c2sp.org/signed-note, c2sp.org/tlog-checkpoint.

def strict_base64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64.b64encode(data).decode() == text else None


class Key:
    def __init__(self, vkey):
        name, key_id, encoded = vkey.strip().split("+", 2)
        data = strict_base64(encoded)
        if not name or data is None or len(data) != 33 or data[0] != 1:
            raise ValueError("no Ed25519 key")
        if sha(name.encode() + b"\n" + data)[:4].hex() != key_id:
            raise ValueError("the id is not that of the key")
        self.vkey = vkey.strip()
        self.name = name
        self.id = bytes.fromhex(key_id)
        self.public = Ed25519PublicKey.from_public_bytes(data[1:])


def open_note(data, key):
    """The text that the key has signed; None if it has not."""
    try:
        note = data.decode()
    except UnicodeDecodeError:
        return None
    if any((ord(c) < 0x20 and c != "\n") or 0x7F <= ord(c) < 0xA0 for c in note):
        return None
    cut = note.rfind("\n\n")
    if cut < 0 or not note.endswith("\n"):
        return None
    text = note[: cut + 1]
    seen = False
    for line in note[cut + 2 : -1].split("\n"):
        match = re.fullmatch(r"— ([^\s+]+) (\S+)", line)
        if not match:
            return None
        signature = strict_base64(match.group(2))
        if match.group(1) != key.name or signature is None or signature[:4] != key.id:
            continue
        try:
            key.public.verify(signature[4:], text.encode())
        except InvalidSignature:
            return None
        seen = True
    return text if seen else None


def open_checkpoint(data, key):
    """(size, root) of a checkpoint that the key has signed; None for anything else."""
    text = open_note(data, key)
    lines = [] if text is None else text.split("\n")
    if len(lines) != 4 or lines[0] != key.name or lines[3] != "":
        return None
    root = strict_base64(lines[2])
    if not re.fullmatch(r"0|[1-9][0-9]{0,14}", lines[1]) or root is None or len(root) != 32:
        return None
    return int(lines[1]), root


# RFC 8785: written from its sections 3.2.2 and 3.2.3.

def number(value):
    if isinstance(value, int):
        if abs(value) >= 2**53:
            value = float(value)
        else:
            return str(value)
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("no JSON number")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, exponent = format_shortest(abs(value))
    n, k = exponent, len(mantissa)
    if k <= n <= 21:
        return sign + mantissa + "0" * (n - k)
    if 0 < n <= 21:
        return sign + mantissa[:n] + "." + mantissa[n:]
    if -6 < n <= 0:
        return sign + "0." + "0" * -n + mantissa
    e = n - 1
    exp = ("+" if e >= 0 else "-") + str(abs(e))
    return sign + mantissa[0] + ("." + mantissa[1:] if k > 1 else "") + "e" + exp


def format_shortest(value):
    """Digits, and the place of the point: value = 0.digits * 10^place. repr gives the shortest digits."""
    match = re.fullmatch(r"(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?", repr(value))
    whole, fraction, exponent = match.group(1), match.group(2) or "", int(match.group(3) or 0)
    digits = whole + fraction
    place = len(whole) + exponent
    stripped = digits.lstrip("0")
    place -= len(digits) - len(stripped)
    return stripped.rstrip("0") or "0", place


SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def string(value):
    value.encode()  # A lone surrogate has no UTF-8.
    return '"' + "".join(SHORT.get(c) or ("\\u%04x" % ord(c) if c < " " else c) for c in value) + '"'


def canonical(value):
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return string(value)
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(one) for one in value) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(string(key) + ":" + canonical(value[key]) for key in keys) + "}"


def read_json(entry):
    """The value of an entry in canonical form; None for any other."""
    try:
        value = json.loads(entry.decode())
        return value if canonical(value).encode() == entry else None
    except (ValueError, RecursionError):
        return None


def read_time(text):
    """A time as the ledger writes it; None for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text, re.ASCII):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def whole(value, least):
    return isinstance(value, int) and not isinstance(value, bool) and value >= least and abs(value) < 2**53


def is_seal(value):
    """Whether a value has the fields of a seal and no others."""
    if set(value) != {"kind", "n", "sealedAt", "previous", "count", "lag"} or value["kind"] != "seal":
        return False
    previous = value["previous"]
    return (
        whole(value["n"], 1)
        and read_time(value["sealedAt"]) is not None
        and isinstance(previous, dict)
        and set(previous) == {"size", "root"}
        and whole(previous["size"], 0)
        and isinstance(previous["root"], str)
        and re.fullmatch(r"[0-9a-f]{64}", previous["root"]) is not None
        and whole(value["count"], 0)
        and whole(value["lag"], -(2**53))
    )


# c2sp.org/tlog-tiles.

def tile_path(level, index, width):
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    name = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{name}" + ("" if width == 256 else f".p/{width}")


def split_bundle(data):
    entries, at = [], 0
    while at < len(data):
        if at + 2 > len(data):
            return None
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            return None
        entries.append(data[at + 2 : end])
        at = end
    return entries


class Log:
    def __init__(self, folder, key, since, now):
        self.folder, self.key, self.since, self.now = folder, key, since, now
        self.problems = []
        self.hashes = []

    def problem(self, path, what):
        self.problems.append(f"{path}: {what}")

    def read(self, path):
        try:
            with open(os.path.join(self.folder, path), "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def paths(self):
        for folder, _, names in os.walk(self.folder):
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), self.folder).replace(os.sep, "/")

    def verify(self):
        note = self.read("checkpoint")
        checkpoint = None if note is None else open_checkpoint(note, self.key)
        if checkpoint is None:
            self.problem("checkpoint", "is not there, or not signed by the key")
            return self.problems
        size, root = checkpoint
        if self.read("key") != self.key.vkey.encode() + b"\n":
            self.problem("key", "is not the key")
        entries = self.entries(size)
        if entries is None:
            return self.problems
        hashes = self.hashes = [leaf_hash(entry) for entry in entries]
        if root_of(hashes) != root:
            self.problem("checkpoint", "the entries do not lead to its root")
        self.leaves(entries, hashes)
        self.files(size, entries, hashes)
        return self.problems

    def entries(self, size):
        found = []
        for bundle in range(-(-size // 256)):
            width = min(256, size - bundle * 256)
            path = tile_path("entries", bundle, width)
            data = self.read(path)
            entries = None if data is None else split_bundle(data)
            if entries is None or len(entries) != width:
                self.problem(path, f"does not hold {width} entries")
                return None
            found += entries
        return found

    def leaves(self, entries, hashes):
        """Facts and seals: form, duplicates, chain and times."""
        seen, seals = {}, 0
        end, end_root, sealed_at, start = 0, sha(b""), None, None
        pending, size, last = [], 0, None
        self.seal_ends = {0: end_root}
        for index, entry in enumerate(entries):
            value = read_json(entry)
            where = f"leaf {index}"
            if not isinstance(value, dict):
                self.problem(where, "is no object in canonical form")
                pending.append(None)
                size += len(entry)
                continue
            if not is_seal(value):
                time = self.fact(where, value, seen)
                if time is not None:
                    last = time
                    if start is not None and time < start - OVERLAP:
                        self.problem(where, "LATE")
                pending.append(time)
                size += len(entry)
                continue
            seals += 1
            now = read_time(value["sealedAt"])
            times = [time for time in pending if time is not None]
            lag = round((now - min(times)) / timedelta(milliseconds=1)) if times else 0
            if value["n"] != seals or value["count"] != len(pending) or value["lag"] != lag:
                self.problem(where, "the seal is not that of its facts")
            if value["previous"] != {"size": end, "root": end_root.hex()}:
                self.problem(where, "the seal does not continue the one before")
            if sealed_at is not None and now <= sealed_at:
                self.problem(where, "the time of the seal does not rise")
            if any(time > now + OVERLAP for time in times):
                self.problem(where, "FUTURE")
            start = last if len(pending) >= FULL_SEAL or size > FULL_BYTES else now
            sealed_at, pending, size = now, [], 0
            end, end_root = index + 1, root_of(hashes[: index + 1])
            self.seal_ends[end] = end_root
        if end != len(entries):
            self.problem(f"leaf {len(entries) - 1}", "the log does not end with a seal")
        if sealed_at is not None and sealed_at > self.now + OVERLAP:
            self.problem("the newest seal", "lies in the future")

    def fact(self, where, value, seen):
        kind, source, fact_id = value.get("kind"), value.get("source"), value.get("id")
        time = read_time(value.get("recordedAt"))
        named = all(isinstance(one, str) and one for one in (source, fact_id))
        if not isinstance(kind, str) or kind == "seal" or not named or time is None:
            self.problem(where, "is no fact")
            return None
        if (source, fact_id) in seen:
            self.problem(where, f"is the fact of {seen[source, fact_id]} once more")
        seen.setdefault((source, fact_id), where)
        return time

    def files(self, size, entries, hashes):
        """Every file: what is expected of it, and that no other is there."""
        levels = {"entries": entries}
        level, row = 0, hashes
        while row:
            levels[level] = row
            row = [root_of(row[i : i + 256]) for i in range(0, len(row) - 255, 256)]
            level += 1
        for level, row in levels.items():
            for index in range(-(-len(row) // 256)):
                path = tile_path(level, index, min(256, len(row) - index * 256))
                if self.read(path) is None:
                    self.problem(path, "is not there")
        for path in self.paths():
            if path in ("checkpoint", "key", "head", ".lock") or path.startswith(("staging/", "positions/")):
                continue
            if re.fullmatch(r"\.partial-[0-9a-f-]{36}", path):
                continue
            if path.startswith("checkpoints/"):
                self.published(path)
            elif not re.fullmatch(r"anchors/(0|[1-9]\d*)\.tsr", path):
                self.tile(path, levels)
        if self.since is not None:
            saved = open_checkpoint(self.since, self.key)
            if saved is None or (saved[0] > 0 and self.seal_ends.get(saved[0]) != saved[1]):
                self.problem("--since", "is not continued by this log")

    def published(self, path):
        name = path[len("checkpoints/") :]
        read = open_checkpoint(self.read(path), self.key)
        if read is None or str(read[0]) != name or self.seal_ends.get(read[0]) != read[1]:
            self.problem(path, "is no checkpoint of this log")

    def tile(self, path, levels):
        match = re.fullmatch(r"tile/(entries|\d+)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?", path, re.ASCII)
        if match is None:
            self.problem(path, "does not belong here")
            return
        level = match.group(1) if match.group(1) == "entries" else int(match.group(1))
        index, width = int(match.group(2).replace("x", "").replace("/", "")), int(match.group(3) or 256)
        row = levels.get(level, [])[index * 256 : index * 256 + width]
        if tile_path(level, index, width) != path or len(row) != width:
            self.problem(path, "does not belong here")
            return
        if level == "entries":
            row = [len(entry).to_bytes(2, "big") + entry for entry in row]
        if self.read(path) != b"".join(row):
            self.problem(path, "is not what the entries give")


# c2sp.org/tlog-proof.

def verify_proof(proof, fact, key):
    head, _, checkpoint = proof.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        return ["the proof is no text"]
    if lines[1:2] and lines[1].startswith("extra "):
        del lines[1]
    match = re.fullmatch(r"index (0|[1-9]\d{0,14})", lines[1]) if len(lines) > 1 else None
    hashes = [strict_base64(line) for line in lines[2:]]
    signed = open_checkpoint(checkpoint, key)
    if lines[0] != "c2sp.org/tlog-proof@v1" or match is None or signed is None:
        return ["the proof is malformed, or its checkpoint is not signed by the key"]
    if any(one is None or len(one) != 32 for one in hashes):
        return ["a hash of the proof is malformed"]
    if inclusion(int(match.group(1)), signed[0], leaf_hash(fact), hashes) != signed[1]:
        return ["the proof does not lead from the fact to the checkpoint"]
    return []


BEGINNING = re.compile(rb"(?<=\n)(?=c2sp\.org/tlog-proof@v1\n)")


def verify_proofs(proofs, facts, key):
    """Facts, one a line, and the proof of each: the first of the first, and so on."""
    problems, places = [], {}
    lines = facts.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    parts = BEGINNING.split(proofs) if proofs else []
    if len(lines) != len(parts):
        problems.append(f"{len(lines)} facts have {len(parts)} proofs")
    for n, (line, proof) in enumerate(zip(lines, parts), 1):
        found = verify_proof(proof, line, key)
        problems += [f"line {n}: {one}" for one in found]
        index = None if found else re.search(rb"\nindex (\d+)\n", proof).group(1)
        if index is not None and index in places:
            problems.append(f"line {n} is line {places[index]} once more")
        places.setdefault(index, n)
    return problems


def verify_proof_package(folder, key):
    """A package without a log: the proofs of its facts, the checkpoint, and the hashes of all files."""
    problems = []
    try:
        facts, proofs = (content(os.path.join(folder, name)) for name in ("facts.ndjson", "facts.proofs"))
        problems += [f"facts.ndjson: {one}" for one in verify_proofs(proofs, facts, key)]
    except FileNotFoundError:
        problems.append("facts.ndjson: is not there")
    try:
        if open_checkpoint(content(os.path.join(folder, "checkpoint")), key) is None:
            problems.append("checkpoint: is not signed by the key")
    except FileNotFoundError:
        problems.append("checkpoint: is not there")
    return problems + verify_sums(folder)


def verify_package(folder, key, since, now):
    """A log in a folder of its own; facts that must lie in it, one a line; and the hashes of all files beside them."""
    log = Log(os.path.join(folder, "log"), key, since, now)
    problems = ["log/" + one for one in log.verify()]
    leaves = set(log.hashes)
    seen = set()
    try:
        for n, line in enumerate(content(os.path.join(folder, "facts.ndjson")).split(b"\n"), 1):
            leaf = leaf_hash(line)
            if line and (leaf not in leaves or leaf in seen):
                problems.append(f"facts.ndjson: line {n} is no fact of the log, or stands there twice")
            seen.add(leaf)
    except FileNotFoundError:
        problems.append("facts.ndjson: is not there")
    return problems + verify_sums(folder)


def verify_sums(folder):
    """Every file of a package has the hash that its list names."""
    problems = []
    files = {
        os.path.relpath(os.path.join(at, name), folder).replace(os.sep, "/")
        for at, _, names in os.walk(folder)
        for name in names
    } - {"SHA256SUMS"}
    try:
        sums = content(os.path.join(folder, "SHA256SUMS")).decode("utf-8", "replace").split("\n")
    except FileNotFoundError:
        return problems + ["SHA256SUMS: is not there"]
    if sums.pop() != "":
        problems.append("SHA256SUMS: is cut off")
    for n, line in enumerate(sums, 1):
        match = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        path = None if match is None else match.group(2)
        if path not in files:
            problems.append(f"SHA256SUMS: line {n} names no file of the package, or one twice")
            continue
        files.remove(path)
        if sha(content(os.path.join(folder, path))).hex() != match.group(1):
            problems.append(f"{path}: is not what was packed")
    return problems + [f"{path}: does not belong to the package" for path in sorted(files)]


def answer(problems):
    return json.dumps({"ok": not problems, "problems": problems})


def verify(folder, vkey, since=None, at=None):
    try:
        key = Key(vkey)
    except ValueError as error:
        return [f"key: {error}"]
    now = datetime.now(timezone.utc) if at is None else read_time(at)
    if os.path.exists(os.path.join(folder, "facts.proofs")) and not os.path.exists(os.path.join(folder, "log")):
        return verify_proof_package(folder, key)
    is_package = os.path.exists(os.path.join(folder, "log")) and not os.path.exists(os.path.join(folder, "checkpoint"))
    return verify_package(folder, key, since, now) if is_package else Log(folder, key, since, now).verify()


def content(path):
    with open(path, "rb") as file:
        return file.read()


def main(args):
    if args == ["--serve"]:
        for line in sys.stdin:
            request = json.loads(line)
            if "proof" in request:
                proof, fact = (base64.b64decode(request[name]) for name in ("proof", "fact"))
                problems = verify_proof(proof, fact, Key(request["key"]))
            else:
                since = base64.b64decode(request["since"]) if "since" in request else None
                problems = verify(request["folder"], request["key"], since, request.get("at"))
            print(answer(problems), flush=True)
        return 0
    if args[:1] == ["--proof"]:
        _, proof, _, fact, vkey = args
        problems = verify_proofs(content(proof), content(fact), Key(vkey))
        if not content(fact):
            problems.append("there is no fact to be proved")
    else:
        since = content(args[3]) if args[2:3] == ["--since"] else None
        problems = verify(args[0], args[1], since)
    print(answer(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
