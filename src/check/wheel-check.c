/* One wheel from start to end. Runs in a process forked for it. */
#include <stdlib.h>
#include <string.h>

#include "tar/tar.h"
#include "base/file.h"
#include "check/wheel-internal.h"

/* The largest wheels in use unpack to some gigabytes. */
#define WHEEL_MAX_BYTES ((uint64_t)6 << 30)
#define WHEEL_MAX_ENTRIES 200000

static int make_folders(const struct wheel_work *work, struct err *err)
{
	static const char *const names[] = {"home", "tmp", "cwd", "site"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", work->dir, names[i]);

		if (make_dirs(path, err) < 0)
			return -1;
	}
	return 0;
}

/* Name, version and digest: 1, 0 with the reason in the model, or -1. */
static int identify(struct wheel_work *work, char hex[SHA256_HEX_SIZE], struct err *err)
{
	CLEANUP_FREE char *name = NULL, *version = NULL;
	uint64_t size;

	if (sha256_file(work->file, hex, &size, err) < 0)
		return -1;
	json_object_set_new(work->model, "file", py_text_json(path_base(work->file)));
	json_object_set_new(work->model, "sha256", json_string(hex));
	json_object_set_new(work->model, "size", json_integer((json_int_t)size));
	if (!wheel_name_parse(work->file, &name, &version)) {
		wheel_not_checked(
			work->model, "'%s' is not how a wheel is named", path_base(work->file));
		return 0;
	}
	json_object_set_new(work->model, "version", py_text_json(version));
	return 1;
}

/* Where a result is kept: it is the result of all that goes into the name. */
static int result_path(
	const struct wheel_work *work, const char *wheel_digest, char **path, struct err *err)
{
	CLEANUP_BUF struct buf key = BUF_INIT;
	CLEANUP_FREE char *exercise = wheel_exercise(work);
	const struct wheels *all = work->all;
	char hex[SHA256_HEX_SIZE];

	buf_addf(&key, "%s\n%s\n%s\n%s\n", WHEEL_RESULT_FORM, wheel_digest, all->here.identity,
		all->compared ? all->reference.identity : "-");
	if (sha256_file(all->runner, hex, NULL, err) < 0)
		return -1;
	buf_addf(&key, "%s\n", hex);
	if (exercise && sha256_file(exercise, hex, NULL, err) < 0)
		return -1;
	buf_addf(&key, "%s\n", exercise ? hex : "-");
	sha256_hex(key.data, key.len, hex);
	*path = xasprintf("%s/%s-%.16s.json", all->results, work->item->name, hex);
	return 0;
}

/* A result that cannot be read is made anew. */
static bool reuse(struct wheel_work *work, const char *path)
{
	struct err ignored = ERR_INIT;
	json_t *old = py_json_load(path, &ignored);

	if (!json_is_string(json_object_get(old, "verdict"))) {
		json_decref(old);
		return false;
	}
	json_object_update(work->model, old);
	json_object_set_new(work->model, "reused", json_true());
	json_decref(old);
	return true;
}

/* Unpacks, audits and predicts; `modules` receives what is to be imported. */
static int audit(struct wheel_work *work, struct strv *modules, struct err *err)
{
	const struct tar_limits limits = {WHEEL_MAX_BYTES, WHEEL_MAX_ENTRIES, .wheel = true};
	CLEANUP(wheel_audit_release) struct wheel_audit found = {0};
	CLEANUP_FREE char *dir = xasprintf("%s/unpacked", work->dir);

	if (tar_extract(work->file, dir, 0, &limits, err) < 0) {
		if (err->code != ERR_INPUT)
			return -1;
		wheel_not_checked(work->model, "%s", err->msg);
		return 0;
	}
	if (wheel_audit_read(work->all, dir, &found, err) < 0 ||
		wheel_predict(work->all, &found, work->model, err) < 0)
		return -1;
	for (size_t i = 0; i < found.n; i++) {
		if (found.v[i].role == WHEEL_EXTENSION)
			strv_add(modules, found.v[i].module);
	}
	return tree_remove(dir, err) < 0 ? -1 : 1;
}

static int try_both(struct wheel_work *work, const struct strv *modules, struct err *err)
{
	json_t *here = json_array(), *there = work->all->compared ? json_array() : NULL;
	int failed = wheel_try(work, &work->all->here, modules, here, err);

	if (failed == 0 && there)
		failed = wheel_try(work, &work->all->reference, modules, there, err);
	if (failed == 0)
		wheel_judge(work->model, here, there);
	json_decref(here);
	json_decref(there);
	return failed;
}

/* Without anything to load there is nothing to say about. */
static bool has_work(struct wheel_work *work, const struct strv *modules)
{
	CLEANUP_FREE char *exercise = wheel_exercise(work);
	const json_t *audited = json_object_get(work->model, "audit");

	if (modules->n || exercise)
		return true;
	if (json_integer_value(json_object_get(audited, "foreign")))
		wheel_not_checked(
			work->model, "its extension modules are for another Python or machine");
	else
		wheel_not_checked(work->model,
			"it has no extension modules, and there is no exercise for it");
	return false;
}

static int check(struct wheel_work *work, struct err *err)
{
	CLEANUP_STRV struct strv modules = STRV_INIT;
	CLEANUP_FREE char *kept = NULL, *text = NULL;
	char hex[SHA256_HEX_SIZE];
	uint64_t start = clock_ns();
	int got;

	if (make_folders(work, err) < 0)
		return -1;
	got = wheel_obtain(work, err);
	if (got == 1)
		got = identify(work, hex, err);
	if (got != 1)
		return got;
	if (result_path(work, hex, &kept, err) < 0)
		return -1;
	if (reuse(work, kept))
		return 0;
	got = audit(work, &modules, err);
	if (got == 1)
		got = has_work(work, &modules);
	if (got == 1)
		got = wheel_install(work, err);
	if (got != 1)
		return got;
	if (try_both(work, &modules, err) < 0)
		return -1;
	json_object_set_new(work->model, "seconds",
		json_integer((json_int_t)((clock_ns() - start) / 1000000000)));
	text = json_dumps(work->model, JSON_INDENT(1));
	return file_write(kept, text, strlen(text), 0644, err);
}

int wheel_check(struct wheel_work *work, struct err *err)
{
	CLEANUP_FREE char *answer = xasprintf("%s/answer.json", work->dir), *text = NULL;

	work->model = json_object();
	json_object_set_new(work->model, "name", py_text_json(work->item->name));
	json_object_set_new(work->model, "version", json_null());
	if (check(work, err) < 0) {
		if (err->code == ERR_INTERRUPTED)
			return -1;
		wheel_not_checked(work->model, "%s", err->msg);
	}
	text = json_dumps(work->model, 0);
	json_decref(work->model);
	free(work->file);
	return file_write(answer, text, strlen(text), 0644, err);
}
