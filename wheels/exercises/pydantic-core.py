from pydantic_core import SchemaValidator, ValidationError, core_schema as s

validator = SchemaValidator(
    s.typed_dict_schema(
        {
            "id": s.typed_dict_field(s.int_schema(gt=0)),
            "tags": s.typed_dict_field(s.list_schema(s.str_schema(max_length=5))),
        }
    )
)
assert validator.validate_json(b'{"id": "7", "tags": ["a", "b"]}') == {"id": 7, "tags": ["a", "b"]}
try:
    validator.validate_python({"id": -1, "tags": ["too long"]})
except ValidationError as error:
    assert error.error_count() == 2
else:
    raise AssertionError("bad data was accepted")
