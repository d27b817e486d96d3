#include "recipe/yaml-internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/term.h"

#define KEYS_MAX 16

/* Appends line `number` (from 1) of the text and a caret below `column` (from 1). */
static void add_caret(struct buf *out, const char *text, size_t number, size_t column)
{
	for (size_t i = 1; i < number && text; i++) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	if (!text)
		return;
	buf_addf(out, "\n    %.*s\n    %*s^", (int)strcspn(text, "\n"), text,
		(int)(column ? column - 1 : 0), "");
}

static int error_at(
	const struct yaml *y, size_t line, size_t column, const char *what, struct err *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_addf(&b, "%s:%zu:%zu: %s", y->path, line, column, what);
	if (y->text.data)
		add_caret(&b, y->text.data, line, column);
	return err_set(err, ERR_INPUT, "%s", b.data);
}

static void keep_message(struct fy_diag *diag, void *user, const char *text, size_t len)
{
	(void)diag;
	if (((struct buf *)user)->len < 4096)
		buf_add(user, text, len);
}

/* libfyaml's first message is "path:line:column: error: what"; the rest is its own rendering. */
static int syntax_error(const struct yaml *y, const struct buf *messages, struct err *err)
{
	CLEANUP_FREE char *first = NULL;
	const char *text = messages->data ? messages->data : "";
	size_t line = 1, column = 1;
	const char *what = strstr(text, "error: ");

	for (const char *p = text; p < what; p++) {
		if (*p == ':' && sscanf(p, ":%zu:%zu:", &line, &column) == 2)
			break;
	}
	what = what ? what + strlen("error: ") : "not a YAML document";
	first = xstrndup(what, strcspn(what, "\n"));
	return error_at(y, line, column, first, err);
}

int yaml_load(const char *path, struct yaml *y, struct err *err)
{
	CLEANUP_BUF struct buf messages = BUF_INIT;
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = {0};
	uint32_t code;

	y->path = xstrdup(path);
	if (file_read(path, YAML_MAX_BYTES, &y->text, err) < 0)
		return -1;
	/* libfyaml may loop for ever over bytes that are not UTF-8. */
	for (size_t i = 0, line = 1, n; i < y->text.len; i += n) {
		n = utf8_decode(y->text.data + i, y->text.len - i, &code);
		if (!n)
			return error_at(y, line, 1, "this line is not valid UTF-8", err);
		line += y->text.data[i] == '\n';
	}
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.output_fn = keep_message;
	diag_cfg.user = &messages;
	diag_cfg.colorize = false;
	cfg.diag = fy_diag_create(&diag_cfg);
	y->doc = fy_document_build_from_string(&cfg, y->text.data, y->text.len);
	fy_diag_destroy(cfg.diag);
	if (!y->doc || !fy_document_root(y->doc))
		return syntax_error(y, &messages, err);
	return 0;
}

void yaml_release(struct yaml *y)
{
	if (y->doc)
		fy_document_destroy(y->doc);
	buf_release(&y->text);
	free(y->path);
}

/* The beginning of a node; for a collection, that of its first scalar. */
static const struct fy_mark *node_mark(struct fy_node *node)
{
	for (int depth = 0; node && depth < 8; depth++) {
		if (fy_node_is_scalar(node)) {
			struct fy_token *token = fy_node_get_scalar_token(node);

			return token ? fy_token_start_mark(token) : NULL;
		}
		node = fy_node_is_mapping(node)
			       ? fy_node_pair_key(fy_node_mapping_get_by_index(node, 0))
			       : fy_node_sequence_get_by_index(node, 0);
	}
	return NULL;
}

int yaml_error(const struct yaml *y, struct fy_node *at, struct err *err, const char *fmt, ...)
{
	const struct fy_mark *mark = at ? node_mark(at) : NULL;
	CLEANUP_FREE char *what = NULL;
	va_list ap;

	va_start(ap, fmt);
	what = xvasprintf(fmt, ap);
	va_end(ap);
	return error_at(y, mark ? (size_t)mark->line + 1 : 1, mark ? (size_t)mark->column + 1 : 1,
		what, err);
}

struct fy_node *yaml_get(struct fy_node *map, const char *key)
{
	return fy_node_mapping_lookup_by_string(map, key, strlen(key));
}

static int check_keys(const struct yaml *y, struct fy_node *map, const struct yaml_field *fields,
	size_t n, struct err *err)
{
	const char *known[KEYS_MAX], *near;
	struct fy_node_pair *pair;
	void *iter = NULL;

	if (!fy_node_is_mapping(map))
		return yaml_error(y, map, err, "expected a mapping of keys and values");
	for (size_t i = 0; i < n; i++)
		known[i] = fields[i].key;
	while ((pair = fy_node_mapping_iterate(map, &iter))) {
		struct fy_node *key = fy_node_pair_key(pair);
		const char *name = key ? fy_node_get_scalar0(key) : NULL;
		size_t i = 0;

		if (!name)
			return yaml_error(y, map, err, "a key must be a plain word");
		while (i < n && strcmp(known[i], name))
			i++;
		if (i < n)
			continue;
		yaml_error(y, key, err, "unknown key '%s'", name);
		near = nearest_name(name, known, n);
		return near ? err_hint(err, "did you mean '%s'?", near) : -1;
	}
	return 0;
}

int yaml_read(const struct yaml *y, struct fy_node *map, const struct yaml_field *fields, size_t n,
	void *ret, struct err *err)
{
	if (check_keys(y, map, fields, n, err) < 0)
		return -1;
	for (const struct yaml_field *f = fields; f < fields + n; f++) {
		struct fy_node *node = yaml_get(map, f->key), *item;
		bool is_text = f->kind == YAML_TEXT || f->kind == YAML_MAYBE;
		void *at = (char *)ret + f->offset, *iter = NULL;
		const char *text =
			node && fy_node_is_scalar(node) ? fy_node_get_scalar0(node) : NULL;

		if (!node && f->kind == YAML_TEXT)
			return yaml_error(y, map, err, "the key '%s' is missing", f->key);
		if (!node || f->kind == YAML_OTHER)
			continue;
		if (is_text && (!text || !*text))
			return yaml_error(y, text ? map : node, err, "'%s' must be a text", f->key);
		if (is_text) {
			*(char **)at = xstrdup(text);
			continue;
		}
		if (!fy_node_is_sequence(node))
			return yaml_error(y, node, err, "'%s' must be a list", f->key);
		if (f->kind == YAML_LIST) {
			*(struct fy_node **)at = node;
			continue;
		}
		while ((item = fy_node_sequence_iterate(node, &iter))) {
			text = fy_node_is_scalar(item) ? fy_node_get_scalar0(item) : NULL;
			if (!text || !*text)
				return yaml_error(
					y, item, err, "'%s' must be a list of words", f->key);
			strv_add(at, text);
		}
	}
	return 0;
}

int yaml_size(
	const struct yaml *y, struct fy_node *map, const char *text, uint64_t *ret, struct err *err)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (errno || *end || !*ret || *text == '-')
		return yaml_error(y, yaml_get(map, "size"), err, "a size is a number of bytes");
	return 0;
}

int yaml_sha256(const struct yaml *y, struct fy_node *map, const char *key, const char *text,
	struct err *err)
{
	if (!sha256_is_hex(text))
		return yaml_error(y, yaml_get(map, key), err,
			"a SHA-256 digest has 64 lower-case hexadecimal digits");
	return 0;
}
