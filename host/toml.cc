/*
 * toml.cc: TOML through toml++, which limits how deep values nest. It is compiled here, from its
 * headers: Debian has no archive of it (docs/decisions/0019).
 */
#include "host/toml.h"

#include <exception>
#include <sstream>
#include <string_view>

#include <toml++/toml.h>

static json_t *make_value(const toml::node &node);

static json_t *make_object(const toml::table &table)
{
	json_t *object = json_object();
	for (auto &&[key, value] : table) {
		std::string name(key.str());
		if (json_object_set_new(object, name.c_str(), make_value(value)) != 0) {
			json_decref(object);
			return nullptr;
		}
	}
	return object;
}

static json_t *make_array(const toml::array &array)
{
	json_t *values = json_array();
	for (auto &&value : array) {
		if (json_array_append_new(values, make_value(value)) != 0) {
			json_decref(values);
			return nullptr;
		}
	}
	return values;
}

/* NULL for what JSON does not have: numbers that are none. */
static json_t *make_value(const toml::node &node)
{
	if (const toml::table *table = node.as_table())
		return make_object(*table);
	if (const toml::array *array = node.as_array())
		return make_array(*array);
	if (const auto *text = node.as_string())
		return json_stringn(text->get().data(), text->get().size());
	if (const auto *number = node.as_integer())
		return json_integer(number->get());
	if (const auto *number = node.as_floating_point())
		return json_real(number->get());
	if (const auto *truth = node.as_boolean())
		return json_boolean(truth->get());
	std::ostringstream text;
	node.visit([&text](const auto &value) { text << value; });
	return json_string(text.str().c_str());
}

json_t *toml_parse(const char *text, size_t length, struct sv_error *error)
{
	try {
		toml::table table = toml::parse(std::string_view(text, length));
		json_t *object = make_object(table);
		if (!object)
			sv_fail(error, SV_ERROR_MALFORMED, "a number that is none, or no memory");
		return object;
	} catch (const toml::parse_error &wrong) {
		std::string_view what = wrong.description();
		sv_fail(error, SV_ERROR_MALFORMED, "line %u, column %u: %.*s",
				static_cast<unsigned>(wrong.source().begin.line),
				static_cast<unsigned>(wrong.source().begin.column),
				static_cast<int>(what.size()), what.data());
	} catch (const std::exception &) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the file's values");
	}
	return nullptr;
}
