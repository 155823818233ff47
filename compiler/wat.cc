/*
 * wat.cc: the text format through wabt's parser and binary writer. What the text means is
 * wabt's to say; whether the module is valid and supported is decided by our own reader, so
 * every feature wabt knows is on here.
 */
#include "compiler/compiler.h"

#include <memory>
#include <new>
#include <string>

#include <wabt/binary-writer.h>
#include <wabt/error.h>
#include <wabt/feature.h>
#include <wabt/ir.h>
#include <wabt/stream.h>
#include <wabt/wast-lexer.h>
#include <wabt/wast-parser.h>

#include "abi/limits.h"

static wabt::Features all_features()
{
	wabt::Features features;
	features.EnableAll();
	return features;
}

/* The first error, as LINE:COLUMN and one line of text. */
static bool text_fail(const wabt::Errors &errors, struct sv_error *error)
{
	if (errors.empty())
		return sv_fail(error, SV_ERROR_MALFORMED, "text format: not a module");
	const wabt::Error &first = errors.front();
	std::string text = first.message.substr(0, first.message.find('\n'));
	return sv_fail(error, SV_ERROR_MALFORMED, "%d:%d: %s", first.loc.line,
			first.loc.first_column, text.c_str());
}

/*
 * wabt's parser recurses for each open block and parenthesis, about 800 bytes of stack each: a
 * text that nests deeper than this is refused before it is parsed.
 */
static const unsigned nesting_limit = 2000;

/* Depth that a token adds (or takes): parentheses, and block ... end without them. */
static int token_depth(wabt::TokenType type, wabt::TokenType before)
{
	switch (type) {
	case wabt::TokenType::Lpar:
		return 1;
	case wabt::TokenType::Rpar:
		return -1;
	case wabt::TokenType::Block:
	case wabt::TokenType::Loop:
	case wabt::TokenType::If:
	case wabt::TokenType::Try:
		return before == wabt::TokenType::Lpar ? 0 : 1;
	case wabt::TokenType::End:
		return -1;
	default:
		return 0;
	}
}

static bool text_check_nesting(struct sv_bytes text, struct sv_error *error)
{
	wabt::Errors errors;
	std::unique_ptr<wabt::WastLexer> lexer = wabt::WastLexer::CreateBufferLexer(
			"text", text.data, text.length, &errors);
	wabt::TokenType before = wabt::TokenType::Eof;
	int depth = 0;
	for (;;) {
		wabt::Token token = lexer->GetToken();
		if (token.token_type() == wabt::TokenType::Eof)
			return true;
		depth += token_depth(token.token_type(), before);
		if (depth > static_cast<int>(nesting_limit))
			return sv_fail(error, SV_ERROR_LIMIT,
					"%d:%d: text nested deeper than the limit of %u",
					token.loc.line, token.loc.first_column, nesting_limit);
		before = token.token_type();
	}
}

static bool text_write(const wabt::Module &module, struct buffer *binary, struct sv_error *error)
{
	wabt::MemoryStream stream;
	/* Numbers in shortest form, no relocations, names of functions in the name section. */
	wabt::WriteBinaryOptions options(all_features(), true, false, true);
	if (wabt::Failed(wabt::WriteBinaryModule(&stream, &module, options)))
		return sv_fail(error, SV_ERROR_MALFORMED, "text format: cannot be encoded");
	const std::vector<uint8_t> &bytes = stream.output_buffer().data;
	return buffer_append(binary, bytes.data(), bytes.size(), error);
}

static bool text_translate(struct sv_bytes text, const char *name, struct buffer *binary,
		struct sv_error *error)
{
	wabt::Errors errors;
	wabt::WastParseOptions options(all_features());
	std::unique_ptr<wabt::Module> module;
	std::unique_ptr<wabt::WastLexer> lexer = wabt::WastLexer::CreateBufferLexer(
			name ? name : "text", text.data, text.length, &errors);
	wabt::Result result = wabt::ParseWatModule(lexer.get(), &module, &errors, &options);
	if (wabt::Failed(result) || !module || !errors.empty())
		return text_fail(errors, error);
	return text_write(*module, binary, error);
}

extern "C" bool sv_text_to_binary(struct sv_bytes text, const char *name, struct buffer *binary,
		struct sv_error *error)
{
	if (text.length > SV_MAX_MODULE_BYTES)
		return sv_fail(error, SV_ERROR_LIMIT, "a text longer than SV_MAX_MODULE_BYTES");
	try {
		return text_check_nesting(text, error) && text_translate(text, name, binary, error);
	} catch (const std::bad_alloc &) {
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory to translate the text");
	}
}
