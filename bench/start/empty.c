/* empty.c: what starting any program takes. */
int main(void)
{
	return 0;
}
