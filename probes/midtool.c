/* A program that uses mid.c. */
int mid_start(void);

int main(void)
{
	return mid_start() ? 1 : 0;
}
