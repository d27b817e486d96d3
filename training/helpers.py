"""Several threads share work by queues, locks and pools; the sums must not depend on who is first."""
import contextvars
import queue
import random
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed

level = contextvars.ContextVar("level", default=0)
local = threading.local()


def part(numbers):
    local.seen = getattr(local, "seen", 0) + 1
    context = contextvars.copy_context()
    context.run(level.set, len(numbers))
    return sum(n * n % 97 for n in numbers) + context[level] + level.get()


class Board:
    def __init__(self):
        self.condition, self.notes, self.done = threading.Condition(), [], False

    def post(self, note):
        with self.condition:
            self.notes.append(note)
            self.condition.notify()

    def close(self):
        with self.condition:
            self.done = True
            self.condition.notify_all()

    def read(self, out):
        while True:
            with self.condition:
                self.condition.wait_for(lambda: self.notes or self.done)
                if not self.notes:
                    return
                note = self.notes.pop()
            out.put(sum(map(ord, note)))


def board(draw, count):
    b, out = Board(), queue.SimpleQueue()
    readers = [threading.Thread(target=b.read, args=(out,)) for _ in range(3)]
    for r in readers:
        r.start()
    for _ in range(count):
        b.post("".join(draw.choices("abcdef", k=40)))
    b.close()
    for r in readers:
        r.join()
    return sum(out.get() for _ in range(count))


if __name__ == "__main__":
    draw = random.Random(9)
    numbers = [draw.randrange(10 ** 6) for _ in range(90000)]
    with ThreadPoolExecutor(3) as pool:
        parts = [pool.submit(part, numbers[i:i + 900]) for i in range(0, len(numbers), 900)]
        total = sum(f.result() for f in as_completed(parts))
        total += sum(pool.map(part, (numbers[i::50] for i in range(50))))
    print(total, board(draw, 2500))
