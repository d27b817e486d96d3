/* YAML documents with errors that show where. Private to the recipe room. */
#ifndef SOLDER_RECIPE_YAML_INTERNAL_H
#define SOLDER_RECIPE_YAML_INTERNAL_H

#include <libfyaml.h>

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* A document and its text. */
struct yaml {
	char *path;
	struct buf text;
	struct fy_document *doc;
};

/* No recipe or lock is near this. */
#define YAML_MAX_BYTES (1u << 20)

int yaml_load(const char *path, struct yaml *y, struct err *err);
void yaml_release(struct yaml *y);

/* Sets an error "file:line:column: message", followed by the line and a caret below it. */
__attribute__((format(printf, 4, 5))) int yaml_error(
	const struct yaml *y, struct fy_node *at, struct err *err, const char *fmt, ...);

/* A key of a mapping and the member of a struct that it fills. */
struct yaml_field {
	const char *key;
	enum {
		YAML_TEXT,  /* a char *; the key must be there */
		YAML_MAYBE, /* the same, or NULL */
		YAML_WORDS, /* a struct strv: a list of scalars; absent is an empty list */
		YAML_LIST,  /* a struct fy_node *: a list of anything; absent is NULL */
		YAML_OTHER, /* read elsewhere */
	} kind;
	size_t offset;
};

/* Reads a mapping that has no key but those of the table, and none twice. */
int yaml_read(const struct yaml *y, struct fy_node *map, const struct yaml_field *fields, size_t n,
	void *ret, struct err *err);
/* The value of a key, or NULL. */
struct fy_node *yaml_get(struct fy_node *map, const char *key);

/* Reads `text`, the value of the key "size": a number of bytes, not 0. */
int yaml_size(const struct yaml *y, struct fy_node *map, const char *text, uint64_t *ret,
	struct err *err);
/* Fails unless `text`, the value of that key, is a SHA-256 digest. */
int yaml_sha256(const struct yaml *y, struct fy_node *map, const char *key, const char *text,
	struct err *err);

/* releases.c: reads a recipe's key "releases"; NULL leaves `ret` as it is. */
struct releases;
int releases_read(const struct yaml *y, struct fy_node *map, struct releases *ret, struct err *err);
void releases_release(struct releases *r);

#endif
