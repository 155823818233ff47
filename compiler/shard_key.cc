/*
 * shard_key.cc: digests: of bytes, and of LLVM modules by their bitcode.
 */
#include "compiler/shard_key.h"

#include <cstring>

#include <llvm/ADT/SmallVector.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SHA256.h>
#include <llvm/Support/raw_ostream.h>

extern "C" void shard_key(LLVMModuleRef module, const char *text, size_t length, uint8_t key[32])
{
	llvm::SmallVector<char, 0> bitcode;
	llvm::raw_svector_ostream stream(bitcode);
	llvm::WriteBitcodeToFile(*llvm::unwrap(module), stream);
	unsigned version[3];
	LLVMGetVersion(&version[0], &version[1], &version[2]); /* as loaded, not as built with */
	llvm::SHA256 digest;
	digest.update(llvm::ArrayRef<uint8_t>(
			reinterpret_cast<const uint8_t *>(version), sizeof version));
	digest.update(llvm::StringRef(LLVM_VERSION_STRING));
	digest.update(llvm::StringRef(text, length));
	digest.update(llvm::StringRef(bitcode.data(), bitcode.size()));
	auto result = digest.final();
	std::memcpy(key, result.data(), result.size());
}

extern "C" void shard_digest(struct sv_bytes bytes, uint8_t digest[32])
{
	auto result = llvm::SHA256::hash(llvm::ArrayRef<uint8_t>(bytes.data, bytes.length));
	std::memcpy(digest, result.data(), result.size());
}
