function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
print(fib(20));
try { null.x; } catch (e) { print("caught " + e.name); }
