"""Another client at a broker: paho-mqtt, which says what it received and sends what it is told.

It takes orders line by line, each a JSON object, and answers each with a line of JSON, {"ok": ...} or
{"error": ...}. "do" names the order:

  connect     as "client" to "port" of 127.0.0.1, with "username" and "password" where there are some
  subscribe   to "topic" with "qos"; answers what was granted
  publish     a message of "length" bytes of the pattern to "topic", with "qos" and "retain"; ends when it is
              acknowledged
  message     answers the next message: topic, qos, whether it was retained, its length, whether it is the pattern
  say         "text" to "topic", with quality 1; ends when it is acknowledged
  said        answers the next message: topic and text
  disconnect  the connection
"""

import importlib.metadata
import json
import queue
import sys
import threading

import paho.mqtt.client as mqtt

PATIENCE = 15


def pattern(length):
    return bytes(at * 7 % 251 for at in range(length))


class Witness:
    def connect(self, order):
        self.granted = queue.Queue()
        self.messages = queue.Queue()
        connected = queue.Queue()
        self.client = mqtt.Client(order["client"])
        if "username" in order:
            self.client.username_pw_set(order["username"], order["password"])
        self.client.on_connect = lambda *said: connected.put(said[3])
        self.client.on_subscribe = lambda *said: self.granted.put(list(said[3]))
        self.client.on_message = lambda *said: self.messages.put(said[2])
        self.client.connect("127.0.0.1", order["port"], 60)
        self.client.loop_start()
        return connected.get(timeout=PATIENCE)

    def subscribe(self, order):
        self.client.subscribe(order["topic"], order["qos"])
        return self.granted.get(timeout=PATIENCE)

    def publish(self, order):
        published = threading.Event()
        self.client.on_publish = lambda *_: published.set()
        self.client.publish(order["topic"], pattern(order["length"]), order["qos"], order["retain"])
        if not published.wait(PATIENCE):
            raise RuntimeError("nobody acknowledges it")

    def message(self, _):
        said = self.messages.get(timeout=PATIENCE)
        length = len(said.payload)
        right = said.payload == pattern(length)
        return [said.topic, said.qos, bool(said.retain), length, right]

    def say(self, order):
        published = threading.Event()
        self.client.on_publish = lambda *_: published.set()
        self.client.publish(order["topic"], order["text"], 1)
        if not published.wait(PATIENCE):
            raise RuntimeError("nobody acknowledges it")

    def said(self, _):
        said = self.messages.get(timeout=PATIENCE)
        return [said.topic, said.payload.decode()]

    def disconnect(self, _):
        self.client.disconnect()
        self.client.loop_stop()


def main():
    witness = Witness()
    print(json.dumps(importlib.metadata.version("paho-mqtt")), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"ok": getattr(witness, order["do"])(order)}
        except Exception as error:
            answer = {"error": {"type": type(error).__name__, "message": str(error)}}
        print(json.dumps(answer), flush=True)


main()
