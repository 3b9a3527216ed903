//! The language server over standard input and output, with a client that is not ours (pytest-lsp):
//! `tests/server/test_editor.py`.

mod extension;

use std::path::PathBuf;
use std::process::Command;

/// A Python with pytest-lsp: the one that CI made, or the one that `get-lsp-client.sh` made here.
fn client() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("SPAWNSAFE_LSP_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| root.join(".lsp-client/bin/python"));
    let has_it = Command::new(&python)
        .args(["-c", "import pytest_lsp"])
        .output()
        .is_ok_and(|done| done.status.success());
    has_it.then_some(python)
}

#[test]
fn an_editor_gets_what_it_asks_for() {
    let Some(python) = client() else {
        let message = "SKIPPED: no pytest-lsp; tests/server/get-lsp-client.sh brings it";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("{message}");
        return;
    };
    let done = Command::new(python)
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "--asyncio-mode=strict"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/test_editor.py"))
        .env("SPAWNSAFE", env!("CARGO_BIN_EXE_spawnsafe"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("Python starts");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
}
