#!/usr/bin/env python3
"""Makes demo.pcap out of captures of ../shared/faxgen, each with numbers of its own: three pages that go well, a fax over
two legs, T.38 refused with 488, a DIS that nobody answers, a voice call, and 2007 to 3004 over Kamailio and Asterisk,
which fails: T.38 on one leg only.

    assets/make-demo.py ../shared/captures

All addresses are of RFC 5737. Frames become Ethernet, times follow each other, SIP gets the numbers; nothing else is
changed."""

import json
import struct
import sys
from pathlib import Path

CALLS = [
    ("synthetic/t38-ok-3page-ecm", "2011", "3001"),
    ("synthetic/t38-ok-b2bua", "2012", "3002"),
    ("synthetic/t38-fail-488", "2013", "3003"),
    ("synthetic/t38-fail-one-way", "2014", "3001"),
    ("synthetic/voice-dtmf", "2015", "2016"),
    ("paths/path-fail-one-sided", "2007", "3004"),
]
START, APART = 1740996180, 75
ETHERNET, LINUX_SLL = 1, 113


def records(path):
    """Time in microseconds, IP packet, of each frame of a pcap file."""
    octets = path.read_bytes()
    link = struct.unpack_from("<I", octets, 20)[0]
    header = {ETHERNET: 14, LINUX_SLL: 16}[link]
    at = 24
    while at < len(octets):
        seconds, micros, length = struct.unpack_from("<III", octets, at)
        at += 16
        yield seconds * 1_000_000 + micros, octets[at + header:at + length]
        at += length


def checksum(octets):
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def with_numbers(packet, caller, callee):
    """An IPv4 packet; if it is SIP over UDP, with these numbers."""
    header = (packet[0] & 15) * 4
    length = struct.unpack_from(">H", packet, 2)[0]
    packet = packet[:length]
    if packet[0] >> 4 != 4 or packet[9] != 17:
        return packet
    payload = packet[header + 8:]
    if b"SIP/2.0" not in payload[:200]:
        return packet
    head, blank, body = payload.partition(b"\r\n\r\n")
    head = head.replace(b"+15551230001", caller.encode()).replace(b"+15559870002", callee.encode())
    payload = head + blank + body
    ports = packet[header:header + 4]
    udp = ports + struct.pack(">HH", 8 + len(payload), 0) + payload
    pseudo = packet[12:20] + struct.pack(">HH", 17, len(udp))
    udp = udp[:6] + struct.pack(">H", checksum(pseudo + udp) or 0xFFFF) + udp[8:]
    ip = bytearray(packet[:header])
    struct.pack_into(">H", ip, 2, header + len(udp))
    struct.pack_into(">H", ip, 10, 0)
    struct.pack_into(">H", ip, 10, checksum(bytes(ip)))
    return bytes(ip) + udp


def main():
    captures = Path(sys.argv[1])
    frames = []
    for number, (name, caller, callee) in enumerate(CALLS):
        t0 = int(json.loads((captures / f"{name}.json").read_text())["t0"])
        shift = (START + number * APART - t0) * 1_000_000
        for at, packet in records(captures / f"{name}.pcap"):
            packet = with_numbers(packet, caller, callee)
            # Locally administered, by the address.
            macs = b"\x02\0" + packet[16:20] + b"\x02\0" + packet[12:16]
            frames.append((at + shift, macs + b"\x08\0" + packet))
    frames.sort(key=lambda frame: frame[0])
    out = Path(__file__).with_name("demo.pcap")
    with out.open("wb") as to:
        to.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, ETHERNET))
        for at, frame in frames:
            to.write(struct.pack("<IIII", at // 1_000_000, at % 1_000_000, len(frame), len(frame)) + frame)
    print(f"{out}: {len(frames)} frames, {out.stat().st_size} octets")


main()
