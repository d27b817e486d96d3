from google.protobuf import descriptor_pb2, json_format, struct_pb2
from google.protobuf.internal import api_implementation

assert api_implementation.Type() == "upb", api_implementation.Type()
value = struct_pb2.Struct()
value.update({"name": "x", "numbers": [1, 2, 3], "nested": {"flag": True}})
again = struct_pb2.Struct.FromString(value.SerializeToString())
assert json_format.MessageToDict(again)["numbers"] == [1.0, 2.0, 3.0]
file = descriptor_pb2.FileDescriptorProto()
struct_pb2.DESCRIPTOR.CopyToProto(file)
assert file.package == "google.protobuf"
