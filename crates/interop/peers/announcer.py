"""Announces services by mDNS with python-zeroconf, until its orders end.

It takes orders line by line, each a JSON object: a service of "type" called "name" at "addr" and "port", with the records "txt",
announced on the interface with that address. Each is answered with a line of JSON once it was announced. An order with a "flood"
is answered at once: for "seconds" forged announcements leave, of ever new instances of the "type" or of addresses that nobody asked
for, with a "pause" in seconds after each datagram.
"""

import json
import socket
import sys
import threading
import time

from zeroconf import DNSAddress, DNSOutgoing, DNSPointer, ServiceInfo, Zeroconf, __version__, const

GROUP = ("224.0.0.251", 5353)
PACKETS = 5000
RECORDS = 20


def forged(order, number):
    """One datagram of announcements that are in no other one."""
    out = DNSOutgoing(const._FLAGS_QR_RESPONSE | const._FLAGS_AA)
    for record in range(number * RECORDS, (number + 1) * RECORDS):
        if order["flood"] == "instances":
            name = f'acme-lamp-v1_miio{1_000_000_000 + record}.{order["type"]}'
            record = DNSPointer(order["type"], const._TYPE_PTR, const._CLASS_IN, 4500, name)
        else:
            record = DNSAddress(
                f"host-{record}.local.", const._TYPE_A, const._CLASS_IN, 4500, socket.inet_aton(order["addr"])
            )
        out.add_answer_at_time(record, 0)
    (packet,) = out.packets()
    return packet


def flood(order):
    packets = [forged(order, number) for number in range(PACKETS)]
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(order["addr"]))
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sender.bind((order["addr"], 5353))

    def send():
        end = time.monotonic() + order["seconds"]
        sent = 0
        while time.monotonic() < end:
            sender.sendto(packets[sent % PACKETS], GROUP)
            sent += 1
            if order["pause"]:
                time.sleep(order["pause"])

    threading.Thread(target=send).start()


zeroconf = None
print(json.dumps(__version__), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    if "flood" in order:
        flood(order)
        print(json.dumps("flooding"), flush=True)
        continue
    zeroconf = zeroconf or Zeroconf(interfaces=[order["addr"]])
    info = ServiceInfo(
        order["type"],
        f'{order["name"]}.{order["type"]}',
        addresses=[socket.inet_aton(order["addr"])],
        port=order["port"],
        properties=order["txt"],
        server=f'{order["host"]}.local.',
    )
    zeroconf.register_service(info)
    print(json.dumps("announced"), flush=True)
if zeroconf:
    zeroconf.close()
