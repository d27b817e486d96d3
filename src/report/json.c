#include "report/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096

static const struct {
	size_t size;
	double min, max; /* range of an integer when reading untrusted JSON */
} kinds[] = {
	[JSON_OF_U8] = {1, 0, UINT8_MAX},
	[JSON_OF_U16] = {2, 0, UINT16_MAX},
	[JSON_OF_U32] = {4, 0, UINT32_MAX},
	[JSON_OF_U64] = {8, 0, 1ll << 53},
	[JSON_OF_I32] = {4, INT32_MIN, INT32_MAX},
	[JSON_OF_I64] = {8, -(1ll << 53), 1ll << 53},
};

json_t *json_object_of(const struct json_member *members)
{
	json_t *o = json_object();

	for (; members->key; members++)
		json_object_set_new(o, members->key, members->value);
	return o;
}

/* File names are bytes, but JSON is UTF-8. */
static json_t *bytes_json(const char *s, bool hexadecimal)
{
	json_t *value = s ? json_string(s) : json_null();
	CLEANUP_BUF struct buf plain = BUF_INIT;

	for (; !value && *s; s++) {
		if ((unsigned char)*s < 0x80)
			buf_add(&plain, s, 1);
		else if (hexadecimal)
			buf_addf(&plain, "\\x%02x", (unsigned char)*s);
		else
			buf_adds(&plain, "?");
	}
	return value ? value : json_string(plain.data);
}

json_t *json_text(const char *s)
{
	return bytes_json(s, true);
}

json_t *json_ascii(const char *s)
{
	return bytes_json(s, false);
}

json_t *json_texts(const char *const *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_text(v[i]));
	return list;
}

json_t *json_number(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

void json_put(json_t *object, const void *s, const struct json_field *fields, size_t n)
{
	for (const struct json_field *f = fields; f < fields + n; f++) {
		const char *at = (const char *)s + f->offset;
		const struct strv *words = (const struct strv *)at;
		json_int_t whole = 0;
		json_t *value;

		switch (f->kind) {
		case JSON_OF_TEXT:
			value = json_text(*(const char *const *)at);
			break;
		case JSON_OF_BOOL:
			value = json_boolean(*(const bool *)at);
			break;
		case JSON_OF_REAL:
			value = json_number(*(const double *)at);
			break;
		case JSON_OF_STRV:
			value = json_texts((const char *const *)words->v, words->n);
			break;
		case JSON_OF_I32:
			value = json_integer(*(const int32_t *)at);
			break;
		default:
			/* Little-endian: all machines that we build on are. */
			memcpy(&whole, at, kinds[f->kind].size);
			value = json_integer(whole);
		}
		json_object_set_new(object, f->key, value);
	}
}

static const char *get_text(const json_t *v, char **ret)
{
	const char *text = json_string_value(v);

	if (!text)
		return "is not a text";
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return "is too long or holds control characters";
	}
	if (json_string_length(v) > TEXT_MAX || strlen(text) != json_string_length(v))
		return "is too long or holds control characters";
	free(*ret);
	*ret = xstrdup(text);
	return NULL;
}

static const char *get_words(const json_t *v, struct strv *words)
{
	const json_t *word;
	size_t i;

	if (!json_is_array(v))
		return "is not a list";
	json_array_foreach (v, i, word) {
		char *text = NULL;
		const char *wrong = get_text(word, &text);

		if (wrong)
			return wrong;
		strv_take(words, text);
	}
	return NULL;
}

/* Returns what is wrong, or NULL; may use `range` as a buffer. */
static const char *get_field(const json_t *v, const struct json_field *f, char *at, char range[96])
{
	bool real = f->kind == JSON_OF_REAL, own = f->min < f->max;
	double min, max, x = json_number_value(v);
	json_int_t whole = json_integer_value(v);

	switch (f->kind) {
	case JSON_OF_TEXT:
		return get_text(v, (char **)at);
	case JSON_OF_STRV:
		return get_words(v, (struct strv *)at);
	case JSON_OF_BOOL:
		*(bool *)at = json_is_true(v);
		return json_is_boolean(v) ? NULL : "is neither true nor false";
	default:
		break;
	}
	if (real ? !json_is_number(v) : !json_is_integer(v))
		return real ? "is not a number" : "is not a whole number";
	min = own ? f->min : real ? -INFINITY : kinds[f->kind].min;
	max = own ? f->max : real ? INFINITY : kinds[f->kind].max;
	if (real && !(x >= min && x <= max))
		return "is out of range";
	if (!real && !(x >= min && x <= max)) {
		snprintf(range, 96, "%" JSON_INTEGER_FORMAT " is not between %.0f and %.0f", whole,
			min, max);
		return range;
	}
	if (real)
		*(double *)at = x;
	else
		memcpy(at, &whole, kinds[f->kind].size);
	return NULL;
}

int json_get(const json_t *object, const char *where, void *s, const struct json_field *fields,
	size_t n, struct err *err)
{
	for (const struct json_field *f = fields; f < fields + n; f++) {
		const json_t *v = json_object_get(object, f->key);
		const char *wrong = "is missing";
		char range[96];

		if (f->optional && (!v || json_is_null(v)))
			continue;
		if (v)
			wrong = get_field(v, f, (char *)s + f->offset, range);
		if (wrong)
			return err_set(err, ERR_INPUT, "%s%s%s: %s", where, *where ? "." : "",
				f->key, wrong);
	}
	return 0;
}

const char *json_word(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}
