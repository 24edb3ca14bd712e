"""Announces services by mDNS with python-zeroconf, until its orders end.

It takes orders line by line, each a JSON object: a service of "type" called "name" at "addr" and "port", with the records "txt",
announced on the interface with that address. Each is answered with a line of JSON once it was announced.
"""

import json
import socket
import sys

from zeroconf import ServiceInfo, Zeroconf, __version__

zeroconf = None
print(json.dumps(__version__), flush=True)
for line in sys.stdin:
    order = json.loads(line)
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
