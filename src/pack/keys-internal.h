/* What keys and signatures have in common. */
#ifndef SOLDER_PACK_KEYS_INTERNAL_H
#define SOLDER_PACK_KEYS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

/* To be freed. */
char *base64_text(const void *data, size_t n);
/* Exactly n bytes, without a blank or anything else around them. */
bool base64_bytes(const char *text, void *out, size_t n);
/* "A545CEA3E8DF0118", as minisign shows it. */
void key_id_text(const unsigned char id[8], char text[17]);

#endif
