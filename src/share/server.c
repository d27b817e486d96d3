/* Which server it is, and how it is spoken to. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "share/share-internal.h"

static const struct scheme {
	const char *begin;
	const struct protocol *protocol;
} schemes[] = {
	{"http://", &protocol_http},
	{"https://", &protocol_http},
	{"grpc://", &protocol_reapi},
	{"grpcs://", &protocol_reapi},
};

/* Version 4: random. */
static char *make_uuid(void)
{
	unsigned char r[16];

	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		bug("no random numbers");
	r[6] = (unsigned char)((r[6] & 0x0f) | 0x40);
	r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
	return xasprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12],
		r[13], r[14], r[15]);
}

int server_name(struct server *s, const char *url, struct err *err)
{
	size_t n = strlen(url), begin = 0;
	char *slash;

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (!strncasecmp(url, schemes[i].begin, strlen(schemes[i].begin))) {
			s->protocol = schemes[i].protocol;
			begin = strlen(schemes[i].begin);
		}
	}
	if (!s->protocol)
		return err_set(err, ERR_USAGE,
			"the remote cache '%s' is not at an http://, https://, grpc:// or grpcs:// URL",
			url);
	while (n > begin && url[n - 1] == '/')
		n--;
	s->base = xstrndup(url, n);
	slash = strchr(s->base + begin, '/');
	if (s->protocol == &protocol_reapi) {
		s->instance = xstrdup(slash ? slash + 1 : "");
		s->prefix = xasprintf("%s%s", s->instance, slash ? "/" : "");
		s->uuid = make_uuid();
		if (slash)
			*slash = '\0';
	}
	return 0;
}

void server_release(struct server *s)
{
	fetcher_free(s->fetcher);
	free(s->base);
	free(s->instance);
	free(s->prefix);
	free(s->uuid);
	*s = (struct server){0};
}

struct blob blob_named(const char *hex, uint64_t size)
{
	struct blob b = {.size = size};

	snprintf(b.hex, sizeof(b.hex), "%s", hex);
	return b;
}

int memory_file(const void *data, size_t n, struct err *err)
{
	CLEANUP_CLOSE int fd = memfd_create("entry", MFD_CLOEXEC);
	int ret = fd;

	if (fd < 0 || write_fully(fd, data, n) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "cannot keep an entry in memory");
	fd = -1;
	return ret;
}
