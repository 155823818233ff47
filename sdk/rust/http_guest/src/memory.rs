//! Memory that the host allocates in this module to return data in.
//!
//! The host learns the allocator's two functions as indices of the module's function
//! table, so nothing has to be exported. It knows no alignment and, when freeing, no
//! size: blocks are aligned for any type a host writes and carry their length in front.

use std::alloc::{alloc, dealloc, Layout};
use std::ptr;

use crate::hostcalls::raw;

/// Alignment of blocks, and the room in front of each for its length.
const HEADER: usize = 8;

/// Tell the host which functions allocate and free. It can return data only after this.
pub fn announce() {
    let allocate: extern "C" fn(usize) -> *mut u8 = block_new;
    let free: unsafe extern "C" fn(*mut u8) = block_free;
    // A function pointer is an index of the function table on this architecture.
    unsafe { raw::hostcall_init_mm(allocate as usize, free as usize) }
}

fn layout(length: usize) -> Option<Layout> {
    let size = length.checked_add(HEADER)?;
    Layout::from_size_align(size, HEADER).ok()
}

/// A block of `length` bytes, or null if there is no memory.
extern "C" fn block_new(length: usize) -> *mut u8 {
    let layout = match layout(length) {
        Some(layout) => layout,
        None => return ptr::null_mut(),
    };
    unsafe {
        let block = alloc(layout);
        if block.is_null() {
            return block;
        }
        block.cast::<usize>().write(length);
        block.add(HEADER)
    }
}

/// Free a block of `block_new`; null is allowed.
unsafe extern "C" fn block_free(data: *mut u8) {
    if data.is_null() {
        return;
    }
    let block = data.sub(HEADER);
    let length = block.cast::<usize>().read();
    // The length passed this test when the block was made.
    if let Some(layout) = layout(length) {
        dealloc(block, layout);
    }
}

/// Copy `length` bytes that the host allocated at `data`, and free them.
pub unsafe fn take_bytes(data: *mut u8, length: usize) -> Vec<u8> {
    if length == 0 {
        block_free(data);
        return Vec::new();
    }
    let bytes = std::slice::from_raw_parts(data, length).to_vec();
    block_free(data);
    bytes
}

/// The same for an array of `count` byte strings, each allocated by itself.
pub unsafe fn take_strings(array: *mut raw::Slice, count: usize) -> Vec<Vec<u8>> {
    let mut strings = Vec::with_capacity(count);
    for i in 0..count {
        let slice = array.add(i).read();
        strings.push(take_bytes(slice.data as *mut u8, slice.length));
    }
    block_free(array.cast());
    strings
}
