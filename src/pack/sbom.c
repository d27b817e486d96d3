/* Bills of materials: SPDX 2.3 and CycloneDX 1.6, both in JSON. They say nothing of the machine
 * or the moment, so that the same build has the same bill. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "pack/pack-internal.h"

#define METADATA_MAX ((size_t)1 << 20)

/* A bill in the making, of what `list` has below `as`. */
struct bill {
	const struct package *p;
	const struct tar_list *list;
	const char *as;
	json_t *packages, *relations;
};

/* Identifiers have letters, digits, dots and dashes. */
static char *identifier(const char *prefix, const char *name)
{
	char *id = xasprintf("SPDXRef-%s-%s", prefix, name);

	for (char *c = id; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '.' && *c != '-')
			*c = '-';
	}
	return id;
}

static void put(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, json_string(value));
}

static json_t *with(const char *k1, const char *v1, const char *k2, const char *v2)
{
	json_t *o = json_object();

	put(o, k1, v1);
	put(o, k2, v2);
	return o;
}

static void add_purl(json_t *o, const char *type, const char *name, const char *version)
{
	CLEANUP_FREE char *text = xasprintf("pkg:%s/%s@%s", type, name, version);
	json_t *refs = json_array();

	json_array_append_new(
		refs, json_pack("{s:s, s:s, s:s}", "referenceCategory", "PACKAGE-MANAGER",
			      "referenceType", "purl", "referenceLocator", text));
	json_object_set_new(o, "externalRefs", refs);
}

static json_t *spdx_package(const char *id, const char *name, const char *version)
{
	json_t *o = json_object();

	put(o, "SPDXID", id);
	put(o, "name", name);
	put(o, "versionInfo", version);
	put(o, "downloadLocation", "NOASSERTION");
	json_object_set_new(o, "filesAnalyzed", json_false());
	put(o, "licenseConcluded", "NOASSERTION");
	put(o, "licenseDeclared", "NOASSERTION");
	put(o, "copyrightText", "NOASSERTION");
	put(o, "supplier", "NOASSERTION");
	return o;
}

/* SPDX has no field for them. */
static void put_patches(json_t *o, const json_t *patches)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	const json_t *patch;
	size_t i;

	json_array_foreach (patches, i, patch)
		buf_addf(&b, "%s%s (SHA-256 %s): %s",
			i ? "; " : "patched by solder: ", package_text(patch, "file"),
			package_text(patch, "sha256"), package_text(patch, "reason"));
	if (b.len)
		put(o, "comment", b.data);
}

static json_t *source_package(const json_t *package)
{
	CLEANUP_FREE char *id = identifier("package", package_text(package, "name"));
	const char *source = package_text(package, "source");
	json_t *o =
		spdx_package(id, package_text(package, "name"), package_text(package, "version"));
	json_t *sums = json_array();

	/* A path below any mirror of Debian is no URL. */
	if (strstr(source, "://"))
		put(o, "downloadLocation", source);
	if (*package_text(package, "licence"))
		put(o, "licenseDeclared", package_text(package, "licence"));
	put(o, "sourceInfo", source);
	put(o, "primaryPackagePurpose", "SOURCE");
	json_array_append_new(sums,
		with("algorithm", "SHA256", "checksumValue", package_text(package, "sha256")));
	json_object_set_new(o, "checksums", sums);
	add_purl(o, "generic", package_text(package, "name"), package_text(package, "version"));
	put_patches(o, json_object_get(package, "patches"));
	return o;
}

static void relate(json_t *list, const char *from, const char *how, const char *to)
{
	json_t *o = json_object();

	put(o, "spdxElementId", from);
	put(o, "relationshipType", how);
	put(o, "relatedSpdxElement", to);
	json_array_append_new(list, o);
}

static bool has_package(const struct package *p, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(p->build, "packages"), i, item) {
		if (!strcmp(package_text(item, "name"), name))
			return true;
	}
	return false;
}

/* A package without source: an artifact with the digest that it has in the archive. */
static json_t *artifact(const struct bill *b, const struct tar_entry *e, const char *id,
	const char *name, const char *version, const char *purpose, struct err *err)
{
	CLEANUP_CLOSE int fd = pack_entry_open(e, err);
	char hex[SHA256_HEX_SIZE];
	json_t *o, *sums;

	if (fd < 0 || sha256_fd(fd, e->path, hex, NULL, err) < 0)
		return NULL;
	o = spdx_package(id, name, version);
	sums = json_array();
	put(o, "primaryPackagePurpose", purpose);
	put(o, "packageFileName", e->name + strlen(b->as) + 1);
	json_array_append_new(sums, with("algorithm", "SHA256", "checksumValue", hex));
	json_object_set_new(o, "checksums", sums);
	json_array_append_new(b->packages, o);
	relate(b->relations, DISTRIBUTION, "CONTAINS", id);
	return o;
}

/* What the archive has of a file of the tree; NULL if it leaves it out. */
static const struct tar_entry *entry_of(const struct bill *b, const char *rel)
{
	CLEANUP_FREE char *name = xasprintf("%s/%s", b->as, rel);
	const struct tar_entry *e = tar_list_find(b->list, name);

	return e && e->kind == PACK_FILE && e->path ? e : NULL;
}

/* Each of our ELF files is a package of its own, with its digest, and says what is linked in. */
static int add_file(const struct bill *b, const struct py_file *f, struct err *err)
{
	CLEANUP_FREE char *id = identifier("file", f->rel);
	CLEANUP_FREE char *module = package_module(f->rel);
	const struct tar_entry *e = entry_of(b, f->rel);
	const char *const *linked = package_libraries(module);

	if (!e)
		return 0;
	if (!artifact(b, e, id, f->rel, package_text(b->p->says, "python_version"),
		    f->role == PY_ROLE_INTERPRETER ? "APPLICATION" : "LIBRARY", err))
		return -1;
	if (f->site)
		return 0;
	relate(b->relations, id, "GENERATED_FROM", "SPDXRef-package-cpython");
	for (; f->role == PY_ROLE_EXTENSION && linked && *linked; linked++) {
		CLEANUP_FREE char *to = identifier("package", *linked);

		if (has_package(b->p, *linked))
			relate(b->relations, id, "STATIC_LINK", to);
	}
	return 0;
}

/* A field of METADATA, "" if it has none. To be freed. */
static char *wheel_field(const char *metadata, const char *field)
{
	CLEANUP_FREE char *start = xasprintf("\n%s: ", field);
	const char *found = strstr(metadata, start);

	found = found ? found + strlen(start) : "";
	return xstrndup(found, strcspn(found, "\r\n"));
}

/* The SPDX expression in a wheel's METADATA. Before there was a field for it, classifiers said it;
 * what stood in "License" was anything. */
static char *wheel_licence(const char *metadata)
{
	char *expression = wheel_field(metadata, "License-Expression");

	if (*expression)
		return expression;
	free(expression);
	if (strstr(metadata, "\nClassifier: License :: OSI Approved :: MIT License"))
		return xstrdup("MIT");
	return xstrdup("NOASSERTION");
}

/* NAME-VERSION-py3-none-any.whl. ensurepip's is installed, too; the tests have some of their own.
 */
static int add_wheel(
	const struct bill *b, const struct tar_entry *e, const char *rel, struct err *err)
{
	const char *base = path_base(rel), *rest = base + strcspn(base, "-.");
	CLEANUP_FREE char *id = identifier("file", rel);
	CLEANUP_FREE char *name = xstrndup(base, (size_t)(rest - base));
	CLEANUP_FREE char *version = xstrndup(rest + 1, strcspn(rest + 1, "-"));
	CLEANUP_FREE char *installed = xasprintf("%s/%s/site-packages/%s-%s.dist-info/METADATA",
		b->as, b->p->lib_rel, name, version);
	CLEANUP_FREE char *licence = NULL;
	CLEANUP_BUF struct buf metadata = BUF_INIT;
	json_t *o;

	if (tar_member(e->path, "METADATA", METADATA_MAX, &metadata, err) < 0)
		return -1;
	o = artifact(b, e, id, name, version, "LIBRARY", err);
	if (!o)
		return -1;
	licence = wheel_licence(metadata.data ? metadata.data : "");
	put(o, "licenseDeclared", licence);
	add_purl(o, "pypi", name, version);
	if (tar_list_find(b->list, installed))
		put(o, "comment", "also installed, in site-packages");
	return 0;
}

/* An archive library: libpython's, there is no other. */
static int add_library(
	const struct bill *b, const struct tar_entry *e, const char *rel, struct err *err)
{
	CLEANUP_FREE char *id = identifier("file", rel);
	const char *version = package_text(b->p->says, "python_version");

	if (!artifact(b, e, id, rel, version, "LIBRARY", err))
		return -1;
	relate(b->relations, id, "GENERATED_FROM", "SPDXRef-package-cpython");
	return 0;
}

/* As names of PyPI are compared. */
static void normalise(char *name)
{
	for (; *name; name++)
		*name = *name == '_' || *name == '.' ? '-' : (char)tolower((unsigned char)*name);
}

/* What pip or another installed into the tree; the bundled wheels are there already. */
static int add_installed(const struct bill *b, const struct tar_entry *e, struct err *err)
{
	CLEANUP_FREE char *name = NULL, *version = NULL, *licence = NULL, *id = NULL, *same = NULL;
	CLEANUP_BUF struct buf metadata = BUF_INIT;
	CLEANUP_CLOSE int fd = pack_entry_open(e, err);
	json_t *o;

	if (fd < 0 || file_read_fd(fd, e->path, METADATA_MAX, &metadata, err) < 0)
		return -1;
	name = wheel_field(metadata.data, "Name");
	version = wheel_field(metadata.data, "Version");
	same = xasprintf("/%s-%s-", name, version);
	id = identifier("installed", name);
	if (!*name)
		return 0;
	for (size_t i = 0; i < b->list->n; i++) {
		if (ends_with(b->list->v[i].name, ".whl") && strstr(b->list->v[i].name, same))
			return 0;
	}
	o = spdx_package(id, name, version);
	licence = wheel_licence(metadata.data);
	put(o, "primaryPackagePurpose", "LIBRARY");
	put(o, "licenseDeclared", licence);
	normalise(name);
	add_purl(o, "pypi", name, version);
	json_array_append_new(b->packages, o);
	relate(b->relations, DISTRIBUTION, "CONTAINS", id);
	return 0;
}

/* What is no ELF file; `rel` is its path below the root. */
static int add_other(
	const struct bill *b, const struct tar_entry *e, const char *rel, struct err *err)
{
	bool site = strstr(rel, "/site-packages/"), wheel = !site && ends_with(rel, ".whl");
	bool library = !site && ends_with(rel, ".a");
	bool installed = site && ends_with(rel, ".dist-info/METADATA");

	if ((!wheel && !library && !installed) || tar_list_find(b->list, e->name) != e)
		return 0;
	return wheel     ? add_wheel(b, e, rel, err)
	       : library ? add_library(b, e, rel, err)
			 : add_installed(b, e, err);
}

static int add_others(const struct bill *b, struct err *err)
{
	size_t n = strlen(b->as);

	for (size_t i = 0; i < b->list->n; i++) {
		const struct tar_entry *e = &b->list->v[i];

		if (e->kind == PACK_FILE && e->path && !strncmp(e->name, b->as, n) &&
			e->name[n] == '/' && add_other(b, e, e->name + n + 1, err) < 0)
			return -1;
	}
	return 0;
}

/* By the first line that a tool prints for --version: "Debian clang version 19.1.7 (3~deb12u1)",
 * "gcc (Debian 12.2.0-14+deb12u1) 12.2.0". `name` is for lines that say none of the known ones. */
static void add_tool(const struct bill *b, const char *id, const char *name, const char *line)
{
	static const char *const llvm[][2] = {{"clang version ", "clang"}, {"LLD ", "lld"}};
	const char *at = strstr(line, ") ");
	CLEANUP_FREE char *version = NULL;
	json_t *o;

	at = at ? at + 2 : strrchr(line, ' ') ? strrchr(line, ' ') + 1 : "unknown";
	if (!strncmp(line, "GNU ld ", 7))
		name = "binutils";
	for (size_t i = 0; i < ARRAY_SIZE(llvm); i++) {
		const char *found = strstr(line, llvm[i][0]);

		if (found) {
			name = llvm[i][1];
			at = found + strlen(llvm[i][0]);
		}
	}
	version = xstrndup(at, strcspn(at, " "));
	o = spdx_package(id, name, version);
	put(o, "primaryPackagePurpose", "APPLICATION");
	put(o, "comment", line);
	json_array_append_new(b->packages, o);
	relate(b->relations, id, "BUILD_TOOL_OF", DISTRIBUTION);
}

/* Trees of before the linker was written down do not say which it was. */
static void add_tools(const struct bill *b)
{
	const json_t *d = json_object_get(b->p->build, "distribution");

	add_tool(b, TOOL, "gcc", package_text(d, "compiler"));
	if (*package_text(d, "linker"))
		add_tool(b, TOOL "-linker", "linker", package_text(d, "linker"));
}

/* What decides on the code besides sources and compiler. */
static char *flags_text(const struct package *p)
{
	static const char *const names[] = {"CONFIG_ARGS", "CFLAGS", "CONFIGURE_CFLAGS_NODIST",
		"PY_CFLAGS_NODIST", "LDFLAGS", "PY_LDFLAGS_NODIST"};
	const json_t *vars = json_object_get(p->says, "python_config_vars");
	const json_t *d = json_object_get(p->build, "distribution");
	struct buf b = BUF_INIT;

	buf_addf(&b, "link=%s; %s; tls=%s", package_text(d, "link"),
		package_text(d, "optimisation"), package_text(d, "tls"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (*package_text(vars, names[i]))
			buf_addf(&b, "; %s=%s", names[i], package_text(vars, names[i]));
	}
	return buf_steal(&b);
}

static bool is_compound(const char *licence)
{
	return strchr(licence, ' ') != NULL;
}

/* All of the packages' licences apply to the whole. To be freed. */
static char *all_licences(const json_t *packages)
{
	CLEANUP_STRV struct strv all = STRV_INIT, parts = STRV_INIT;
	const json_t *item;
	size_t i;

	json_array_foreach (packages, i, item) {
		const char *licence = package_text(item, "licenseDeclared");

		if (strcmp(licence, "NOASSERTION") != 0)
			strv_add(&all, licence);
	}
	strv_sort(&all);
	for (i = 0; i < all.n; i++) {
		if (!i || strcmp(all.v[i], all.v[i - 1]) != 0)
			strv_addf(&parts, is_compound(all.v[i]) ? "(%s)" : "%s", all.v[i]);
	}
	return parts.n ? strv_join(&parts, " AND ") : xstrdup("NOASSERTION");
}

static json_t *distribution(const struct package *p)
{
	CLEANUP_FREE char *flags = flags_text(p);
	json_t *o = spdx_package(DISTRIBUTION, p->name, package_text(p->says, "python_version"));

	put(o, "primaryPackagePurpose", "APPLICATION");
	put(o, "comment", flags);
	put(o, "builtDate", p->created);
	return o;
}

static int fill(const struct bill *b, struct err *err)
{
	const struct package *p = b->p;
	json_t *whole = distribution(p);
	CLEANUP_FREE char *licences = NULL;
	const json_t *item;
	size_t i;

	relate(b->relations, "SPDXRef-DOCUMENT", "DESCRIBES", DISTRIBUTION);
	json_array_append_new(b->packages, whole);
	json_array_foreach (json_object_get(p->build, "packages"), i, item) {
		CLEANUP_FREE char *id = identifier("package", package_text(item, "name"));

		json_array_append_new(b->packages, source_package(item));
		relate(b->relations, DISTRIBUTION, "GENERATED_FROM", id);
	}
	for (i = 0; i < p->files.n; i++) {
		const struct py_file *f = &p->files.v[i];

		if (!f->problem && add_file(b, f, err) < 0)
			return -1;
	}
	if (add_others(b, err) < 0)
		return -1;
	add_tools(b);
	licences = all_licences(b->packages);
	put(whole, "licenseDeclared", licences);
	return 0;
}

/* The namespace must be unique to the content: it is named after its digest. */
static void set_namespace(const struct package *p, json_t *doc)
{
	CLEANUP_FREE char *text = json_dumps(doc, JSON_COMPACT);
	CLEANUP_FREE char *space = NULL;
	char hex[SHA256_HEX_SIZE];

	sha256_hex(text, strlen(text), hex);
	space = xasprintf("https://spdx.org/spdxdocs/%s-%s", p->name, hex);
	put(doc, "documentNamespace", space);
}

int package_spdx(const struct package *p, const struct tar_list *list, const char *as, json_t **ret,
	struct err *err)
{
	json_t *doc = json_object(), *info = json_object(), *creators = json_array();
	struct bill b = {p, list, as, json_array(), json_array()};

	put(doc, "spdxVersion", "SPDX-2.3");
	put(doc, "dataLicense", "CC0-1.0");
	put(doc, "SPDXID", "SPDXRef-DOCUMENT");
	put(doc, "name", p->name);
	json_array_append_new(creators, json_string("Tool: solder-" SOLDER_VERSION));
	put(info, "created", p->created);
	json_object_set_new(info, "creators", creators);
	json_object_set_new(doc, "creationInfo", info);
	json_object_set_new(doc, "packages", b.packages);
	json_object_set_new(doc, "relationships", b.relations);
	if (fill(&b, err) < 0) {
		json_decref(doc);
		return -1;
	}
	set_namespace(p, doc);
	*ret = doc;
	return 0;
}
