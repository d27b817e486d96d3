/* One site, or a known number of them, per function: the oracle compiles this in many ways and
 * compares what code_each() finds in the functions t_… with what must be there.
 */
int other(int);
extern int other_data;

int own(int);
int own_data = 7;
__thread int own_tls;
static __thread int hidden_tls, hidden_tls_too;

__attribute__((noinline)) int own(int x)
{
	__asm__ volatile("");
	return x * 3 + own_data;
}

__attribute__((noinline)) static int local(int x)
{
	__asm__ volatile("");
	return x * 5;
}

int t_local(int x)
{
	return local(x) + local(x + 1);
}

int t_own(int x)
{
	return own(x) + 1;
}

int t_other(int x)
{
	return other(x) + other(x + 2) + 1;
}

int t_tail(int x)
{
	return other(x);
}

int t_pointer(int (*f)(int), int x)
{
	return f(x) + 1;
}

int t_data(void)
{
	return other_data;
}

int t_tls(void)
{
	return own_tls;
}

int *t_tls_address(void)
{
	return &own_tls;
}

/* One module base, where the model has one. */
int t_tls_hidden(int x)
{
	hidden_tls += x;
	return hidden_tls_too += hidden_tls;
}

int t_none(int a, int b)
{
	return a * b + (a ^ b);
}
