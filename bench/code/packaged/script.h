/* script.h: one JavaScript program for both engines; it says what it found with `print`. */
#ifndef SELVAGE_BENCH_SCRIPT_H
#define SELVAGE_BENCH_SCRIPT_H

static const char script[] =
		"function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }\n"
		"function Point(x, y) { this.x = x; this.y = y; }\n"
		"Point.prototype.add = function (o) {\n"
		"  return new Point((this.x + o.x) % 1009, (this.y + o.y) % 1013); };\n"
		"var sum = fib(20), p = new Point(1, 2), q = new Point(3, 5), i, words = [], "
                "counts = {};\n"
		"for (i = 0; i < 20000; i++) { p = p.add(q); q = q.add(p); }\n"
		"for (i = 0; i < 6000; i++) words.push('w' + (i * 7919 % 997));\n"
		"for (i = 0; i < words.length; i++) counts[words[i]] = (counts[words[i]] || 0) + "
                "1;\n"
		"words.sort();\n"
		"var text = JSON.stringify(counts), back = JSON.parse(text);\n"
		"for (i in back) sum += back[i] * i.length;\n"
		"sum += text.replace(/[0-9]+:/g, 'x').length + words.join(' ').split('9').length;\n"
		"print('' + sum + ' ' + p.x + ' ' + q.y + ' ' + words[500]);\n";

#endif
