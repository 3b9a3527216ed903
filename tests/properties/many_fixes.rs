//! Files with many fixes: all of them are made.

use spawnsafe::engine::{self, Options};
use spawnsafe::findings::Report;
use spawnsafe::text::ReadError;
use std::path::{Path, PathBuf};

struct OneFile(String);

impl engine::Files for OneFile {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let is_it = path == Path::new("main.py");
        is_it
            .then(|| self.0.clone().into_bytes())
            .ok_or_else(|| ReadError::Io("no such file".into()))
    }
}

/// A program with `count` lambdas that need a fix each, all of which want the same name, and `more` behind them.
fn program(count: usize, more: &str) -> String {
    let one = |number: usize| {
        format!(
            "def job_{number}(executor, k):\n    return executor.submit(lambda x: x + k + {number}, 1)\n\n\n"
        )
    };
    let jobs: String = (0..count).map(one).collect();
    format!(
        "from concurrent.futures import ProcessPoolExecutor\n\n\n{jobs}{more}def main():\n    with ProcessPoolExecutor(1) as executor:\n{}\n\nif __name__ == \"__main__\":\n    main()\n",
        (0..count)
            .map(|number| format!("        print(job_{number}(executor, 2).result())\n"))
            .collect::<String>()
    )
}

fn fixed(text: &str) -> Report {
    let paths = [PathBuf::from("main.py")];
    engine::fix(&paths, &OneFile(text.to_owned()), &Options::default())
}

/// A closure whose helper is defined twice: only the definition in force may move along.
const HELPER_DEFINED_TWICE: &str = "def bad():\n    def g(v):\n        return \"old\"\n\n    print(g(0))\n\n    def g(v):\n        return \"new\"\n\n    def f(x):\n        return g(x)\n\n    with ProcessPoolExecutor(1) as executor:\n        print(executor.submit(f, 1).result())\n\n\n";

#[test]
fn all_are_made() {
    let report = fixed(&program(60, ""));
    assert_eq!((report.fixed.len(), report.findings.len()), (60, 0));
}

#[test]
fn one_of_another_kind_is_made_among_them() {
    let report = fixed(&program(12, HELPER_DEFINED_TWICE));
    assert_eq!((report.fixed.len(), report.findings.len()), (13, 0));
}
