/* A release, downloaded and vouched for. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/progress.h"
#include "tar/tar.h"
#include "update/update-internal.h"

/* Sources grow, but not so much. */
#define SOURCE_MAX ((uint64_t)512 << 20)
#define SIGNATURE_MAX ((uint64_t)1 << 20)

/* A file below the scratch folder, removed at the end. */
static void remove_file(char **path)
{
	struct err ignored = ERR_INIT;

	if (*path)
		tree_remove(*path, &ignored);
	free(*path);
}
#define CLEANUP_FILE CLEANUP(remove_file)

/* What was asked for last is not there. */
static bool is_gone(const struct run *run)
{
	long status = fetch_status(run->f);

	return status == 404 || status == 410;
}

static int withdrawn(struct err *err)
{
	err_wrap(err, "it is listed, but its file is not there");
	return err_hint(err, "it may have been withdrawn, or is not published yet");
}

/* The signature that belongs to the file at `url`. */
static int verify_upstream(struct run *run, const struct release_signer *s, const char *url,
	const char *file, struct strv *vouch, struct err *err)
{
	CLEANUP_FREE char *from = xasprintf("%s%s", url, s->suffix);
	CLEANUP_FILE char *signature = xasprintf("%s/signature", run->scratch);
	CLEANUP_FREE char *keys = strv_join(&s->openpgp, ", ");

	if (fetch_unlocked(run->f, from, signature, SIGNATURE_MAX, err) < 0)
		return is_gone(run) ? err_wrap(err, "it has no signature, locked is %s",
					      s->identity ? s->identity : keys)
				    : -1;
	return signature_verify(s, run->recipes, file, signature, run->scratch, vouch, err);
}

/* Is it the file that Debian has? That it cannot be asked is said once. */
static int compare_with_debian(struct run *run, const struct recipe *r, const char *version,
	const char *file, const char *sha256, struct strv *vouch, struct err *err)
{
	const char *suffix = strrchr(file, '.');
	CLEANUP(found_release) struct found found = {0};
	struct err why = ERR_INIT;
	const struct release *theirs;

	if (!r->releases.same || !r->releases.debian.match)
		return 0;
	if (debian_load(&run->debian, run->f, &run->suites, run->o->keyring, run->scratch,
		    run->o->progress, &why) < 0) {
		if (why.code == ERR_INTERRUPTED) {
			*err = why;
			return -1;
		}
		if (!run->not_compared)
			progress_warn(run->o->progress, "not compared with Debian's digests: %s",
				why.msg);
		run->not_compared = true;
		return 0;
	}
	debian_find(&run->debian, &r->releases.debian, &found);
	theirs = found_version(&found, version, suffix);
	if (!theirs)
		return 0;
	if (strcmp(theirs->sha256, sha256) != 0)
		return err_set(err, ERR_INPUT,
			"its SHA-256 is %s, that of Debian's '%s' is %s: one of them is not upstream's file",
			sha256, path_base(theirs->url), theirs->sha256);
	strv_add(vouch, "Debian's digest");
	return 0;
}

/* A transfer that was cut short may look complete: the archive has to be. */
static int check_archive(const char *file, struct err *err)
{
	CLEANUP_BUF struct buf ignored = BUF_INIT;

	return tar_member(file, "no file has this name", 1, &ignored, err) < 0 ? -1 : 0;
}

static int take_upstream(struct run *run, const struct recipe *r, const struct release *what,
	struct update_row *row, struct err *err)
{
	const struct release_signer *signer = signer_of(&r->releases, what->version);
	const char *name = path_base(what->url);
	CLEANUP_FILE char *file = xasprintf("%s/%s", run->scratch, name);
	const char *urls[] = {what->url, NULL};
	struct source source = {
		.package = r->name, .version = what->version, .urls = urls, .file = name};
	char hex[SHA256_HEX_SIZE];

	if (*name == '.' || !*name || !strcmp(name, "keyring") || !strcmp(name, "signature"))
		return err_set(err, ERR_INPUT, "'%s' cannot be the name of a source", name);
	if (fetch_unlocked(run->f, what->url, file, SOURCE_MAX, err) < 0)
		return is_gone(run) ? withdrawn(err) : -1;
	if (signer && verify_upstream(run, signer, what->url, file, &row->vouch, err) < 0)
		return -1;
	if (check_archive(file, err) < 0 || sha256_file(file, hex, &row->size, err) < 0 ||
		compare_with_debian(run, r, what->version, name, hex, &row->vouch, err) < 0)
		return -1;
	if (!row->vouch.n && strncmp(what->url, "https://", 8) != 0)
		return err_set(err, ERR_INPUT,
			"nothing vouches for '%s': no signature, no digest of Debian's, no HTTPS",
			what->url);
	if (!row->vouch.n)
		strv_add(&row->vouch, "HTTPS alone");
	row->sha256 = xstrdup(hex);
	source.sha256 = hex;
	source.size = row->size;
	/* For the build: it need not be downloaded again. */
	return fetch_import(run->f, &source, run->scratch, err) < 0 ? -1 : 0;
}

/* The signature of upstream that Debian keeps beside the file. */
static int verify_kept(struct run *run, const struct recipe *r, const struct release *what,
	const char *file, struct strv *vouch, struct err *err)
{
	const struct release_signer *signer = signer_of(&r->releases, what->version);
	CLEANUP_FILE char *signature = xasprintf("%s/signature", run->scratch);
	char hex[SHA256_HEX_SIZE];

	if (!signer || !signer->openpgp.n || !what->signature)
		return 0;
	if (fetch_unlocked(run->f, what->signature, signature, what->signature_size, err) < 0 ||
		sha256_file(signature, hex, NULL, err) < 0)
		return -1;
	if (strcmp(hex, what->signature_sha256) != 0)
		return err_set(err, ERR_INPUT, "'%s' has the SHA-256 %s, Debian's index says %s",
			what->signature, hex, what->signature_sha256);
	return signature_verify(signer, run->recipes, file, signature, run->scratch, vouch, err);
}

static int take_debian(struct run *run, const struct recipe *r, const struct release *what,
	struct update_row *row, struct err *err)
{
	const char *urls[] = {what->url, NULL};
	const struct source source = {.package = r->name,
		.version = what->version,
		.urls = urls,
		.size = what->size,
		.sha256 = what->sha256,
		.file = path_base(what->url)};
	CLEANUP_FREE char *path = NULL;

	if (fetch_source(run->f, &source, &path, err) < 0)
		return is_gone(run) ? withdrawn(err) : -1;
	strv_add(&row->vouch, "Debian's archive");
	if (verify_kept(run, r, what, path, &row->vouch, err) < 0 || check_archive(path, err) < 0)
		return -1;
	row->sha256 = xstrdup(what->sha256);
	row->size = what->size;
	return 0;
}

int take_release(struct run *run, const struct recipe *r, const struct release *what, bool apt,
	struct update_row *row, struct lock_entry *e, struct err *err)
{
	row->source = xstrdup(what->url);
	if (r->releases.notes)
		row->notes = form_fill(r->releases.notes, &what->words);
	if ((apt ? take_debian : take_upstream)(run, r, what, row, err) < 0)
		return -1;
	*e = (struct lock_entry){.package = xstrdup(r->name),
		.version = xstrdup(what->version),
		.size = row->size,
		.sha256 = xstrdup(row->sha256)};
	strv_add(&e->urls, what->url);
	return 0;
}
