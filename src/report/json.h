/* Structs as JSON and back, by tables of their members.
 *
 *	static const struct json_field fields[] = {
 *		JSON_FIELD(struct bench_link, given),
 *		JSON_FIELD_AS("sha256", struct bench_link, digest),
 *	};
 *
 *	json_put(object, link, fields, ARRAY_SIZE(fields));
 *
 * What a member is follows from its type: char *, bool, double, struct strv, and whole numbers of
 * 8 to 64 bits. Keys are put in the order of the table. Objects of values that are computed are
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
	JSON_OF_TEXT, /* NULL is null */
	JSON_OF_BOOL,
	JSON_OF_REAL, /* infinities and NaN are null */
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
	/* For json_get(): one that is missing or null leaves the member as it is. */
	bool optional;
	double min, max; /* of numbers; both 0: whatever the type holds. At most 2^53 */
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
/* Behind the member may follow .optional, .min and .max. */
#define JSON_FIELD_AS(name, type, member, ...)                                                     \
	{                                                                                          \
		.key = (name), .kind = JSON_KIND(((type *)0)->member),                             \
		.offset = offsetof(type, member), ##__VA_ARGS__                                    \
	}
#define JSON_FIELD(type, member, ...) JSON_FIELD_AS(#member, type, member, ##__VA_ARGS__)

void json_put(json_t *object, const void *s, const struct json_field *fields, size_t n);

/* Reads an object that nobody vouches for: texts of at most 4096 bytes and without control
 * characters replace the members, which are freed, and words are added to a struct strv. `where`
 * ("arms[2]", or "") begins the message, an ERR_INPUT such as "arms[2].name: is missing". */
int json_get(const json_t *object, const char *where, void *s, const struct json_field *fields,
	size_t n, struct err *err);

/* An object of keys and values, which it takes. */
struct json_member {
	const char *key;
	json_t *value;
};
#define JSON_OBJECT(...) json_object_of((const struct json_member[]){__VA_ARGS__, {NULL, NULL}})
json_t *json_object_of(const struct json_member *members);

/* Text from files: NULL is null, and bytes that are no UTF-8 read "\\xff". */
json_t *json_text(const char *s);
/* The same, but of such a text every byte that is not ASCII reads "?", as campaigns and what
 * explain finds have it. */
json_t *json_ascii(const char *s);
json_t *json_texts(const char *const *v, size_t n);
/* A number that may be infinite or none, which JSON does not know: null. */
json_t *json_number(double x);

#endif
