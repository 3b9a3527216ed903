//! What a look at a program costs grows as the program does, for every shape of program. Work is counted, in
//! allocations and their bytes, so that the test says the same on any machine, however busy.

mod shapes;

use spawnsafe::engine::{self, Options};
use spawnsafe::text::ReadError;
use std::alloc::System;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[global_allocator]
static COUNTING: &stats_alloc::StatsAlloc<System> = &stats_alloc::INSTRUMENTED_SYSTEM;

/// How much more work the last half of the largest program may be than the half before it was: what is made once for
/// all drops out of differences. In a straight line it is 2, with sorting a little more; a square would be 4.
const TWICE: f64 = 2.8;

/// Differences that are a smaller part of the whole say nothing.
const MATTERS: f64 = 0.1;

struct Memory(BTreeMap<PathBuf, String>);

impl engine::Files for Memory {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let text = self.0.get(path).ok_or_else(|| ReadError::Io("no such file".into()))?;
        Ok(text.clone().into_bytes())
    }
}

/// Allocations and bytes of one look, and what was found.
fn cost(files: &Memory) -> ([usize; 2], usize) {
    let paths: Vec<PathBuf> = files.0.keys().cloned().collect();
    let options = Options { threads: 1, unsafe_fixes: true, ..Options::default() };
    let region = stats_alloc::Region::new(COUNTING);
    let report = engine::check(&paths, files, &options);
    let change = region.change();
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    ([change.allocations, change.bytes_allocated], report.findings.len())
}

/// One test, since all threads of a process share the counters. `SPAWNSAFE_GROWTH=word` takes the shapes whose
/// name holds the word, and prints their figures.
#[test]
fn work_grows_as_the_program_does() {
    let asked = std::env::var("SPAWNSAFE_GROWTH").ok();
    let mut too_much = Vec::new();
    // What is made once for all: the catalogue, the queries.
    cost(&Memory((shapes::ALL[0].make)(2)));
    for shape in shapes::ALL {
        if asked.as_ref().is_some_and(|word| !shape.name.contains(word.as_str())) {
            continue;
        }
        let sizes = [1, 2, 4, 8].map(|times| shape.size * times);
        let costs = sizes.map(|size| cost(&Memory((shape.make)(size))));
        let [_, (quarter, _), (half, _), (whole, _)] = costs;
        let ratios = [0, 1].map(|kind| {
            let [quarter, half, whole] = [quarter, half, whole]
                .map(|cost| f64::from(u32::try_from(cost[kind]).expect("less than 4 GB")));
            let (last, before) = (whole - half, half - quarter);
            if last < MATTERS * whole { 0.0 } else { last / before.max(MATTERS * half / 2.0) }
        });
        if asked.is_some() {
            println!("{:40} {ratios:5.2?} {costs:?}", shape.name);
        }
        if ratios.iter().any(|ratio| *ratio > shape.twice.unwrap_or(TWICE)) {
            too_much.push(format!("{}: {ratios:.2?}, sizes {sizes:?}: {costs:?}", shape.name));
        }
    }
    assert!(
        too_much.is_empty(),
        "twice the program is so much more work:\n{}",
        too_much.join("\n")
    );
}
