"""Logging: records that are dropped by level, filtered, formatted and written to memory."""

import io
import logging

from common import main


class OnlyEven(logging.Filter):
    def filter(self, record):
        return record.number % 2 == 0


def build(stream):
    root = logging.Logger("workload", logging.INFO)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)-8s %(name)s %(funcName)s: %(message)s"))
    handler.addFilter(OnlyEven())
    root.addHandler(handler)
    return root


def work():
    stream = io.StringIO()
    logger = build(stream)
    for i in range(400):
        extra = {"number": i}
        logger.debug("not written %d", i, extra=extra)
        logger.info("request %d took %.2f ms", i, i / 7, extra=extra)
        logger.warning("queue %s is long: %(number)d" if i < 0 else "queue %s is long", "main", extra=extra)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("never", extra=extra)
    try:
        1 // 0
    except ZeroDivisionError:
        logger.error("no result for %r", {"a": 1}, extra={"number": 2})
    return len(stream.getvalue())


if __name__ == "__main__":
    main(work, 18557)
