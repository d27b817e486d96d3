import threading

import zmq

context = zmq.Context()
server = context.socket(zmq.REP)
port = server.bind_to_random_port("tcp://127.0.0.1")


def serve():
    for _ in range(3):
        server.send(server.recv()[::-1])


thread = threading.Thread(target=serve)
thread.start()
client = context.socket(zmq.REQ)
client.connect(f"tcp://127.0.0.1:{port}")
for word in (b"abc", b"x" * 100000, b""):
    client.send(word)
    assert client.recv() == word[::-1]
thread.join()
client.close()
server.close()
context.term()
