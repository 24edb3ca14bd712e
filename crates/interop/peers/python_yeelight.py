"""Does with python-yeelight what it is told, and says what came of it.

It takes orders line by line, each a JSON object, and answers each with a line of JSON, {"ok": …} or
{"error": {"type": …, "of": …, "said": …}}. "do" names the order:

  client    a client for the bulb at "ip" and "port", of the class that "class" names
  call      a method of the client, or of the package where "of" says so
  see       an attribute of the client
  listen    notifications are collected from now on; of a Bulb in a thread of their own
  unlisten  they are not any more
  heard     what was collected, once there are "least" of them or a few seconds have passed
  presets   plays every ready-made flow of the package that fits the bulb
  models    what the package knows of each model

Arguments stand in "args" and "with". {"is": NAME} in them is a name of the package, {"make": NAME}
with "args" and "with" an object of it.
"""

import asyncio
import enum
import importlib.metadata
import inspect
import json
import sys
import threading
import time

import yeelight
import yeelight.aio
import yeelight.flows
import yeelight.main
import yeelight.transitions


def named(name):
    found = yeelight
    for part in name.split("."):
        found = getattr(found, part)
    return found


def read(value):
    """An argument as Python has it."""
    if isinstance(value, list):
        return [read(item) for item in value]
    if isinstance(value, dict):
        if "is" in value:
            return named(value["is"])
        if "make" in value:
            return named(value["make"])(*read(value.get("args", [])), **plain(value.get("with", {})))
    return value


def plain(values):
    return {name: read(value) for name, value in values.items()}


def shown(value):
    """A result as JSON has it."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, (list, tuple)):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        return {str(name): shown(item) for name, item in value.items()}
    return value


class Player:
    def __init__(self):
        self.bulb = None
        self.notifications = []
        self.listening = None

    async def client(self, order):
        kind = named(order.get("class", "Bulb"))
        self.bulb = kind(order["ip"], port=order["port"], **plain(order.get("with", {})))
        self.notifications = []

    async def call(self, order):
        method = getattr(named(order["of"]) if "of" in order else self.bulb, order["method"])
        args, options = read(order.get("args", [])), plain(order.get("with", {}))
        if isinstance(self.bulb, yeelight.aio.AsyncBulb):
            result = method(*args, **options)
            return await result if inspect.isawaitable(result) else result
        return await asyncio.to_thread(method, *args, **options)

    async def see(self, order):
        return getattr(self.bulb, order["name"])

    async def listen(self, _):
        if isinstance(self.bulb, yeelight.aio.AsyncBulb):
            await self.bulb.async_listen(lambda props: self.notifications.append(dict(props)))
            return
        self.listening = threading.Thread(target=self._listen, args=[self.bulb], daemon=True)
        self.listening.start()

    def _listen(self, bulb):
        try:
            bulb.listen(lambda props: self.notifications.append(dict(props)))
        except Exception as error:
            self.notifications.append({"ended": type(error).__name__})

    async def unlisten(self, _):
        if isinstance(self.bulb, yeelight.aio.AsyncBulb):
            await self.bulb.async_stop_listening()
            return True
        self.bulb.stop_listening()
        await asyncio.to_thread(self.listening.join, 5)
        return not self.listening.is_alive()

    async def heard(self, order):
        until = time.monotonic() + 8
        while len(self.notifications) < order.get("least", 0) and time.monotonic() < until:
            await asyncio.sleep(0.01)
        heard, self.notifications = self.notifications, []
        return heard

    async def presets(self, _):
        # What each of them needs besides its defaults.
        needed = {"pulse": [10, 20, 30]}
        played = {}
        for name, make in inspect.getmembers(yeelight.flows, inspect.isfunction):
            if make.__module__ != yeelight.flows.__name__:
                continue
            flow = make(*needed.get(name, []))
            answers = []
            for method, args in (("start_flow", [flow]), ("stop_flow", [])):
                try:
                    answers.append(await asyncio.to_thread(getattr(self.bulb, method), *args))
                except yeelight.BulbException as error:
                    answers.append(str(error))
            played[name] = answers
        return played

    async def models(self, _):
        specs = {}
        for model in yeelight.main.get_known_models():
            specs[model] = yeelight.Bulb("127.0.0.1", model=model).get_model_specs()
        return specs


def failure(error):
    """An error, and what it says about the command."""
    said = error.args[0] if error.args and isinstance(error.args[0], dict) else str(error)
    kind = type(error)
    return {"type": kind.__name__, "of": kind.__module__.split(".")[0], "said": said}


async def main():
    player = Player()
    print(json.dumps(importlib.metadata.version("yeelight")), flush=True)
    while True:
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            return
        order = json.loads(line)
        try:
            done = await getattr(player, order["do"])(order)
            answer = {"ok": shown(done)}
        except Exception as error:
            answer = {"error": failure(error)}
        print(json.dumps(answer), flush=True)


asyncio.run(main())
