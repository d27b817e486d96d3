"""Threads that pass items through queues, so that the interpreter's lock changes hands."""

import queue
import threading

from common import main


def stage(source, target, change):
    while (item := source.get()) is not None:
        target.put(change(item))
    target.put(None)


def pipeline(count):
    queues = [queue.Queue(32) for _ in range(3)]
    changes = [lambda value: value * 3, lambda value: value + 1]
    threads = [
        threading.Thread(target=stage, args=(queues[i], queues[i + 1], changes[i])) for i in range(2)
    ]
    feeder = threading.Thread(target=lambda: [queues[0].put(i) for i in range(count)] and queues[0].put(None))
    threads.append(feeder)
    for thread in threads:
        thread.start()
    total = 0
    while (item := queues[2].get()) is not None:
        total += item
    for thread in threads:
        thread.join()
    return total


def work():
    return pipeline(900)


if __name__ == "__main__":
    main(work, 1214550)
