/* Functions as disassembly, with counts. */
#include <capstone/capstone.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain-internal.h"

/* For all parts of the requested functions; the largest known function has 30,000. */
#define MAX_INSNS ((size_t)1 << 20)

struct reader {
	const char *const *functions;
	size_t n_functions;
	struct explain_code *codes;
	struct callgrind_object costs; /* of this object */
	struct source *source;
	csh capstone;
	cs_insn *insn;
	size_t total;
	struct explain_code *code; /* the function being read; NULL: not wanted */
	uint64_t function_addr;
	bool in_function;
};

static const char *const marks[CODE_N_CLASSES] = {
	[CODE_SITE_TLS_LE] = "tls le",
	[CODE_SITE_TLS_IE] = "tls ie",
	[CODE_SITE_TLS_GD] = "tls gd",
	[CODE_SITE_TLS_LD] = "tls ld",
	[CODE_SITE_TLS_DESC] = "tls desc",
	[CODE_SITE_CALL_DIRECT] = "call",
	[CODE_SITE_CALL_PLT_OWN] = "plt own",
	[CODE_SITE_CALL_PLT_OTHER] = "plt",
	[CODE_SITE_CALL_GOT] = "call got",
	[CODE_SITE_CALL_INDIRECT] = "call ptr",
	[CODE_SITE_GOT_LOAD] = "got",
	[CODE_INSN_STACK_PROTECTOR] = "guard",
	[CODE_INSN_CONTROL_FLOW] = "marker",
	[CODE_INSN_FRAME] = "frame",
	[CODE_INSN_SPILL] = "spill",
	[CODE_INSN_JUMP_INDIRECT] = "jump ptr",
	[CODE_INSN_UNKNOWN] = "unknown",
};

/* Adds the symbol name of an address, or its offset into the function. */
static void add_place(const struct reader *r, const struct code_function *f,
	const struct code_insn *insn, uint64_t addr, struct buf *out)
{
	bool tls = insn->class == CODE_SITE_TLS_GD || insn->class == CODE_SITE_TLS_LD;
	uint64_t offset = 0;
	const char *name;

	if (addr >= f->addr && addr - f->addr < f->size) {
		buf_addf(out, "+0x%llx", (unsigned long long)(addr - f->addr));
		return;
	}
	name = tls            ? insn->site ? "__tls_get_addr" : NULL
	       : insn->symbol ? insn->symbol
			      : source_symbol(r->source, addr, &offset);
	if (name)
		buf_adds(out, name);
	else
		buf_addf(out, "0x%llx", (unsigned long long)addr);
	if (name && offset)
		buf_addf(out, "+0x%llx", (unsigned long long)offset);
	if (insn->class == CODE_SITE_CALL_PLT_OWN || insn->class == CODE_SITE_CALL_PLT_OTHER ||
		(insn->site && tls))
		buf_adds(out, "@plt");
}

/* The target of a branch is its last operand, a bare number. */
static bool branch_target(const cs_insn *in, size_t *at, uint64_t *target)
{
	const char *last = strrchr(in->op_str, ' '), *number;
	char *end;

	last = last ? last + 1 : in->op_str;
	number = *last == '#' ? last + 1 : last;
	if (!strchr("jcbt", in->mnemonic[0]) || strncmp(number, "0x", 2) != 0)
		return false;
	*target = strtoull(number, &end, 16);
	*at = (size_t)(last - in->op_str);
	return !*end;
}

/* x86: a PC-relative operand, "0x1234(%rip)". Returns its address, and its place in the text. */
static bool rip_operand(
	const struct code_insn *insn, const char *operands, size_t *at, size_t *len, uint64_t *addr)
{
	const char *end = strstr(operands, "(%rip)"), *start = end;

	if (!end)
		return false;
	while (start > operands && !strchr(" *:", start[-1]))
		start--;
	*at = (size_t)(start - operands);
	*len = (size_t)(end - start);
	*addr = insn->addr + insn->len + (uint64_t)strtoll(start, NULL, 0);
	return true;
}

static char *text_of(const struct reader *r, const struct code_function *f,
	const struct code_insn *insn, const cs_insn *in)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	const char *operands = in->op_str;
	bool inside = false;
	size_t at, len, n = 0;
	uint64_t addr;

	buf_adds(&out, in->mnemonic);
	if (*operands)
		buf_adds(&out, " ");
	if (branch_target(in, &at, &addr)) {
		buf_add(&out, operands, at);
		add_place(r, f, insn, addr, &out);
	} else if (rip_operand(insn, operands, &at, &len, &addr)) {
		buf_add(&out, operands, at);
		add_place(r, f, insn, addr, &out);
		if (insn->symbol)
			buf_adds(&out, "@got");
		buf_adds(&out, operands + at + len);
	} else {
		buf_adds(&out, operands);
	}
	/* In assembler syntax: "8(%rax,%rdx,4)". */
	for (size_t i = 0; i < out.len; i++) {
		inside = out.data[i] == '(' || (inside && out.data[i] != ')');
		if (!inside || out.data[i] != ' ')
			out.data[n++] = out.data[i];
	}
	out.data[n] = '\0';
	return buf_steal(&out);
}

static char *bytes_of(const struct code_insn *insn)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	buf_adds(&out, "bytes");
	for (unsigned i = 0; i < insn->len; i++)
		buf_addf(&out, " %02x", insn->bytes[i]);
	return buf_steal(&out);
}

/* Interns the text. */
static const char *keep(struct strv *files, const char *name)
{
	for (size_t i = files->n; i > 0; i--)
		if (!strcmp(files->v[i - 1], name))
			return files->v[i - 1];
	strv_add(files, name);
	return files->v[files->n - 1];
}

static struct explain_code_insn describe(
	const struct reader *r, const struct code_function *f, const struct code_insn *insn)
{
	size_t at = callgrind_first_at(&r->costs, insn->addr);
	struct explain_code_insn d = {.addr = insn->addr,
		.count = at < r->costs.n && r->costs.costs[at].addr == insn->addr
				 ? r->costs.costs[at].count
				 : 0,
		.class = code_class_name(insn->class),
		.mark = marks[insn->class] ? marks[insn->class] : "",
		.site = insn->site};
	bool call = insn->class >= CODE_SITE_CALL_DIRECT && insn->class <= CODE_SITE_CALL_GOT;
	const uint8_t *bytes = insn->bytes;
	size_t len = insn->len, n = call && insn->symbol ? explain_fold(insn->symbol) : 0;
	uint64_t addr = insn->addr;
	const char *file;

	if (insn->class != CODE_INSN_UNKNOWN &&
		cs_disasm_iter(r->capstone, &bytes, &len, &addr, r->insn)) {
		d.text = text_of(r, f, insn, r->insn);
		d.shape = explain_shape(r->insn->mnemonic, r->insn->op_str);
		/* Calls of the same function have the same shape, however they reach it. */
		for (size_t i = 0; i < n; i++)
			d.shape = (d.shape ^ (unsigned char)insn->symbol[i]) * 0x100000001b3u;
	} else {
		d.text = bytes_of(insn);
	}
	if (source_line(r->source, insn->addr, &file, &d.line))
		d.file = keep(&r->code->files, file);
	return d;
}

static void start_part(struct reader *r, const struct code_function *f)
{
	size_t n = f->name && !f->plt ? explain_fold(f->name) : 0;

	r->code = NULL;
	for (size_t i = 0; n && i < r->n_functions && !r->code; i++)
		if (strlen(r->functions[i]) == n && !memcmp(r->functions[i], f->name, n))
			r->code = &r->codes[i];
	r->in_function = true;
	r->function_addr = f->addr;
	if (!r->code)
		return;
	*ARRAY_ADD(r->code->parts, r->code->n) = (struct explain_code_part){
		.name = xstrdup(f->name), .addr = f->addr, .size = f->size};
}

static int read_insns(void *ctx, const struct code_function *f, const struct code_insn *insns,
	size_t n, struct err *err)
{
	struct reader *r = ctx;
	struct explain_code_part *part;

	if (!r->in_function || r->function_addr != f->addr)
		start_part(r, f);
	if (!r->code)
		return 0;
	if (n > MAX_INSNS - r->total)
		return err_set(err, ERR_UNSUPPORTED, "'%s' has more than %zu instructions", f->name,
			MAX_INSNS);
	r->total += n;
	part = &r->code->parts[r->code->n - 1];
	part->v = xreallocarray(part->v, part->n + n, sizeof(*part->v));
	for (size_t i = 0; i < n; i++) {
		part->v[part->n] = describe(r, f, &insns[i]);
		part->count += part->v[part->n++].count;
	}
	return 0;
}

static int read_object(struct reader *r, struct err *err)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
	CLEANUP_SOURCE struct source *source = NULL;
	const char *path = r->costs.path;
	bool x86;
	int result;
	cs_err bad;

	if (source_open(path, &source, err) < 0 || elf_facts_read(path, &facts, err) < 0)
		return -1;
	x86 = facts.machine == EM_X86_64;
	bad = x86 ? cs_open(CS_ARCH_X86, CS_MODE_64, &r->capstone)
		  : cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &r->capstone);
	if (bad != CS_ERR_OK)
		return err_set(
			err, ERR_UNSUPPORTED, "Capstone cannot be used: %s", cs_strerror(bad));
	if (x86)
		cs_option(r->capstone, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
	r->insn = cs_malloc(r->capstone);
	r->source = source;
	r->in_function = false;
	for (size_t i = 0; i < r->n_functions; i++)
		r->codes[i].n_before = r->codes[i].n;
	result = code_each(path, read_insns, r, NULL, err);
	cs_free(r->insn, 1);
	cs_close(&r->capstone);
	for (size_t i = 0; i < r->n_functions && !source_debug(source); i++) {
		struct explain_code *code = &r->codes[i];

		/* Only for functions in this object. */
		if (code->n > code->n_before && !code->why_no_lines)
			code->why_no_lines = xasprintf("'%s' has no debug information", path);
	}
	return result;
}

int explain_code_read(const struct callgrind *run, const char *const *functions, size_t n,
	struct explain_code *codes, struct err *err)
{
	struct reader r = {.functions = functions, .n_functions = n, .codes = codes};

	while (n && callgrind_next_object(run, &r.costs)) {
		if (!r.costs.interpreter || read_object(&r, err) == 0)
			continue;
		for (size_t i = 0; i < n; i++)
			explain_code_release(&codes[i]);
		return -1;
	}
	return 0;
}

void explain_code_release(struct explain_code *code)
{
	for (size_t i = 0; i < code->n; i++) {
		for (size_t k = 0; k < code->parts[i].n; k++)
			free(code->parts[i].v[k].text);
		free(code->parts[i].v);
		free(code->parts[i].name);
	}
	free(code->parts);
	strv_release(&code->files);
	free(code->why_no_lines);
	*code = (struct explain_code){0};
}
