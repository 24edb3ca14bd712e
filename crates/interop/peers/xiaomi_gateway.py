"""Does with PyXiaomiGateway what it is told, and says what came of it.

It takes orders line by line, each a JSON object, and answers each with a line of JSON, {"ok": ...} or {"error": ...}. "do"
names the order:

  port     answers the port of this program's socket, for reports
  gateway  a gateway at "port" of 127.0.0.1 with "sid" and "key", of version "proto" where that is told; answers the
           devices by kind, and the version
  read     of "sid"; answers what its callback is given
  write    "values" to "sid"; answers whether that went well
  hear     waits until a datagram with this "cmd" has come from "sid" to this program's socket, and hands it to the
           package; answers what the callback is given

The package's own listener joins a group; here a plain socket stands for it.
"""

import json
import socket
import sys

from xiaomi_gateway import XiaomiGateway

listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("127.0.0.1", 0))
listener.settimeout(10)
gateway = None
told = []


def callback(values, message):
    told.append(values)


def last():
    values = told[-1] if told else None
    told.clear()
    return values


def do(order):
    global gateway
    match order["do"]:
        case "port":
            return listener.getsockname()[1]
        case "gateway":
            gateway = XiaomiGateway(
                "127.0.0.1", order["sid"], order["key"], 1, "127.0.0.1", order["port"], order["proto"]
            )
            found = {}
            for kind, devices in gateway.devices.items():
                for device in devices:
                    found[kind] = sorted([*found.get(kind, []), device["sid"]])
                    gateway.callbacks[device["sid"]] = [callback]
            return {"devices": found, "proto": gateway.proto}
        case "read":
            return [gateway.get_from_hub(order["sid"]), last()]
        case "write":
            return gateway.write_to_hub(order["sid"], **order["values"])
        case "hear":
            while True:
                message = json.loads(listener.recv(4096).decode())
                if message["cmd"] == order["cmd"] and message["sid"] == order["sid"]:
                    gateway.multicast_callback(message)
                    return last()
    raise ValueError(order)


print(json.dumps({"ok": True}), flush=True)
for line in sys.stdin:
    try:
        answer = {"ok": do(json.loads(line))}
    except Exception as error:
        answer = {"error": type(error).__name__}
    print(json.dumps(answer), flush=True)
