/* lua.c: the interpreter of Lua: calls, tables, strings, closures. */
#include <stdio.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static const char script[] =
		"local function fib(n) if n < 2 then return n end return fib(n-1) + fib(n-2) end\n"
		"local sum = fib(26)\n"
		"local composite, primes = {}, {}\n"
		"for i = 2, 120000 do\n"
		"  if not composite[i] then\n"
		"    primes[#primes + 1] = i\n"
		"    for j = i * i, 120000, i do composite[j] = true end\n"
		"  end\n"
		"end\n"
		"local parts = {}\n"
		"for i = 1, 12000 do parts[i] = string.format('%d:%x', primes[i % #primes + 1], i) "
                "end\n"
		"local text = table.concat(parts, ',')\n"
		"for number in text:gmatch('%d+:') do sum = sum + #number end\n"
		"table.sort(parts)\n"
		"local object = {n = 0}\n"
		"object.__index = object\n"
		"function object:add(i) self.n = (self.n * 31 + i) % 1000003 return self end\n"
		"local one = setmetatable({n = 1}, object)\n"
		"for i = 1, 400000 do one:add(i) end\n"
		"return sum .. ' ' .. one.n .. ' ' .. parts[777] .. ' ' .. #primes\n";

int main(void)
{
	lua_State *lua = luaL_newstate();

	luaL_requiref(lua, "_G", luaopen_base, 1);
	luaL_requiref(lua, "string", luaopen_string, 1);
	luaL_requiref(lua, "table", luaopen_table, 1);
	if (luaL_dostring(lua, script))
		return 1;
	printf("lua %s\n", lua_tostring(lua, -1));
	return 0;
}
