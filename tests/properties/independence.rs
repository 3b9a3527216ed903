//! What is found in a program does not depend on what lies beside it, on code that has nothing to do with it, or on how many
//! threads look.

use crate::case::{self, Files};
use crate::memory::Memory;
use proptest::prelude::*;
use spawnsafe::engine::{self, Options};
use spawnsafe::findings::Remedy;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Whole programs, each in one file or several.
static PROGRAMS: LazyLock<Vec<(String, Files)>> = LazyLock::new(|| {
    let cases = case::kinds().into_iter().flat_map(|kind| case::cases(&kind));
    let programs = cases.filter(|case| !case.name.starts_with("hostile/"));
    programs.map(|case| (case.name.clone(), case.before())).collect()
});

/// Names that other code often has, too, and what it may do with them.
const UNRELATED: &[&str] = &[
    "\n\ndef unrelated_sum(values):\n    return sum(list(values))\n",
    "\n\nclass Unrelated:\n    def __init__(self, run=None):\n        self.run = run\n\n    def submit(self, work):\n        return work\n",
    "\n\ndef unrelated_start(pool, *args):\n    print(pool.start, args)\n",
    "\n\nUNRELATED = {'map': sorted, 'close': None}\n",
];

/// What `check` finds in `folder`: rule, place, words, and whether and why it can be repaired.
fn found(files: Files, folder: &str, threads: usize) -> Vec<String> {
    let paths: Vec<PathBuf> = files
        .keys()
        .filter(|path| path.extension().is_some_and(|end| end == "py"))
        .cloned()
        .collect();
    let options = Options { threads, ..Options::default() };
    let report = engine::check(&paths, &Memory(files), &options);
    let own = report.findings.iter().filter(|one| one.location.path.starts_with(folder));
    own.map(|one| {
        let remedy = match &one.remedy {
            Remedy::Fix(fix) => format!("{:?} {}", fix.applicability, fix.title),
            Remedy::Refused(refusal) => refusal.reason.id().to_owned(),
        };
        let (path, start) = (one.location.path.display(), one.location.start);
        format!("{path}:{}:{} {} {} [{remedy}]", start.line, start.column, one.code, one.message)
    })
    .collect()
}

fn inside<'f>(folder: &'f str, files: &'f Files) -> impl Iterator<Item = (PathBuf, Vec<u8>)> + 'f {
    files.iter().map(move |(path, bytes)| (Path::new(folder).join(path), bytes.clone()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_around_changes_what_is_found(which in any::<prop::sample::Index>(), beside in any::<prop::sample::Index>(), code in proptest::collection::vec(any::<prop::sample::Index>(), 0..3), threads in proptest::sample::select(vec![1usize, 2, 16])) {
        let (name, program) = which.get(&PROGRAMS);
        let (other_name, other) = beside.get(&PROGRAMS);
        let alone = found(inside("own", program).collect(), "own", 1);
        let mut files: Files = inside("own", program).chain(inside("other", other)).collect();
        for (path, bytes) in &mut files {
            if path.extension().is_some_and(|end| end == "py") {
                code.iter().for_each(|each| bytes.extend(each.get(UNRELATED).bytes()));
            }
        }
        let among = found(files, "own", threads);
        prop_assert_eq!(alone, among, "{} beside {}, {} threads", name, other_name, threads);
    }
}
