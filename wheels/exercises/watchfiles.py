import threading

import watchfiles

stop = threading.Event()
seen = []


def watch():
    for changes in watchfiles.watch(".", stop_event=stop, debounce=50, step=10, rust_timeout=200,
                                    yield_on_timeout=True):
        seen.extend(changes)
        if seen:
            stop.set()
        else:
            open("new-file", "a").write("x")


thread = threading.Thread(target=watch)
thread.start()
thread.join(60)
assert any(path.endswith("new-file") for _, path in seen)
