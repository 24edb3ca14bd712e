"""Brings up the loopback interface of the network namespace that this runs in."""

import fcntl
import socket
import struct

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
IFREQ = "16sH22x"

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    found = fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack(IFREQ, b"lo", 0))
    name, flags = struct.unpack(IFREQ, found)
    fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack(IFREQ, name, flags | IFF_UP))
