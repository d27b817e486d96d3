"""cdx.py FILE: holds a CycloneDX 1.6 document to the schema that its makers publish.

Also makes sure that the schema is looked at: without one of its keys the document must be refused.
"""
import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

validator = JsonStrictValidator(SchemaVersion.V1_6)
with open(sys.argv[1], encoding="utf-8") as f:
    bom = json.load(f)
problem = validator.validate_str(json.dumps(bom))
if problem:
    sys.exit(str(problem)[:2000])
del bom["components"][0]["name"]
if not validator.validate_str(json.dumps(bom)):
    sys.exit("a component without a name was not refused")
refs = [c["bom-ref"] for c in bom["components"]] + [bom["metadata"]["component"]["bom-ref"]]
if len(refs) != len(set(refs)):
    sys.exit("two components have one bom-ref")
for d in bom["dependencies"]:
    for ref in [d["ref"]] + d["dependsOn"]:
        if ref not in refs:
            sys.exit(f"a dependency names {ref}, which is no component")
