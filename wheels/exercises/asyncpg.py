import asyncio

import asyncpg
from asyncpg.pgproto import pgproto
from asyncpg.protocol import protocol  # noqa: F401

assert str(pgproto.UUID("12345678-1234-5678-1234-567812345678")).startswith("12345678")


async def main():
    try:
        await asyncpg.connect(host="127.0.0.1", port=9, user="u", database="d", timeout=5)
    except OSError:
        return
    raise AssertionError("connected to nothing")


asyncio.run(main())
