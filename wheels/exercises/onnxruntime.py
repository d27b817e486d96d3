# requires: onnx
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

graph = helper.make_graph(
    [helper.make_node("MatMul", ["x", "w"], ["m"]), helper.make_node("Relu", ["m"], ["y"])], "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 2])],
    [helper.make_tensor("w", TensorProto.FLOAT, [3, 2], [1, -1, 1, -1, 1, -1])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
model.ir_version = 9
onnx.checker.check_model(model)
session = onnxruntime.InferenceSession(model.SerializeToString(),
                                       providers=["CPUExecutionProvider"])
y = session.run(None, {"x": np.ones((2, 3), dtype="float32")})[0]
assert y.tolist() == [[3.0, 0.0], [3.0, 0.0]]
