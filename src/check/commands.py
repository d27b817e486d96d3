# Imports what the Python scripts in its arguments import at their top; prints the script and what
# went wrong. Others are not Python, and say nothing.
import ast, importlib, sys
for path in sys.argv[1:]:
    try:
        with open(path, 'rb') as f:
            body = ast.parse(f.read()).body
    except (OSError, SyntaxError, ValueError):
        continue
    for node in body:
        names = []
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        for name in names:
            try:
                importlib.import_module(name)
            except BaseException as e:
                why = ' '.join(str(e.__context__ or e).split())
                print(path, name, ascii(why), sep='\t')
