/* mujs.c: the JavaScript interpreter MuJS. */
#include <stdio.h>

#include <mujs.h>

#include "bench/code/packaged/script.h"

static void print(js_State *js)
{
	printf("mujs %s\n", js_tostring(js, 1));
	js_pushundefined(js);
}

int main(void)
{
	js_State *js = js_newstate(NULL, NULL, 0);

	js_newcfunction(js, print, "print", 1);
	js_setglobal(js, "print");
	return js_dostring(js, script);
}
