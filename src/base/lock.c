/* Folders that several programs write into. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"

#define POLL_US 200000

int folder_lock(const char *folder, struct progress *progress, int *fd, struct err *err)
{
	bool said = false;

	*fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return err_sys(err, "cannot open '%s'", folder);
	/* Not blocking, since a signal that comes just before would be missed. */
	while (flock(*fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return 1;
		if (interrupt_check(err) < 0)
			return -1;
		if (!said)
			progress_say(progress, "another solder is writing in '%s'; waiting for it",
				folder);
		said = true;
		usleep(POLL_US);
	}
	return 0;
}
