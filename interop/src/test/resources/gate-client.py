#!/usr/bin/python3
"""A client of the gate, from docs/gate-protocol.md alone, over any WireGuard interface. Needs Debian's python3-nacl.
  setup     gives an interface that exists its keys, peer, addresses and route (--endpoint HOST:PORT)
  hello, up, down, status, renew, goodbye     ask once (--code DIGITS, --lease SECONDS) and print the reply
  listen    waits for the hub's goodbye (at most --wait SECONDS), prints it, answers it, prints the reply, if one comes
  vectors   computes the test vectors of a page anew (its name follows)
Exit status: 0 codes 0 and 1, 1 other codes, 2 wrong usage or files, 3 no answer. Standard error has what was dropped."""
import argparse, base64, hashlib, hmac, ipaddress, json, os, pathlib, random, re, socket, struct, subprocess, sys, time
from nacl import bindings as sodium

PORT, LONGEST, MAGIC, REPEATED = 4297, 1200, b"ANUB\1", (18, 19) # these fields may repeat
OPERATIONS = ["unknown", "hello", "up", "down", "status", "renew", "goodbye", "leaving"] # first and last: of replies only

class Dropped(ValueError): """Why a datagram is passed over as if it had not come."""
def need(right, why):
    if not right: raise Dropped(why)
def number(value): return int.from_bytes(value, "big")
def public(private_key): return sodium.crypto_scalarmult_base(private_key)
def address(gate_key):
    return ipaddress.IPv6Address(b"\xfd" + hashlib.blake2s(b"anubis gate address v1" + gate_key).digest()[:15])

def seal_key(private, other, hub_gate_key, production_key):
    """HKDF-SHA256, one block of output. Each end has a private key and the other's public one. A zero is a RuntimeError."""
    extracted = hmac.digest(hub_gate_key + production_key, sodium.crypto_scalarmult(private, other), "sha256")
    return hmac.digest(extracted, b"anubis gate v1 request\1", "sha256")

def encode(fields): return b"".join(struct.pack(">BH", kind, len(value)) + value for kind, value in fields)
def decode(data):
    while data:
        end = 3 + number(data[1:3])
        need(3 <= end <= len(data), "a field is cut off")
        yield data[0], data[3:end]
        data = data[end:]

def request(operation, identifier, private, hub, fields, nonce, secret):
    head = MAGIC + bytes([operation, 0, 0]) + identifier + public(private) + nonce # bytes 0 to 75
    tail, key = encode(fields), seal_key(private, hub, hub, public(private))
    return head + sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(secret, head + tail, nonce, key) + tail

def next_identifier(last):
    """A TAI64N label, or the last identifier plus 1, whichever is greater; each as a number of 96 bits."""
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return max((2**62 + 10 + seconds) << 32 | nanoseconds, last + 1)

def text(value):
    if re.search("[\0-\x1f\x7f-\x9f]", value.decode()): raise ValueError
    return value.decode()
def endpoint(value):
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|[A-Za-z0-9_.-]+):([0-9]{1,5})", text(value))
    if not found or not 0 < int(found[2]) < 65536: raise ValueError
    return ipaddress.IPv6Address(found[1] or "::") and text(value)
def prefix(value): # address bits after the prefix are a ValueError
    return str((ipaddress.IPv4Network if len(value) == 5 else ipaddress.IPv6Network)((value[1:], value[0])))

# The fields of a reply. Type: its name here, the lengths it may have, what makes a value of it.
FIELDS = {16: ("sentence", range(201), text), 17: ("hubKey", [32], lambda value: base64.b64encode(value).decode()),
          18: ("endpoints", range(LONGEST), endpoint), 19: ("prefixes", [5, 17], prefix), 20: ("leaseLeft", [4], number),
          21: ("state", [1], lambda value: ["down", "up"][value[0]]), 22: ("hubInUse", range(201), text),
          23: ("permanent", [1], lambda value: [False, True][value[0]]), 24: ("lastIdentifier", [12], bytes.hex)}

def read_reply(data, production_key):
    """All that holds for any reply; Dropped if anything does not."""
    need(52 <= len(data) <= LONGEST and data[:5] == MAGIC and data[7] == 0 and 128 <= data[5] < 136, "no reply of version 1")
    need(data[20:52] == production_key, "for another production key")
    reply = {"operation": OPERATIONS[data[5] - 128], "code": data[6], "identifier": data[8:20].hex()}
    for kind, value in decode(data[52:]):
        if kind >= 128: continue
        name, lengths, make = FIELDS.get(kind, ("", [], None))
        need(len(value) in lengths, f"field {kind} of {len(value)} bytes: unknown, or it has another length")
        need(kind in REPEATED or name not in reply, f"field {kind} twice")
        try: reply[name] = reply.get(name, []) + [make(value)] if kind in REPEATED else make(value)
        except (ValueError, IndexError): raise Dropped(f"the value of field {kind}") from None
    need(("hubKey" in reply) == (data[6] < 2 and data[5] in (129, 130)), "field 17 is lacking or has no place here")
    need("hubKey" in reply or not {"endpoints", "prefixes"} & reply.keys(), "field 18 or 19 without 17")
    need(("lastIdentifier" in reply) == (data[6] == 10), "field 24 and code 10 come together")
    need(data[6] != 7 or "hubInUse" in reply, "code 7 without field 22")
    return reply

def key(base64_text, what):
    if re.fullmatch("[A-Za-z0-9+/]{43}=\n?", base64_text): return base64.b64decode(base64_text)
    raise ValueError(f"{what}: not a key as wg genkey and wg pubkey print it")
def read_key(path): return key(pathlib.Path(path).read_text(), path)

class Client:
    def __init__(self, options):
        self.options, self.hub = options, key(options.hub_gate_key, "--hub-gate-key")
        self.production, own = read_key(options.production_key_file), address(public(read_key(options.gate_key_file)))
        self.file = pathlib.Path(options.state or options.production_key_file + ".gate-state")
        # last: of this production key at any hub; ups: by hub, the last `up` that was answered with 0 or 1. All in hex.
        self.state = json.loads(self.file.read_text()) if self.file.exists() else {"last": "0" * 24, "ups": {}}
        self.socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        # Replies are not sealed: what comes through another interface, or from another source, must not count.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, (options.interface or "?").encode())
        self.socket.bind((str(own), PORT))

    def save(self):
        pathlib.Path(f"{self.file}.new").write_text(json.dumps(self.state))
        os.replace(f"{self.file}.new", self.file)

    def receive(self, until, wanted):
        """The first reply in time that is well-formed and wanted, or None."""
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data, source = self.socket.recvfrom(65535)
                need(source[:2] == (str(address(self.hub)), PORT), "not from the hub")
                reply = read_reply(data, public(self.production))
                need(wanted(reply), f"{reply['operation']} with identifier {reply['identifier']}: not waited for")
                return reply
            except socket.timeout: pass
            except Dropped as why: print(f"dropped: {why}", file=sys.stderr)

    def ask(self, operation, fields, anew=True):
        """The reply to one request, or None. After code 10 it asks anew, but once only."""
        identifier = next_identifier(number(bytes.fromhex(self.state["last"]))).to_bytes(12, "big")
        self.state["last"] = identifier.hex()
        self.save() # before it is sent
        datagram = request(OPERATIONS.index(operation), identifier, self.production, self.hub, fields,
                           *map(os.urandom, (24, 16)))
        answers = lambda reply: reply["identifier"] == identifier.hex() and (
            reply["operation"] == operation or reply["operation"] == "unknown" and reply["code"] > 1)
        for wait in 1, 2, 4, 8, 8, 8:
            self.socket.sendto(datagram, (str(address(self.hub)), PORT))
            if reply := self.receive(time.monotonic() + wait * random.uniform(0.75, 1.25), answers): break
        else: return None
        if reply["code"] == 10 and anew:
            self.state["last"] = max(self.state["last"], reply["lastIdentifier"])
            return self.ask(operation, fields, False)
        if operation in ("up", "down", "goodbye") and reply["code"] < 2:
            self.state["ups"][self.hub.hex()] = reply["identifier"] if operation == "up" else "~"
            self.save()
        return reply

    def listen(self):
        up = self.state["ups"].get(self.hub.hex(), "~") # without an `up` there is nothing to end; ~ is after all digits
        heeded = lambda reply: (reply["operation"], reply["code"]) == ("leaving", 0) and reply["identifier"] >= up
        # Here a client that has production traffic stops sending it.
        if self.show(self.receive(time.monotonic() + float(self.options.wait or 86400), heeded)): return 3
        self.show(self.ask("goodbye", [])) # a hub that has stopped since may be silent

    def show(self, reply):
        if not reply: return 3
        lines = [f"{name}: {', '.join(value) if isinstance(value, list) else value}" for name, value in reply.items()]
        print(json.dumps(reply) if self.options.json else "\n  ".join(lines), flush=True)
        return 0 if reply["code"] < 2 else 1

def setup(options):
    hub, own = address(key(options.hub_gate_key, "--hub-gate-key")), address(public(read_key(options.gate_key_file)))
    for command in ( # the keepalive lets the hub's goodbye through a NAT
            f"wg set % private-key {options.gate_key_file} peer {options.hub_gate_key} endpoint {options.endpoint}"
            f" allowed-ips {hub}/128 persistent-keepalive 25", f"ip -6 address replace {own}/128 dev % nodad",
            "ip link set % up", f"ip -6 route replace {hub}/128 dev %"):
        subprocess.run(command.replace("%", options.interface).split(" "), check=True)

def udp_packet(source, target, payload):
    udp = struct.pack(">HHHH", PORT, PORT, 8 + len(payload), 0) + payload
    pseudo = source + target + struct.pack(">II", len(udp), 17) + udp + b"\0" * (len(udp) % 2)
    # A ones' complement sum of 16-bit words is the number modulo ffff; so this is 1 to ffff, never 0.
    checksum = struct.pack(">H", 0xffff - number(pseudo) % 0xffff)
    return struct.pack(">IHBB", 6 << 28, len(udp), 17, 64) + source + target + udp[:6] + checksum + payload

def vectors(options):
    """Inputs: the private keys, nonce and secret, what the request asks (it says so itself), the fields of the reply."""
    block = pathlib.Path(options.page).read_text().split("\n## Test vectors\n")[1].split("```")[1]
    page = {name: bytes.fromhex(value) for name, value in (line.split(": ") for line in block.strip().splitlines())}
    client, hub, nonce = (page.pop(name) for name in ("client production private key", "hub gate private key", "nonce"))
    mine, hubs, asked = public(client), public(hub), page["request"]
    made = request(asked[5], asked[8:20], client, hubs, decode(asked[108:]), nonce, page["sealed secret"])
    computed = {"client production public key": mine, "hub gate public key": hubs, "hub gate address": address(hubs).packed,
                "address of the client key above, were it a gate key": address(mine).packed,
                "derived key": seal_key(client, hubs, hubs, mine), "request": made,
                "packet": udp_packet(address(mine).packed, address(hubs).packed, made),
                "sealed secret": sodium.crypto_aead_xchacha20poly1305_ietf_decrypt( # as the hub opens it
                    made[76:108], made[:76] + made[108:], nonce, seal_key(hub, mine, hubs, mine)),
                "reply": MAGIC + bytes([asked[5] + 128, page["reply"][6], 0]) + asked[8:20] + mine
                         + encode(decode(page["reply"][52:]))}
    wrong = [name for name in page.keys() | computed.keys() if page.get(name) != computed.get(name)]
    if wrong: raise ValueError("; ".join(f"{name}: computed is {computed.get(name, b'').hex()}" for name in wrong))
    print(json.dumps(read_reply(page["reply"], mine)))

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("operation", choices=[*OPERATIONS[1:-1], "listen", "setup", "vectors"])
    parser.add_argument("page", nargs="?", default="docs/gate-protocol.md")
    for name in "interface hub-gate-key gate-key-file production-key-file endpoint code lease wait state".split():
        parser.add_argument("--" + name, default="")
    parser.add_argument("--json", action="store_true", help="print each reply as one line of JSON")
    options = parser.parse_args()
    if options.operation in ("setup", "vectors"): return globals()[options.operation](options)
    client = Client(options)
    if options.operation == "listen": return client.listen()
    fields = [(1, options.code.encode())] if options.code else []
    if options.lease: fields.append((2, struct.pack(">I", int(options.lease))))
    return client.show(client.ask(options.operation, fields))

if __name__ == "__main__":
    try: sys.exit(main())
    except Exception as error: # of whatever kind: Python's own status would be 1, a refusal
        sys.exit(print(f"gate-client: {type(error).__name__}: {error}", file=sys.stderr) or 2)
