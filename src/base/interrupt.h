/* Handling Ctrl-C and other termination signals.
 *
 * interrupt_install() makes SIGINT, SIGTERM and SIGHUP set a flag instead of killing the process;
 * long operations call interrupt_check() at least every 200 ms and unwind, so that cleanup runs and
 * no child is left behind. A second signal while unwinding changes nothing. SIGPIPE and SIGXFSZ are
 * ignored, so that writes fail with EPIPE or EFBIG.
 */
#ifndef SOLDER_BASE_INTERRUPT_H
#define SOLDER_BASE_INTERRUPT_H

#include "base/err.h"

void interrupt_install(void);
/* The signal that arrived, or 0. */
int interrupt_signal(void);
/* -1 with ERR_INTERRUPTED once a signal has arrived. */
int interrupt_check(struct err *err);

#endif
