/*
 * wat.cc: the text format through wabt's parser and binary writer. What the text means is
 * wabt's to say; whether the module is valid and supported is decided by our own reader, so
 * every feature wabt's writer can encode is on here.
 *
 * wabt checks its own assumptions with assert, and some texts break them: then the process
 * ends. Whose process that may be is for the caller to see to (cli/module_text.c).
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
	/* wabt 1.0.32 parses these in part and aborts when it writes them. */
	features.disable_gc();
	features.disable_function_references();
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

/* What is open at a token. */
struct nesting {
	unsigned parentheses, blocks;
};

static bool is_block(wabt::TokenType type)
{
	return type == wabt::TokenType::Block || type == wabt::TokenType::Loop ||
			type == wabt::TokenType::If || type == wabt::TokenType::Try;
}

static void nesting_add(struct nesting *nesting, wabt::TokenType type, wabt::TokenType before)
{
	if (type == wabt::TokenType::Lpar || type == wabt::TokenType::LparAnn)
		nesting->parentheses++;
	else if (type == wabt::TokenType::Rpar && nesting->parentheses)
		nesting->parentheses--;
	else if (is_block(type) && before != wabt::TokenType::Lpar)
		nesting->blocks++;
	else if (type == wabt::TokenType::End && nesting->blocks)
		nesting->blocks--;
}

static bool token_fail(const wabt::Token &token, enum sv_error_code code, const char *text,
		struct sv_error *error)
{
	return sv_fail(error, code, "%d:%d: %s", token.loc.line, token.loc.first_column, text);
}

/* Refuse what wabt's parser would not survive: deep nesting, open annotations, quoted modules. */
static bool text_check(struct sv_bytes text, struct sv_error *error)
{
	wabt::Errors errors;
	std::unique_ptr<wabt::WastLexer> lexer =
			wabt::WastLexer::CreateBufferLexer("text", text.data, text.length, &errors);
	struct nesting nesting = {};
	wabt::TokenType before = wabt::TokenType::Eof;
	for (;;) {
		wabt::Token token = lexer->GetToken();
		if (!errors.empty())
			return text_fail(errors, error);
		if (token.token_type() == wabt::TokenType::Eof && nesting.parentheses)
			return token_fail(token, SV_ERROR_MALFORMED,
					"unexpected end of the text: parentheses are open", error);
		if (token.token_type() == wabt::TokenType::Eof)
			return true;
		if (token.token_type() == wabt::TokenType::Quote)
			return token_fail(token, SV_ERROR_MALFORMED,
					"a quoted module belongs into a test script", error);
		nesting_add(&nesting, token.token_type(), before);
		if (nesting.parentheses + nesting.blocks > nesting_limit)
			return token_fail(token, SV_ERROR_LIMIT,
					"the text nests deeper than the limit of 2000", error);
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
	std::unique_ptr<wabt::WastLexer> lexer =
			wabt::WastLexer::CreateBufferLexer(name ? name : "text", text.data,
					text.length, &errors);
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
		return text_check(text, error) && text_translate(text, name, binary, error);
	} catch (const std::bad_alloc &) {
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory to translate the text");
	}
}
