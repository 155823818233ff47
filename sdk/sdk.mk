# Guests: included by the Makefile.
#   make demo-module   rebuild the committed module of examples/image (Rust, crates.io)
#   make examples      build the C example into the build folder

demo-module:
	$(Q)sdk/rust/build-guest examples/image examples/image/image.wasm

examples: $(BUILD)/examples/c-hello.wasm

$(BUILD)/examples/c-hello.wasm: examples/c-hello/hello.c sdk/c/http_hostcalls.h sdk/c/build-guest
	$(Q)mkdir -p $(@D)
	$(Q)sdk/c/build-guest $@ $<

.PHONY: demo-module examples
