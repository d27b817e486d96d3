#include <string.h>

#include "elf/image.h"

static int copy_section(const struct elf_image *img, const Elf64_Shdr *sh, size_t max,
	struct buf *out, struct err *err)
{
	struct elf_slice s;

	if (!elf_section_bytes(img, sh, &s))
		return err_set(err, ERR_INPUT, "the section is beyond the end of file");
	if (sh->sh_flags & SHF_COMPRESSED)
		return err_set(err, ERR_UNSUPPORTED, "the section is compressed");
	if (s.n > max)
		return err_set(err, ERR_UNSUPPORTED, "the section has %zu bytes", s.n);
	buf_add(out, s.p, s.n);
	return 1;
}

int elf_section_read(
	const char *path, const char *name, size_t max, struct buf *out, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};
	struct elf_image img;

	buf_clear(out);
	if (elf_map_open(path, &map, err) < 0 || elf_image_init(&img, map.data, map.size, err) < 0)
		return err_wrap(err, "reading '%s'", path);
	for (uint32_t i = 0; i < img.shnum; i++) {
		Elf64_Shdr sh;
		int found;

		elf_shdr(&img, i, &sh);
		if (!elf_section_is(&img, &sh, name))
			continue;
		found = copy_section(&img, &sh, max, out, err);
		return found < 0 ? err_wrap(err, "reading '%s' of '%s'", name, path) : found;
	}
	return 0;
}

/* Its name, cut at the end of the string table. */
static char *name_of(const struct elf_image *img, const Elf64_Shdr *sh)
{
	if (sh->sh_name >= img->shstrtab.n)
		return xstrdup("");
	return xstrndup((const char *)img->shstrtab.p + sh->sh_name, img->shstrtab.n - sh->sh_name);
}

/* The section of an ELF file in memory that has the byte; NULL if none has. */
static char *section_in(const void *data, size_t len, uint64_t offset)
{
	struct elf_image img;
	struct err ignored = ERR_INIT;

	if (elf_image_init(&img, data, len, &ignored) < 0)
		return NULL;
	for (uint32_t i = 0; i < img.shnum; i++) {
		Elf64_Shdr sh;

		elf_shdr(&img, i, &sh);
		if (sh.sh_type != SHT_NULL && sh.sh_type != SHT_NOBITS && offset >= sh.sh_offset &&
			offset - sh.sh_offset < sh.sh_size)
			return name_of(&img, &sh);
	}
	return NULL;
}

struct search {
	const char *start;
	uint64_t offset;
	char *name;
};

static int search_member(void *ctx, const struct elf_archive_member *m, struct err *err)
{
	struct search *s = ctx;
	uint64_t at = (uint64_t)((const char *)m->data - s->start);
	CLEANUP_FREE char *section = NULL;

	(void)err;
	if (s->name || s->offset < at || s->offset - at >= m->size)
		return 0;
	section = section_in(m->data, m->size, s->offset - at);
	s->name = section ? xasprintf("%s of %s", section, m->name) : xstrdup(m->name);
	return 0;
}

int elf_section_at(const char *path, uint64_t offset, char **name, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};
	struct search s = {.offset = offset};
	struct err ignored = ERR_INIT;

	*name = NULL;
	if (elf_map_open(path, &map, err) < 0)
		return err_wrap(err, "reading '%s'", path);
	s.start = map.data;
	elf_archive_each_in_memory(map.data, map.size, search_member, &s, &ignored);
	*name = s.name ? s.name : section_in(map.data, map.size, offset);
	return *name != NULL;
}
