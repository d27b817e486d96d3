/* Protocol buffers, as far as the messages of reapi.c need them. */
#include <string.h>

#include "share/share-internal.h"

/* Kinds that no field that is read here has. */
#define FIXED64 1
#define FIXED32 5

#define FIELD_MAX ((1u << 29) - 1)

static void add_varint(struct buf *m, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		buf_add(m, &(const unsigned char){(unsigned char)(value | 0x80)}, 1);
	buf_add(m, &(const unsigned char){(unsigned char)value}, 1);
}

void proto_add_number(struct buf *m, unsigned int field, uint64_t value)
{
	if (!value)
		return;
	add_varint(m, (uint64_t)field << 3 | PROTO_NUMBER);
	add_varint(m, value);
}

void proto_add_head(struct buf *m, unsigned int field, uint64_t n)
{
	add_varint(m, (uint64_t)field << 3 | PROTO_BYTES);
	add_varint(m, n);
}

void proto_add_bytes(struct buf *m, unsigned int field, const void *data, size_t n)
{
	proto_add_head(m, field, n);
	buf_add(m, data, n);
}

void proto_add_text(struct buf *m, unsigned int field, const char *text)
{
	if (*text)
		proto_add_bytes(m, field, text, strlen(text));
}

/* What is left of a message. */
struct reader {
	const char *at;
	size_t left;
};

static bool take_varint(struct reader *r, uint64_t *value)
{
	*value = 0;
	for (unsigned int shift = 0; shift < 64 && r->left; shift += 7) {
		unsigned char byte = (unsigned char)*r->at++;

		r->left--;
		if (shift == 63 && byte > 1)
			return false;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static bool skip(struct reader *r, uint64_t n)
{
	if (r->left < n)
		return false;
	r->at += n;
	r->left -= (size_t)n;
	return true;
}

static bool take_field(struct reader *r, struct proto_field *f)
{
	uint64_t tag, n;

	*f = (struct proto_field){0};
	if (!take_varint(r, &tag) || tag >> 3 == 0 || tag >> 3 > FIELD_MAX)
		return false;
	f->number = (unsigned int)(tag >> 3);
	f->kind = (enum proto_kind)(tag & 7);
	switch (tag & 7) {
	case PROTO_NUMBER:
		return take_varint(r, &f->value);
	case FIXED64:
		return skip(r, 8);
	case FIXED32:
		return skip(r, 4);
	case PROTO_BYTES:
		if (!take_varint(r, &n))
			return false;
		f->data = r->at;
		f->n = (size_t)n;
		return skip(r, n);
	default: /* groups, which these messages do not have */
		return false;
	}
}

int proto_find(const char *message, size_t n, unsigned int number, enum proto_kind kind,
	struct proto_field *ret)
{
	struct reader r = {message, n};
	struct proto_field f;
	int found = 0;

	*ret = (struct proto_field){0};
	while (r.left) {
		if (!take_field(&r, &f)) {
			*ret = (struct proto_field){0};
			return -1;
		}
		if (f.number != number || f.kind != kind)
			continue;
		*ret = f;
		found = 1;
	}
	return found;
}
