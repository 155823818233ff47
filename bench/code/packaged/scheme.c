/* scheme.c: the interpreter TinyScheme: a tree walker that makes pairs all the time. */
#include <stdio.h>

#include <scheme-private.h>

static const char script[] =
		"(define (tak x y z) (if (not (< y x)) z\n"
		"  (tak (tak (- x 1) y z) (tak (- y 1) z x) (tak (- z 1) x y))))\n"
		"(define (range a b) (if (< a b) (cons a (range (+ a 1) b)) '()))\n"
		"(define (keep f l) (if (eq? l '()) '() (if (f (car l))\n"
		"  (cons (car l) (keep f (cdr l))) (keep f (cdr l)))))\n"
		"(define (sum l s) (if (eq? l '()) s (sum (cdr l) (+ s (car l)))))\n"
		"(define (again n s) (if (= n 0) s (again (- n 1)\n"
		"  (+ s (sum (keep (lambda (x) (= 0 (remainder x 3))) (range 0 300)) 0)))))\n"
		"(write (tak 14 8 3)) (display \" \") (write (again 200 0)) (newline)\n";

int main(void)
{
	scheme *interpreter = scheme_init_new();

	scheme_set_output_port_file(interpreter, stdout);
	printf("scheme ");
	scheme_load_string(interpreter, script);
	return interpreter->retcode;
}
