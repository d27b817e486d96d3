#include "code/code-internal.h"

#include <stdlib.h>
#include <string.h>

void code_add_function(struct code *code, uint64_t start, uint64_t end, const char *name)
{
	/* An overflow is an end before the start, which is no function. */
	if (end && end <= start)
		return;
	if (code->n_functions == code->cap_functions) {
		code->cap_functions = code->cap_functions ? code->cap_functions * 2 : 1024;
		code->functions = xreallocarray(
			code->functions, code->cap_functions, sizeof(*code->functions));
	}
	code->functions[code->n_functions++] = (struct code_span){start, end, name};
}

static int read_symtab(struct code *code, const Elf64_Shdr *sh, struct err *err)
{
	const struct elf_image *img = &code->img;
	size_t size = elf_sym_size(img);
	struct elf_slice s, strings = {0};
	struct code_names names;
	Elf64_Shdr link;

	if (!elf_section_bytes(img, sh, &s))
		return err_set(err, ERR_INPUT, "the symbol table is beyond the end of file");
	if (sh->sh_link >= img->shnum)
		return err_set(err, ERR_INPUT, "the symbol table has no names");
	elf_shdr(img, sh->sh_link, &link);
	if (!elf_section_bytes(img, &link, &strings))
		return err_set(err, ERR_INPUT, "the names of symbols are beyond the end of file");
	names = code_names(&strings);
	for (size_t i = 1; i < s.n / size; i++) {
		unsigned type = ELF64_ST_TYPE(s.p[i * size + 4]);
		Elf64_Sym sym;

		if (type != STT_FUNC && type != STT_GNU_IFUNC)
			continue;
		elf_sym(img, s.p + i * size, &sym);
		if (sym.st_shndx != SHN_UNDEF)
			code_add_function(code, sym.st_value,
				sym.st_size ? sym.st_value + sym.st_size : 0,
				code_name(&names, sym.st_name));
	}
	return 0;
}

/* By address; at one address those with a name first, the ones without a size last. */
static int compare(const void *a, const void *b)
{
	const struct code_span *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (!x->name != !y->name)
		return x->name ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	/* Aliases often come in pairs; the choice must not depend on the table's order. */
	return x->name && x->name != y->name ? strcmp(x->name, y->name) : 0;
}

/* A name in the midst of a function begins one of its own; what stood after it belongs to it. A
 * frame description there does not. */
static void keep(struct code *code, size_t *kept, struct code_span f)
{
	struct code_span *last = *kept ? &code->functions[*kept - 1] : NULL;

	if (!last || f.start >= last->end) {
		code->functions[(*kept)++] = f;
		return;
	}
	if (f.start > last->start && f.name) {
		if (f.end < last->end)
			f.end = last->end;
		last->end = f.start;
		code->functions[(*kept)++] = f;
		return;
	}
	if (f.end > last->end)
		last->end = f.end;
	if (!last->name && f.start == last->start)
		last->name = f.name;
}

/* The start of the next function after the i-th, which may be far away. Walks over equal starts
 * only, which the caller's loop passes too. */
static uint64_t next_start(const struct code *code, size_t i)
{
	for (size_t k = i + 1; k < code->n_functions; k++)
		if (code->functions[k].start > code->functions[i].start)
			return code->functions[k].start;
	return UINT64_MAX;
}

static void settle(struct code *code)
{
	uint64_t next = 0;
	size_t kept = 0;

	sort_array(code->functions, code->n_functions, sizeof(*code->functions), compare);
	for (size_t i = 0; i < code->n_functions; i++) {
		struct code_span f = code->functions[i];
		const struct code_region *r = code_region_at(code, f.start);

		if (next <= f.start)
			next = next_start(code, i);
		if (!r || r->plt)
			continue;
		if (f.end == 0)
			f.end = next;
		if (f.end > r->addr + r->n)
			f.end = r->addr + r->n;
		/* Kept ones are written at or before the place that was read. */
		keep(code, &kept, f);
	}
	code->n_functions = kept;
}

int code_read_functions(struct code *code, struct err *err)
{
	const struct elf_image *img = &code->img;
	bool found = false;
	Elf64_Shdr sh;

	for (uint32_t i = 1; i < img->shnum && !found; i++) {
		elf_shdr(img, i, &sh);
		found = sh.sh_type == SHT_SYMTAB;
		if (found && read_symtab(code, &sh, err) < 0)
			return -1;
	}
	if (code_read_eh_frame(code, err) < 0)
		return -1;
	settle(code);
	return 0;
}

const struct code_span *code_function_at(const struct code *code, uint64_t addr)
{
	size_t low = 0, high = code->n_functions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct code_span *f = &code->functions[middle];

		if (addr < f->start)
			high = middle;
		else if (addr >= f->end)
			low = middle + 1;
		else
			return f;
	}
	return NULL;
}

/* All names in one block. Those of real files share at most a few tails. */
static int copy_names(const struct code *code, struct code_functions *out, struct err *err)
{
	uint64_t size = 1, budget = 16 * (uint64_t)code->img.size;
	char *p;

	for (size_t i = 0; i < code->n_functions; i++) {
		if (!code->functions[i].name)
			continue;
		size += strlen(code->functions[i].name) + 1;
		if (size > budget || size > SIZE_MAX / 2)
			return err_set(err, ERR_INPUT, "the names of functions overlap too much");
	}
	out->names = p = xcalloc((size_t)size, 1);
	for (size_t i = 0; i < code->n_functions; i++) {
		if (!code->functions[i].name)
			continue;
		out->v[i].name = p;
		p = stpcpy(p, code->functions[i].name) + 1;
	}
	return 0;
}

int code_functions_read(const char *path, struct code_functions *functions, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};
	CLEANUP_CODE struct code code = {0};

	*functions = (struct code_functions){0};
	if (elf_map_open(path, &map, err) < 0)
		return -1;
	if (code_open(&code, map.data, map.size, err) < 0)
		return err_wrap(err, "reading the functions of '%s'", path);
	functions->n = code.n_functions;
	functions->v = xcalloc(functions->n ? functions->n : 1, sizeof(*functions->v));
	for (size_t i = 0; i < code.n_functions; i++) {
		functions->v[i].addr = code.functions[i].start;
		functions->v[i].size = code.functions[i].end - code.functions[i].start;
	}
	if (copy_names(&code, functions, err) < 0) {
		code_functions_release(functions);
		return err_wrap(err, "reading the functions of '%s'", path);
	}
	return 0;
}

void code_functions_release(struct code_functions *functions)
{
	free(functions->v);
	free(functions->names);
	*functions = (struct code_functions){0};
}
