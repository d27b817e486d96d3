from kiwisolver import Solver, UnsatisfiableConstraint, Variable

x, y = Variable("x"), Variable("y")
solver = Solver()
solver.addConstraint(x + y == 10)
solver.addConstraint(x - y == 4)
solver.updateVariables()
assert (x.value(), y.value()) == (7.0, 3.0)
try:
    solver.addConstraint(x == 1)
except UnsatisfiableConstraint:
    pass
else:
    raise AssertionError("a contradiction was accepted")
