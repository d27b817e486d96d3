/* Options by the set: builds like those of other projects, and hardening. */
#include <string.h>

#include "base/data.h"
#include "cpython/cpython-internal.h"
#include "report/json.h"

#define REQUEST(field) offsetof(struct cpython_request, field)
const struct request_option request_options[N_REQUEST_OPTIONS] = {
	{"cc", REQUEST(cc), true},
	{"like", REQUEST(like), false},
	{"hardening", REQUEST(hardening), false},
	{"profile", REQUEST(options.profile), true},
	{"train", REQUEST(options.train), true},
	{"bolt-profile", REQUEST(options.bolt_profile), false},
};

static const struct request_option *find_other(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(request_options); i++)
		if (!strcmp(request_options[i].name, name))
			return &request_options[i];
	return NULL;
}

const char **request_place(struct cpython_request *q, const char *name)
{
	const struct cpython_option *option = cpython_find_option(name);
	const struct request_option *other = find_other(name);

	if (other)
		return (const char **)((char *)q + other->offset);
	return option ? (const char **)((char *)&q->options + option->offset) : NULL;
}

int option_refuses(
	const struct cpython_option *option, const char *value, const char *also, struct err *err)
{
	return err_set(err, ERR_INPUT, "'%s' cannot be '%s', only %s%s", option->name, value,
		!strcmp(option->choices, "N") ? "a whole number below 10^9" : option->choices,
		also);
}

static int takes(const char *name, const char *value, struct err *err)
{
	const struct cpython_option *option = cpython_find_option(name);
	const struct request_option *other = find_other(name);

	if (other && other->in_presets)
		return 0;
	if (!option)
		return err_set(err, ERR_INPUT, "'%s' is not an option of 'solder build'", name);
	return cpython_option_takes(option, value) ? 0 : option_refuses(option, value, "", err);
}

/* Who speaks first counts: single options, then --hardening, then --like, then the defaults. */
int cpython_settle_options(struct cpython_build *b, struct err *err)
{
	struct cpython_request *q = &b->request;

	if (target_settle(b, err) < 0)
		return -1;
	if (q->hardening)
		cpython_fill_hardening(&q->options, q->hardening);
	if (q->like) {
		const struct strv *settings;

		if (preset_load(b->recipes, q->like, takes, &b->preset, err) < 0)
			return -1;
		settings = &b->preset->settings;
		for (size_t i = 0; i < settings->n; i += 2) {
			const char **place = request_place(q, settings->v[i]);

			if (!*place)
				*place = settings->v[i + 1];
		}
	}
	cpython_fill_abi(&q->options);
	b->glibc_said = q->options.glibc != NULL;
	cpython_fill_defaults(&q->options);
	return 0;
}

int cpython_list_presets(const char *recipes, json_t *rows, struct err *err)
{
	CLEANUP_STRV struct strv names = STRV_INIT;
	CLEANUP_FREE char *dir = NULL;

	if (data_folder("recipes", recipes, &dir, err) < 0 || preset_list(dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP(cleanup_preset) struct preset *p = NULL;
		CLEANUP_FREE char *differs = NULL;
		CLEANUP_BUF struct buf options = BUF_INIT, sources = BUF_INIT;

		if (preset_load(dir, names.v[i], takes, &p, err) < 0)
			return -1;
		for (size_t k = 0; k < p->settings.n; k += 2)
			buf_addf(&options, "%s--%s %s", k ? " " : "", p->settings.v[k],
				p->settings.v[k + 1]);
		for (size_t k = 0; k < p->n_sources; k++)
			buf_addf(&sources, "%s%s: %s, %s of %s", k ? "; " : "",
				p->sources[k].project, p->sources[k].file, p->sources[k].version,
				p->sources[k].date);
		differs = strv_join(&p->differs, "; ");
		json_array_append_new(
			rows, json_pack("{s:s, s:s, s:s, s:s, s:s}", "preset", p->name, "like",
				      p->summary, "options", options.data, "differs", differs,
				      "sources", sources.data));
	}
	return 0;
}
