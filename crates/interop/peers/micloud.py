"""Does with micloud what it is told, and says what came of it.

It takes orders line by line, each a JSON object, and answers each with a line of JSON, {"ok": ...} or
{"error": ...}. "do" names the order:

  login    with "user" and "password"
  devices  of "country"
  call     "path" in "country" with "data"; answers what the package makes of the answer, as JSON

The first argument is the port of 127.0.0.1 that every address of the package leads to. Its logins, its signing and
its encryption are its own: only the way of its requests is another one.
"""

import json
import sys
from urllib.parse import urlsplit

import requests
from micloud import micloud, miutils
from requests.adapters import HTTPAdapter


class Lead(HTTPAdapter):
    """Sends what is for any host to one port, under the host's own name."""

    def send(self, request, **options):
        there = urlsplit(request.url)
        way = request.copy()
        way.headers["Host"] = there.netloc
        way.url = f"http://127.0.0.1:{PORT}{there.path}"
        if there.query:
            way.url += f"?{there.query}"
        response = super().send(way, **{**options, "proxies": None, "timeout": 15})
        response.request, response.url = request, request.url
        return response


def lead_away(of):
    def session(*arguments, **options):
        made = of(*arguments, **options)
        made.mount("https://", Lead())
        return made

    return session


PORT = int(sys.argv[1])
micloud.get_session = lead_away(miutils.get_session)
cloud = None


def do(order):
    global cloud
    match order["do"]:
        case "login":
            cloud = micloud.MiCloud(order["user"], order["password"])
            return cloud.login()
        case "devices":
            return cloud.get_devices(country=order["country"])
        case "call":
            data = json.dumps(order["data"])
            return json.loads(cloud.request_country(order["path"], order["country"], {"data": data}))
    raise ValueError(order)


print(json.dumps({"ok": requests.__version__}), flush=True)
for line in sys.stdin:
    try:
        answer = {"ok": do(json.loads(line))}
    except Exception as error:
        answer = {"error": type(error).__name__}
    print(json.dumps(answer), flush=True)
