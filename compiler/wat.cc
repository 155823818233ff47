/*
 * wat.cc: the text format through wabt's parser and binary writer. What the text means is
 * wabt's to say; whether the module is valid and supported is decided by our own reader, so
 * every feature wabt's writer can encode is on here.
 *
 * wabt checks its own assumptions with assert, and some texts break them. So the translation
 * runs in a child process: whatever happens there is one line of error here.
 */
#include "compiler/compiler.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* ---- the child process ---- */

/* Texts of 100 MB take seconds; a parser that runs longer than this is stuck. */
static const rlim_t seconds_limit = 300;

/* What the child says first; then comes a binary module, or nothing. */
struct reply {
	bool ok;
	struct sv_error error;
};

static void write_all(int fd, const void *data, size_t length)
{
	const char *at = static_cast<const char *>(data);
	while (length > 0) {
		ssize_t done = write(fd, at, length);
		if (done < 0)
			_exit(1);
		at += done;
		length -= static_cast<size_t>(done);
	}
}

[[noreturn]] static void child_main(struct sv_bytes text, const char *name, int fd)
{
	struct rlimit no_core = {0, 0}, seconds = {seconds_limit, seconds_limit};
	struct reply reply = {};
	sv_error_clear(&reply.error);
	struct buffer binary = {};
	setrlimit(RLIMIT_CORE, &no_core);
	setrlimit(RLIMIT_CPU, &seconds);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGABRT, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	int nothing = open("/dev/null", O_WRONLY);
	dup2(nothing, STDERR_FILENO);
	try {
		reply.ok = text_check(text, &reply.error) &&
				text_translate(text, name, &binary, &reply.error);
	} catch (const std::bad_alloc &) {
		sv_fail(&reply.error, SV_ERROR_NO_MEMORY, "no memory to translate the text");
	}
	write_all(fd, &reply, sizeof reply);
	write_all(fd, binary.data, binary.length);
	_exit(0);
}

/* Append what comes through a pipe until its end. */
static bool read_all(int fd, struct buffer *buffer, struct sv_error *error)
{
	for (;;) {
		TRY(buffer_reserve(buffer, 1 << 16, error));
		ssize_t length = read(fd, buffer->data + buffer->length, 1 << 16);
		if (length < 0 && errno != EINTR)
			return sv_fail_errno(error, "cannot read the translated text");
		if (length == 0)
			return true;
		buffer->length += length > 0 ? static_cast<size_t>(length) : 0;
	}
}

static bool child_failed(int status, struct sv_error *error)
{
	int signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (signal_number == SIGXCPU || signal_number == SIGKILL)
		return sv_fail(error, SV_ERROR_LIMIT,
				"the text parser was stopped after the limit of %d seconds",
				static_cast<int>(seconds_limit));
	return sv_fail(error, SV_ERROR_MALFORMED,
			"the text parser cannot make sense of this text (it ended with signal %d)",
			signal_number);
}

static bool child_wait(pid_t child, struct sv_error *error)
{
	int status = 0;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return sv_fail_errno(error, "cannot wait for the text parser");
	}
	return status == 0 || child_failed(status, error);
}

/* The reply and the module of a child that ended well. */
static bool reply_take(const struct buffer *output, struct buffer *binary, struct sv_error *error)
{
	struct reply reply;
	if (output->length < sizeof reply)
		return sv_fail(error, SV_ERROR_INTERNAL, "the text parser said nothing");
	memcpy(&reply, output->data, sizeof reply);
	if (!reply.ok)
		return sv_fail(error, reply.error.code, "%s", reply.error.text);
	return buffer_append(binary, output->data + sizeof reply, output->length - sizeof reply,
			error);
}

static bool child_run(struct sv_bytes text, const char *name, struct buffer *output,
		struct sv_error *error)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return sv_fail_errno(error, "cannot make a pipe to the text parser");
	pid_t child = fork();
	if (child == 0)
		child_main(text, name, ends[1]);
	close(ends[1]);
	bool ok = child > 0 ? read_all(ends[0], output, error)
			    : sv_fail_errno(error, "cannot start the text parser");
	close(ends[0]);
	if (child > 0)
		ok = child_wait(child, error) && ok;
	return ok;
}

extern "C" bool sv_text_to_binary(struct sv_bytes text, const char *name, struct buffer *binary,
		struct sv_error *error)
{
	struct buffer output = {};
	if (text.length > SV_MAX_MODULE_BYTES)
		return sv_fail(error, SV_ERROR_LIMIT, "a text longer than SV_MAX_MODULE_BYTES");
	bool ok = child_run(text, name, &output, error) && reply_take(&output, binary, error);
	buffer_finish(&output);
	return ok;
}
