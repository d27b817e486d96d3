/* What PYTHON.json says of the interpreter, in the interpreter's own words. */
#include <string.h>

#include "base/embed.h"
#include "pack/pack-internal.h"
#include "proc/proc.h"

#define ASK_MS 60000
#define ANSWER_MAX ((size_t)4 << 20)

EMBED(pack_question, "src/pack/ask.py");

static bool is_sound(const json_t *says)
{
	const json_t *builtins = json_object_get(says, "builtins"), *name;
	size_t i;

	json_array_foreach (builtins, i, name) {
		if (!json_is_string(name))
			return false;
	}
	return json_is_array(builtins);
}

int package_answer(struct package *p, const char *text, size_t len, struct err *err)
{
	p->says = json_loadb(text, len, 0, NULL);
	return is_sound(p->says)
		       ? 0
		       : err_set(err, ERR_INPUT, "'%s' gives no sound answer about itself",
				 p->dist.interpreter);
}

int package_ask(struct package *p, struct err *err)
{
	CLEANUP_STRV struct strv env = STRV_INIT;
	CLEANUP_BUF struct buf answer = BUF_INIT;
	const struct py_program program = {.interpreter = p->dist.interpreter,
		.options = PY_ISOLATED,
		.code = pack_question,
		.env = &env,
		.max_output = ANSWER_MAX,
		.limit_ms = ASK_MS};

	/* LD_LIBRARY_PATH is not of the tree. */
	proc_ask_environment(false, &env);
	if (py_run(&program, &answer, err) < 0)
		return err_wrap(err, "asking '%s' about itself", p->dist.interpreter);
	return package_answer(p, answer.data ? answer.data : "", answer.len, err);
}
