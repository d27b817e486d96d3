"""A headless Chromium, spoken to in the DevTools protocol over its pipe."""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time


class Browser:
    """Chromium with a profile of its own and no network to speak of."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="solder-html-")
        to_child, self.out = os.pipe()
        self.inp, from_child = os.pipe()
        # The protocol's descriptors are 3 and 4, whatever ours are called.
        command = [
            "sh", "-c", f'exec "$@" 3<&{to_child} 4>&{from_child}', "sh", program,
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--hide-scrollbars", "--remote-debugging-pipe", "--user-data-dir=" + self.profile,
            "about:blank",
        ]
        self.log = open(os.path.join(self.profile, "log"), "w+b")
        self.process = subprocess.Popen(
            command, pass_fds=(to_child, from_child), stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log)
        os.close(to_child)
        os.close(from_child)
        self.pending = b""
        self.number = 0
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = None
        self.session = self.call(
            "Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def receive(self, seconds=60):
        end = time.monotonic() + seconds
        while b"\0" not in self.pending:
            ready, _, _ = select.select([self.inp], [], [], max(0, end - time.monotonic()))
            chunk = os.read(self.inp, 1 << 20) if ready else b""
            if not chunk:
                self.log.seek(0)
                raise RuntimeError("the browser said nothing more:\n"
                                   + self.log.read().decode(errors="replace")[-2000:])
            self.pending += chunk
        one, self.pending = self.pending.split(b"\0", 1)
        return json.loads(one)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if getattr(self, "session", None):
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, url, width, height, scheme):
        """Opens a page; afterwards `events` holds what it caused."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 500)
        self.call("Emulation.setEmulatedMedia", media="",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events = []
        self.call("Page.navigate", url=url)
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(self.receive())

    def value(self, expression, wait=False):
        """What an expression (of JSON's kinds) evaluates to; of a promise, once it is kept."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=wait)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def complaints(self):
        """Everything on the console, every uncaught error, every request but for the page."""
        found = []
        for event in self.events:
            params = event.get("params", {})
            method = event.get("method")
            if method == "Runtime.exceptionThrown":
                found.append("error: " + json.dumps(params["exceptionDetails"])[:500])
            elif method == "Runtime.consoleAPICalled":
                found.append("console: " + json.dumps(params["args"])[:500])
            elif method == "Log.entryAdded":
                found.append("log: " + params["entry"]["text"])
            elif method == "Network.requestWillBeSent" \
                    and params["request"]["url"] != params["documentURL"]:
                found.append("request: " + params["request"]["url"])
        return found

    def screenshot(self):
        """The whole page as PNG, in base64."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        return self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
        except (RuntimeError, OSError):
            self.process.kill()
        self.process.wait()
        self.log.close()
        os.close(self.out)
        os.close(self.inp)
        shutil.rmtree(self.profile, ignore_errors=True)
