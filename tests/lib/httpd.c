#include "httpd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct httpd {
	const struct httpd_page *pages;
	size_t n;
	const char *root, *method; /* of a store */
	const struct httpd_page *how;
	int listener;
	pthread_t thread;
	atomic_bool stop;
	atomic_uint requests;
	atomic_long last_range;
	char base[64];
};

static void send_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done <= 0)
			return;
		p += done;
		n -= (size_t)done;
	}
}

static size_t read_request(int fd, char *text, size_t size)
{
	size_t n = 0;

	while (n + 1 < size) {
		ssize_t got = recv(fd, text + n, size - 1 - n, 0);

		if (got <= 0)
			return 0;
		n += (size_t)got;
		text[n] = '\0';
		if (strstr(text, "\r\n\r\n"))
			return n;
	}
	return 0;
}

/* Until the client gives up; what it sends is not read. */
static void wait_for_end(struct httpd *h, int fd)
{
	while (!atomic_load(&h->stop)) {
		struct pollfd wait = {.fd = fd, .events = POLLRDHUP};

		if (poll(&wait, 1, 20) > 0)
			break;
	}
}

static void send_body(struct httpd *h, int fd, const struct httpd_page *p, long range, bool head)
{
	bool ranged = range > 0 && (p->mode == HTTPD_RANGES || p->mode == HTTPD_CUT ||
					   p->mode == HTTPD_WRONG_RANGE);
	size_t start = ranged ? (size_t)range : 0, n;
	char header[512];

	if (ranged && start >= p->size) {
		dprintf(fd, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n"
			    "Connection: close\r\n\r\n");
		return;
	}
	n = p->size - start;
	snprintf(header, sizeof(header), "HTTP/1.1 %s\r\nConnection: close\r\n",
		ranged ? "206 Partial Content" : "200 OK");
	send_all(fd, header, strlen(header));
	if (ranged)
		dprintf(fd, "Content-Range: bytes %zu-%zu/%zu\r\n",
			start + (p->mode == HTTPD_WRONG_RANGE), p->size - 1, p->size);
	if (p->mode != HTTPD_UNDECLARED)
		dprintf(fd, "Content-Length: %zu\r\n", n);
	dprintf(fd, "\r\n");
	if (head)
		return;
	if ((p->mode == HTTPD_CUT || p->mode == HTTPD_STALL) && n > p->cut)
		n = p->cut;
	send_all(fd, (const char *)p->body + start, n);
	if (p->mode == HTTPD_STALL)
		wait_for_end(h, fd);
}

static FILE *open_kept(const struct httpd *h, const char *path, const char *how)
{
	char name[2048];

	snprintf(name, sizeof(name), "%s/%s", h->root, path + 1);
	for (char *p = name + strlen(h->root) + 1; *p; p++)
		*p = *p == '/' ? '-' : *p;
	return fopen(name, how);
}

/* Keeps the body, of which `text` has the first bytes. */
static void keep(struct httpd *h, int fd, const char *path, const char *text, size_t n)
{
	const char *length = strcasestr(text, "\r\nContent-Length: ");
	const char *body = strstr(text, "\r\n\r\n") + 4;
	size_t left = length ? strtoul(length + strlen("\r\nContent-Length: "), NULL, 10) : 0;
	FILE *file = open_kept(h, path, "w");
	char part[8192];

	n -= (size_t)(body - text);
	if (!file)
		return;
	if (strcasestr(text, "\r\nExpect: "))
		dprintf(fd, "HTTP/1.1 100 Continue\r\n\r\n");
	fwrite(body, 1, n, file);
	for (left -= n; left;) {
		ssize_t got = recv(fd, part, sizeof(part), 0);

		if (got <= 0)
			break;
		fwrite(part, 1, (size_t)got, file);
		left -= (size_t)got;
	}
	fclose(file);
	dprintf(fd, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

/* Fills the page with a file that was kept, spoiled as it says; its body is to be freed. */
static bool find_kept(const struct httpd *h, const char *path, struct httpd_page *page)
{
	FILE *file = open_kept(h, path, "r");
	long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
	char *body = size >= 0 ? malloc((size_t)size + 1) : NULL;

	if (body) {
		rewind(file);
		page->size = fread(body, 1, (size_t)size, file);
		page->body = body;
		if (page->mode == HTTPD_GARBAGE)
			memset(body, '?', page->size);
		if (page->mode == HTTPD_FLIP)
			body[page->size / 2] ^= 1;
	}
	if (file)
		fclose(file);
	return body;
}

static void answer(struct httpd *h, int fd)
{
	const struct httpd_page *page = NULL;
	struct httpd_page kept = {.mode = HTTPD_PLAIN};
	char text[8192], method[16], path[1024];
	size_t n = read_request(fd, text, sizeof(text));
	const char *range;
	long start = -1;

	if (!n || sscanf(text, "%15s %1023s", method, path) != 2)
		return;
	range = strcasestr(text, "\r\nRange: bytes=");
	if (range)
		start = strtol(range + strlen("\r\nRange: bytes="), NULL, 10);
	atomic_store(&h->last_range, start);
	atomic_fetch_add(&h->requests, 1);
	for (size_t i = 0; i < h->n; i++) {
		if (!strcmp(h->pages[i].path, path))
			page = &h->pages[i];
	}
	if (h->root) {
		if (h->how && !strcmp(method, h->method) &&
			!strncmp(path, h->how->path, strlen(h->how->path)))
			kept = *h->how;
		if (kept.mode == HTTPD_HANG)
			wait_for_end(h, fd);
		if (kept.mode == HTTPD_DROP || kept.mode == HTTPD_HANG)
			return;
		if (!strcmp(method, "PUT") && kept.mode == HTTPD_PLAIN) {
			keep(h, fd, path, text, n);
			return;
		}
		page = kept.mode != HTTPD_PLAIN || find_kept(h, path, &kept) ? &kept : NULL;
		if (page && !kept.body)
			find_kept(h, path, &kept);
	}
	if (page && page->mode == HTTPD_REDIRECT)
		dprintf(fd,
			"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 6\r\n"
			"Connection: close\r\n\r\nmoved\n",
			page->location);
	else if (!page || page->mode == HTTPD_STATUS)
		dprintf(fd,
			"HTTP/1.1 %d Answer\r\nContent-Length: 5\r\nConnection: close\r\n\r\n%s",
			page ? page->status : 404, strcmp(method, "HEAD") ? "sorry" : "");
	else
		send_body(h, fd, page, start, !strcmp(method, "HEAD"));
	if (h->root)
		free((void *)kept.body);
}

static void *serve(void *ctx)
{
	struct httpd *h = ctx;

	while (!atomic_load(&h->stop)) {
		struct pollfd wait = {.fd = h->listener, .events = POLLIN};
		struct timeval patience = {.tv_sec = 5};
		int fd;

		if (poll(&wait, 1, 20) <= 0)
			continue;
		fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		answer(h, fd);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	return NULL;
}

struct httpd *httpd_start(const struct httpd_page *pages, size_t n)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	struct httpd *h = calloc(1, sizeof(*h));

	if (!h)
		abort();
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	h->pages = pages;
	h->n = n;
	h->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (h->listener < 0 || bind(h->listener, (struct sockaddr *)&address, size) < 0 ||
		listen(h->listener, 16) < 0 ||
		getsockname(h->listener, (struct sockaddr *)&address, &size) < 0 ||
		pthread_create(&h->thread, NULL, serve, h) != 0) {
		perror("httpd");
		abort();
	}
	snprintf(h->base, sizeof(h->base), "http://127.0.0.1:%d", ntohs(address.sin_port));
	return h;
}

struct httpd *httpd_start_store(const char *root)
{
	struct httpd *h = httpd_start(NULL, 0);

	h->root = root;
	return h;
}

void httpd_misbehave(struct httpd *h, const char *method, const struct httpd_page *how)
{
	h->method = method;
	h->how = how;
}

void httpd_stop(struct httpd *h)
{
	atomic_store(&h->stop, true);
	pthread_join(h->thread, NULL);
	close(h->listener);
	free(h);
}

const char *httpd_base(const struct httpd *h)
{
	return h->base;
}

unsigned int httpd_requests(struct httpd *h)
{
	return atomic_load(&h->requests);
}

long httpd_last_range(struct httpd *h)
{
	return atomic_load(&h->last_range);
}
