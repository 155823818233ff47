//! A fresh instance in Wasmtime with what only its Rust API can switch on: PAGEMAP_SCAN, by which
//! pages that were written are found and put back by copying. Otherwise as wasmtime.c.
//!   pagemap COUNT KEEP MODULE.cwasm FUNCTION [I32...]
//!   pagemap compile MODULE.wasm MODULE.cwasm

use std::time::Instant;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module,
    PoolingAllocationConfig, Result, Store, Val,
};

fn engine(keep: usize) -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(4)
        .total_memories(4)
        .total_tables(4)
        .max_unused_warm_slots(4)
        .max_core_instance_size(16 << 20)
        .table_elements(20000)
        .linear_memory_keep_resident(keep)
        .table_keep_resident(keep)
        .pagemap_scan(Enabled::Yes);
    let mut config = Config::new();
    config
        .memory_init_cow(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

fn once(engine: &Engine, pre: &InstancePre<()>, name: &str, values: &[Val]) -> Result<()> {
    let mut store = Store::new(engine, ());
    let instance = pre.instantiate(&mut store)?;
    let function = instance.get_func(&mut store, name).expect("an export");
    // Room for one result; functions with more are not measured.
    let mut results = [Val::I32(0)];
    let count = function.ty(&store).results().len();
    function.call(&mut store, values, &mut results[..count])
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments[1] == "compile" {
        let compiled = engine(0)?.precompile_module(&std::fs::read(&arguments[2])?)?;
        return Ok(std::fs::write(&arguments[3], compiled)?);
    }
    let count: usize = arguments[1].parse()?;
    let engine = engine(arguments[2].parse()?)?;
    // What this program wrote itself is to be trusted.
    let module = unsafe { Module::deserialize_file(&engine, &arguments[3])? };
    let mut linker = Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&module)?;
    let pre = linker.instantiate_pre(&module)?;
    let values: Vec<Val> = arguments[5..]
        .iter()
        .map(|text| text.parse().map(Val::I32))
        .collect::<std::result::Result<_, _>>()?;
    let mut times = Vec::with_capacity(count);
    for i in 0..count + count / 10 {
        let start = Instant::now();
        once(&engine, &pre, &arguments[4], &values)?;
        let time = start.elapsed().as_nanos();
        if i >= count / 10 {
            times.push(time);
        }
    }
    times.sort();
    let at = |per_mille: usize| times[(count * per_mille + 999) / 1000 - 1];
    println!("{}\t{}\t{}\t{}\t{}", times[0], at(500), at(990), at(999), at(1000));
    Ok(())
}
