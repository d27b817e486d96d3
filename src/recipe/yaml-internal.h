/* YAML documents with errors that show where. Private to the recipe room. */
#ifndef SOLDER_RECIPE_YAML_INTERNAL_H
#define SOLDER_RECIPE_YAML_INTERNAL_H

#include <libfyaml.h>

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

/* Checks that `map` is a mapping with no key but those in `known`, and none twice. */
int yaml_check_keys(const struct yaml *y, struct fy_node *map, const char *const *known, size_t n,
	struct err *err);
/* The value of a key, or NULL. */
struct fy_node *yaml_get(struct fy_node *map, const char *key);
/* A scalar, copied. `required`: absent is an error; otherwise *ret becomes NULL. */
int yaml_string(const struct yaml *y, struct fy_node *map, const char *key, bool required,
	char **ret, struct err *err);
/* A list of scalars; absent is an empty list. */
int yaml_strings(const struct yaml *y, struct fy_node *map, const char *key, struct strv *ret,
	struct err *err);
/* A list of anything; absent gives NULL. */
int yaml_sequence(const struct yaml *y, struct fy_node *map, const char *key, struct fy_node **ret,
	struct err *err);

#endif
