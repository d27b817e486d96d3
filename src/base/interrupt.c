#include "base/interrupt.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t arrived;

static void note(int sig)
{
	if (!arrived)
		arrived = sig;
}

void interrupt_install(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = note};

	/* No SA_RESTART: blocking calls return, so that the flag is noticed at once. */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction old;

		/* nohup and background jobs ignore some of these on purpose */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &action, NULL);
	}
	/* A failed write can be cleaned up after; a killed process cannot. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* If our parent ignored it, we could not wait for children. */
	signal(SIGCHLD, SIG_DFL);
}

int interrupt_signal(void)
{
	return arrived;
}

int interrupt_check(struct err *err)
{
	if (!arrived)
		return 0;
	return err_set(err, ERR_INTERRUPTED, "interrupted by %s", strsignal(arrived));
}
