/* A library with thread-local storage of SIZE bytes; copied many times by the probes. */
#ifndef SIZE
#define SIZE 64
#endif

static __thread volatile char storage[SIZE];
int touch(void);

int touch(void)
{
	storage[0]++;
	return 0;
}
