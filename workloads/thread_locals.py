"""Locks, conditions and thread-local variables of threading, and starting and joining threads."""

import threading

from common import main


class Account:
    def __init__(self):
        self.lock = threading.RLock()
        self.balance = 0

    def pay(self, amount):
        with self.lock:
            self.add(amount)

    def add(self, amount):
        with self.lock:
            self.balance += amount


def spend(account, local, count):
    local.spent = 0
    for i in range(count):
        account.pay(i & 7)
        local.spent += i & 7
    with account.lock:
        account.balance -= local.spent // 2


def meet(condition, arrived, number):
    with condition:
        arrived.append(number)
        condition.notify_all()
        condition.wait_for(lambda: len(arrived) >= 4)


def work():
    account, local = Account(), threading.local()
    for _ in range(12):
        threads = [threading.Thread(target=spend, args=(account, local, 200)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    condition, arrived = threading.Condition(), []
    threads = [threading.Thread(target=meet, args=(condition, arrived, i)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lock = threading.Lock()
    for i in range(9000):
        with lock:
            local.count = getattr(local, "count", 0) + i
    return account.balance + sum(arrived) + local.count


if __name__ == "__main__":
    main(work, 40508106)
