/* Converts structs to JSON and back, driven by tables of their members.
 *
 *	static const struct json_field fields[] = {
 *		JSON_FIELD(struct bench_link, given),
 *		JSON_FIELD_AS("sha256", struct bench_link, digest),
 *	};
 *
 *	json_put(object, link, fields, ARRAY_SIZE(fields));
 *
 * A member's C type selects its JSON type: char *, bool, double, struct strv, and integers of 8 to
 * 64 bits. Keys are written in table order. Build objects of computed values with
 *
 *	JSON_OBJECT({"name", json_text(name)}, {"count", json_integer(n)})
 */
#ifndef SOLDER_REPORT_JSON_H
#define SOLDER_REPORT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum json_kind {
	JSON_OF_TEXT, /* NULL becomes null */
	JSON_OF_BOOL,
	JSON_OF_REAL, /* infinities and NaN become null */
	JSON_OF_STRV,
	JSON_OF_U8,
	JSON_OF_U16,
	JSON_OF_U32,
	JSON_OF_U64,
	JSON_OF_I32,
	JSON_OF_I64,
};

struct json_field {
	const char *key;
	enum json_kind kind;
	size_t offset;
	/* For json_get(): a missing or null key leaves the member unchanged. */
	bool optional;
	double min, max; /* for numbers; both 0: the type's own range. At most 2^53 */
};

#define JSON_KIND(member)                                                                          \
	_Generic((member),                                                                         \
		char *: JSON_OF_TEXT,                                                              \
		const char *: JSON_OF_TEXT,                                                        \
		bool: JSON_OF_BOOL,                                                                \
		double: JSON_OF_REAL,                                                              \
		struct strv: JSON_OF_STRV,                                                         \
		uint8_t: JSON_OF_U8,                                                               \
		uint16_t: JSON_OF_U16,                                                             \
		uint32_t: JSON_OF_U32,                                                             \
		uint64_t: JSON_OF_U64,                                                             \
		int32_t: JSON_OF_I32,                                                              \
		int64_t: JSON_OF_I64)
/* .optional, .min and .max may follow the member. */
#define JSON_FIELD_AS(name, type, member, ...)                                                     \
	{                                                                                          \
		.key = (name), .kind = JSON_KIND(((type *)0)->member),                             \
		.offset = offsetof(type, member), ##__VA_ARGS__                                    \
	}
#define JSON_FIELD(type, member, ...) JSON_FIELD_AS(#member, type, member, ##__VA_ARGS__)

void json_put(json_t *object, const void *s, const struct json_field *fields, size_t n);

/* Reads an untrusted object. Strings of at most 4096 bytes and without control characters replace
 * the members, which are freed; words are added to a struct strv. `where` ("arms[2]", or "") begins
 * the message, an ERR_INPUT such as "arms[2].name: is missing". */
int json_get(const json_t *object, const char *where, void *s, const struct json_field *fields,
	size_t n, struct err *err);

/* Builds an object from keys and values, taking ownership of the values. */
struct json_member {
	const char *key;
	json_t *value;
};
#define JSON_OBJECT(...) json_object_of((const struct json_member[]){__VA_ARGS__, {NULL, NULL}})
json_t *json_object_of(const struct json_member *members);

/* Text from files: NULL becomes null, bytes that are not UTF-8 become "\\xff". */
json_t *json_text(const char *s);
/* The same, but if the text is not UTF-8, every non-ASCII byte becomes "?", as campaigns and
 * explain's findings have it. */
json_t *json_ascii(const char *s);
json_t *json_texts(const char *const *v, size_t n);
/* The text under a key, borrowed from the object; NULL if there is none. */
const char *json_word(const json_t *object, const char *key);
/* Infinities and NaN, which JSON lacks, become null. */
json_t *json_number(double x);

#endif
