"""Says which datagrams of miIO and of bulbs pass some network interfaces, read from the frames themselves.

It takes orders line by line, and answers each with a line of JSON: "watch NAME..." begins, "take"
gives how often each kind of datagram passed since. It ends with its input.
"""

import collections
import json
import select
import socket
import struct
import sys

ETH_P_ALL, ETH_P_IP, UDP = 3, 0x0800, 17
HELLO = bytes.fromhex("21310020") + b"\xff" * 28
SEARCH = (
    b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1982\r\nMAN: "ssdp:discover"\r\nST: wifi_bulb\r\n'
)
# How Ethernet has the bulbs' group.
GROUP = bytes.fromhex("01005e7ffffa")


def read(frame):
    """What a frame says, where it is one of IPv4 and UDP."""
    to, kind = frame[:6], struct.unpack("!H", frame[12:14])[0]
    packet = frame[14:]
    if kind != ETH_P_IP or packet[9] != UDP:
        return None
    segment = packet[(packet[0] & 15) * 4 : struct.unpack("!H", packet[2:4])[0]]
    source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    from_port, to_port = struct.unpack("!HH", segment[:4])
    payload = segment[8:]
    how = {b"\xff" * 6: "broadcast", GROUP: "multicast"}.get(to, "unicast")
    if payload == HELLO:
        return f"{source} > {target}:{to_port} {how} hello"
    if len(payload) == 32 and payload[:8] == b"\x21\x31\x00\x20\x00\x00\x00\x00":
        did = struct.unpack("!I", payload[8:12])[0]
        return f"{source}:{from_port} > {target} {how} answer of {did}"
    if payload == SEARCH:
        return f"{source} > {target}:{to_port} {how} search"
    for start, word in ((b"HTTP/1.1 200 OK\r\n", "answer"), (b"NOTIFY * HTTP/1.1\r\n", "advertisement")):
        if payload.startswith(start):
            bulb = payload.split(b"\r\nid: ")[1].split(b"\r\n")[0].decode()
            return f"{source} > {target} {how} {word} of {bulb}"
    return f"{source} > {target} {how} {len(payload)} bytes"


def drain(watched, seen):
    for name, tap in watched.items():
        while True:
            try:
                frame = tap.recv(65536)
            except BlockingIOError:
                break
            said = read(frame)
            if said:
                seen[f"{name} {said}"] += 1


def main():
    watched, seen, rest = {}, collections.Counter(), ""
    print(json.dumps("ready"), flush=True)
    while True:
        ready, _, _ = select.select([sys.stdin.buffer.raw, *watched.values()], [], [])
        drain(watched, seen)
        if sys.stdin.buffer.raw not in ready:
            continue
        said = sys.stdin.buffer.raw.read(65536)
        if not said:
            return
        *orders, rest = (rest + said.decode()).split("\n")
        for order in orders:
            word, *names = order.split()
            for name in names:
                tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
                tap.bind((name, ETH_P_ALL))
                tap.setblocking(False)
                watched[name] = tap
            print(json.dumps(seen if word == "take" else names), flush=True)
            if word == "take":
                seen.clear()


main()
