/* The keys of a campaign's file, for its writer and its reader. */
#ifndef SOLDER_BENCH_FILE_INTERNAL_H
#define SOLDER_BENCH_FILE_INTERNAL_H

#include "bench/bench.h"

#define FILE_FORMAT "solder bench"
#define FILE_VERSION 1

/* Numbers of the options that are whole, and those that are not. */
struct whole_option {
	const char *key;
	size_t offset; /* of an unsigned int */
	unsigned int min, max;
};
struct real_option {
	const char *key;
	size_t offset; /* of a double */
	double min, max;
};
extern const struct whole_option whole_options[];
extern const size_t n_whole_options;
extern const struct real_option real_options[];
extern const size_t n_real_options;

/* What an observation's row holds after workload, arm and status. */
struct column {
	const char *name;
	size_t offset; /* of an int64_t */
	bool optional; /* may be null: not supported */
};
extern const struct column columns[];
extern const size_t n_columns;

/* Texts of an arm. */
struct arm_text {
	const char *key;
	size_t offset; /* of a char * */
	bool optional;
};
extern const struct arm_text arm_texts[];
extern const size_t n_arm_texts;
/* Of another link of an arm. */
extern const struct arm_text link_texts[];
extern const size_t n_link_texts;

#endif
