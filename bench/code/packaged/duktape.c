/* duktape.c: the JavaScript interpreter Duktape. */
#include <stdio.h>

#include <duktape.h>

#include "bench/code/packaged/script.h"

static duk_ret_t print(duk_context *js)
{
	printf("duktape %s\n", duk_to_string(js, 0));
	return 0;
}

int main(void)
{
	duk_context *js = duk_create_heap_default();

	duk_push_c_function(js, print, 1);
	duk_put_global_string(js, "print");
	return duk_peval_string(js, script) != 0;
}
