"""Does with tencent-iot-device what it is told, and says what came of it.

It takes orders line by line, each a JSON object, and answers each with a line of JSON, {"ok": ...} or
{"error": ...}. "do" names the order:

  connect     with the device file "file" and the domain "domain", to "port" of 127.0.0.1, whatever port and name
              the package has in mind; answers whether it was connected within "patience" seconds
  again       until it takes itself for connected
  template    begins with the data template of the device, or of "sub"
  report      reports "params", of the device or of "sub"; answers the platform's reply
  control     until the platform has set properties since the last such order; answers the message, after it
              was replied to
  action      until the platform has asked for an action since the last such order; answers its inputs, after they were
              sent back as its outputs
  rrpc        questions are answered from now on
  time        the platform's time, in milliseconds
  publish     "payload" to "topic", with "qos"; ends with the acknowledgement where there is one
  subscribe   to "topic" with "qos"; ends when it is granted
  message     until a message has come to "topic" since the last such order; answers it
  gateway     begins with what is below the device
  below       has "sub", with its "secret" where that is wanted, "bind", "online", "offline" or "unbind", as "what" says;
              answers whether it was
  ota         begins with firmware
  version     tells which "version" runs; answers the platform's reply
  firmware    fetches what the platform has announced since, "from" a byte on where the bytes before came already; answers
              how many bytes there are and whether their digest is right, of which the platform is told where it is not
  upgraded    tells that the new version runs
  disconnect  the connection

There is one device in a process: the package says so.
"""

import importlib.metadata
import json
import queue
import socket
import sys
import threading
import time

from explorer.explorer import QcloudExplorer
from hub.hub import QcloudHub
from hub.services.ota.ota import Ota

PATIENCE = 15


class Player:
    def __init__(self):
        self.connected = threading.Event()
        self.acknowledged = queue.Queue()
        self.granted = queue.Queue()
        self.properties = queue.Queue()
        self.messages = queue.Queue()
        self.heard = queue.Queue()
        self.fetched = b""

    def connect(self, order):
        lead_to(order["port"])
        self.explorer = explorer = QcloudExplorer(
            device_file=order["file"], tls=False, domain=order["domain"]
        )
        # The one that the explorer stands on: there is one in a process.
        self.hub = QcloudHub(order["file"], tls=False, domain=order["domain"]).hub
        explorer.registerMqttCallback(
            lambda *_: self.connected.set(),
            lambda *_: self.connected.clear(),
            lambda topic, qos, payload, _: self.messages.put([topic, payload, qos]),
            lambda mid, _: self.acknowledged.put(mid),
            lambda qos, mid, _: self.granted.put(qos),
            lambda *_: None,
        )
        self.identity = explorer.getProductID(), explorer.getDeviceName()
        explorer.setReconnectInterval(2, 1)
        explorer.connect()
        return self.connected.wait(order["patience"])

    def again(self, _):
        for _ in range(PATIENCE * 100):
            if self.explorer.isMqttConnected():
                return True
            time.sleep(0.01)
        return False

    def whose(self, order):
        return tuple(order.get("sub", self.identity))

    def template(self, order):
        def keep(topic, qos, payload, _):
            self.properties.put(payload)

        self.explorer.templateInit(*self.whose(order), keep, keep, keep, keep)
        return [self.granted.get(timeout=PATIENCE) for _ in range(4)]

    def report(self, order):
        whose = self.whose(order)
        report = self.explorer.templateJsonConstructReportArray(*whose, order["params"])
        self.explorer.templateReport(*whose, report)
        return [report, self.properties.get(timeout=PATIENCE)]

    def control(self, _):
        control = self.properties.get(timeout=PATIENCE)
        reply = self.explorer.ReplyPara()
        reply.code = 0
        reply.status_msg = "done"
        self.explorer.templateControlReply(*self.identity, reply)
        return control

    def action(self, _):
        action = self.properties.get(timeout=PATIENCE)
        reply = self.explorer.ReplyPara()
        reply.code = 0
        reply.status_msg = "done"
        token, inputs = action["clientToken"], action["params"]
        self.explorer.templateActionReply(*self.identity, token, inputs, reply)
        return inputs

    def rrpc(self, _):
        def answer(topic, qos, payload, _):
            self.hub.rrpcReply(*self.identity, {"answer": payload}, 0)

        self.hub.rrpcInit(*self.identity, answer)
        return self.granted.get(timeout=PATIENCE)

    def time(self, _):
        return self.explorer.getNtpAccurateTime()

    def publish(self, order):
        drain(self.acknowledged)
        rc, mid = self.explorer.publish(order["topic"], order["payload"], order["qos"])
        if rc != 0:
            raise RuntimeError(f"it says {rc}")
        while self.acknowledged.get(timeout=PATIENCE) != mid:
            pass

    def subscribe(self, order):
        drain(self.granted)
        self.hub.registerUserCallback(
            order["topic"], lambda topic, qos, payload, _: self.messages.put([topic, payload, qos])
        )
        self.explorer.subscribe(order["topic"], order["qos"])
        return self.granted.get(timeout=PATIENCE)

    def message(self, _):
        return self.messages.get(timeout=PATIENCE)

    def gateway(self, _):
        drain(self.granted)
        self.explorer.gatewayInit()
        return self.granted.get(timeout=PATIENCE)

    def below(self, order):
        do = getattr(self.hub, "gatewaySubdev" + order["what"].capitalize())
        secret = [order["secret"]] if "secret" in order else []
        rc, _ = do(*order["sub"], *secret)
        return rc == 0

    def ota(self, _):
        rc, _ = self.explorer.otaInit(
            *self.identity, lambda topic, qos, payload, _: self.heard.put(payload)
        )
        return rc

    def version(self, order):
        self.explorer.otaReportVersion(*self.identity, order["version"])
        return self.heard.get(timeout=PATIENCE)

    def firmware(self, order):
        explorer, identity, begin = self.explorer, self.identity, order.get("from", 0)
        for _ in range(PATIENCE * 100):
            if explorer.otaIsFetching(*identity):
                break
            time.sleep(0.01)
        size, _ = explorer.otaIoctlNumber(*identity, Ota.OtaCmdType.IOT_OTAG_FILE_SIZE)
        self.fetched = self.fetched[:begin]
        explorer.otaResetMd5(*identity)
        explorer.otaMd5Update(*identity, self.fetched)
        if explorer.otaDownloadStart(*identity, begin, size) != 0:
            raise RuntimeError("it does not begin")
        while not explorer.otaIsFetchFinished(*identity):
            piece, length = explorer.otaFetchYield(*identity, 5000)
            if length <= 0:
                raise RuntimeError(f"it says {length}")
            self.fetched += piece
        rc, _ = explorer.otaIoctlNumber(*identity, Ota.OtaCmdType.IOT_OTAG_CHECK_FIRMWARE)
        return [len(self.fetched), rc == 0]

    def upgraded(self, _):
        rc, _ = self.explorer.otaReportUpgradeSuccess(*self.identity, None)
        return rc

    def disconnect(self, _):
        self.explorer.disconnect()


def drain(waiting):
    """What nobody asked for."""
    while not waiting.empty():
        waiting.get_nowait()


def lead_to(port):
    """Has every name looked up be this port of 127.0.0.1, and 127.0.0.1 the port that is asked for."""
    inet = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP

    def look_up(host, asked, *_, **__):
        return [(*inet, "", ("127.0.0.1", asked if host == "127.0.0.1" else port))]

    socket.getaddrinfo = look_up


def main():
    # It prints, and the answers have a place of their own.
    answers, sys.stdout = sys.stdout, sys.stderr
    player = Player()
    print(json.dumps(importlib.metadata.version("tencent-iot-device")), file=answers, flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"ok": getattr(player, order["do"])(order)}
        except Exception as error:
            answer = {"error": {"type": type(error).__name__, "message": str(error)}}
        print(json.dumps(answer), file=answers, flush=True)


main()
