/* Between the files of this room, and for its tests. */
#ifndef SOLDER_FARM_INTERNAL_H
#define SOLDER_FARM_INTERNAL_H

#include <jansson.h>

#include "farm/farm.h"

#define ORDER_FILE "step.json"
#define SCRIPT_FILE "script.sh"
#define INPUTS "inputs/"
#define OUTPUT_FILE "output.tar.zst"
#define LOG_FILE "log"
#define RESULT_FILE "result.json"

#define ORDER_MAX ((size_t)4 << 20)
#define RESULT_MAX ((size_t)4 << 10)
#define SCRIPT_MAX ((size_t)4 << 20)
/* zstd's level: more would cost more time than it saves on a wire of 1 Gbit/s. */
#define LEVEL 3
/* The date of all files; make takes a few before it for something else. */
#define EPOCH 315532800

/* A file in the folder; `name` NULL: there is none. */
struct order_file {
	char *name; /* "inputs/source" */
	char *sha256;
	uint64_t size;
};

/* A view (see step_view()), or without a name a tree to be merged into $DEPS. */
struct order_need {
	char *id, *name, *below;
};

struct order {
	char *dir; /* where it was read */
	char *id, *title, *system, *script;
	struct strv env, programs;
	struct strv tools; /* pairs: a program's path and digest */
	struct strv files; /* names in $RECIPE */
	struct order_file script_file, source, recipe;
	struct order_file *trees; /* each is called INPUTS and the step's id */
	size_t n_trees;
	struct order_need *needs;
	size_t n_needs;
};

json_t *order_json(const struct order *o);
int order_parse(const char *text, size_t len, struct order **ret, struct err *err);

/* What result.json says. */
struct result {
	char *id, *output_sha256, *log_sha256;
	uint64_t output_size, log_size, took_ns;
};
#define CLEANUP_RESULT CLEANUP(result_release)
void result_release(struct result *r);
json_t *result_json(const struct result *r);
int result_parse(const char *text, size_t len, struct result *ret, struct err *err);

/* Opens a file of the folder, no link followed, that must have this size and digest. Returns its
 * descriptor, at its start, or -1. */
int open_known(const char *dir, const struct order_file *file, struct err *err);

#endif
