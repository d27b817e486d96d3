/* Converts the bill of materials to CycloneDX 1.6: components and their dependencies. */
#include <stdlib.h>
#include <string.h>

#include "pack/pack-internal.h"

/* Download location of the source; NULL if unknown. */
static json_t *source_of(const json_t *package)
{
	const char *url = package_text(package, "downloadLocation");
	const char *path = package_text(package, "sourceInfo");
	bool below_mirror = !strncmp(path, "pool/", 5);

	if (!strcmp(url, "NOASSERTION") && !below_mirror)
		return NULL;
	return json_pack("[{s:s, s:s, s:s*}]", "type", "source-distribution", "url",
		below_mirror ? path : url, "comment",
		below_mirror ? "below any mirror of Debian" : NULL);
}

static json_t *entry_of(const json_t *package)
{
	json_t *sum = json_array_get(json_object_get(package, "checksums"), 0);
	json_t *ref = json_array_get(json_object_get(package, "externalRefs"), 0);
	const char *licence = package_text(package, "licenseDeclared");
	bool application = !strcmp(package_text(package, "primaryPackagePurpose"), "APPLICATION");

	return json_pack("{s:s, s:O*, s:O*, s:O*, s:o*, s:o*, s:O*, s:o*, s:O*}", "type",
		application ? "application" : "library", "bom-ref",
		json_object_get(package, "SPDXID"), "name", json_object_get(package, "name"),
		"version", json_object_get(package, "versionInfo"), "hashes",
		sum ? json_pack("[{s:s, s:O*}]", "alg", "SHA-256", "content",
			      json_object_get(sum, "checksumValue"))
		    : NULL,
		"licenses",
		strcmp(licence, "NOASSERTION") ? json_pack("[{s:s}]", "expression", licence) : NULL,
		"purl", json_object_get(ref, "referenceLocator"), "externalReferences",
		source_of(package), "description", json_object_get(package, "comment"));
}

/* Tools are not dependencies of their output; they are listed in the metadata. */
static json_t *dependencies(const json_t *relations)
{
	json_t *of = json_object(), *list = json_array(), *on;
	const json_t *r;
	const char *ref;
	size_t i;

	json_array_foreach (relations, i, r) {
		const char *how = package_text(r, "relationshipType");
		const char *from = package_text(r, "spdxElementId");

		if (!strcmp(how, "DESCRIBES") || !strcmp(how, "BUILD_TOOL_OF"))
			continue;
		if (!json_object_get(of, from))
			json_object_set_new(of, from, json_array());
		json_array_append(
			json_object_get(of, from), json_object_get(r, "relatedSpdxElement"));
	}
	json_object_foreach (of, ref, on)
		json_array_append_new(list, json_pack("{s:s, s:O}", "ref", ref, "dependsOn", on));
	json_decref(of);
	return list;
}

json_t *package_cyclonedx(const json_t *spdx)
{
	const char *space = package_text(spdx, "documentNamespace");
	const char *hex = space + strlen(space) - 64;
	/* Formatted as a version 5 UUID, from the digest in the namespace of the SPDX document. */
	json_t *serial = json_sprintf(
		"urn:uuid:%.8s-%.4s-5%.3s-8%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17, hex + 20);
	json_t *components = json_array(), *tools = json_array(), *whole = NULL;
	json_t *created = json_object_get(json_object_get(spdx, "creationInfo"), "created");
	const json_t *package;
	size_t i;

	json_array_foreach (json_object_get(spdx, "packages"), i, package) {
		const char *id = package_text(package, "SPDXID");

		if (!strcmp(id, DISTRIBUTION))
			whole = entry_of(package);
		else
			json_array_append_new(strncmp(id, TOOL, strlen(TOOL)) ? components : tools,
				entry_of(package));
	}
	return json_pack("{s:s, s:s, s:o, s:i, s:{s:O*, s:o*, s:{s:o}}, s:o, s:o}", "bomFormat",
		"CycloneDX", "specVersion", "1.6", "serialNumber", serial, "version", 1, "metadata",
		"timestamp", created, "component", whole, "tools", "components", tools,
		"components", components, "dependencies",
		dependencies(json_object_get(spdx, "relationships")));
}
