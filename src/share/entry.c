/* What a server says of a step: read with suspicion, and signed. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/json.h"
#include "share/share-internal.h"

#define FORMAT "solder-step"
#define VERSION 1

static const struct json_field fields[] = {
	JSON_FIELD(struct entry, archive_sha256),
	JSON_FIELD(struct entry, archive_size, .min = 1, .max = STEP_ARCHIVE_MAX),
	JSON_FIELD(struct entry, log_sha256),
	JSON_FIELD(struct entry, log_size, .min = 1, .max = STEP_LOG_MAX),
	JSON_FIELD(struct entry, took_ns, .min = 0, .max = STEP_TOOK_MAX),
	JSON_FIELD(struct entry, signature, .optional = true),
};

void entry_release(struct entry *e)
{
	free(e->archive_sha256);
	free(e->log_sha256);
	strv_release(&e->signature);
	*e = (struct entry){0};
}

/* What is signed: all that is believed, with the name of the step. */
static char *entry_text(const struct entry *e, const char *name)
{
	return xasprintf(FORMAT " %d\nname %s\narchive %s %" PRIu64 "\nlog %s %" PRIu64
				"\ntook %" PRIu64 "\n",
		VERSION, name, e->archive_sha256, e->archive_size, e->log_sha256, e->log_size,
		e->took_ns);
}

static int verify(const struct entry *e, const char *name, const struct key *key, struct err *err)
{
	CLEANUP_FREE char *text = entry_text(e, name);
	CLEANUP_FREE char *signature = strv_join(&e->signature, "\n");

	if (!e->signature.n)
		return err_set(err, ERR_INPUT, "it is not signed");
	return sign_verify(key, text, strlen(text), signature, strlen(signature), "signature", err);
}

static int read_fields(const json_t *root, struct entry *e, struct err *err)
{
	const char *format = json_word(root, "format");

	if (!format || strcmp(format, FORMAT) != 0 ||
		json_integer_value(json_object_get(root, "version")) != VERSION)
		return err_set(err, ERR_INPUT, "it is not the description of a step");
	if (json_get(root, "", e, fields, ARRAY_SIZE(fields), err) < 0)
		return -1;
	if (!sha256_is_hex(e->archive_sha256) || !sha256_is_hex(e->log_sha256))
		return err_set(err, ERR_INPUT, "its digests are none");
	return 0;
}

int entry_parse(const char *text, size_t len, const char *name, const struct key *key,
	struct entry *e, struct err *err)
{
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	int failed;

	*e = (struct entry){0};
	failed = read_fields(root, e, err);
	json_decref(root);
	if (failed == 0 && key)
		failed = verify(e, name, key, err);
	if (failed < 0)
		entry_release(e);
	return failed;
}

int entry_sign(struct entry *e, const char *name, const struct key *key, struct err *err)
{
	CLEANUP_BUF struct buf signature = BUF_INIT;
	CLEANUP_FREE char *text = entry_text(e, name);

	if (!key)
		return 0;
	if (sign_text(key, text, strlen(text), name, &signature, err) < 0)
		return -1;
	strv_split(&e->signature, signature.data, "\n");
	return 0;
}

char *entry_json(const struct entry *e, const char *title)
{
	json_t *root = JSON_OBJECT({"format", json_string(FORMAT)},
		{"version", json_integer(VERSION)}, {"step", json_text(title)});
	char *text;

	json_put(root, e, fields, ARRAY_SIZE(fields));
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	return text;
}
