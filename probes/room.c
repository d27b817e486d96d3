/* room LIBRARY...: how many of them, each with static thread-local storage, can be loaded. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	int n = 1;

	while (n < argc && dlopen(argv[n], RTLD_NOW))
		n++;
	printf("loaded %d\n", n - 1);
	if (n < argc)
		printf("%s\n", dlerror());
	return 0;
}
