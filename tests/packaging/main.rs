//! What a release is made of: workflows, addresses, and the package as pip installs it.
//!
//! Linters and the package index are asked where they can be had; without them the tests say so and pass, unless `CI=true`.

mod supplies;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Says that a test was skipped; in CI that is a failure.
fn skipped(what: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{what}");
    let _ = writeln!(std::io::stderr(), "\n*** SKIPPED: {what} ***\n");
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat())
        .into_owned()
}

/// The files in the repository that people read or that run somewhere, as text.
fn pages() -> Vec<(String, String)> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .args(["*.md", "*.toml", "*.yml", "*.yaml", "*.py", "*.html", "*.css"])
        .current_dir(root())
        .output()
        .expect("git runs");
    let paths = String::from_utf8_lossy(&listed.stdout).into_owned();
    paths
        .lines()
        .filter(|path| !path.starts_with("fixtures/") && !path.starts_with("tests/"))
        .filter_map(|path| {
            Some((path.to_owned(), std::fs::read_to_string(root().join(path)).ok()?))
        })
        .collect()
}

#[test]
fn the_address_of_the_repository_stands_in_one_place() {
    let own = REPOSITORY.rsplit_once("github.com/").expect("an address of GitHub").1;
    let bless = std::env::var("SPAWNSAFE_BLESS").as_deref() == Ok("1");
    let mut wrong = Vec::new();
    for (path, text) in pages() {
        for placeholder in ["OWNER/", "@VERSION", "rev: VERSION"] {
            if text.contains(placeholder) {
                wrong.push(format!("{path}: {placeholder} is a placeholder"));
            }
        }
        let mut blessed = text.clone();
        for host in ["github.com/", "raw.githubusercontent.com/", "uses: "] {
            for rest in text.split(host).skip(1) {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || "-_./".contains(c)))
                    .unwrap_or(rest.len());
                let mut parts = rest[..end].split('/');
                let (Some(owner), Some(name)) = (parts.next(), parts.next()) else { continue };
                if name.trim_end_matches(".git") == "spawnsafe"
                    && format!("{owner}/spawnsafe") != own
                {
                    wrong.push(format!("{path}: {host}{owner}/{name}"));
                    blessed = blessed
                        .replace(&format!("{host}{owner}/spawnsafe"), &format!("{host}{own}"));
                }
            }
        }
        if bless && blessed != text {
            std::fs::write(root().join(&path), blessed).expect("the page is written");
        }
    }
    assert!(
        wrong.is_empty() || bless,
        "`repository` in Cargo.toml says {REPOSITORY}; SPAWNSAFE_BLESS=1 writes it everywhere:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_action_is_pinned_by_its_hash() {
    let mut seen = 0;
    for (path, text) in pages()
        .into_iter()
        .filter(|(path, _)| Path::new(path).extension().is_some_and(|suffix| suffix == "yml"))
    {
        for line in text
            .lines()
            .filter(|line| line.trim_start().trim_start_matches("- ").starts_with("uses: "))
        {
            let used = line.split("uses: ").nth(1).unwrap_or_default();
            let (pin, version) = used
                .split_once('@')
                .and_then(|(_, rest)| rest.split_once(" # "))
                .unwrap_or_default();
            let is_hash = pin.len() == 40 && pin.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_hash && version.starts_with('v'), "{path}: {line}");
            seen += 1;
        }
    }
    assert!(seen > 5, "only {seen} actions were found");
}

#[test]
fn a_tag_must_be_the_version() {
    let check = |tag: &str| {
        Command::new(root().join(".ci/check-release")).arg(tag).output().expect("bash runs")
    };
    assert!(check("").status.success(), "{}", said(&check("")));
    let wrong = check("v99.0.0");
    assert!(
        !wrong.status.success() && said(&wrong).contains("the tag is v99.0.0"),
        "{}",
        said(&wrong)
    );
}

/// A linter that `.ci/get-linters` brought, or one on the PATH.
fn linter(name: &str) -> Option<PathBuf> {
    let brought = std::env::var_os("SPAWNSAFE_LINTERS").map(PathBuf::from);
    let folders = std::env::var_os("PATH").unwrap_or_default();
    brought
        .into_iter()
        .chain(std::env::split_paths(&folders))
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

#[test]
fn linters_of_workflows_find_nothing() {
    match linter("zizmor") {
        None => skipped("zizmor is not there: .ci/get-linters brings it"),
        Some(zizmor) => {
            let output = Command::new(zizmor)
                .args(["--offline", "--quiet", "--no-progress", ".github", "action.yml"])
                .current_dir(root())
                .output()
                .expect("zizmor runs");
            assert!(output.status.success(), "{}", said(&output));
        }
    }
    let Some(actionlint) = linter("actionlint") else {
        return skipped("actionlint is not there: .ci/get-linters brings it");
    };
    let workflows = ["release.yml", "site.yml"].map(|name| format!(".github/workflows/{name}"));
    let output = Command::new(actionlint)
        .args(workflows)
        .current_dir(root())
        .output()
        .expect("actionlint runs");
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn without_rust_the_wheel_of_the_own_version_is_taken() {
    let output = Command::new("python3")
        .args(["-I", "tests/packaging/backend.py"])
        .current_dir(root())
        .output()
        .expect("python3 runs");
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn pip_installs_the_checkout_and_python_runs_the_module() {
    let folder = tempfile::tempdir().expect("a folder");
    let venv = folder.path().join("venv");
    let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).output();
    if !made.is_ok_and(|made| made.status.success()) {
        return skipped("python3 makes no virtual environments here");
    }
    let python = venv.join("bin/python");
    // The program that these tests run is taken: built again with optimisations it would take minutes.
    let program = Path::new(env!("CARGO_BIN_EXE_spawnsafe"));
    let target = program.ancestors().nth(2).expect("the target folder");
    let installed = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .arg(root())
        .env("CARGO_TARGET_DIR", target)
        .env("MATURIN_PEP517_ARGS", "--profile dev")
        .env("SPAWNSAFE_WHEEL", "0")
        .current_dir(folder.path())
        .output()
        .expect("pip runs");
    if !installed.status.success()
        && said(&installed).contains("No matching distribution found for maturin")
    {
        return skipped("maturin cannot be had from the package index");
    }
    assert!(installed.status.success(), "{}", said(&installed));
    let version = format!("spawnsafe {}\n", env!("CARGO_PKG_VERSION"));
    let run = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(folder.path())
            .env_remove("PYTHONPATH")
            .output()
            .expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(run(&venv.join("bin/spawnsafe"), &["--version"]), (Some(0), version.clone()));
    assert_eq!(run(&python, &["-m", "spawnsafe", "--version"]), (Some(0), version));
    let faulty = "from concurrent.futures import ProcessPoolExecutor\nProcessPoolExecutor().submit(lambda: 1)\n";
    std::fs::write(folder.path().join("x.py"), faulty).expect("a file");
    assert_eq!(run(&python, &["-m", "spawnsafe", "check", "-q", "x.py"]).0, Some(1));
    // The build backend is no part of what is installed.
    let (code, _) = run(&python, &["-c", "import wheel_or_source"]);
    assert_eq!(code, Some(1));
}

#[test]
fn the_changelog_and_the_version_agree() {
    assert!(read("CHANGELOG.md").starts_with("# Changelog\n\n## "));
}
