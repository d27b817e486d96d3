from concurrent import futures

import grpc


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/test.Echo/Reverse":
            return grpc.unary_unary_rpc_method_handler(lambda request, context: request[::-1])
        return None


server = grpc.server(futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers((Handler(),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    reverse = channel.unary_unary("/test.Echo/Reverse")
    assert reverse(b"abc", timeout=30) == b"cba"
    try:
        channel.unary_unary("/test.Echo/None")(b"", timeout=30)
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    else:
        raise AssertionError("an unknown method answered")
server.stop(None).wait()
