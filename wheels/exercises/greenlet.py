# requires: psutil objgraph
import threading

import greenlet

seen = []


def child(x):
    for i in range(3):
        x = greenlet.getcurrent().parent.switch(x + i)
        seen.append(x)
    return "end"


def run():
    g = greenlet.greenlet(child)
    assert [g.switch(10), g.switch(20), g.switch(30), g.switch(40)] == [10, 21, 32, "end"]

    def thrower():
        raise KeyError("inside")

    try:
        greenlet.greenlet(thrower).switch()
    except KeyError:
        pass
    else:
        raise AssertionError("the error did not arrive")


threads = [threading.Thread(target=run) for _ in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert sorted(seen) == sorted([20, 30, 40] * 4)
