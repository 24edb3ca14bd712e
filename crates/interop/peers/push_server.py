"""Does with python-miio's push server what it is told, and says what came of it.

It takes orders line by line, each a JSON object, and answers each with a line of JSON, {"ok": …} or
{"error": …}. "do" names the order:

  start        a push server on "address", for the device at "ip" with "token"
  subscribe    to the event with "action", "event", "extra" and the other members of EventInfo in "with"
  heard        what the callback got, once there are "least" of them or a few seconds have passed
  unsubscribe  from the event with this "id"
  tell         plays a device that a scene tells: a message of python-miio's own client to "ip" with
               "token", "method" and "params"

The server binds every address where it is left alone, and the device has to have the same port. Its address is
therefore set to one of this machine's; everything else is as its authors wrote it.
"""

import asyncio
import json
import sys

from miio import Device
from miio.miioprotocol import MiIOProtocol
from miio.push_server import EventInfo, PushServer

heard = []
protocols = {}
server = None
device = None


async def start(order):
    global server, device
    device = Device(order["ip"], order["token"], model="lumi.gateway.v3")
    server = PushServer(device_ip=order["ip"])
    server._address = order["address"]
    await server.start()
    server.register_miio_device(device, lambda *told: heard.append(list(told)))
    return server.server_ip


async def subscribe(order):
    info = EventInfo(action=order["action"], extra=order["extra"], **order.get("with", {}))
    return await server.subscribe_event(device, info)


async def unsubscribe(order):
    return await server.unsubscribe_event(device, order["id"])


async def wait(order):
    for _ in range(100):
        if len(heard) >= order["least"]:
            break
        await asyncio.sleep(0.05)
    told = list(heard)
    heard.clear()
    return told


async def tell(order):
    # Its ids have to go on: the same one again is the same message.
    protocol = protocols.setdefault(order["ip"], MiIOProtocol(order["ip"], order["token"]))
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, protocol.send, order["method"], order["params"])


ORDERS = {
    "start": start,
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
    "heard": wait,
    "tell": tell,
}


async def main():
    loop = asyncio.get_running_loop()
    print(json.dumps({"ok": "ready"}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        try:
            answer = {"ok": await ORDERS[order["do"]](order)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


asyncio.run(main())
