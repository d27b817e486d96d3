/* Any text as a secret key, a public key or a signature; the first byte says which.
 *
 * Source: src/sign/keys.c src/sign/sign.c
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sign/sign.h"

#define PUBLIC "RWRNpuUl962yLoVlIhw5WCZVLScP0xIFiLdgiISdujZj7AZ/ox8UBYwn"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What can sign must make what its public half verifies. */
static void use(const struct key *k)
{
	CLEANUP_BUF struct buf signature = BUF_INIT;
	struct err err = ERR_INIT;

	if (sign_text(k, "x", 1, "y", &signature, &err) < 0 ||
		sign_verify(k, "x", 1, signature.data, signature.len, "x", &err) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct err err = ERR_INIT;
	CLEANUP_KEY struct key k = {0};

	if (!size)
		return 0;
	size--;
	/* No password: costs of scrypt are the file's to choose, and may be seconds. */
	if (*data == 's') {
		if (key_parse_secret(text, size, "x", NULL, &k, &err) == 0)
			use(&k);
	} else if (*data == 'p') {
		key_parse_public(text, size, "x", &k, &err);
	} else if (key_parse_public(PUBLIC, strlen(PUBLIC), "x", &k, &err) < 0) {
		abort();
	} else {
		k.has_id = *data == 'i';
		/* Only the owner of the secret half could make one. */
		if (sign_verify(&k, "a text that nobody signed", 25, text, size, "x", &err) == 0)
			abort();
	}
	return 0;
}
