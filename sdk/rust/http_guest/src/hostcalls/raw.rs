//! The host's functions as they are imported. Names, types and meaning are those of the
//! Terrarium interface; sdk/c/http_hostcalls.h describes each for C.

/// A byte string in this module's memory, as the host reads and writes it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slice {
    pub data: *const u8,
    pub length: usize,
}

#[link(wasm_import_module = "env")]
extern "C" {
    pub fn hostcall_init_mm(allocate: usize, free: usize);
    pub fn hostcall_panic_hook(text: *const u8, length: usize);
    pub fn hostcall_debug(text: *const u8, length: usize);

    pub fn hostcall_req_get_headers(names: *mut *mut Slice, count: *mut usize, request: i32);
    pub fn hostcall_req_get_header(
        values: *mut *mut Slice,
        count: *mut usize,
        request: i32,
        name: *const u8,
        name_length: usize,
    );
    pub fn hostcall_req_get_method(data: *mut *mut u8, length: *mut usize, request: i32);
    pub fn hostcall_req_get_path(data: *mut *mut u8, length: *mut usize, request: i32);
    pub fn hostcall_req_get_body(data: *mut *mut u8, length: *mut usize, request: i32);

    pub fn hostcall_resp_set_header(
        response: i32,
        name: *const u8,
        name_length: usize,
        values: *const Slice,
        count: usize,
    ) -> i32;
    pub fn hostcall_resp_set_body(response: i32, data: *const u8, length: usize) -> i32;
    pub fn hostcall_resp_set_response_code(response: i32, code: i32) -> i32;

    pub fn hostcall_rng_next_u64() -> u64;
    pub fn hostcall_time_now(nanoseconds: *mut u32) -> i64;
}
