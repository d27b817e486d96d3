import ctypes

import llvmlite.binding as llvm

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()
module = llvm.parse_assembly(
    "define i64 @add(i64 %a, i64 %b) { %c = add i64 %a, %b ret i64 %c }".replace("{ ", "{\n").replace(
        " ret", "\n ret").replace(" }", "\n}"))
module.verify()
machine = llvm.Target.from_default_triple().create_target_machine()
engine = llvm.create_mcjit_compiler(module, machine)
engine.finalize_object()
add = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(
    engine.get_function_address("add"))
assert add(40, 2) == 42
